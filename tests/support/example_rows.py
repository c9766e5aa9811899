"""A row for any table of the metadata that satisfies its keys and checks, for tests that need every table filled."""

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Boolean, CheckConstraint, Column, Date, Integer, LargeBinary, Table

from shared_code.sql.types import ExactDecimal, Identifier, UtcTimestamp

_CLOSED_LIST = re.compile(r"(\w+) IN \('([^']*)'")
_PERIOD = re.compile(r"(\w+) GLOB '\[12\]")
_JSON = re.compile(r"json_valid\((\w+)\)")


def example_row(table: Table) -> dict[str, Any]:
    """A value for every column of `table` that the database does not fill itself."""
    return {
        column.name: _example(column)
        for column in table.columns
        if column.computed is None and not (column.autoincrement is True and column.primary_key)
    }


def _example(column: Column[Any]) -> Any:
    for key in column.foreign_keys:
        if key.column.autoincrement is True and key.column.primary_key:
            return 1  # the first row of the table that numbers its rows itself
        return _example(key.column)
    kind = column.type
    if isinstance(kind, ExactDecimal):
        return Decimal(1) if kind.scale < kind.precision else Decimal("0.5")
    if isinstance(kind, UtcTimestamp):
        return datetime(2025, 1, 31, 12, 30, tzinfo=UTC)
    if isinstance(kind, Identifier):
        return "0196aaaa-0000-7000-8000-000000000001"
    if isinstance(kind, Date):
        return date(2025, 1, 31)
    if isinstance(kind, Boolean):
        return True
    if isinstance(kind, Integer):
        return 1
    if isinstance(kind, LargeBinary):
        return b"\x00\xff"
    return _example_text(column)


def _example_text(column: Column[Any]) -> str:
    for text in _checks(column.table):
        if (listed := _CLOSED_LIST.search(text)) and listed[1] == column.name:
            return listed[2]
        if (period := _PERIOD.match(text)) and period[1] == column.name:
            return "2025-01"
        if (json := _JSON.search(text)) and json[1] == column.name:
            return "{}"
    return "EXAMPLE"[: getattr(column.type, "length", None) or 7]


def _checks(table: Any) -> list[str]:
    return [str(check.sqltext) for check in table.constraints if isinstance(check, CheckConstraint)]
