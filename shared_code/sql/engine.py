"""Engines on the databases that the settings name: the operational database and the warehouse's nodes.

Source: Architecture, "Rules"; Operations, "Settings"; Data model, "Access and performance".
"""

from pathlib import Path

from sqlalchemy import Engine
from sqlalchemy.engine import URL, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError

from shared_code.clock import Clock
from shared_code.errors import ConfigurationError
from shared_code.settings import Settings
from shared_code.sql.connection_string import ConnectionString, parse_connection, parse_node
from shared_code.sql.identity import AccessTokens, access_tokens
from shared_code.sql.slow_statements import log_slow_statements
from shared_code.sql.sql_server import run, set_read_isolation, sql_server_engine
from shared_code.sql.sqlite import WRITES, sqlite_engine
from shared_code.sql.statement_limit import limit_statements


def operational_engine(settings: Settings, clock: Clock | None = None) -> Engine:
    """The engine of `DB_PRIMARY_CONNECTION`: `sqlite:///FILE`, an ODBC string, or `mssql+pyodbc://…`.

    Tables carry the schemas of SQL Server; on SQLite they are translated to none. A connection that is going to
    write says so with the execution option `WRITES`. On SQL Server the app's identity logs in unless the connection
    names a login itself. Raises `ConfigurationError` when the setting or the driver is unusable.

    Source: Operations, "Settings"; Data model, "SQLite mapping" and "Access and performance".
    """
    engine = _engine_of(settings, clock)
    log_slow_statements(engine)
    return engine


def _engine_of(settings: Settings, clock: Clock | None) -> Engine:
    if settings.is_embedded:
        return sqlite_engine(_file_url(settings.db_primary_connection), settings)
    connection = parse_connection("DB_PRIMARY_CONNECTION", settings.db_primary_connection)
    engine = sql_server_engine(
        connection,
        driver_setting=settings.odbc_driver,
        tokens=None if connection.names_a_login else access_tokens(settings, clock),
        # A paused serverless database takes up to a minute to answer.
        login_timeout_s=settings.db_pool_acquire_s,
        query_timeout_s=settings.db_timeout_s,
        pool_kept=settings.db_pool_min,
        pool_size=settings.db_pool_max,
        pool_idle_s=settings.db_pool_idle_s,
        pool_timeout_s=settings.db_pool_acquire_s,
        session=lambda _: None,
    )
    limit_statements(engine, settings.db_timeout_s)
    return engine


def warehouse_engine(settings: Settings, address: str, clock: Clock | None = None) -> Engine:
    """A reading engine on the warehouse node at `address` (`HOST`, `HOST:PORT` or `HOST,PORT`, then keywords).

    At most `EDW_MAX_PARALLEL` queries run at once; each reads under `SNAPSHOT` where both databases allow it. The
    login follows `EDW_AUTH`. Raises `ConfigurationError` when a setting or the driver is unusable.

    Source: Source side, "Rules for every T-SQL read"; Operations, "Entra principals and on-premises servers".
    """
    node, tokens = _login(parse_node("EDW_HOST", address), settings, clock)
    databases = sorted({settings.edw_database, settings.edw_legion_database})

    def session(connection: DBAPIConnection) -> None:
        run(connection, "SET NOCOUNT ON")
        set_read_isolation(connection, databases)

    return sql_server_engine(
        node.with_defaults({"Database": settings.edw_database, "ApplicationIntent": "ReadOnly"}),
        driver_setting=settings.odbc_driver,
        tokens=tokens,
        login_timeout_s=settings.edw_timeout_s,
        query_timeout_s=settings.edw_feed_timeout_s,
        pool_kept=0,
        pool_size=settings.edw_max_parallel,
        pool_idle_s=settings.db_pool_idle_s,
        pool_timeout_s=settings.edw_feed_timeout_s,
        session=session,
    )


def _login(
    node: ConnectionString, settings: Settings, clock: Clock | None
) -> tuple[ConnectionString, AccessTokens | None]:
    if settings.edw_auth == "entra":
        return node, access_tokens(settings, clock)
    if settings.edw_auth == "agent":
        return node.with_defaults({"Trusted_Connection": "yes"}), None
    password = settings.edw_password.get_secret_value()
    if not (settings.edw_user and password):
        raise ConfigurationError("EDW_USER and EDW_PASSWORD are needed to reach the warehouse while EDW_AUTH is sql.")
    return node.with_defaults({"UID": settings.edw_user, "PWD": password}), None


def _file_url(value: str) -> URL:
    try:
        url = make_url(value)
    except ArgumentError:
        raise ConfigurationError(
            "DB_PRIMARY_CONNECTION does not describe a database. Accepted: sqlite:///FILE"
        ) from None
    if url.database and url.database != ":memory:" and not Path(url.database.removeprefix("file:")).parent.is_dir():
        raise ConfigurationError(f"DB_PRIMARY_CONNECTION: the folder of the file {url.database} does not exist.")
    return url


__all__ = ["WRITES", "operational_engine", "warehouse_engine"]
