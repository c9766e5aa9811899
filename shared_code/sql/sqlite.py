"""How SQLite is opened as the operational database.

Source: Data model, "SQLite mapping"; SQL Server through pyodbc and SQLAlchemy, "Writing".
"""

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry, QueuePool

from shared_code.settings import Settings

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
            "poolclass": QueuePool,
            "pool_size": settings.db_pool_min,
            "max_overflow": settings.db_pool_max - settings.db_pool_min,
            "pool_timeout": settings.db_pool_acquire_s,
        }
        if is_file
        else {}
    )
    engine = create_engine(
        url,
        connect_args={"timeout": BUSY_TIMEOUT_S},
        execution_options={"schema_translate_map": NO_SCHEMAS},
        **pool,
    )
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine


def _prepare(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    # The driver's own BEGIN comes late (not before SELECT or CREATE TABLE): the engine begins transactions itself.
    connection.isolation_level = None
    for statement in _AT_CONNECT:
        connection.execute(statement).close()


def _begin(connection: Connection) -> None:
    options = connection.get_execution_options()
    if not options.get(WRITES, False):
        connection.exec_driver_sql("BEGIN")
        return
    # FULL waits for the disk at every commit: a save that was acknowledged survives a killed process (NORMAL does for
    # that) and also a power cut. The price is one disk flush per commit.
    level = "NORMAL" if options.get(LIGHT, False) else "FULL"
    if connection.info.get("synchronous", "FULL") != level:
        connection.exec_driver_sql(f"PRAGMA synchronous = {level}")
        connection.info["synchronous"] = level
    connection.exec_driver_sql("BEGIN IMMEDIATE")


__all__ = ["BUSY_TIMEOUT_S", "LIGHT", "NO_SCHEMAS", "WRITES", "sqlite_engine"]
