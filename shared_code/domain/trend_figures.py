"""What accumulates over the months of a site: revenue, claims and profit of the trend, month by month.

Source: Calculations, "Tiers" and "Rounding".
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from shared_code.domain.accumulation import Accumulation, earlier_months
from shared_code.domain.contract import Contract, ContractType
from shared_code.domain.management_claims import CLAIMS_ACCUMULATION, accumulated_claims
from shared_code.domain.profit_share import accumulated_profit
from shared_code.domain.revenue_share import MonthRevenue, accumulated_base, closed_month_revenue
from shared_code.domain.rounding import ZERO
from shared_code.domain.site_year_inputs import CarriedMonth


@dataclass(frozen=True, slots=True)
class Accumulated:
    """Dollars before a month: one figure per revenue share structure, claims and profit of the agreement."""

    shares: tuple[Decimal, ...] = ()
    claims: Decimal = ZERO
    profit: Decimal = ZERO


@dataclass(slots=True)
class TrendFigures:
    """The trend figures of the months so far, by month (`YYYY-MM`).

    A month without a figure counts as 0. One that is `unavailable`, because a source could not be read, does not: what
    accumulates over it is unavailable too.
    """

    revenue: dict[str, MonthRevenue] = field(default_factory=dict)
    claims: dict[str, Decimal] = field(default_factory=dict)
    profits: dict[str, Decimal] = field(default_factory=dict)
    unavailable: set[str] = field(default_factory=set)

    def before(self, contract: Contract, period: str) -> Accumulated | None:
        """What the shares and caps of `contract` have accumulated before `period`; None where it is unavailable."""
        if any(not self.unavailable.isdisjoint(months) for months in _periods(contract, period)):
            return None
        start, management = contract.contract_start, contract.management
        shares: tuple[Decimal, ...] = ()
        if contract.pays_for(ContractType.REVENUE_SHARE):
            shares = tuple(
                accumulated_base(structure, start, period, self.revenue) for structure in contract.revenue_shares
            )
        if not contract.pays_for(ContractType.MANAGEMENT_AGREEMENT):
            return Accumulated(shares)
        return Accumulated(
            shares,
            accumulated_claims(management.claims, start, period, self.claims),
            accumulated_profit(management.profit_share, start, period, self.profits),
        )


def carried_figures(carried: Mapping[str, CarriedMonth]) -> TrendFigures:
    """Figures to start with: those of months that are known already."""
    return TrendFigures(
        {month: closed_month_revenue(figures.external_revenue) for month, figures in carried.items()},
        {month: figures.claims for month, figures in carried.items()},
        {month: figures.profit for month, figures in carried.items()},
    )


def accumulates_by_anniversary(contract: Contract) -> bool:
    """Whether a share or a cap that is priced reaches back into the year before.

    Source: Data model, "Results and snapshots" (inputs version).
    """
    return contract.contract_start.month > 1 and Accumulation.ANNUAL_ANNIVERSARY in _accumulations(contract)


def _accumulations(contract: Contract) -> set[Accumulation]:
    """Over which periods the priced shares and caps of a contract accumulate."""
    found = set()
    if contract.pays_for(ContractType.REVENUE_SHARE):
        found |= {structure.accumulation for structure in contract.revenue_shares}
    if contract.pays_for(ContractType.MANAGEMENT_AGREEMENT):
        management = contract.management
        if management.profit_share.enabled:
            found.add(management.profit_share.accumulation)
        if management.claims.enabled and management.claims.type is not None:
            found.add(CLAIMS_ACCUMULATION[management.claims.type])
    return found


def _periods(contract: Contract, period: str) -> list[list[str]]:
    """The earlier months of every accumulation period that `period` lies in."""
    return [earlier_months(accumulation, contract.contract_start, period) for accumulation in _accumulations(contract)]
