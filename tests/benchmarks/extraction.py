"""Extraction against a row-by-row loader, and against a bare fetch and bulk insert.

Rows are those of the source. The row-by-row loader copies them as they are, each in a transaction of its own. The
bare way sends the feed's own statement over the same driver and puts what comes into a table of the same columns in
one transaction: no control totals, checks, hashes, staging, comparison, history or events.
"""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from shared_code.services.extraction.extract import extract
from shared_code.services.extraction.feed import SliceRequest
from shared_code.services.runtime import Runtime
from shared_code.sources.warehouse.catalogue import QUERIES
from shared_code.sources.warehouse.connection import open_warehouse
from shared_code.sources.warehouse.window import Window
from tests.benchmarks.measure import Measure, say, timed
from tests.benchmarks.payroll_world import BUSINESS_DATE, DAYS, payroll_world

SINGLE_ROWS = 2_000
"""Rows that the row-by-row loader really copies; its time for all is taken from them."""

BATCH = 10_000


def measures(rows: int = 1_000_000) -> list[Measure]:
    """The payroll feed, the largest; and, only to be seen, the budget, whose query has nothing to add up."""
    with payroll_world(rows) as runtime:
        say(f"extracting {rows:,} paid-hours rows, and the same in two other ways")
        last = BUSINESS_DATE.toordinal() + 1
        days = Window.of_days(BUSINESS_DATE.fromordinal(last - DAYS), BUSINESS_DATE.fromordinal(last))
        found = _compare(runtime, "paid_hours", "vwPAYROLL_SUMMARY", days, at_least=(20, 0.5))
        say("the same for the budget")
        year = Window.of_periods("2026-01", "2026-12")
        return found + _compare(runtime, "budget", "BUDGET_FINAL", year, at_least=(None, None))


def _compare(
    runtime: Runtime, feed: str, source: str, window: Window, at_least: tuple[float | None, float | None]
) -> list[Measure]:
    folder = runtime.settings.edw_sample_path.parent
    engine = open_warehouse(runtime.settings)
    bare_s, delivered = timed(lambda: _bare(engine, feed, window.under(runtime.settings), folder / "bare.db"))
    single_s, copied = timed(lambda: _row_by_row(runtime.settings.edw_sample_path, source, folder / "single.db"))
    ours_s, report = timed(lambda: extract(runtime, SliceRequest(BUSINESS_DATE), feeds=[feed]))
    end = report.outcomes[0].end
    assert end.state == "succeeded", end
    assert end.rows_inserted == delivered, (end, delivered)
    rows = end.rows_read or 0
    label = f"extract {feed}, {rows:,} rows"
    return [
        _measure(f"{label}: row by row", rows / ours_s, copied / single_s, at_least[0]),
        _measure(f"{label}: bare fetch and bulk insert", rows / ours_s, rows / bare_s, at_least[1]),
    ]


def _measure(what: str, ours: float, baseline: float, at_least: float | None) -> Measure:
    return Measure(what, f"{ours:,.0f} rows/s", f"{baseline:,.0f} rows/s", ours / baseline, at_least=at_least)


def _bare(engine: Engine, feed: str, window: Window, target: Path) -> int:
    """Fetch what the feed's statement delivers and insert it in one transaction; returns the rows."""
    query = QUERIES[feed]
    copied = 0
    with closing(_database(target)) as database, engine.connect() as connection:
        columns = ", ".join(column.name for column in query.columns)
        marks = ", ".join("?" * len(query.columns))
        database.execute(f"CREATE TABLE {feed} ({columns})")
        database.execute("BEGIN")
        cursor: Any = connection.execute(query.statement(window)).cursor
        while batch := cursor.fetchmany(BATCH):
            database.executemany(f"INSERT INTO {feed} VALUES ({marks})", batch)
            copied += len(batch)
        database.execute("COMMIT")
    return copied


def _row_by_row(warehouse: Path, source: str, target: Path) -> int:
    """Copy source rows as they are, each in a transaction of its own; returns the rows."""
    with closing(_database(target)) as database, closing(sqlite3.connect(warehouse)) as connection:
        cursor = connection.execute(f'SELECT * FROM "{source}" LIMIT {SINGLE_ROWS}')
        marks = ", ".join("?" * len(cursor.description))
        database.execute(f"CREATE TABLE {source} ({', '.join(f'c{n}' for n in range(len(cursor.description)))})")
        copied = 0
        while row := cursor.fetchone():
            database.execute("BEGIN IMMEDIATE")
            database.execute(f"INSERT INTO {source} VALUES ({marks})", row)
            database.execute("COMMIT")
            copied += 1
    return copied


def _database(path: Path) -> sqlite3.Connection:
    """A database with the durability of the operational one."""
    database = sqlite3.connect(path, isolation_level=None)
    for setting in ("journal_mode = WAL", "synchronous = FULL"):
        database.execute(f"PRAGMA {setting}")
    return database
