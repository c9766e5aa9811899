"""Amounts split over job codes by active employees."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared_code.domain.employee_shares import Headcount, split_by_employees
from tests.domain.strategies import MONEY

CODES = st.lists(
    st.builds(Headcount, st.text("ABC", min_size=1, max_size=3), st.integers(0, 9).map(Decimal)), min_size=1, max_size=8
)


def heads(**employees: int) -> list[Headcount]:
    """Codes with their employees."""
    return [Headcount(code, Decimal(count)) for code, count in employees.items()]


def test_three_and_one_employees_share_48_hours() -> None:
    assert split_by_employees(Decimal(48), heads(A=3, B=1), 2) == [Decimal(36), Decimal(12)]


def test_codes_without_employees_share_equally() -> None:
    assert split_by_employees(Decimal(300), heads(A=0, B=0), 2) == [Decimal(150), Decimal(150)]


def test_the_last_code_in_code_order_that_receives_a_share_takes_the_difference() -> None:
    assert split_by_employees(Decimal(10), heads(D=0, C=1, A=1, B=1), 2) == [
        Decimal(0),
        Decimal("3.34"),
        Decimal("3.33"),
        Decimal("3.33"),
    ]


@pytest.mark.parametrize("amount", ["0.02", "-0.02"])
def test_an_amount_too_small_to_share_leaves_nobody_with_the_opposite_sign(amount: str) -> None:
    shares = split_by_employees(Decimal(amount), heads(A=1, B=1, C=1, D=1), 2)
    assert shares == [Decimal(amount) / 2, Decimal(amount) / 2, Decimal(0), Decimal(0)]


def test_no_codes_receive_nothing() -> None:
    assert split_by_employees(Decimal(5), [], 2) == []


@given(MONEY, CODES)
def test_the_shares_add_up_and_have_the_sign_of_the_amount(amount: Decimal, codes: list[Headcount]) -> None:
    shares = split_by_employees(amount, codes, 2)
    assert sum(shares) == amount
    assert all(share * amount >= 0 for share in shares)


@given(MONEY, CODES)
def test_only_codes_with_employees_receive_a_share_where_there_are_any(amount: Decimal, codes: list[Headcount]) -> None:
    shares = split_by_employees(amount, codes, 2)
    if any(code.active_employees for code in codes):
        assert not any(share for code, share in zip(codes, shares, strict=True) if not code.active_employees)
