"""Variances: amount, percent, merit and severity."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared_code.domain.pnl_rows import EXPENSE_ROWS, PnlRow
from shared_code.domain.variance import Severity, VarianceLimits, severity, variance, variance_of_row
from tests.domain.strategies import MONEY


@given(st.sampled_from(PnlRow), MONEY, MONEY)
def test_exchanging_both_sides_turns_the_amount(row: PnlRow, base: Decimal, comparison: Decimal) -> None:
    forward, backward = variance_of_row(row, base, comparison), variance_of_row(row, comparison, base)
    assert forward is not None
    assert backward is not None
    assert forward.amount == -backward.amount
    assert forward.favorable != backward.favorable or base == comparison


@given(MONEY, MONEY)
def test_what_is_favorable_for_revenue_is_not_for_expense_unless_nothing_differs(
    base: Decimal, comparison: Decimal
) -> None:
    revenue = variance(base, comparison, lower_is_better=False)
    expense = variance(base, comparison, lower_is_better=True)
    assert (revenue.favorable and expense.favorable) == (base == comparison)
    assert revenue.percent == expense.percent


@given(MONEY, MONEY.filter(bool))
def test_the_percent_has_the_sign_of_the_amount(base: Decimal, comparison: Decimal) -> None:
    result = variance(base, comparison, lower_is_better=False)
    assert result.percent is not None
    assert result.percent * result.amount >= 0


def test_without_a_comparison_there_is_neither_percent_nor_severity() -> None:
    result = variance(Decimal(250), Decimal(0), lower_is_better=True)
    assert (result.percent, result.severity, result.favorable) == (None, None, False)


@pytest.mark.parametrize(
    ("points", "expected"),
    [
        ("4.999999", Severity.LOW),
        ("-5", Severity.MEDIUM),
        ("7.499999", Severity.MEDIUM),
        ("7.5", Severity.HIGH),
        ("-900", Severity.HIGH),
    ],
)
def test_a_limit_belongs_to_the_higher_class_and_is_not_rounded(points: str, expected: Severity) -> None:
    assert severity(Decimal(points)) is expected


def test_limits_can_be_set() -> None:
    assert severity(Decimal(6), VarianceLimits(Decimal(10), Decimal(20))) is Severity.LOW


def test_an_unavailable_side_leaves_no_variance() -> None:
    assert variance_of_row(PnlRow.PAYROLL, None, Decimal(1)) is None
    assert variance_of_row(PnlRow.PAYROLL, Decimal(1), None) is None


def test_less_is_better_for_the_six_expense_rows_only() -> None:
    better = [row for row in PnlRow if (found := variance_of_row(row, Decimal(1), Decimal(2))) and found.favorable]
    assert set(better) == set(EXPENSE_ROWS)
