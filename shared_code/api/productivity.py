"""The productivity of a site.

Source: REST API, "Statistics" (GET /statistics/{siteId}/productivity).
"""

from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Depends
from pydantic import Field
from starlette.responses import Response

from shared_code.api.answer_cache import cached
from shared_code.api.caller import Access
from shared_code.api.envelope import CamelModel, Envelope, FiguresMeta, success
from shared_code.api.fields import Count, Hours, Money, PercentPoints, QueryCount, QueryPeriod, Ratio, Within
from shared_code.api.gate import Call, Demands, NoBody
from shared_code.api.pnl_shapes import WarningShape, figures_meta, shown_warnings
from shared_code.api.validation import Query
from shared_code.domain.months import period_of
from shared_code.domain.site_figures import Basis
from shared_code.services.periods import month_period, require_available
from shared_code.services.productivity import SHOWN, Figures, MetricSet, site_productivity
from shared_code.services.source_age import source_age

LONGEST_WINDOW: Final = 36


class ProductivityQuery(Query):
    """Which period, on which figures, and how many months before it make the baseline."""

    period: QueryPeriod | None = None
    basis: Literal["actual", "forecast", "budget", "trend"] = "trend"
    window: Annotated[QueryCount, Within(1, LONGEST_WINDOW)] = 12


class MetricsShape(CamelModel):
    """The metrics of a stretch of time; null where what one is divided by is 0, or something is not known."""

    vehicles_served: Count | None
    productive_hours: Hours | None
    vehicles_per_labor_hour: Ratio | None
    revenue_per_vehicle: Money | None
    labor_cost_per_vehicle: Money | None
    revenue_per_labor_hour: Money | None
    labor_to_external_revenue_percent: PercentPoints | None
    labor_to_internal_revenue_percent: PercentPoints | None
    occupied_rooms: Count | None
    drive_in_ratio: Ratio | None
    capture_ratio: Ratio | None
    overtime_percent: PercentPoints | None
    schedule_fill_rate: Ratio | None


class FamilyShape(CamelModel):
    """A job family: productive hours, vehicles served of its scope, and vehicles per hour."""

    job_family: str
    hours: Hours
    vehicles: Count | None
    vehicles_per_hour: Ratio | None


class MetricSetShape(MetricsShape):
    """The metrics with those of the job families."""

    by_job_family: list[FamilyShape]


class ChangesOfMetrics(CamelModel):
    """Changes of the metrics in percent points."""

    vehicles_served: PercentPoints | None
    productive_hours: PercentPoints | None
    vehicles_per_labor_hour: PercentPoints | None
    revenue_per_vehicle: PercentPoints | None
    labor_cost_per_vehicle: PercentPoints | None
    revenue_per_labor_hour: PercentPoints | None
    labor_to_external_revenue_percent: PercentPoints | None
    labor_to_internal_revenue_percent: PercentPoints | None
    occupied_rooms: PercentPoints | None
    drive_in_ratio: PercentPoints | None
    capture_ratio: PercentPoints | None
    overtime_percent: PercentPoints | None
    schedule_fill_rate: PercentPoints | None


class ChangeShape(CamelModel):
    """The changes against the period before, and against the same period last year."""

    month_over_month: ChangesOfMetrics
    year_over_year: ChangesOfMetrics


class SeasonShape(CamelModel):
    """The seasonal factor of the period (0.8 to 1.2) and whose years it comes from."""

    index: Ratio
    source: Literal["site", "region", "none"]


class ProductivityShape(CamelModel):
    """The productivity of a site; `baseline` is the average of the window before the period."""

    period: str = Field(examples=["2025-04"])
    basis: Literal["actual", "forecast", "budget", "trend"]
    metrics: MetricSetShape
    baseline: MetricSetShape
    seasonal: SeasonShape
    seasonally_adjusted: MetricsShape
    change: ChangeShape
    occupancy_impact: Ratio | None = Field(description="Correlation of daily occupancy and vehicles, -1 to 1")
    warnings: list[WarningShape]


READ: Final = Demands(Access("statistics:read"), query=ProductivityQuery, body=NoBody)


def productivity_router(base: str) -> APIRouter:
    """The productivity resource below `base`."""
    router = APIRouter(prefix=base, tags=["statistics"])
    router.add_api_route(
        "/statistics/{siteId}/productivity",
        cached(of_all_sites=True)(productivity),
        methods=["GET"],
        response_model=Envelope[ProductivityShape, FiguresMeta],
        summary="Vehicles, revenue and labor of a site set against one another",
    )
    return router


def productivity(call: Annotated[Call[ProductivityQuery, NoBody], Depends(READ)]) -> Response:
    """The running month by default, on the trend, with the twelve months before as baseline."""
    query, site = call.query, call.site
    period = query.period or month_period(period_of(site.business_date))
    require_available(period, site.business_date)
    found = site_productivity(call.runtime, site, period, basis=Basis(query.basis), window=query.window)
    age = source_age(call.runtime)
    data = ProductivityShape(
        period=found.period,
        basis=query.basis,
        metrics=_metric_set(found.metrics),
        baseline=_metric_set(found.baseline),
        seasonal=SeasonShape(index=found.seasonal_index, source=found.seasonal_source),
        seasonally_adjusted=MetricsShape(**_members(found.seasonally_adjusted)),
        change=ChangeShape(
            month_over_month=ChangesOfMetrics(**_members(found.month_over_month)),
            year_over_year=ChangesOfMetrics(**_members(found.year_over_year)),
        ),
        occupancy_impact=found.occupancy_impact,
        warnings=shown_warnings(found.warnings, age),
    )
    meta = FiguresMeta(**figures_meta(site.business_date, age))
    return success(data, "Productivity retrieved successfully", meta=meta)


def _metric_set(metrics: MetricSet) -> MetricSetShape:
    families = [FamilyShape.model_validate(family) for family in metrics.families]
    return MetricSetShape(**_members(metrics.figures), by_job_family=families)


def _members(figures: Figures) -> dict[str, Any]:
    return {metric: figures[metric] for metric in SHOWN}
