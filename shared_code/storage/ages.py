"""How old a row is, as a condition: before a day, by whatever tells a table's rows apart in time.

Source: Data model, "Retention and archive".
"""

from collections.abc import Callable
from datetime import UTC, date, datetime, time

from sqlalchemy import ColumnElement, Table, exists, select

from shared_code.domain.months import add_months, first_day, period_of
from shared_code.storage.tables.archive import ARCHIVES
from shared_code.storage.tables.base import ARCHIVE

Age = Callable[[Table, date], ColumnElement[bool]]
"""The rows of a table, or of its archive, that lie before a day."""


def by_period(table: Table, day: date) -> ColumnElement[bool]:
    """Rows of a month (`YYYY-MM`) that ended before `day`, the first of a month."""
    return table.c.period < period_of(day)


def by_year(table: Table, day: date) -> ColumnElement[bool]:
    """Rows of a year before that of `day`."""
    return table.c.year < day.year


def by_day(column: str) -> Age:
    """Rows of a day."""
    return lambda table, day: table.c[column] < day


def by_moment(column: str) -> Age:
    """Rows of a moment (UTC)."""
    return lambda table, day: table.c[column] < midnight(day)


def by_parent(parent: Table, key: str, age: Age) -> Age:
    """Rows that are as old as the row of `parent` with the same `key`; in the archive as that of its archive."""

    def condition(table: Table, day: date) -> ColumnElement[bool]:
        above = ARCHIVES[parent] if table.schema == ARCHIVE else parent
        return exists(select(1).select_from(above).where(above.c[key] == table.c[key], age(above, day)))

    return condition


def midnight(day: date) -> datetime:
    """The beginning of `day`, UTC."""
    return datetime.combine(day, time(), UTC)


def months_before(day: date, months: int) -> date:
    """The first day of the month that lies `months` before that of `day`."""
    return first_day(add_months(period_of(day), -months))
