"""Many rows in one statement: `executemany` on SQLite, one OPENJSON parameter on SQL Server.

Values are quantised and checked before they are bound: a driver that sees different scales in one column has been
known to store different values.

Source: SQL Server through pyodbc and SQLAlchemy, "Binding".
"""

import json
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date
from decimal import Decimal
from itertools import islice
from typing import Any

from sqlalchemy import Boolean, Column, Connection, Date, Dialect, LargeBinary, Table
from sqlalchemy.dialects import mssql

from shared_code.sql.types import ExactDecimal, UtcTimestamp, scaled_integer, timestamp_text

ROWS_PER_STATEMENT = 10_000
"""Rows of one OPENJSON parameter, and of one `executemany`."""

Row = Sequence[Any]
_Converter = Callable[[Any], Any]


def insert_rows(connection: Connection, table: Table, columns: Sequence[str], rows: Iterable[Row]) -> int:
    """Insert `rows` (values in the order of `columns`) and return how many there were.

    Raises `ValueError` for a value that its column cannot hold exactly.
    """
    converters = [_converter(table.c[name], connection.dialect.name) for name in columns]
    pending = iter(rows)
    count = 0
    statement = _statement(connection, table, columns)
    while batch := list(islice(pending, ROWS_PER_STATEMENT)):
        converted = _converted(batch, converters)
        if connection.dialect.name == "mssql":
            connection.exec_driver_sql(statement, (json.dumps(converted, separators=(",", ":")),))
        else:
            connection.exec_driver_sql(statement, converted)
        count += len(batch)
    return count


def _converted(rows: Sequence[Row], converters: Sequence[_Converter | None]) -> list[tuple[Any, ...]]:
    """Rows as the driver takes them; column by column, because a loop per value is what bulk loading pays for."""
    columns: list[Iterable[Any]] = list(zip(*rows, strict=True))
    for position, convert in enumerate(converters):
        if convert is not None:
            columns[position] = [None if value is None else convert(value) for value in columns[position]]
    return list(zip(*columns, strict=True))


def _statement(connection: Connection, table: Table, columns: Sequence[str]) -> str:
    names = ", ".join(columns)
    translate = connection.get_execution_options().get("schema_translate_map") or {}
    schema = translate.get(table.schema, table.schema)
    target = f"{schema}.{table.name}" if schema else table.name
    if connection.dialect.name != "mssql":
        return f"INSERT INTO {target} ({names}) VALUES ({', '.join('?' * len(columns))})"  # noqa: S608 - our own names
    shape = ", ".join(
        f"{name} {_openjson_type(table.c[name])} '$[{position}]'" for position, name in enumerate(columns)
    )
    values = ", ".join(_openjson_value(table.c[name]) for name in columns)
    return f"INSERT INTO {target} ({names}) SELECT {values} FROM OPENJSON(?) WITH ({shape})"  # noqa: S608 - our own names


def _openjson_type(column: Column[Any]) -> str:
    if isinstance(column.type, LargeBinary):
        return f"varchar({2 * (column.type.length or 32)})"
    return column.type.compile(_DIALECT)


def _openjson_value(column: Column[Any]) -> str:
    if isinstance(column.type, LargeBinary):
        return f"CONVERT(varbinary({column.type.length or 32}), {column.name}, 2)"
    return column.name


def _sql_server_dialect() -> Dialect:
    dialect: Dialect = mssql.dialect()  # type: ignore[no-untyped-call]
    dialect.server_version_info = (13, 0)
    return dialect


_DIALECT = _sql_server_dialect()


def _converter(column: Column[Any], dialect: str) -> _Converter | None:
    """What makes a Python value one that the driver (or JSON) takes; None where it is one already."""
    kind = column.type
    if isinstance(kind, ExactDecimal):
        scale = kind.scale
        return _scaled(scale) if dialect != "mssql" else lambda value: format(kind.quantize(value), "f")
    if isinstance(kind, UtcTimestamp):
        suffix = "Z" if dialect != "mssql" else ""
        return lambda value: timestamp_text(value.astimezone(UTC)).removesuffix("Z") + suffix
    if isinstance(kind, Date):
        return date.isoformat
    if isinstance(kind, Boolean):
        return int
    if isinstance(kind, LargeBinary):
        return None if dialect != "mssql" else bytes.hex
    return None


def _scaled(scale: int) -> _Converter:
    """Decimals of this scale as integers; the common case, a decimal that has just this scale, is taken quickly."""

    def convert(value: Decimal | int) -> int:
        if isinstance(value, Decimal):
            shifted = value.scaleb(scale)
            number = int(shifted)
            if number == shifted and -(2**63) <= number < 2**63:
                return number
        return scaled_integer(value, scale)

    return convert


__all__ = ["ROWS_PER_STATEMENT", "insert_rows"]
