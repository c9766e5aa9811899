"""The profit and loss: totals, percentages, unavailable parts and roll-ups."""

from decimal import Decimal
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared_code.domain.months import MonthKind
from shared_code.domain.pnl import (
    SiteRows,
    UnavailableCell,
    actual_subtotal,
    cell,
    complete_rows,
    percent_of_internal_revenue,
    profit_and_loss,
    roll_up,
    row_total,
)
from shared_code.domain.pnl_rows import CELL_ROWS, Cell, PnlRow, Rows
from tests.domain.strategies import MONEY

QUARTER = [MonthKind.ACTUAL, MonthKind.CURRENT, MonthKind.FORECAST]

CELL_VALUES = st.tuples(MONEY, MONEY, MONEY)
ROWS = st.dictionaries(st.sampled_from(CELL_ROWS), CELL_VALUES)
SITES = st.lists(ROWS, min_size=1, max_size=6).map(
    lambda families: [SiteRows(f"TP{number:03d}", rows) for number, rows in enumerate(families)]
)


@given(SITES, st.data())
def test_sites_sum_to_their_district_and_districts_to_their_region(sites: list[SiteRows], data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(sites)))
    districts = [SiteRows("district", roll_up(part, columns=3).rows) for part in (sites[:cut], sites[cut:])]
    assert roll_up(districts, columns=3).rows == roll_up(sites, columns=3).rows


@given(SITES, st.randoms())
def test_the_order_of_the_sites_does_not_matter(sites: list[SiteRows], random: Random) -> None:
    shuffled = list(sites)
    random.shuffle(shuffled)
    assert roll_up(shuffled, columns=3).rows == roll_up(sites, columns=3).rows


@given(SITES)
def test_contributions_of_the_sites_sum_to_that_of_the_district(sites: list[SiteRows]) -> None:
    district = complete_rows(roll_up(sites, columns=3).rows, 3)[PnlRow.FLC]
    by_site = [complete_rows(site.rows, 3)[PnlRow.FLC] for site in sites]
    assert district == tuple(row_total(column) for column in zip(*by_site, strict=True))


@given(ROWS, ROWS)
def test_the_last_cumulative_figure_is_the_variance_of_the_contribution(trend: Rows, budget: Rows) -> None:
    totals = profit_and_loss(QUARTER, trend, budget).totals
    variance = totals[PnlRow.FLC].variance
    assert variance is not None
    assert totals[PnlRow.FLC_TO_BUDGET_CUMULATIVE].total == variance.amount


@given(ROWS, ROWS)
def test_the_variance_of_a_total_is_that_of_the_totals_and_not_their_sum(trend: Rows, budget: Rows) -> None:
    for row in CELL_ROWS:
        figures = profit_and_loss(QUARTER, trend, budget).totals[row]
        assert figures.variance is not None
        assert figures.total is not None
        assert figures.comparison is not None
        assert figures.variance.amount == figures.total - figures.comparison


def test_a_row_that_is_absent_is_all_zeros() -> None:
    assert complete_rows({}, 2)[PnlRow.CLAIMS] == (Decimal(0), Decimal(0))


def test_the_subtotal_counts_closed_months_only() -> None:
    cells = [Decimal(5), Decimal(7), Decimal(11)]
    assert actual_subtotal(cells, QUARTER) == 5
    assert actual_subtotal(cells, [MonthKind.FORECAST] * 3) == 0


def test_a_total_with_an_unavailable_month_is_unavailable_and_other_rows_are_not() -> None:
    trend: Rows = {
        PnlRow.INTERNAL_REVENUE: (Decimal(100), Decimal(100), Decimal(100)),
        PnlRow.CLAIMS: (Decimal(1), Decimal(2), None),
        PnlRow.PAYROLL: (Decimal(50), Decimal(50), Decimal(50)),
    }
    statement = profit_and_loss(QUARTER, trend, {})
    claims, payroll = statement.totals[PnlRow.CLAIMS], statement.totals[PnlRow.PAYROLL]
    assert (claims.total, claims.variance, claims.percent_of_internal_revenue) == (None, None, None)
    assert claims.actual_subtotal == 1
    assert (payroll.total, payroll.percent_of_internal_revenue) == (Decimal(150), Decimal("50.00"))
    assert statement.unavailable == (UnavailableCell(PnlRow.CLAIMS, 2),)


def test_an_unavailable_expense_takes_the_contribution_of_its_month_and_the_cumulative_row_from_there_on() -> None:
    trend: Rows = {
        PnlRow.INTERNAL_REVENUE: (Decimal(9), Decimal(9), Decimal(9)),
        PnlRow.PTEB: (Decimal(1), None, Decimal(1)),
    }
    statement = profit_and_loss(QUARTER, trend, {})
    assert statement.rows[PnlRow.FLC] == (Decimal(8), None, Decimal(8))
    assert statement.rows[PnlRow.FLC_TO_BUDGET_CUMULATIVE] == (Decimal(8), None, None)
    assert statement.totals[PnlRow.FLC_TO_BUDGET_CUMULATIVE].total is None
    assert statement.totals[PnlRow.FLC].actual_subtotal == 8


def test_an_unavailable_comparison_is_told_apart() -> None:
    statement = profit_and_loss(QUARTER, {}, {PnlRow.PAYROLL: (None, Decimal(0), Decimal(0))})
    assert statement.unavailable == ()
    assert statement.comparison_unavailable == (UnavailableCell(PnlRow.PAYROLL, 0),)
    assert statement.totals[PnlRow.PAYROLL].variance is None
    assert statement.totals[PnlRow.PAYROLL].total == 0


def test_a_roll_up_with_an_unavailable_site_names_site_row_and_month() -> None:
    sites = [
        SiteRows("TP001", {PnlRow.PAYROLL: (Decimal(1), None), PnlRow.CLAIMS: (Decimal(2), Decimal(2))}),
        SiteRows("TP002", {PnlRow.PAYROLL: (Decimal(4), Decimal(4))}),
    ]
    district = roll_up(sites, columns=2)
    assert district.rows[PnlRow.PAYROLL] == (Decimal(5), None)
    assert district.rows[PnlRow.CLAIMS] == (Decimal(2), Decimal(2))
    assert district.unavailable == (UnavailableCell(PnlRow.PAYROLL, 1, "TP001"),)


def test_a_roll_up_ignores_the_results_of_its_sites_and_computes_its_own() -> None:
    sites = [SiteRows("TP001", {PnlRow.FLC: (Decimal(99),), PnlRow.INTERNAL_REVENUE: (Decimal(7),)})]
    summed = roll_up(sites, columns=1).rows
    assert PnlRow.FLC not in summed
    assert complete_rows(summed, 1)[PnlRow.FLC] == (Decimal(7),)


def test_a_cumulative_row_can_be_brought_along_for_a_quarter() -> None:
    running = (Decimal(40), Decimal(41), Decimal(42))
    statement = profit_and_loss(QUARTER, {}, {}, cumulative=running)
    assert statement.totals[PnlRow.FLC_TO_BUDGET_CUMULATIVE].total == 42


@pytest.mark.parametrize("row", [PnlRow.EXTERNAL_REVENUE, PnlRow.FLC_TO_BUDGET_CUMULATIVE, PnlRow.OCCUPIED_ROOMS])
def test_some_rows_have_no_percentage(row: PnlRow) -> None:
    assert percent_of_internal_revenue(row, Decimal(1), Decimal(100)) is None


@pytest.mark.parametrize("internal_revenue", [Decimal(0), Decimal(-5), None])
def test_without_positive_internal_revenue_no_row_has_a_percentage(internal_revenue: Cell) -> None:
    assert percent_of_internal_revenue(PnlRow.PAYROLL, Decimal(1), internal_revenue) is None


def test_a_cell_is_rounded_half_up_and_stays_unavailable() -> None:
    assert cell(Decimal("-0.125")) == Decimal("-0.13")
    assert cell(None) is None
