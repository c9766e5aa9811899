"""What a database fault is, and which are tried again."""

import logging
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
import stamina
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from shared_code.errors import TransientError
from shared_code.sql.transient import FaultKind, fault_of, retry, retry_use_case
from tests.sql.stand_in_driver import odbc_error


def in_statement(error: Exception) -> DBAPIError:
    return OperationalError("SELECT secret FROM t", {"password": "hidden"}, error)


DEADLOCK = odbc_error("40001", "[SQL Server]Transaction was deadlocked. (1205) (SQLExecDirectW)")


@pytest.mark.parametrize(
    ("state", "text", "kind"),
    [
        ("HYT00", "[SQL Server]Lock request time out period exceeded. (1222) (SQLExecDirectW)", "transient"),
        ("42000", "[SQL Server]Database is not currently available (40613) (SQLDriverConnect)", "transient"),
        ("42000", "[SQL Server]The service is busy (40501) (SQLExecDirectW)", "transient"),
        ("08S01", "TCP Provider: Error code 0x2746 (10054) (SQLExecDirectW)", "transient"),
        ("HYT00", "Login timeout expired (0) (SQLDriverConnect)", "transient"),
        ("08001", "No connection (-1) (SQLDriverConnect)", "transient"),
        ("42000", "[SQL Server]Paused (42108) (SQLDriverConnect)", "transient"),
        ("28000", "[SQL Server]Login failed for user 'x'. (18456) (SQLDriverConnect)", "login"),
        (
            "42000",
            "[SQL Server]The SELECT permission was denied on the object 'T'. (229) (SQLExecDirectW)",
            "permission",
        ),
        ("08004", "[SQL Server]The server principal is not able to access (916) (SQLDriverConnect)", "permission"),
        ("42S02", "[SQL Server]Invalid object name 'T'. (208) (SQLExecDirectW)", "schema"),
        ("42S22", "[SQL Server]Invalid column name 'C'. (207) (SQLExecDirectW)", "schema"),
        ("42000", "[SQL Server]Could not find stored procedure 'P'. (2812) (SQLExecDirectW)", "schema"),
        ("23000", "[SQL Server]Violation of PRIMARY KEY constraint. (2627) (SQLExecDirectW)", "other"),
        ("22001", "[SQL Server]String would be truncated (8152) (SQLExecDirectW)", "other"),
    ],
)
def test_a_fault_of_sql_server_is_known_by_its_number_or_state(state: str, text: str, kind: str) -> None:
    assert fault_of(in_statement(odbc_error(state, text))).kind == kind
    assert fault_of(odbc_error(state, text)).kind == kind


PASSING = (40613, 40197, 40501, 49918, 49919, 49920, 10928, 10929, 10053, 10054, 10060, 233, 64, 4060, 42108, 42109,
           1205, 1222, 3960, 37396)  # fmt: skip
LASTING = (18456, 229, 208, 207, 2627, 2601, 547, 515, 8152, 2628)


@pytest.mark.parametrize("number", PASSING)
def test_a_fault_with_one_of_these_numbers_may_pass(number: int) -> None:
    assert fault_of(odbc_error("42000", f"[SQL Server]Something happened. ({number}) (SQLExecDirectW)")).is_transient


@pytest.mark.parametrize("state", ["HYT00", "HYT01", "08S01", "08001"])
def test_a_fault_in_one_of_these_states_may_pass_whatever_its_number(state: str) -> None:
    assert fault_of(odbc_error(state, "[SQL Server]Something happened. (0) (SQLExecDirectW)")).is_transient


@pytest.mark.parametrize("number", LASTING)
def test_a_fault_with_one_of_these_numbers_does_not_pass(number: int) -> None:
    assert not fault_of(odbc_error("42000", f"[SQL Server]It is refused. ({number}) (SQLExecDirectW)")).is_transient


def test_a_number_inside_the_text_is_not_the_error_number() -> None:
    error = odbc_error("42S02", "[SQL Server]Invalid object name 'T (1205)'. (208) (SQLExecDirectW)")
    assert fault_of(error).numbers == {208}


def test_of_several_records_the_one_that_may_pass_decides() -> None:
    error = odbc_error(
        "42000",
        "[SQL Server]Cannot open database requested by the login. (4060) (SQLDriverConnect); "
        "[28000] [Microsoft][SQL Server]Login failed for user. (18456)",
    )
    assert fault_of(error).kind is FaultKind.TRANSIENT
    assert fault_of(error).numbers == {4060, 18456}


def test_a_fault_carries_nothing_of_the_text() -> None:
    assert "secret" not in repr(fault_of(in_statement(odbc_error("28000", "secret (18456) (SQLDriverConnect)"))))


def test_timeouts_and_contention_are_told_apart() -> None:
    lock = fault_of(in_statement(odbc_error("HYT00", "Lock request time out (1222) (SQLExecDirectW)")))
    lost = fault_of(in_statement(odbc_error("08S01", "link failure (10054) (SQLExecDirectW)")))
    assert (lock.is_timeout, lock.is_contention) == (True, True)
    assert (lost.is_timeout, lost.is_contention) == (False, False)
    assert fault_of(DEADLOCK).is_contention


def test_a_busy_sqlite_file_may_pass(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "a.db", isolation_level=None) as holder:
        holder.execute("CREATE TABLE t (a)")
        holder.execute("BEGIN IMMEDIATE")
        waiting = sqlite3.connect(tmp_path / "a.db", timeout=0)
        with pytest.raises(sqlite3.OperationalError) as caught:
            waiting.execute("INSERT INTO t VALUES (1)")
        waiting.close()
    holder.close()
    fault = fault_of(in_statement(caught.value))
    assert (fault.kind, fault.is_timeout, fault.is_uncommitted) == (FaultKind.TRANSIENT, True, True)


def test_a_missing_sqlite_table_is_a_changed_schema_and_a_broken_rule_is_not() -> None:
    connection = sqlite3.connect(":memory:")
    with pytest.raises(sqlite3.OperationalError) as missing:
        connection.execute("SELECT * FROM nowhere")
    connection.execute("CREATE TABLE t (a PRIMARY KEY)")
    connection.execute("INSERT INTO t VALUES (1)")
    with pytest.raises(sqlite3.IntegrityError) as twice:
        connection.execute("INSERT INTO t VALUES (1)")
    connection.close()
    assert fault_of(missing.value).kind is FaultKind.SCHEMA
    assert fault_of(twice.value).kind is FaultKind.OTHER


def test_a_full_pool_may_pass_and_a_programming_error_may_not() -> None:
    assert fault_of(PoolTimeoutError("full")).is_transient
    assert fault_of(ValueError("no")).kind is FaultKind.OTHER


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The waits between attempts, which take no time."""
    waited: list[float] = []
    monkeypatch.setattr("time.sleep", waited.append)
    return waited


def failing(*errors: Exception) -> Callable[[], str]:
    left = list(errors)

    def call() -> str:
        if left:
            raise left.pop(0)
        return "done"

    return call


def test_a_transient_fault_is_tried_again_three_times_with_growing_waits(waits: list[float]) -> None:
    assert retry(failing(DEADLOCK, DEADLOCK, DEADLOCK)) == "done"
    assert len(waits) == 3
    for waited, base in zip(waits, (1, 2, 4), strict=True):
        assert base <= waited <= base * 1.25


def test_up_to_a_quarter_is_added_to_each_wait(waits: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("random.SystemRandom.random", lambda _: 1.0)
    assert retry(failing(DEADLOCK, DEADLOCK, DEADLOCK)) == "done"
    assert waits == [1.25, 2.5, 5.0]


def test_after_the_last_attempt_the_error_is_let_through(waits: list[float]) -> None:
    errors = [TransientError(f"attempt {number}") for number in range(1, 6)]
    with pytest.raises(TransientError, match="attempt 4"):
        retry(failing(*errors))


def test_what_will_not_pass_is_not_tried_again(waits: list[float]) -> None:
    with pytest.raises(ValueError, match="once"):
        retry(failing(ValueError("once")))
    assert waits == []


def test_no_attempt_starts_after_the_total_time(waits: list[float]) -> None:
    with pytest.raises(TransientError, match="first"):
        retry(failing(TransientError("first")), total_s=1e-9)
    assert waits == []


COMMIT_LOST = DBAPIError(None, None, odbc_error("08S01", "link failure (10054) (SQLEndTran)"))
CONNECTION_REFUSED = DBAPIError(None, None, odbc_error("HYT00", "Login timeout expired (0) (SQLDriverConnect)"))
STATEMENT_LOST = in_statement(odbc_error("08S01", "link failure (10054) (SQLExecDirectW)"))


@pytest.mark.parametrize("error", [DEADLOCK, in_statement(DEADLOCK), CONNECTION_REFUSED, STATEMENT_LOST])
def test_a_use_case_is_repeated_where_nothing_was_committed(waits: list[float], error: Exception) -> None:
    assert retry_use_case(failing(error)) == "done"


def as_transient(error: Exception) -> TransientError:
    wrapped = TransientError("the database is not there")
    wrapped.__cause__ = error
    return wrapped


@pytest.mark.parametrize("error", [COMMIT_LOST, as_transient(COMMIT_LOST)])
def test_a_use_case_is_not_repeated_when_the_outcome_of_its_commit_is_unknown(
    waits: list[float], error: Exception
) -> None:
    with pytest.raises(type(error)):
        retry_use_case(failing(error))
    assert waits == []


def test_a_retry_is_logged_without_the_text_of_the_error(waits: list[float], caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        retry(failing(in_statement(odbc_error("HYT00", "secret-host (10060) (SQLDriverConnect)"))))
    assert "SQLSTATE HYT00, numbers [10060]" in caplog.text
    assert "secret" not in caplog.text + repr([vars(record) for record in caplog.records])


def test_retries_can_be_switched_off_for_tests() -> None:
    with stamina.set_testing(True, attempts=1), pytest.raises(TransientError):
        retry(failing(TransientError("once")))
