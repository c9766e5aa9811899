"""A database at a moment, with rows of any age in any table."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Table, func, insert, select

from shared_code.clock import FixedClock
from shared_code.services.runtime import Runtime
from tests.support.example_rows import example_row
from tests.support.operational import empty_database, settings_of


class AgedRuntime(Runtime):
    """The app at a moment that a test moves."""

    clock: FixedClock

    def put(self, table: Table, *rows: dict[str, Any]) -> None:
        """Rows of `table`: what they do not name is an example. What they refer to may come with them."""
        with self.database.writing() as connection:
            connection.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
            for row in rows:
                connection.execute(insert(table), [{**example_row(table), **row}])

    def count(self, table: Table) -> int:
        """How many rows `table` has."""
        with self.database.reading() as connection:
            return connection.execute(select(func.count()).select_from(table)).scalar_one()

    def values(self, table: Table, column: str) -> list[Any]:
        """The values of a column, in their order."""
        with self.database.reading() as connection:
            return list(connection.execute(select(table.c[column]).order_by(table.c[column])).scalars())


@contextmanager
def aged_runtime(folder: Path, moment: datetime) -> Iterator[AgedRuntime]:
    """The app on an empty database in `folder`, at `moment`."""
    path = folder / "forecasting.db"
    path.write_bytes(empty_database())
    app = AgedRuntime(settings_of(path), FixedClock(moment))
    try:
        yield app
    finally:
        app.close()
