"""An operational database of the newest schema in a file of its own, made quickly."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import Dialect, event
from sqlalchemy.dialects import mssql

from shared_code.clock import FixedClock
from shared_code.settings import Settings
from shared_code.sql.engine import operational_engine
from shared_code.storage import schema
from shared_code.storage.database import Database

NOON = datetime(2025, 6, 10, 12, tzinfo=UTC)
NO_RUN = "00000000-0000-0000-0000-000000000000"


class SteppedDatabase(Database):
    """A database whose clock stands still until a test moves it."""

    clock: FixedClock


@contextmanager
def operational_database(folder: Path, moment: datetime = NOON) -> Iterator[SteppedDatabase]:
    """A database with the newest schema and nothing else in `folder`, at `moment`."""
    path = folder / "forecasting.db"
    path.write_bytes(empty_database())
    database = SteppedDatabase(operational_engine(settings_of(path)), FixedClock(moment))
    try:
        yield database
    finally:
        database.engine.dispose()


def settings_of(path: Path, **others: Any) -> Settings:
    """The settings of an installation whose operational database is the file at `path`."""
    return Settings(environment_name="test", db_primary_connection=f"sqlite:///{path}", **others)


@cache
def empty_database() -> bytes:
    """The file of a database with the newest schema, made once a process."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "empty.db"
        engine = operational_engine(settings_of(path))
        schema.upgrade(engine)
        engine.dispose()
        return path.read_bytes()


@contextmanager
def executed_statements(database: Database) -> Iterator[list[Any]]:
    """The SQLAlchemy statements that the block executes, to be compiled for another dialect."""
    seen: list[Any] = []

    def note(connection: Any, statement: Any, *rest: Any) -> None:
        seen.append(statement)

    event.listen(database.engine, "before_execute", note)
    try:
        yield seen
    finally:
        event.remove(database.engine, "before_execute", note)


def sql_server() -> Dialect:
    """The dialect of the oldest server that the product runs on."""
    dialect: Dialect = mssql.dialect()  # type: ignore[no-untyped-call]
    dialect.server_version_info = (13, 0)
    # What it does by itself once it is connected; without it, it writes for servers that know no OFFSET and FETCH.
    dialect._setup_version_attributes()  # type: ignore[attr-defined]
    return dialect


def t_sql(statement: Any) -> str:
    """A statement as SQL Server would get it."""
    return str(statement.compile(dialect=sql_server()))
