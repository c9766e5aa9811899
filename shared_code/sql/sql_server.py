"""How SQL Server is opened: pool, login, time limits, session settings.

Source: SQL Server through pyodbc and SQLAlchemy, "Connecting"; Source side, "Rules for every T-SQL read".
"""

import logging
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from typing import Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry

from shared_code.sql.connection_string import ConnectionString
from shared_code.sql.identity import SQL_COPT_SS_ACCESS_TOKEN, AccessTokens
from shared_code.sql.odbc import find_driver, load_pyodbc
from shared_code.sql.pool import TrimmedPool
from shared_code.sql.transient import EXPIRED_TOKEN, fault_of

LOCK_TIMEOUT_MS = 5000
"""How long a statement waits for another session's lock, in milliseconds."""

RECYCLE_S = 25 * 60
"""Age at which a connection is opened anew, in seconds: below the shortest life of an access token."""

_log = logging.getLogger(__name__)

_APPLICATION = "townepark-forecasting"
_DEFAULTS = {"Encrypt": "yes", "APP": _APPLICATION}


def sql_server_engine(
    connection: ConnectionString,
    *,
    driver_setting: str,
    tokens: AccessTokens | None,
    login_timeout_s: int,
    query_timeout_s: int,
    pool_kept: int,
    pool_size: int,
    pool_idle_s: int,
    pool_timeout_s: int,
    session: Callable[[DBAPIConnection], None],
) -> Engine:
    """An engine on SQL Server. `tokens` log in where `connection` names no login; `session` readies a connection.

    At most `pool_size` connections are open; those above `pool_kept` are closed when they idle for `pool_idle_s`.
    Nothing of the connection string is kept where a text form of the engine would show it. Raises
    `ConfigurationError` when no driver is found.

    Source: SQL Server through pyodbc and SQLAlchemy, "Connecting".
    """
    driver = find_driver(driver_setting or connection.get("driver") or "")
    _log.info("SQL Server is reached with the ODBC driver %s (%s)", driver.name, driver.origin)
    text = connection.without("driver").with_defaults(_DEFAULTS).text(driver.name)
    pyodbc = load_pyodbc()
    # The driver manager's pool would hand out connections opened with an older token.
    pyodbc.pooling = False

    def open_connection() -> DBAPIConnection:
        opened: DBAPIConnection
        if tokens is None:
            opened = pyodbc.connect(text, timeout=login_timeout_s)
            return opened
        try:
            opened = pyodbc.connect(
                text, timeout=login_timeout_s, attrs_before={SQL_COPT_SS_ACCESS_TOKEN: tokens.packed()}
            )
        except pyodbc.Error as error:
            if EXPIRED_TOKEN in fault_of(error).numbers:
                tokens.forget()
            raise
        return opened

    def ready(opened: Any, _: ConnectionPoolEntry) -> None:
        opened.timeout = query_timeout_s
        run(opened, f"SET LOCK_TIMEOUT {LOCK_TIMEOUT_MS}")
        session(opened)

    engine = create_engine(
        "mssql+pyodbc://",
        hide_parameters=True,  # an error is logged, and its values may be pay
        creator=open_connection,
        poolclass=TrimmedPool,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=pool_timeout_s,
        pool_recycle=RECYCLE_S,
        pool_pre_ping=True,
        pool_use_lifo=True,
        supports_comments=False,  # else the first connection asks; no table of ours has comments
    )
    assert isinstance(engine.pool, TrimmedPool)
    engine.pool.trim(pool_kept, pool_idle_s)
    event.listen(engine, "connect", ready)
    return engine


def run(connection: DBAPIConnection, statement: str) -> None:
    """Run a statement of the session that returns nothing."""
    with closing(connection.cursor()) as cursor:
        cursor.execute(statement)


def set_read_isolation(connection: Any, databases: Sequence[str]) -> None:
    """Let the session read under `SNAPSHOT` when each of `databases` allows it, otherwise under `READ COMMITTED`.

    Source: Source side, "Rules for every T-SQL read".
    """
    allowed = 0
    marks = ", ".join("?" * len(databases))
    question = f"SELECT COUNT(*) FROM sys.databases WHERE snapshot_isolation_state = 1 AND name IN ({marks})"  # noqa: S608
    # A server that does not answer the question is read under the level that every server has.
    with suppress(load_pyodbc().ProgrammingError), closing(connection.cursor()) as cursor:
        cursor.execute(question, tuple(databases))
        allowed = cursor.fetchone()[0]
    # The level cannot be changed inside the transaction that the question opened.
    connection.rollback()
    level = "SNAPSHOT" if allowed == len(databases) else "READ COMMITTED"
    run(connection, f"SET TRANSACTION ISOLATION LEVEL {level}")


__all__ = ["LOCK_TIMEOUT_MS", "RECYCLE_S", "run", "set_read_isolation", "sql_server_engine"]
