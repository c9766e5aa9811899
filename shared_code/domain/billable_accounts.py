"""Billable accounts: payroll, PTEB, support and expenses that are billed to the client.

Source: Calculations, "Billable accounts".
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from shared_code.domain.account_figures import (
    AccountAmount,
    AccountFigures,
    is_expense_account,
    is_payroll_account,
)
from shared_code.domain.contract import (
    AdditionalPayroll,
    Contract,
    ContractType,
    PayrollType,
    PtebTerm,
    PtebType,
    SupportTerm,
    SupportType,
)
from shared_code.domain.escalation import Escalated, apply_escalator
from shared_code.domain.rounding import ZERO


@dataclass(frozen=True, slots=True)
class PtebCharge:
    """Payroll taxes and benefits billed: `percentage` (percent points, escalated) of `base` dollars.

    Without a percentage the charge is the PTEB row of the site, or 0 where it is not billed.
    """

    base: Decimal
    percentage: Escalated | None
    total: Decimal


@dataclass(frozen=True, slots=True)
class SupportCharge:
    """Support services billed: `percent` points of `base` dollars, or a fixed amount where there is no percent."""

    base: Decimal
    percent: Decimal | None
    total: Decimal


@dataclass(frozen=True, slots=True)
class BillableAccounts:
    """What is billed in unrounded dollars, with the accounts it comes from. `counted` tells whether it counts at all.

    The five components in their order; `total` is their sum.
    """

    counted: bool
    billable_payroll: Decimal
    additional_payroll: Decimal
    pteb: PtebCharge
    support: SupportCharge
    expense_accounts: Decimal
    total: Decimal
    payroll_lines: tuple[AccountAmount, ...]
    additional_lines: tuple[AdditionalPayroll, ...]
    expense_lines: tuple[AccountAmount, ...]


NOT_BILLED = BillableAccounts(
    counted=False,
    billable_payroll=ZERO,
    additional_payroll=ZERO,
    pteb=PtebCharge(ZERO, None, ZERO),
    support=SupportCharge(ZERO, None, ZERO),
    expense_accounts=ZERO,
    total=ZERO,
    payroll_lines=(),
    additional_lines=(),
    expense_lines=(),
)
"""What a contract gives that bills no accounts."""


def billable_accounts(
    contract: Contract, period: str, accounts: AccountFigures, site_pteb: Decimal
) -> BillableAccounts:
    """What `contract` bills for `period`; nothing without its type or beside a management agreement.

    `site_pteb` is the PTEB row of the site in dollars, used where PTEB is billed as it is.
    """
    if not contract.pays_for(ContractType.BILLABLE_ACCOUNTS) or contract.pays_for(ContractType.MANAGEMENT_AGREEMENT):
        return NOT_BILLED
    return bill_accounts(contract, period, accounts, site_pteb)


def bill_accounts(
    contract: Contract,
    period: str,
    accounts: AccountFigures,
    site_pteb: Decimal,
    left_out: Collection[str] = (),
) -> BillableAccounts:
    """The five components by the terms of `contract`, whatever its types; accounts `left_out` are not billed."""
    terms, contract_start = contract.billable, contract.contract_start
    enabled = sorted(terms.enabled_accounts)
    payroll_lines = tuple(accounts.payroll(account) for account in enabled if is_payroll_account(account))
    expense_lines = tuple(
        accounts.expense(account) for account in enabled if is_expense_account(account) and account not in left_out
    )
    additional_lines = tuple(item for item in terms.additional_payroll if not item.excluded)
    payroll = sum((line.amount for line in payroll_lines), ZERO)
    additional = sum((item.amount for item in additional_lines), ZERO)
    pteb = _charge_pteb(terms.pteb, contract_start, period, payroll + additional, site_pteb)
    support = _charge_support(terms.support, payroll, pteb.total)
    expenses = sum((line.amount for line in expense_lines), ZERO)
    return BillableAccounts(
        counted=True,
        billable_payroll=payroll,
        additional_payroll=additional,
        pteb=pteb,
        support=support,
        expense_accounts=expenses,
        total=payroll + additional + pteb.total + support.total + expenses,
        payroll_lines=payroll_lines,
        additional_lines=additional_lines,
        expense_lines=expense_lines,
    )


def payroll_base(payroll_type: PayrollType | None, billable_payroll: Decimal, pteb: Decimal) -> Decimal:
    """The payroll that a percentage is taken of: with PTEB for type `total`, else billable payroll alone."""
    return billable_payroll + pteb if payroll_type is PayrollType.TOTAL else billable_payroll


def _charge_pteb(term: PtebTerm, contract_start: date, period: str, payroll: Decimal, site_pteb: Decimal) -> PtebCharge:
    """PTEB on billable and additional `payroll`."""
    if not term.enabled:
        return PtebCharge(payroll, None, ZERO)
    if term.type is PtebType.ACTUAL:
        return PtebCharge(payroll, None, site_pteb)
    percentage = apply_escalator(term.percent or ZERO, term.start or contract_start, term.escalator, period)
    return PtebCharge(payroll, percentage, payroll * percentage.value / 100)


def _charge_support(term: SupportTerm, billable_payroll: Decimal, pteb: Decimal) -> SupportCharge:
    """Support services; a missing amount or percent is 0."""
    base = payroll_base(term.payroll_type, billable_payroll, pteb)
    if not term.enabled:
        return SupportCharge(base, None, ZERO)
    if term.type is SupportType.FIXED:
        return SupportCharge(base, None, term.amount or ZERO)
    percent = term.percent or ZERO
    return SupportCharge(base, percent, base * percent / 100)
