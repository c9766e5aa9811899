"""E11: planned minutes by site, day and work role.

Source: Source side, "Extraction queries".
"""

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Date, FromClause, Integer, String, and_, bindparam, case, or_, select, union_all
from sqlalchemy import literal_column as sql

from shared_code.sources.warehouse.bounds import Day, of_sites, within_numbers
from shared_code.sources.warehouse.expressions import compared, day_in_year, key_text
from shared_code.sources.warehouse.objects import shift_entity
from shared_code.sources.warehouse.query import FLAW, RAW, OutputColumn, Statement, Total, grouped_query
from shared_code.sources.warehouse.window import Window


def years_of(window: Window) -> Iterator[tuple[int, int, int]]:
    """Year, first and last day number of each stretch of `window`: two of them where it spans New Year."""
    first, after = window.days()
    last = after - timedelta(days=1)
    for year in range(first.year, last.year + 1):
        new_year = date(year, 1, 1)
        start, end = max(first, new_year), min(last, date(year, 12, 31))
        yield year, (start - new_year).days + 1, (end - new_year).days + 1


def rows_by_year(window: Window, rows_of_year: Callable[[Any, Any], Statement], table: FromClause) -> Any:
    """The rows of every year of `window`: `rows_of_year` makes them of the condition on the day and of the date."""
    parts = []
    for year, first, last in years_of(window):
        year_column, day_column = table.c.YEAR, table.c.DAY_OF_THE_YEAR
        bound = and_(
            year_column == bindparam(f"year_{year}", year, Integer()),
            *within_numbers(day_column, f"day_of_{year}", first, last),
        )
        new_year = bindparam(f"new_year_{year}", date(year, 1, 1), Day())
        parts.append(rows_of_year(bound, day_in_year(new_year, day_column)))
    if not parts:
        raise ValueError("a window without a day has no shifts")
    return parts[0] if len(parts) == 1 else union_all(*parts)


def _rows(window: Window) -> Any:
    table = shift_entity.alias("s")

    def rows_of_year(bound: ColumnElement[bool], work_date: ColumnElement[Any]) -> Statement:
        deleted = compared(table.c.DELETED)
        return select(
            key_text(table.c.LOCATION_EXTERNAL_ID).label("site"),
            work_date.label("work_date"),
            key_text(table.c.WORK_ROLE).label("work_role"),
            table.c.REGULAR_MINUTES.label("regular_minutes"),
            table.c.OVERTIME_MINUTES.label("overtime_minutes"),
            table.c.DOUBLE_OVERTIME_MINUTES.label("double_overtime_minutes"),
            sql("1", Integer()).label("shift_count"),
            case((deleted == sql("'NO'"), sql("NULL")), else_=sql("'deleted'", String())).label(FLAW),
            table.c.DELETED.label(RAW),
        ).where(
            bound,
            or_(table.c.DELETED.is_(None), deleted != sql("'YES'")),
            *of_sites(table.c.LOCATION_EXTERNAL_ID, window, 10),
        )

    return rows_by_year(window, rows_of_year, table)


QUERY = grouped_query(
    "E11",
    ("SHIFT_ENTITY",),
    (
        OutputColumn("site", String(10), required=True, is_key=True),
        OutputColumn("work_date", Date(), required=True),
        OutputColumn("work_role", String(100), required=True, is_key=True),
        OutputColumn("regular_minutes", Integer(), Total.SUM, measure=True),
        OutputColumn("overtime_minutes", Integer(), Total.SUM, measure=True),
        OutputColumn("double_overtime_minutes", Integer(), Total.SUM, measure=True),
        OutputColumn("shift_count", Integer(), Total.SUM),
    ),
    _rows,
    one_of=("regular_minutes", "overtime_minutes", "double_overtime_minutes"),
)
"""Minutes of the shifts that are not deleted, by site, day and work role; a shift whose DELETED is neither Yes nor
No is incomplete.

Window: days, optional sites.
"""
