"""The daily trend analysis: what it stores, what overtakes it, and what it leaves to the next slice."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from shared_code.clock import FixedClock
from shared_code.domain.site_figures import METRICS
from shared_code.domain.site_scope import SiteScope
from shared_code.errors import CalculationRefusedError
from shared_code.services import trend_analysis
from shared_code.services.held_lease import held
from shared_code.services.pnl_site_cells import open_site
from shared_code.services.runtime import Runtime
from shared_code.services.trend_analysis import analyse_trends, read_trend
from shared_code.services.trend_series import TIMEFRAMES, rows_of_all, site_trends
from shared_code.storage import trend_results, versions
from shared_code.storage.tables.trends import trend_results as stored
from tests.support.analysis_world import AnalysisWorld
from tests.support.trend_world import SITE, TODAY, points, trend, trend_world


@pytest.fixture
def world(tmp_path: Path) -> Iterator[AnalysisWorld]:
    world = trend_world(tmp_path)
    yield world
    world.close()


def run_job(world: AnalysisWorld) -> None:
    """One slice of the daily job."""
    with held(world.runtime.database, "job:trend_analysis", 300) as lease:
        assert lease is not None
        analyse_trends(world.runtime, lease)


def test_what_a_read_has_computed_is_stored_and_read_back_as_it_was(world: AnalysisWorld) -> None:
    for timeframe in ("90d", "36m"):
        computed = trend(world, timeframe)
        with world.statements() as seen:
            read = trend(world, timeframe)
        assert read == computed
        assert (seen.inserts, seen.others) == (0, 4), "the site, its clock, and the rows"


def test_the_job_stores_every_time_frame_of_every_active_site(world: AnalysisWorld) -> None:
    world.add_sites("TP002", "TP003")
    world.add_sites("TP004")
    with world.runtime.database.writing() as connection:
        connection.exec_driver_sql("UPDATE sites SET is_active = 0 WHERE site_id = 'TP004'")
    run_job(world)
    rows = world.rows(stored, "site_id", "timeframe", "as_of", "metric", "is_stale")
    assert {row[0] for row in rows} == {"TP001", "TP002", "TP003"}
    assert {row[1] for row in rows} == set(TIMEFRAMES)
    assert {row[2:][0] for row in rows} == {TODAY}
    assert len(rows) == 3 * rows_of_all(TODAY)
    assert {row[3] for row in rows} == set(METRICS)
    before = {timeframe: trend(world, timeframe) for timeframe in TIMEFRAMES}
    with world.runtime.database.writing() as connection:
        connection.exec_driver_sql("DELETE FROM trend_results")
    assert {timeframe: trend(world, timeframe) for timeframe in TIMEFRAMES} == before


def test_a_second_run_finds_nothing_to_do(world: AnalysisWorld) -> None:
    run_job(world)
    with world.statements() as seen:
        run_job(world)
    assert seen.inserts == 0


def test_a_later_day_takes_the_place_of_an_earlier_one_of_its_month(world: AnalysisWorld) -> None:
    trend(world, "12m", as_of="2025-06")
    run_job(world)
    assert isinstance(world.clock, FixedClock)
    world.clock.moment += timedelta(days=1)
    run_job(world)
    assert {row[0] for row in world.rows(stored, "as_of")} == {date(2025, 6, 30), TODAY + timedelta(days=1)}


def test_what_a_change_has_overtaken_is_shown_as_stale_until_the_next_run(world: AnalysisWorld) -> None:
    run_job(world)
    assert not trend(world, "30d").is_stale
    world.traffic(SITE, [date(2025, 7, 2)], valet_daily=500)
    with world.runtime.database.writing() as connection:
        assert trend_results.mark_stale(connection, [SITE], "2025-07") == rows_of_all(TODAY)
    stale = trend(world, "30d")
    assert stale.is_stale
    assert points(stale, "vehicles_served")["2025-07-02"].actual != 500
    run_job(world)
    fresh = trend(world, "30d")
    assert not fresh.is_stale
    assert points(fresh, "vehicles_served")["2025-07-02"].actual == 500


def test_a_change_leaves_the_windows_before_it_and_other_sites_as_they_are(world: AnalysisWorld) -> None:
    world.add_sites("TP002")
    trend(world, "3m", as_of="2025-05")
    run_job(world)
    with world.runtime.database.writing() as connection:
        trend_results.mark_stale(connection, [SITE], "2025-06")
    marked = {row[:2] for row in world.rows(stored, "site_id", "as_of", "is_stale") if row[2]}
    assert marked == {(SITE, TODAY)}
    with world.runtime.database.writing() as connection:
        trend_results.mark_stale(connection, [SITE])
        assert trend_results.mark_stale(connection, []) == 0
    assert trend(world, "3m", as_of="2025-05").is_stale
    run_job(world)
    assert not any(row[0] for row in world.rows(stored, "is_stale")), "the job takes up earlier months too"


def test_what_changes_while_it_is_computed_is_stored_as_overtaken(
    world: AnalysisWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    compute = site_trends

    def meanwhile(*args: Any) -> Any:
        found = list(compute(*args))
        with world.runtime.database.writing() as connection:
            versions.raise_inputs_versions(connection, [(SITE, 2025)], world.clock.now())
        return found

    monkeypatch.setattr(trend_analysis, "site_trends", meanwhile)
    trend(world, "3m")
    monkeypatch.undo()
    assert trend(world, "3m").is_stale


def test_an_analysis_that_is_days_behind_is_shown_as_stale(world: AnalysisWorld) -> None:
    run_job(world)
    assert isinstance(world.clock, FixedClock)
    world.clock.moment += timedelta(days=1)
    shown = trend(world, "30d")
    assert (shown.is_stale, shown.labels[-1]) == (False, TODAY.isoformat()), "the figures are those of the daily run"
    world.clock.moment += timedelta(days=1)
    assert trend(world, "30d").is_stale
    world.clock.moment = datetime(2025, 8, 1, 16, tzinfo=UTC)
    august = trend(world, "30d")
    assert (august.is_stale, august.labels[-1]) == (False, "2025-08-01"), "nothing is stored of a new month"


def test_a_slice_ends_in_time_and_the_next_one_goes_on(world: AnalysisWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    world.add_sites("TP002", "TP003")
    monkeypatch.setattr(trend_analysis, "BATCH_SITES", 1)
    write = trend_results.store

    def slow(*args: Any) -> int:
        assert isinstance(world.clock, FixedClock)
        world.clock.moment += timedelta(seconds=150)
        return write(*args)

    monkeypatch.setattr(trend_results, "store", slow)
    run_job(world)
    assert {row[0] for row in world.rows(stored, "site_id")} == {"TP001", "TP002"}
    run_job(world)
    assert {row[0] for row in world.rows(stored, "site_id")} == {"TP001", "TP002", "TP003"}


def test_figures_that_cannot_be_calculated_with_stop_no_other_site(
    world: AnalysisWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.add_sites("TP002", "TP003")
    compute = site_trends

    def overflowing(runtime: Runtime, dates: Any, *others: Any) -> Any:
        if "TP002" in dates:
            raise OverflowError
        return compute(runtime, dates, *others)

    monkeypatch.setattr(trend_analysis, "site_trends", overflowing)
    run_job(world)
    assert {row[0] for row in world.rows(stored, "site_id")} == {"TP001", "TP003"}
    site = open_site(world.runtime, SiteScope.of(["TP002"]), "TP002")
    with pytest.raises(CalculationRefusedError):
        read_trend(world.runtime, site, "30d")


def test_the_statements_do_not_grow_with_the_sites(world: AnalysisWorld) -> None:
    counts = []
    for number in range(2):
        world.add_sites(*[f"S{number}{site:03d}" for site in range(4 + 16 * number)])
        with world.statements() as seen:
            run_job(world)
        counts.append(seen.others)
    assert abs(counts[0] - counts[1]) <= 5
    assert max(counts) <= 150
