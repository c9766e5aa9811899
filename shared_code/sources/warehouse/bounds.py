"""The bounds of a read as conditions: parameters of the column's own type, no function around the column.

Source: Source side, "Rules for every T-SQL read".
"""

from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Dialect, Integer, bindparam
from sqlalchemy.types import TypeEngine, UserDefinedType

from shared_code.sources.warehouse.expressions import compared, text_list
from shared_code.sources.warehouse.window import Window, spellings

Conditions = list[ColumnElement[bool]]


class Day(UserDefinedType[date]):
    """A day as a parameter of type `date`: the dialect's own type would send a `datetime2` and convert the column."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        """The type's name."""
        return "DATE"

    def bind_processor(self, dialect: Dialect) -> Any:
        """A day on its way in: text on SQLite."""
        return date.isoformat if dialect.name == "sqlite" else None


def within_days(day: ColumnElement[Any], window: Window) -> Conditions:
    """The days of `window`, half-open: a `datetime` late on the last day is still inside."""
    first, after = window.days()
    return [day >= bindparam("date_from", first, Day()), day < bindparam("date_to_exclusive", after, Day())]


def within_numbers(number: ColumnElement[int], name: str, first: int, last: int) -> Conditions:
    """From `first` to `last`, both included; `name` names the parameters."""
    return within_values(number, name, first, last, Integer())


def within_values(value: ColumnElement[Any], name: str, first: Any, last: Any, kind: TypeEngine[Any]) -> Conditions:
    """From `first` to `last` of the column's type `kind`, both included; `name` names the parameters."""
    return [value >= bindparam(f"{name}_from", first, kind), value <= bindparam(f"{name}_to", last, kind)]


def of_sites(site: ColumnElement[str], window: Window, length: int) -> Conditions:
    """One of the sites of `window` in any spelling; no condition where every site is wanted.

    `length` is that of the column, a char or varchar.
    """
    if window.sites is None:
        return []
    codes = [code for code in spellings(window.sites) if len(code) <= length]
    return [compared(site).in_(text_list("sites", codes, length))]


__all__ = ["Conditions", "Day", "of_sites", "within_days", "within_numbers", "within_values"]
