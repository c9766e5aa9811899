"""The P&L of one site for a month, quarter or year.

Source: REST API, "P&L".
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from shared_code.domain.months import MonthKind, month_kind
from shared_code.domain.pnl_components import FORMULA_PARTS, FigureSource, common_source
from shared_code.domain.pnl_rows import EXPENSE_ROWS, PnlRow
from shared_code.domain.rounding import money
from shared_code.domain.site_scope import SiteScope
from shared_code.domain.site_year import Scenario
from shared_code.services.periods import Period, require_available
from shared_code.services.pnl_families import (
    TREND,
    VIEWS,
    Family,
    comparison_named,
    default_comparison,
    family_named,
)
from shared_code.services.pnl_site_cells import OpenSite, SiteCells, open_site, read_site_cells
from shared_code.services.pnl_table import (
    AccountPart,
    Column,
    ComponentPart,
    MonthBreakdown,
    PnlLine,
    SourceOf,
    ViewWarning,
    columns_of,
    kinds_of,
    line_code,
    pnl_lines,
)
from shared_code.services.pnl_warnings import pnl_warnings
from shared_code.services.runtime import Runtime
from shared_code.services.variance_limits import limits_of
from shared_code.storage.pnl_results import StoredComponent


@dataclass(frozen=True, slots=True)
class SitePnl:
    """The P&L of a site; `compare` None: compared with nothing. `business_date` is today at the site."""

    site_id: str
    site_name: str
    period: str
    period_type: str
    view: str
    compare: str | None
    columns: tuple[Column, ...]
    lines: tuple[PnlLine, ...]
    warnings: tuple[ViewWarning, ...]
    business_date: date

    def line(self, row: PnlRow) -> PnlLine:
        """The line of a row."""
        code = line_code(row)
        return next(line for line in self.lines if line.code == code)


def site_pnl(
    runtime: Runtime,
    scope: SiteScope,
    site_id: str,
    period: Period,
    *,
    view: str = TREND.name,
    compare: str | None = None,
    with_breakdown: bool = False,
) -> SitePnl:
    """The P&L of a site of `scope`, from cells that are computed on the way where the stored ones are behind.

    Raises NotFoundError for a site that there is not (SITE_NOT_FOUND) or a period outside the horizon
    (PERIOD_NOT_AVAILABLE), InvalidInputError for a view or comparison that is not accepted, and
    CalculationRefusedError where the figures of the site cannot be computed.
    """
    site = open_site(runtime, scope, site_id)
    require_available(period, site.business_date)
    base = family_named(view, VIEWS, "view")
    comparison = default_comparison(base) if compare is None else comparison_named(compare, base, "compare")
    return pnl_of_families(runtime, site, period, base, comparison, with_breakdown=with_breakdown)


def pnl_of_families(
    runtime: Runtime,
    site: OpenSite,
    period: Period,
    base: Family,
    comparison: Family | None,
    *,
    with_breakdown: bool = False,
) -> SitePnl:
    """The P&L that shows `base` and compares it with `comparison` (None: with nothing).

    Raises CalculationRefusedError where the figures of the site cannot be computed.
    """
    shown = period.months
    cells = read_site_cells(runtime, site, period, [base] if comparison is None else [base, comparison])
    columns, kinds = columns_of(shown, site.business_date), kinds_of(shown, site.business_date)
    lines = pnl_lines(
        columns,
        kinds,
        cells.rows(base, shown),
        None if comparison is None else cells.rows(comparison, shown),
        cells.cumulative(base.months(shown)),
        source_of(base, shown, cells),
        limits_of(runtime.settings),
    )
    if with_breakdown:
        lines = tuple(
            replace(line, breakdown=_breakdown(row, base, shown, cells))
            for row, line in zip(PnlRow, lines, strict=True)
        )
    return SitePnl(
        site.site_id,
        site.name,
        period.text,
        period.type.value,
        base.name,
        None if comparison is None else comparison.name,
        columns,
        lines,
        pnl_warnings(base, comparison, kinds, lines, cells, runtime.settings),
        site.business_date,
    )


def source_of(base: Family, shown: Sequence[str], cells: SiteCells) -> SourceOf:
    """Where the value of a row and column of `base` comes from.

    Source: REST API, "Shapes used in several places".
    """
    months = base.months(shown)
    kinds = kinds_of(months, cells.business_date)

    def source(row: PnlRow, column: int) -> FigureSource:
        if base.scenario is Scenario.BUDGET:
            return FigureSource.BUDGET
        if base.scenario is Scenario.ACTUAL:
            return FigureSource.ACTUAL
        if base.scenario is Scenario.FORECAST or kinds[column] is MonthKind.FORECAST:
            return _forecast_source(row, cells.parts(Scenario.FORECAST, months[column], row))
        return FigureSource.ACTUAL if kinds[column] is MonthKind.ACTUAL else FigureSource.TREND

    return source


def _forecast_source(row: PnlRow, parts: Sequence[StoredComponent]) -> FigureSource:
    """Whether a forecast cell is calculated, or the budget as it stands because nothing is saved."""
    if not parts and row in _ROWS_OF_ACCOUNTS:
        return FigureSource.BUDGET
    return common_source((part.component, part.rate_source) for part in parts)


def _breakdown(row: PnlRow, base: Family, shown: Sequence[str], cells: SiteCells) -> tuple[MonthBreakdown, ...] | None:
    """What a line is made of, month by month; None for results and statistics."""
    if row not in _ROWS_WITH_BREAKDOWN:
        return None
    return tuple(
        _month_breakdown(row, period, int(period[5:]), cells.parts(_parts_scenario(base, month, cells), month, row))
        for period, month in zip(shown, base.months(shown), strict=True)
    )


def _parts_scenario(base: Family, month: str, cells: SiteCells) -> Scenario:
    """Where components are kept: of the trend under actual and forecast, except of the running month."""
    if base.scenario is not Scenario.TREND:
        return base.scenario
    return _TREND_PARTS[month_kind(month, cells.business_date)]


def _month_breakdown(row: PnlRow, period: str, month: int, parts: Sequence[StoredComponent]) -> MonthBreakdown:
    is_expense = row in EXPENSE_ROWS
    accounts = [part for part in parts if is_expense and part.component not in FORMULA_PARTS]
    others = [part for part in parts if not is_expense or part.component in FORMULA_PARTS]
    return MonthBreakdown(
        period,
        month,
        tuple(AccountPart(part.component, part.label, money(part.amount)) for part in accounts),
        tuple(
            ComponentPart(part.component, part.label, money(part.amount), part.rate_source, part.detail)
            for part in others
        ),
    )


_TREND_PARTS = {
    MonthKind.ACTUAL: Scenario.ACTUAL,
    MonthKind.CURRENT: Scenario.TREND,
    MonthKind.FORECAST: Scenario.FORECAST,
}
_ROWS_OF_ACCOUNTS = frozenset({PnlRow.PARKING_RENTS, PnlRow.OTHER_EXPENSE})
_ROWS_WITH_BREAKDOWN = frozenset({PnlRow.EXTERNAL_REVENUE, PnlRow.INTERNAL_REVENUE, *EXPENSE_ROWS})
