"""Rows on their way into the embedded warehouse, in batches and in the form that SQLite stores.

Source: Source side, "Rules for every T-SQL read"; Data model, "SQLite mapping".
"""

from collections.abc import Callable, Iterable, Sequence
from itertools import islice

from sqlalchemy import Connection, Table

BATCH_ROWS = 10_000
"""Rows of one insert; what lies in memory at a time."""

StoredValue = str | int | None
"""Text, an integer, a decimal as value × 10^scale, a date or datetime as ISO text."""

StoredRow = Sequence[StoredValue]
"""One row: a value per named column, in their order."""

Progress = Callable[[str, int, int], None]
"""Told what is being done, how much of it is done, and how much there is."""


def insert_stored(connection: Connection, table: Table, columns: Sequence[str], rows: Iterable[StoredRow]) -> int:
    """Appends `rows` to `table` through a writing connection and gives their number.

    `columns` are the table's own; those not named become null. Values are stored as they are: whoever builds
    them has already checked and scaled them. Memory holds one batch, whatever the number of rows.

    Source: Source side, "Rules for every T-SQL read".
    """
    names = ", ".join(f'"{table.c[column].name}"' for column in columns)
    places = ", ".join("?" for _ in columns)
    statement = f'INSERT INTO "{table.name}" ({names}) VALUES ({places})'  # noqa: S608 - names of our own definitions
    stream = iter(rows)
    count = 0
    while batch := [tuple(row) for row in islice(stream, BATCH_ROWS)]:
        connection.exec_driver_sql(statement, batch)
        count += len(batch)
    return count
