"""Scheduled jobs: a slot is proposed once, worked once, slice by slice."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest

from shared_code.errors import SourceError
from shared_code.messaging.events import job_slice
from shared_code.messaging.message import PL_REFRESH
from shared_code.services import scheduled_jobs
from shared_code.services.held_lease import HeldLease
from shared_code.services.runtime import Runtime
from shared_code.services.scheduled_jobs import LIMITS, STEPS, propose
from shared_code.sql.bulk import insert_rows
from shared_code.sql.types import new_identifier, timestamp_text
from shared_code.storage import job_slots, leases, stamps
from shared_code.storage.tables.messages import job_slots as slot_rows
from shared_code.storage.tables.messages import outbox_messages
from shared_code.storage.tables.organisation import sites
from shared_code.storage.tables.runs import sync_runs
from shared_code.timetable import JOBS as TIMETABLE
from tests.support.operational import NO_RUN
from tests.support.slot_world import (
    JOB,
    MORNING,
    NEXT,
    begin,
    handle,
    handle_slice,
    numbered_steps,
    rows_of,
    slot_runtime,
    slots_of,
    wait,
    work,
)


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Runtime]:
    with slot_runtime(tmp_path) as app:
        yield app


@pytest.fixture
def done(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    return numbered_steps(monkeypatch)


def test_a_slot_is_worked_off_slice_by_slice(app: Runtime, done: list[str]) -> None:
    assert propose(app, JOB, MORNING)

    delivered = work(app)

    assert done == ["1", "2", "3"]
    assert delivered == [f"{JOB}:2025-06-10T05:30:00.000Z:{number}" for number in (1, 2, 3)]
    assert slots_of(app) == [(MORNING, "done")]


def test_a_timer_that_fires_twice_proposes_once(app: Runtime, done: list[str]) -> None:
    assert propose(app, JOB, MORNING)
    assert not propose(app, JOB, MORNING)
    work(app)
    assert not propose(app, JOB, MORNING)

    assert work(app) == []
    assert done == ["1", "2", "3"]


def test_the_slots_of_two_jobs_are_two(app: Runtime, done: list[str]) -> None:
    assert propose(app, JOB, MORNING)
    assert propose(app, "sync_daily", MORNING)


def test_a_slice_that_is_delivered_again_is_worked_once(app: Runtime, done: list[str]) -> None:
    propose(app, JOB, MORNING)
    work(app)

    for number in (3, 1, 2):
        handle_slice(app, MORNING, number)

    assert done == ["1", "2", "3"]
    assert work(app) == []


def test_a_slice_that_outlasts_the_lock_of_its_message_is_worked_once(
    app: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    worked: list[str] = []

    def long(runtime: Runtime, lease: HeldLease) -> None:
        worked.append("long")
        if len(worked) == 1:
            handle_slice(app, MORNING, 1)  # delivered again, and handed on as a copy

    def short(runtime: Runtime, lease: HeldLease) -> None:
        worked.append("short")

    monkeypatch.setattr(scheduled_jobs, "STEPS", {**STEPS, JOB: (long, short)})
    propose(app, JOB, MORNING)
    work(app)
    wait(app, seconds=30)
    delivered = work(app)

    assert delivered == [f"{JOB}:2025-06-10T05:30:00.000Z:1:r1"]
    assert worked == ["long", "short"]
    assert slots_of(app) == [(MORNING, "done")]


def test_a_slice_that_the_slot_is_past_is_not_worked_again(app: Runtime, done: list[str]) -> None:
    propose(app, JOB, MORNING)
    handle_slice(app, MORNING, 1)
    handle_slice(app, MORNING, 2)
    late = job_slice(JOB, MORNING, 1)
    handle(app, json.dumps(late.payload).encode(), f"{late.dedup_id}:r1")

    assert done == ["1", "2"]
    assert slots_of(app) == [(MORNING, "running")]
    handle_slice(app, MORNING, 3)
    assert slots_of(app) == [(MORNING, "done")]


def test_a_slice_of_a_slot_that_nobody_proposed_is_not_worked(app: Runtime, done: list[str]) -> None:
    handle_slice(app, NEXT, 1)

    assert (done, slots_of(app)) == ([], [])


def test_a_slot_whose_job_is_still_running_is_skipped(app: Runtime, done: list[str]) -> None:
    propose(app, JOB, MORNING)
    handle_slice(app, MORNING, 1)
    propose(app, JOB, NEXT)
    handle_slice(app, NEXT, 1)
    handle_slice(app, MORNING, 2)
    handle_slice(app, MORNING, 3)

    assert done == ["1", "2", "3"]
    assert slots_of(app) == [(MORNING, "done"), (NEXT, "skipped")]


def test_a_slot_is_skipped_while_somebody_runs_the_job_by_hand(app: Runtime, done: list[str]) -> None:
    propose(app, JOB, MORNING)
    with app.database.writing() as connection:
        leases.acquire(connection, f"job:{JOB}", new_identifier(), app.clock.now(), 300)

    work(app)

    assert (done, slots_of(app)) == ([], [(MORNING, "skipped")])


def test_a_slot_in_which_a_process_died_goes_on_where_it_was(app: Runtime, done: list[str]) -> None:
    propose(app, JOB, MORNING)
    begin(app, MORNING)

    work(app)

    assert (done, slots_of(app)) == (["1", "2", "3"], [(MORNING, "done")])


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
    work(app)
    propose(app, JOB, NEXT)
    work(app)

    assert slots_of(app) == [(MORNING, "failed"), (NEXT, "done")]
    assert worked == ["worked"]


def test_a_slot_that_takes_longer_than_its_job_may_is_closed_although_it_goes_on(app: Runtime, done: list[str]) -> None:
    propose(app, JOB, MORNING)
    handle_slice(app, MORNING, 1)
    wait(app, minutes=29)
    handle_slice(app, MORNING, 2)
    wait(app, minutes=1)

    handle_slice(app, MORNING, 3)

    assert slots_of(app) == [(MORNING, "failed")]
    assert done == ["1", "2"]


def test_every_job_of_the_timetable_has_its_steps_and_its_limit() -> None:
    assert set(STEPS) == set(LIMITS) == set(TIMETABLE)


def test_a_feed_whose_source_is_away_does_not_stop_the_job(app: Runtime) -> None:
    propose(app, "sync_daily", MORNING)
    work(app)

    assert slots_of(app, "sync_daily") == [(MORNING, "done")]
    assert rows_of(app, sync_runs, "feed", "state", "error_code", "trigger_kind") == [
        ("daily_revenue", "failed", "SOURCE_UNAVAILABLE", "timer")
    ]


def test_a_feed_that_the_settings_do_not_call_for_is_not_read(app: Runtime) -> None:
    propose(app, "sync_budget", MORNING)
    propose(app, "sync_users_roles", MORNING)
    work(app)

    assert slots_of(app, "sync_budget") == [(MORNING, "done")]
    feeds = {feed for (feed,) in rows_of(app, sync_runs, "feed")}
    assert feeds == {"budget", "budget_payroll", "salaries", "wage_rates", "user_scopes"}


def _know_site(app: Runtime) -> None:
    now = stamps.inserted("test", MORNING)
    columns = ("site_id", "name", "is_active", "sync_run_id", "loaded_at", *now)
    with app.database.writing() as connection:
        insert_rows(connection, sites, columns, [("0001", "Site 1", True, NO_RUN, MORNING, *now.values())])


def test_every_site_year_that_is_behind_is_asked_for(app: Runtime) -> None:
    _know_site(app)
    propose(app, "refresh_pnl_all", MORNING)
    work(app)

    asked = [row for row in rows_of(app, outbox_messages, "destination", "subject", "payload") if row[0] == PL_REFRESH]
    assert [(subject, json.loads(body)["siteId"], json.loads(body)["period"]) for _, subject, body in asked] == [
        ("RefreshRequested", "0001", "2025"),
        ("RefreshRequested", "0001", "2026"),
    ]


def test_a_site_year_that_lags_without_a_change_of_its_inputs_is_asked_for_again(app: Runtime) -> None:
    _know_site(app)
    for day in range(2):
        propose(app, "refresh_pnl_all", MORNING + timedelta(days=day))
        work(app)

    wishes = [row for row in rows_of(app, outbox_messages, "destination", "dedup_id") if row[0] == PL_REFRESH]
    assert len(wishes) == 4, "the outbox takes nothing for a repetition"


def test_the_state_of_a_slot_shows_how_far_it_has_come(app: Runtime, done: list[str]) -> None:
    propose(app, JOB, MORNING)
    handle_slice(app, MORNING, 1)
    wait(app, minutes=3)
    handle_slice(app, MORNING, 2)

    [(state, checkpoint)] = rows_of(app, slot_rows, "state", "checkpoint")
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
        handle_slice(app, MORNING, 1)

    assert slots_of(app) == [(MORNING, "running")]
    monkeypatch.setattr(scheduled_jobs, "STEPS", {**STEPS, JOB: (lambda runtime, lease: None,)})
    handle_slice(app, MORNING, 1)
    assert slots_of(app) == [(MORNING, "done")]


def test_a_slot_is_one_row_however_many_processes_propose_it(app: Runtime) -> None:
    with ThreadPoolExecutor(6) as pool:
        entered = list(pool.map(lambda _: propose(app, JOB, MORNING), range(12)))

    assert sorted(entered) == [False] * 11 + [True]
