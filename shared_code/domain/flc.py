"""Front Line Contribution: what internal revenue leaves after the six expense rows, and its running difference.

Source: Calculations, "FLC" and "FLC to budget, cumulative".
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from shared_code.domain.pnl_rows import EXPENSE_ROWS, Cell, PnlRow, Rows
from shared_code.domain.rounding import ZERO, percent

_HUNDRED = Decimal(100)


def front_line_contribution(cells: Mapping[PnlRow, Cell]) -> Cell:
    """FLC of one month in dollars, from its cells.

    A row that is absent counts as 0; with an unavailable row (None) there is no FLC. External revenue never enters.

    Source: Calculations, "FLC".
    """
    contribution = cells.get(PnlRow.INTERNAL_REVENUE, ZERO)
    if contribution is None:
        return None
    for row in EXPENSE_ROWS:
        expense = cells.get(row, ZERO)
        if expense is None:
            return None
        contribution -= expense
    return contribution


def flc_margin(contribution: Cell, internal_revenue: Cell) -> Decimal | None:
    """FLC in percent of internal revenue, 2 decimals; None without a positive internal revenue or without FLC.

    Source: Calculations, "FLC".
    """
    if contribution is None or internal_revenue is None or internal_revenue <= 0:
        return None
    return percent(contribution * _HUNDRED / internal_revenue)


def flc_of_months(rows: Rows, months: int = 12) -> tuple[Cell, ...]:
    """FLC of every month of one family of cells.

    Source: Calculations, "FLC".
    """
    revenue = rows.get(PnlRow.INTERNAL_REVENUE)
    expenses = [cells for row in EXPENSE_ROWS if (cells := rows.get(row)) is not None]
    series: list[Cell] = []
    for month in range(months):
        contribution = ZERO if revenue is None else revenue[month]
        for cells in expenses:
            expense = cells[month]
            if contribution is None or expense is None:
                contribution = None
                break
            contribution -= expense
        series.append(contribution)
    return tuple(series)


def cumulative_flc(trend_flc: Sequence[Cell], budget_flc: Sequence[Cell]) -> tuple[Cell, ...]:
    """The sum of trend FLC less budget FLC from the first month on; None from the first unavailable month on.

    Source: Calculations, "FLC to budget, cumulative".
    """
    running: Cell = ZERO
    series: list[Cell] = []
    for trend, budget in zip(trend_flc, budget_flc, strict=True):
        running = None if running is None or trend is None or budget is None else running + trend - budget
        series.append(running)
    return tuple(series)
