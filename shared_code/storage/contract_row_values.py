"""From a contract to the rows that keep it, table by table.

Source: Data model, "Contract terms".
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import Table

from shared_code.domain.contract import (
    FeeType,
    ManagementFeeTerm,
    ManagementTerms,
    NonLedgerItem,
    NonLedgerType,
    ProfitShareTerm,
    PtebTerm,
    SupportTerm,
    SupportType,
)
from shared_code.domain.escalation import Escalator
from shared_code.domain.months import first_day, period_of
from shared_code.domain.tiers import Tier
from shared_code.sql.types import new_identifier
from shared_code.storage.contract_terms import (
    LABOR_HOUR,
    MANAGEMENT,
    MANAGEMENT_FEE_STEPS,
    PROFIT_SHARE,
    PROFIT_SHARE_STEPS,
    PTEB_STEPS,
    REVENUE_SHARE,
)
from shared_code.storage.contracts import StoredContract
from shared_code.storage.tables import contracts as tables

Values = tuple[Any, ...]

TERM_COLUMNS: dict[Table, tuple[str, ...]] = {
    tables.contract_types: ("contract_id", "contract_type"),
    tables.contract_fees: ("fee_id", "contract_id", "name", "fee", "start_date", "end_date"),
    tables.contract_labor_jobs: (
        "labor_job_id",
        "contract_id",
        "term",
        "job_code_id",
        "rate",
        "overtime_rate",
        "escalator_value",
        "overtime_escalator_value",
        "start_date",
        "end_date",
    ),
    tables.contract_room_terms: ("contract_id", "occupied_room_rate"),
    tables.contract_shares: ("share_id", "contract_id", "kind", "accumulation"),
    tables.contract_share_categories: ("share_id", "category"),
    tables.contract_share_tiers: (
        "share_id",
        "tier_no",
        "upper_limit",
        "share_percent",
        "effective_from",
        "effective_to",
    ),
    tables.contract_billable_terms: (
        "contract_id",
        "pteb_enabled",
        "pteb_type",
        "pteb_percent",
        "pteb_start",
        "support_enabled",
        "support_type",
        "support_payroll_type",
        "support_value",
    ),
    tables.contract_billable_accounts: ("contract_id", "main_account", "is_enabled"),
    tables.contract_additional_payroll: ("item_id", "contract_id", "name", "amount", "is_excluded"),
    tables.contract_management: (
        "contract_id",
        "fee_type",
        "fee_amount",
        "fee_percent",
        "fee_start",
        "insurance_enabled",
        "insurance_type",
        "insurance_additional_percent",
        "insurance_amount",
        "claims_enabled",
        "claims_type",
        "claims_cap",
        "profit_share_enabled",
        "profit_share_start",
    ),
    tables.contract_escalators: ("contract_id", "component", "month", "type", "value"),
    tables.contract_non_gl_items: (
        "item_id",
        "contract_id",
        "title",
        "type",
        "payroll_type",
        "value",
        "final_month",
    ),
}
"""The columns that are written of every table of terms, in an order in which rows can be inserted."""

TermRows = dict[Table, list[Values]]
"""Rows by table, values in the order of `TERM_COLUMNS`."""


def rows_of_terms(contracts: Iterable[StoredContract]) -> TermRows:
    """The rows that keep the terms of `contracts`."""
    rows: TermRows = defaultdict(list)
    for stored in contracts:
        _add_terms(rows, stored)
    return rows


def _add_terms(rows: TermRows, stored: StoredContract) -> None:
    key, contract = stored.contract_id, stored.contract
    rows[tables.contract_types] += [(key, type_.value) for type_ in sorted(contract.contract_types)]
    rows[tables.contract_fees] += [
        (new_identifier(), key, fee.name, fee.fee, fee.start, fee.end) for fee in contract.fees
    ]
    rows[tables.contract_labor_jobs] += [
        (new_identifier(), key, LABOR_HOUR, job.job_code, job.rate, job.overtime_rate, None, None, job.start, job.end)
        for job in contract.labor_jobs
    ]
    if contract.occupied_room_rate is not None:
        rows[tables.contract_room_terms].append((key, contract.occupied_room_rate))
    for structure in contract.revenue_shares:
        categories = sorted(structure.revenue_categories)
        _add_share(rows, key, REVENUE_SHARE, structure.accumulation, structure.tiers, categories)
    _add_billable(rows, stored)
    _add_management(rows, key, contract.management, contract.contract_start)


def _add_share(
    rows: TermRows,
    key: str,
    kind: str,
    accumulation: str,
    tiers: Sequence[Tier],
    categories: Sequence[str] = (),
) -> None:
    share_id = new_identifier()
    rows[tables.contract_shares].append((share_id, key, kind, str(accumulation)))
    rows[tables.contract_share_categories] += [(share_id, str(category)) for category in categories]
    rows[tables.contract_share_tiers] += [
        (share_id, number, tier.upper_limit, tier.percent, tier.effective_from, tier.effective_to)
        for number, tier in enumerate(tiers, start=1)
    ]


def _add_billable(rows: TermRows, stored: StoredContract) -> None:
    key, terms = stored.contract_id, stored.contract.billable
    pteb, support = terms.pteb, terms.support
    if (pteb, support) != (PtebTerm(), SupportTerm()):
        value = support.amount if support.type is SupportType.FIXED else support.percent
        rows[tables.contract_billable_terms].append(
            (
                *(key, pteb.enabled, pteb.type, pteb.percent, pteb.start),
                *(support.enabled, support.type, support.payroll_type, value),
            )
        )
    _add_escalator(rows, key, PTEB_STEPS, pteb.escalator)
    rows[tables.contract_billable_accounts] += [
        *((key, account, True) for account in sorted(terms.enabled_accounts)),
        *((key, account, False) for account in sorted(stored.disabled_accounts)),
    ]
    rows[tables.contract_additional_payroll] += [
        (new_identifier(), key, item.name, item.amount, item.excluded) for item in terms.additional_payroll
    ]


def _add_management(rows: TermRows, key: str, terms: ManagementTerms, contract_start: date) -> None:
    if terms == ManagementTerms():
        return
    fee = terms.fee or ManagementFeeTerm(FeeType.FIXED)
    insurance, claims, share = terms.insurance, terms.claims, terms.profit_share
    rows[tables.contract_management].append(
        (
            *(key, fee.type, fee.amount, fee.percent, fee.start),
            *(insurance.enabled, insurance.type, insurance.additional_percent, insurance.amount),
            *(claims.enabled, claims.type, claims.cap, share.enabled, share.start),
        )
    )
    _add_escalator(rows, key, MANAGEMENT_FEE_STEPS, fee.escalator)
    _add_escalator(rows, key, PROFIT_SHARE_STEPS, share.escalator)
    if share != ProfitShareTerm():
        _add_share(rows, key, PROFIT_SHARE, share.accumulation, share.tiers)
    _add_fee_jobs(rows, key, fee, contract_start)
    rows[tables.contract_non_gl_items] += [
        (new_identifier(), key, item.title, item.type, item.payroll_type, _value_of(item), item.final_month)
        for item in terms.non_ledger_items
    ]


def _add_fee_jobs(rows: TermRows, key: str, fee: ManagementFeeTerm, contract_start: date) -> None:
    """The jobs of a management fee; one without a start is there from the first month of the contract."""
    first = first_day(period_of(contract_start))
    rows[tables.contract_labor_jobs] += [
        (
            *(new_identifier(), key, MANAGEMENT, job.job_code, job.rate, job.overtime_rate),
            *(job.escalator_value, job.overtime_escalator_value, job.start or first, job.end),
        )
        for job in fee.jobs
    ]


def _value_of(item: NonLedgerItem) -> Decimal:
    value = item.amount if item.type is NonLedgerType.FIXED else item.percent
    return value or Decimal(0)


def _add_escalator(rows: TermRows, key: str, component: str, escalator: Escalator | None) -> None:
    if escalator is not None:
        rows[tables.contract_escalators].append((key, component, escalator.month, escalator.type, escalator.value))
