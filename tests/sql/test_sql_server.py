"""What the driver of SQL Server is handed: connection, token, limits, session."""

import sys
import time
from contextvars import copy_context
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from shared_code.clock import FixedClock
from shared_code.errors import ConfigurationError
from shared_code.settings import Settings
from shared_code.sql import identity
from shared_code.sql.engine import operational_engine, warehouse_engine
from shared_code.sql.identity import SQL_COPT_SS_ACCESS_TOKEN, packed_token
from shared_code.sql.statement_limit import let_statements_take, statements_within
from shared_code.sql.transient import retry
from tests.sql.stand_in_driver import Driver, StandInConnection, odbc_error

NOON = FixedClock(datetime(2025, 4, 10, 12, tzinfo=UTC))


@pytest.fixture
def driver(monkeypatch: pytest.MonkeyPatch) -> Driver:
    made = Driver()
    monkeypatch.setitem(sys.modules, "pyodbc", made)
    monkeypatch.setattr("time.sleep", lambda _: None)
    return made


@pytest.fixture
def issued(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Client ids of the managed identities that were asked for a token."""
    asked: list[str] = []

    def identity_of(client_id: str) -> SimpleNamespace:
        def get_token(*_: str) -> SimpleNamespace:
            asked.append(client_id)
            expires = NOON.now() + timedelta(hours=1)
            return SimpleNamespace(token=f"token-{len(asked)}", expires_on=int(expires.timestamp()))

        return SimpleNamespace(get_token=get_token)

    monkeypatch.setattr(identity, "_managed_identity", identity_of)
    return asked


def opened(engine: Engine, driver: Driver) -> StandInConnection:
    with engine.connect() as connection:
        connection.execute(text("SELECT 1"))
    return driver.connections[0]


def test_the_apps_identity_logs_in_with_a_token_where_the_connection_names_no_login(
    driver: Driver, issued: list[str]
) -> None:
    settings = Settings(db_primary_connection="Server=tcp:h,1433;Database=db", azure_client_id="me")
    connection = opened(operational_engine(settings, NOON), driver)
    assert connection.text == (
        "DRIVER={ODBC Driver 18 for SQL Server};Server={tcp:h,1433};Database=db;Encrypt=yes;APP=townepark-forecasting"
    )
    assert connection.arguments == {"timeout": 60, "attrs_before": {SQL_COPT_SS_ACCESS_TOKEN: packed_token("token-1")}}
    assert issued == ["me"]


def test_a_connection_never_holds_both_a_login_and_a_token(driver: Driver, issued: list[str]) -> None:
    settings = Settings(db_primary_connection="mssql+pyodbc://u:p@h/db")
    connection = opened(operational_engine(settings, NOON), driver)
    assert "attrs_before" not in connection.arguments
    assert "UID=u;PWD=p" in connection.text
    assert issued == []


def test_a_session_waits_for_locks_five_seconds_and_for_a_query_as_long_as_the_setting(
    driver: Driver, issued: list[str]
) -> None:
    settings = Settings(db_primary_connection="Server=h;Database=db", db_timeout_s=33)
    connection = opened(operational_engine(settings, NOON), driver)
    assert connection.timeout == 33
    assert ("SET LOCK_TIMEOUT 5000", ()) in connection.statements


def test_requests_jobs_and_analyses_have_limits_of_their_own(driver: Driver, issued: list[str]) -> None:
    engine = operational_engine(Settings(db_primary_connection="Server=h;Database=db"), NOON)
    limits = [opened(engine, driver).timeout]
    with statements_within(300):
        limits.append(opened(engine, driver).timeout)
        with statements_within(600):
            limits.append(opened(engine, driver).timeout)
    limits.append(opened(engine, driver).timeout)
    assert limits == [30, 300, 600, 30]
    assert len(driver.connections) == 1, "a limit holds for a transaction, not for a connection"


def test_a_command_may_take_long_for_all_that_it_does(driver: Driver, issued: list[str]) -> None:
    engine = operational_engine(Settings(db_primary_connection="Server=h;Database=db"), NOON)

    def command() -> int:
        let_statements_take(300)
        return opened(engine, driver).timeout

    assert copy_context().run(command) == 300
    assert opened(engine, driver).timeout == 30


def test_the_log_says_which_driver_was_taken(driver: Driver, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO"):
        operational_engine(Settings(db_primary_connection="Server=h;Database=db;UID=u;PWD=hunter2"))
    assert "with the ODBC driver ODBC Driver 18 for SQL Server (installed)" in caplog.text
    assert "hunter2" not in caplog.text


def test_no_secret_shows_in_a_text_form_of_the_engine(driver: Driver) -> None:
    settings = Settings(db_primary_connection="Server=h;Database=db;UID=u;PWD=hunter2")
    engine = operational_engine(settings)
    assert "hunter2" not in repr(engine) + str(engine.url) + repr(engine.pool)


def test_a_connection_that_was_cut_while_it_idled_is_replaced_before_it_is_used(driver: Driver) -> None:
    engine = operational_engine(Settings(db_primary_connection="Server=h;Database=db;UID=u;PWD=p"))
    opened(engine, driver)
    cut = odbc_error("08S01", "TCP Provider: Error code 0x2746 (10054) (SQLExecDirectW)")
    driver.connections[0].broken = cut
    with engine.connect() as connection:
        connection.execute(text("SELECT 2"))
    assert len(driver.connections) == 2


def test_a_connection_is_opened_anew_before_its_token_can_have_expired(
    driver: Driver, issued: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = operational_engine(Settings(db_primary_connection="Server=h;Database=db"), NOON)
    opened(engine, driver)
    now = time.time()
    monkeypatch.setattr("time.time", lambda: now + 24 * 60)
    opened(engine, driver)
    assert len(driver.connections) == 1
    monkeypatch.setattr("time.time", lambda: now + 30 * 60)
    opened(engine, driver)
    assert len(driver.connections) == 2


def test_no_value_shows_in_an_error_of_a_statement(driver: Driver) -> None:
    driver.answers["UPDATE pay"] = ([], [odbc_error("23000", "Refused (547) (SQLExecDirectW)")])  # type: ignore[list-item]
    engine = operational_engine(Settings(db_primary_connection="Server=h;Database=db;UID=u;PWD=hunter2"))
    with engine.connect() as connection, pytest.raises(DBAPIError) as caught:
        connection.execute(text("UPDATE pay SET amount = :amount"), {"amount": 98765})
    assert "98765" not in str(caught.value)


def test_the_pool_of_the_driver_manager_is_off_and_ours_is_bounded(driver: Driver, issued: list[str]) -> None:
    settings = Settings(db_primary_connection="Server=h;Database=db", db_pool_min=1, db_pool_max=2, db_pool_acquire_s=1)
    engine = operational_engine(settings, NOON)
    assert driver.pooling is False
    with engine.connect(), engine.connect(), pytest.raises(PoolTimeoutError):
        engine.connect()


def test_an_expired_token_is_replaced_at_the_next_attempt(driver: Driver, issued: list[str]) -> None:
    driver.failures.append(odbc_error("28000", "[SQL Server]Token is expired (37396) (SQLDriverConnect)"))
    engine = operational_engine(Settings(db_primary_connection="Server=h;Database=db"), NOON)
    connection = retry(lambda: opened(engine, driver))
    assert connection.arguments["attrs_before"] == {SQL_COPT_SS_ACCESS_TOKEN: packed_token("token-2")}


def test_a_token_serves_every_connection_while_it_is_valid(driver: Driver, issued: list[str]) -> None:
    engine = operational_engine(Settings(db_primary_connection="Server=h;Database=db"), NOON)
    with engine.connect(), engine.connect():
        assert len(driver.connections) == 2
    assert len(issued) == 1


WAREHOUSE = Settings(edw_auth="sql", edw_user="forecasting_reader", edw_password="hunter2")


def test_the_warehouse_is_read_only_encrypted_and_bounded(driver: Driver) -> None:
    connection = opened(warehouse_engine(WAREHOUSE, "edw.example:1433"), driver)
    assert connection.text == (
        "DRIVER={ODBC Driver 18 for SQL Server};Server={edw.example,1433};UID=forecasting_reader;PWD=hunter2;"
        "Database=TP_EDW;ApplicationIntent=ReadOnly;Encrypt=yes;APP=townepark-forecasting"
    )
    assert connection.arguments == {"timeout": 60}
    sent = [statement for statement, _ in connection.statements]
    assert "SET LOCK_TIMEOUT 5000" in sent
    assert "SET NOCOUNT ON" in sent


@pytest.mark.parametrize(
    ("allowed", "level"), [([(2,)], "SNAPSHOT"), ([(1,)], "READ COMMITTED"), ([], "READ COMMITTED")]
)
def test_snapshots_are_read_where_both_databases_allow_them(
    driver: Driver, allowed: list[tuple[int]], level: str
) -> None:
    driver.answers["snapshot_isolation_state"] = (["allowed"], allowed or [(0,)])
    connection = opened(warehouse_engine(WAREHOUSE, "h"), driver)
    statements = [statement for statement, _ in connection.statements]
    at = statements.index(f"SET TRANSACTION ISOLATION LEVEL {level}")
    assert statements[at - 1] == "ROLLBACK"
    question = next(entry for entry in connection.statements if "snapshot_isolation_state" in entry[0])
    assert question[1] == ("TP_EDW", "TP_LEGION")


def test_a_server_that_does_not_know_about_snapshots_is_read_committed(driver: Driver) -> None:
    driver.answers["snapshot_isolation_state"] = (["x"], [odbc_error("42S02", "Invalid object (208) (SQLExecDirectW)")])  # type: ignore[list-item]
    connection = opened(warehouse_engine(WAREHOUSE, "h"), driver)
    assert ("SET TRANSACTION ISOLATION LEVEL READ COMMITTED", ()) in connection.statements


def test_entra_and_agent_log_in_without_a_password(driver: Driver, issued: list[str]) -> None:
    entra = opened(warehouse_engine(Settings(edw_auth="entra", azure_client_id="me"), "h", NOON), driver)
    assert entra.arguments["attrs_before"] == {SQL_COPT_SS_ACCESS_TOKEN: packed_token("token-1")}
    assert "UID" not in entra.text
    driver.connections.clear()
    agent = opened(warehouse_engine(Settings(edw_auth="agent"), "h", NOON), driver)
    assert "Trusted_Connection=yes" in agent.text
    assert issued == ["me"]


def test_a_missing_password_is_named_before_anything_is_tried(driver: Driver) -> None:
    with pytest.raises(ConfigurationError, match="EDW_USER and EDW_PASSWORD"):
        warehouse_engine(Settings(edw_auth="sql", edw_user="x"), "h")


def test_a_refused_login_is_let_through(driver: Driver) -> None:
    driver.failures += [odbc_error("28000", "[SQL Server]Login failed (18456) (SQLDriverConnect)")] * 2
    with pytest.raises(DBAPIError):
        retry(lambda: opened(warehouse_engine(WAREHOUSE, "h"), driver))
    assert len(driver.failures) == 1
