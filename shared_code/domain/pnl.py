"""The profit and loss of a site, district, region or the company, built from monthly cells.

Every figure of this module comes from cells with 2 decimals, so that each row and column adds up. A figure with an
unavailable part is None, and the parts are named.

Source: Calculations, "Cells", "Totals and percent of internal revenue" and "Roll-up".
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from shared_code.domain.flc import cumulative_flc, flc_of_months
from shared_code.domain.months import MonthKind
from shared_code.domain.pnl_rows import CELL_ROWS, ROW_KINDS, Cell, PnlRow, RowKind, Rows
from shared_code.domain.rounding import ZERO, money, percent
from shared_code.domain.variance import DEFAULT_LIMITS, Variance, VarianceLimits, variance_of_row

_HUNDRED = Decimal(100)


@dataclass(frozen=True, slots=True)
class UnavailableCell:
    """A cell whose source could not be read. `column` counts the months from 0; `site` is set in a roll-up."""

    row: PnlRow
    column: int
    site: str | None = None


@dataclass(frozen=True, slots=True)
class SiteRows:
    """The cells of one site and family."""

    site: str
    rows: Rows


@dataclass(frozen=True, slots=True)
class RolledUpRows:
    """The summed cells of several sites; a sum with an unavailable part is None, and the parts are listed."""

    rows: Rows
    unavailable: tuple[UnavailableCell, ...]


@dataclass(frozen=True, slots=True)
class RowTotals:
    """What one row shows beside its months, in dollars and percent points; None where it does not exist.

    `total` is that of all columns (of the cumulative row its last one), `actual_subtotal` that of the closed months,
    `comparison` the total of the comparison.
    """

    total: Cell
    comparison: Cell
    actual_subtotal: Cell
    percent_of_internal_revenue: Decimal | None
    variance: Variance | None


@dataclass(frozen=True, slots=True)
class ProfitAndLoss:
    """A complete P&L: all rows with their months, those of the comparison, and what stands beside them.

    `rows` and `comparison` hold every row including FLC; the cumulative row has no comparison. `unavailable` names the
    cells of either side that could not be read.
    """

    rows: Mapping[PnlRow, tuple[Cell, ...]]
    comparison: Mapping[PnlRow, tuple[Cell, ...]]
    totals: Mapping[PnlRow, RowTotals]
    unavailable: tuple[UnavailableCell, ...]
    comparison_unavailable: tuple[UnavailableCell, ...]


def cell(value: Decimal | None) -> Cell:
    """A figure as a cell: dollars (or rooms) with 2 decimals; None stays unavailable.

    Source: Calculations, "Cells".
    """
    return None if value is None else money(value)


def row_total(cells: Iterable[Cell]) -> Cell:
    """The sum of `cells`; None when one of them is unavailable.

    Source: Calculations, "Totals and percent of internal revenue".
    """
    total = ZERO
    for value in cells:
        if value is None:
            return None
        total += value
    return total


def actual_subtotal(cells: Sequence[Cell], kinds: Sequence[MonthKind]) -> Cell:
    """The sum of the cells of closed months.

    Source: Calculations, "Totals and percent of internal revenue".
    """
    return row_total(value for value, kind in zip(cells, kinds, strict=True) if kind is MonthKind.ACTUAL)


def percent_of_internal_revenue(row: PnlRow, total: Cell, internal_revenue_total: Cell) -> Decimal | None:
    """The total of a row in percent of internal revenue, 2 decimals.

    None for external revenue, the cumulative row and statistics, and for every row unless internal revenue is
    positive.

    Source: Calculations, "Totals and percent of internal revenue".
    """
    if row in _ROWS_WITHOUT_PERCENT or total is None or internal_revenue_total is None or internal_revenue_total <= 0:
        return None
    return percent(total * _HUNDRED / internal_revenue_total)


def profit_and_loss(
    kinds: Sequence[MonthKind],
    rows: Rows,
    comparison: Rows,
    cumulative: tuple[Cell, ...] | None = None,
    limits: VarianceLimits = DEFAULT_LIMITS,
) -> ProfitAndLoss:
    """The P&L of the months whose kinds are `kinds`, from the cells of a family and of its comparison.

    `cumulative` is the cumulative row of these months; by default it runs over the columns shown and compares `rows`
    with `comparison`, which is right for a whole year of the trend against the budget.

    Source: Calculations, "FLC to budget, cumulative", "Totals and percent of internal revenue" and "Variance".
    """
    columns = len(kinds)
    base_rows = complete_rows(rows, columns)
    comparison_rows = complete_rows(comparison, columns)
    running = cumulative_flc(base_rows[PnlRow.FLC], comparison_rows[PnlRow.FLC]) if cumulative is None else cumulative
    base_rows[PnlRow.FLC_TO_BUDGET_CUMULATIVE] = running
    internal_revenue = row_total(base_rows[PnlRow.INTERNAL_REVENUE])
    totals: dict[PnlRow, RowTotals] = {}
    for row in PnlRow:
        if row is PnlRow.FLC_TO_BUDGET_CUMULATIVE:
            totals[row] = RowTotals(running[-1], None, None, None, None)
            continue
        total, compared = row_total(base_rows[row]), row_total(comparison_rows[row])
        totals[row] = RowTotals(
            total,
            compared,
            actual_subtotal(base_rows[row], kinds),
            percent_of_internal_revenue(row, total, internal_revenue),
            variance_of_row(row, total, compared, limits),
        )
    return ProfitAndLoss(base_rows, comparison_rows, totals, unavailable_cells(rows), unavailable_cells(comparison))


def complete_rows(rows: Rows, columns: int) -> dict[PnlRow, tuple[Cell, ...]]:
    """Every row of a family with `columns` months: an absent row is all 0, FLC is computed from the cells.

    Source: Calculations, "FLC".
    """
    zeros: tuple[Cell, ...] = (ZERO,) * columns
    completed = {row: tuple(rows.get(row, zeros)) for row in CELL_ROWS}
    completed[PnlRow.FLC] = flc_of_months(completed, columns)
    return completed


def roll_up(sites: Iterable[SiteRows], columns: int = 12) -> RolledUpRows:
    """The sums of the site cells of one family, month by month; FLC and ratios are computed again from them.

    Source: Calculations, "Roll-up".
    """
    sums: dict[PnlRow, list[Cell]] = {row: [ZERO] * columns for row in CELL_ROWS}
    unavailable: list[UnavailableCell] = []
    for site in sites:
        for row, cells in site.rows.items():
            totals = sums.get(row)
            if totals is None:
                continue
            for column, value in enumerate(cells):
                total = totals[column]
                if value is None:
                    unavailable.append(UnavailableCell(row, column, site.site))
                    totals[column] = None
                elif total is not None:
                    totals[column] = total + value
    return RolledUpRows({row: tuple(cells) for row, cells in sums.items()}, tuple(unavailable))


def unavailable_cells(rows: Rows, site: str | None = None) -> tuple[UnavailableCell, ...]:
    """The cells of a family that could not be read.

    Source: Calculations, "Totals and percent of internal revenue".
    """
    return tuple(
        UnavailableCell(row, column, site)
        for row, cells in rows.items()
        if None in cells
        for column, value in enumerate(cells)
        if value is None
    )


_ROWS_WITHOUT_PERCENT = frozenset(
    {PnlRow.EXTERNAL_REVENUE, PnlRow.FLC_TO_BUDGET_CUMULATIVE}
    | {row for row, kind in ROW_KINDS.items() if kind is RowKind.STATISTIC}
)
