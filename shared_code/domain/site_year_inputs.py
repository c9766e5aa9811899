"""What the P&L of one site and year is computed from.

Source: Calculations, "Inputs".
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from shared_code.domain.actual_payroll import RecordedLabor
from shared_code.domain.expense_rows import DEFAULT_INSURANCE_RATES, InsuranceRates
from shared_code.domain.ledger import Balance
from shared_code.domain.payroll import SiteJobCode


@dataclass(frozen=True, slots=True)
class MonthBalances:
    """Ledger balances of one month (`YYYY-MM`), one entry an account.

    None means that the source has never been published for the month; no entry means that there is no balance.
    """

    period: str
    budget: Sequence[Balance] | None
    posted: Sequence[Balance] | None


@dataclass(frozen=True, slots=True)
class RecordedDays:
    """Daily actuals of the running month: net external revenue in dollars, occupied rooms, paid labor."""

    external_revenue: Mapping[date, Decimal] = field(default_factory=dict)
    occupied_rooms: Mapping[date, Decimal] = field(default_factory=dict)
    labor: Sequence[RecordedLabor] = ()


NO_RECORDED_DAYS = RecordedDays()
"""A month without any daily actual."""


@dataclass(frozen=True, slots=True)
class SiteTerms:
    """What holds for all months of a site: contract types (none without a contract), job codes, insurance rates."""

    contract_types: frozenset[str] = frozenset()
    job_codes: Sequence[SiteJobCode] = ()
    insurance_rates: InsuranceRates = DEFAULT_INSURANCE_RATES


@dataclass(frozen=True, slots=True)
class SiteYearInputs:
    """The inputs of one site and year as of `business_date`.

    `months` are the twelve months from January on, `recorded` the days of the month of the business date, and
    `account_names` the names of the chart of accounts.
    """

    site_id: str
    year: int
    business_date: date
    months: Sequence[MonthBalances]
    recorded: RecordedDays = NO_RECORDED_DAYS
    terms: SiteTerms = SiteTerms()
    account_names: Mapping[str, str] = field(default_factory=dict)
