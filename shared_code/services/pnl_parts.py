"""What the revenue of a P&L is made of: vehicles and rates by category, and the components of the contract.

Cells are stored with addends that explain their sum; the parts in their full form are computed from the inputs.

Source: REST API, "P&L" (breakdown and drivers) and "Revenue".
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from sqlalchemy import Connection

from shared_code.domain import category_revenue
from shared_code.domain.category_revenue import UNKNOWN, CategoryMonth, Parked
from shared_code.domain.month_budget import budget_month
from shared_code.domain.month_external import ExternalForecast, forecast_external
from shared_code.domain.months import MonthKind, first_day, last_day, month_kind, period_of
from shared_code.domain.pnl_rows import PnlRow
from shared_code.domain.site_month import ComputedMonth
from shared_code.domain.site_year import Scenario
from shared_code.domain.statistics import Category
from shared_code.services.forecast.internal_revenue_components import (
    NO_COMPONENTS,
    InternalComponents,
    components_of,
)
from shared_code.services.forecast.site_months import read_site_months
from shared_code.services.periods import year_period
from shared_code.services.pnl_families import Family
from shared_code.services.pnl_site_cells import OpenSite
from shared_code.services.runtime import Runtime
from shared_code.storage.month_ledger import parked_months
from shared_code.storage.parked_days import parked_from_to

Months = Sequence[str]
"""Months in order, `YYYY-MM`."""

BLENDED: Final = "blended"
"""The parts of the running month of a trend."""


@dataclass(frozen=True, slots=True)
class RevenueParts:
    """The parts of some months of a site; `parked` is what was recorded by month, `to_date` in the running one."""

    business_date: date
    computed: Mapping[str, ComputedMonth]
    rooms: int
    parked: Mapping[str, Mapping[Category, Parked]]
    to_date: Mapping[Category, Parked]

    def categories(self, family: Family, month: str) -> CategoryMonth:
        """Vehicles and rates behind the external revenue of `month` in a family; unknown where it is frozen."""
        basis = _basis(family, month, self.business_date)
        if basis == Scenario.ACTUAL:
            is_running = month == period_of(self.business_date)
            return category_revenue.recorded(self.to_date if is_running else self.parked.get(month, {}))
        computed = self.computed.get(month)
        if basis == _FROZEN or computed is None or computed.inputs.budget is None:
            return UNKNOWN
        if basis == Scenario.BUDGET:
            return category_revenue.budgeted(budget_month(month, computed.inputs.budget, computed.budget))
        external = self._external(computed)
        if basis == BLENDED:
            return category_revenue.blended(self.to_date, computed.external_through, external)
        return category_revenue.forecast(external)

    def components(self, family: Family, month: str) -> InternalComponents:
        """The components of the contract behind internal revenue of `month`; none where it is posted or budgeted."""
        computed, basis = self.computed.get(month), _basis(family, month, self.business_date)
        if computed is None or computed.inputs.contract is None or basis not in {Scenario.FORECAST, BLENDED}:
            return NO_COMPONENTS
        is_blended = basis == BLENDED
        priced = computed.trend_components if is_blended else computed.forecast_components
        lines = computed.trend if is_blended else computed.forecast
        net = lines[PnlRow.EXTERNAL_REVENUE].amount
        return NO_COMPONENTS if priced is None or net is None else components_of(computed.inputs.contract, priced, net)

    def _external(self, computed: ComputedMonth) -> ExternalForecast:
        inputs = computed.inputs
        assert inputs.budget is not None, "a month without a published budget has no forecast"
        budget = budget_month(inputs.period, inputs.budget, computed.budget)
        return forecast_external(budget, inputs.saved, self.rooms, by_category=True)


def read_parts(runtime: Runtime, site: OpenSite, wanted: Iterable[tuple[Family, Months]]) -> RevenueParts:
    """The parts of the months of each family, from one transaction and as many statements as there are years.

    Raises CalculationRefusedError where the figures of the site cannot be computed.
    """
    today = site.business_date
    by_basis: defaultdict[str, set[str]] = defaultdict(set)
    for family, months in wanted:
        for month in months:
            by_basis[_basis(family, month, today)].add(month)
    recorded = by_basis.pop(Scenario.ACTUAL, set())
    by_basis.pop(_FROZEN, None)
    years = {int(month[:4]) for months in by_basis.values() for month in months}
    with runtime.database.reading() as connection:
        computed, rooms = _compute(runtime, connection, site, years)
        parked = _parked(connection, site, recorded)
        to_date = _parked_to_date(connection, site, computed, recorded, is_blended=BLENDED in by_basis)
    return RevenueParts(today, computed, rooms, parked, to_date)


def _basis(family: Family, month: str, today: date) -> str:
    """What the figure of a month is: budget, forecast, actual, blended or frozen."""
    if family.snapshot is not None:
        return _FROZEN
    return _TREND_BASES[month_kind(month, today)] if family.scenario is Scenario.TREND else family.scenario


def _compute(
    runtime: Runtime, connection: Connection, site: OpenSite, years: Collection[int]
) -> tuple[dict[str, ComputedMonth], int]:
    computed: dict[str, ComputedMonth] = {}
    rooms = 0
    for year in sorted(years):
        months = read_site_months(runtime, connection, site, year_period(year))
        computed |= {month.inputs.period: month for month in months.shown}
        rooms = months.available_rooms
    return computed, rooms


def _parked(connection: Connection, site: OpenSite, months: Collection[str]) -> dict[str, dict[Category, Parked]]:
    if not months:
        return {}
    found: defaultdict[str, dict[Category, Parked]] = defaultdict(dict)
    rows = parked_months(connection, site.scope, site.site_id, min(months), max(months))
    for (month, category), parked in rows.items():
        found[month][category] = Parked(parked.vehicles, parked.revenue)
    return found


def _parked_to_date(
    connection: Connection,
    site: OpenSite,
    computed: Mapping[str, ComputedMonth],
    recorded: Collection[str],
    *,
    is_blended: bool,
) -> dict[Category, Parked]:
    """The days of the running month that count: in a blend those to the last one with revenue, else all so far."""
    today = site.business_date
    running = period_of(today)
    through = computed[running].external_through if is_blended else today if running in recorded else None
    if through is None:
        return {}
    return parked_from_to(connection, site.scope, site.site_id, first_day(running), min(through, last_day(running)))


_FROZEN: Final = "frozen"
_TREND_BASES: Final = {
    MonthKind.ACTUAL: Scenario.ACTUAL,
    MonthKind.CURRENT: BLENDED,
    MonthKind.FORECAST: Scenario.FORECAST,
}
