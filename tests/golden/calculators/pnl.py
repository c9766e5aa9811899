"""Cases of the profit and loss."""

from decimal import Decimal
from typing import Any

from shared_code.domain.months import MonthKind
from shared_code.domain.pnl import ProfitAndLoss, SiteRows, profit_and_loss, roll_up
from shared_code.domain.pnl_rows import PnlRow, Rows
from shared_code.domain.rounding import money
from tests.golden.calculators.variance import describe_variance


def answer(given: dict[str, Any]) -> dict[str, Any]:
    """The P&L of one site, or of several with their summed rows."""
    kinds = [MonthKind(kind) for kind in given["kinds"]]
    if given["task"] == "totals":
        trend, budget = (_read_rows(given.get(family) or {}, len(kinds)) for family in ("trend", "budget"))
        return _describe(profit_and_loss(kinds, trend, budget))
    trend, budget = (
        roll_up(
            [SiteRows(site["site"], _read_rows(site.get(family) or {}, len(kinds))) for site in given["sites"]],
            len(kinds),
        ).rows
        for family in ("trend", "budget")
    )
    return _describe(profit_and_loss(kinds, trend, budget))


def _read_rows(rows: dict[str, Any], columns: int) -> Rows:
    """Rows of twelve cells, or of one that holds for every month."""
    return {
        PnlRow(row): tuple(
            money(Decimal(value)) for value in (values if isinstance(values, list) else [values] * columns)
        )
        for row, values in rows.items()
    }


def _describe(statement: ProfitAndLoss) -> dict[str, Any]:
    totals = statement.totals
    return {
        "trend": {row: list(cells) for row, cells in statement.rows.items()},
        "budget": {row: list(cells) for row, cells in statement.comparison.items()},
        "flc": list(statement.rows[PnlRow.FLC]),
        "budget_flc": list(statement.comparison[PnlRow.FLC]),
        "flc_to_budget_cumulative": list(statement.rows[PnlRow.FLC_TO_BUDGET_CUMULATIVE]),
        "totals": {row: figures.total for row, figures in totals.items()},
        "budget_totals": {row: figures.comparison for row, figures in totals.items()},
        "actual_subtotal": {row: figures.actual_subtotal for row, figures in totals.items()},
        "percent_of_internal_revenue": {row: figures.percent_of_internal_revenue for row, figures in totals.items()},
        "variance_total": {row: describe_variance(figures.variance) for row, figures in totals.items()},
    }
