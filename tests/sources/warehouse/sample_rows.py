"""An embedded warehouse with exactly the rows that a test shows."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import Table, insert

from shared_code.settings import Settings
from shared_code.sources.warehouse.embedded import create_objects, embedded_engine
from shared_code.sources.warehouse.query import ControlTotals, FeedQuery
from shared_code.sources.warehouse.reader import WarehouseReader
from shared_code.sources.warehouse.window import Window

Rows = Sequence[Sequence[Any]]


def reader_on(path: Path, rows: Mapping[Table, Rows], columns: str = "") -> WarehouseReader:
    """A reader of a new warehouse in `path` that holds `rows`; `columns` names what they give, all columns without."""
    engine = embedded_engine(path, read_only=False)
    create_objects(engine)
    with engine.begin() as connection:
        for table, values in rows.items():
            names = columns.split() or [column.name for column in table.columns]
            for row in values:
                connection.execute(insert(table), dict(zip(names, map(exact, row), strict=True)))
    return WarehouseReader(embedded_engine(path), Settings())


def exact(value: Any) -> Any:
    """`value`, a float written in a test for a decimal as that decimal."""
    return Decimal(str(value)) if isinstance(value, float) else value


def read(reader: WarehouseReader, query: FeedQuery, window: Window) -> list[tuple[Any, ...]]:
    """Every row of the query."""
    return [row for batch in reader.batches(query, window) for row in batch]


def named(query: FeedQuery, row: Sequence[Any]) -> dict[str, Any]:
    """The values of a row that are there, by column."""
    return {column.name: value for column, value in zip(query.columns, row, strict=False) if value is not None}


def flaws(reader: WarehouseReader, query: FeedQuery, window: Window) -> list[tuple[str, str | None]]:
    """Field and raw text of the incomplete rows."""
    return [(row[-2], row[-1]) for batch in reader.incomplete_batches(query, window) for row in batch]


def assert_sums_add_up(reader: WarehouseReader, query: FeedQuery, window: Window) -> ControlTotals:
    """Rows that were read and incomplete rows make up the control sums; the totals."""
    totals = reader.read_control(query, window)
    assert totals is not None
    rows = [named(query, row) for row in read(reader, query, window)]
    sums = {
        column.name: sum((row.get(column.name, Decimal(0)) for row in rows), Decimal(0)) for column in query.measures
    }
    assert totals.unexplained(sums) == {}
    incomplete = [named(query, row) for batch in reader.incomplete_batches(query, window) for row in batch]
    assert len(incomplete) == totals.rows - totals.complete_rows
    for name, amount in totals.incomplete_sums.items():
        assert sum((row.get(name, Decimal(0)) for row in incomplete), Decimal(0)) == amount
    return totals
