"""External revenue of a site: counts, rates and adjustment of the forecast, beside budget, actual and trend.

Amounts are dollars. Those of a month have 2 decimals where they are cells of the P&L; a quarter or year is the sum of
its months.

Source: REST API, "Revenue"; Calculations, "External revenue".
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final

from sqlalchemy import Connection

from shared_code.domain.external_revenue import ExternalRevenue, RevenueSource
from shared_code.domain.month_budget import budget_month
from shared_code.domain.month_external import forecast_external
from shared_code.domain.months import MonthKind, last_day, period_of
from shared_code.domain.parking_rates import RateSource
from shared_code.domain.pnl import cell, row_total
from shared_code.domain.pnl_rows import Cell, PnlRow
from shared_code.domain.rounding import ZERO, money
from shared_code.domain.site_month import ComputedMonth
from shared_code.domain.statistics import Category
from shared_code.domain.variance import Variance, VarianceLimits, variance_of_row
from shared_code.services.forecast.cells import Module
from shared_code.services.forecast.header import Header, edit_window, read_header
from shared_code.services.forecast.locks import LockReason
from shared_code.services.forecast.revenue_locks import month_locks, revenue_lock
from shared_code.services.forecast.revenue_warnings import (
    TrendOfYears,
    revenue_warnings,
    source_warnings,
    trend_of_years,
)
from shared_code.services.forecast.site_months import SiteMonths, read_site_months
from shared_code.services.periods import Period, PeriodType
from shared_code.services.pnl_site_cells import OpenSite
from shared_code.services.pnl_table import ViewWarning, line_code
from shared_code.services.runtime import Runtime
from shared_code.services.variance_limits import limits_of
from shared_code.storage import revenue_reading
from shared_code.storage.revenue_reading import ExternalInputs, LastWrite

ROW: Final = PnlRow.EXTERNAL_REVENUE
OVERRIDE_FIELDS: Final = ("override.amount", "override.reason")
"""The fields of an override, as cells and in the audit trail."""


class Basis(StrEnum):
    """What a net external revenue is made of; of several months, the first one that occurs is named."""

    OVERRIDE = "override"
    CALCULATED = "calculated"
    BUDGET = "budget"


@dataclass(frozen=True, slots=True)
class ExternalComponent:
    """One category: vehicles, dollars per vehicle and their product.

    `rate` is None where there is none, and counts and amounts are None where the budget has never been published; that
    of several months is the mean by volume.
    """

    category: str
    count: Decimal | None
    rate: Decimal | None
    rate_source: str
    amount: Decimal | None


@dataclass(frozen=True, slots=True)
class SavedOverride:
    """The figure that somebody put in place of the calculated one; who did is None where no trail is left of it."""

    amount: Decimal
    reason: str
    updated_by: str | None
    updated_at: datetime | None


@dataclass(frozen=True, slots=True)
class ExternalFigures:
    """External revenue of a month or period.

    `net` is the forecast, also of a month that is closed; `gross`, `adjustments` and `adjustment_percent` (a signed
    fraction) are None in a month on budget. `actual` is what is posted to date, None before a month begins; `trend` is
    actual, blended or forecast and is what `variance` holds against the budget. `last_actual_date` is the last day of
    which revenue is recorded.
    """

    gross: Decimal | None
    adjustments: Decimal | None
    adjustment_percent: Decimal | None
    net: Cell
    basis: Basis
    components: tuple[ExternalComponent, ...]
    calculated_net: Cell
    override: SavedOverride | None
    note: str | None
    budget: Cell
    actual: Cell
    trend: Cell
    variance: Variance | None
    last_actual_date: date | None


@dataclass(frozen=True, slots=True)
class ExternalMonth:
    """One month of a quarter or year."""

    month: str
    editable: bool
    lock_reason: LockReason | None
    figures: ExternalFigures


@dataclass(frozen=True, slots=True)
class ExternalView:
    """External revenue of a site and period; `months` of a quarter or year only."""

    header: Header
    figures: ExternalFigures
    months: tuple[ExternalMonth, ...]
    warnings: tuple[ViewWarning, ...]


def external_view(runtime: Runtime, site: OpenSite, period: Period, *, may_write: bool) -> ExternalView:
    """External revenue of `period`, from one transaction.

    Raises CalculationRefusedError where the figures of the site cannot be computed.
    """
    years = trend_of_years(runtime, site, period)
    with runtime.database.reading() as connection:
        months = read_site_months(runtime, connection, site, period)
        window = edit_window(connection, site)
        lock = revenue_lock(window, period, may_write=may_write)
        header = read_header(connection, site, period, Module.EXTERNAL_REVENUE, lock)
        entered = _read_entered(connection, site, period)
    limits = limits_of(runtime.settings)
    by_month = {
        month.inputs.period: _month_figures(month, months.available_rooms, entered, limits) for month in months.shown
    }
    warnings = _warnings(runtime, site, months, by_month, years)
    if period.type is PeriodType.MONTH:
        return ExternalView(header, by_month[period.text], (), warnings)
    locks = month_locks(window, period, may_write=may_write)
    rows = tuple(
        ExternalMonth(month, locks[month] is None, locks[month], figures) for month, figures in by_month.items()
    )
    return ExternalView(header, _sum_of(months.shown, list(by_month.values()), limits), rows, warnings)


@dataclass(frozen=True, slots=True)
class _Entered:
    """What users have entered by month, and who set the override last."""

    inputs: Mapping[str, ExternalInputs]
    override_writers: Mapping[str, LastWrite]

    def override(self, month: str) -> SavedOverride | None:
        """The override of a month."""
        saved, writer = self.inputs.get(month), self.override_writers.get(month)
        if saved is None or saved.override_amount is None:
            return None
        return SavedOverride(
            saved.override_amount,
            saved.override_reason or "",
            writer.updated_by if writer else None,
            writer.updated_at if writer else None,
        )

    def note(self, month: str) -> str | None:
        """The note of a month."""
        return self.inputs[month].note if month in self.inputs else None


def _read_entered(connection: Connection, site: OpenSite, period: Period) -> _Entered:
    of_site = connection, site.scope, site.site_id
    module = Module.EXTERNAL_REVENUE.value
    return _Entered(
        revenue_reading.external_inputs(*of_site, period.months),
        revenue_reading.last_writes_of(*of_site, module, OVERRIDE_FIELDS, period.months),
    )


def _month_figures(month: ComputedMonth, rooms: int, entered: _Entered, limits: VarianceLimits) -> ExternalFigures:
    period = month.inputs.period
    revenue = _forecast_revenue(month, rooms)
    budget, trend = cell(month.budget[ROW].amount), cell(month.trend_lines[ROW].amount)
    return ExternalFigures(
        gross=None if revenue is None else revenue.gross,
        adjustments=None if revenue is None else revenue.adjustments,
        adjustment_percent=None if revenue is None else revenue.adjustment_percent,
        net=cell(month.forecast[ROW].amount),
        basis=_basis(month, revenue),
        components=_components(month, revenue),
        calculated_net=None if revenue is None else money(revenue.calculated_net),
        override=entered.override(period),
        note=entered.note(period),
        budget=budget,
        actual=None if month.kind is MonthKind.FORECAST else cell(month.posted[ROW].amount),
        trend=trend,
        variance=variance_of_row(ROW, trend, budget, limits),
        last_actual_date=_last_actual_date(month),
    )


def _forecast_revenue(month: ComputedMonth, rooms: int) -> ExternalRevenue | None:
    """How the forecast of a month came about; None without a published budget."""
    if month.inputs.budget is None:
        return None
    budget = budget_month(month.inputs.period, month.inputs.budget, month.budget)
    return forecast_external(budget, month.inputs.saved, rooms, by_category=True).revenue


def _basis(month: ComputedMonth, revenue: ExternalRevenue | None) -> Basis:
    if month.inputs.saved.override is not None:
        return Basis.OVERRIDE
    if revenue is None or revenue.source is RevenueSource.BUDGET:
        return Basis.BUDGET
    return Basis.CALCULATED


def _components(month: ComputedMonth, revenue: ExternalRevenue | None) -> tuple[ExternalComponent, ...]:
    """All eight categories; without a published budget only saved rates are known."""
    if revenue is None:
        saved = month.inputs.saved.rates
        return tuple(
            ExternalComponent(
                line_code(category),
                None,
                saved.get(category),
                (RateSource.FORECAST if category in saved else RateSource.NONE).value,
                None,
            )
            for category in Category
        )
    return tuple(
        ExternalComponent(
            line_code(priced.category),
            priced.count,
            None if priced.rate_source is RateSource.NONE else priced.rate,
            priced.rate_source.value,
            priced.amount,
        )
        for priced in revenue.components
    )


def _last_actual_date(month: ComputedMonth) -> date | None:
    if month.kind is MonthKind.ACTUAL:
        return None if month.inputs.posted is None else last_day(month.inputs.period)
    return month.external_through


def _sum_of(
    months: Sequence[ComputedMonth], figures: Sequence[ExternalFigures], limits: VarianceLimits
) -> ExternalFigures:
    """The sum of several months.

    Gross and adjustments are known where they are in every month. What is entered stays with its month.
    """
    gross, adjustments = row_total(of.gross for of in figures), row_total(of.adjustments for of in figures)
    budget, trend = row_total(of.budget for of in figures), row_total(of.trend for of in figures)
    begun = [of.actual for month, of in zip(months, figures, strict=True) if month.kind is not MonthKind.FORECAST]
    bases = {of.basis for of in figures}
    last_days = [of.last_actual_date for of in figures if of.last_actual_date is not None]
    return ExternalFigures(
        gross=gross,
        adjustments=adjustments,
        adjustment_percent=_percent_of(figures, gross, adjustments),
        net=row_total(of.net for of in figures),
        basis=next(basis for basis in Basis if basis in bases),
        components=tuple(_sum_of_category(parts) for parts in zip(*[of.components for of in figures], strict=True)),
        calculated_net=row_total(of.calculated_net for of in figures),
        override=None,
        note=None,
        budget=budget,
        actual=row_total(begun) if begun else None,
        trend=trend,
        variance=variance_of_row(ROW, trend, budget, limits),
        last_actual_date=max(last_days, default=None),
    )


def _percent_of(
    figures: Sequence[ExternalFigures], gross: Decimal | None, adjustments: Decimal | None
) -> Decimal | None:
    """The adjustment that all months share, else the one that their sums give."""
    if gross is None or adjustments is None:
        return None
    percents = {of.adjustment_percent for of in figures}
    return percents.pop() if len(percents) == 1 else _share(adjustments, gross)


def _sum_of_category(parts: Sequence[ExternalComponent]) -> ExternalComponent:
    """One category over several months, with its mean rate by volume; a saved rate of any month makes it a forecast."""
    count, amount = row_total(part.count for part in parts), row_total(part.amount for part in parts)
    sources = {part.rate_source for part in parts}
    source = next(kind.value for kind in RateSource if kind.value in sources)
    is_priced = source != RateSource.NONE.value and count and amount is not None
    return ExternalComponent(
        parts[0].category, count, _share(amount or ZERO, count or ZERO) if is_priced else None, source, amount
    )


def _share(part: Decimal, whole: Decimal) -> Decimal:
    return part / whole if whole else ZERO


def _warnings(
    runtime: Runtime,
    site: OpenSite,
    months: SiteMonths,
    figures: Mapping[str, ExternalFigures],
    years: TrendOfYears,
) -> tuple[ViewWarning, ...]:
    net = {month: of.net for month, of in figures.items()}
    today = period_of(site.business_date)
    remarkable = revenue_warnings(ROW, "net", net, years.history_of_months(ROW, months), today, runtime.settings)
    return (*source_warnings(months.shown, net), *remarkable)
