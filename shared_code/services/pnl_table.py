"""The P&L as it is shown: columns, lines with their values, totals and variances.

Amounts are dollars with 2 decimals (rooms in the statistic line), percentages percent points with 2 decimals.

Source: REST API, "P&L"; Calculations, "Totals and percent of internal revenue" and "Variance".
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as default
from datetime import date
from decimal import Decimal
from typing import Any

from shared_code.domain.months import MonthKind, month_kind
from shared_code.domain.pnl import ProfitAndLoss, cell, profit_and_loss
from shared_code.domain.pnl_components import FigureSource
from shared_code.domain.pnl_rows import CELL_ROWS, ROW_KINDS, ROW_LABELS, Cell, PnlRow, Rows
from shared_code.domain.variance import Variance, VarianceLimits, variance_of_row

MONTH_LABELS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

COLUMN_KINDS = {MonthKind.ACTUAL: "actual", MonthKind.CURRENT: "trend", MonthKind.FORECAST: "forecast"}
"""The kinds of months under the names of the REST API."""

SourceOf = Callable[[PnlRow, int], FigureSource]
"""Where the value of a row and column (from 0) comes from."""


@dataclass(frozen=True, slots=True)
class Column:
    """A month of the P&L: `YYYY-MM`, 1 to 12, its name, and `actual`, `trend` or `forecast`."""

    period: str
    month: int
    label: str
    kind: str


@dataclass(frozen=True, slots=True)
class LineValue:
    """One line in one month; None where a source could not be read or there is nothing to compare with."""

    period: str
    month: int
    value: Cell
    source: FigureSource
    comparison: Cell
    variance: Variance | None


@dataclass(frozen=True, slots=True)
class LineTotal:
    """A line over all columns; None with an unavailable part."""

    value: Cell
    comparison: Cell
    variance: Variance | None


@dataclass(frozen=True, slots=True)
class AccountPart:
    """An account of an expense line."""

    account: str
    name: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class ComponentPart:
    """A component of a revenue line, or a part of the formula of an expense line with its inputs."""

    component: str
    label: str
    amount: Decimal
    source: str | None
    detail: Mapping[str, str] | None


@dataclass(frozen=True, slots=True)
class MonthBreakdown:
    """What a line is made of in one month. `accounts` is empty where a formula gives the figure."""

    period: str
    month: int
    accounts: tuple[AccountPart, ...] = ()
    components: tuple[ComponentPart, ...] = ()


@dataclass(frozen=True, slots=True)
class PnlLine:
    """A line of the P&L; `type` is revenue, expense, result or statistic. `breakdown` None: not asked for."""

    code: str
    name: str
    type: str
    values: tuple[LineValue, ...]
    total: LineTotal
    actual_subtotal: Cell
    percent_of_internal_revenue: Decimal | None
    breakdown: tuple[MonthBreakdown, ...] | None = None


@dataclass(frozen=True, slots=True)
class ViewWarning:
    """Something to know about an answer; it blocks nothing."""

    code: str
    message: str
    field: str | None = None
    details: Mapping[str, Any] = default(default_factory=dict)


def line_code(row: str) -> str:
    """The name of a row in JSON: `external_revenue` is `externalRevenue`."""
    first, *rest = row.split("_")
    return first + "".join(word.title() for word in rest)


def columns_of(months: Sequence[str], business_date: date) -> tuple[Column, ...]:
    """The columns of `months` (`YYYY-MM`)."""
    return tuple(
        Column(period, int(period[5:]), MONTH_LABELS[int(period[5:]) - 1], COLUMN_KINDS[kind])
        for period, kind in zip(months, kinds_of(months, business_date), strict=True)
    )


def kinds_of(months: Sequence[str], business_date: date) -> list[MonthKind]:
    """What each of `months` is on the business date."""
    return [month_kind(period, business_date) for period in months]


def unavailable_rows(columns: int) -> Rows:
    """Cells that do not exist, for `columns` months."""
    return dict.fromkeys(CELL_ROWS, (None,) * columns)


def pnl_lines(
    columns: Sequence[Column],
    kinds: Sequence[MonthKind],
    rows: Rows,
    comparison: Rows | None,
    cumulative: Sequence[Cell],
    source_of: SourceOf,
    limits: VarianceLimits,
) -> tuple[PnlLine, ...]:
    """All lines in their order, from the cells of the months shown.

    `rows` and `comparison` (None: compared with nothing) hold a cell a column, `cumulative` is the cumulative line
    of the columns.
    """
    compared = unavailable_rows(len(columns)) if comparison is None else _in_cents(comparison)
    table = profit_and_loss(kinds, _in_cents(rows), compared, _row_in_cents(cumulative), limits)
    return tuple(_line(row, columns, table, source_of, limits) for row in PnlRow)


def _line(
    row: PnlRow, columns: Sequence[Column], table: ProfitAndLoss, source_of: SourceOf, limits: VarianceLimits
) -> PnlLine:
    cells = table.rows[row]
    compared = table.comparison.get(row, (None,) * len(columns))
    values = tuple(
        LineValue(
            column.period,
            column.month,
            value,
            FigureSource.NONE if value is None else source_of(row, position),
            against,
            variance_of_row(row, value, against, limits),
        )
        for position, (column, value, against) in enumerate(zip(columns, cells, compared, strict=True))
    )
    totals = table.totals[row]
    return PnlLine(
        line_code(row),
        ROW_LABELS[row],
        ROW_KINDS[row].value,
        values,
        LineTotal(totals.total, totals.comparison, totals.variance),
        cell(totals.actual_subtotal),
        totals.percent_of_internal_revenue,
    )


def _in_cents(rows: Rows) -> dict[PnlRow, tuple[Cell, ...]]:
    """Stored cells with the 2 decimals that they have."""
    return {row: _row_in_cents(cells) for row, cells in rows.items()}


def _row_in_cents(cells: Sequence[Cell]) -> tuple[Cell, ...]:
    return tuple(cell(value) for value in cells)
