"""Shapes after which figures of a whole period are spread over its days.

Source: REST API, "Statistics" (PUT /statistics/{siteId}/{period}).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from sqlalchemy import Connection

from shared_code.domain.months import period_of
from shared_code.domain.rounding import ZERO
from shared_code.domain.statistics import Volumes
from shared_code.services.forecast.statistics_buckets import moved_back
from shared_code.services.forecast.statistics_reading import SiteStatistics, read_statistics
from shared_code.services.pnl_site_cells import OpenSite

EVEN: Final = "even"
BUDGET_SHAPE: Final = "budget-shape"
WEEKDAY_PATTERN: Final = "weekday-pattern"
PRIOR_YEAR_SHAPE: Final = "prior-year-shape"

PATTERN_DAYS: Final = 56
"""Days before the business date whose recorded figures make the pattern of a week."""

ONE: Final = Decimal(1)


@dataclass(frozen=True, slots=True)
class Shape:
    """A shape by day; days that it says nothing of are missing. `gaps` collects the fields that it has no data for."""

    name: str
    days: Mapping[date, Volumes]
    gaps: list[str] = field(default_factory=list)

    def weights(self, days: Sequence[date], names: Sequence[str], shown: str) -> list[Decimal]:
        """The weight of each of `days` for the sum of the counts `names`, which a request calls `shown`.

        A day without data weighs as much as the mean of the others; without any data all weigh the same.
        """
        if self.name == EVEN:
            return [ONE] * len(days)
        known = {day: max(ZERO, _sum(self.days[day], names)) for day in days if day in self.days}
        whole = sum(known.values(), ZERO)
        if not whole:
            self.gaps.append(shown)
            return [ONE] * len(days)
        mean = whole / len(known)
        return [known.get(day, mean) for day in days]


def read_shape(connection: Connection, site: OpenSite, own: SiteStatistics, name: str, days: Sequence[date]) -> Shape:
    """The shape `name` for `days`, of which `own` holds the months."""
    if not days or name == EVEN:
        return Shape(EVEN, {})
    if name == BUDGET_SHAPE:
        budgets = {day: own.budget(day, day) for day in days}
        return Shape(name, {day: figures.known for day, figures in budgets.items() if figures is not None})
    if name == WEEKDAY_PATTERN:
        return Shape(name, _weekdays(connection, site, days))
    return Shape(name, _year_before(connection, site, days))


def _weekdays(connection: Connection, site: OpenSite, days: Sequence[date]) -> dict[date, Volumes]:
    """The mean of the recorded days of each weekday."""
    first, last = site.business_date - timedelta(PATTERN_DAYS), site.business_date - timedelta(1)
    statistics = read_statistics(connection, site, period_of(first), period_of(last))
    by_weekday: dict[int, list[Volumes]] = {}
    for month in statistics.months.values():
        for day in month.recorded:
            figures = month.actual_figures(day, day)
            if figures is not None and first <= day <= last:
                by_weekday.setdefault(day.weekday(), []).append(figures.known)
    means = {weekday: _mean(found) for weekday, found in by_weekday.items()}
    return {day: means[day.weekday()] for day in days if day.weekday() in means}


def _year_before(connection: Connection, site: OpenSite, days: Sequence[date]) -> dict[date, Volumes]:
    """The figures of the same days a year ago: recorded ones, and the forecast of those that have not passed."""
    sources = {day: moved[0] for day in days if (moved := moved_back(day, day, 12)) is not None}
    if not sources:
        return {}
    statistics = read_statistics(connection, site, period_of(min(sources.values())), period_of(max(sources.values())))
    found = {day: statistics.trend(source, source) for day, source in sources.items()}
    return {day: figures.known for day, figures in found.items() if figures is not None}


def _mean(found: Sequence[Volumes]) -> Volumes:
    names = Volumes.__dataclass_fields__
    return Volumes(*[sum((getattr(one, name) for one in found), ZERO) / len(found) for name in names])


def _sum(volumes: Volumes, names: Sequence[str]) -> Decimal:
    return sum((getattr(volumes, name) for name in names), ZERO)
