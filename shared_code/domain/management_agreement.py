"""A management agreement in one month: fee, pass-through, insurance, claims, non-ledger items and profit share.

Source: Calculations, "Management agreement".
"""

from dataclasses import dataclass
from decimal import Decimal

from shared_code.domain.billable_accounts import NOT_BILLED, BillableAccounts, bill_accounts, payroll_base
from shared_code.domain.contract import (
    Contract,
    ContractType,
    InsuranceTerm,
    InsuranceType,
    ManagementTerms,
    NonLedgerItem,
    NonLedgerType,
)
from shared_code.domain.contract_drivers import ContractDrivers
from shared_code.domain.management_claims import ClaimsCharge, charge_claims
from shared_code.domain.management_fee import ManagementFee, management_fee
from shared_code.domain.pnl_lines import CLAIMS_ACCOUNTS, INSURANCE_ACCOUNTS
from shared_code.domain.profit_share import ProfitShare, share_profit
from shared_code.domain.rounding import ZERO


@dataclass(frozen=True, slots=True)
class InsuranceCharge:
    """Insurance billed in dollars: `additional_percent` points on top of `row`, or fixed where there is no percent."""

    row: Decimal
    additional_percent: Decimal | None
    total: Decimal


@dataclass(frozen=True, slots=True)
class NonLedgerCharge:
    """One non-ledger item billed in dollars: `percent` points of `base`, or fixed where there is no percent."""

    title: str
    base: Decimal
    percent: Decimal | None
    amount: Decimal


@dataclass(frozen=True, slots=True)
class ManagementAgreement:
    """All components in unrounded dollars, in the order in which they are computed; `total` is their sum.

    The profit that is shared is `income` less `charges`, which are all components but the share itself.
    """

    fee: ManagementFee
    pass_through: BillableAccounts
    insurance: InsuranceCharge
    claims: ClaimsCharge
    non_ledger_items: tuple[NonLedgerCharge, ...]
    non_ledger: Decimal
    profit_share: ProfitShare
    total: Decimal
    income: Decimal = ZERO
    charges: Decimal = ZERO


NO_AGREEMENT = ManagementAgreement(
    fee=ManagementFee(None, None, ZERO, (), ZERO),
    pass_through=NOT_BILLED,
    insurance=InsuranceCharge(ZERO, None, ZERO),
    claims=ClaimsCharge(ZERO, ZERO, None, ZERO),
    non_ledger_items=(),
    non_ledger=ZERO,
    profit_share=ProfitShare(ZERO, ZERO, (), ZERO),
    total=ZERO,
)
"""What a contract without the type gives."""


def management_agreement(contract: Contract, period: str, drivers: ContractDrivers) -> ManagementAgreement:
    """What the management agreement of `contract` gives for `period`; 0 without the contract type.

    The profit of the month, which later months accumulate, is `profit_share.profit`, also where no share is agreed.
    """
    if not contract.pays_for(ContractType.MANAGEMENT_AGREEMENT):
        return NO_AGREEMENT
    terms, start = contract.management, contract.contract_start
    net = drivers.external_revenue.net
    fee = management_fee(terms.fee, start, period, net, drivers.hours)
    pass_through = bill_accounts(
        contract, period, drivers.accounts, drivers.site_pteb, left_out=_billed_elsewhere(terms)
    )
    insurance = _charge_insurance(terms.insurance, drivers.insurance_row)
    claims = charge_claims(terms.claims, drivers.claims, drivers.accumulated_claims)
    items = tuple(
        _charge_item(item, pass_through, net)
        for item in terms.non_ledger_items
        if item.final_month is None or item.final_month >= period
    )
    non_ledger = sum((item.amount for item in items), ZERO)
    charges = fee.total + pass_through.total + insurance.total + claims.total + non_ledger
    income = (
        net + (drivers.other_revenue.revenue_validation or ZERO) + (drivers.other_revenue.client_paid_expense or ZERO)
    )
    profit_share = share_profit(terms.profit_share, start, period, income - charges, drivers.accumulated_profit)
    return ManagementAgreement(
        fee=fee,
        pass_through=pass_through,
        insurance=insurance,
        claims=claims,
        non_ledger_items=items,
        non_ledger=non_ledger,
        profit_share=profit_share,
        total=charges + profit_share.total,
        income=income,
        charges=charges,
    )


def _billed_elsewhere(terms: ManagementTerms) -> frozenset[str]:
    """The expense accounts that are not passed through because the agreement bills them as insurance or claims."""
    insurance = INSURANCE_ACCOUNTS if terms.insurance.enabled else frozenset()
    return insurance | CLAIMS_ACCOUNTS if terms.claims.enabled else insurance


def _charge_insurance(term: InsuranceTerm, row: Decimal) -> InsuranceCharge:
    """Insurance from the insurance `row` of the site-month, or the fixed amount."""
    if not term.enabled:
        return InsuranceCharge(row, None, ZERO)
    if term.type is InsuranceType.FIXED:
        return InsuranceCharge(row, None, term.amount or ZERO)
    additional = term.additional_percent or ZERO
    return InsuranceCharge(row, additional, row * (1 + additional / 100))


def _charge_item(item: NonLedgerItem, pass_through: BillableAccounts, net: Decimal) -> NonLedgerCharge:
    """One non-ledger item: fixed, of the billable payroll, or of the net external revenue."""
    if item.type is NonLedgerType.FIXED:
        return NonLedgerCharge(item.title, ZERO, None, item.amount or ZERO)
    base = net
    if item.type is NonLedgerType.PAYROLL_PERCENTAGE:
        base = payroll_base(item.payroll_type, pass_through.billable_payroll, pass_through.pteb.total)
    percent = item.percent or ZERO
    return NonLedgerCharge(item.title, base, percent, base * percent / 100)
