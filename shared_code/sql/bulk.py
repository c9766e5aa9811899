"""Many rows in one statement: `executemany` on SQLite, one OPENJSON parameter on SQL Server.

Values are quantised and checked before they are bound: a driver that sees different scales in one column has been
known to store different values.

Source: SQL Server through pyodbc and SQLAlchemy, "Binding".
"""

import json
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from decimal import Decimal
from itertools import islice
from typing import Any

from sqlalchemy import Boolean, Column, Connection, Date, Dialect, LargeBinary, String, Table, Unicode
from sqlalchemy.dialects import mssql

from shared_code.sql.types import (
    EXACT,
    ExactDecimal,
    Identifier,
    UtcTimestamp,
    identifier_text,
    stored_moment,
    text_length,
    timestamp_text,
)

ROWS_PER_STATEMENT = 10_000
"""Rows of one OPENJSON parameter, and of one `executemany`."""

Row = Sequence[Any]
_Converter = Callable[[Sequence[Any]], Sequence[Any]]
"""Takes all values of a column at once."""


class TextTooLongError(ValueError):
    """A text that its column cannot hold whole: its name and the characters that it holds. The text stays out."""

    def __init__(self, column: str, length: int, found: int) -> None:
        super().__init__(f"{column} holds {length} characters, a text has {found}")
        self.column = column
        self.length = length


def insert_rows(connection: Connection, table: Table, columns: Sequence[str], rows: Iterable[Row]) -> int:
    """Insert `rows` (values in the order of `columns`) and return how many there were.

    Raises `ValueError` for a value that its column cannot hold exactly, `TextTooLongError` for a text.
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
            try:
                connection.exec_driver_sql(statement, converted)
            except OverflowError:
                raise ValueError(f"a value for {table.name} does not fit in 64 bits") from None
        count += len(batch)
    return count


def _converted(rows: Sequence[Row], converters: Sequence[_Converter | None]) -> list[tuple[Any, ...]]:
    """Rows as the driver takes them; column by column, because a loop per value is what bulk loading pays for."""
    columns: list[Sequence[Any]] = list(zip(*rows, strict=True))
    for position, convert in enumerate(converters):
        if convert is not None:
            columns[position] = convert(columns[position])
    return list(zip(*columns, strict=True))


def _statement(connection: Connection, table: Table, columns: Sequence[str]) -> str:
    quote = connection.dialect.identifier_preparer.quote
    names = ", ".join(quote(name) for name in columns)
    translate = connection.get_execution_options().get("schema_translate_map") or {}
    schema = translate.get(table.schema, table.schema)
    target = f"{schema}.{table.name}" if schema else table.name
    if connection.dialect.name != "mssql":
        return f"INSERT INTO {target} ({names}) VALUES ({', '.join('?' * len(columns))})"  # noqa: S608 - our own names
    shape = ", ".join(
        f"{quote(name)} {_openjson_type(table.c[name])} '$[{position}]'" for position, name in enumerate(columns)
    )
    values = ", ".join(_openjson_value(table.c[name], quote(name)) for name in columns)
    return f"INSERT INTO {target} ({names}) SELECT {values} FROM OPENJSON(?) WITH ({shape})"  # noqa: S608 - our own names


def _openjson_type(column: Column[Any]) -> str:
    if isinstance(column.type, LargeBinary):
        return f"VARCHAR({2 * (column.type.length or 32)})"
    return column.type.compile(_DIALECT)


def _openjson_value(column: Column[Any], name: str) -> str:
    """Bytes travel as hexadecimal text."""
    if isinstance(column.type, LargeBinary):
        return f"CONVERT(VARBINARY({column.type.length or 32}), {name}, 2)"
    return name


def _sql_server_dialect() -> Dialect:
    dialect: Dialect = mssql.dialect()  # type: ignore[no-untyped-call]
    dialect.server_version_info = (13, 0)
    return dialect


_DIALECT = _sql_server_dialect()


def _converter(column: Column[Any], dialect: str) -> _Converter | None:
    """What makes a column's values ones that the driver (or JSON) takes; None where they are already."""
    kind = column.type
    if isinstance(kind, ExactDecimal):
        return _scaled(kind) if dialect != "mssql" else _each(lambda value: _spelled(kind, value))
    if isinstance(kind, UtcTimestamp):
        suffix = "Z" if dialect != "mssql" else ""
        return _each_kind(lambda value: timestamp_text(stored_moment(value)).removesuffix("Z") + suffix)
    if isinstance(kind, Identifier):
        return _each_kind(identifier_text)
    if isinstance(kind, Date):
        return _each_kind(date.isoformat)
    if isinstance(kind, Boolean):
        return _each(int)
    if isinstance(kind, LargeBinary):
        return None if dialect != "mssql" else _each(bytes.hex)
    if isinstance(kind, String) and kind.length is not None:
        return _measured(column.name, kind.length, text_length if isinstance(kind, Unicode) else len)
    return None


def _each(convert: Callable[[Any], Any]) -> _Converter:
    """Every value converted; null stays null."""
    return lambda values: [None if value is None else convert(value) for value in values]


def _each_kind(convert: Callable[[Any], Any]) -> _Converter:
    """Every value converted, equal ones once: runs, days and moments repeat from row to row."""

    def converted(values: Sequence[Any]) -> Sequence[Any]:
        known = {value: convert(value) for value in set(values) if value is not None}
        return [known.get(value) for value in values]

    return converted


def _scaled(kind: ExactDecimal) -> _Converter:
    """Decimals as scaled integers: a column of plain figures at once, any other figure by figure."""
    scale, surely_fits = kind.scale, 10 ** min(kind.precision, 18)

    def converted(values: Sequence[Any]) -> Sequence[Any]:
        try:
            shifted = [None if value is None else value.scaleb(scale, EXACT) for value in values]
            present = [number for number in shifted if number is not None]
            if present and -surely_fits < min(present) and max(present) < surely_fits:
                scaled = [None if number is None else int(number) for number in shifted]
                if scaled == shifted:
                    return scaled
        except (ArithmeticError, AttributeError):  # no finite decimal
            pass
        return [None if value is None else kind.scaled(value) for value in values]  # raises, and says why

    return converted


def _spelled(kind: ExactDecimal, value: Decimal | int) -> str:
    """A decimal as JSON takes it without loss: a text."""
    return format(Decimal(kind.scaled(value)).scaleb(-kind.scale), "f")


def _measured(name: str, length: int, length_of: Callable[[str], int]) -> _Converter:
    """Texts that their column holds whole; SQL Server would cut them without a word, SQLite would not."""

    def check(values: Sequence[Any]) -> Sequence[Any]:
        for value in set(values):
            # No character counts more than twice.
            if value is not None and 2 * len(value) > length and length_of(value) > length:
                raise TextTooLongError(name, length, length_of(value))
        return values

    return check


__all__ = ["ROWS_PER_STATEMENT", "TextTooLongError", "insert_rows"]
