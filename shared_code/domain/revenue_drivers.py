"""Why external revenue differs from a comparison: by volume, by rate, and by adjustments.

Per category and month, with Δ for base less comparison:

    volume effect     = Δ vehicles × rate of the comparison
    rate effect       = Δ rate × vehicles of the base
    adjustment effect = Δ (net revenue − vehicles × rate)

so that the three add up to the difference of the net revenue. Adjustments, overrides and what a ledger posted beyond
the categories are part of a category's net revenue in proportion to its dollars.

Source: REST API, "P&L" (drivers); Calculations, "Variance" and "External revenue".
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from shared_code.domain.category_revenue import CategoryMonth
from shared_code.domain.rounding import ZERO, money
from shared_code.domain.statistics import Category


@dataclass(frozen=True, slots=True)
class RevenueMonth:
    """Net external revenue of a month in dollars, and the categories behind it where they are known."""

    net: Decimal
    categories: CategoryMonth

    @property
    def gross(self) -> Decimal:
        """Dollars of all categories before adjustments."""
        return sum((category.amount for category in self.categories), ZERO)

    @property
    def is_explained(self) -> bool:
        """Whether the categories account for the net revenue; nothing accounts for 0."""
        return not self.net or bool(self.gross)


@dataclass(frozen=True, slots=True)
class RevenueDriver:
    """The effects of one category in dollars with 2 decimals; None is what no category accounts for."""

    category: Category | None
    volume_effect: Decimal
    rate_effect: Decimal
    adjustment_effect: Decimal


@dataclass(slots=True)
class _Effects:
    """Unrounded effects, added up month by month."""

    volume: Decimal = ZERO
    rate: Decimal = ZERO
    adjustment: Decimal = ZERO

    @property
    def size(self) -> Decimal:
        return abs(self.volume) + abs(self.rate) + abs(self.adjustment)

    def rounded(self, category: Category | None) -> RevenueDriver:
        return RevenueDriver(category, money(self.volume), money(self.rate), money(self.adjustment))


def revenue_drivers(months: Iterable[tuple[RevenueMonth, RevenueMonth]]) -> tuple[RevenueDriver, ...]:
    """The effects of `months`, pairs of base and comparison, whose net revenue has 2 decimals.

    All eight categories in their order, then what no category accounts for, unless that is 0: the difference of months
    in which one side is known as a sum alone. The effects add up to the difference to the cent; what rounding leaves
    belongs to the adjustments of the category with the largest effects.
    """
    effects: dict[Category | None, _Effects] = {category: _Effects() for category in (*Category, None)}
    difference = ZERO
    for base, comparison in months:
        difference += base.net - comparison.net
        if base.is_explained and comparison.is_explained:
            _add_month(effects, base, comparison)
        else:
            effects[None].adjustment += base.net - comparison.net
    drivers = {category: summed.rounded(category) for category, summed in effects.items()}
    rest = difference - sum((_total(driver) for driver in drivers.values()), ZERO)
    largest = max(effects, key=lambda category: effects[category].size)
    drivers[largest] = _with_adjustment(drivers[largest], rest)
    return tuple(driver for driver in drivers.values() if driver.category is not None or _total(driver))


def _add_month(effects: dict[Category | None, _Effects], base: RevenueMonth, comparison: RevenueMonth) -> None:
    ours, theirs = _by_category(base), _by_category(comparison)
    for category in Category:
        count, rate, net = ours.get(category, _NOTHING)
        other_count, other_rate, other_net = theirs.get(category, _NOTHING)
        summed = effects[category]
        summed.volume += (count - other_count) * other_rate
        summed.rate += (rate - other_rate) * count
        summed.adjustment += (net - count * rate) - (other_net - other_count * other_rate)


def _by_category(month: RevenueMonth) -> dict[Category, tuple[Decimal, Decimal, Decimal]]:
    """Vehicles, rate and net revenue of each category."""
    gross = month.gross
    return {
        part.category: (part.count, part.rate or ZERO, part.amount * month.net / gross if gross else part.amount)
        for part in month.categories
    }


def _total(driver: RevenueDriver) -> Decimal:
    return driver.volume_effect + driver.rate_effect + driver.adjustment_effect


def _with_adjustment(driver: RevenueDriver, more: Decimal) -> RevenueDriver:
    adjusted = driver.adjustment_effect + more
    return RevenueDriver(driver.category, driver.volume_effect, driver.rate_effect, adjusted)


_NOTHING = (ZERO, ZERO, ZERO)
