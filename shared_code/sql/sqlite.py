"""How SQLite is opened as the operational database.

Source: Data model, "SQLite mapping"; SQL Server through pyodbc and SQLAlchemy, "Writing".
"""

from collections.abc import Callable
from functools import partial

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry

from shared_code.settings import Settings
from shared_code.sql.pool import TrimmedPool

WRITES = "writes"
"""Execution option of a connection that is going to write: its transaction takes the write lock when it begins.

Without it a transaction that reads first and writes later fails when another one wrote in between, whatever the
patience, because what it has read is out of date.
"""

LIGHT = "light"
"""Execution option of a connection that writes what a power cut may undo: its commit does not wait for the disk."""

BUSY_TIMEOUT_S = 5
"""Seconds that a transaction waits for another one's lock."""

NO_SCHEMAS: dict[str | None, str | None] = dict.fromkeys(("forecasting", "integration", "staging", "archive"))
"""SQLite has no schemas: tables of all four stand in one file under their own names."""

_AT_CONNECT = (
    f"PRAGMA busy_timeout = {BUSY_TIMEOUT_S * 1000}",
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
)


def sqlite_engine(url: URL, settings: Settings) -> Engine:
    """An engine on the SQLite file of `url`; readers never wait for a writer, writers wait for each other.

    Source: Data model, "SQLite mapping".
    """
    is_file = bool(url.database) and url.database != ":memory:" and "mode=memory" not in str(url.database)
    pool = (
        {
            "poolclass": TrimmedPool,
            "pool_size": settings.db_pool_max,
            "max_overflow": 0,
            "pool_timeout": settings.db_pool_acquire_s,
            "pool_use_lifo": True,
        }
        if is_file
        else {}
    )
    engine = create_engine(
        url,
        hide_parameters=True,  # an error is logged, and its values may be pay
        connect_args={"timeout": BUSY_TIMEOUT_S},
        execution_options={"schema_translate_map": NO_SCHEMAS},
        **pool,
    )
    if isinstance(engine.pool, TrimmedPool):
        engine.pool.trim(settings.db_pool_min, settings.db_pool_idle_s)
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine


def _prepare(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    # The driver's own BEGIN comes late (not before SELECT or CREATE TABLE): the engine begins transactions itself.
    connection.isolation_level = None
    for statement in _AT_CONNECT:
        connection.execute(statement).close()
    # Its own functions know the English alphabet only: `É` would not be found as `é`, as it is on SQL Server.
    for name, in_case in (("lower", str.lower), ("upper", str.upper)):
        connection.create_function(name, 1, partial(_with_case, in_case), deterministic=True)


def _with_case(in_case: Callable[[str], str], value: str | int | float | None) -> str | None:
    """A value as text in that case; nothing stays nothing."""
    return None if value is None else in_case(str(value))


def _begin(connection: Connection) -> None:
    options = connection.get_execution_options()
    if not options.get(WRITES, False):
        connection.exec_driver_sql("BEGIN")
        return
    # FULL waits for the disk at every commit: a save that was acknowledged survives a killed process (NORMAL does for
    # that) and also a power cut. The price is one disk flush per commit.
    level = "NORMAL" if options.get(LIGHT, False) else "FULL"
    if connection.info.get("synchronous", "FULL") != level:
        _set_level(connection, level)
        connection.info["synchronous"] = level
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _set_level(connection: Connection, level: str) -> None:
    """How a commit waits for the disk: a state of the connection, and no statement of the work that goes over it."""
    driver = connection.connection.driver_connection
    assert driver is not None, "the connection is open"
    driver.execute(f"PRAGMA synchronous = {level}").close()


__all__ = ["BUSY_TIMEOUT_S", "LIGHT", "NO_SCHEMAS", "WRITES", "sqlite_engine"]
