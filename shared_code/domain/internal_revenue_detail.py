"""How each component of internal revenue came about: its inputs, steps and amounts as a controller reads them.

A detail is a list of named figures in their order. A name that ends in `Formula` says how the figure before it was
calculated.

Source: Calculations, "Internal revenue"; Data model, "Results and snapshots".
"""

from collections.abc import Iterable, Mapping

from shared_code.domain.account_figures import AccountAmount
from shared_code.domain.billable_accounts import BillableAccounts
from shared_code.domain.escalation import Escalated
from shared_code.domain.fixed_fee import FixedFee
from shared_code.domain.labor_hour_fee import LaborHourFee
from shared_code.domain.management_agreement import ManagementAgreement
from shared_code.domain.management_claims import ClaimsCharge
from shared_code.domain.management_fee import ManagementFee
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
        name = f"{row.name}: " if row.name else ""
        detail[f"fee{number}Formula"] = f"{name}{_text(row.fee)} from {row.start}, increments: {row.steps}"
    return detail


def occupied_room_detail(fee: OccupiedRoomFee) -> Detail:
    """Rate and rooms."""
    return {"ratePerRoom": _text(fee.rate), "rooms": _text(fee.rooms), "roomsSource": fee.rooms_source.value}


def labor_hour_detail(fee: LaborHourFee) -> Detail:
    """The active jobs with hours, rates and increments."""
    detail = {}
    for job in fee.jobs:
        overtime = f" + {_text(job.overtime_hours)} h × {_text(job.overtime_rate)}" if job.overtime_hours else ""
        hours = f"{_text(job.regular_hours)} h ({job.hours_source.value}) × {_text(job.rate)}{overtime}"
        detail[job.job_code] = _text(job.amount)
        detail[f"{job.job_code}Formula"] = f"{hours}, increments: {job.steps}"
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
    return detail


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
    detail["support"] = _text(billed.support.total)
    if billed.support.percent is not None:
        detail["supportFormula"] = f"{_text(billed.support.base)} × {_text(billed.support.percent)} %"
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
    detail["claims"] = _text(claims.total)
    detail["claimsFormula"] = _claims_text(claims)
    detail["nonLedgerItems"] = _text(agreement.non_ledger)
    detail["nonLedgerItemsFormula"] = " + ".join(
        _text(item.amount)
        if item.percent is None
        else f"{_text(item.base)} × {_text(item.percent)} % = {_text(item.amount)}"
        for item in agreement.non_ledger_items
    )
    share = agreement.profit_share
    detail["profit"] = _text(share.profit)
    detail["accumulatedProfit"] = _text(share.accumulated)
    detail["profitShare"] = _text(share.total)
    detail["profitShareFormula"] = _tiers_text(share.tiers)
    return {name: text for name, text in detail.items() if text}


def other_revenue_detail(revenue: OtherRevenue) -> Detail:
    """The items that are saved."""
    items = {name: getattr(revenue.items, name) for name in revenue.items.__dataclass_fields__}
    return {_camel_case(name): _text(amount) for name, amount in items.items() if amount is not None}


def _fee_text(fee: ManagementFee) -> str:
    if fee.agreed is None:
        return " + ".join(
            f"{job.job_code} {_text(job.hours.regular)} h × {_text(job.rate.value)}"
            + (f" + {_text(job.hours.overtime)} h × {_text(job.overtime_rate.value)}" if job.hours.overtime else "")
            for job in fee.jobs
        )
    if fee.total == fee.agreed.value:
        return _escalated_text(fee.agreed)
    return f"{_text(fee.net_external_revenue)} × {_escalated_text(fee.agreed)} %"


def _claims_text(claims: ClaimsCharge) -> str:
    """Claims of the month, and the cap where one is agreed."""
    if claims.cap is None:
        return f"{_text(claims.amount)} posted" if claims.amount else ""
    return f"{_text(claims.amount)} posted, {_text(claims.accumulated)} before it, cap {_text(claims.cap)}"


def _tiers_text(tiers: Iterable[TierShare]) -> str:
    """What fell into each tier: amount × percent."""
    return " + ".join(f"{_text(tier.amount_in_tier)} × {_text(tier.percent)} %" for tier in tiers if tier.share)


def _accounts_text(accounts: Iterable[AccountAmount]) -> str:
    """Accounts with the figure that counts and where it comes from."""
    return " + ".join(
        f"{account.account} {_text(account.amount)} ({account.source})" for account in accounts if account.amount
    )


def _escalated_text(value: Escalated) -> str:
    """A value after its steps, and before them where there were any."""
    if not value.steps:
        return _text(value.value)
    return f"{_text(value.value)} ({_text(value.base)} after {value.steps} escalations)"


def _camel_case(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)
