"""`townepark warehouse import`: a CSV in a warehouse table's shape becomes rows of the embedded warehouse.

Source: Architecture, "The command line".
"""

import csv
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Table
from sqlalchemy.exc import DatabaseError

from cli.failures import in_words
from cli.warehouse_rows import Progress, StoredRow, insert_stored
from cli.warehouse_values import Parser, parser_of
from shared_code.errors import ConfigurationError, InvalidInputError, NotFoundError, TransientError
from shared_code.sources.warehouse.embedded import create_objects, embedded_engine
from shared_code.sources.warehouse.objects import METADATA
from shared_code.sql.transient import fault_of

if TYPE_CHECKING:
    from _csv import Reader

_PROGRESS_ROWS = 10_000
_SHOWN_CHARACTERS = 80


@dataclass(frozen=True, slots=True)
class ImportResult:
    """What an import did: the table's own name, the rows appended, and the columns the file did not have (now null)."""

    table: str
    rows: int
    columns_missing: tuple[str, ...]


def import_csv(warehouse: Path, table_name: str, csv_path: Path, *, progress: Progress | None = None) -> ImportResult:
    """Appends the rows of `csv_path` to `table_name` of the embedded warehouse in the file `warehouse`.

    The file and its objects are made when missing. The CSV is UTF-8 with commas; its first line names columns of
    the table, in any case and order. Decimals and dates are kept exactly as written, dates are `YYYY-MM-DD`, a
    blank field is null, and so is `NULL` where a number or a date belongs. Either every row is imported or none.
    `progress` is told the bytes read. Memory holds one batch of rows.

    Raises `InvalidInputError` for an unknown table or column, a line of the wrong length or a value that the column
    cannot hold, always with line, column and value; `NotFoundError` when the CSV is missing; `TransientError` when
    another writer holds the warehouse; `ConfigurationError` when its file is no database or may not be written.

    Source: Architecture, "The command line".
    """
    table = _table_named(table_name)
    with _open_csv(csv_path) as file:
        lines = csv.reader(file, strict=True)
        columns = _columns_of_header(table, _header(lines, csv_path))
        rows = _stored_rows(lines, [(name, parser_of(table.c[name])) for name in columns])
        if progress is not None:
            rows = _reported(rows, table.name, file, progress)
        imported = _append(warehouse, table, columns, rows)
    return ImportResult(table.name, imported, tuple(c.name for c in table.c if c.name not in columns))


def _append(warehouse: Path, table: Table, columns: Sequence[str], rows: Iterator[StoredRow]) -> int:
    engine = embedded_engine(warehouse, read_only=False)
    try:
        create_objects(engine)
        with engine.begin() as connection:
            return insert_stored(connection, table, columns, rows)
    except DatabaseError as error:
        place = f"The embedded warehouse {warehouse} could not be written"
        if fault_of(error).is_transient:
            raise TransientError(f"{place}: another writer holds it. Nothing was imported.") from error
        raise ConfigurationError(f"{place}. {in_words(error)} Nothing was imported.") from error


def _table_named(name: str) -> Table:
    """The object `name`, in any case, with or without its database (`TP_LEGION.dbo.vwPAYROLL_SUMMARY`)."""
    tables = {table.name.upper(): table for table in METADATA.sorted_tables}
    table = tables.get(name.strip().rpartition(".")[2].upper())
    if table is None:
        accepted = ", ".join(sorted(t.name for t in tables.values()))
        raise InvalidInputError(f"{_shown(name)} is no table of the warehouse. Accepted: {accepted}.", field="table")
    return table


@contextmanager
def _open_csv(path: Path) -> Iterator[TextIOWrapper]:
    """The text of the file, without a byte-order mark."""
    if not path.exists():
        raise NotFoundError(f"There is no file {path}.")
    if not path.is_file():
        raise InvalidInputError(f"{path} is not a file.", field="file")
    with path.open("r", encoding="utf-8-sig", newline="") as file:
        try:
            yield file
        except UnicodeDecodeError:
            raise InvalidInputError(
                f"{path.name} is not UTF-8 text. Save it as CSV in UTF-8. Nothing was imported.", field="file"
            ) from None


def _header(lines: "Reader", path: Path) -> list[str]:
    try:
        return [name.strip() for name in next(lines)]
    except StopIteration:
        raise InvalidInputError(f"{path.name} is empty: its first line must name the columns.", field="file") from None
    except csv.Error as error:
        raise _unreadable(1, error) from None


def _columns_of_header(table: Table, header: Sequence[str]) -> list[str]:
    own_names = {column.name.upper(): column.name for column in table.c}
    columns: list[str] = []
    for name in header:
        own_name = own_names.get(name.upper())
        if own_name is None:
            raise InvalidInputError(
                f"{_shown(name)} is no column of {table.name}. Accepted: {', '.join(own_names.values())}.",
                field=name,
            )
        if own_name in columns:
            raise InvalidInputError(f"The header names the column {own_name} twice.", field=own_name)
        columns.append(own_name)
    return columns


def _stored_rows(lines: "Reader", parsers: Sequence[tuple[str, Parser]]) -> Iterator[StoredRow]:
    line = lines.line_num + 1
    while (fields := _next_record(lines, line)) is not None:
        if fields:
            yield _stored_row(fields, parsers, line)
        line = lines.line_num + 1


def _next_record(lines: "Reader", line: int) -> list[str] | None:
    try:
        return next(lines, None)
    except csv.Error as error:
        raise _unreadable(line, error) from None


def _stored_row(fields: Sequence[str], parsers: Sequence[tuple[str, Parser]], line: int) -> StoredRow:
    if len(fields) != len(parsers):
        raise InvalidInputError(
            f"Line {line} has {len(fields)} fields, the header names {len(parsers)}. Nothing was imported.",
            details={"line": line},
        )
    row = []
    for (column, parse), text in zip(parsers, fields, strict=True):
        try:
            row.append(parse(text))
        except ValueError as error:
            raise InvalidInputError(
                f"Line {line}, column {column}: {_shown(text)} {error}. Nothing was imported.",
                field=column,
                details={"line": line, "column": column, "value": text[:_SHOWN_CHARACTERS]},
            ) from None
    return row


def _unreadable(line: int, error: csv.Error) -> InvalidInputError:
    return InvalidInputError(
        f"Line {line} is not CSV: {error}. Nothing was imported.", field="file", details={"line": line}
    )


def _reported(rows: Iterator[StoredRow], label: str, file: TextIOWrapper, progress: Progress) -> Iterator[StoredRow]:
    size = os.fstat(file.fileno()).st_size
    for number, row in enumerate(rows, start=1):
        if number % _PROGRESS_ROWS == 0:
            progress(label, os.lseek(file.fileno(), 0, os.SEEK_CUR), size)
        yield row
    progress(label, size, size)


def _shown(text: str) -> str:
    """`text` in quotes, cut where it would fill the screen."""
    return repr(text if len(text) <= _SHOWN_CHARACTERS else text[:_SHOWN_CHARACTERS] + "…")
