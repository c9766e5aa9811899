"""What died is closed by the reaper, what was missed is proposed by it, and nothing of it blocks what follows."""

import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from shared_code.services.calculate_rates import LEASE
from shared_code.services.held_lease import held
from shared_code.services.reap import reap
from shared_code.services.runtime import Runtime
from shared_code.services.scheduled_jobs import propose
from shared_code.sql.types import new_identifier
from shared_code.storage import leases, runs
from shared_code.storage.runs import RunStart
from shared_code.storage.tables.messages import job_slots as slot_rows
from shared_code.storage.tables.messages import outbox_messages
from shared_code.storage.tables.runs import sync_runs
from shared_code.timetable import JOBS as TIMETABLE
from tests.support.slot_world import (
    JOB,
    MORNING,
    NEXT,
    begin,
    handle_slice,
    numbered_steps,
    rows_of,
    slot_runtime,
    slots_of,
    wait,
)


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Runtime]:
    with slot_runtime(tmp_path) as app:
        yield app


@pytest.fixture
def done(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    return numbered_steps(monkeypatch)


def test_a_slot_that_died_for_good_is_closed_after_its_limit_and_blocks_nobody(app: Runtime, done: list[str]) -> None:
    begin(app, MORNING)
    propose(app, JOB, NEXT)
    wait(app, minutes=29)
    reap(app)
    assert slots_of(app)[0] == (MORNING, "running")
    wait(app, minutes=1)

    reap(app)
    handle_slice(app, NEXT, 1)
    handle_slice(app, MORNING, 2)

    assert slots_of(app) == [(MORNING, "failed"), (NEXT, "running")]
    assert done == ["1"], "a slot that was closed is not taken up again"


def test_a_slot_that_somebody_works_on_is_not_closed_however_long_it_takes(app: Runtime, done: list[str]) -> None:
    begin(app, MORNING)
    wait(app, hours=2)
    with app.database.writing() as connection:
        leases.acquire(connection, f"job:{JOB}", new_identifier(), app.clock.now(), 300)

    reap(app)
    assert slots_of(app) == [(MORNING, "running")]
    wait(app, seconds=300)
    reap(app)
    assert slots_of(app) == [(MORNING, "failed")]


def test_a_slot_that_has_waited_for_its_first_slice_has_all_its_time(app: Runtime, done: list[str]) -> None:
    propose(app, JOB, MORNING)
    wait(app, hours=5)
    handle_slice(app, MORNING, 1)
    wait(app, minutes=5)

    reap(app)

    assert (MORNING, "running") in slots_of(app)
    handle_slice(app, MORNING, 2)
    handle_slice(app, MORNING, 3)
    assert (MORNING, "done") in slots_of(app)


def test_missed_slots_are_proposed_once_by_the_reaper(app: Runtime, done: list[str]) -> None:
    wait(app, minutes=7)
    reap(app)
    reap(app)

    assert slots_of(app) == [(MORNING, "proposed")]
    proposed = {job for (job,) in rows_of(app, slot_rows, "job")}
    assert proposed == set(TIMETABLE)
    assert len(rows_of(app, outbox_messages, "dedup_id")) == len(TIMETABLE)
    wait(app, days=3)
    reap(app)
    assert [slot for slot, _ in slots_of(app)] == [MORNING, MORNING + timedelta(days=3)], "of several, the latest"


def test_two_reapers_do_not_work_at_once(app: Runtime, done: list[str]) -> None:
    with held(app.database, "job:reaper", 300) as lease:
        assert lease is not None
        reap(app)
    assert slots_of(app) == []
    reap(app)
    assert slots_of(app) == [(MORNING, "proposed")]


def test_a_timer_that_is_switched_off_is_not_caught_up(
    app: Runtime, done: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(os.environ, f"SCHEDULE_{JOB.upper()}", "")

    reap(app)

    assert slots_of(app) == []


def _open_run(app: Runtime, feed: str) -> None:
    start = RunStart(new_identifier(), "f", feed, "full", "timer", None, None, None, None, 1)
    with app.database.writing() as connection:
        runs.open_run(connection, start, app.clock.now())


def test_runs_whose_process_died_are_closed_and_others_go_on(app: Runtime) -> None:
    for feed in ("budget", "ledger", "job_code_rates"):
        _open_run(app, feed)
    with app.database.writing() as connection:
        for resource in ("feed:ledger", LEASE):
            leases.acquire(connection, resource, new_identifier(), app.clock.now(), 300)

    reap(app)
    assert rows_of(app, sync_runs, "feed", "state", "error_code") == [
        ("budget", "failed", "ABANDONED"),
        ("job_code_rates", "running", None),
        ("ledger", "running", None),
    ]
    wait(app, seconds=300)
    reap(app)
    assert {state for (state,) in rows_of(app, sync_runs, "state")} == {"failed"}
