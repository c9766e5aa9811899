"""Scheduled jobs: a slot is proposed once, worked once, slice by slice, and nothing that died blocks what follows."""

import json
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Table, select

from shared_code.clock import FixedClock
from shared_code.errors import SourceError
from shared_code.messaging.events import job_slice
from shared_code.messaging.message import JOBS, PL_REFRESH
from shared_code.messaging.received import ReceivedMessage
from shared_code.services import scheduled_jobs
from shared_code.services.calculate_rates import LEASE
from shared_code.services.held_lease import HeldLease
from shared_code.services.messages import handle_with
from shared_code.services.outbox_relay import relay_outbox
from shared_code.services.reap import reap
from shared_code.services.runtime import Runtime
from shared_code.services.scheduled_jobs import LIMITS, STEPS, propose
from shared_code.sql.bulk import insert_rows
from shared_code.sql.types import new_identifier, timestamp_text
from shared_code.storage import embedded_queue, job_slots, leases, runs, stamps
from shared_code.storage.runs import RunStart
from shared_code.storage.tables.messages import job_slots as slot_rows
from shared_code.storage.tables.messages import outbox_messages
from shared_code.storage.tables.organisation import sites
from shared_code.storage.tables.runs import sync_runs
from shared_code.timetable import JOBS as TIMETABLE
from tests.support.operational import NO_RUN, empty_database, settings_of

MORNING = datetime(2025, 6, 10, 5, 30, tzinfo=UTC)
NEXT = MORNING + timedelta(days=1)
JOB = "sync_ledger"


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Runtime]:
    path = tmp_path / "forecasting.db"
    path.write_bytes(empty_database())
    app = Runtime(settings_of(path, edw_sample_path=tmp_path / "warehouse.db"), FixedClock(MORNING))
    yield app
    app.close()


@pytest.fixture
def done(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Slices that were worked off, `1`, `2` and `3` of the job."""
    worked: list[str] = []

    def step(name: str) -> Callable[[Runtime, HeldLease], None]:
        return lambda runtime, lease: worked.append(name)

    monkeypatch.setattr(scheduled_jobs, "STEPS", {**STEPS, JOB: (step("1"), step("2"), step("3"))})
    return worked


def _wait(app: Runtime, **much: float) -> None:
    assert isinstance(app.clock, FixedClock)
    app.clock.moment += timedelta(**much)


def _work(app: Runtime, most: int = 20) -> list[str]:
    """Carry messages to the handlers as a host does, until none is left; the ids of those delivered."""
    delivered = []
    for _ in range(most):
        relay_outbox(app)
        with app.database.writing() as connection:
            message = embedded_queue.receive(connection, JOBS, app.clock.now())
        if message is None:
            break
        delivered.append(message.message_id)
        _handle(app, message.body.encode(), message.message_id)
        with app.database.writing() as connection:
            embedded_queue.complete(connection, message)
    return delivered


def _handle(app: Runtime, body: bytes, message_id: str) -> None:
    handle_with(app, JOBS, ReceivedMessage(message_id, JOB, "JobSlice", body, 1, app.clock.now(), None, {}))


def _handle_slice(app: Runtime, slot: datetime, slice_no: int) -> None:
    message = job_slice(JOB, slot, slice_no)
    _handle(app, json.dumps(message.payload).encode(), message.dedup_id)


def _slots(app: Runtime, job: str = JOB) -> list[tuple[datetime, str]]:
    with app.database.reading() as connection:
        query = select(slot_rows.c.slot, slot_rows.c.state).where(slot_rows.c.job == job).order_by(slot_rows.c.slot)
        return [(slot, state) for slot, state in connection.execute(query)]


def _rows(app: Runtime, table: Table, *columns: str) -> list[tuple[Any, ...]]:
    chosen = [table.c[name] for name in columns]
    with app.database.reading() as connection:
        return [tuple(row) for row in connection.execute(select(*chosen).order_by(*chosen))]


def _begin(app: Runtime, slot: datetime) -> None:
    """A slot that a process began to work on and then died."""
    with app.database.writing() as connection:
        job_slots.propose(connection, JOB, slot, app.clock.now())
        job_slots.begin_slice(connection, JOB, slot, {"slice": 1, "of": 3}, app.clock.now())


def test_a_slot_is_worked_off_slice_by_slice(app: Runtime, done: list[str]) -> None:
    assert propose(app, JOB, MORNING)

    delivered = _work(app)

    assert done == ["1", "2", "3"]
    assert delivered == [f"{JOB}:2025-06-10T05:30:00.000Z:{number}" for number in (1, 2, 3)]
    assert _slots(app) == [(MORNING, "done")]


def test_a_timer_that_fires_twice_proposes_once(app: Runtime, done: list[str]) -> None:
    assert propose(app, JOB, MORNING)
    assert not propose(app, JOB, MORNING)
    _work(app)
    assert not propose(app, JOB, MORNING)

    assert _work(app) == []
    assert done == ["1", "2", "3"]


def test_the_slots_of_two_jobs_are_two(app: Runtime, done: list[str]) -> None:
    assert propose(app, JOB, MORNING)
    assert propose(app, "sync_daily", MORNING)


def test_a_slice_that_is_delivered_again_is_worked_once(app: Runtime, done: list[str]) -> None:
    propose(app, JOB, MORNING)
    _work(app)

    for number in (3, 1, 2):
        _handle_slice(app, MORNING, number)

    assert done == ["1", "2", "3"]
    assert _work(app) == []


def test_a_slice_of_a_slot_that_nobody_proposed_is_not_worked(app: Runtime, done: list[str]) -> None:
    _handle_slice(app, NEXT, 1)

    assert (done, _slots(app)) == ([], [])


def test_a_slot_whose_job_is_still_running_is_skipped(app: Runtime, done: list[str]) -> None:
    propose(app, JOB, MORNING)
    _handle_slice(app, MORNING, 1)
    propose(app, JOB, NEXT)
    _handle_slice(app, NEXT, 1)
    _handle_slice(app, MORNING, 2)
    _handle_slice(app, MORNING, 3)

    assert done == ["1", "2", "3"]
    assert _slots(app) == [(MORNING, "done"), (NEXT, "skipped")]


def test_a_slot_is_skipped_while_somebody_runs_the_job_by_hand(app: Runtime, done: list[str]) -> None:
    propose(app, JOB, MORNING)
    with app.database.writing() as connection:
        leases.acquire(connection, f"job:{JOB}", new_identifier(), app.clock.now(), 300)

    _work(app)

    assert (done, _slots(app)) == ([], [(MORNING, "skipped")])


def test_a_slot_in_which_a_process_died_goes_on_where_it_was(app: Runtime, done: list[str]) -> None:
    propose(app, JOB, MORNING)
    _begin(app, MORNING)

    _work(app)

    assert (done, _slots(app)) == (["1", "2", "3"], [(MORNING, "done")])


def test_a_step_that_fails_fails_its_slot_and_the_next_slot_tries_again(
    app: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    faults = [SourceError("The node is away")]
    worked: list[str] = []

    def step(runtime: Runtime, lease: HeldLease) -> None:
        if faults:
            raise faults.pop()
        worked.append("worked")

    monkeypatch.setattr(scheduled_jobs, "STEPS", {**STEPS, JOB: (step,)})
    propose(app, JOB, MORNING)
    _work(app)
    propose(app, JOB, NEXT)
    _work(app)

    assert _slots(app) == [(MORNING, "failed"), (NEXT, "done")]
    assert worked == ["worked"]


def test_a_slot_that_died_for_good_is_closed_after_its_limit_and_blocks_nobody(app: Runtime, done: list[str]) -> None:
    _begin(app, MORNING)
    propose(app, JOB, NEXT)
    _wait(app, minutes=29)
    reap(app)
    assert _slots(app)[0] == (MORNING, "running")
    _wait(app, minutes=1)

    reap(app)
    _handle_slice(app, NEXT, 1)
    _handle_slice(app, MORNING, 2)

    assert _slots(app) == [(MORNING, "failed"), (NEXT, "running")]
    assert done == ["1"], "a slot that was closed is not taken up again"


def test_a_slot_that_somebody_works_on_is_not_closed_however_long_it_takes(app: Runtime, done: list[str]) -> None:
    _begin(app, MORNING)
    _wait(app, hours=2)
    with app.database.writing() as connection:
        leases.acquire(connection, f"job:{JOB}", new_identifier(), app.clock.now(), 300)

    reap(app)
    assert _slots(app) == [(MORNING, "running")]
    _wait(app, seconds=300)
    reap(app)
    assert _slots(app) == [(MORNING, "failed")]


def test_a_slot_that_takes_longer_than_its_job_may_is_closed_although_it_goes_on(app: Runtime, done: list[str]) -> None:
    propose(app, JOB, MORNING)
    _handle_slice(app, MORNING, 1)
    _wait(app, minutes=29)
    _handle_slice(app, MORNING, 2)
    _wait(app, minutes=1)

    _handle_slice(app, MORNING, 3)

    assert _slots(app) == [(MORNING, "failed")]
    assert done == ["1", "2"]


def test_a_slot_that_has_waited_for_its_first_slice_has_all_its_time(app: Runtime, done: list[str]) -> None:
    propose(app, JOB, MORNING)
    _wait(app, hours=5)
    _handle_slice(app, MORNING, 1)
    _wait(app, minutes=5)

    reap(app)

    assert (MORNING, "running") in _slots(app)
    _handle_slice(app, MORNING, 2)
    _handle_slice(app, MORNING, 3)
    assert (MORNING, "done") in _slots(app)


def test_every_job_of_the_timetable_has_its_steps_and_its_limit() -> None:
    assert set(STEPS) == set(LIMITS) == set(TIMETABLE)


def test_missed_slots_are_proposed_once_by_the_reaper(app: Runtime, done: list[str]) -> None:
    _wait(app, minutes=7)
    reap(app)
    reap(app)

    assert _slots(app) == [(MORNING, "proposed")]
    proposed = {job for (job,) in _rows(app, slot_rows, "job")}
    assert proposed == set(TIMETABLE)
    assert len(_rows(app, outbox_messages, "dedup_id")) == len(TIMETABLE)
    _wait(app, days=3)
    reap(app)
    assert [slot for slot, _ in _slots(app)] == [MORNING, MORNING + timedelta(days=3)], "of several, the latest"


def test_a_timer_that_is_switched_off_is_not_caught_up(
    app: Runtime, done: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(os.environ, f"SCHEDULE_{JOB.upper()}", "")

    reap(app)

    assert _slots(app) == []


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
    assert _rows(app, sync_runs, "feed", "state", "error_code") == [
        ("budget", "failed", "ABANDONED"),
        ("job_code_rates", "running", None),
        ("ledger", "running", None),
    ]
    _wait(app, seconds=300)
    reap(app)
    assert {state for (state,) in _rows(app, sync_runs, "state")} == {"failed"}


def test_a_feed_whose_source_is_away_does_not_stop_the_job(app: Runtime) -> None:
    propose(app, "sync_daily", MORNING)
    _work(app)

    assert _slots(app, "sync_daily") == [(MORNING, "done")]
    assert _rows(app, sync_runs, "feed", "state", "error_code", "trigger_kind") == [
        ("daily_revenue", "failed", "SOURCE_UNAVAILABLE", "timer")
    ]


def test_a_feed_that_the_settings_do_not_call_for_is_not_read(app: Runtime) -> None:
    propose(app, "sync_budget", MORNING)
    propose(app, "sync_users_roles", MORNING)
    _work(app)

    assert _slots(app, "sync_budget") == [(MORNING, "done")]
    feeds = {feed for (feed,) in _rows(app, sync_runs, "feed")}
    assert feeds == {"budget", "budget_payroll", "salaries", "wage_rates", "user_scopes"}


def _know_site(app: Runtime) -> None:
    now = stamps.inserted("test", MORNING)
    columns = ("site_id", "name", "is_active", "sync_run_id", "loaded_at", *now)
    with app.database.writing() as connection:
        insert_rows(connection, sites, columns, [("0001", "Site 1", True, NO_RUN, MORNING, *now.values())])


def test_every_site_year_that_is_behind_is_asked_for(app: Runtime) -> None:
    _know_site(app)
    propose(app, "refresh_pnl_all", MORNING)
    _work(app)

    asked = [row for row in _rows(app, outbox_messages, "destination", "subject", "payload") if row[0] == PL_REFRESH]
    assert [(subject, json.loads(body)["siteId"], json.loads(body)["period"]) for _, subject, body in asked] == [
        ("RefreshRequested", "0001", "2025"),
        ("RefreshRequested", "0001", "2026"),
    ]


def test_a_site_year_that_lags_without_a_change_of_its_inputs_is_asked_for_again(app: Runtime) -> None:
    _know_site(app)
    for day in range(2):
        propose(app, "refresh_pnl_all", MORNING + timedelta(days=day))
        _work(app)

    wishes = [row for row in _rows(app, outbox_messages, "destination", "dedup_id") if row[0] == PL_REFRESH]
    assert len(wishes) == 4, "the outbox takes nothing for a repetition"


def test_the_state_of_a_slot_shows_how_far_it_has_come(app: Runtime, done: list[str]) -> None:
    propose(app, JOB, MORNING)
    _handle_slice(app, MORNING, 1)
    _wait(app, minutes=3)
    _handle_slice(app, MORNING, 2)

    [(state, checkpoint)] = _rows(app, slot_rows, "state", "checkpoint")
    assert state == "running"
    assert json.loads(checkpoint) == {"slice": 2, "of": 3, "beganAt": timestamp_text(MORNING)}
    with app.database.reading() as connection:
        assert job_slots.latest(connection, JOB) == MORNING
        assert job_slots.latest(connection, "none") is None


def test_an_error_of_ours_leaves_the_slot_to_a_further_delivery(app: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(runtime: Runtime, lease: HeldLease) -> None:
        raise KeyError("a slip of ours")

    monkeypatch.setattr(scheduled_jobs, "STEPS", {**STEPS, JOB: (broken,)})
    propose(app, JOB, MORNING)
    with pytest.raises(KeyError):
        _handle_slice(app, MORNING, 1)

    assert _slots(app) == [(MORNING, "running")]
    monkeypatch.setattr(scheduled_jobs, "STEPS", {**STEPS, JOB: (lambda runtime, lease: None,)})
    _handle_slice(app, MORNING, 1)
    assert _slots(app) == [(MORNING, "done")]


def test_a_slot_is_one_row_however_many_processes_propose_it(app: Runtime) -> None:
    with ThreadPoolExecutor(6) as pool:
        entered = list(pool.map(lambda _: propose(app, JOB, MORNING), range(12)))

    assert sorted(entered) == [False] * 11 + [True]
