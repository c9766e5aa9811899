"""The statistics of a site in JSON.

Source: REST API, "Statistics" (GET /statistics/{siteId}/{period}) and "Field types".
"""

from collections.abc import Mapping, Sequence
from datetime import date as day_type
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field, WithJsonSchema

from shared_code.api.envelope import CamelModel
from shared_code.api.fields import Count, Money, PercentPoints, Ratio
from shared_code.api.forecast_shapes import ChangesShape, HeaderShape, LockWord
from shared_code.api.monthly_shapes import header_members
from shared_code.domain.external_revenue import ExternalRevenue
from shared_code.services.forecast.statistics_figures import Figures
from shared_code.services.forecast.statistics_view import Blocks, BucketView, DayView, StatisticsView
from shared_code.services.pnl_table import ViewWarning, line_code
from shared_code.services.source_age import SourceAge

SourceWord = Literal["actual", "forecast", "budget", "none", "trend", "mixed"]

Difference = Annotated[Decimal, WithJsonSchema({"type": "number"})]
"""A difference of figures that are rounded already: counts and dollars with 2 decimals, fractions with 6."""


class ExternalAmountShape(CamelModel):
    """External revenue; what it was calculated from is null where it was not calculated."""

    gross: Money | None
    adjustments: Money | None
    adjustment_percent: Ratio | None
    net: Money
    basis: Literal["calculated", "budget", "actual", "override"]


class BlockShape(CamelModel):
    """Rooms, vehicles, ratios and external revenue of a day or stretch of days; null where there is no value."""

    occupancy: Ratio | None
    occupied_rooms: Count | None
    valet_daily: Count | None
    valet_overnight: Count | None
    valet_monthly: Count | None
    valet_aggregator: Count | None
    self_daily: Count | None
    self_overnight: Count | None
    self_monthly: Count | None
    self_aggregator: Count | None
    valet_comps: Count | None
    self_comps: Count | None
    drive_in_ratio: Ratio | None
    capture_ratio: Ratio | None
    external_revenue: ExternalAmountShape | None


class TotalShape(BlockShape):
    """A block with the vehicles of both sides, without comps."""

    valet_vehicles: Count
    self_park_vehicles: Count
    total_vehicles: Count


class StatisticsSumShape(TotalShape):
    """The effective values of a stretch of days, and where they come from."""

    source: SourceWord


class StatisticsVarianceShape(CamelModel):
    """Base less comparison; `percent` and `severity` are null when the comparison is 0."""

    amount: Difference
    percent: PercentPoints | None
    favorable: bool
    severity: Literal["low", "medium", "high"] | None


class BlocksShape(CamelModel):
    """The figures of a day or bucket, block by block; `variance` by field."""

    effective: BlockShape
    forecast: BlockShape | None
    budget: BlockShape | None
    actual: BlockShape | None
    prior_year: BlockShape | None
    variance: dict[str, StatisticsVarianceShape]


class DayShape(BlocksShape):
    """A day."""

    date: day_type
    is_weekend: bool
    editable: bool
    lock_reason: LockWord | None
    source: SourceWord
    note: str | None


class BucketShape(BlocksShape):
    """A week, month or quarter; `missingDays` have passed without being recorded."""

    start: day_type
    end: day_type
    label: str
    partial: bool
    missing_days: int
    editable: Literal[False] = False
    lock_reason: LockWord
    source: SourceWord


class MonthSummaryShape(StatisticsSumShape):
    """A month of a quarter or year."""

    month: str = Field(examples=["2025-04"])
    editable: Literal[False] = False
    lock_reason: LockWord


class TotalsShape(CamelModel):
    """The whole period in every family; null where there is nothing."""

    forecast: TotalShape
    budget: TotalShape | None
    actual: TotalShape | None
    trend: TotalShape | None


class PricedCategoryShape(CamelModel):
    """Vehicles of a category in a month, dollars per vehicle, and their product."""

    category: str
    count: Count
    rate: Money
    rate_source: Literal["forecast", "budget", "none"]
    amount: Money


class CalculationShape(CamelModel):
    """How the forecast external revenue of a month comes about."""

    month: str
    components: list[PricedCategoryShape]
    gross: Money | None
    adjustment_percent: Ratio | None
    adjustments: Money | None
    calculated_net: Money
    overridden: bool
    net: Money


class StatisticsShape(HeaderShape):
    """The statistics of a site: `days` of a day or month, `months` of a quarter or year, `buckets` by granularity."""

    available_rooms: int
    available_parking: int | None
    statistics: StatisticsSumShape
    days: list[DayShape]
    buckets: list[BucketShape]
    months: list[MonthSummaryShape]
    totals: TotalsShape | None
    calculation: list[CalculationShape] | None


class SavedStatisticsShape(StatisticsShape):
    """The statistics after a PUT, and how many cells it changed."""

    changes: ChangesShape


def statistics_members(view: StatisticsView, warnings: Sequence[ViewWarning], age: SourceAge) -> dict[str, object]:
    """The members of an answer, with `warnings` for those of its header."""
    return {
        **header_members(view.header, warnings, age),
        "available_rooms": view.available_rooms,
        "available_parking": view.available_parking,
        "statistics": _sum(view.figures) | {"source": view.source},
        "days": [_day(day) for day in view.days],
        "buckets": [_bucket(bucket) for bucket in view.buckets],
        "months": [
            _sum(month.figures) | {"month": month.month, "lock_reason": month.lock_reason, "source": month.source}
            for month in view.months
        ],
        "totals": view.totals,
        "calculation": None if view.calculation is None else _calculation(view.calculation),
    }


def _day(day: DayView) -> dict[str, object]:
    return {
        "date": day.date,
        "is_weekend": day.is_weekend,
        "editable": day.editable,
        "lock_reason": day.lock_reason,
        "source": day.source,
        "note": day.note,
        **_blocks(day.blocks),
    }


def _bucket(view: BucketView) -> dict[str, object]:
    return {
        "start": view.bucket.start,
        "end": view.bucket.end,
        "label": view.bucket.label,
        "partial": view.bucket.partial,
        "missing_days": view.missing_days,
        "lock_reason": view.lock_reason,
        "source": view.source,
        **_blocks(view.blocks),
    }


def _blocks(blocks: Blocks) -> dict[str, object]:
    return {name: getattr(blocks, name) for name in Blocks.__slots__}


def _sum(figures: Figures) -> dict[str, object]:
    return {name: getattr(figures, name) for name in TotalShape.model_fields}


def _calculation(months: Mapping[str, ExternalRevenue]) -> list[dict[str, object]]:
    return [
        {
            "month": month,
            "components": [
                {
                    "category": line_code(priced.category),
                    "count": priced.count,
                    "rate": priced.rate,
                    "rate_source": priced.rate_source,
                    "amount": priced.amount,
                }
                for priced in revenue.components
            ],
            "gross": revenue.gross,
            "adjustment_percent": revenue.adjustment_percent,
            "adjustments": revenue.adjustments,
            "calculated_net": revenue.calculated_net,
            "overridden": revenue.overridden,
            "net": revenue.net,
        }
        for month, revenue in months.items()
    ]
