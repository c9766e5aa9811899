"""Contracts as they are kept: all terms of any number of sites by one query a table, and which one is in force.

Source: Data model, "Contract terms".
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Connection, FromClause, Table, select

from shared_code.domain.contract import Contract
from shared_code.domain.months import first_day
from shared_code.domain.site_scope import SiteScope
from shared_code.storage.contract_terms import ContractRows, contract_of, disabled_accounts_of
from shared_code.storage.database import within
from shared_code.storage.tables.contracts import (
    contract_additional_payroll,
    contract_billable_accounts,
    contract_billable_terms,
    contract_escalators,
    contract_fees,
    contract_labor_jobs,
    contract_management,
    contract_non_gl_items,
    contract_room_terms,
    contract_share_categories,
    contract_share_tiers,
    contract_shares,
    contract_types,
    contracts,
)


@dataclass(frozen=True, slots=True)
class StoredContract:
    """A contract of a site, from its start up to and including `contract_end` (None: open).

    `disabled_accounts` are those that the contract names as not billed; `version` is that of the row, 1 when new.
    """

    contract_id: str
    site_id: str
    contract: Contract
    contract_end: date | None = None
    disabled_accounts: frozenset[str] = frozenset()
    version: int = 1

    @property
    def contract_start(self) -> date:
        """The first day of the contract."""
        return self.contract.contract_start


def contract_in_force(contracts_of_site: Iterable[StoredContract], period: str) -> Contract | None:
    """The contract of a site that is priced in `period` (`YYYY-MM`); None where there is none.

    It is the one that covers the first day of the month, whole, as for every fee, job and tier: a contract that ends
    on 15 June is priced for June, one that starts on 2 June from July on.

    Source: Calculations, "Active rows" (by analogy; no rule names the contract itself).
    """
    day = first_day(period)
    for stored in contracts_of_site:
        if stored.contract_start <= day and (stored.contract_end is None or stored.contract_end >= day):
            return stored.contract
    return None


def load_contracts(
    connection: Connection, scope: SiteScope, site_ids: Iterable[str] | None = None
) -> dict[str, list[StoredContract]]:
    """The contracts of the sites of `site_ids` (None: all) that lie in `scope`, by site, the oldest first.

    A site without a contract has no entry. Fourteen statements, however many sites.
    """
    batch = scope if site_ids is None else scope.narrowed_to(site_ids)
    chosen = within(batch, contracts.c.site_id), contracts.c.is_active
    heads = connection.execute(select(*_HEAD).where(*chosen).order_by(contracts.c.site_id, contracts.c.contract_start))
    found: defaultdict[str, list[StoredContract]] = defaultdict(list)
    head_rows = heads.all()
    if not head_rows:
        return {}
    rows = _rows_of_contracts(connection, chosen)
    for head in head_rows:
        found[head.site_id].append(
            StoredContract(
                head.contract_id,
                head.site_id,
                contract_of(head, rows),
                head.contract_end,
                disabled_accounts_of(head.contract_id, rows),
                head.version,
            )
        )
    return dict(found)


_HEAD = (
    contracts.c.contract_id,
    contracts.c.site_id,
    contracts.c.contract_start,
    contracts.c.contract_end,
    contracts.c.increment_month,
    contracts.c.increment_percent,
    contracts.c.version,
)


def _rows_of_contracts(connection: Connection, chosen: Sequence[ColumnElement[bool]]) -> ContractRows:
    """The rows of every table of terms, each table by its own key: the contract, or the share for its parts."""

    def rows(table: Table, *, key: str = "contract_id", order: str | None = None) -> dict[str, list[Any]]:
        grouped: defaultdict[str, list[Any]] = defaultdict(list)
        for row in connection.execute(select(*_terms_of(table)).select_from(_joined(table)).where(*chosen)):
            grouped[getattr(row, key)].append(row)
        if order is not None:
            for entries in grouped.values():
                entries.sort(key=lambda row: getattr(row, order))
        return grouped

    return ContractRows(
        types=rows(contract_types),
        fees=rows(contract_fees, order="fee_id"),
        labor_jobs=rows(contract_labor_jobs, order="labor_job_id"),
        room_terms=rows(contract_room_terms),
        shares=rows(contract_shares, order="share_id"),
        share_categories=rows(contract_share_categories, key="share_id"),
        share_tiers=rows(contract_share_tiers, key="share_id", order="tier_no"),
        billable_terms=rows(contract_billable_terms),
        billable_accounts=rows(contract_billable_accounts),
        additional_payroll=rows(contract_additional_payroll, order="item_id"),
        management=rows(contract_management),
        escalators=rows(contract_escalators),
        non_gl_items=rows(contract_non_gl_items, order="item_id"),
    )


def _joined(table: Table) -> FromClause:
    """A table of terms with the contracts that it belongs to; tiers and categories come through their share."""
    if "contract_id" in table.c:
        return table.join(contracts, contracts.c.contract_id == table.c.contract_id)
    shares = table.join(contract_shares, contract_shares.c.share_id == table.c.share_id)
    return shares.join(contracts, contracts.c.contract_id == contract_shares.c.contract_id)


_STANDARD = frozenset({"created_at", "created_by", "updated_at", "updated_by", "version"})


def _terms_of(table: Table) -> list[ColumnElement[Any]]:
    """The columns that say something about the contract."""
    return [column for column in table.c if column.name not in _STANDARD]
