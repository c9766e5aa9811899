"""Rows of mapping tables and single columns of masters, as administrators keep them.

Source: Data model, "Reference data that no feed brings".
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from functools import reduce
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Row, String, Table, delete, select, type_coerce, update

from shared_code.sql.bulk import insert_rows
from shared_code.sql.lists import in_list
from shared_code.storage import stamps

SEPARATOR = "\x1f"
"""Between the parts of a key; no key contains it."""

ROWS_PER_FETCH = 5_000

_STAMP = ("created_at", "created_by", "updated_at", "updated_by", "version")


def rows_of(
    connection: Connection,
    table: Table,
    columns: Sequence[str],
    order: Sequence[str],
    first_keys: Collection[str] | None,
) -> Iterable[Row[Any]]:
    """The rows of `table` whose first `columns` value is one of `first_keys` (None: all), in the order of `order`.

    Each row has the columns, then `version`, `created_at` and `created_by`. Rows that are asked for by key stay as they
    are until the transaction ends.
    """
    statement = select(*[table.c[name] for name in (*columns, "version", "created_at", "created_by")])
    statement = statement.order_by(*[table.c[name] for name in order])
    if first_keys is not None:
        locked = statement.with_hint(table, "WITH (UPDLOCK, HOLDLOCK)", "mssql")
        statement = locked.where(in_list(table.c[columns[0]], first_keys))
    return connection.execute(statement, execution_options={"yield_per": ROWS_PER_FETCH})


def existing(connection: Connection, column: Column[Any], values: Iterable[str]) -> set[str]:
    """Which of `values` the column has."""
    return set(connection.scalars(select(column).where(in_list(column, set(values))).distinct()))


def add_rows(
    connection: Connection,
    table: Table,
    columns: Sequence[str],
    rows: Iterable[Sequence[Any]],
    user_id: str,
    now: datetime,
) -> None:
    """New rows, values in the order of `columns`."""
    stamp = tuple(stamps.inserted(user_id, now).values())
    insert_rows(connection, table, (*columns, *_STAMP), [(*row, *stamp) for row in rows])


def replace_rows(
    connection: Connection,
    table: Table,
    columns: Sequence[str],
    key_length: int,
    rows: Sequence[tuple[Sequence[Any], Row[Any]]],
    user_id: str,
    now: datetime,
) -> None:
    """Other values for rows that are there: the values in the order of `columns`, and the row as it was read.

    They are taken out and entered again, which is two statements for any number of rows; who made a row and when
    stays, its version grows by one.
    """
    delete_rows(connection, table, columns[:key_length], [values[:key_length] for values, _ in rows])
    stamped = [(*values, was.created_at, was.created_by, now, user_id, was.version + 1) for values, was in rows]
    insert_rows(connection, table, (*columns, *_STAMP), stamped)


def delete_rows(connection: Connection, table: Table, key: Sequence[str], keys: Iterable[Sequence[str]]) -> None:
    """Take rows out by their `key` columns."""
    connection.execute(delete(table).where(_key_in(table, key, keys)))


def set_column(
    connection: Connection,
    table: Table,
    key: Sequence[str],
    column: str,
    keys_by_value: Mapping[Any, Iterable[Sequence[str]]],
    user_id: str,
    now: datetime,
) -> None:
    """Give `column` new values: one statement for each value, whatever the number of rows that get it."""
    for value, keys in keys_by_value.items():
        connection.execute(
            update(table)
            .where(_key_in(table, key, keys))
            .values({column: value, **stamps.updated(table, user_id, now)})
        )


def joined_key(parts: Sequence[ColumnElement[str]]) -> ColumnElement[str]:
    """The parts of a key as one text, of a type that is wide enough for all of them."""
    return type_coerce(reduce(lambda left, right: left + SEPARATOR + right, parts), String(600))


def _key_in(table: Table, key: Sequence[str], keys: Iterable[Sequence[str]]) -> ColumnElement[bool]:
    """The rows of these keys; the first column is named by itself too, so that an index can find them."""
    wanted = [tuple(parts) for parts in keys]
    first = in_list(table.c[key[0]], {parts[0] for parts in wanted})
    if len(key) == 1:
        return first
    whole = joined_key([table.c[name] for name in key])
    return first & in_list(whole, {SEPARATOR.join(parts) for parts in wanted})
