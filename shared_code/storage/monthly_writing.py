"""Saving what is entered month by month: parking rates, items of other revenue, expense accounts.

Each function takes the values by month (`YYYY-MM`) and key; None removes what is saved. However many there are, it runs
the same few statements. They belong into the transaction that has locked the versions of the months.

Source: Data model, "Forecast input".
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

from sqlalchemy import Connection, Table, and_, delete, literal, select

from shared_code.domain.pnl_lines import UNMAPPED
from shared_code.domain.site_scope import SiteScope
from shared_code.sql.bulk import insert_rows
from shared_code.sql.lists import in_list
from shared_code.storage import stamps
from shared_code.storage.database import within
from shared_code.storage.tables.accounts import accounts
from shared_code.storage.tables.forecasts import other_expenses, other_revenues, parking_rates

MonthKey = tuple[str, str]
"""A month (`YYYY-MM`), and the category, item or account within it."""

Values = Mapping[MonthKey, Decimal | None]

NO_RUN: Final = "00000000-0000-0000-0000-000000000000"
"""Stands where no run published a row."""


def write_parking_rates(
    connection: Connection, scope: SiteScope, site_id: str, rates: Values, user_id: str, now: datetime
) -> None:
    """Save `rates`, dollars per vehicle by month and category."""
    _write(connection, _Target(parking_rates, "category", "rate"), scope, site_id, rates, user_id, now)


def write_other_revenue(
    connection: Connection, scope: SiteScope, site_id: str, amounts: Values, user_id: str, now: datetime
) -> None:
    """Save `amounts`, dollars by month and item."""
    _write(connection, _Target(other_revenues, "item", "amount"), scope, site_id, amounts, user_id, now)


def write_other_expenses(
    connection: Connection, scope: SiteScope, site_id: str, amounts: Values, user_id: str, now: datetime
) -> None:
    """Save `amounts`, dollars by month and account.

    An account that the chart does not list yet becomes known as one of no P&L line, as its balances are treated.
    """
    _know_accounts(
        connection, {account for (_, account), amount in amounts.items() if amount is not None}, user_id, now
    )
    _write(connection, _Target(other_expenses, "main_account", "amount"), scope, site_id, amounts, user_id, now)


@dataclass(frozen=True, slots=True)
class _Target:
    """A table of months, with the columns that hold the key within the month and the value."""

    table: Table
    key: str
    value: str


def _write(
    connection: Connection, target: _Target, scope: SiteScope, site_id: str, values: Values, user_id: str, now: datetime
) -> None:
    """Put new rows in the place of the old ones; a changed row keeps who made it, and counts its change."""
    table = target.table
    key = table.c.period + literal("/") + table.c[target.key]
    concerned = and_(
        within(scope.narrowed_to([site_id]), table.c.site_id),
        in_list(table.c.period, {month for month, _ in values}),
        in_list(key, {f"{month}/{name}" for month, name in values}),
    )
    made = {
        (period, name): (created_at, created_by, version)
        for period, name, created_at, created_by, version in connection.execute(
            select(table.c.period, table.c[target.key], table.c.created_at, table.c.created_by, table.c.version).where(
                concerned
            )
        )
    }
    if made:
        connection.execute(delete(table).where(concerned))
    rows = []
    for place, value in values.items():
        if value is not None:
            created_at, created_by, version = made.get(place, (now, user_id, 0))
            rows.append((site_id, *place, value, created_at, created_by, now, user_id, version + 1))
    stamped = ("created_at", "created_by", "updated_at", "updated_by", "version")
    insert_rows(connection, table, ("site_id", "period", target.key, target.value, *stamped), rows)


def _know_accounts(connection: Connection, numbers: Collection[str], user_id: str, now: datetime) -> None:
    listed = select(accounts.c.main_account).where(in_list(accounts.c.main_account, numbers))
    missing = sorted(set(numbers).difference(connection.scalars(listed)))
    if not missing:
        return
    fixed = {"pnl_line": UNMAPPED, "is_forecastable": True, "sync_run_id": NO_RUN, "loaded_at": now}
    fixed |= stamps.inserted(user_id, now)
    insert_rows(
        connection,
        accounts,
        ("main_account", "name", *fixed),
        [(number, f"Account {number}", *fixed.values()) for number in missing],
    )
