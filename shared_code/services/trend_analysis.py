"""Trend analysis: computed daily for all sites and time frames, read from the store, computed by a read where missing.

Source: Calculations, "Trend analysis"; Data model, "Results and snapshots"; REST API, "Statistics" (GET
/statistics/{siteId}/trends/{timeframe}).
"""

import logging
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from shared_code.domain.errors import CalculationError
from shared_code.domain.months import add_months, period_of
from shared_code.domain.site_scope import SiteScope
from shared_code.domain.trend_windows import TrendWindow, trend_window, window_points
from shared_code.errors import CalculationRefusedError, InvalidInputError, NotFoundError
from shared_code.services.held_lease import HeldLease
from shared_code.services.metric_codes import METRIC_OF_CODE, metrics_named
from shared_code.services.periods import PeriodType, horizon, parse_period
from shared_code.services.pnl_freshness import site_calendar
from shared_code.services.pnl_site_cells import OpenSite
from shared_code.services.pnl_table import line_code
from shared_code.services.runtime import Runtime
from shared_code.services.seasons import RegionHistory, history_span
from shared_code.services.trend_series import TIMEFRAMES, metrics_of, own_name, rows_of_all, site_trends
from shared_code.sql.statement_limit import statements_within
from shared_code.sql.transient import retry_use_case
from shared_code.storage import analysis_inputs, trend_results, versions
from shared_code.storage.trend_results import MetricTrend, SiteTrend
from shared_code.storage.versions import SiteYear

BATCH_SITES = 25
"""Sites that are analysed and stored together: a batch takes some seconds, and its rows fit into the memory."""

MONTHS_BACK = 36
"""How far back an as-of month may lie.

Source: REST API, "Periods and windows".
"""

YEARS_BACK = 4
"""Years before that of the as-of day whose inputs show in its windows."""

_ON_TIME = timedelta(days=1)
"""The daily analysis is of the day that has just ended: this much older than today is not behind."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ShownTrend:
    """A stored or computed analysis, with its window and the names of its points, for the metrics asked for."""

    window: TrendWindow
    labels: tuple[str, ...]
    metrics: tuple[MetricTrend, ...]
    is_stale: bool


def window_named(timeframe: str, as_of: date) -> TrendWindow:
    """The window of a time frame; raises InvalidInputError (INVALID_PERIOD) with the accepted ones."""
    try:
        return trend_window(timeframe, as_of)
    except CalculationError as error:
        raise InvalidInputError(
            f"{timeframe[:100]!r} is not a time frame; accepted are {', '.join(error.details['accepted'])}",
            code=error.code,
            field=error.field,
            details={"providedValue": timeframe[:100], **error.details},
        ) from None


def as_of_day(month: str | None, today: date) -> date:
    """The last day of `month` (`YYYY-MM`; None: the running one), or `today` if that is earlier.

    Raises InvalidInputError (INVALID_PERIOD) for what is no month and NotFoundError (PERIOD_NOT_AVAILABLE) for one out
    of reach.
    """
    if month is None:
        return today
    period = parse_period(month, {PeriodType.MONTH}, field="asOf")
    earliest, latest = add_months(period_of(today), -MONTHS_BACK), period_of(horizon(today)[1])
    if not earliest <= period.text <= latest:
        raise NotFoundError(
            f"Trends as of {period} are not available; months from {earliest} to {latest} are",
            code="PERIOD_NOT_AVAILABLE",
            field="asOf",
            details={"providedValue": period.text, "earliest": earliest, "latest": latest},
        )
    return min(period.last, today)


def read_trend(
    runtime: Runtime, site: OpenSite, timeframe: str, *, as_of: str | None = None, metrics: Sequence[str] = ()
) -> ShownTrend:
    """The trend of a site in a time frame, of `metrics` (names of the REST API; all where none are given).

    The latest analysis of the as-of month is shown; where there is none, it is computed and stored. Raises
    InvalidInputError for a time frame, a month or a metric that is not accepted, NotFoundError for a month out of
    reach.
    """
    day = as_of_day(as_of, site.business_date)
    name = own_name(timeframe, window_named(timeframe, day))
    wanted = _wanted(name, day, metrics)
    with runtime.database.reading() as connection:
        found = trend_results.find(connection, site.scope, site.site_id, name, day)
    by_metric = {} if found is None else {one.metric: one for one in found.metrics}
    if found is None or not by_metric.keys() >= set(wanted):
        found = _analyse_one(runtime, site, name, day)
        by_metric = {one.metric: one for one in found.metrics}
    window = trend_window(name, found.as_of)
    return ShownTrend(
        window,
        tuple(point.label for point in window_points(window)),
        tuple(by_metric[metric] for metric in wanted),
        found.is_stale or day - found.as_of > _ON_TIME,
    )


def _wanted(name: str, day: date, metrics: Sequence[str]) -> tuple[str, ...]:
    """The metrics that are shown; raises InvalidInputError for one that the time frame does not have."""
    offered = metrics_of(trend_window(name, day))
    unknown = next((code for code in metrics if METRIC_OF_CODE.get(code) not in offered), None)
    if unknown is not None:
        accepted = [line_code(metric) for metric in offered]
        raise InvalidInputError(
            f"{unknown[:100]!r} is not a metric of time frame {name}; accepted are {', '.join(accepted)}",
            field="metrics",
            details={"providedValue": unknown[:100], "accepted": accepted},
        )
    return metrics_named(metrics) or offered


def _analyse_one(runtime: Runtime, site: OpenSite, name: str, day: date) -> SiteTrend:
    """Compute and store what a reader misses; the reader has the figures either way."""
    try:
        [found] = _Analysis(runtime, day, site.business_date).store({site.site_id: site.business_date}, [name])
    except IntegrityError:
        # Somebody has stored the same analysis meanwhile.
        with runtime.database.reading() as connection:
            stored = trend_results.find(connection, site.scope, site.site_id, name, day)
        if stored is None:
            raise
        return stored
    except (ArithmeticError, CalculationError):
        raise CalculationRefusedError(
            f"The figures of site {site.site_id} are too large for trends to be computed from them",
            details={"siteId": site.site_id},
        ) from None
    return found


def analyse_trends(runtime: Runtime, lease: HeldLease) -> None:
    """One slice of the daily job: analyse what is new or has been overtaken, for as long as a slice may take.

    What is left over is found by the next slice.
    """
    with statements_within(runtime.settings.db_analytics_timeout_s):
        _analyse_until(runtime, lease, runtime.clock.now() + timedelta(seconds=runtime.settings.job_slice_s))


def _analyse_until(runtime: Runtime, lease: HeldLease, until: datetime) -> None:
    analyses: dict[date, _Analysis] = {}
    for as_of, dates in list(_work(runtime)):
        if runtime.clock.now() >= until:
            return
        lease.renew_when_due()
        analysis = analyses.setdefault(as_of, _Analysis(runtime, as_of, max(dates.values())))
        _analyse_batch(analysis, dates)


def _analyse_batch(analysis: "_Analysis", dates: Mapping[str, date]) -> None:
    """Analyse a batch of sites; where there are figures that cannot be calculated with, site by site."""
    try:
        analysis.store(dates)
    except (ArithmeticError, CalculationError):
        if len(dates) == 1:
            _log.error("The trends of site %s cannot be computed: its figures are too large", next(iter(dates)))
            return
        for site_id, today in dates.items():
            _analyse_batch(analysis, {site_id: today})
    except IntegrityError:
        # A reader has stored one of them meanwhile; the next slice takes up what is still missing.
        _log.warning("Trends of %s sites were being stored by somebody else", len(dates))


_Work = tuple[date, dict[str, date]]
"""A batch of sites, each with its business date, to be analysed as of a day."""


def _work(runtime: Runtime) -> Iterator[_Work]:
    """Sites without a full and fresh analysis as of today, then what has been overtaken of earlier months."""
    everybody = SiteScope.all_sites()
    with runtime.database.reading() as connection:
        today = site_calendar(runtime, connection, everybody).dates
        active = [site_id for site_id in analysis_inputs.active_sites(connection, everybody) if site_id in today]
        missing: defaultdict[date, list[str]] = defaultdict(list)
        for day in {today[site_id] for site_id in active}:
            of_day = [site_id for site_id in active if today[site_id] == day]
            fresh = trend_results.fresh_counts(connection, SiteScope.of(of_day), TIMEFRAMES, day)
            missing[day] += [site_id for site_id in of_day if fresh.get(site_id, 0) < rows_of_all(day)]
            for site_id, as_of in trend_results.stale_of_earlier_months(
                connection, SiteScope.of(of_day), period_of(day)
            ):
                missing[as_of].append(site_id)
    for day in sorted(missing, reverse=True):
        for start in range(0, len(missing[day]), BATCH_SITES):
            yield day, {site_id: today[site_id] for site_id in missing[day][start : start + BATCH_SITES]}


class _Analysis:
    """Analyses as of one day; the histories of regions are read once for all of them."""

    def __init__(self, runtime: Runtime, as_of: date, today: date) -> None:
        self._runtime = runtime
        self._as_of = as_of
        self._history = RegionHistory(runtime, history_span(period_of(as_of)), today)

    def store(self, dates: Mapping[str, date], timeframes: Sequence[str] = TIMEFRAMES) -> list[SiteTrend]:
        """Compute and store the trends of the sites in `dates` (site to its business date); also the rows written.

        What changed while it was read is stored as overtaken: the next analysis takes it up again.
        """
        scope = SiteScope.of(dates)
        with self._runtime.database.reading() as connection:
            before = self._versions(connection, scope)
        trends = list(site_trends(self._runtime, dates, self._as_of, self._history, timeframes))
        retry_use_case(lambda: self._write(scope, trends, before))
        return trends

    def _write(self, scope: SiteScope, trends: Sequence[SiteTrend], before: Mapping[SiteYear, int]) -> None:
        with self._runtime.database.writing() as connection:
            now = self._runtime.clock.now()
            trend_results.store(connection, scope, self._as_of, trends, now)
            versions.raise_versions(connection, map(versions.site_tag, scope.site_ids or ()), now)
            moved = {key[0] for key, version in self._versions(connection, scope).items() if version != before[key]}
            trend_results.mark_stale(connection, moved, period_of(self._as_of))

    def _versions(self, connection: Connection, scope: SiteScope) -> dict[SiteYear, int]:
        years = range(self._as_of.year - YEARS_BACK, self._as_of.year + 1)
        site_years = [(site_id, year) for site_id in scope.site_ids or () for year in years]
        return versions.inputs_versions(connection, scope, site_years)
