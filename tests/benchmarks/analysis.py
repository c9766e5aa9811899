"""Productivity, trends and benchmarks of a company: the figures of twelve months of all sites, on one core.

The baselines are the figures that are demanded. The P&L is stored before the clock starts.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from decimal import Decimal

from shared_code.domain.site_scope import SiteScope
from shared_code.services.benchmarks import site_benchmarks
from shared_code.services.held_lease import held
from shared_code.services.periods import year_period
from shared_code.services.pnl_site_cells import open_site
from shared_code.services.productivity import site_productivity
from shared_code.services.refresh_pnl import refresh_pnl
from shared_code.services.runtime import Runtime
from shared_code.services.trend_analysis import analyse_trends
from shared_code.sql.bulk import insert_rows
from shared_code.sql.types import new_identifier
from shared_code.storage import trend_results
from shared_code.storage.tables.facts import actual_payroll_days, actual_statistic_days
from shared_code.storage.tables.organisation import site_organizations
from tests.benchmarks.measure import Measure, best_of, say, timed
from tests.benchmarks.pnl_world import CODES, MOMENT, YEAR, pnl_world, site_codes

SITES = 800
TREND_SITES = 100
BENCHMARKS_S = 5.0
PRODUCTIVITY_S = 0.2
TRENDS_S = TREND_SITES * 0.45
"""What 4,000 sites in half an hour leave for so many."""


def measures() -> list[Measure]:
    """Seconds of the benchmarks of a site among all, of its productivity, and of the trends of a part of the sites."""
    with _worked_through(SITES) as runtime:
        site = open_site(runtime, SiteScope.of(["S0003"]), "S0003")
        benchmarks = best_of(3, lambda: site_benchmarks(runtime, site, year_period(YEAR)))
        productivity = best_of(3, lambda: site_productivity(runtime, site, year_period(YEAR)))
    with _worked_through(TREND_SITES) as runtime:
        trends, _ = timed(lambda: _analyse(runtime))
    return [
        Measure(
            f"benchmarks of a site among {SITES}, 12 months",
            f"{benchmarks:.2f} s",
            f"{BENCHMARKS_S:g} s demanded",
            benchmarks / BENCHMARKS_S,
            at_most=1,
        ),
        Measure(
            "productivity of a site, 12 months",
            f"{productivity * 1000:.0f} ms",
            f"{PRODUCTIVITY_S * 1000:.0f} ms demanded",
            productivity / PRODUCTIVITY_S,
            at_most=1,
        ),
        Measure(
            f"trends of {TREND_SITES} sites in all time frames, computed and stored",
            f"{trends:.1f} s",
            f"{TRENDS_S:g} s demanded",
            trends / TRENDS_S,
            at_most=1,
        ),
    ]


@contextmanager
def _worked_through(count: int) -> Iterator[Runtime]:
    """A company of `count` sites with a year of days and a stored P&L."""
    say(f"a year of days of {count:,} sites")
    with pnl_world(count) as runtime:
        codes = site_codes(count)
        run = (new_identifier(), MOMENT)
        recorded = [date(YEAR, 6, 30) - timedelta(days=back) for back in range(365)]
        with runtime.database.writing() as connection:
            insert_rows(
                connection,
                site_organizations,
                ("site_id", "effective_from", "district_code", "region_code", "sync_run_id", "loaded_at"),
                ((code, "2000-01", f"D{number % 40}", f"R{number % 5}", *run) for number, code in enumerate(codes)),
            )
            insert_rows(
                connection,
                actual_statistic_days,
                ("site_id", "stat_date", "valet_daily", "self_daily", "total_net_revenue", "sync_run_id", "loaded_at"),
                (
                    (code, day, Decimal(90 + number % 50), Decimal(30 + day.day), Decimal(7450), *run)
                    for number, code in enumerate(codes)
                    for day in recorded
                ),
            )
            insert_rows(
                connection,
                actual_payroll_days,
                (
                    *("site_id", "work_date", "job_code_id", "hours_all", "hours_ex_premium", "overtime_hours"),
                    *("dollars_all", "dollars_ex_premium", "row_count", "sync_run_id", "loaded_at"),
                ),
                (
                    (code, day, name, Decimal(20), Decimal(20), Decimal(1), Decimal(340), Decimal(340), 3, *run)
                    for code in codes
                    for day in recorded
                    for name in CODES
                ),
            )
        refresh_pnl(runtime, [(code, year) for code in codes for year in (YEAR - 1, YEAR)])
        yield runtime


def _analyse(runtime: Runtime) -> None:
    """One run of the daily job, which has to come to its end."""
    with held(runtime.database, "job:trend_analysis", 300) as lease:
        assert lease is not None
        analyse_trends(runtime, lease)
    with runtime.database.reading() as connection:
        everybody = SiteScope.all_sites()
        assert len(trend_results.fresh_counts(connection, everybody, ["36m"], MOMENT.date())) == TREND_SITES
