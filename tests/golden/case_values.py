"""Reading what a case is given: decimals, dates, and rows that hold for a day or for a range of days."""

from collections.abc import Callable, Iterable, Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, TypeVar

from shared_code.domain.rounding import ZERO

Given = Mapping[str, Any]
"""A mapping of a case; a missing field means the same as null."""

Value = TypeVar("Value")


def read_number(given: Given, name: str) -> Decimal | None:
    """The field as a decimal, None where it is missing or null."""
    return read_as(Decimal, given, name)


def read_amount(given: Given, name: str) -> Decimal:
    """The field as a decimal, 0 where it is missing or null."""
    return read_number(given, name) or ZERO


def read_date(given: Given, name: str) -> date | None:
    """The field as a date, None where it is missing or null."""
    return read_as(date.fromisoformat, given, name)


def read_as(convert: Callable[[str], Value], given: Given, name: str) -> Value | None:
    """The field through `convert`, None where it is missing or null."""
    value = given.get(name)
    return None if value is None else convert(value)


def read_decimals(values: Given | None) -> dict[str, Decimal]:
    """A mapping of numbers, without those that are null."""
    return {name: Decimal(value) for name, value in (values or {}).items() if value is not None}


def read_rows(given: Given, name: str) -> list[Given]:
    """A list of mappings, empty where it is missing or null."""
    return given.get(name) or []


def expand_days(rows: Iterable[Given], *key: str) -> list[dict[str, Any]]:
    """The rows day by day, one per date and `key`; a later row replaces what an earlier one says of the same field."""
    merged: dict[tuple[Any, ...], dict[str, Any]] = {}
    for row in rows:
        first = date.fromisoformat(row.get("from") or row["date"])
        last = date.fromisoformat(row.get("to") or row["date"])
        values = {name: value for name, value in row.items() if name not in {"from", "to", "date"}}
        for offset in range((last - first).days + 1):
            day = first + timedelta(days=offset)
            merged.setdefault((day, *(row[name] for name in key)), {"day": day}).update(values)
    return list(merged.values())
