"""How a month's internal revenue came about, step by step: each with its formula, its inputs and its result.

Source: REST API, "Revenue" (GET /revenue/internal/{siteId}/{period}); Calculations, "Internal revenue".
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from shared_code.domain.account_figures import AccountAmount
from shared_code.domain.billable_accounts import BillableAccounts
from shared_code.domain.contract import Contract, ContractType, FeeType
from shared_code.domain.fixed_fee import FixedFee
from shared_code.domain.internal_revenue import Components
from shared_code.domain.labor_hour_fee import LaborHourFee
from shared_code.domain.management_agreement import ManagementAgreement
from shared_code.domain.management_fee import ManagementFee
from shared_code.domain.occupied_room_fee import OccupiedRoomFee
from shared_code.domain.other_revenue import OtherRevenue
from shared_code.domain.pnl_rows import Cell
from shared_code.domain.revenue_share import RevenueShare
from shared_code.domain.tiers import TierShare
from shared_code.services.pnl_table import line_code

StepInput = Decimal | int | str | None


@dataclass(frozen=True, slots=True)
class TraceStep:
    """One step: what it gives, by which formula, from which inputs; dollars, unrounded but for the total."""

    step: str
    formula: str
    inputs: Mapping[str, StepInput]
    result: Cell


def trace_of_contract(contract: Contract, priced: Components) -> list[TraceStep]:
    """The steps of all components of `contract`, and their sum."""
    steps = [*_component_steps(contract, priced)]
    amounts = {
        line_code(name): amount for name, amount in priced.amounts.items() if amount or name in contract.contract_types
    }
    steps.append(TraceStep("calculated", "sum of the components", amounts, sum(amounts.values(), Decimal(0))))
    return steps


def trace_of_budget(calculated: Cell) -> list[TraceStep]:
    """The step of a site without a contract."""
    return [TraceStep("calculated", "budget of internal revenue, because there is no contract", {}, calculated)]


def total_step(calculated: Cell, adjustments: Mapping[str, Decimal], total: Cell) -> TraceStep:
    """The last step of a month that is not closed."""
    return TraceStep("total", "calculated + adjustments", {"calculated": calculated, **adjustments}, total)


def ledger_step(calculated: Cell, total: Cell) -> TraceStep:
    """The last step of a closed month: what was posted counts, whatever was calculated."""
    return TraceStep("total", "posted in the ledger, because the month is closed", {"calculated": calculated}, total)


def sum_step(totals: Mapping[str, Cell], total: Cell) -> TraceStep:
    """The only step of a quarter or year."""
    return TraceStep("total", "sum of the months", dict(totals), total)


def _component_steps(contract: Contract, priced: Components) -> Iterator[TraceStep]:
    percent = None if contract.increment is None else contract.increment.percent
    yield from _fixed_fee(priced.fixed_fee, percent)
    if contract.pays_for(ContractType.PER_OCCUPIED_ROOM):
        yield _occupied_rooms(priced.per_occupied_room)
    yield from _labor_hours(priced.per_labor_hour, percent)
    yield from _revenue_share(priced.revenue_share)
    if priced.billable_accounts.counted:
        yield from _billed(priced.billable_accounts, "billableAccounts")
    if contract.pays_for(ContractType.MANAGEMENT_AGREEMENT):
        yield from _management(priced.management_agreement)
    yield _other_revenue(priced.other_revenue)


def _fixed_fee(fee: FixedFee, percent: Decimal | None) -> Iterator[TraceStep]:
    for row in fee.rows:
        if row.active:
            inputs: dict[str, StepInput] = {"fee": row.fee, "start": row.start.isoformat()}
            name = f"fixedFee: {row.name}" if row.name else "fixedFee"
            yield TraceStep(name, "fee" + _INCREMENT, inputs | _increment(percent, row.steps), row.amount)


def _occupied_rooms(fee: OccupiedRoomFee) -> TraceStep:
    inputs = {"feePerRoom": fee.rate, "occupiedRooms": fee.rooms}
    return TraceStep("perOccupiedRoom", "feePerRoom × occupiedRooms", inputs, fee.total)


def _labor_hours(fee: LaborHourFee, percent: Decimal | None) -> Iterator[TraceStep]:
    formula = "(regularHours × rate + overtimeHours × overtimeRate)" + _INCREMENT
    for job in fee.jobs:
        inputs: dict[str, StepInput] = {
            "regularHours": job.regular_hours,
            "rate": job.rate,
            "overtimeHours": job.overtime_hours,
            "overtimeRate": job.overtime_rate,
        }
        yield TraceStep(f"perLaborHour: {job.job_code}", formula, inputs | _increment(percent, job.steps), job.amount)


def _revenue_share(share: RevenueShare) -> Iterator[TraceStep]:
    for number, structure in enumerate(share.structures, 1):
        name = "revenueShare" if len(share.structures) == 1 else f"revenueShare {number}"
        yield from _tiers(name, "revenue", structure.base, structure.accumulated, structure.tiers, structure.total)


def _billed(billed: BillableAccounts, name: str) -> Iterator[TraceStep]:
    """The five components of billable accounts, in their order."""
    yield TraceStep(
        f"{name}: billablePayroll",
        "sum of the payroll accounts",
        _accounts(billed.payroll_lines),
        billed.billable_payroll,
    )
    rows: dict[str, StepInput] = {
        f"{number} {row.name}".strip(): row.amount for number, row in enumerate(billed.additional_lines, 1)
    }
    yield TraceStep(f"{name}: additionalPayroll", "sum of the rows", rows, billed.additional_payroll)
    pteb, support = billed.pteb, billed.support
    if pteb.percentage is None:
        yield TraceStep(f"{name}: pteb", "PTEB of the site, where it is billed", {}, pteb.total)
    else:
        inputs: dict[str, StepInput] = {"base": pteb.base, "percentage": pteb.percentage.value}
        formula = "(billablePayroll + additionalPayroll) × percentage ÷ 100"
        yield TraceStep(f"{name}: pteb", formula, inputs | _escalation(pteb.percentage.steps), pteb.total)
    if support.percent is None:
        yield TraceStep(f"{name}: supportServices", "amount as agreed", {}, support.total)
    else:
        inputs = {"base": support.base, "percentage": support.percent}
        yield TraceStep(f"{name}: supportServices", "base × percentage ÷ 100", inputs, support.total)
    expenses = _accounts(billed.expense_lines)
    yield TraceStep(f"{name}: expenseAccounts", "sum of the expense accounts", expenses, billed.expense_accounts)


def _management(agreement: ManagementAgreement) -> Iterator[TraceStep]:
    name = "managementAgreement"
    yield from _management_fee(agreement.fee, f"{name}: managementFee")
    yield from _billed(agreement.pass_through, name)
    insurance, claims, share = agreement.insurance, agreement.claims, agreement.profit_share
    if insurance.additional_percent is None:
        yield TraceStep(f"{name}: insurance", "amount as agreed", {}, insurance.total)
    else:
        inputs: dict[str, StepInput] = {"row": insurance.row, "additionalPercent": insurance.additional_percent}
        yield TraceStep(f"{name}: insurance", "row × (1 + additionalPercent ÷ 100)", inputs, insurance.total)
    inputs = {"claims": claims.amount, "accumulatedBefore": claims.accumulated, "cap": claims.cap}
    yield TraceStep(f"{name}: claims", "max(0, min(claims, cap − accumulatedBefore))", inputs, claims.total)
    for item in agreement.non_ledger_items:
        inputs = {} if item.percent is None else {"base": item.base, "percentage": item.percent}
        formula = "amount as agreed" if item.percent is None else "base × percentage ÷ 100"
        yield TraceStep(
            f"{name}: nonGl: {item.title}" if item.title else f"{name}: nonGl", formula, inputs, item.amount
        )
    inputs = {"income": agreement.income, "charges": agreement.charges}
    yield TraceStep(f"{name}: profit", "income − charges", inputs, share.profit)
    yield from _tiers(f"{name}: profitShare", "profit", share.profit, share.accumulated, share.tiers, share.total)


def _management_fee(fee: ManagementFee, name: str) -> Iterator[TraceStep]:
    """A fixed fee, a percentage of the net external revenue, or hours × rate of every job."""
    if fee.agreed is None:
        for job in fee.jobs:
            inputs: dict[str, StepInput] = {
                "regularHours": job.hours.regular,
                "rate": job.rate.value,
                "overtimeHours": job.hours.overtime,
                "overtimeRate": job.overtime_rate.value,
            }
            formula = "regularHours × rate + overtimeHours × overtimeRate"
            yield TraceStep(f"{name}: {job.job_code}", formula, inputs | _escalation(job.rate.steps), job.amount)
        return
    escalated = _escalation(fee.agreed.steps)
    if fee.type is FeeType.FIXED:
        yield TraceStep(name, "amount, escalated", {"amount": fee.agreed.base} | escalated, fee.total)
    else:
        inputs = {"externalRevenue": fee.net_external_revenue, "percentage": fee.agreed.value}
        yield TraceStep(name, "externalRevenue × percentage ÷ 100", inputs | escalated, fee.total)


def _other_revenue(revenue: OtherRevenue) -> TraceStep:
    items = {line_code(name): getattr(revenue.items, name) for name in type(revenue.items).__slots__}
    saved = {name: amount for name, amount in items.items() if amount is not None}
    return TraceStep("otherRevenue", "sum of the saved items", saved, revenue.total)


def _tiers(
    name: str, of: str, amount: Decimal, accumulated: Decimal, tiers: Sequence[TierShare], total: Decimal
) -> Iterator[TraceStep]:
    """Every tier that was reached, then their sum."""
    shares: dict[str, StepInput] = {}
    for number, tier in enumerate(tiers, 1):
        inputs: dict[str, StepInput] = {
            of: amount,
            "accumulatedBefore": accumulated,
            "from": tier.lower,
            "to": tier.upper,
            "inTier": tier.amount_in_tier,
            "percentage": tier.percent,
        }
        shares[f"tier{number}"] = tier.share
        if tier.amount_in_tier:
            yield TraceStep(f"{name}: tier {number}", "inTier × percentage ÷ 100", inputs, tier.share)
    yield TraceStep(name, "sum of the tiers", shares, total)


def _increment(percent: Decimal | None, steps: int) -> dict[str, StepInput]:
    return {"incrementPercent": percent or Decimal(0), "increments": steps}


def _escalation(steps: int) -> dict[str, StepInput]:
    return {"escalations": steps}


def _accounts(lines: Iterable[AccountAmount]) -> dict[str, StepInput]:
    return {line.account: line.amount for line in lines}


_INCREMENT = " × (1 + incrementPercent ÷ 100) ^ increments"
