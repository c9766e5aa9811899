"""Scheduled hours and their cost."""

from datetime import date
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from shared_code.domain.payroll import SiteJobCode
from shared_code.domain.schedule import ScheduledDay, Shift, schedule_cost, schedule_days

DAY = date(2025, 6, 1)
VAL = SiteJobCode("VAL", default_rate=Decimal(20))
MANAGER = SiteJobCode("MGR", True, Decimal(36_500))


def test_minutes_of_a_code_and_day_are_added_before_they_are_divided() -> None:
    shifts = [Shift("val ", DAY, 10), Shift("VAL", DAY, 0, 10), Shift("VAL", DAY, 0, 0, 10)]
    assert schedule_days(shifts) == (ScheduledDay("VAL", DAY, Decimal("0.5")),)


def test_a_deleted_shift_leaves_no_day() -> None:
    assert schedule_days([Shift("VAL", DAY, 480, deleted=True)]) == ()


def test_salaried_codes_cost_their_salary_per_day_scheduled_or_not() -> None:
    days = schedule_days([Shift("VAL", DAY, 60), Shift("MGR", DAY, 480)])
    cost = schedule_cost(days, (VAL, MANAGER), DAY, date(2025, 6, 7))
    assert (cost.hourly_cost, cost.salaried_cost, cost.total) == (Decimal(20), Decimal(700), Decimal(720))


def test_a_code_without_a_rate_adds_no_cost_and_is_named_once() -> None:
    days = schedule_days([Shift("NEW", DAY, 60), Shift("NEW", date(2025, 6, 2), 60), Shift("GONE", DAY, 0)])
    cost = schedule_cost(days, (VAL, SiteJobCode("NEW")), DAY, date(2025, 6, 2))
    assert (cost.total, cost.missing_rates) == (Decimal(0), ("NEW",))


def test_days_outside_the_period_do_not_count() -> None:
    days = schedule_days([Shift("VAL", DAY, 60), Shift("VAL", date(2025, 6, 9), 60)])
    assert schedule_cost(days, (VAL,), DAY, date(2025, 6, 7)).hourly_cost == 20


@given(st.lists(st.tuples(st.sampled_from("AB"), st.integers(1, 3), st.integers(0, 600), st.booleans()), max_size=20))
def test_scheduled_hours_are_all_minutes_that_are_not_deleted(shifts: list[tuple[str, int, int, bool]]) -> None:
    days = schedule_days(
        Shift(code, DAY.replace(day=day), minutes, deleted=gone) for code, day, minutes, gone in shifts
    )
    minutes = sum(minutes for _, _, minutes, gone in shifts if not gone)
    assert round(sum((day.hours for day in days), Decimal(0)) * 60, 10) == minutes
    assert list(days) == sorted(days, key=lambda day: (day.job_code, day.day))
