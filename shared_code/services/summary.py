"""A month of a site at a glance: its main figures against the budget, and what is left to be done.

Source: REST API, "Forecast, summary, sites, me" (GET /summary/{siteId}/{period}).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Final

from sqlalchemy import Connection

from shared_code.domain.flc import flc_margin
from shared_code.domain.months import MonthKind, month_kind, period_of
from shared_code.domain.pnl import percent_of_internal_revenue
from shared_code.domain.pnl_rows import Cell, PnlRow
from shared_code.domain.rounding import money, percent, ratio
from shared_code.domain.site_figures import NOTHING_KNOWN, Basis, SiteFigures, metric_quotients
from shared_code.domain.site_year import Scenario
from shared_code.domain.variance import Variance, VarianceLimits, variance
from shared_code.services.activity_months import Span, month_figures
from shared_code.services.forecast.cells import Module
from shared_code.services.forecast.payroll_months import read_site_payroll
from shared_code.services.forecast.payroll_rows import shown_codes
from shared_code.services.forecast.payroll_totals import period_days
from shared_code.services.forecast.payroll_warnings import alert_percent, payroll_warnings
from shared_code.services.forecast.revenue_warnings import TrendOfYears, revenue_warnings, trend_of_years
from shared_code.services.periods import Period
from shared_code.services.pnl_families import BUDGET, TREND
from shared_code.services.pnl_site_cells import OpenSite, SiteCells, read_site_cells
from shared_code.services.pnl_table import ViewWarning, columns_of, pnl_lines
from shared_code.services.pnl_view import source_of
from shared_code.services.pnl_warnings import pnl_warnings
from shared_code.services.runtime import Runtime
from shared_code.services.variance_limits import limits_of
from shared_code.storage.summary_reading import saved_modules

FORECAST_MODULES: Final = (
    Module.STATISTICS,
    Module.PAYROLL,
    Module.PARKING_RATES,
    Module.OTHER_REVENUE,
    Module.OTHER_EXPENSES,
)
"""The modules that managers are expected to forecast."""

UNASSIGNED_JOB_CODES: Final = "UNASSIGNED_JOB_CODES"


class Unit(StrEnum):
    """What a card is counted in; `percent` are percent points."""

    COUNT = "count"
    FRACTION = "fraction"
    MONEY = "money"
    PERCENT = "percent"
    NUMBER = "number"


@dataclass(frozen=True, slots=True)
class Card:
    """A figure of the trend against the budget; None where it is not known, or has no denominator."""

    code: str
    name: str
    unit: Unit
    value: Decimal | None
    comparison: Decimal | None
    variance: Variance | None


@dataclass(frozen=True, slots=True)
class OpenItem:
    """Something left to be done, and how often."""

    code: str
    count: int


@dataclass(frozen=True, slots=True)
class Summary:
    """The summary of a month. `actuals_through` is the last day with a recorded figure; None before there is one."""

    cards: tuple[Card, ...]
    actuals_through: date | None
    open_items: tuple[OpenItem, ...]
    warnings: tuple[ViewWarning, ...]


@dataclass(frozen=True, slots=True)
class _Side:
    """The figures of one family: cells of the P&L, and what the ledger does not have."""

    cells: Mapping[PnlRow, Cell]
    figures: SiteFigures

    def cell(self, row: PnlRow) -> Cell:
        """The cell of a row."""
        return self.cells.get(row)

    def metric(self, name: str) -> Decimal | None:
        """A metric; None where one of its parts is not known, or its denominator is 0."""
        found = metric_quotients(self.figures).get(name)
        return None if found is None else found.value


@dataclass(frozen=True, slots=True)
class _CardKind:
    """What a card shows, and whether less of it is better."""

    code: str
    name: str
    unit: Unit
    value: Callable[[_Side], Decimal | None]
    lower_is_better: bool = False


def month_summary(runtime: Runtime, site: OpenSite, period: Period) -> Summary:
    """The summary of the month `period`; figures of the P&L that are behind are computed on the way.

    Raises CalculationRefusedError where the figures of the site cannot be computed.
    """
    month = period.text
    cells = read_site_cells(runtime, site, period, [TREND, BUDGET])
    years = trend_of_years(runtime, site, period)
    spans = {Basis.TREND: Span(month, month), Basis.BUDGET: Span(month, month)}
    figures = month_figures(runtime, {site.site_id: site.business_date}, spans)
    trend, budget = (
        _Side(_cells_of(cells, scenario, month), figures[basis].get((site.site_id, month), NOTHING_KNOWN))
        for scenario, basis in ((Scenario.TREND, Basis.TREND), (Scenario.BUDGET, Basis.BUDGET))
    )
    with runtime.database.reading() as connection:
        saved = saved_modules(connection, site.scope, site.site_id, month)
        of_payroll = _payroll_warnings(runtime, connection, site, period)
    warnings = (*_pnl_warnings(runtime, site, period, cells), *_revenue_warnings(runtime, site, month, cells, years))
    known = {warning.code for warning in warnings}
    warnings += tuple(warning for warning in of_payroll if warning.code not in known)
    stored = cells.months.get((Scenario.TREND, month))
    return Summary(
        tuple(_cards(trend, budget, limits_of(runtime.settings))),
        None if stored is None else stored.actual_through,
        _open_items(site, month, saved, warnings),
        warnings,
    )


def _cards(trend: _Side, budget: _Side, limits: VarianceLimits) -> Iterator[Card]:
    for kind in _CARDS:
        rounded = _ROUNDED[kind.unit]
        value, comparison = (
            None if (figure := kind.value(side)) is None else rounded(figure) for side in (trend, budget)
        )
        difference = None
        if value is not None and comparison is not None:
            difference = variance(value, comparison, lower_is_better=kind.lower_is_better, limits=limits)
        yield Card(kind.code, kind.name, kind.unit, value, comparison, difference)


def _cells_of(cells: SiteCells, scenario: Scenario, month: str) -> Mapping[PnlRow, Cell]:
    stored = cells.months.get((scenario, month))
    return {} if stored is None else stored.cells


def _open_items(
    site: OpenSite, month: str, saved: frozenset[str], warnings: Sequence[ViewWarning]
) -> tuple[OpenItem, ...]:
    """Modules of an open month that were never saved, job codes with hours and no group, and all warnings."""
    is_closed = month_kind(month, site.business_date) is MonthKind.ACTUAL
    missing = 0 if is_closed else sum(module.stored_name not in saved for module in FORECAST_MODULES)
    lost = sum(len(warning.details["jobCodes"]) for warning in warnings if warning.code == UNASSIGNED_JOB_CODES)
    return (
        OpenItem("MISSING_FORECAST", missing),
        OpenItem(UNASSIGNED_JOB_CODES, lost),
        OpenItem("WARNINGS", len(warnings)),
    )


def _pnl_warnings(runtime: Runtime, site: OpenSite, period: Period, cells: SiteCells) -> tuple[ViewWarning, ...]:
    shown, limits = period.months, limits_of(runtime.settings)
    kinds = [month_kind(month, site.business_date) for month in shown]
    lines = pnl_lines(
        columns_of(shown, site.business_date),
        kinds,
        cells.rows(TREND, shown),
        cells.rows(BUDGET, shown),
        cells.cumulative(shown),
        source_of(TREND, shown, cells),
        limits,
    )
    return pnl_warnings(TREND, BUDGET, kinds, lines, cells, runtime.settings)


def _revenue_warnings(
    runtime: Runtime, site: OpenSite, month: str, cells: SiteCells, years: TrendOfYears
) -> tuple[ViewWarning, ...]:
    """What the pages of external and internal revenue warn of."""
    found: list[ViewWarning] = []
    for row, field, scenario in (
        (PnlRow.EXTERNAL_REVENUE, "externalRevenue", Scenario.FORECAST),
        (PnlRow.INTERNAL_REVENUE, "internalRevenue", Scenario.TREND),
    ):
        own = {
            period: stored.cells[row] for (family, period), stored in cells.months.items() if family == Scenario.TREND
        }
        figures = {month: _cells_of(cells, scenario, month).get(row)}
        today = period_of(site.business_date)
        found += revenue_warnings(row, field, figures, years.history(row, own), today, runtime.settings)
    return tuple(found)


def _payroll_warnings(
    runtime: Runtime, connection: Connection, site: OpenSite, period: Period
) -> tuple[ViewWarning, ...]:
    payroll = read_site_payroll(connection, site, period.months)
    return payroll_warnings(
        payroll, shown_codes(payroll), period_days(payroll, period), alert_percent(runtime.settings)
    )


def _vehicles(side: _Side) -> Decimal | None:
    """Vehicles without comps."""
    vehicles = side.figures.vehicles
    return None if vehicles is None else vehicles.total_vehicles


def _payroll_percent(side: _Side) -> Decimal | None:
    return percent_of_internal_revenue(PnlRow.PAYROLL, side.cell(PnlRow.PAYROLL), side.cell(PnlRow.INTERNAL_REVENUE))


def _margin(side: _Side) -> Decimal | None:
    return flc_margin(side.cell(PnlRow.FLC), side.cell(PnlRow.INTERNAL_REVENUE))


_ROUNDED: Final[Mapping[Unit, Callable[[Decimal], Decimal]]] = {
    Unit.COUNT: money,
    Unit.FRACTION: ratio,
    Unit.MONEY: money,
    Unit.PERCENT: percent,
    Unit.NUMBER: ratio,
}

_CARDS: Final = (
    _CardKind("occupiedRooms", "Occupied rooms", Unit.COUNT, lambda side: side.cell(PnlRow.OCCUPIED_ROOMS)),
    _CardKind("vehicles", "Vehicles", Unit.COUNT, _vehicles),
    _CardKind("driveInRatio", "Drive-in ratio", Unit.FRACTION, lambda side: side.metric("drive_in_ratio")),
    _CardKind("captureRatio", "Capture ratio", Unit.FRACTION, lambda side: side.metric("capture_ratio")),
    _CardKind("externalRevenue", "External revenue", Unit.MONEY, lambda side: side.cell(PnlRow.EXTERNAL_REVENUE)),
    _CardKind("internalRevenue", "Internal revenue", Unit.MONEY, lambda side: side.cell(PnlRow.INTERNAL_REVENUE)),
    _CardKind("payrollCost", "Payroll", Unit.MONEY, lambda side: side.cell(PnlRow.PAYROLL), lower_is_better=True),
    _CardKind("payrollPercent", "Payroll of internal revenue", Unit.PERCENT, _payroll_percent, lower_is_better=True),
    _CardKind(
        "vehiclesPerLaborHour",
        "Vehicles per labor hour",
        Unit.NUMBER,
        lambda side: side.metric("vehicles_per_labor_hour"),
    ),
    _CardKind("flc", "Front Line Contribution", Unit.MONEY, lambda side: side.cell(PnlRow.FLC)),
    _CardKind("flcMargin", "FLC margin", Unit.PERCENT, _margin),
)
