"""What operators see of the runs: the ledger, and how good and how new each feed's data are."""

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from shared_code.clock import FixedClock
from shared_code.errors import InvalidInputError
from shared_code.services.run_history import SourceQuality, quality, recent_runs
from shared_code.services.runtime import Runtime
from shared_code.sql.types import new_identifier
from shared_code.storage import feed_versions, runs
from shared_code.storage.publication import RunStamp
from shared_code.storage.runs import Reject, RunEnd, RunStart
from tests.support.operational import NOON, empty_database, settings_of

TODAY = date(2025, 6, 10)


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Runtime]:
    path = tmp_path / "forecasting.db"
    path.write_bytes(empty_database())
    app = Runtime(settings_of(path), FixedClock(NOON))
    yield app
    app.close()


def _run(
    app: Runtime,
    feed: str,
    state: str = "succeeded",
    *,
    slice_: str = "full",
    hours_ago: float = 1,
    through: date | None = None,
    rejects: int = 0,
    **end: Any,
) -> str:
    """A run that ended, and what it published when it was a good one."""
    run_id, moment = new_identifier(), NOON - timedelta(hours=hours_ago)
    with app.database.writing() as connection:
        start = RunStart(run_id, "f", feed, slice_, "timer", None, None, None, None, 1)
        runs.open_run(connection, start, moment)
        runs.add_rejects(connection, run_id, [Reject("MISSING_FIELD", "balance", {})] * rejects)
        if state != "running":
            runs.close_run(connection, run_id, RunEnd(state, rows_rejected=rejects, **end), moment)
        if state in {"succeeded", "unchanged"}:
            feed_versions.record(
                connection,
                feed=feed,
                slice_=slice_,
                run=RunStamp(run_id, moment),
                row_count=1,
                content_through=through,
                content_hash=b"",
                watermark=None,
                status="ok",
            )
    return run_id


def _report(app: Runtime) -> dict[str, SourceQuality]:
    return {f"{item.source} {item.slice}": item for item in quality(app)}


def test_the_newest_runs_come_first_and_may_be_of_one_feed(app: Runtime) -> None:
    for hours, feed in ((3, "budget"), (1, "ledger"), (2, "budget")):
        _run(app, feed, hours_ago=hours)

    assert [row["feed"] for row in recent_runs(app)] == ["ledger", "budget", "budget"]
    assert [row["feed"] for row in recent_runs(app, limit=1)] == ["ledger"]
    assert len(recent_runs(app, feed="budget")) == 2
    assert recent_runs(app, feed="none") == []


@pytest.mark.parametrize("limit", [0, -1, 201])
def test_only_a_bounded_number_of_runs_is_listed(app: Runtime, limit: int) -> None:
    with pytest.raises(InvalidInputError, match=f"A limit of {limit} is not possible; 1 to 200 is"):
        recent_runs(app, limit=limit)


def test_a_feed_passes_when_everything_was_taken_and_is_new(app: Runtime) -> None:
    run_id = _run(app, "ledger", rows_read=1000, completeness=Decimal(1))

    (item,) = quality(app)

    assert (item.source, item.run_id, item.status, item.rows) == ("ledger", run_id, "pass", 1000)
    assert (item.completeness, item.threshold, item.issues) == (Decimal(1), Decimal("0.95"), ())
    assert (item.newest_at, item.age_hours, item.fresh) == (NOON - timedelta(hours=1), 1, True)


def test_refused_rows_are_a_warning_with_their_rule_and_field(app: Runtime) -> None:
    _run(app, "ledger", rejects=3, rows_read=1000)

    (item,) = quality(app)

    assert (item.status, item.rejected) == ("warn", 3)
    assert item.issues == ({"field": "balance", "rule": "MISSING_FIELD", "count": 3},)


@pytest.mark.parametrize("state", ["failed", "aborted"])
def test_a_feed_whose_last_run_published_nothing_fails(app: Runtime, state: str) -> None:
    _run(app, "ledger", hours_ago=2)
    _run(app, "ledger", state, error_code="EMPTY_FEED")

    (item,) = quality(app)

    assert (item.status, item.state, item.error_code) == ("fail", state, "EMPTY_FEED")


def test_runs_that_are_under_way_or_were_skipped_say_nothing(app: Runtime) -> None:
    good = _run(app, "ledger", hours_ago=2)
    _run(app, "ledger", "running")
    _run(app, "ledger", "skipped", hours_ago=0.5)

    assert [item.run_id for item in quality(app)] == [good]


@pytest.mark.parametrize(
    ("through", "age_hours", "fresh"),
    [
        (TODAY, 0, True),
        (TODAY - timedelta(days=1), 12, True),
        (TODAY - timedelta(days=2), 36, True),
        (TODAY - timedelta(days=3), 60, False),
    ],
)
def test_days_are_as_old_as_their_end_and_may_be_a_day_late(
    app: Runtime, through: date, age_hours: int, fresh: bool
) -> None:
    _run(app, "paid_hours", through=through)

    (item,) = quality(app)

    assert (item.age_hours, item.fresh, item.status) == (age_hours, fresh, "pass" if fresh else "warn")


@pytest.mark.parametrize(("hours", "fresh"), [(24, True), (24.1, False)])
def test_a_feed_without_days_is_as_old_as_its_last_good_read(app: Runtime, hours: float, fresh: bool) -> None:
    _run(app, "budget", hours_ago=hours)

    (item,) = quality(app)

    assert (item.fresh, item.status) == (fresh, "pass" if fresh else "warn")


def test_the_newest_slice_of_a_feed_says_how_new_it_is(app: Runtime) -> None:
    _run(app, "daily_revenue", slice_="trailing-35", hours_ago=120, through=TODAY - timedelta(days=6))
    _run(app, "daily_revenue", slice_="trailing-7", through=TODAY - timedelta(days=1))

    assert {item.fresh for item in quality(app)} == {True}


def test_a_feed_that_never_succeeded_has_no_age(app: Runtime) -> None:
    _run(app, "ledger", "failed", error_code="SOURCE_UNAVAILABLE")

    (item,) = quality(app)

    assert (item.newest_at, item.age_hours, item.status) == (None, None, "fail")


def test_feeds_are_listed_in_the_order_in_which_they_are_read(app: Runtime) -> None:
    for feed in ("paid_hours", "job_code_rates", "budget", "sites"):
        _run(app, feed)

    assert [item.source for item in quality(app)] == ["sites", "budget", "paid_hours", "job_code_rates"]


def test_of_each_slice_the_last_run_counts(app: Runtime) -> None:
    for slice_, state, hours in (("year-2025", "failed", 3), ("year-2025", "succeeded", 2), ("year-2026", "failed", 1)):
        _run(app, "budget", state, slice_=slice_, hours_ago=hours)

    report = _report(app)

    assert {name: item.status for name, item in report.items()} == {
        "budget year-2025": "pass",
        "budget year-2026": "fail",
    }
