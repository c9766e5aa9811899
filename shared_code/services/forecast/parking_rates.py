"""The parking rates of a site: saved, budgeted, recorded, and the one in force.

Source: Calculations, "Parking rates"; REST API, "Parking rates — GET, PUT /parking-rates/{siteId}/{period}".
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from sqlalchemy import Connection

from shared_code.domain.effective_statistics import StatisticsMonth, effective_statistics
from shared_code.domain.month_budget import accounts_of
from shared_code.domain.months import add_months, period_of
from shared_code.domain.parking_rates import RateSource, budget_rates, parking_rate
from shared_code.domain.rounding import ZERO, money
from shared_code.domain.statistics import Category, Statistics, budget_volumes
from shared_code.domain.variance import Variance, VarianceLimits, variance
from shared_code.services.forecast.cells import Module
from shared_code.services.forecast.header import Header, edit_window, period_lock, read_headers, role_lock
from shared_code.services.forecast.locks import LockReason
from shared_code.services.forecast.monthly_warnings import without_budget
from shared_code.services.forecast.parking_rate_warnings import (
    RateReferences,
    closed_rates,
    deviation_warnings,
    recorded_rate,
)
from shared_code.services.periods import Period
from shared_code.services.pnl_site_cells import OpenSite
from shared_code.services.variance_limits import limits_of
from shared_code.settings import Settings
from shared_code.storage import forecast_inputs, month_ledger, sites
from shared_code.storage.month_ledger import ParkedMonth


@dataclass(frozen=True, slots=True)
class RateRow:
    """The rates of a category in a month (`YYYY-MM`), dollars per vehicle; None where there is none.

    `effective` is the saved rate, else the budget's, else 0; `variance` is the distance from the budget rate.
    """

    month: str
    category: Category
    lock: LockReason | None
    forecast: Decimal | None
    budget: Decimal | None
    actual: Decimal | None
    prior_year: Decimal | None
    effective: Decimal
    source: RateSource
    variance: Variance | None


@dataclass(frozen=True, slots=True)
class ParkingRatesView:
    """The rates of a period: a row for each month and category, and the averages weighted by effective vehicles.

    An average is None where there are no vehicles.
    """

    header: Header
    rows: tuple[RateRow, ...]
    averages: Mapping[Category, Decimal | None]


def read_parking_rates(
    connection: Connection, site: OpenSite, periods: Sequence[Period], settings: Settings, *, may_write: bool
) -> list[ParkingRatesView]:
    """The rates of each of `periods`, in a few statements however many they are."""
    window = edit_window(connection, site)
    locks = [(period, period_lock(window, period, may_write=may_write)) for period in periods]
    headers = read_headers(connection, site, locks, Module.PARKING_RATES)
    months = sorted({month for period in periods for month in period.months})
    facts = read_rate_facts(connection, site, months)
    month_locks = {month: role_lock(window.month_lock(month), may_write=may_write) for month in months}
    limits = limits_of(settings)
    views = []
    for period, header in zip(periods, headers, strict=True):
        rows = tuple(
            facts.row(month, category, month_locks[month], limits) for month in period.months for category in Category
        )
        saved = [(row.month, row.category, row.forecast) for row in rows if row.forecast is not None]
        warnings = (
            *deviation_warnings(saved, facts.references, settings),
            *without_budget(period.months, facts.budget),
        )
        averages = {category: facts.average(period.months, category) for category in Category}
        views.append(ParkingRatesView(replace(header, warnings=warnings), rows, averages))
    return views


@dataclass(frozen=True, slots=True)
class RateFacts:
    """What the rates of some months follow from, by month: saved and budget rates, recorded parking, vehicles."""

    saved: Mapping[str, Mapping[Category, Decimal]]
    budget: Mapping[str, Mapping[Category, Decimal]]
    parked: Mapping[tuple[str, Category], ParkedMonth]
    statistics: Mapping[str, Statistics]
    closed_month: str

    @property
    def references(self) -> RateReferences:
        """What rates are held against."""
        return RateReferences(self.closed_month, closed_rates(self.parked, self.closed_month), self.budget)

    def row(self, month: str, category: Category, lock: LockReason | None, limits: VarianceLimits) -> RateRow:
        """The rates of a category in a month."""
        saved = self.saved.get(month, {}).get(category)
        budget = self.budget.get(month, {}).get(category)
        in_force = parking_rate(saved, budget)
        return RateRow(
            month,
            category,
            lock,
            saved,
            budget,
            recorded_rate(self.parked.get((month, category))),
            recorded_rate(self.parked.get((add_months(month, -12), category))),
            in_force.rate,
            in_force.source,
            None if budget is None else variance(in_force.rate, budget, lower_is_better=False, limits=limits),
        )

    def average(self, months: Sequence[str], category: Category) -> Decimal | None:
        """The rate in force over `months`, weighted by effective vehicles."""
        vehicles = amount = ZERO
        for month in months:
            count = self.statistics[month].count(category)
            saved, budget = self.saved.get(month, {}).get(category), self.budget.get(month, {}).get(category)
            vehicles += count
            amount += count * parking_rate(saved, budget).rate
        return money(amount / vehicles) if vehicles > 0 else None


def read_rate_facts(connection: Connection, site: OpenSite, months: Sequence[str]) -> RateFacts:
    """What the rates of `months` (`YYYY-MM`, in order) follow from. Five statements."""
    first, last, site_id = months[0], months[-1], site.site_id
    asked = connection, site.scope, [site_id], first, last
    saved = forecast_inputs.saved_parking_rates(*asked)
    days = forecast_inputs.saved_statistics(*asked)
    balances = month_ledger.budget_balances(connection, site.scope, site_id, first, last)
    budget = {month: accounts_of(entries) for month, entries in balances.items()}
    closed = add_months(period_of(site.business_date), -1)
    earliest, latest = min(add_months(first, -12), closed), max(last, closed)
    master = sites.find(connection, site.scope, site_id)
    rooms = 0 if master is None else master["total_rooms"] or 0
    return RateFacts(
        {month: {category: money(rate) for category, rate in rates.items()} for (_, month), rates in saved.items()},
        {month: budget_rates(accounts) for month, accounts in budget.items()},
        month_ledger.parked_months(connection, site.scope, site_id, earliest, latest),
        {
            month: effective_statistics(
                StatisticsMonth(month, rooms, budget_volumes(budget.get(month, {})), days.get((site_id, month), ()))
            )
            for month in months
        },
        closed,
    )
