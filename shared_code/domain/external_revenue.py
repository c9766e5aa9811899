"""External revenue of a site-month: what parkers and guests pay, by category, with adjustment and override.

Source: Calculations, "External revenue".
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum

from shared_code.domain.effective_statistics import StatisticsMonth, effective_statistics, share_of_month
from shared_code.domain.months import days_in, days_of, first_day, last_day
from shared_code.domain.parking_rates import RateSource, parking_rate
from shared_code.domain.rounding import ZERO
from shared_code.domain.statistics import Category, Statistics


class RevenueSource(StrEnum):
    """Whether external revenue was calculated or is the budget as it stands."""

    CALCULATED = "calculated"
    BUDGET = "budget"


@dataclass(frozen=True, slots=True)
class Override:
    """A net external revenue in dollars that a user put in place of the calculated one, and why."""

    amount: Decimal
    reason: str


@dataclass(frozen=True, slots=True)
class RevenueLevers:
    """Rates, adjustment and override of a site-month, saved and budgeted.

    Rates are dollars per vehicle, adjustments signed fractions; `budget_external_revenue` is the budget balance of
    account 9410 in dollars.
    """

    saved_rates: Mapping[Category, Decimal] = field(default_factory=dict)
    budget_rates: Mapping[Category, Decimal] = field(default_factory=dict)
    saved_adjustment_percent: Decimal | None = None
    budget_adjustment_percent: Decimal | None = None
    override: Override | None = None
    budget_external_revenue: Decimal = ZERO

    @property
    def adjustment_percent(self) -> Decimal:
        """The saved adjustment, else that of the budget, else 0; a signed fraction."""
        if self.saved_adjustment_percent is not None:
            return self.saved_adjustment_percent
        return self.budget_adjustment_percent or ZERO

    @property
    def has_saved_value(self) -> bool:
        """Whether a rate or the adjustment is saved; a saved 0 counts, an override does not."""
        return bool(self.saved_rates) or self.saved_adjustment_percent is not None


@dataclass(frozen=True, slots=True)
class CategoryRevenue:
    """Vehicles of a category in the month, dollars per vehicle, and the product."""

    category: Category
    count: Decimal
    rate: Decimal
    rate_source: RateSource
    amount: Decimal


@dataclass(frozen=True, slots=True)
class ExternalRevenue:
    """External revenue of a site-month in unrounded dollars, and how it came about.

    `components` show counts, rates and amounts of all eight categories. In a month on budget they did not make the
    figure, so `gross`, `adjustments` and `adjustment_percent` are None. `calculated_net` is the figure without the
    override.
    """

    source: RevenueSource
    components: tuple[CategoryRevenue, ...]
    gross: Decimal | None
    adjustments: Decimal | None
    adjustment_percent: Decimal | None
    calculated_net: Decimal
    net: Decimal
    override: Override | None

    @property
    def overridden(self) -> bool:
        """Whether an override stands in place of the calculated figure."""
        return self.override is not None

    @property
    def category_amounts(self) -> dict[Category, Decimal]:
        """Gross dollars by category."""
        return {component.category: component.amount for component in self.components}


def external_revenue(month: StatisticsMonth, statistics: Statistics, levers: RevenueLevers) -> ExternalRevenue:
    """Net external revenue of a month from its effective `statistics` and the rates, adjustment and override.

    Source: Calculations, "Formula", "Month without any saved driver" and "Override".
    """
    components = _price(statistics, levers)
    override = levers.override
    if not levers.has_saved_value and not month.has_saved_value:
        balance = levers.budget_external_revenue
        net = balance if override is None else override.amount
        return ExternalRevenue(RevenueSource.BUDGET, components, None, None, None, balance, net, override)
    gross = sum((component.amount for component in components), ZERO)
    adjustments = gross * levers.adjustment_percent
    calculated = gross + adjustments
    return ExternalRevenue(
        source=RevenueSource.CALCULATED,
        components=components,
        gross=gross,
        adjustments=adjustments,
        adjustment_percent=levers.adjustment_percent,
        calculated_net=calculated,
        net=calculated if override is None else override.amount,
        override=override,
    )


def net_revenue_of_days(
    month: StatisticsMonth, levers: RevenueLevers, revenue: ExternalRevenue, first: date, last: date
) -> Decimal:
    """The part of the forecast `revenue` of `month` that falls on the days from `first` to `last`, both included.

    An override is spread in proportion to the calculated revenue of the days, evenly where that is 0.

    Source: Calculations, "Month without any saved driver" and "Override".
    """
    days, month_days = max(0, (last - first).days + 1), days_in(month.period)
    if revenue.source is RevenueSource.BUDGET:
        return share_of_month(revenue.net, days, month_days)
    if first == first_day(month.period) and last == last_day(month.period):
        return revenue.net
    gross = sum(
        (component.amount for component in _price(effective_statistics(month, first, last), levers)),
        ZERO,
    )
    calculated = gross + gross * levers.adjustment_percent
    if revenue.override is None:
        return calculated
    if not revenue.calculated_net:
        return share_of_month(revenue.net, days, month_days)
    return revenue.net * calculated / revenue.calculated_net


def net_revenue_by_day(month: StatisticsMonth, levers: RevenueLevers, revenue: ExternalRevenue) -> dict[date, Decimal]:
    """The forecast `revenue` of `month` by day."""
    return {day: net_revenue_of_days(month, levers, revenue, day, day) for day in days_of(month.period)}


def _price(statistics: Statistics, levers: RevenueLevers) -> tuple[CategoryRevenue, ...]:
    """Count × rate of each of the eight categories; comps are never priced."""
    priced = []
    for category in Category:
        rate = parking_rate(levers.saved_rates.get(category), levers.budget_rates.get(category))
        count = statistics.count(category)
        priced.append(CategoryRevenue(category, count, rate.rate, rate.source, count * rate.rate))
    return tuple(priced)
