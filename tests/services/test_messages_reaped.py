"""What lost its message is closed: nobody waits for ever for a background job or a P&L."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from shared_code.clock import FixedClock
from shared_code.dead_letter_reasons import PoisonReason
from shared_code.json_text import json_bytes
from shared_code.messaging.contracts import PoisonError
from shared_code.messaging.events import background_slice
from shared_code.messaging.message import JOBS
from shared_code.services import background_work
from shared_code.services.messages import handle_with
from shared_code.services.rate_jobs import KIND
from shared_code.services.reap import LONGEST_BACKGROUND_JOB, LONGEST_REQUEST, reap
from shared_code.services.runtime import Runtime
from shared_code.sql.types import new_identifier
from shared_code.storage import background_jobs, calculation_requests
from shared_code.storage.calculation_requests import Wish
from shared_code.storage.tables.background_jobs import background_jobs as job_rows
from shared_code.storage.tables.messages import poison_messages
from shared_code.storage.tables.results import calculation_requests as request_rows
from tests.support.message_world import message_of, message_world, rows_of
from tests.support.operational import NOON


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Runtime]:
    with message_world(tmp_path) as app:
        yield app


def _enter_job(app: Runtime) -> str:
    job_id = new_identifier()
    with app.database.writing() as connection:
        background_jobs.add(connection, job_id, KIND, "admin", {}, app.clock.now())
    return job_id


def _reap_after(app: Runtime, wait: timedelta) -> None:
    assert isinstance(app.clock, FixedClock)
    app.clock.moment = NOON + wait
    reap(app)


def test_a_background_job_whose_message_is_lost_fails_in_the_end(app: Runtime) -> None:
    _enter_job(app)
    _reap_after(app, LONGEST_BACKGROUND_JOB)
    assert rows_of(app, job_rows, "status", "error_code") == [("queued", None)]

    _reap_after(app, LONGEST_BACKGROUND_JOB + timedelta(seconds=1))

    assert rows_of(app, job_rows, "status", "error_code") == [("failed", "ABANDONED")]


def test_a_background_job_that_was_started_again_has_its_time_from_then_on(app: Runtime) -> None:
    job_id = _enter_job(app)
    with app.database.writing() as connection:
        background_jobs.start(connection, job_id, NOON + timedelta(minutes=30))

    _reap_after(app, timedelta(minutes=89))
    assert rows_of(app, job_rows, "status") == [("running",)]
    _reap_after(app, timedelta(minutes=91))

    assert rows_of(app, job_rows, "status", "error_code") == [("failed", "ABANDONED")]


def test_a_job_that_has_ended_stays_as_it_is(app: Runtime) -> None:
    job_id = _enter_job(app)
    with app.database.writing() as connection:
        background_jobs.complete(connection, job_id, {"processed": 1}, NOON)

    _reap_after(app, timedelta(days=30))

    assert rows_of(app, job_rows, "status") == [("completed",)]


def test_a_request_for_a_pnl_whose_message_is_lost_fails_and_the_next_change_asks_anew(app: Runtime) -> None:
    with app.database.writing() as connection:
        calculation_requests.enter(connection, [Wish("0001", 2025, "2025-06", "RatesUpdated", 4)], NOON)

    _reap_after(app, LONGEST_REQUEST)
    assert rows_of(app, request_rows, "state") == [("queued",)]
    _reap_after(app, LONGEST_REQUEST + timedelta(seconds=1))
    with app.database.writing() as connection:
        calculation_requests.enter(connection, [Wish("0001", 2025, "2025-07", "RatesUpdated", 5)], app.clock.now())

    assert rows_of(app, request_rows, "state", "requested_version", "error_code") == [
        ("failed", 4, "ABANDONED"),
        ("queued", 5, None),
    ]


def test_a_background_job_whose_message_can_never_succeed_fails_with_it(
    app: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = _enter_job(app)
    monkeypatch.setattr(background_work, "WORKERS", {KIND: _refuse})

    handle_with(app, JOBS, message_of(json_bytes(background_slice(job_id, NOON).payload)))

    assert rows_of(app, job_rows, "status", "error_code") == [("failed", "UNKNOWN_JOB")]
    assert rows_of(app, poison_messages, "reason_code") == [("UNKNOWN_JOB",)]


def _refuse(*_: object) -> None:
    raise PoisonError("There is no such work", PoisonReason.UNKNOWN_JOB)
