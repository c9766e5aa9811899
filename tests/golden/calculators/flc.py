"""Cases of Front Line Contribution."""

from decimal import Decimal
from typing import Any

from shared_code.domain.flc import cumulative_flc, flc_margin, front_line_contribution
from shared_code.domain.pnl_rows import PnlRow
from shared_code.domain.rounding import money
from tests.golden.case_values import Given, read_decimals


def answer(given: dict[str, Any]) -> dict[str, Any]:
    """The answer to one of two tasks."""
    return {"flc": _flc, "cumulative": _cumulative}[given["task"]](given)


def _flc(given: Given) -> dict[str, Any]:
    cells = {PnlRow(row): money(amount) for row, amount in read_decimals(given["rows"]).items()}
    contribution = front_line_contribution(cells)
    margin = flc_margin(contribution, cells.get(PnlRow.INTERNAL_REVENUE, Decimal(0)))
    return {"flc": contribution, "flc_margin": margin}


def _cumulative(given: Given) -> dict[str, Any]:
    trend, budget = ([money(Decimal(value)) for value in given[name]] for name in ("trend_flc", "budget_flc"))
    return {"cumulative": list(cumulative_flc(trend, budget))}
