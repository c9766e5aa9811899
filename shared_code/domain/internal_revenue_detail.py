"""How each component of internal revenue came about: its inputs, steps and amounts as a controller reads them.

A detail is a list of named figures in their order. A name that ends in `Formula` says how the figure before it was
calculated.

Source: Calculations, "Internal revenue"; Data model, "Results and snapshots".
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal

from shared_code.domain.account_figures import AccountAmount
from shared_code.domain.billable_accounts import BillableAccounts
from shared_code.domain.contract import FeeType
from shared_code.domain.escalation import Escalated
from shared_code.domain.fixed_fee import FixedFee
from shared_code.domain.labor_hour_fee import LaborHourFee
from shared_code.domain.management_agreement import ManagementAgreement
from shared_code.domain.management_claims import ClaimsCharge
from shared_code.domain.management_fee import ManagementFee, ManagementJobFee
from shared_code.domain.occupied_room_fee import OccupiedRoomFee
from shared_code.domain.other_revenue import OtherRevenue
from shared_code.domain.pnl_components import figure_text
from shared_code.domain.revenue_share import RevenueShare
from shared_code.domain.tiers import TierShare

Detail = Mapping[str, str]
"""Figures by name, in the order in which they are calculated."""

_text = figure_text


def fixed_fee_detail(fee: FixedFee) -> Detail:
    """The active fees with their increments."""
    active = [row for row in fee.rows if row.active]
    detail = {"base": _text(fee.base), "escalation": _text(fee.escalation)}
    for number, row in enumerate(active, 1):
        detail[f"fee{number}"] = _text(row.amount)
        name = f"{row.name}, " if row.name else ""
        increments = _increments_text(row.steps, row.step_percent)
        detail[f"fee{number}Formula"] = f"{_text(row.fee)}{increments} ({name}from {row.start})"
    return detail


def occupied_room_detail(fee: OccupiedRoomFee) -> Detail:
    """Rate and rooms."""
    return {
        "ratePerRoom": _text(fee.rate),
        "rooms": _text(fee.rooms),
        "roomsSource": fee.rooms_source.value,
        "fee": _text(fee.total),
        "feeFormula": f"{_text(fee.rooms)} rooms × {_text(fee.rate)}",
    }


def labor_hour_detail(fee: LaborHourFee) -> Detail:
    """The active jobs with hours, rates and increments."""
    detail = {}
    for job in fee.jobs:
        overtime = f" + {_text(job.overtime_hours)} h × {_text(job.overtime_rate)}" if job.overtime_hours else ""
        hours = f"{_text(job.regular_hours)} h ({job.hours_source.value}) × {_text(job.rate)}{overtime}"
        increments = _increments_text(job.steps, job.step_percent)
        detail[job.job_code] = _text(job.amount)
        detail[f"{job.job_code}Formula"] = f"({hours}){increments}" if overtime and increments else hours + increments
    return detail


def revenue_share_detail(share: RevenueShare) -> Detail:
    """Every structure with its revenue, what accumulated before it, and its tiers."""
    detail = {}
    several = len(share.structures) > 1
    for number, structure in enumerate(share.structures, 1):
        mark = str(number) if several else ""
        detail[f"revenue{mark}"] = _text(structure.base)
        if structure.revenue_categories:
            detail[f"revenue{mark}Formula"] = "of " + ", ".join(sorted(structure.revenue_categories))
        detail[f"accumulatedRevenue{mark}"] = _text(structure.accumulated)
        detail[f"share{mark}"] = _text(structure.total)
        detail[f"share{mark}Formula"] = _tiers_text(structure.tiers)
    return {name: text for name, text in detail.items() if text}


def billable_accounts_detail(billed: BillableAccounts) -> Detail:
    """The five components with the accounts and percentages behind them."""
    detail = {
        "billablePayroll": _text(billed.billable_payroll),
        "billablePayrollFormula": _accounts_text(billed.payroll_lines),
        "additionalPayroll": _text(billed.additional_payroll),
        "pteb": _text(billed.pteb.total),
    }
    if billed.pteb.percentage is not None:
        detail["ptebFormula"] = f"{_text(billed.pteb.base)} × {_escalated_text(billed.pteb.percentage)} %"
    elif billed.pteb.total:
        detail["ptebFormula"] = "PTEB of the site"
    detail["support"] = _text(billed.support.total)
    if billed.support.percent is not None:
        detail["supportFormula"] = f"{_text(billed.support.base)} × {_text(billed.support.percent)} %"
    elif billed.support.total:
        detail["supportFormula"] = "fixed, as agreed"
    detail["expenseAccounts"] = _text(billed.expense_accounts)
    detail["expenseAccountsFormula"] = _accounts_text(billed.expense_lines)
    return {name: text for name, text in detail.items() if text}


def management_agreement_detail(agreement: ManagementAgreement) -> Detail:
    """All components in the order in which they are calculated, and the profit that is shared."""
    detail = {"fee": _text(agreement.fee.total), "feeFormula": _fee_text(agreement.fee)}
    detail |= billable_accounts_detail(agreement.pass_through)
    insurance, claims = agreement.insurance, agreement.claims
    detail["insurance"] = _text(insurance.total)
    if insurance.additional_percent is not None:
        detail["insuranceFormula"] = f"{_text(insurance.row)} × (1 + {_text(insurance.additional_percent)} %)"
    elif insurance.total:
        detail["insuranceFormula"] = "fixed, as agreed"
    detail["claims"] = _text(claims.total)
    detail["claimsFormula"] = _claims_text(claims)
    detail["nonLedgerItems"] = _text(agreement.non_ledger)
    detail["nonLedgerItemsFormula"] = " + ".join(
        (f"{item.title} " if item.title else "")
        + (
            _text(item.amount)
            if item.percent is None
            else f"{_text(item.amount)} ({_text(item.base)} × {_text(item.percent)} %)"
        )
        for item in agreement.non_ledger_items
    )
    share = agreement.profit_share
    detail["income"] = _text(agreement.income)
    detail["incomeFormula"] = "net external revenue, revenue validation and client-paid expense"
    detail["profit"] = _text(share.profit)
    detail["profitFormula"] = f"{_text(agreement.income)} - {_text(agreement.charges)} (all of the above)"
    detail["accumulatedProfit"] = _text(share.accumulated)
    detail["profitShare"] = _text(share.total)
    detail["profitShareFormula"] = _tiers_text(share.tiers) if share.tiers else "none agreed"
    return {name: text for name, text in detail.items() if text}


def other_revenue_detail(revenue: OtherRevenue) -> Detail:
    """The items that are saved."""
    items = {name: getattr(revenue.items, name) for name in revenue.items.__dataclass_fields__}
    return {_camel_case(name): _text(amount) for name, amount in items.items() if amount is not None}


def _fee_text(fee: ManagementFee) -> str:
    if fee.agreed is None:
        return " + ".join(f"{job.job_code} {_job_text(job)}" for job in fee.jobs)
    if fee.type is FeeType.FIXED:
        return _escalated_text(fee.agreed)
    return f"{_text(fee.net_external_revenue)} × {_escalated_text(fee.agreed)} %"


def _job_text(job: ManagementJobFee) -> str:
    """Hours × rate, with those of the overtime where there is some."""
    regular = f"{_text(job.hours.regular)} h × {_text(job.rate.value)}"
    if not job.hours.overtime:
        return regular
    return f"({regular} + {_text(job.hours.overtime)} h × {_text(job.overtime_rate.value)})"


def _claims_text(claims: ClaimsCharge) -> str:
    """Claims of the month, and the cap where one is agreed."""
    if claims.cap is None:
        return f"{_text(claims.amount)} posted" if claims.amount else ""
    return f"{_text(claims.amount)} posted, {_text(claims.accumulated)} before it, cap {_text(claims.cap)}"


def _tiers_text(tiers: Iterable[TierShare]) -> str:
    """What fell into each tier: amount × percent, and the limits of the tier where it has some."""
    return " + ".join(
        f"{_text(tier.amount_in_tier)} × {_text(tier.percent)} %{_band_text(tier)}"
        for tier in tiers
        if tier.amount_in_tier
    )


def _band_text(tier: TierShare) -> str:
    """The limits of a tier; nothing for the only one that there is."""
    if tier.upper is None:
        return f" (above {_text(tier.lower)})" if tier.lower else ""
    return f" ({_text(tier.lower)} to {_text(tier.upper)})"


def _increments_text(steps: int, percent: Decimal) -> str:
    """The increments so far, as a factor."""
    power = f" ^ {steps}" if steps > 1 else ""
    return f" × (1 + {_text(percent)} %){power}" if steps else ""


def _accounts_text(accounts: Iterable[AccountAmount]) -> str:
    """Accounts with the figure that counts and where it comes from."""
    return " + ".join(
        f"{account.account} {_text(account.amount)} ({account.source})" for account in accounts if account.amount
    )


def _escalated_text(value: Escalated) -> str:
    """A value after its steps, and before them where there were any."""
    if not value.steps:
        return _text(value.value)
    times = "once" if value.steps == 1 else f"{value.steps} times"
    return f"{_text(value.value)} ({_text(value.base)}, escalated {times})"


def _camel_case(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)
