"""Front Line Contribution, its margin and its running difference to the budget."""

from collections.abc import Sequence
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from shared_code.domain.flc import cumulative_flc, flc_margin, flc_of_months, front_line_contribution
from shared_code.domain.pnl_rows import CELL_ROWS, EXPENSE_ROWS, Cell, PnlRow
from tests.domain.strategies import MONEY

CELLS = st.dictionaries(st.sampled_from(CELL_ROWS), MONEY)


@given(CELLS)
def test_contribution_and_expenses_together_are_internal_revenue(cells: dict[PnlRow, Cell]) -> None:
    contribution = front_line_contribution(cells)
    assert contribution is not None
    expenses = sum((cells.get(row) or Decimal(0) for row in EXPENSE_ROWS), Decimal(0))
    assert contribution + expenses == (cells.get(PnlRow.INTERNAL_REVENUE) or 0)


@given(CELLS, MONEY)
def test_external_revenue_never_enters(cells: dict[PnlRow, Cell], revenue: Decimal) -> None:
    assert front_line_contribution({**cells, PnlRow.EXTERNAL_REVENUE: revenue}) == front_line_contribution(cells)


@given(st.lists(CELLS, min_size=12, max_size=12))
def test_a_year_of_contributions_is_that_of_its_months(months: list[dict[PnlRow, Cell]]) -> None:
    rows = {row: [month.get(row, Decimal(0)) for month in months] for row in CELL_ROWS}
    assert flc_of_months(rows) == tuple(front_line_contribution(month) for month in months)


def test_an_unavailable_expense_leaves_no_contribution() -> None:
    assert front_line_contribution({PnlRow.INTERNAL_REVENUE: Decimal(10), PnlRow.PTEB: None}) is None
    assert front_line_contribution({PnlRow.INTERNAL_REVENUE: None}) is None


def test_unavailable_external_revenue_does_not_touch_the_contribution() -> None:
    cells = {PnlRow.INTERNAL_REVENUE: Decimal(10), PnlRow.EXTERNAL_REVENUE: None, PnlRow.OCCUPIED_ROOMS: None}
    assert front_line_contribution(cells) == 10


def test_only_the_month_of_an_unavailable_cell_has_no_contribution() -> None:
    rows: dict[PnlRow, Sequence[Cell]] = {
        PnlRow.INTERNAL_REVENUE: [Decimal(5)] * 3,
        PnlRow.PAYROLL: [Decimal(2), None, Decimal(1)],
    }
    assert flc_of_months(rows, 3) == (Decimal(3), None, Decimal(4))


def test_a_margin_needs_a_positive_internal_revenue() -> None:
    assert flc_margin(Decimal("39500"), Decimal("100000")) == Decimal("39.50")
    assert flc_margin(Decimal(-5), Decimal(0)) is None
    assert flc_margin(Decimal(-5), Decimal(-1)) is None
    assert flc_margin(None, Decimal(100)) is None
    assert flc_margin(Decimal(1), None) is None


@given(st.lists(st.tuples(MONEY, MONEY), min_size=1, max_size=12))
def test_the_last_cumulative_figure_is_the_difference_of_the_sums(months: list[tuple[Decimal, Decimal]]) -> None:
    trend, budget = [trend for trend, _ in months], [budget for _, budget in months]
    assert cumulative_flc(trend, budget)[-1] == sum(trend) - sum(budget)


def test_the_cumulative_row_ends_with_the_first_unavailable_month() -> None:
    trend = [Decimal(4), None, Decimal(4)]
    assert cumulative_flc(trend, [Decimal(1)] * 3) == (Decimal(3), None, None)
