"""The running month: blended series and accounts."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared_code.domain.expense_rows import AccountForecast
from shared_code.domain.months import days_of
from shared_code.domain.trend import (
    blend,
    blend_days,
    blend_other_expense,
    blend_with_month,
    greater_of,
    last_day_with_data,
)
from tests.domain.strategies import MONEY

PERIOD, BUSINESS_DATE = "2025-07", date(2025, 7, 16)
ACTUAL = st.dictionaries(st.dates(date(2025, 6, 25), date(2025, 8, 5)), MONEY, max_size=20)


def july(day: int) -> date:
    """A day of July 2025."""
    return date(2025, 7, day)


def test_the_last_day_with_data_is_the_latest_that_is_not_0() -> None:
    actual = {july(9): Decimal(5), july(13): Decimal(-1), july(14): Decimal(0), july(17): Decimal(9)}
    assert last_day_with_data(actual, PERIOD, BUSINESS_DATE) == july(13)


def test_days_of_another_month_are_no_data() -> None:
    assert last_day_with_data({date(2025, 6, 30): Decimal(7)}, PERIOD, BUSINESS_DATE) is None


def test_a_gap_before_the_last_day_is_a_recorded_zero() -> None:
    forecast = {day: Decimal(100) for day in days_of(PERIOD)}
    series = blend_days({july(1): Decimal(40), july(10): Decimal(60)}, forecast, PERIOD, BUSINESS_DATE)
    assert (series.last_day, series.actual_part, series.forecast_part) == (july(10), Decimal(100), Decimal(2_100))


def test_a_month_recorded_to_its_last_day_has_no_forecast_part() -> None:
    series = blend_with_month({july(31): Decimal(1)}, Decimal(3_100), PERIOD, july(31))
    assert (series.actual_part, series.forecast_part) == (Decimal(1), Decimal(0))


def test_the_forecast_is_asked_from_the_day_after_the_last_one() -> None:
    asked = []

    def forecast_from(day: date) -> Decimal:
        asked.append(day)
        return Decimal(0)

    blend({july(15): Decimal(1)}, PERIOD, BUSINESS_DATE, forecast_from)
    blend({}, PERIOD, BUSINESS_DATE, forecast_from)
    assert asked == [july(16), july(1)]


@given(ACTUAL, st.decimals(min_value=0, max_value=100_000, places=2))
def test_an_even_forecast_is_the_same_by_day_and_by_month(actual: dict[date, Decimal], month: Decimal) -> None:
    by_day = blend_days(actual, dict.fromkeys(days_of(PERIOD), month / 31), PERIOD, BUSINESS_DATE)
    by_month = blend_with_month(actual, month, PERIOD, BUSINESS_DATE)
    assert by_day.last_day == by_month.last_day
    assert by_day.actual_part == by_month.actual_part
    assert round(by_day.value, 10) == round(by_month.value, 10)


@given(ACTUAL, MONEY)
def test_later_records_never_change_the_blend(actual: dict[date, Decimal], later: Decimal) -> None:
    changed = {**actual, july(17): later, date(2025, 8, 1): later}
    before = {day: value for day, value in actual.items() if day not in {july(17), date(2025, 8, 1)}}
    assert blend_with_month(changed, Decimal(31), PERIOD, BUSINESS_DATE) == blend_with_month(
        before, Decimal(31), PERIOD, BUSINESS_DATE
    )


@pytest.mark.parametrize(
    ("posted", "forecast", "expected"),
    [("300", "500", "500"), ("300", "200", "300"), ("-40", None, "-40"), (None, "-5", "-5"), ("-40", "0", "0")],
)
def test_the_greater_of_two_counts_and_the_only_one_where_there_is_one(
    posted: str | None, forecast: str | None, expected: str
) -> None:
    amounts = [None if amount is None else Decimal(amount) for amount in (posted, forecast)]
    assert greater_of(*amounts) == Decimal(expected)


def test_an_account_with_neither_figure_is_0() -> None:
    assert greater_of(None, None) == 0


def test_other_expense_is_weighed_account_by_account_without_those_of_other_rows() -> None:
    posted = {"7113": Decimal(300), "7205": Decimal(-40), "7170": Decimal(900)}
    forecast = [
        AccountForecast("7045", Decimal(10), is_saved=False),
        AccountForecast("7113", Decimal(200), is_saved=True),
        AccountForecast("7101", Decimal(77), is_saved=False),
    ]
    blended = blend_other_expense(posted, forecast)
    assert [(entry.account, entry.posted, entry.forecast, entry.amount) for entry in blended] == [
        ("7045", None, Decimal(10), Decimal(10)),
        ("7113", Decimal(300), Decimal(200), Decimal(300)),
        ("7205", Decimal(-40), None, Decimal(-40)),
    ]
