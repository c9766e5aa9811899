"""Escalation: how many steps a value has made, and what it is after them."""

from datetime import date
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from shared_code.domain.escalation import (
    Escalator,
    EscalatorType,
    apply_escalator,
    apply_increment,
    increment_of,
    steps_since,
)
from shared_code.domain.months import add_months, first_day
from tests.domain.strategies import DATES, PERIODS, POSITIVE_MONEY

ESCALATORS = st.builds(
    Escalator,
    month=st.integers(1, 12),
    type=st.sampled_from(EscalatorType),
    value=st.decimals(min_value=-10, max_value=20, places=2),
)


def test_a_row_that_starts_on_the_increment_date_is_not_increased() -> None:
    assert steps_since(date(2025, 4, 1), 4, "2025-04") == 0
    assert steps_since(date(2025, 4, 1), 4, "2026-03") == 0
    assert steps_since(date(2025, 4, 1), 4, "2026-04") == 1


def test_a_row_that_starts_the_day_before_is_increased_in_the_increment_month() -> None:
    assert steps_since(date(2025, 3, 31), 4, "2025-03") == 0
    assert steps_since(date(2025, 3, 31), 4, "2025-04") == 1


@given(DATES, st.integers(1, 12), PERIODS)
def test_steps_are_the_firsts_of_the_month_after_the_start(start: date, month: int, period: str) -> None:
    dates = [date(year, month, 1) for year in range(2010, 2040)]
    assert steps_since(start, month, period) == sum(start < day <= first_day(period) for day in dates)


def test_an_increment_needs_a_month_and_a_percent_that_is_not_0() -> None:
    assert increment_of(4, Decimal(0)) is None
    assert increment_of(None, Decimal(5)) is None
    assert increment_of(4, None) is None
    assert increment_of(4, Decimal(-5)) is not None


def test_a_contract_increment_is_not_rounded_between_steps() -> None:
    raised = apply_increment(Decimal(1000), date(2023, 1, 1), increment_of(4, Decimal(5)), "2025-04")
    assert (raised.steps, raised.value) == (3, Decimal("1157.625000"))


def test_a_component_is_rounded_at_each_step() -> None:
    pteb = Escalator(1, EscalatorType.PERCENTAGE, Decimal(5))
    values = [apply_escalator(Decimal(25), date(2022, 3, 1), pteb, f"{year}-01").value for year in (2023, 2024, 2025)]
    assert values == [Decimal("26.25"), Decimal("27.56"), Decimal("28.94")]


def test_without_an_escalator_a_value_keeps_its_decimals() -> None:
    assert apply_escalator(Decimal("12.345678"), date(2020, 1, 1), None, "2025-01").value == Decimal("12.345678")


@given(POSITIVE_MONEY, DATES, ESCALATORS, PERIODS, st.integers(0, 60))
def test_escalation_in_two_stretches_is_escalation_in_one(
    value: Decimal, start: date, escalator: Escalator, period: str, months: int
) -> None:
    later = add_months(period, months)
    halfway = apply_escalator(value, start, escalator, period)
    rest = apply_escalator(halfway.value, max(start, first_day(period)), escalator, later)
    whole = apply_escalator(value, start, escalator, later)
    assert (rest.value, halfway.steps + rest.steps) == (whole.value, whole.steps)


@given(POSITIVE_MONEY, DATES, st.integers(1, 12), PERIODS, st.integers(0, 60))
def test_increments_in_two_stretches_are_increments_in_one(
    value: Decimal, start: date, month: int, period: str, months: int
) -> None:
    increment, later = increment_of(month, Decimal("3.25")), add_months(period, months)
    halfway = apply_increment(value, start, increment, period)
    rest = apply_increment(halfway.value, max(start, first_day(period)), increment, later)
    whole = apply_increment(value, start, increment, later)
    assert abs(rest.value - whole.value) < Decimal("1e-12")
