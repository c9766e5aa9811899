"""A validation of the data: one row a source, in parts that may be interrupted, with a verdict."""

import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from shared_code.errors import ConflictError, NotFoundError
from shared_code.messaging.events import job_slice
from shared_code.messaging.message import JOBS
from shared_code.services.data_quality import ValidationReport, latest_validation, report_of
from shared_code.services.held_lease import held
from shared_code.services.quality.terms import feeds_in_use
from shared_code.services.quality.validation import LEASE, PARTS, RUN_LIMIT_S, validate
from shared_code.services.reap import reap
from shared_code.services.scheduled_jobs import LIMITS, RETRIES, STEPS, propose, work_slice
from shared_code.storage.runs import Reject
from shared_code.storage.tables.facts import actual_account_months
from shared_code.storage.tables.messages import job_slots, outbox_messages
from shared_code.storage.tables.results import pnl_results
from shared_code.storage.tables.runs import quality_checks, sync_runs
from tests.support.operational import executed_statements
from tests.support.quality_world import QualityWorld

JOB = "data_validation"
SLOT = datetime(2025, 6, 10, 12, tzinfo=UTC)
ROOT = Path(__file__).parents[2]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[QualityWorld]:
    """Every feed has just been read; there is no warehouse to ask."""
    world = QualityWorld(tmp_path)
    for feed in feeds_in_use(world.runtime.settings):
        world.ran(feed, rows_read=1000, rows_rejected=0, completeness=Decimal(1))
    yield world
    world.close()


def _validated(world: QualityWorld) -> ValidationReport:
    return report_of(validate(world.runtime))


def _source(report: ValidationReport, name: str) -> Any:
    return next(source for source in report.sources if source.source == name)


def _slices(world: QualityWorld, first: int = 1, last: int = len(PARTS), again: str = "") -> None:
    """Slices of the job, as their messages bring them; `again` ends the ids of copies."""
    for number in range(first, last + 1):
        message = job_slice(JOB, SLOT, number)
        work_slice(world.runtime, JOBS, message.dedup_id + again, JOB, SLOT, number)


def _states(world: QualityWorld) -> list[tuple[str, str | None]]:
    """State and error of every validation, in order."""
    with world.runtime.database.reading() as connection:
        rows = connection.execute(
            select(sync_runs.c.state, sync_runs.c.error_code)
            .where(sync_runs.c.feed == JOB)
            .order_by(sync_runs.c.started_at, sync_runs.c.sync_run_id)
        )
        return [(state, error) for state, error in rows]


def test_every_source_has_one_row_in_the_order_of_the_parts(world: QualityWorld) -> None:
    report = _validated(world)
    used = {*feeds_in_use(world.runtime.settings), "pnl_results"}
    assert [source.source for source in report.sources] == [name for part in PARTS for name in part if name in used]


def test_a_source_without_a_finding_passes(world: QualityWorld) -> None:
    sites = _source(_validated(world), "sites")
    assert (sites.status, sites.rows, sites.completeness, sites.threshold) == (
        "pass", 1000, Decimal(1), Decimal("0.95"),
    )  # fmt: skip
    assert (sites.newest_at, sites.age_hours, sites.fresh, sites.issues) == (
        SLOT - timedelta(hours=1), Decimal(1), True, (),
    )  # fmt: skip


def test_rules_that_warn_warn_and_rules_that_block_fail(world: QualityWorld) -> None:
    assert _validated(world).overall == "warn", "the warehouse is away"
    world.put(actual_account_months, balance=Decimal(10**9), amount=Decimal(-(10**9)))
    assert (_source(_validated(world), "ledger").status, _source(_validated(world), "ledger").out_of_range) == (
        "warn",
        1,
    )

    world.ran("ledger", hours_ago=0, rows_read=1000, completeness=Decimal("0.94"))

    report = _validated(world)
    assert (report.overall, _source(report, "ledger").status) == ("fail", "fail")
    assert _source(report, "ledger").completeness == Decimal("0.94")
    assert {issue["rule"] for issue in _source(report, "ledger").issues} == {
        "COMPLETENESS_BELOW_THRESHOLD", "VALUE_OUT_OF_RANGE", "SOURCE_UNAVAILABLE",
    }  # fmt: skip


def test_an_issue_says_where_what_and_how_often(world: QualityWorld) -> None:
    for site_id, entity in (("9998", "01"), ("9998", "02"), ("9999", "01")):
        world.put(actual_account_months, site_id=site_id, entity=entity)
    issues = [i for i in _source(_validated(world), "ledger").issues if i["rule"] == "UNKNOWN_SITE"]
    assert issues == [
        {"siteId": "9998", "period": "2025-05", "field": "site_id", "rule": "UNKNOWN_SITE", "count": 2},
        {"siteId": "9999", "period": "2025-05", "field": "site_id", "rule": "UNKNOWN_SITE", "count": 1},
    ]


def test_refused_values_count_as_out_of_range(world: QualityWorld) -> None:
    world.ran("ledger", hours_ago=0, rows_read=1000, rejects=[Reject("VALUE_OUT_OF_RANGE", "balance", {})] * 2)
    ledger = _source(_validated(world), "ledger")
    assert (ledger.status, ledger.out_of_range) == ("warn", 2)


@pytest.mark.parametrize(
    ("through", "age_hours", "fresh"),
    [
        (date(2025, 6, 10), "0", True),
        (date(2025, 6, 9), "12", True),
        (date(2025, 6, 8), "36", True),
        (date(2025, 6, 7), "60", False),
    ],
)
def test_days_are_as_old_as_their_end_and_may_be_a_day_late(
    through: date, age_hours: str, fresh: bool, world: QualityWorld
) -> None:
    world.ran("shifts", hours_ago=0, through=through)
    shifts = _source(_validated(world), "shifts")
    assert (shifts.age_hours, shifts.fresh, shifts.status) == (
        Decimal(age_hours), fresh, "pass" if fresh else "warn",
    )  # fmt: skip
    assert [issue["rule"] for issue in shifts.issues] == ([] if fresh else ["STALE_CONTENT"])


def test_a_feed_without_days_is_as_old_as_its_last_good_read(world: QualityWorld) -> None:
    world.clock.moment += timedelta(hours=23, seconds=1)
    sites = _source(_validated(world), "sites")
    assert (sites.fresh, sites.status, sites.age_hours, sites.issues) == (False, "warn", Decimal(24), ())
    world.clock.moment += timedelta(hours=1)
    assert [issue["rule"] for issue in _source(_validated(world), "sites").issues] == ["NO_RECENT_SUCCESS"]


def test_a_source_that_is_away_is_never_a_pass(world: QualityWorld) -> None:
    report = _validated(world)
    asked = {"budget", "ledger", "budget_payroll", "daily_revenue", "parking_rates_actual", "paid_hours"}
    assert {source.source for source in report.sources if source.status == "warn"} == asked
    assert {issue["rule"] for name in asked for issue in _source(report, name).issues} == {"SOURCE_UNAVAILABLE"}
    assert _source(report, "ledger").rows == 1000, "what was read is not forgotten"


def test_the_run_is_in_the_ledger_with_what_it_came_to(world: QualityWorld) -> None:
    report = _validated(world)
    with world.runtime.database.reading() as connection:
        run = connection.execute(select(sync_runs).where(sync_runs.c.sync_run_id == report.run_id)).mappings().one()
    assert (run["flow"], run["feed"], run["state"], run["trigger_kind"]) == (
        "data-validation", JOB, "succeeded", "manual",
    )  # fmt: skip
    assert run["rows_read"] == sum(source.rows for source in report.sources)
    assert run["rows_rejected"] == sum(issue["count"] for source in report.sources for issue in source.issues)


def test_before_the_first_validation_there_is_no_report(world: QualityWorld) -> None:
    with pytest.raises(NotFoundError, match="have not been validated yet"):
        latest_validation(world.runtime)


def test_two_validations_never_work_at_once(world: QualityWorld) -> None:
    with held(world.runtime.database, LEASE, 300) as lease:
        assert lease is not None
        with pytest.raises(ConflictError) as refused:
            validate(world.runtime)
    assert refused.value.details == {"reason": "run_in_progress"}
    assert _states(world) == []


def test_the_job_has_its_schedule_limit_and_retries() -> None:
    assert len(STEPS[JOB]) == len(PARTS)
    assert (LIMITS[JOB], len(RETRIES[JOB])) == (timedelta(minutes=10), 2)


def test_the_job_works_part_by_part_and_shows_nothing_before_the_last(world: QualityWorld) -> None:
    propose(world.runtime, JOB, SLOT)
    _slices(world, last=len(PARTS) - 1)
    with pytest.raises(NotFoundError):
        latest_validation(world.runtime)
    assert _states(world) == [("running", None)]

    _slices(world, first=len(PARTS))

    assert _states(world) == [("succeeded", None)]
    assert len(latest_validation(world.runtime).sources) == len({*feeds_in_use(world.runtime.settings)}) + 1
    with world.runtime.database.reading() as connection:
        assert connection.execute(select(job_slots.c.state).where(job_slots.c.job == JOB)).scalar_one() == "done"


def test_the_reaper_leaves_a_run_alone_between_its_parts_and_closes_one_that_took_too_long(world: QualityWorld) -> None:
    propose(world.runtime, JOB, SLOT)
    _slices(world, last=1)
    world.clock.moment += timedelta(seconds=RUN_LIMIT_S - 1)
    reap(world.runtime)
    assert _states(world) == [("running", None)]
    world.clock.moment += timedelta(seconds=1)
    reap(world.runtime)
    assert _states(world) == [("failed", "ABANDONED")]


def test_a_part_whose_run_was_closed_is_tried_again_and_leaves_nothing_behind(world: QualityWorld) -> None:
    propose(world.runtime, JOB, SLOT)
    _slices(world, last=1)
    with world.runtime.database.writing() as connection:
        connection.execute(update(sync_runs).where(sync_runs.c.feed == JOB).values(state="failed"))
    _slices(world, first=2, last=2)
    with world.runtime.database.reading() as connection:
        waiting = connection.scalars(select(outbox_messages.c.dedup_id).where(outbox_messages.c.dedup_id.like("%:t1")))
        assert list(waiting) == [f"{job_slice(JOB, SLOT, 2).dedup_id}:t1"]
    with pytest.raises(NotFoundError):
        latest_validation(world.runtime)


KILLED = """
import os, signal, sys
from datetime import datetime
from pathlib import Path
from shared_code.clock import FixedClock
from shared_code.services.quality import validation
from shared_code.services.runtime import Runtime
from tests.support.operational import settings_of

folder, moment = Path(sys.argv[1]), datetime.fromisoformat(sys.argv[2])
runtime = Runtime(settings_of(folder / "forecasting.db", edw_sample_path=folder / "none.db"), FixedClock(moment))
write = validation.quality_checks.replace_checks

def die_after_writing(connection, run_id, sources, checks):
    write(connection, run_id, sources, checks)
    if sources[0] == validation.PARTS[1][0]:
        os.kill(os.getpid(), signal.SIGKILL)

validation.quality_checks.replace_checks = die_after_writing
validation.validate(runtime)
"""


def test_a_validation_that_is_killed_in_the_middle_shows_nothing_and_blocks_nobody(
    world: QualityWorld, tmp_path: Path
) -> None:
    before = _validated(world)
    command = [sys.executable, "-c", KILLED, str(tmp_path), world.clock.moment.isoformat()]
    died = subprocess.run(command, cwd=ROOT, timeout=60, check=False, capture_output=True)
    assert died.returncode == -9, died.stderr.decode()

    assert latest_validation(world.runtime) == before
    with pytest.raises(ConflictError):
        validate(world.runtime)
    world.clock.moment += timedelta(seconds=world.runtime.settings.lease_ttl_s)
    after = _validated(world)

    assert _states(world) == [("succeeded", None), ("failed", "ABANDONED"), ("succeeded", None)]
    assert [source.source for source in after.sources] == [source.source for source in before.sources]


def test_a_part_that_is_delivered_again_after_a_kill_goes_on_with_its_run(world: QualityWorld) -> None:
    propose(world.runtime, JOB, SLOT)
    _slices(world, last=2)
    with world.runtime.database.writing() as connection:
        connection.execute(update(quality_checks).values(status="fail"))
    _slices(world, first=2, again=":t1")
    assert _states(world) == [("succeeded", None)]
    report = latest_validation(world.runtime)
    names = [source.source for source in report.sources]
    assert len(names) == len(set(names))
    statuses = {source.source: source.status for source in report.sources}
    assert (statuses["sites"], statuses["budget"]) == ("fail", "warn"), (
        "only the part that came again was looked at again"
    )


def test_statements_on_our_data_do_not_grow_with_sites(world: QualityWorld) -> None:
    def counted() -> int:
        with executed_statements(world.runtime.database) as seen:
            _validated(world)
        return len(seen)

    assert counted()
    few = counted()
    for number in range(5):
        world.put(actual_account_months, site_id=f"X{number:03d}")
        world.put(pnl_results, site_id=f"X{number:03d}")
    assert counted() == few
