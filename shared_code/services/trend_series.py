"""The trends of a batch of sites in any time frames, from what is recorded, forecast and budgeted.

The actual of a point is known when its last day is over: a part of a month is not compared with whole ones. Points of
months, quarters and years consist of whole months.

Source: Calculations, "Trend analysis".
"""

from collections.abc import Collection, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import TypeVar

from shared_code.domain.metrics import Quotient, round_metric
from shared_code.domain.months import add_months, months_between, period_of
from shared_code.domain.seasonal_factors import SeasonalFactors
from shared_code.domain.site_figures import DAY_METRICS, METRICS, Basis, figure_of, metric_quotients
from shared_code.domain.site_scope import SiteScope
from shared_code.domain.trend_analysis import fill_gaps, find_trend, measure_accuracy
from shared_code.domain.trend_windows import Granularity, TrendWindow, WindowPoint, trend_window, window_points
from shared_code.services.activity_months import Span, month_figures
from shared_code.services.runtime import Runtime
from shared_code.services.seasons import RegionHistory, history_span, season_of, values_of
from shared_code.services.trend_days import DayQuotients, day_quotients
from shared_code.storage import analysis_inputs
from shared_code.storage.trend_results import MetricTrend, NamedGap, SeriesPoint, SiteTrend

TIMEFRAMES = ("30d", "90d", "13w", "3m", "6m", "12m", "24m", "36m", "mtd", "qtd", "ytd", "quarterly", "yearly")
"""The time frames that are analysed: those with a name of their own, and the two aliases with points of their own."""

Quotients = Mapping[str, Quotient]
"""The metrics of a month or day."""

T = TypeVar("T", bound=Hashable)

_LONGEST_WINDOW = 36
_NOTHING: Quotients = {}


def own_name(timeframe: str, window: TrendWindow) -> str:
    """The name under which an accepted `timeframe` is analysed, such as `30d` for `daily`."""
    name = "yearly" if timeframe.lower() == "annual" else timeframe.lower()
    return name if name in TIMEFRAMES else window.timeframe


def metrics_of(window: TrendWindow) -> tuple[str, ...]:
    """The metrics that a window has: the ledger knows no days."""
    return DAY_METRICS if _is_daily(window) else METRICS


def rows_of_all(as_of: date) -> int:
    """How many series a site has in all time frames."""
    return sum(len(metrics_of(trend_window(timeframe, as_of))) for timeframe in TIMEFRAMES)


def site_trends(
    runtime: Runtime,
    dates: Mapping[str, date],
    as_of: date,
    history: RegionHistory,
    timeframes: Collection[str] = TIMEFRAMES,
) -> Iterator[SiteTrend]:
    """The trends of the sites in `dates` (site to its business date) as of a day.

    What they are made of is read for all sites together before the first one is computed.

    Source: Calculations, "Trend analysis".
    """
    windows = {timeframe: trend_window(timeframe, as_of) for timeframe in timeframes}
    months = _months(runtime, dates, as_of, with_plans=not all(map(_is_daily, windows.values())))
    days = _days(runtime, dates, [window for window in windows.values() if _is_daily(window)])
    with runtime.database.reading() as connection:
        regions = analysis_inputs.regions_of_sites(connection, SiteScope.of(dates))
    span = history_span(period_of(as_of))
    stable = runtime.settings.trend_stable_percent
    for site_id, today in dates.items():
        own = months[Basis.ACTUAL].get(site_id, {})
        closed = {month: quotients for month, quotients in own.items() if month < period_of(today)}
        seasons = {
            metric: season_of(metric, values_of(closed, metric), regions.get(site_id), history, span)
            for metric in METRICS
        }
        for timeframe, window in windows.items():
            series = (
                _daily(window, days, site_id, today) if _is_daily(window) else _monthly(window, months, site_id, today)
            )
            found = tuple(series.metric_trend(metric, seasons[metric], stable) for metric in metrics_of(window))
            yield SiteTrend(site_id, timeframe, as_of, found)


@dataclass(frozen=True, slots=True)
class _Series:
    """The points of a window of one site: of each the metrics of its days or months, in four families.

    `due` counts the points that are over; only days have an actual before.
    """

    labels: Sequence[str]
    actual: Sequence[Sequence[Quotients]]
    forecast: Sequence[Sequence[Quotients]]
    budget: Sequence[Sequence[Quotients]]
    prior_year: Sequence[Sequence[Quotients]]
    due: int
    granularity: Granularity

    def metric_trend(self, metric: str, season: SeasonalFactors, stable_percent: Decimal) -> MetricTrend:
        """The points of a metric with its direction, its accuracy and its gaps."""
        shown = len(self.labels) if self.granularity is Granularity.DAY else self.due
        actual: list[Decimal | None] = [*self._values(metric, self.actual[:shown])]
        actual += [None] * (len(self.labels) - shown)
        forecast, budget = self._values(metric, self.forecast), self._values(metric, self.budget)
        prior = self._values(metric, self.prior_year)
        last = max((place for place, value in enumerate(actual) if value is not None), default=None)
        trend = find_trend(metric, actual, None if last is None else prior[last], stable_percent)
        accuracy = measure_accuracy(zip(forecast, actual, strict=True))
        filled, gaps = self._filled(actual)
        cells = zip(filled, forecast, budget, prior, strict=True)
        points = tuple(SeriesPoint(*[round_metric(metric, value) for value in point]) for point in cells)
        return MetricTrend(metric, points, trend, accuracy, season, gaps)

    def _values(self, metric: str, points: Sequence[Sequence[Quotients]]) -> list[Decimal | None]:
        needs_all = self.granularity not in {Granularity.DAY, Granularity.WEEK}
        return [figure_of(metric, [part.get(metric) for part in parts], needs_all=needs_all) for parts in points]

    def _filled(self, actual: Sequence[Decimal | None]) -> tuple[Sequence[Decimal | None], tuple[NamedGap, ...]]:
        """The actual values with short gaps of days filled, and all gaps among the points that are over.

        Source: Calculations, "Gaps".
        """
        found = fill_gaps(actual[: self.due])
        is_daily = self.granularity is Granularity.DAY
        gaps = tuple(
            NamedGap(self.labels[gap.first], self.labels[gap.last], is_daily and gap.interpolated) for gap in found.gaps
        )
        return ([*found.values, *actual[self.due :]] if is_daily else actual), gaps


def _is_daily(window: TrendWindow) -> bool:
    return window.granularity in {Granularity.DAY, Granularity.WEEK}


_ByMonth = Mapping[Basis, Mapping[str, Mapping[str, Quotients]]]


def _months(runtime: Runtime, dates: Mapping[str, date], as_of: date, *, with_plans: bool) -> _ByMonth:
    """The metrics of the months of history; of those of the longest window also as forecast and budgeted."""
    last = period_of(as_of)
    spans = {Basis.ACTUAL: history_span(last)}
    if with_plans:
        planned = Span(add_months(last, 1 - _LONGEST_WINDOW), last)
        spans |= {Basis.FORECAST: planned, Basis.BUDGET: planned}
    found: dict[Basis, dict[str, dict[str, Quotients]]] = {}
    for basis, figures in month_figures(runtime, dates, spans).items():
        of_basis = found.setdefault(basis, {})
        for (site_id, month), known in figures.items():
            of_basis.setdefault(site_id, {})[month] = metric_quotients(known)
    return found


def _days(runtime: Runtime, dates: Mapping[str, date], windows: Sequence[TrendWindow]) -> DayQuotients:
    if not windows:
        return DayQuotients()
    first, last = min(window.start for window in windows), max(window.end for window in windows)
    return day_quotients(runtime, dates, first, last)


def _monthly(window: TrendWindow, months: _ByMonth, site_id: str, today: date) -> _Series:
    points = window_points(window)
    times = [months_between(period_of(point.start), period_of(point.end)) for point in points]
    before = [[add_months(month, -12) for month in of_point] for of_point in times]
    actual = months[Basis.ACTUAL].get(site_id, {})
    return _Series(
        [point.label for point in points],
        _at(actual, times),
        _at(months[Basis.FORECAST].get(site_id, {}), times),
        _at(months[Basis.BUDGET].get(site_id, {}), times),
        _at(actual, before),
        sum(of_point[-1] < period_of(today) for of_point in times),
        window.granularity,
    )


def _daily(window: TrendWindow, days: DayQuotients, site_id: str, today: date) -> _Series:
    points = window_points(window)
    times = [_days_of(point) for point in points]
    before = [[_year_before(day, window.granularity) for day in of_point] for of_point in times]
    actual = days.actual.get(site_id, {})
    return _Series(
        [point.label for point in points],
        _at(actual, times),
        _at(days.forecast.get(site_id, {}), times),
        _at(days.budget.get(site_id, {}), times),
        _at(actual, before),
        sum(point.end < today for point in points),
        window.granularity,
    )


def _at(known: Mapping[T, Quotients], times: Sequence[Sequence[T | None]]) -> list[list[Quotients]]:
    return [[_NOTHING if time is None else known.get(time, _NOTHING) for time in of_point] for of_point in times]


def _days_of(point: WindowPoint) -> list[date]:
    return [point.start + timedelta(days=offset) for offset in range((point.end - point.start).days + 1)]


def _year_before(day: date, granularity: Granularity) -> date | None:
    """The day that a day is compared with: of a week the same weekday 52 weeks before, else the same date.

    None for 29 February.
    """
    if granularity is Granularity.WEEK:
        return day - timedelta(weeks=52)
    try:
        return day.replace(year=day.year - 1)
    except ValueError:
        return None
