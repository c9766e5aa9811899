"""Saving what is entered of payroll: hours and notes by day and job code.

Source: Data model, "Forecast input".
"""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, String, and_, cast, delete, literal, select, update

from shared_code.domain.months import period_of
from shared_code.domain.site_scope import SiteScope
from shared_code.sql.bulk import insert_rows
from shared_code.sql.lists import in_list
from shared_code.storage import stamps
from shared_code.storage.database import within
from shared_code.storage.payroll_reading import SavedPayrollDay
from shared_code.storage.tables.forecasts import payroll_forecast_days, payroll_forecasts

_COLUMNS: Final = ("site_id", "period", "work_date", "job_code_id", "regular_hours", "overtime_hours", "note")


def write_payroll_days(
    connection: Connection,
    scope: SiteScope,
    site_id: str,
    level: str,
    rows: Collection[SavedPayrollDay],
    user_id: str,
    now: datetime,
) -> None:
    """Put `rows`, at most one for each day and job code, in the place of those that are saved for the same keys.

    A row that holds nothing is taken away. `level` is how the site enters hours: `job_code` or `job_group`. The
    statements are the same few for any number of rows; they belong into the transaction that has locked the versions of
    the months.
    """
    own = scope.narrowed_to([site_id])
    months = {period_of(row.day) for row in rows}
    _write_heads(connection, own, site_id, months, level, user_id, now)
    table = payroll_forecast_days
    key = cast(table.c.work_date, String(10)) + literal("/") + table.c.job_code_id
    days = {row.day for row in rows}
    connection.execute(
        delete(table).where(
            within(own, table.c.site_id),
            table.c.work_date.between(min(days), max(days)),
            in_list(key, {f"{row.day}/{row.job_code}" for row in rows}),
        )
    )
    insert_rows(connection, table, _COLUMNS, (_values(site_id, row) for row in rows if _holds_anything(row)))


def _write_heads(
    connection: Connection,
    scope: SiteScope,
    site_id: str,
    months: Iterable[str],
    level: str,
    user_id: str,
    now: datetime,
) -> None:
    """The row of each month says when it was saved last, and at which level."""
    table = payroll_forecasts
    wanted = set(months)
    concerned = and_(within(scope, table.c.site_id), in_list(table.c.period, wanted))
    known = set(connection.scalars(select(table.c.period).where(concerned)))
    if known:
        connection.execute(update(table).where(concerned).values(level=level, **stamps.updated(table, user_id, now)))
    stamp = stamps.inserted(user_id, now)
    insert_rows(
        connection,
        table,
        ("site_id", "period", "level", *stamp),
        [(site_id, month, level, *stamp.values()) for month in sorted(wanted - known)],
    )


def _holds_anything(row: SavedPayrollDay) -> bool:
    return any(value is not None for value in (row.regular_hours, row.overtime_hours, row.note))


def _values(site_id: str, row: SavedPayrollDay) -> tuple[object, ...]:
    saved = (row.regular_hours, row.overtime_hours, row.note)
    return (site_id, period_of(row.day), row.day, row.job_code, *saved)
