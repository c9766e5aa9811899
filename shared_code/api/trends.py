"""The trends of a site.

Source: REST API, "Statistics" (GET /statistics/{siteId}/trends/{timeframe}).
"""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Depends
from pydantic import Field, WithJsonSchema
from starlette.responses import Response

from shared_code.api.answer_cache import cached
from shared_code.api.caller import Access
from shared_code.api.envelope import CamelModel, Envelope, FiguresMeta, success
from shared_code.api.fields import Month, PercentPoints, Ratio, WordList
from shared_code.api.gate import Call, Demands, NoBody
from shared_code.api.pnl_shapes import figures_meta
from shared_code.api.validation import Query
from shared_code.domain.seasonal_factors import SeasonalFactors
from shared_code.domain.site_figures import unit_of
from shared_code.domain.trend_analysis import Accuracy
from shared_code.services.periods import Period
from shared_code.services.pnl_site_cells import OpenSite
from shared_code.services.pnl_table import line_code
from shared_code.services.source_age import source_age
from shared_code.services.trend_analysis import ShownTrend, read_trend, window_named
from shared_code.storage.trend_results import MetricTrend, NamedGap

Metric = Literal[
    "vehiclesServed", "productiveHours", "vehiclesPerLaborHour", "revenuePerVehicle", "laborCostPerVehicle",
    "revenuePerLaborHour", "laborToExternalRevenuePercent", "laborToInternalRevenuePercent", "overtimePercent",
    "scheduleFillRate", "occupiedRooms", "occupancy", "driveInRatio", "captureRatio", "externalRevenue",
    "internalRevenue", "payroll", "claims", "parkingRents", "otherExpense", "pteb", "insurance", "flc",
]  # fmt: skip
Figure = Annotated[Decimal, WithJsonSchema({"type": "number"})]
"""A figure that has the decimals of its metric."""
Unit = Literal["count", "hours", "money", "percent", "fraction", "number"]


class TrendQuery(Query):
    """Which metrics (all by default), and as of which month (the running one by default)."""

    metrics: Annotated[tuple[Metric, ...], WordList] = ()
    as_of: Month | None = Field(None, alias="asOf")


class PointShape(CamelModel):
    """A point: of days their date, of weeks their Saturday, else `YYYY-MM`, `YYYY-Qn` or `YYYY`."""

    period: str
    actual: Figure | None
    forecast: Figure | None
    budget: Figure | None
    prior_year: Figure | None


class SeasonalFactorShape(CamelModel):
    """The factor of a calendar month."""

    month: int = Field(ge=1, le=12)
    factor: Ratio
    source: Literal["site", "region", "none"]


class AccuracyShape(CamelModel):
    """How near the forecast came, in percent points."""

    mape: PercentPoints | None
    bias: PercentPoints | None


class GapShape(CamelModel):
    """A run of points without a record, by their names; `interpolated` where it was filled."""

    from_: str = Field(alias="from")
    to: str
    interpolated: bool


class SeriesShape(CamelModel):
    """A metric over the window, with its own factors, accuracy and gaps."""

    metric: Metric
    unit: Unit
    points: list[PointShape]
    direction: Literal["improving", "stable", "degrading"] | None
    slope_per_period: Ratio | None
    change_percent: PercentPoints | None
    yoy_percent: PercentPoints | None
    seasonal_factors: list[SeasonalFactorShape] = Field(min_length=12, max_length=12)
    accuracy: AccuracyShape
    gaps: list[GapShape]


class TrendShape(CamelModel):
    """The trends of a site; factors, accuracy and gaps beside the series are those of the first series."""

    timeframe: str = Field(examples=["12m"])
    from_: date = Field(alias="from")
    to: date
    group_by: Literal["day", "week", "month", "quarter", "year"]
    series: list[SeriesShape]
    seasonal_factors: list[SeasonalFactorShape] = Field(min_length=12, max_length=12)
    accuracy: AccuracyShape
    gaps: list[GapShape]


class TrendDemands(Demands[TrendQuery, NoBody]):
    """What the operation asks: the time frame of the path stands where a period stands elsewhere."""

    def _period(self, path: Mapping[str, str], site: OpenSite | None) -> Period | None:
        assert site is not None, "the path names a site"
        window_named(path["timeframe"], site.business_date)
        return None


READ: Final = TrendDemands(Access("statistics:read"), query=TrendQuery, body=NoBody)


def trends_router(base: str) -> APIRouter:
    """The trends resource below `base`."""
    router = APIRouter(prefix=base, tags=["statistics"])
    router.add_api_route(
        "/statistics/{siteId}/trends/{timeframe}",
        cached()(trends),
        methods=["GET"],
        response_model=Envelope[TrendShape, FiguresMeta],
        summary="How the figures of a site develop in a time frame",
    )
    return router


def trends(call: Annotated[Call[TrendQuery, NoBody], Depends(READ)]) -> Response:
    """The figures of the daily analysis; `meta.stale` says that a later change has overtaken them."""
    site, query = call.site, call.query
    as_of = None if query.as_of is None else query.as_of.text
    found = read_trend(call.runtime, site, call.path["timeframe"], as_of=as_of, metrics=query.metrics)
    leading = found.metrics[0]
    data = TrendShape(
        timeframe=found.window.timeframe,
        from_=found.window.start,
        to=found.window.end,
        group_by=found.window.granularity.value,
        series=[_series(found, metric) for metric in found.metrics],
        seasonal_factors=_factors(leading.seasonal),
        accuracy=_accuracy(leading.accuracy),
        gaps=_gaps(leading.gaps),
    )
    figures = figures_meta(site.business_date, source_age(call.runtime))
    meta = FiguresMeta(**{**figures, "stale": figures["stale"] or found.is_stale})
    return success(data, "Trends retrieved successfully", meta=meta)


def _series(found: ShownTrend, metric: MetricTrend) -> SeriesShape:
    points = [
        PointShape(
            period=label,
            actual=point.actual,
            forecast=point.forecast,
            budget=point.budget,
            prior_year=point.prior_year,
        )
        for label, point in zip(found.labels, metric.points, strict=True)
    ]
    direction = metric.trend.direction
    return SeriesShape.model_validate(
        {
            "metric": line_code(metric.metric),
            "unit": unit_of(metric.metric),
            "points": points,
            "direction": None if direction is None else direction.value,
            "slope_per_period": metric.trend.slope_per_period,
            "change_percent": metric.trend.change_percent,
            "yoy_percent": metric.trend.yoy_percent,
            "seasonal_factors": _factors(metric.seasonal),
            "accuracy": _accuracy(metric.accuracy),
            "gaps": _gaps(metric.gaps),
        }
    )


def _factors(seasonal: SeasonalFactors) -> list[SeasonalFactorShape]:
    return [
        SeasonalFactorShape(month=month, factor=factor, source=seasonal.source.value)
        for month, factor in enumerate(seasonal.factors, start=1)
    ]


def _accuracy(accuracy: Accuracy) -> AccuracyShape:
    return AccuracyShape(mape=accuracy.mape, bias=accuracy.bias)


def _gaps(gaps: Sequence[NamedGap]) -> list[GapShape]:
    return [GapShape(from_=gap.first, to=gap.last, interpolated=gap.interpolated) for gap in gaps]
