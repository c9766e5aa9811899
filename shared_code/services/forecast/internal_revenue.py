"""Internal revenue of a site: what its contract gives, component by component, with adjustments and the way there.

A closed month shows the ledger, the running month the contract on blended drivers, a later one the contract on the
forecast; a site without a contract is on budget. A quarter or year is the sum of its months.

Source: REST API, "Revenue"; Calculations, "Internal revenue of a site and above".
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final

from sqlalchemy import Connection

from shared_code.domain.contract import Contract, ContractType
from shared_code.domain.internal_revenue import Components
from shared_code.domain.months import MonthKind, period_of
from shared_code.domain.pnl import cell, row_total
from shared_code.domain.pnl_rows import Cell, PnlRow
from shared_code.domain.rounding import ZERO
from shared_code.domain.site_month import ComputedMonth
from shared_code.domain.variance import Variance, VarianceLimits, variance_of_row
from shared_code.services.forecast.cells import Module
from shared_code.services.forecast.header import Header, edit_window, read_header
from shared_code.services.forecast.internal_revenue_components import NO_COMPONENTS, InternalComponents, components_of
from shared_code.services.forecast.internal_revenue_sums import sum_of_components
from shared_code.services.forecast.internal_revenue_trace import (
    TraceStep,
    ledger_step,
    sum_step,
    total_step,
    trace_of_budget,
    trace_of_contract,
)
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
from shared_code.storage.revenue_reading import StoredAdjustment

ROW: Final = PnlRow.INTERNAL_REVENUE


class TotalSource(StrEnum):
    """What a total of internal revenue is."""

    CONTRACT = "contract"
    BUDGET = "budget"
    ACTUAL = "actual"
    TREND = "trend"


@dataclass(frozen=True, slots=True)
class AdjustmentEntry:
    """Dollars, any sign, that somebody added, and why; the category is a component in JSON or `general`."""

    category: str
    amount: Decimal
    reason: str
    updated_by: str
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class ContractHead:
    """The contract that is priced: its types, its first day, and its version."""

    types: tuple[ContractType, ...]
    effective_from: date
    version: int


@dataclass(frozen=True, slots=True)
class InternalFigures:
    """Internal revenue of a month or period.

    `total` is `calculated` and the adjustments, but what is posted in a closed month. `actual` is posted to date, None
    before a month begins; `trend` is what `variance` holds against the budget.
    """

    total: Cell
    calculated: Cell
    source: TotalSource
    components: InternalComponents
    adjustments: tuple[AdjustmentEntry, ...]
    contract: ContractHead | None
    budget: Cell
    actual: Cell
    trend: Cell
    variance: Variance | None
    trace: tuple[TraceStep, ...]


@dataclass(frozen=True, slots=True)
class InternalMonth:
    """One month of a quarter or year."""

    month: str
    editable: bool
    lock_reason: LockReason | None
    figures: InternalFigures


@dataclass(frozen=True, slots=True)
class InternalView:
    """Internal revenue of a site and period; `months` of a quarter or year only."""

    header: Header
    figures: InternalFigures
    months: tuple[InternalMonth, ...]
    warnings: tuple[ViewWarning, ...]


def internal_view(runtime: Runtime, site: OpenSite, period: Period, *, may_write: bool) -> InternalView:
    """Internal revenue of `period`, from one transaction.

    Raises CalculationRefusedError where the figures of the site cannot be computed.
    """
    years = trend_of_years(runtime, site, period)
    with runtime.database.reading() as connection:
        months = read_site_months(runtime, connection, site, period)
        window = edit_window(connection, site)
        lock = revenue_lock(window, period, may_write=may_write)
        header = read_header(connection, site, period, Module.INTERNAL_REVENUE, lock)
        known = _read_known(connection, site, period)
    limits = limits_of(runtime.settings)
    by_month = {month.inputs.period: _month_figures(month, known, limits) for month in months.shown}
    warnings = _warnings(runtime, site, months, by_month, years)
    if period.type is PeriodType.MONTH:
        return InternalView(header, by_month[period.text], (), warnings)
    locks = month_locks(window, period, may_write=may_write)
    rows = tuple(
        InternalMonth(month, locks[month] is None, locks[month], figures) for month, figures in by_month.items()
    )
    return InternalView(header, _sum_of(months.shown, by_month, limits), rows, warnings)


@dataclass(frozen=True, slots=True)
class _Known:
    """The adjustments by month, and the versions of the contracts by the day on which they start."""

    adjustments: Mapping[str, Sequence[StoredAdjustment]]
    contract_versions: Mapping[date, int]

    def entries(self, month: str) -> tuple[AdjustmentEntry, ...]:
        """The adjustments of a month as they are shown."""
        return tuple(
            AdjustmentEntry(line_code(entry.category), entry.amount, entry.reason, entry.updated_by, entry.updated_at)
            for entry in self.adjustments.get(month, ())
        )

    def head(self, contract: Contract | None) -> ContractHead | None:
        """What is told of a contract; its types in the order of the contract's rules."""
        if contract is None:
            return None
        types = tuple(kind for kind in ContractType if kind in contract.contract_types)
        return ContractHead(types, contract.contract_start, self.contract_versions.get(contract.contract_start, 1))


def _read_known(connection: Connection, site: OpenSite, period: Period) -> _Known:
    of_site = connection, site.scope, site.site_id
    return _Known(
        revenue_reading.adjustments(*of_site, period.months),
        revenue_reading.contract_versions(*of_site),
    )


def _month_figures(month: ComputedMonth, known: _Known, limits: VarianceLimits) -> InternalFigures:
    contract, entries = month.inputs.contract, known.entries(month.inputs.period)
    budget, trend = cell(month.budget[ROW].amount), cell(month.trend_lines[ROW].amount)
    priced, net = _priced(month)
    calculated = _calculated(month, priced)
    return InternalFigures(
        total=trend,
        calculated=calculated,
        source=_source(month),
        components=NO_COMPONENTS
        if contract is None or priced is None or net is None
        else components_of(contract, priced, net),
        adjustments=entries,
        contract=known.head(contract),
        budget=budget,
        actual=None if month.kind is MonthKind.FORECAST else cell(month.posted[ROW].amount),
        trend=trend,
        variance=variance_of_row(ROW, trend, budget, limits),
        trace=_trace(month, priced, calculated, entries),
    )


def _priced(month: ComputedMonth) -> tuple[Components | None, Decimal | None]:
    """What the contract gives, and the net external revenue that it shares: blended in the running month."""
    if month.kind is MonthKind.CURRENT:
        return month.trend_components, month.trend[PnlRow.EXTERNAL_REVENUE].amount
    return month.forecast_components, month.forecast[PnlRow.EXTERNAL_REVENUE].amount


def _calculated(month: ComputedMonth, priced: Components | None) -> Cell:
    """The components without adjustments; the budget of a site without a contract."""
    if month.inputs.contract is None:
        return cell(month.budget[ROW].amount)
    return None if priced is None else cell(sum(priced.amounts.values(), ZERO))


def _source(month: ComputedMonth) -> TotalSource:
    if month.kind is MonthKind.ACTUAL:
        return TotalSource.ACTUAL
    if month.inputs.contract is None:
        return TotalSource.BUDGET
    return TotalSource.TREND if month.kind is MonthKind.CURRENT else TotalSource.CONTRACT


def _trace(
    month: ComputedMonth, priced: Components | None, calculated: Cell, entries: Sequence[AdjustmentEntry]
) -> tuple[TraceStep, ...]:
    """All steps; none of a month whose figures are unavailable."""
    contract, total = month.inputs.contract, cell(month.trend_lines[ROW].amount)
    steps = []
    if contract is None and calculated is not None:
        steps = trace_of_budget(calculated)
    elif contract is not None and priced is not None:
        steps = trace_of_contract(contract, priced)
    if total is None:
        return tuple(steps)
    added = {f"adjustment: {entry.category}": entry.amount for entry in entries}
    last = ledger_step(calculated, total) if month.kind is MonthKind.ACTUAL else total_step(calculated, added, total)
    return (*steps, last)


def _sum_of(
    months: Sequence[ComputedMonth], figures: Mapping[str, InternalFigures], limits: VarianceLimits
) -> InternalFigures:
    """The sum of several months; the contract is the one of the last month that has one."""
    parts = list(figures.values())
    total = row_total(part.total for part in parts)
    budget, trend = row_total(part.budget for part in parts), row_total(part.trend for part in parts)
    begun = [part.actual for month, part in zip(months, parts, strict=True) if month.kind is not MonthKind.FORECAST]
    contracts = [part.contract for part in parts if part.contract is not None]
    return InternalFigures(
        total=total,
        calculated=row_total(part.calculated for part in parts),
        source=_common_source({part.source for part in parts}),
        components=sum_of_components([part.components for part in parts]),
        adjustments=tuple(entry for part in parts for entry in part.adjustments),
        contract=contracts[-1] if contracts else None,
        budget=budget,
        actual=row_total(begun) if begun else None,
        trend=trend,
        variance=variance_of_row(ROW, trend, budget, limits),
        trace=(sum_step({month: part.total for month, part in figures.items()}, total),),
    )


def _common_source(sources: set[TotalSource]) -> TotalSource:
    """What all months share; posted months together with others are a trend."""
    if len(sources) == 1:
        return sources.pop()
    return TotalSource.CONTRACT if sources == {TotalSource.CONTRACT, TotalSource.BUDGET} else TotalSource.TREND


def _warnings(
    runtime: Runtime,
    site: OpenSite,
    months: SiteMonths,
    figures: Mapping[str, InternalFigures],
    years: TrendOfYears,
) -> tuple[ViewWarning, ...]:
    totals = {month: part.total for month, part in figures.items()}
    today = period_of(site.business_date)
    remarkable = revenue_warnings(ROW, "total", totals, years.history_of_months(ROW, months), today, runtime.settings)
    return (*source_warnings(months.shown, totals), *remarkable)
