"""From the rows of the contract tables to the contract that is calculated with.

Source: Data model, "Contract terms".
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shared_code.domain.accumulation import Accumulation
from shared_code.domain.contract import (
    AdditionalPayroll,
    BillableTerms,
    ClaimsTerm,
    ClaimsType,
    Contract,
    ContractType,
    FeeRow,
    FeeType,
    InsuranceTerm,
    InsuranceType,
    LaborJob,
    ManagementFeeTerm,
    ManagementJob,
    ManagementTerms,
    NonLedgerItem,
    NonLedgerType,
    PayrollType,
    ProfitShareTerm,
    PtebTerm,
    PtebType,
    RevenueShareStructure,
    SupportTerm,
    SupportType,
)
from shared_code.domain.escalation import Escalator, EscalatorType, increment_of
from shared_code.domain.statistics import Category
from shared_code.domain.tiers import Tier

LABOR_HOUR, MANAGEMENT = "labor_hour", "management"
"""The terms that a labor job may belong to."""

REVENUE_SHARE, PROFIT_SHARE = "revenue_share", "profit_share"
"""The kinds of tiered shares."""

MANAGEMENT_FEE_STEPS, PTEB_STEPS, PROFIT_SHARE_STEPS = "management_fee", "pteb", "profit_share"
"""The components that have an escalator of their own."""

Rows = Mapping[str, Sequence[Any]]
"""Rows of one table by contract (tiers and categories: by share), in their order."""


@dataclass(frozen=True, slots=True)
class ContractRows:
    """The rows of all tables of terms for a number of contracts."""

    types: Rows
    fees: Rows
    labor_jobs: Rows
    room_terms: Rows
    shares: Rows
    share_categories: Rows
    share_tiers: Rows
    billable_terms: Rows
    billable_accounts: Rows
    additional_payroll: Rows
    management: Rows
    escalators: Rows
    non_gl_items: Rows


def contract_of(head: Any, rows: ContractRows) -> Contract:
    """The contract of a row `head` of the contracts table, with its terms."""
    key = head.contract_id
    jobs = rows.labor_jobs.get(key, ())
    shares = rows.shares.get(key, ())
    escalators = {row.component: _escalator(row) for row in rows.escalators.get(key, ())}
    room_terms = _only(rows.room_terms, key)
    return Contract(
        contract_types=frozenset(ContractType(row.contract_type) for row in rows.types.get(key, ())),
        contract_start=head.contract_start,
        increment=increment_of(head.increment_month, head.increment_percent),
        fees=tuple(FeeRow(row.fee, row.start_date, row.end_date, row.name) for row in rows.fees.get(key, ())),
        occupied_room_rate=None if room_terms is None else room_terms.occupied_room_rate,
        labor_jobs=tuple(
            LaborJob(row.job_code_id, row.rate, row.overtime_rate, row.start_date, row.end_date)
            for row in jobs
            if row.term == LABOR_HOUR
        ),
        revenue_shares=tuple(_structure(row, rows) for row in shares if row.kind == REVENUE_SHARE),
        billable=_billable_terms(key, rows, escalators.get(PTEB_STEPS)),
        management=_management_terms(key, rows, escalators),
    )


def disabled_accounts_of(contract_id: str, rows: ContractRows) -> frozenset[str]:
    """The accounts that a contract names as not billed."""
    return frozenset(row.main_account for row in rows.billable_accounts.get(contract_id, ()) if not row.is_enabled)


def _only(rows: Rows, key: str) -> Any | None:
    """The one row that a contract has at most of a table."""
    return next(iter(rows.get(key, ())), None)


def _escalator(row: Any) -> Escalator:
    return Escalator(row.month, EscalatorType(row.type), row.value)


def _structure(share: Any, rows: ContractRows) -> RevenueShareStructure:
    return RevenueShareStructure(
        Accumulation(share.accumulation),
        _tiers(share, rows),
        frozenset(Category(row.category) for row in rows.share_categories.get(share.share_id, ())),
    )


def _tiers(share: Any, rows: ContractRows) -> tuple[Tier, ...]:
    return tuple(
        Tier(row.upper_limit, row.share_percent, row.effective_from, row.effective_to)
        for row in rows.share_tiers.get(share.share_id, ())
    )


def _billable_terms(key: str, rows: ContractRows, pteb_steps: Escalator | None) -> BillableTerms:
    terms = _only(rows.billable_terms, key)
    return BillableTerms(
        enabled_accounts=frozenset(row.main_account for row in rows.billable_accounts.get(key, ()) if row.is_enabled),
        additional_payroll=tuple(
            AdditionalPayroll(row.amount, row.is_excluded, row.name) for row in rows.additional_payroll.get(key, ())
        ),
        pteb=PtebTerm() if terms is None else _pteb(terms, pteb_steps),
        support=SupportTerm() if terms is None else _support(terms),
    )


def _pteb(terms: Any, steps: Escalator | None) -> PtebTerm:
    type_ = None if terms.pteb_type is None else PtebType(terms.pteb_type)
    return PtebTerm(terms.pteb_enabled, type_, terms.pteb_percent, terms.pteb_start, steps)


def _support(terms: Any) -> SupportTerm:
    """One column holds the value: dollars of a fixed amount, else percent points."""
    type_ = None if terms.support_type is None else SupportType(terms.support_type)
    is_fixed = type_ is SupportType.FIXED
    return SupportTerm(
        enabled=terms.support_enabled,
        type=type_,
        amount=terms.support_value if is_fixed else None,
        percent=None if is_fixed else terms.support_value,
        payroll_type=None if terms.support_payroll_type is None else PayrollType(terms.support_payroll_type),
    )


def _management_terms(key: str, rows: ContractRows, escalators: Mapping[str, Escalator]) -> ManagementTerms:
    terms = _only(rows.management, key)
    if terms is None:
        return ManagementTerms()
    share = next((row for row in rows.shares.get(key, ()) if row.kind == PROFIT_SHARE), None)
    return ManagementTerms(
        fee=_fee(key, terms, rows, escalators.get(MANAGEMENT_FEE_STEPS)),
        insurance=InsuranceTerm(
            enabled=terms.insurance_enabled,
            type=None if terms.insurance_type is None else InsuranceType(terms.insurance_type),
            additional_percent=terms.insurance_additional_percent,
            amount=terms.insurance_amount,
        ),
        claims=ClaimsTerm(
            terms.claims_enabled,
            None if terms.claims_type is None else ClaimsType(terms.claims_type),
            terms.claims_cap,
        ),
        non_ledger_items=tuple(_non_ledger_item(row) for row in rows.non_gl_items.get(key, ())),
        profit_share=ProfitShareTerm(
            enabled=terms.profit_share_enabled,
            accumulation=Accumulation.MONTHLY if share is None else Accumulation(share.accumulation),
            tiers=() if share is None else _tiers(share, rows),
            start=terms.profit_share_start,
            escalator=escalators.get(PROFIT_SHARE_STEPS),
        ),
    )


def _fee(key: str, terms: Any, rows: ContractRows, steps: Escalator | None) -> ManagementFeeTerm | None:
    """The fee; a fixed fee of no amount stands for an agreement without a fee, because the column needs a type."""
    type_ = FeeType(terms.fee_type)
    if type_ is FeeType.FIXED and terms.fee_amount is None:
        return None
    jobs = tuple(
        ManagementJob(
            row.job_code_id,
            row.rate,
            row.overtime_rate,
            row.escalator_value,
            row.overtime_escalator_value,
            row.start_date,
            row.end_date,
        )
        for row in rows.labor_jobs.get(key, ())
        if row.term == MANAGEMENT
    )
    return ManagementFeeTerm(type_, terms.fee_amount, terms.fee_percent, jobs, terms.fee_start, steps)


def _non_ledger_item(row: Any) -> NonLedgerItem:
    type_ = NonLedgerType(row.type)
    is_fixed = type_ is NonLedgerType.FIXED
    return NonLedgerItem(
        type=type_,
        amount=row.value if is_fixed else None,
        percent=None if is_fixed else row.value,
        payroll_type=None if row.payroll_type is None else PayrollType(row.payroll_type),
        final_month=row.final_month,
        title=row.title,
    )
