"""Rounding: half up, ties away from zero, no signed zero."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared_code.domain.rounding import hourly_rate, money, ratio, round_half_up

EXACT = st.decimals(min_value=-(10**12), max_value=10**12, places=6)


@pytest.mark.parametrize(("value", "rounded"), [("0.125", "0.13"), ("-0.125", "-0.13"), ("-0.004", "0.00")])
def test_ties_go_away_from_zero_and_zero_has_no_sign(value: str, rounded: str) -> None:
    assert str(money(Decimal(value))) == rounded


@given(EXACT, st.integers(0, 6))
def test_a_rounded_value_is_at_most_half_a_step_away_and_stays(value: Decimal, places: int) -> None:
    rounded = round_half_up(value, places)
    assert abs(rounded - value) * 2 <= Decimal(1).scaleb(-places)
    assert round_half_up(rounded, places) == rounded


@given(EXACT)
def test_rounding_does_not_depend_on_the_sign(value: Decimal) -> None:
    assert money(-value) == -money(value)


@given(st.lists(EXACT, max_size=12))
def test_cells_add_up_to_what_is_printed(values: list[Decimal]) -> None:
    cells = [money(value) for value in values]
    assert money(sum(cells, Decimal(0))) == sum(cells, Decimal(0))


def test_rates_and_ratios_have_six_decimals() -> None:
    assert str(hourly_rate(Decimal("18.0921354764"))) == "18.092135"
    assert str(ratio(Decimal("0.0000005"))) == "0.000001"
