"""What one site-month feeds into its contract.

Source: Calculations, "Order of dependencies".
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from shared_code.domain.account_figures import AccountFigures
from shared_code.domain.effective_statistics import RoomsSource
from shared_code.domain.labor_hours import JobHours
from shared_code.domain.other_revenue import OtherRevenueItems
from shared_code.domain.revenue_share import MonthRevenue
from shared_code.domain.rounding import ZERO

NO_REVENUE = MonthRevenue(ZERO, ZERO)
"""A month without external revenue."""

NO_ACCOUNTS = AccountFigures()
"""A month without ledger accounts."""

NO_OTHER_REVENUE = OtherRevenueItems()
"""A month in which no item of other revenue is saved."""


@dataclass(frozen=True, slots=True)
class ContractDrivers:
    """The drivers of a contract in one month, in dollars, rooms and hours.

    Each figure is that of the month at hand: forecast, blended in the current month, posted in a closed one.
    `accumulated_shares` holds the revenue before the month, one figure per revenue share structure; `hours` are keyed
    by `job_code_key`; `site_pteb` and `insurance_row` are the rows of the site; claims and profit are accumulated over
    the earlier months of their own periods.
    """

    external_revenue: MonthRevenue = NO_REVENUE
    accumulated_shares: Sequence[Decimal] = ()
    occupied_rooms: Decimal = ZERO
    rooms_source: RoomsSource = RoomsSource.BUDGET
    hours: Mapping[str, JobHours] = field(default_factory=dict)
    accounts: AccountFigures = NO_ACCOUNTS
    site_pteb: Decimal = ZERO
    insurance_row: Decimal = ZERO
    claims: Decimal = ZERO
    accumulated_claims: Decimal = ZERO
    accumulated_profit: Decimal = ZERO
    other_revenue: OtherRevenueItems = NO_OTHER_REVENUE
