"""A site with more than a year of records and two gaps, for tests of its trends."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

from shared_code.domain.months import days_of, months_between
from shared_code.domain.site_scope import SiteScope
from shared_code.services.pnl_site_cells import open_site
from shared_code.services.runtime import Runtime
from shared_code.services.trend_analysis import ShownTrend, read_trend
from shared_code.storage.trend_results import MetricTrend, SeriesPoint
from tests.support.analysis_world import AnalysisWorld

SITE = "TP001"
TODAY = date(2025, 7, 16)
LAST = date(2025, 7, 15)
"""The last day with records."""
BUDGET = {"4790": "-31000", "6000": "15500", "9410": "46500", "9440": "1240", "9510": "1550"}


def valets(day: date) -> int:
    """Daily valet vehicles, different from day to day."""
    return 30 + day.day % 5 + (day.year - 2024) * 4 + day.month


def days(first: date, last: date) -> list[date]:
    """The days from `first` to `last`."""
    return [first + timedelta(days=offset) for offset in range((last - first).days + 1)]


MISSING = [date(2025, 7, 2), date(2025, 7, 3), *days(date(2025, 6, 10), date(2025, 6, 16))]
"""A gap of two days and one of seven."""


def recorded() -> list[date]:
    """The days with records."""
    return [day for day in days(date(2024, 4, 1), LAST) if day not in MISSING]


def month_sum(month: str) -> int:
    """The recorded vehicles of a month."""
    return sum(valets(day) for day in days_of(month) if day not in MISSING)


def trend_world(folder: Path) -> AnalysisWorld:
    """Business date 16 July 2025. Days are recorded from April 2024 on; the ledger is closed through June."""
    world = AnalysisWorld(folder)
    world.know_codes()
    world.add_sites(SITE)
    world.use_codes(SITE, salary="36500")
    world.budget(SITE, BUDGET, months_between("2024-04", "2025-12"))
    world.budget_hours(SITE, "VLT1", "620", months_between("2024-04", "2025-12"))
    for day in recorded():
        world.traffic(SITE, [day], valet_daily=valets(day), total_net_revenue=1450, occupied_rooms=40)
    world.work(SITE, "VLT1", recorded(), "20", "350")
    for number, month in enumerate(months_between("2024-04", "2025-06")):
        world.ledger(SITE, {"4790": "-30000", "6000": str(17000 + 100 * number), "9410": "45000"}, month)
    return world


def trend(world: AnalysisWorld, timeframe: str, runtime: Runtime | None = None, **options: Any) -> ShownTrend:
    """The trend of the site as it is read."""
    app = runtime or world.runtime
    return read_trend(app, open_site(app, SiteScope.of([SITE]), SITE), timeframe, **options)


def one(found: ShownTrend, metric: str) -> MetricTrend:
    """The series of a metric."""
    return next(series for series in found.metrics if series.metric == metric)


def points(found: ShownTrend, metric: str) -> dict[str, SeriesPoint]:
    """The points of a metric by their names."""
    return dict(zip(found.labels, one(found, metric).points, strict=True))
