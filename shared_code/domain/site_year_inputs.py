"""What the P&L of one site and year is computed from.

Source: Calculations, "Inputs".
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from itertools import chain

from shared_code.domain.actual_payroll import RecordedLabor
from shared_code.domain.contract import Contract
from shared_code.domain.contract_drivers import NO_OTHER_REVENUE
from shared_code.domain.expense_rows import DEFAULT_INSURANCE_RATES, InsuranceRates
from shared_code.domain.external_revenue import Override
from shared_code.domain.internal_revenue import Adjustment
from shared_code.domain.labor_hours import JobHours, LaborDay
from shared_code.domain.ledger import Balance
from shared_code.domain.other_revenue import OtherRevenueItems
from shared_code.domain.payroll import SiteJobCode
from shared_code.domain.statistics import Category, StatisticsDay


@dataclass(frozen=True, slots=True)
class SavedMonth:
    """What users have saved for one month; what is empty or None is not saved.

    Rates in dollars per vehicle, the adjustment as a signed fraction, expenses in dollars by account.
    """

    statistics: Sequence[StatisticsDay] = ()
    rates: Mapping[Category, Decimal] = field(default_factory=dict)
    adjustment_percent: Decimal | None = None
    override: Override | None = None
    hours: Sequence[LaborDay] = ()
    other_revenue: OtherRevenueItems = NO_OTHER_REVENUE
    other_expenses: Mapping[str, Decimal] = field(default_factory=dict)
    adjustments: Sequence[Adjustment] = ()

    @property
    def drives_external_revenue(self) -> bool:
        """Whether anything is saved that external revenue or rooms depend on."""
        return bool(self.statistics or self.rates or self.adjustment_percent is not None or self.override)


NOTHING_SAVED = SavedMonth()
"""A month that nobody has entered anything for."""


@dataclass(frozen=True, slots=True)
class RecordedMonth:
    """Actuals of a closed month that the ledger does not have: net external revenue by category, hours by job code key.

    They are needed only where the contract shares the revenue of single categories or charges a fee per labor hour.
    """

    revenue_by_category: Mapping[Category, Decimal] = field(default_factory=dict)
    hours: Mapping[str, JobHours] = field(default_factory=dict)


NOTHING_RECORDED = RecordedMonth()
"""A month of which the ledger says all that is needed."""


@dataclass(frozen=True, slots=True)
class MonthInputs:
    """Everything known of one month (`YYYY-MM`).

    `budget` and `posted` are ledger balances, one entry an account: None means that the source has never been
    published for the month; no entry means that there is no balance. `budget_hours` are hours of the month by job code,
    `contract` the one that is priced in the month.
    """

    period: str
    budget: Sequence[Balance] | None
    posted: Sequence[Balance] | None
    saved: SavedMonth = NOTHING_SAVED
    budget_hours: Mapping[str, Decimal] = field(default_factory=dict)
    contract: Contract | None = None
    recorded: RecordedMonth = NOTHING_RECORDED


@dataclass(frozen=True, slots=True)
class RecordedDays:
    """Daily actuals of the running month: net external revenue in dollars, occupied rooms, paid labor.

    `revenue_by_category` is needed only where the contract shares the revenue of single categories.
    """

    external_revenue: Mapping[date, Decimal] = field(default_factory=dict)
    occupied_rooms: Mapping[date, Decimal] = field(default_factory=dict)
    labor: Sequence[RecordedLabor] = ()
    revenue_by_category: Mapping[date, Mapping[Category, Decimal]] = field(default_factory=dict)


NO_RECORDED_DAYS = RecordedDays()
"""A month without any daily actual."""


@dataclass(frozen=True, slots=True)
class SiteTerms:
    """What holds for all months of a site: job codes with their rates, rooms to be sold per day, insurance rates."""

    job_codes: Sequence[SiteJobCode] = ()
    available_rooms: int = 0
    insurance_rates: InsuranceRates = DEFAULT_INSURANCE_RATES


@dataclass(frozen=True, slots=True)
class CarriedMonth:
    """Figures of a month in dollars that accumulate in the months after it."""

    external_revenue: Decimal
    claims: Decimal
    profit: Decimal


@dataclass(frozen=True, slots=True)
class SiteYearInputs:
    """The inputs of one site and year as of `business_date`.

    `months` are the twelve months from January on, `recorded` the days of the month of the business date, and
    `account_names` the names of the chart of accounts. `earlier` are months of the year before, in order, which only
    add up in shares and caps by anniversary; `carried` are such months whose figures are known already. A
    `contract_problem` says why the terms of the site cannot be priced.
    """

    site_id: str
    year: int
    business_date: date
    months: Sequence[MonthInputs]
    recorded: RecordedDays = NO_RECORDED_DAYS
    terms: SiteTerms = SiteTerms()
    account_names: Mapping[str, str] = field(default_factory=dict)
    earlier: Sequence[MonthInputs] = ()
    carried: Mapping[str, CarriedMonth] = field(default_factory=dict)
    contract_problem: str | None = None

    @property
    def shares_categories(self) -> bool:
        """Whether the contract of any month shares the revenue of single categories.

        Then every month has to know its categories: a share accumulates over the months of its period, also over
        those that had another contract or none.

        Source: Calculations, "Tiers" and "Revenue share".
        """
        contracts = (month.contract for month in chain(self.earlier, self.months))
        return any(contract is not None and contract.shares_categories for contract in contracts)
