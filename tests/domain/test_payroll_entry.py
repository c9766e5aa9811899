"""Entry of payroll by group or by cost."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared_code.domain.errors import CALCULATION_ERROR, CalculationError
from shared_code.domain.payroll import SiteJobCode
from shared_code.domain.payroll_entry import (
    DayBudget,
    budget_of_day,
    hours_for_cost,
    salaried_budget_of_day,
    spread_group_hours,
)
from shared_code.domain.rates_in_force import RateMethod, RateRow

DAY = date(2025, 4, 10)
SALARIED = SiteJobCode("MGR", True, Decimal(60_000), Decimal(5))


def code(name: str, rate: str | None, employees: int = 0) -> SiteJobCode:
    """An hourly code."""
    return SiteJobCode(name, active_employees=Decimal(employees), default_rate=None if rate is None else Decimal(rate))


def test_salaried_codes_of_a_group_receive_no_hours() -> None:
    spread = spread_group_hours(Decimal(9), [SALARIED, code("A", "10", 2), code("B", "12", 1)], DAY)
    assert [(part.job_code, part.hours, part.cost) for part in spread] == [
        ("A", Decimal(6), Decimal(60)),
        ("B", Decimal(3), Decimal(36)),
    ]


def test_each_code_is_priced_at_its_rate_of_the_day() -> None:
    rated = SiteJobCode("A", rates=(RateRow(Decimal(20), RateMethod.MANUAL, DAY, DAY),), default_rate=Decimal(10))
    assert spread_group_hours(Decimal(2), [rated], DAY)[0].cost == 40
    assert spread_group_hours(Decimal(2), [rated], date(2025, 4, 11))[0].cost == 20


def test_hours_of_a_code_without_a_rate_have_no_cost() -> None:
    assert spread_group_hours(Decimal(2), [code("A", None)], DAY)[0].cost is None


def test_a_cost_is_divided_by_the_employee_weighted_rate() -> None:
    assert hours_for_cost(Decimal(940), [code("A", "18", 4), code("B", "22", 1)], DAY) == 50


def test_a_code_without_employees_and_rate_does_not_stop_its_group() -> None:
    assert hours_for_cost(Decimal(36), [code("A", "18", 4), code("NEW", None)], DAY) == 2


def test_a_cost_is_refused_where_a_code_that_counts_has_no_rate() -> None:
    with pytest.raises(CalculationError) as refused:
        hours_for_cost(Decimal(36), [code("A", "18", 4), code("NEW", None, 1)], DAY)
    assert (refused.value.code, refused.value.details) == (CALCULATION_ERROR, {"jobCodes": ["NEW"]})


@pytest.mark.parametrize("codes", [[], [SALARIED]])
def test_a_group_without_hourly_codes_is_refused(codes: list[SiteJobCode]) -> None:
    with pytest.raises(CalculationError):
        spread_group_hours(Decimal(8), codes, DAY)
    with pytest.raises(CalculationError):
        hours_for_cost(Decimal(8), codes, DAY)


@given(st.decimals(min_value=1, max_value=10_000, places=2), st.lists(st.integers(0, 9), min_size=1, max_size=6))
def test_hours_of_a_cost_spread_again_cost_about_as_much(cost: Decimal, employees: list[int]) -> None:
    codes = [code(f"C{number}", str(12 + number), count) for number, count in enumerate(employees)]
    spread = spread_group_hours(hours_for_cost(cost, codes, DAY), codes, DAY)
    priced = sum((part.cost for part in spread if part.cost is not None), Decimal(0))
    assert abs(priced - cost) < Decimal("0.01") * 20 * len(codes)


def test_the_budget_of_a_day_is_the_month_by_its_days() -> None:
    assert budget_of_day("2025-02", Decimal(280), Decimal(5_600)) == DayBudget(Decimal(10), Decimal(200))


def test_a_salaried_code_has_8_hours_per_employee_and_its_salary_per_day() -> None:
    assert salaried_budget_of_day("2024-06", Decimal(3), Decimal(36_600)) == DayBudget(Decimal(24), Decimal(100))
