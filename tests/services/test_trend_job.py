"""The daily trend analysis as a scheduled job: slices, retries, and what loads overtake."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from shared_code.clock import FixedClock
from shared_code.errors import SourceError
from shared_code.messaging.events import job_slice
from shared_code.messaging.message import JOBS
from shared_code.messaging.received import ReceivedMessage
from shared_code.services import scheduled_jobs
from shared_code.services.held_lease import HeldLease
from shared_code.services.messages import handle_with
from shared_code.services.outbox_relay import relay_outbox
from shared_code.services.runtime import Runtime
from shared_code.services.scheduled_jobs import RETRIES, STEPS, TREND_SLICES, propose
from shared_code.services.trend_series import TIMEFRAMES
from shared_code.storage import embedded_queue
from shared_code.storage.tables.messages import job_slots
from shared_code.storage.tables.trends import trend_results
from tests.support.analysis_world import AnalysisWorld

JOB = "trend_analysis"
SLOT = datetime(2025, 7, 16, 2, tzinfo=UTC)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[AnalysisWorld]:
    world = AnalysisWorld(tmp_path, SLOT)
    world.add_sites("TP001", "TP002")
    yield world
    world.close()


def work(runtime: Runtime) -> list[str]:
    """Carry messages that are due to their handler, as a host does; the ids of those delivered."""
    delivered = []
    for _ in range(20):
        relay_outbox(runtime)
        with runtime.database.writing() as connection:
            message = embedded_queue.receive(connection, JOBS, runtime.clock.now())
        if message is None:
            break
        delivered.append(message.message_id)
        received = ReceivedMessage(
            message.message_id, JOB, "JobSlice", message.body.encode(), 1, runtime.clock.now(), None, {}
        )
        handle_with(runtime, JOBS, received)
        with runtime.database.writing() as connection:
            embedded_queue.complete(connection, message)
    return delivered


def state(runtime: Runtime) -> str:
    with runtime.database.reading() as connection:
        found: str = connection.execute(select(job_slots.c.state).where(job_slots.c.job == JOB)).scalar_one()
    return found


def test_the_job_works_in_slices_and_analyses_every_site(world: AnalysisWorld) -> None:
    propose(world.runtime, JOB, SLOT)
    delivered = work(world.runtime)
    assert delivered == [f"{JOB}:2025-07-16T02:00:00.000Z:{number}" for number in range(1, TREND_SLICES + 1)]
    assert state(world.runtime) == "done"
    rows = world.rows(trend_results, "site_id", "timeframe", "as_of")
    assert {row[:2] for row in rows} == {(site, name) for site in ("TP001", "TP002") for name in TIMEFRAMES}
    assert {str(row[2]) for row in rows} == {"2025-07-15"}, "at 02:00 UTC it is still the day before"


def _failing(times: int) -> Callable[[Runtime, HeldLease], None]:
    left = [times]

    def step(runtime: Runtime, lease: HeldLease) -> None:
        if left[0]:
            left[0] -= 1
            raise SourceError("out of order")

    return step


def _pass(world: AnalysisWorld, wait: timedelta) -> None:
    assert isinstance(world.clock, FixedClock)
    world.clock.moment += wait


def test_a_slice_that_fails_is_tried_again_three_times(world: AnalysisWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scheduled_jobs, "STEPS", {**STEPS, JOB: (_failing(4),)})
    propose(world.runtime, JOB, SLOT)
    first = job_slice(JOB, SLOT, 1).dedup_id
    assert work(world.runtime) == [first]
    for number, delay in enumerate(RETRIES[JOB], start=1):
        assert state(world.runtime) == "running"
        _pass(world, delay - timedelta(seconds=1))
        assert work(world.runtime) == [], "it is not due yet"
        _pass(world, timedelta(seconds=1))
        assert work(world.runtime) == [f"{first}:t{number}"]
    assert state(world.runtime) == "failed"


def test_a_slice_that_succeeds_the_second_time_goes_on(world: AnalysisWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scheduled_jobs, "STEPS", {**STEPS, JOB: (_failing(1), _failing(0))})
    propose(world.runtime, JOB, SLOT)
    work(world.runtime)
    _pass(world, RETRIES[JOB][0])
    delivered = work(world.runtime)
    assert [message_id.rsplit(":", 1)[1] for message_id in delivered] == ["t1", "2"]
    assert state(world.runtime) == "done"
