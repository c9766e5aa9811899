"""Saving what is entered of a month's revenue: the levers of external and the adjustments of internal revenue.

The functions belong into the transaction that has locked the version of the month.

Source: Data model, "Forecast input".
"""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

from sqlalchemy import ColumnElement, Connection, Table, bindparam, delete, insert, select, update

from shared_code.domain.site_scope import SiteScope
from shared_code.sql.bulk import insert_rows
from shared_code.sql.lists import in_list
from shared_code.storage import stamps
from shared_code.storage.database import within
from shared_code.storage.revenue_reading import ExternalInputs
from shared_code.storage.tables.forecasts import external_revenue_inputs, internal_revenue_adjustments

NOTHING_SAVED = ExternalInputs()


def write_external_inputs(
    connection: Connection,
    scope: SiteScope,
    site_id: str,
    month: str,
    inputs: ExternalInputs,
    user_id: str,
    now: datetime,
) -> None:
    """Keep `inputs` as all that is saved of the month (`YYYY-MM`); nothing saved keeps no row."""
    table = external_revenue_inputs
    of_month = _of_month(table, scope, site_id, month)
    if inputs == NOTHING_SAVED:
        connection.execute(delete(table).where(of_month))
        return
    values = {name: getattr(inputs, name) for name in ExternalInputs.__slots__}
    changed = connection.execute(update(table).where(of_month).values(**values, **stamps.updated(table, user_id, now)))
    if not changed.rowcount:
        connection.execute(
            insert(table).values(site_id=site_id, period=month, **values, **stamps.inserted(user_id, now))
        )


def write_adjustments(
    connection: Connection,
    scope: SiteScope,
    site_id: str,
    month: str,
    adjustments: Mapping[str, tuple[Decimal, str] | None],
    user_id: str,
    now: datetime,
) -> None:
    """Keep `adjustments`: dollars and reason by category, None to remove one; other categories stay as they are."""
    table = internal_revenue_adjustments
    of_month = _of_month(table, scope, site_id, month)
    removed = [category for category, kept in adjustments.items() if kept is None]
    if removed:
        connection.execute(delete(table).where(of_month, in_list(table.c.category, removed)))
    wanted = {category: kept for category, kept in adjustments.items() if kept is not None}
    known = set(connection.scalars(select(table.c.category).where(of_month, in_list(table.c.category, wanted))))
    changed = [
        {"of_category": category, "new_amount": amount, "new_reason": reason}
        for category, (amount, reason) in wanted.items()
        if category in known
    ]
    if changed:
        one = update(table).where(of_month, table.c.category == bindparam("of_category"))
        values = {**stamps.updated(table, user_id, now), "amount": bindparam("new_amount")}
        connection.execute(one.values(**values, reason=bindparam("new_reason")), changed)
    stamp = stamps.inserted(user_id, now)
    insert_rows(
        connection,
        table,
        ("site_id", "period", "category", "amount", "reason", *stamp),
        [
            (site_id, month, category, *kept, *stamp.values())
            for category, kept in wanted.items()
            if category not in known
        ],
    )


def _of_month(table: Table, scope: SiteScope, site_id: str, month: str) -> ColumnElement[bool]:
    return within(scope.narrowed_to([site_id]), table.c.site_id) & (table.c.period == month)
