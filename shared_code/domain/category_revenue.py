"""Vehicles, dollars per vehicle and revenue of each category in a month: budgeted, forecast, recorded or blended.

Source: Calculations, "External revenue", "Parking rates" and "Current month".
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from shared_code.domain.effective_statistics import effective_statistics
from shared_code.domain.month_budget import BudgetMonth
from shared_code.domain.month_external import ExternalForecast
from shared_code.domain.months import last_day
from shared_code.domain.parking_rates import RateSource
from shared_code.domain.pnl_components import FigureSource
from shared_code.domain.rounding import ZERO
from shared_code.domain.statistics import Category


@dataclass(frozen=True, slots=True)
class CategoryRevenue:
    """One category: vehicles, dollars per vehicle (None where there is none), and dollars before adjustments.

    `amount` is the product, but what was recorded where vehicles are missing.
    """

    category: Category
    count: Decimal
    rate: Decimal | None
    source: FigureSource
    amount: Decimal

    @property
    def priced(self) -> Decimal:
        """Vehicles × dollars per vehicle."""
        return self.count * (self.rate or ZERO)


CategoryMonth = tuple[CategoryRevenue, ...]
"""All eight categories in their order; nothing where they are not known."""

UNKNOWN: CategoryMonth = ()


@dataclass(frozen=True, slots=True)
class Parked:
    """Recorded vehicles of a category and the net dollars that they paid."""

    vehicles: Decimal
    revenue: Decimal


NOBODY = Parked(ZERO, ZERO)


def budgeted(budget: BudgetMonth) -> CategoryMonth:
    """The categories as they are budgeted; aggregators have no budget."""
    volumes, rates = budget.volumes, budget.rates
    return tuple(
        _priced(category, volumes.count(category), rates.get(category), FigureSource.BUDGET) for category in Category
    )


def forecast(external: ExternalForecast, first: date | None = None) -> CategoryMonth:
    """The categories of a forecast month, or of its days from `first` on; `external` was made by category."""
    if external.statistics is None or external.revenue is None:
        return UNKNOWN
    statistics = effective_statistics(external.statistics, first)
    return tuple(
        _priced(
            priced.category,
            statistics.count(priced.category),
            None if priced.rate_source is RateSource.NONE else priced.rate,
            FigureSource(priced.rate_source.value),
        )
        for priced in external.revenue.components
    )


def recorded(parked: Mapping[Category, Parked]) -> CategoryMonth:
    """The categories as they were recorded, each at its mean rate; nothing when none was."""
    if not parked:
        return UNKNOWN
    return tuple(_mean(category, parked.get(category, NOBODY), FigureSource.ACTUAL) for category in Category)


def blended(parked: Mapping[Category, Parked], through: date | None, external: ExternalForecast) -> CategoryMonth:
    """The categories of the running month: recorded to the day `through`, forecast after it; None: all forecast.

    Source: Calculations, "Current month".
    """
    if through is None:
        return forecast(external)
    if through == last_day(external.period):
        return recorded(parked)
    later = forecast(external, through + timedelta(days=1))
    return tuple(_joined(parked.get(part.category, NOBODY), part) for part in later)


def _joined(parked: Parked, later: CategoryRevenue) -> CategoryRevenue:
    if parked == NOBODY:
        return later
    whole = Parked(parked.vehicles + later.count, parked.revenue + later.amount)
    return _mean(later.category, whole, FigureSource.TREND)


def _priced(category: Category, count: Decimal, rate: Decimal | None, source: FigureSource) -> CategoryRevenue:
    if rate is None:
        return CategoryRevenue(category, count, None, FigureSource.NONE, ZERO)
    return CategoryRevenue(category, count, rate, source, count * rate)


def _mean(category: Category, parked: Parked, source: FigureSource) -> CategoryRevenue:
    if not parked.vehicles:
        kind = source if parked.revenue else FigureSource.NONE
        return CategoryRevenue(category, parked.vehicles, None, kind, parked.revenue)
    return CategoryRevenue(category, parked.vehicles, parked.revenue / parked.vehicles, source, parked.revenue)
