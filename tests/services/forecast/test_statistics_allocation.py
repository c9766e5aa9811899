"""Figures divided among days: in proportion, within limits, in hundredths."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from shared_code.services.forecast.statistics_allocation import allocate, settle

COUNTS = st.decimals(0, 99_999, places=2)
WEIGHTS = st.lists(st.decimals(0, 500, places=2), min_size=1, max_size=31)


def decimals(*texts: str) -> list[Decimal]:
    return [Decimal(text) for text in texts]


def test_a_figure_is_divided_in_proportion_to_the_weights() -> None:
    assert allocate(Decimal(12), decimals("1", "2", "3")) == decimals("2", "4", "6")


def test_days_without_any_weight_share_evenly() -> None:
    assert allocate(Decimal(9), decimals("0", "0", "0")) == decimals("3", "3", "3")


def test_what_a_day_cannot_take_goes_to_the_others() -> None:
    assert allocate(Decimal(22), decimals("3", "2", "1"), Decimal(10)) == decimals("10", "8", "4")
    assert allocate(Decimal(25), decimals("1", "1", "0"), Decimal(10)) == decimals("10", "10", "5")


def test_the_last_day_takes_the_difference_of_rounding() -> None:
    third = Decimal(10) / 3
    assert settle([third] * 3, Decimal(10)) == decimals("3.33", "3.33", "3.34")
    assert settle([Decimal("0.125")] * 2, Decimal("0.25")) == decimals("0.13", "0.12")


def test_the_day_before_takes_what_the_last_one_cannot() -> None:
    shares = [Decimal("0.006")] * 3
    assert settle(shares, Decimal("0.018")) == decimals("0.01", "0.008", "0")
    full = [Decimal("6.994")] * 3
    assert settle(full, Decimal("20.982"), [Decimal(7)] * 3) == decimals("6.99", "6.992", "7")


@given(COUNTS, WEIGHTS)
def test_the_days_are_what_was_divided_and_none_is_negative(total: Decimal, weights: list[Decimal]) -> None:
    days = settle(allocate(total, weights), total)
    assert sum(days) == total
    assert min(days) >= 0


@given(st.decimals(0, 1, places=4), WEIGHTS)
def test_no_day_exceeds_its_limit(occupancy: Decimal, weights: list[Decimal]) -> None:
    total, limit = occupancy * 200 * len(weights), Decimal(200)
    days = settle(allocate(total, weights, limit), total, [limit] * len(weights))
    assert sum(days) == total
    assert all(0 <= day <= limit for day in days)
