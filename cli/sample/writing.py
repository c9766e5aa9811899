"""Rows of the sample on their way into the embedded warehouse: any number, in batches, with flat memory.

Source: Architecture, "Rules" (reads and writes are bounded).
"""

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, Table

from cli.warehouse_rows import BATCH_ROWS, StoredRow, StoredValue, insert_stored
from shared_code.sql.types import ExactDecimal

SampleRow = Sequence[str | int | None]
"""A value per column of the table, in the table's order. Decimals are hundredths (cents, hundredths of an hour or of
a vehicle), dates and datetimes ISO text."""


class SampleWriter:
    """Collects rows per table and inserts them in batches; `flush` writes what is left.

    Source: Architecture, "Rules".
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._rows: dict[Table, list[StoredRow]] = {}

    def add(self, table: Table, rows: Iterable[SampleRow]) -> None:
        """Takes `rows` of `table`."""
        waiting = self._rows.setdefault(table, [])
        factors = _factors(table)
        waiting.extend(_stored(row, factors) for row in rows)
        if len(waiting) >= BATCH_ROWS:
            self._insert(table, waiting)

    def flush(self) -> None:
        """Writes every row that still waits."""
        for table, waiting in self._rows.items():
            self._insert(table, waiting)

    def _insert(self, table: Table, waiting: list[StoredRow]) -> None:
        insert_stored(self._connection, table, [column.name for column in table.c], waiting)
        waiting.clear()


def _factors(table: Table) -> tuple[int | None, ...]:
    """Per column what makes hundredths the stored integer; None where the value is stored as it is."""
    return tuple(10 ** (c.type.scale - 2) if isinstance(c.type, ExactDecimal) else None for c in table.c)


def _stored(row: SampleRow, factors: tuple[int | None, ...]) -> list[StoredValue]:
    return [
        value * factor if factor is not None and isinstance(value, int) else value
        for value, factor in zip(row, factors, strict=True)
    ]
