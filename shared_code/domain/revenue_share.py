"""The company's share of external revenue, by structure and tier.

Source: Calculations, "Revenue share".
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from shared_code.domain.accumulation import Accumulation, accumulate, earlier_months
from shared_code.domain.contract import Contract, ContractType, RevenueShareStructure
from shared_code.domain.rounding import ZERO
from shared_code.domain.statistics import Category
from shared_code.domain.tiers import TierShare, effective_tiers, share_of_tiers

NO_AMOUNTS: Mapping[Category, Decimal] = {}
"""No revenue by category."""


@dataclass(frozen=True, slots=True)
class MonthRevenue:
    """External revenue of one month in dollars, as shares see it.

    `net` is all of it. For shares of single categories, the elapsed days count with `actual_by_category` (net), the
    days to come with the part of `forecast_net` that the category has in `forecast_amounts` (gross, whole month).
    """

    net: Decimal
    forecast_net: Decimal
    forecast_amounts: Mapping[Category, Decimal] = field(default_factory=dict)
    actual_by_category: Mapping[Category, Decimal] = field(default_factory=dict)

    def base(self, categories: Collection[Category]) -> Decimal:
        """The revenue of `categories`; of the whole month where none are named."""
        if not categories:
            return self.net
        actual = sum((self.actual_by_category.get(category, ZERO) for category in categories), ZERO)
        whole = sum(self.forecast_amounts.values(), ZERO)
        if not whole:
            return actual
        part = sum((self.forecast_amounts.get(category, ZERO) for category in categories), ZERO)
        return actual + self.forecast_net * part / whole


def forecast_month_revenue(net: Decimal, amounts: Mapping[Category, Decimal] = NO_AMOUNTS) -> MonthRevenue:
    """Revenue of a forecast month: `net` in all, `amounts` gross by category."""
    return MonthRevenue(net, net, forecast_amounts=amounts)


def closed_month_revenue(net: Decimal, by_category: Mapping[Category, Decimal] = NO_AMOUNTS) -> MonthRevenue:
    """Revenue of a closed month: `net` in all, and the recorded net revenue by category."""
    return MonthRevenue(net, ZERO, actual_by_category=by_category)


@dataclass(frozen=True, slots=True)
class StructureShare:
    """What one structure gives: its revenue of the month and of the months before, band by band."""

    accumulation: Accumulation
    revenue_categories: frozenset[Category]
    base: Decimal
    accumulated: Decimal
    tiers: tuple[TierShare, ...]
    total: Decimal


@dataclass(frozen=True, slots=True)
class RevenueShare:
    """The share of all structures in unrounded dollars."""

    structures: tuple[StructureShare, ...]
    total: Decimal


def accumulated_base(
    structure: RevenueShareStructure, contract_start: date, period: str, revenue: Mapping[str, MonthRevenue]
) -> Decimal:
    """Revenue that `structure` has accumulated before `period`, from the trend figures of months (`YYYY-MM`).

    Source: Calculations, "Tiers".
    """
    months = earlier_months(structure.accumulation, contract_start, period)
    bases = {month: revenue[month].base(structure.revenue_categories) for month in months if month in revenue}
    return accumulate(months, bases)


def revenue_share(
    contract: Contract, period: str, revenue: MonthRevenue, accumulated: Sequence[Decimal]
) -> RevenueShare:
    """The share of `period` in its `revenue`; `accumulated` holds the base before it, one per structure in order.

    Without the contract type the share is 0.
    """
    if not contract.pays_for(ContractType.REVENUE_SHARE):
        return RevenueShare((), ZERO)
    structures = tuple(
        _share(structure, period, revenue, before)
        for structure, before in zip(contract.revenue_shares, accumulated, strict=True)
    )
    return RevenueShare(structures, sum((structure.total for structure in structures), ZERO))


def _share(
    structure: RevenueShareStructure, period: str, revenue: MonthRevenue, accumulated: Decimal
) -> StructureShare:
    """The share that one structure gives in `period`."""
    base = revenue.base(structure.revenue_categories)
    tiered = share_of_tiers(base, accumulated, effective_tiers(structure.tiers, period))
    return StructureShare(
        structure.accumulation, structure.revenue_categories, base, accumulated, tiered.tiers, tiered.total
    )
