"""Productivity of a site: the metrics of a period, against its baseline, its season and earlier periods.

A period of several months is taken as one: what adds up is added, the rest is pooled. The earlier periods that it is
compared with are as long as it is, and so is the average of what adds up.

Source: Calculations, "Productivity"; REST API, "Statistics" (GET /statistics/{siteId}/productivity).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import chain

from sqlalchemy import Connection

from shared_code.domain.effective_statistics import StatisticsMonth, effective_statistics
from shared_code.domain.metrics import Quotient, change_percent, round_metric
from shared_code.domain.months import MonthKind, add_months, days_of, first_day, last_day, month_kind, period_of
from shared_code.domain.productivity import VehicleScope, occupancy_impact, seasonally_adjusted
from shared_code.domain.rounding import ZERO, percent, ratio
from shared_code.domain.seasonal_factors import SeasonalFactors
from shared_code.domain.site_figures import (
    METRICS,
    MONEY_METRICS,
    SUMS,
    Basis,
    SiteFigures,
    figure_of,
    metric_quotients,
)
from shared_code.services.activity_months import Span, month_figures, planned_statistics
from shared_code.services.periods import Period
from shared_code.services.pnl_site_cells import OpenSite
from shared_code.services.pnl_table import ViewWarning, line_code
from shared_code.services.runtime import Runtime
from shared_code.services.seasons import RegionHistory, history_span, season_of, values_of
from shared_code.storage import analysis_inputs
from shared_code.storage.analysis_inputs import JobCatalogue

SHOWN = tuple(metric for metric in METRICS if metric not in MONEY_METRICS and metric != "occupancy")
"""The metrics of the productivity."""

SEASONAL_METRIC = "vehicles_served"
"""The metric whose seasons are taken for those of the site."""

Figures = Mapping[str, Decimal | None]
"""Rounded figures by metric; None where a denominator is 0 or something is not known."""


@dataclass(frozen=True, slots=True)
class FamilyFigures:
    """Hours of a job family and the vehicles served of its scope; None where no vehicles are known."""

    job_family: str
    hours: Decimal
    vehicles: Decimal | None
    vehicles_per_hour: Decimal | None


@dataclass(frozen=True, slots=True)
class MetricSet:
    """The metrics of a stretch of time, and those of the job families that worked in it."""

    figures: Figures
    families: tuple[FamilyFigures, ...]


@dataclass(frozen=True, slots=True)
class SiteProductivity:
    """The productivity of a site.

    `baseline` is that of the months of the window before the period, `seasonal_index` the factor of the period, and
    the changes are percent points.
    """

    period: str
    basis: str
    metrics: MetricSet
    baseline: MetricSet
    seasonal_index: Decimal
    seasonal_source: str
    seasonally_adjusted: Figures
    month_over_month: Figures
    year_over_year: Figures
    occupancy_impact: Decimal | None
    warnings: tuple[ViewWarning, ...]


def site_productivity(
    runtime: Runtime, site: OpenSite, period: Period, *, basis: Basis = Basis.TREND, window: int = 12
) -> SiteProductivity:
    """The productivity of a site in `period`, with the `window` months before it as baseline.

    Source: Calculations, "Productivity".
    """
    months = period.months
    count = len(months)
    span = Span(add_months(months[0], -max(window, count, 12)), months[-1])
    found = month_figures(runtime, {site.site_id: site.business_date}, {basis: span})[basis]
    by_month = {month: figures for (_, month), figures in found.items()}
    with runtime.database.reading() as connection:
        catalogue = analysis_inputs.job_catalogue(connection)
        impact = occupancy_impact(_occupancy_days(connection, site, months, basis))
    history = _History(by_month, catalogue)
    values = history.values(months)
    season = _season(runtime, site)
    index = ratio(sum((season.factors[int(month[5:]) - 1] for month in months), ZERO) / count)
    metrics = MetricSet(_rounded(values), history.families(months))
    adjusted = {metric: seasonally_adjusted(value, index) for metric, value in values.items()}
    return SiteProductivity(
        period=period.text,
        basis=basis.value,
        metrics=metrics,
        baseline=history.baseline([add_months(months[0], -back) for back in range(window, 0, -1)], count),
        seasonal_index=index,
        seasonal_source=season.source.value,
        seasonally_adjusted=_rounded(adjusted),
        month_over_month=_changes(values, history.values([add_months(month, -count) for month in months])),
        year_over_year=_changes(values, history.values([add_months(month, -12) for month in months])),
        occupancy_impact=impact,
        warnings=tuple(_warnings(period, values, history.known(months))),
    )


class _History:
    """The months of a site on one basis."""

    def __init__(self, by_month: Mapping[str, SiteFigures], catalogue: JobCatalogue) -> None:
        self._figures = by_month
        self._quotients = {month: metric_quotients(figures) for month, figures in by_month.items()}
        self._catalogue = catalogue

    def values(self, months: Sequence[str]) -> dict[str, Decimal | None]:
        """The metrics of `months` as one, unrounded."""
        return {metric: figure_of(metric, self._parts(metric, months)) for metric in SHOWN}

    def known(self, months: Sequence[str]) -> frozenset[str]:
        """The metrics of which both parts are known in one of `months`."""
        return frozenset(metric for metric in SHOWN if any(self._parts(metric, months)))

    def baseline(self, months: Sequence[str], count: int) -> MetricSet:
        """The metrics of `months` pooled; what adds up as the average of `count` months.

        Source: Calculations, "Productivity".
        """
        figures = {}
        for metric, value in self.values(months).items():
            known = sum(part is not None for part in self._parts(metric, months))
            figures[metric] = value * count / known if value is not None and metric in SUMS else value
        worked = sum(month in self._figures and self._figures[month].labor is not None for month in months)
        return MetricSet(_rounded(figures), self.families(months, Decimal(count) / worked if worked else Decimal(1)))

    def families(self, months: Sequence[str], share: Decimal = Decimal(1)) -> tuple[FamilyFigures, ...]:
        """The job families that worked productively in `months`, by name; hours and vehicles times `share`."""
        found = []
        for family, title in self._catalogue.titles.items():
            hours, with_vehicles, vehicles = self._worked(family, months)
            if hours:
                found.append(
                    FamilyFigures(
                        title,
                        hours * share,
                        None if vehicles is None else vehicles * share,
                        None
                        if vehicles is None
                        else round_metric("vehicles_per_hour", Quotient(vehicles, with_vehicles).value),
                    )
                )
        return tuple(found)

    def _worked(self, family: str, months: Sequence[str]) -> tuple[Decimal, Decimal, Decimal | None]:
        """Hours of a family, those of the months whose vehicles are known, and the vehicles of these months."""
        scope = VehicleScope(self._catalogue.scopes[family])
        hours = with_vehicles = ZERO
        vehicles: Decimal | None = None
        for month in months:
            figures = self._figures.get(month)
            if figures is None or figures.labor is None:
                continue
            own = [one.hours for one in figures.labor.hours if one.productive and one.job_family == family]
            hours += sum(own, ZERO)
            if figures.vehicles is not None:
                with_vehicles += sum(own, ZERO)
                vehicles = (vehicles or ZERO) + figures.activity.vehicles_served(scope)
        return hours, with_vehicles, vehicles

    def _parts(self, metric: str, months: Sequence[str]) -> list[Quotient | None]:
        return [self._quotients.get(month, {}).get(metric) for month in months]


def _season(runtime: Runtime, site: OpenSite) -> SeasonalFactors:
    """The seasons of the vehicles that the site serves.

    Source: Calculations, "Seasonal factors".
    """
    span = history_span(period_of(site.business_date))
    found = month_figures(runtime, {site.site_id: site.business_date}, {Basis.ACTUAL: span})[Basis.ACTUAL]
    running = period_of(site.business_date)
    own = values_of(
        {month: metric_quotients(figures) for (_, month), figures in found.items() if month < running}, SEASONAL_METRIC
    )
    with runtime.database.reading() as connection:
        regions = analysis_inputs.regions_of_sites(connection, site.scope)
    history = RegionHistory(runtime, span, site.business_date)
    return season_of(SEASONAL_METRIC, own, regions.get(site.site_id), history, span)


def _occupancy_days(
    connection: Connection, site: OpenSite, months: Sequence[str], basis: Basis
) -> Iterator[tuple[Decimal | None, Decimal | None]]:
    """Occupancy and vehicles of every day of `months` of which something is known.

    Source: Calculations, "Productivity" (occupancy impact) and "Current month".
    """
    span = Span(months[0], months[-1])
    rooms = analysis_inputs.rooms_of_sites(connection, site.scope)
    available = rooms.get(site.site_id, 0)
    recorded: dict[date, tuple[Decimal | None, Decimal | None]] = {}
    if basis in {Basis.ACTUAL, Basis.TREND}:
        found = analysis_inputs.statistics_by_day(
            connection, site.scope, first_day(span.first), min(last_day(span.last), site.business_date)
        )
        for (_, day), one in found.items():
            occupancy = one.occupied_rooms / available if one.room_days and available else None
            recorded[day] = occupancy, None if one.vehicles is None else one.vehicles.total_vehicles
    if basis is Basis.ACTUAL:
        return iter(recorded.values())
    last = max((day for day, (_, vehicles) in recorded.items() if vehicles), default=None)
    planned = planned_statistics(connection, site.scope, span, rooms)
    return chain(
        (pair for day, pair in recorded.items() if last is not None and day <= last),
        (
            _planned_day(planned[site.site_id, month], day, with_saved=basis is not Basis.BUDGET)
            for month in months
            if (site.site_id, month) in planned
            if basis is not Basis.TREND or month_kind(month, site.business_date) is not MonthKind.ACTUAL
            for day in days_of(month)
            if last is None or day > last
        ),
    )


def _planned_day(month: StatisticsMonth, day: date, *, with_saved: bool) -> tuple[Decimal | None, Decimal | None]:
    own = month if with_saved else StatisticsMonth(month.period, month.available_rooms, month.budget)
    statistics = effective_statistics(own, day, day)
    return statistics.occupancy if month.available_rooms else None, statistics.total_vehicles


def _changes(values: Figures, earlier: Figures) -> Figures:
    changes = {metric: change_percent(value, earlier[metric]) for metric, value in values.items()}
    return {metric: None if change is None else percent(change) for metric, change in changes.items()}


def _rounded(values: Figures) -> Figures:
    return {metric: round_metric(metric, value) for metric, value in values.items()}


def _warnings(period: Period, values: Figures, known: frozenset[str]) -> Iterator[ViewWarning]:
    """One warning for each metric without a value.

    Source: REST API, "Warning codes".
    """
    for metric, value in values.items():
        if value is not None:
            continue
        reason = "zero_denominator" if metric in known else "no_data"
        cause = (
            "what it is divided by is 0; check the figures of the period"
            if metric in known
            else "the figures that it is made of are not known; see whether their source has been loaded"
        )
        yield ViewWarning(
            "NULL_METRIC",
            f"{metric.replace('_', ' ').capitalize()} of {period} cannot be given: {cause}",
            f"metrics.{line_code(metric)}",
            {"metric": line_code(metric), "reason": reason},
        )
