"""Accumulation periods: which earlier months count, and that they count in whole cents."""

from datetime import date
from decimal import Decimal

from hypothesis import given

from shared_code.domain.accumulation import Accumulation, accumulate, earlier_months
from shared_code.domain.months import add_months
from tests.domain.strategies import DATES, PERIODS

START = date(2022, 3, 18)


def test_a_monthly_period_has_no_earlier_months() -> None:
    assert earlier_months(Accumulation.MONTHLY, START, "2025-05") == []


def test_a_calendar_period_begins_in_january() -> None:
    assert earlier_months(Accumulation.ANNUAL_CALENDAR, START, "2025-03") == ["2025-01", "2025-02"]
    assert earlier_months(Accumulation.ANNUAL_CALENDAR, START, "2025-01") == []


def test_an_anniversary_period_begins_in_the_month_of_the_contract_start() -> None:
    assert earlier_months(Accumulation.ANNUAL_ANNIVERSARY, START, "2025-05") == ["2025-03", "2025-04"]
    assert earlier_months(Accumulation.ANNUAL_ANNIVERSARY, START, "2025-03") == []


def test_an_anniversary_period_runs_across_the_turn_of_the_year() -> None:
    months = earlier_months(Accumulation.ANNUAL_ANNIVERSARY, START, "2025-02")
    assert (months[0], months[-1], len(months)) == ("2024-03", "2025-01", 11)


@given(DATES, PERIODS)
def test_annual_periods_are_the_consecutive_months_before_and_at_most_eleven(start: date, period: str) -> None:
    for accumulation in (Accumulation.ANNUAL_CALENDAR, Accumulation.ANNUAL_ANNIVERSARY):
        months = earlier_months(accumulation, start, period)
        assert months == [add_months(period, -distance) for distance in range(len(months), 0, -1)]
        assert len(months) <= 11


def test_months_are_carried_in_whole_cents_and_missing_ones_count_as_0() -> None:
    series = {"2025-01": Decimal("10.005"), "2025-02": Decimal("0.005"), "2025-09": Decimal(99)}
    assert accumulate(["2025-01", "2025-02", "2025-03"], series) == Decimal("10.02")
