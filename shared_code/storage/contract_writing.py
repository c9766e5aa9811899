"""Contracts on their way into the database: new ones, other terms for those there are, and those that are withdrawn.

The terms of a contract are replaced as a whole. A withdrawn contract stays with its terms, for the record.

Source: Data model, "Contract terms".
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, select, update

from shared_code.domain.site_scope import SiteScope
from shared_code.errors import ConflictError, NotFoundError
from shared_code.sql.bulk import insert_rows
from shared_code.sql.lists import in_list
from shared_code.storage import stamps
from shared_code.storage.contract_row_values import TERM_COLUMNS, rows_of_terms
from shared_code.storage.contracts import StoredContract
from shared_code.storage.tables.contracts import contract_share_categories, contract_share_tiers, contract_shares
from shared_code.storage.tables.contracts import contracts as heads

_STAMP = ("created_at", "created_by", "updated_at", "updated_by", "version")
_HEAD = ("contract_id", "site_id", "contract_start", "contract_end", "increment_month", "increment_percent")


def add_contracts(
    connection: Connection, scope: SiteScope, contracts: Sequence[StoredContract], user_id: str, now: datetime
) -> None:
    """Enter new contracts. Those of one site must not overlap; of open ones a site has at most one."""
    _require_sites(scope, contracts)
    stamp = tuple(stamps.inserted(user_id, now).values())
    insert_rows(connection, heads, (*_HEAD, "is_active", *_STAMP), [(*_head(c), True, *stamp) for c in contracts])
    _insert_terms(connection, contracts, stamp)


def replace_contracts(
    connection: Connection, scope: SiteScope, contracts: Sequence[StoredContract], user_id: str, now: datetime
) -> None:
    """Give contracts that are kept (same `contract_id`) these terms; their versions grow by one.

    Raises `ConflictError` when one of them is no longer the version that it says.
    """
    _require_sites(scope, contracts)
    kept = _locked(connection, contracts)
    contract_ids = [contract.contract_id for contract in contracts]
    _delete_terms(connection, contract_ids)
    connection.execute(delete(heads).where(in_list(heads.c.contract_id, contract_ids)))
    rows = []
    for contract in contracts:
        row = kept[contract.contract_id]
        stamp = (row.created_at, row.created_by, now, user_id, row.version + 1)
        rows.append((*_head(contract), True, *stamp))
    insert_rows(connection, heads, (*_HEAD, "is_active", *_STAMP), rows)
    _insert_terms(connection, contracts, tuple(stamps.inserted(user_id, now).values()))


def withdraw_contracts(
    connection: Connection, scope: SiteScope, contracts: Sequence[StoredContract], user_id: str, now: datetime
) -> None:
    """Take contracts out of use, as if they had never been agreed.

    Raises `ConflictError` when one of them is no longer the version that it says.
    """
    _require_sites(scope, contracts)
    _locked(connection, contracts)
    connection.execute(
        update(heads)
        .where(in_list(heads.c.contract_id, [contract.contract_id for contract in contracts]))
        .values(is_active=False, **stamps.updated(heads, user_id, now))
    )


def _require_sites(scope: SiteScope, contracts: Iterable[StoredContract]) -> None:
    for contract in contracts:
        if not scope.covers(contract.site_id):
            raise NotFoundError(f"There is no site {contract.site_id}.", code="SITE_NOT_FOUND", field="site_id")


def _locked(connection: Connection, contracts: Sequence[StoredContract]) -> dict[str, Row[Any]]:
    """The rows of `contracts`, which nobody else can change until the transaction ends."""
    columns = [heads.c[name] for name in ("contract_id", "version", "created_at", "created_by")]
    wanted = {contract.contract_id: contract for contract in contracts}
    rows = connection.execute(
        select(*columns)
        .with_hint(heads, "WITH (UPDLOCK)", "mssql")
        .where(in_list(heads.c.contract_id, wanted), heads.c.is_active)
    )
    kept = {row.contract_id: row for row in rows}
    for contract_id, contract in wanted.items():
        if contract_id not in kept or kept[contract_id].version != contract.version:
            raise ConflictError(
                f"The contract of {contract.site_id} that starts on {contract.contract_start} has been changed.",
                details={"reason": "version", "siteId": contract.site_id},
            )
    return kept


def _head(stored: StoredContract) -> tuple[Any, ...]:
    contract, increment = stored.contract, stored.contract.increment
    month, percent = (None, None) if increment is None else (increment.month, increment.percent)
    return (stored.contract_id, stored.site_id, contract.contract_start, stored.contract_end, month, percent)


def _insert_terms(connection: Connection, contracts: Iterable[StoredContract], stamp: tuple[Any, ...]) -> None:
    rows = rows_of_terms(contracts)
    for table, columns in TERM_COLUMNS.items():
        if "version" in table.c:
            insert_rows(connection, table, (*columns, *_STAMP), [(*row, *stamp) for row in rows[table]])
        else:
            insert_rows(connection, table, columns, rows[table])


def _delete_terms(connection: Connection, contract_ids: Sequence[str]) -> None:
    """Every row of terms; the parts of the shares before the shares."""
    shares = select(contract_shares.c.share_id).where(in_list(contract_shares.c.contract_id, contract_ids))
    for table in (contract_share_tiers, contract_share_categories):
        connection.execute(delete(table).where(table.c.share_id.in_(shares)))
    for table in TERM_COLUMNS:
        if "contract_id" in table.c:
            connection.execute(delete(table).where(in_list(table.c.contract_id, contract_ids)))
