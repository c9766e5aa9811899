"""A small world to extract from: an embedded warehouse, an operational database, a clock, and the runs of feeds."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from shutil import copyfile
from typing import Any

from sqlalchemy import Column, ColumnElement, Table, delete, event, insert, select

from shared_code.clock import FixedClock
from shared_code.services.extraction.extract import extract
from shared_code.services.extraction.feed import SliceRequest
from shared_code.services.extraction.run import Order, RunOutcome
from shared_code.services.runtime import Runtime
from shared_code.settings import Settings
from shared_code.sources.warehouse.embedded import create_objects, embedded_engine
from shared_code.sources.warehouse.objects import master_non_financial
from shared_code.storage.tables.messages import cache_versions, outbox_messages
from shared_code.storage.tables.runs import sync_rejects

TUESDAY = date(2025, 6, 10)
NOON = datetime(2025, 6, 10, 12, tzinfo=UTC)

Row = dict[str, Any]


class World:
    """Rows go into the warehouse, feeds run, and what they published is looked at."""

    def __init__(self, folder: Path, migrated: Path, **settings: Any) -> None:
        """`migrated` is an empty operational database, which is copied."""
        self.clock = FixedClock(NOON)
        copyfile(migrated, folder / "forecasting.db")
        self._warehouse = embedded_engine(folder / "warehouse.db", read_only=False)
        create_objects(self._warehouse)
        files: dict[str, Any] = {
            "environment_name": "test",
            "db_primary_connection": f"sqlite:///{folder / 'forecasting.db'}",
            "edw_sample_path": folder / "warehouse.db",
        }
        self.runtime = Runtime(Settings(**files | settings), self.clock)

    def deliver(self, table: Table, *rows: Row) -> None:
        """Add rows to a warehouse object; columns that a row leaves out are null."""
        columns = {name for row in rows for name in row}
        with self._warehouse.begin() as connection:
            connection.execute(insert(table), [dict.fromkeys(columns) | row for row in rows])

    def withdraw(self, table: Table, *conditions: ColumnElement[bool]) -> None:
        """Take rows out of a warehouse object."""
        with self._warehouse.begin() as connection:
            connection.execute(delete(table).where(*conditions))

    def drop_column(self, column: Column[Any]) -> None:
        """Take a column away from a warehouse object, as in an installation that never had it."""
        with self._warehouse.begin() as connection:
            connection.exec_driver_sql(f'ALTER TABLE "{column.table.name}" DROP COLUMN "{column.name}"')

    def know_sites(self, *site_ids: str) -> None:
        """Make sites known to the product."""
        self.withdraw(master_non_financial)
        self.deliver(master_non_financial, *[{"SITE": site_id, "SITE_NAME": f"Site {site_id}"} for site_id in site_ids])
        self.run("sites")

    def run_all(
        self, feed: str, as_of: date = TUESDAY, *, stretch: tuple[date, date] | None = None, lift: bool = False
    ) -> list[RunOutcome]:
        """Run the slices of a feed, an hour after whatever ran before."""
        self.clock.moment += timedelta(hours=1)
        request = SliceRequest(as_of, *(stretch or (None, None)))
        report = extract(self.runtime, request, feeds=[feed], order=Order(lift_empty_guard=lift))
        return list(report.outcomes)

    def run(self, feed: str, as_of: date = TUESDAY, *, lift: bool = False) -> RunOutcome:
        """Run a feed that has one slice."""
        (outcome,) = self.run_all(feed, as_of, lift=lift)
        return outcome

    def published(self, table: Table, *columns: str, where: ColumnElement[bool] | None = None) -> list[Any]:
        """Rows of an operational table in order: tuples of `columns`, or the values of a single one."""
        chosen = [table.c[name] for name in columns]
        query = select(*chosen).order_by(*chosen)
        with self.runtime.database.reading() as connection:
            rows = connection.execute(query if where is None else query.where(where)).all()
        return [row[0] if len(chosen) == 1 else tuple(row) for row in rows]

    def write(self, table: Table, *rows: Row) -> None:
        """Add rows to an operational table."""
        with self.runtime.database.writing() as connection:
            connection.execute(insert(table), list(rows))

    def execute(self, statement: Any) -> None:
        """Change the operational database."""
        with self.runtime.database.writing() as connection:
            connection.execute(statement)

    def rejects(self, outcome: RunOutcome) -> list[tuple[str, str | None]]:
        """Reason and field of the refused rows of a run."""
        return self.published(
            sync_rejects, "reason_code", "field", where=sync_rejects.c.sync_run_id == outcome.sync_run_id
        )

    def events(self) -> list[tuple[str, str, str]]:
        """Destination, subject and site of what waits to be sent."""
        return self.published(outbox_messages, "destination", "subject", "session_id")

    def inputs_versions(self) -> dict[str, int]:
        """How often the inputs of each site-year have changed, by `SITE:YEAR`."""
        rows = self.published(cache_versions, "tag", "version", where=cache_versions.c.tag.startswith("inputs:"))
        return {tag.removeprefix("inputs:"): version for tag, version in rows}

    @contextmanager
    def counted_statements(self) -> Iterator[list[str]]:
        """The statements that the operational database executes while the block runs."""
        seen: list[str] = []

        def note(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
            seen.append(statement)

        engine = self.runtime.database.engine
        event.listen(engine, "before_cursor_execute", note)
        try:
            yield seen
        finally:
            event.remove(engine, "before_cursor_execute", note)

    def close(self) -> None:
        """Give every connection back."""
        self._warehouse.dispose()
        self.runtime.close()
