"""Internal revenue of a site-month: all components of its contract, adjustments, and the sum over sites.

Source: Calculations, "Internal revenue of a site and above".
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from shared_code.domain.billable_accounts import BillableAccounts, billable_accounts
from shared_code.domain.contract import Contract
from shared_code.domain.contract_drivers import ContractDrivers
from shared_code.domain.fixed_fee import FixedFee, fixed_fee
from shared_code.domain.labor_hour_fee import LaborHourFee, labor_hour_fee
from shared_code.domain.management_agreement import ManagementAgreement, management_agreement
from shared_code.domain.occupied_room_fee import OccupiedRoomFee, occupied_room_fee
from shared_code.domain.other_revenue import OtherRevenue, other_revenue
from shared_code.domain.revenue_share import RevenueShare, revenue_share
from shared_code.domain.rounding import ZERO, money


class InternalRevenueSource(StrEnum):
    """Whether internal revenue follows from a contract or, without one, is the budget."""

    CONTRACT = "contract"
    BUDGET = "budget"


@dataclass(frozen=True, slots=True)
class Adjustment:
    """Dollars, any sign, that an authorized user adds to the calculated figure, and why."""

    amount: Decimal
    reason: str
    category: str = "general"


@dataclass(frozen=True, slots=True)
class Components:
    """The components of internal revenue with the way each came about; each has its unrounded dollars in `total`."""

    fixed_fee: FixedFee
    per_occupied_room: OccupiedRoomFee
    per_labor_hour: LaborHourFee
    revenue_share: RevenueShare
    billable_accounts: BillableAccounts
    management_agreement: ManagementAgreement
    other_revenue: OtherRevenue

    @property
    def amounts(self) -> dict[str, Decimal]:
        """Unrounded dollars by component."""
        return {
            "fixed_fee": self.fixed_fee.total,
            "per_occupied_room": self.per_occupied_room.total,
            "per_labor_hour": self.per_labor_hour.total,
            "revenue_share": self.revenue_share.total,
            "billable_accounts": self.billable_accounts.total,
            "management_agreement": self.management_agreement.total,
            "other_revenue": self.other_revenue.total,
        }


@dataclass(frozen=True, slots=True)
class InternalRevenue:
    """Internal revenue of a site-month in unrounded dollars: `calculated` plus adjustments is `total`."""

    source: InternalRevenueSource
    calculated: Decimal
    adjustments: tuple[Adjustment, ...]
    total: Decimal


@dataclass(frozen=True, slots=True)
class SiteInternalRevenue:
    """Internal revenue of one site in dollars and where it comes from, for sums over sites."""

    site: str
    amount: Decimal
    source: InternalRevenueSource


@dataclass(frozen=True, slots=True)
class InternalRevenueRollUp:
    """Internal revenue of several sites in dollars, and the sites that are on budget."""

    total: Decimal
    sites_on_budget: tuple[str, ...]


def price_contract(contract: Contract, period: str, drivers: ContractDrivers) -> Components:
    """All components that `contract` gives for `period` (`YYYY-MM`) with the `drivers` of that month.

    Raises CalculationError (VALUE_OUT_OF_RANGE) for an other-revenue item with a sign that it must not have.
    """
    return Components(
        fixed_fee=fixed_fee(contract, period),
        per_occupied_room=occupied_room_fee(contract, drivers.occupied_rooms, drivers.rooms_source),
        per_labor_hour=labor_hour_fee(contract, period, drivers.hours),
        revenue_share=revenue_share(contract, period, drivers.external_revenue, drivers.accumulated_shares),
        billable_accounts=billable_accounts(contract, period, drivers.accounts, drivers.site_pteb),
        management_agreement=management_agreement(contract, period, drivers),
        other_revenue=other_revenue(drivers.other_revenue),
    )


def internal_revenue(
    amounts: Mapping[str, Decimal] | None, budget_internal_revenue: Decimal, adjustments: Sequence[Adjustment] = ()
) -> InternalRevenue:
    """Internal revenue from the unrounded `amounts` of the components; None for a site without a contract.

    Without a contract the budget counts, and nothing else but the adjustments.
    """
    if amounts is None:
        source, calculated = InternalRevenueSource.BUDGET, budget_internal_revenue
    else:
        source, calculated = InternalRevenueSource.CONTRACT, sum(amounts.values(), ZERO)
    adjusted = sum((adjustment.amount for adjustment in adjustments), ZERO)
    return InternalRevenue(source, calculated, tuple(adjustments), calculated + adjusted)


def roll_up_internal_revenue(sites: Iterable[SiteInternalRevenue]) -> InternalRevenueRollUp:
    """The sum of the sites' figures in whole cents, so that a district is exactly the sum of what its sites show."""
    counted = list(sites)
    total = sum((money(site.amount) for site in counted), ZERO)
    on_budget = tuple(site.site for site in counted if site.source is InternalRevenueSource.BUDGET)
    return InternalRevenueRollUp(total, on_budget)
