"""Rate runs in the background: worked once, repeated after a crash, ended whatever happens."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from shared_code.errors import InvalidInputError, NotFoundError
from shared_code.json_text import json_bytes
from shared_code.messaging.events import background_slice
from shared_code.messaging.message import JOBS
from shared_code.messaging.received import ReceivedMessage
from shared_code.services import rate_jobs
from shared_code.services.calculate_rates import LEASE
from shared_code.services.held_lease import held
from shared_code.services.messages import handle_with
from shared_code.services.rate_jobs import queue_rate_run, rate_job, work_rate_job
from shared_code.services.rate_request import RateRequest
from shared_code.storage import background_jobs
from shared_code.storage.tables.messages import outbox_messages, poison_messages, processed_messages
from tests.support.rate_world import RateWorld

UNKNOWN = "0196f3a0-0000-7000-8000-000000000000"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[RateWorld]:
    world = RateWorld(tmp_path)
    world.add_sites("TP001", "TP002")
    world.add_code("VLT1")
    world.add_pair("TP001", "VLT1")
    world.pay(("TP001", "VLT1", "2025-06-05", "REG", "10.00", "180.00"))
    yield world
    world.close()


def test_the_job_runs_what_was_asked_for(world: RateWorld) -> None:
    request = RateRequest(
        sites=("TP001",),
        job_codes=("VLT1",),
        date_from=date(2025, 6, 1),
        date_to=date(2025, 6, 7),
        requested_by="admin",
    )
    job_id = queue_rate_run(world.runtime, request)
    assert rate_job(world.runtime, job_id).requested_by == "admin"
    work_rate_job(world.runtime, JOBS, "message-1", job_id)
    assert rate_job(world.runtime, job_id).status == "completed"
    assert world.history() == [("18.000000", "weighted_average", "2025-06-07", None)]


def test_the_wish_and_its_message_are_one_transaction_and_a_message_is_short(world: RateWorld) -> None:
    job_id = queue_rate_run(world.runtime, RateRequest())
    [message] = world.rows_of(outbox_messages)
    assert (message.destination, message.subject, message.session_id) == (JOBS, "JobSlice", job_id)
    assert message.dedup_id == f"{JOBS}:{job_id}:1"


def test_a_request_that_cannot_be_meant_is_refused_before_anything_is_entered(world: RateWorld) -> None:
    with pytest.raises(InvalidInputError):
        queue_rate_run(world.runtime, RateRequest(method="median"))
    with pytest.raises(NotFoundError):
        queue_rate_run(world.runtime, RateRequest(sites=("ZZ999",)))
    assert world.rows_of(outbox_messages) == []


def test_a_job_that_a_killed_process_left_behind_is_run_again(world: RateWorld) -> None:
    job_id = queue_rate_run(world.runtime, RateRequest())
    with world.runtime.database.writing() as connection:
        background_jobs.start(connection, job_id, world.clock.now())
    work_rate_job(world.runtime, JOBS, "message-1", job_id)
    assert rate_job(world.runtime, job_id).status == "completed"


def test_a_job_waits_for_the_lease_that_a_killed_process_left_behind(world: RateWorld) -> None:
    job_id = queue_rate_run(world.runtime, RateRequest())
    body = json_bytes(background_slice(job_id, world.clock.now()).payload)
    message = ReceivedMessage(f"{JOBS}:{job_id}:1", job_id, "JobSlice", body, 2, None, None, {"attempt": 1})
    with held(world.runtime.database, LEASE, 300) as lease:
        assert lease is not None
        handle_with(world.runtime, JOBS, message)
    assert rate_job(world.runtime, job_id).status == "running"

    copy = f"{JOBS}:{job_id}:1:r1"
    assert [row.dedup_id for row in world.rows_of(outbox_messages)] == [f"{JOBS}:{job_id}:1", copy]
    handle_with(world.runtime, JOBS, replace(message, message_id=copy, properties={"attempt": 2}))
    assert rate_job(world.runtime, job_id).status == "completed"


def test_an_unforeseen_error_ends_the_job_and_is_let_through(world: RateWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError

    job_id = queue_rate_run(world.runtime, RateRequest())
    monkeypatch.setattr(rate_jobs, "calculate_rates", fail)
    with pytest.raises(ZeroDivisionError):
        work_rate_job(world.runtime, JOBS, "message-1", job_id)
    job = rate_job(world.runtime, job_id)
    assert (job.status, job.error_code, job.counts) == ("failed", "INTERNAL_ERROR", None)
    work_rate_job(world.runtime, JOBS, "message-1", job_id)
    assert [row.outcome for row in world.rows_of(processed_messages)] == ["done"]


def test_a_message_about_an_unknown_job_is_set_aside(world: RateWorld) -> None:
    body = json_bytes(background_slice(UNKNOWN, world.clock.now()).payload)
    handle_with(world.runtime, JOBS, ReceivedMessage("m1", UNKNOWN, "JobSlice", body, 1, None, None, {}))
    assert [row.reason_code for row in world.rows_of(poison_messages)] == ["NOT_FOUND"]


@pytest.mark.parametrize("job_id", ["", "1", UNKNOWN, UNKNOWN + "\n", "' OR 1=1 --"])
def test_there_is_no_job_of_another_id(job_id: str, world: RateWorld) -> None:
    with pytest.raises(NotFoundError):
        rate_job(world.runtime, job_id)
