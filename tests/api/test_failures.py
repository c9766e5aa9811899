"""What goes wrong inside stays inside: generic messages, the right status, and always an answer."""

import asyncio
import json
import logging
import sqlite3
import time
from collections.abc import Iterator

import httpx
import pytest
from sqlalchemy import event

from shared_code.api import job_code_rates
from shared_code.api.app import create_app
from shared_code.errors import CalculationRefusedError, ConfigurationError, SourceError, TransientError
from shared_code.logs import JsonFormatter
from shared_code.services.alerting.api_errors import ErrorWatch
from shared_code.services.runtime import Runtime
from tests.api.serving import BASE, NO_TLS, Api, contents, first_error, hosted, served, told
from tests.support.rate_world import RateWorld

RATES = "/api/jobcodes/TP001/rates"
SECRET = "Server=tcp:sql-prod.example;Password=hunter2"


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> "Failing":
    failing = Failing()
    monkeypatch.setattr(job_code_rates, "list_rates", failing)
    return failing


class Failing:
    """A service that raises what the test sets."""

    error: BaseException = RuntimeError(SECRET)

    def __call__(self, *arguments: object, **options: object) -> None:
        raise self.error


class _DriverError(Exception):
    """Stands for an error of a library, with a text that nobody may see."""


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (RuntimeError(SECRET), 500, "INTERNAL_ERROR"),
        (_DriverError(SECRET), 500, "INTERNAL_ERROR"),
        (KeyError(SECRET), 500, "INTERNAL_ERROR"),
        (RecursionError(SECRET), 500, "INTERNAL_ERROR"),
        (MemoryError(SECRET), 500, "INTERNAL_ERROR"),
        (SystemExit(SECRET), 500, "INTERNAL_ERROR"),
        (asyncio.CancelledError(SECRET), 500, "INTERNAL_ERROR"),
        (ConfigurationError(SECRET), 500, "INTERNAL_ERROR"),
        (TransientError(SECRET), 503, "DATABASE_ERROR"),
        (SourceError(SECRET), 502, "INTEGRATION_ERROR"),
        (CalculationRefusedError("a code", code="SOMETHING_ELSE"), 422, "BUSINESS_RULE_VIOLATION"),
        (CalculationRefusedError("no rate"), 422, "CALCULATION_ERROR"),
    ],
)
def test_a_failing_service_is_answered_without_its_words(
    error: BaseException, status: int, code: str, failing: Failing, api: Api
) -> None:
    failing.error = error
    answer = api.get(RATES)
    assert told(answer) == (status, code, None)
    assert "hunter2" not in answer.text
    assert "Traceback" not in answer.text
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-request-id"] == answer.json()["requestId"]
    assert ("retry-after" in answer.headers) is (status == 503)
    assert api.get(f"{BASE}/health").status_code == 200


@pytest.mark.parametrize("error", [RuntimeError(SECRET), asyncio.CancelledError(), SystemExit()])
def test_a_log_or_count_of_requests_that_fails_costs_nobody_an_answer(
    error: BaseException, api: Api, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(watch: ErrorWatch, runtime: object, status: int) -> None:
        raise error

    monkeypatch.setattr(ErrorWatch, "answered", refuse)
    assert api.get(RATES).json()["success"] is True
    assert told(api.get("/nothing")) == (404, "NOT_FOUND", None)
    assert [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR] == [
        "The request failed"
    ] * 2


def test_a_process_without_a_runtime_answers_in_the_form_of_the_contract() -> None:
    def missing() -> Runtime:
        raise OSError(SECRET)

    with hosted(create_app(missing)) as host:
        answer = httpx.get(f"{host.url}{RATES}", timeout=30, verify=NO_TLS)
    assert told(answer) == (500, "INTERNAL_ERROR", None)
    assert answer.headers["x-request-id"] == answer.json()["requestId"]
    assert SECRET not in answer.text


def test_the_log_names_the_error_and_its_place_but_not_its_words(
    failing: Failing, api: Api, caplog: pytest.LogCaptureFixture
) -> None:
    failing.error = RuntimeError(SECRET)
    request_id = api.get(RATES).headers["x-request-id"]
    [record] = [record for record in caplog.records if record.levelno == logging.ERROR]
    line = JsonFormatter().format(record)
    assert "hunter2" not in line
    assert json.loads(line)["exception"][0]["type"] == "builtins.RuntimeError"
    assert any("job_code_rates.py" in place for place in json.loads(line)["exception"][0]["at"])
    assert request_id.startswith("req_")


def test_a_refusal_is_no_error_in_the_log(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    assert api.get("/api/jobcodes/T@/rates").status_code == 400
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


@pytest.fixture
def impatient(world: RateWorld) -> RateWorld:
    """The database gives up on a lock at once."""

    def give_up(connection: sqlite3.Connection, _: object) -> None:
        connection.execute("PRAGMA busy_timeout = 50")

    event.listen(world.runtime.database.engine, "connect", give_up)
    return world


@pytest.fixture
def lock(impatient: RateWorld, api: Api) -> Iterator[None]:
    path = impatient.settings.db_primary_connection.removeprefix("sqlite:///")
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    yield
    connection.execute("ROLLBACK")
    connection.close()


@pytest.mark.usefixtures("lock")
def test_a_locked_database_is_a_fault_that_may_pass(api: Api) -> None:
    entry = {
        "site_id": "TP001",
        "hourly_rate": 18.5,
        "effective_date": "2025-07-01",
        "calculation_method": "fixed",
        "reason": "new scale",
    }
    answer = api.put("/api/jobcodes/VLT1/rates", entry)
    assert told(answer) == (503, "DATABASE_ERROR", None)
    assert int(answer.headers["retry-after"]) > 0
    assert "locked" not in answer.text
    assert api.get(RATES).status_code == 200


def test_a_broken_database_is_a_database_error(world: RateWorld, api: Api) -> None:
    with world.runtime.database.writing() as connection:
        connection.exec_driver_sql("ALTER TABLE site_job_code_rates RENAME TO gone")
    answer = api.get(RATES)
    assert told(answer) == (500, "DATABASE_ERROR", None)
    assert "site_job_code_rates" not in answer.text
    assert "SELECT" not in answer.text


def test_health_needs_the_schema_of_this_version(world: RateWorld, api: Api) -> None:
    assert api.get(f"{BASE}/health").json()["data"] == {"status": "ok"}
    with world.runtime.database.writing() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0001'")
    answer = api.get(f"{BASE}/health")
    assert told(answer) == (503, "INTERNAL_ERROR", None)
    assert "0001" not in contents(answer)
    assert first_error(answer)["details"] == {}


def test_health_does_not_wait_for_a_database_that_does_not_answer(
    world: RateWorld, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared_code.api.health.check_health", lambda _: time.sleep(4))
    started = time.monotonic()
    assert told(api.get(f"{BASE}/health")) == (503, "INTERNAL_ERROR", None)
    assert time.monotonic() - started < 3.5


def test_settings_that_are_wrong_are_answered_in_the_envelope() -> None:
    def broken() -> None:
        raise ConfigurationError("DB_PRIMARY_CONNECTION does not describe a database")

    with served(create_app(broken)) as api:  # type: ignore[arg-type]
        assert told(api.get(RATES)) == (500, "INTERNAL_ERROR", None)
        assert told(api.get(f"{BASE}/health")) == (503, "INTERNAL_ERROR", None)
        assert api.get(f"{BASE}/openapi.json").status_code == 200
