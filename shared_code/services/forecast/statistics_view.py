"""The statistics of a site as they are shown: by day, by week, month or quarter, and as one figure.

Source: REST API, "Statistics" (GET /statistics/{siteId}/{period}).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from sqlalchemy import Connection

from shared_code.domain.external_revenue import ExternalRevenue
from shared_code.domain.months import add_months
from shared_code.domain.rounding import money, ratio
from shared_code.domain.site_year import Scenario
from shared_code.domain.variance import Variance, VarianceLimits, variance
from shared_code.errors import InvalidInputError, NotFoundError
from shared_code.services.forecast.cells import Module
from shared_code.services.forecast.header import Header, read_headers, role_lock
from shared_code.services.forecast.locks import LockReason
from shared_code.services.forecast.statistics_buckets import Bucket, buckets_of, moved_back
from shared_code.services.forecast.statistics_figures import COUNT_NAMES, Figures, Source
from shared_code.services.forecast.statistics_months import stretch
from shared_code.services.forecast.statistics_reading import SiteStatistics, read_statistics
from shared_code.services.forecast.statistics_warnings import statistics_warnings
from shared_code.services.periods import Period, PeriodType
from shared_code.services.pnl_families import TREND, VIEWS, Family, comparison_named, default_comparison
from shared_code.services.pnl_site_cells import OpenSite
from shared_code.services.pnl_table import ViewWarning, line_code
from shared_code.services.runtime import Runtime
from shared_code.services.variance_limits import limits_of

ALL: Final = "all"
RATIOS: Final = ("occupancy", "drive_in_ratio", "capture_ratio")
BY_DAY: Final = frozenset({PeriodType.DAY, PeriodType.MONTH})
"""The forms of period whose days are shown."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What a reader wants to see: figures of a `view`, held against `compare`, summed by `granularity`.

    None stands for the default; `include` names the parts that not everybody needs.
    """

    view: str = ALL
    compare: str | None = None
    granularity: str | None = None
    include: frozenset[str] = frozenset({"variance", "totals"})


EVERYTHING: Final = Choice()


@dataclass(frozen=True, slots=True)
class Blocks:
    """The figures of a day or stretch of days; None where there are none, or where another view was asked for."""

    effective: Figures
    forecast: Figures | None
    budget: Figures | None
    actual: Figures | None
    prior_year: Figures | None
    variance: Mapping[str, Variance]


@dataclass(frozen=True, slots=True)
class DayView:
    """A day."""

    date: date
    is_weekend: bool
    editable: bool
    lock_reason: LockReason | None
    source: Source
    note: str | None
    blocks: Blocks


@dataclass(frozen=True, slots=True)
class BucketView:
    """Several days as one; `missing_days` have passed without being recorded."""

    bucket: Bucket
    missing_days: int
    lock_reason: LockReason
    source: Source
    blocks: Blocks


@dataclass(frozen=True, slots=True)
class MonthSummary:
    """A month of a quarter or year (`YYYY-MM`)."""

    month: str
    lock_reason: LockReason
    figures: Figures
    source: Source


@dataclass(frozen=True, slots=True)
class Totals:
    """The whole period in every family; None where there is nothing."""

    forecast: Figures
    budget: Figures | None
    actual: Figures | None
    trend: Figures | None


@dataclass(frozen=True, slots=True)
class StatisticsView:
    """The statistics of a site and period; what was not asked for is None or empty."""

    header: Header
    available_rooms: int
    available_parking: int | None
    figures: Figures
    source: Source
    days: tuple[DayView, ...]
    buckets: tuple[BucketView, ...]
    months: tuple[MonthSummary, ...]
    totals: Totals | None
    calculation: Mapping[str, ExternalRevenue] | None
    warnings: tuple[ViewWarning, ...]


def statistics_views(
    runtime: Runtime, site: OpenSite, periods: Sequence[Period], choice: Choice, *, may_write: bool
) -> list[StatisticsView]:
    """The statistics of `periods` (several: months in a row), from one transaction.

    Raises InvalidInputError for a granularity or comparison that is not accepted, and NotFoundError
    (PERIOD_NOT_AVAILABLE) for a comparison of which nothing is stored.
    """
    base = TREND if choice.view == ALL else VIEWS[choice.view]
    comparison = _comparison(base, choice.compare)
    for period in periods:
        _require_granularity(period, choice.granularity)
    first, last = periods[0].months[0], periods[-1].months[-1]
    with runtime.database.reading() as connection:
        statistics = read_statistics(connection, site, add_months(first, -12), last)
        headers = _headers(connection, site, periods, statistics, may_write=may_write)
    view = _Viewer(statistics, choice, base, comparison, limits_of(runtime.settings), may_write=may_write)
    return [
        view.of(period, header, statistics_warnings(statistics, period, runtime.settings))
        for period, header in zip(periods, headers, strict=True)
    ]


def _headers(
    connection: Connection, site: OpenSite, periods: Sequence[Period], statistics: SiteStatistics, *, may_write: bool
) -> list[Header]:
    locks = [(period, _period_lock(statistics, period, may_write=may_write)) for period in periods]
    return read_headers(connection, site, locks, Module.STATISTICS)


def _period_lock(statistics: SiteStatistics, period: Period, *, may_write: bool) -> LockReason | None:
    """Why nothing of a period may be edited: a month may be while one of its days may be."""
    if not may_write:
        return LockReason.ROLE
    if period.type not in BY_DAY:
        return LockReason.GRANULARITY
    locks = [statistics.lock(day) for day in stretch(period.first, period.last)]
    return None if None in locks else locks[-1]


def _comparison(base: Family, name: str | None) -> Family | None:
    """What `base` is compared with. Snapshots hold the P&L of months, and nothing to compare a day with."""
    if name is None:
        return default_comparison(base)
    family = comparison_named(name, base, "compare")
    if family.snapshot is not None:
        raise NotFoundError(
            f"No statistics are stored in a {name} to compare with",
            code="PERIOD_NOT_AVAILABLE",
            field="compare",
            details={"providedValue": name},
        )
    return family


def _require_granularity(period: Period, granularity: str | None) -> None:
    """Refuse days and weeks of a quarter or year."""
    if granularity in {"day", "week"} and period.type not in BY_DAY:
        raise InvalidInputError(
            f"A {period.type} is shown by month or quarter, not by {granularity}",
            field="granularity",
            details={"providedValue": granularity, "accepted": ["month", "quarter"]},
        )


class _Viewer:
    """Looks at the statistics of a site as a reader wants to see them."""

    def __init__(
        self,
        statistics: SiteStatistics,
        choice: Choice,
        base: Family,
        comparison: Family | None,
        limits: VarianceLimits,
        *,
        may_write: bool,
    ) -> None:
        self._statistics = statistics
        self._choice = choice
        self._base = base
        self._comparison = comparison if "variance" in choice.include else None
        self._limits = limits
        self._may_write = may_write
        self._aggregate_lock = LockReason.GRANULARITY if may_write else LockReason.ROLE

    def of(self, period: Period, header: Header, warnings: tuple[ViewWarning, ...]) -> StatisticsView:
        """The view of a period."""
        statistics, first, last = self._statistics, period.first, period.last
        by_day = period.type in BY_DAY
        granularity = self._choice.granularity
        summed = buckets_of(period, granularity) if granularity not in {None, "day"} else []
        return StatisticsView(
            header,
            statistics.available_rooms,
            statistics.available_parking,
            statistics.effective(first, last),
            statistics.source(first, last),
            tuple(self._day(day) for day in stretch(first, last)) if by_day else (),
            tuple(self._bucket(bucket) for bucket in summed),
            () if by_day else tuple(self._month(month) for month in buckets_of(period, "month")),
            self._totals(first, last) if "totals" in self._choice.include else None,
            self._calculation(period) if "calculation" in self._choice.include else None,
            warnings,
        )

    def _day(self, day: date) -> DayView:
        month = self._statistics.month_of(day)
        lock = role_lock(self._statistics.lock(day), may_write=self._may_write)
        return DayView(
            day,
            day.weekday() > 4,
            lock is None,
            lock,
            month.source(day),
            month.notes.get(day),
            self._blocks(day, day, month.saved_figures(day)),
        )

    def _bucket(self, bucket: Bucket) -> BucketView:
        statistics, first, last = self._statistics, bucket.start, bucket.end
        days = list(stretch(first, last))
        today = statistics.window.business_date
        is_saved = any(day in statistics.month_of(day).saved for day in days)
        return BucketView(
            bucket,
            sum(day < today and day not in statistics.month_of(day).recorded for day in days),
            self._aggregate_lock,
            statistics.source(first, last),
            self._blocks(first, last, statistics.forecast(first, last) if is_saved else None),
        )

    def _month(self, month: Bucket) -> MonthSummary:
        figures = self._statistics.effective(month.start, month.end)
        source = self._statistics.source(month.start, month.end)
        return MonthSummary(month.label, self._aggregate_lock, figures, source)

    def _blocks(self, first: date, last: date, saved: Figures | None) -> Blocks:
        statistics = self._statistics
        base, against = self._figures(self._base, first, last), self._figures(self._comparison, first, last)
        return Blocks(
            statistics.effective(first, last),
            saved if self._shows("forecast") else None,
            statistics.budget(first, last) if self._shows("budget") else None,
            statistics.actual(first, last) if self._shows("actual") else None,
            self._figures(VIEWS["prior-year"], first, last) if self._shows("prior-year") else None,
            _variances(base, against, self._limits),
        )

    def _shows(self, view: str) -> bool:
        return self._choice.view in {ALL, view}

    def _figures(self, family: Family | None, first: date, last: date) -> Figures | None:
        """The figures of a family for some days, or for as many months before them."""
        days = None if family is None else moved_back(first, last, family.months_back)
        if family is None or days is None:
            return None
        if family.scenario is Scenario.BUDGET:
            return self._statistics.budget(*days)
        if family.scenario is Scenario.ACTUAL:
            return self._statistics.actual(*days)
        if family.scenario is Scenario.FORECAST:
            return self._statistics.forecast(*days)
        return self._statistics.trend(*days) if family.months_back else self._statistics.effective(*days)

    def _totals(self, first: date, last: date) -> Totals:
        statistics = self._statistics
        return Totals(
            statistics.forecast(first, last),
            statistics.budget(first, last),
            statistics.actual(first, last),
            statistics.trend(first, last),
        )

    def _calculation(self, period: Period) -> dict[str, ExternalRevenue]:
        """How the forecast revenue of each month comes about."""
        found = {month: self._statistics.months[month].forecast.revenue for month in period.months}
        return {month: revenue for month, revenue in found.items() if revenue is not None}


def _variances(base: Figures | None, against: Figures | None, limits: VarianceLimits) -> dict[str, Variance]:
    """The variance of every field that both sides have, from the figures as they are shown."""
    if base is None or against is None:
        return {}
    ours, theirs = _shown_values(base), _shown_values(against)
    return {
        line_code(name): variance(value, theirs[name], lower_is_better=False, limits=limits)
        for name, value in ours.items()
        if name in theirs
    }


def _shown_values(figures: Figures) -> dict[str, Decimal]:
    """The fields that have a value, rounded as they leave."""
    counts = {name: money(value) for name in COUNT_NAMES if (value := getattr(figures, name)) is not None}
    ratios = {name: ratio(value) for name in RATIOS if (value := getattr(figures, name)) is not None}
    amount = figures.external_revenue
    return {**counts, **ratios, **({} if amount is None else {"external_revenue": money(amount.net)})}
