"""Hours by job code: saved, else budgeted, and the rest of a month."""

from datetime import date
from decimal import Decimal
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from shared_code.domain.labor_hours import (
    NO_HOURS,
    HoursSource,
    JobHours,
    LaborDay,
    add_hours_by_code,
    blend_hours,
    forecast_hours,
    forecast_hours_after,
    hours_of,
)
from shared_code.domain.rounding import ZERO

HOURS = st.none() | st.decimals(min_value=0, max_value=9999, places=2)
JULY_DAYS = st.integers(1, 31).map(lambda number: date(2025, 7, number))
LABOR_DAYS = st.lists(
    st.builds(LaborDay, st.sampled_from(["GSA", "gsa ", "VAL"]), JULY_DAYS, HOURS, HOURS), max_size=12
)
BUDGET = {"GSA": Decimal(310), "BELL": Decimal(62)}


def test_one_saved_day_replaces_the_budget_of_its_code_only() -> None:
    hours = forecast_hours([LaborDay("gsa", date(2025, 7, 4), Decimal(8), Decimal(1))], BUDGET)
    assert hours_of(hours, " Gsa") == JobHours(Decimal(8), Decimal(1), HoursSource.FORECAST)
    assert hours_of(hours, "bell") == JobHours(Decimal(62), ZERO, HoursSource.BUDGET)
    assert hours_of(hours, "VAL") == NO_HOURS


def test_a_saved_zero_counts_as_saved_and_an_empty_row_does_not() -> None:
    zero = forecast_hours([LaborDay("GSA", date(2025, 7, 4), ZERO)], BUDGET)
    empty = forecast_hours([LaborDay("GSA", date(2025, 7, 4))], BUDGET)
    assert hours_of(zero, "GSA") == JobHours(ZERO, ZERO, HoursSource.FORECAST)
    assert hours_of(empty, "GSA").source is HoursSource.BUDGET


def test_corrections_of_a_feed_are_added_like_any_other_row() -> None:
    days = [LaborDay("GSA", date(2025, 7, 1), Decimal(8)), LaborDay("GSA", date(2025, 7, 1), Decimal(-3))]
    assert add_hours_by_code(days, HoursSource.ACTUAL)["GSA"].total == Decimal(5)


def test_budget_hours_are_spread_evenly_over_the_rest_of_the_month() -> None:
    rest = forecast_hours_after(date(2025, 7, 15), [], BUDGET)
    assert rest["GSA"].regular == Decimal(160)
    assert forecast_hours_after(date(2025, 7, 31), [], BUDGET)["GSA"].regular == 0


def test_a_code_saved_only_before_the_day_has_nothing_left() -> None:
    saved = [LaborDay("GSA", date(2025, 7, 3), Decimal(8)), LaborDay("VAL", date(2025, 7, 20), Decimal(5))]
    rest = forecast_hours_after(date(2025, 7, 15), saved, BUDGET)
    assert (rest["GSA"].total, rest["VAL"].total) == (ZERO, Decimal(5))


def test_blended_hours_are_actual_hours_and_what_is_left() -> None:
    actual = add_hours_by_code([LaborDay("GSA", date(2025, 7, 1), Decimal(7), Decimal(2))], HoursSource.ACTUAL)
    blended = blend_hours(actual, forecast_hours_after(date(2025, 7, 30), [], BUDGET))
    assert blended["GSA"] == JobHours(Decimal(17), Decimal(2), HoursSource.BLENDED)
    assert blended["BELL"] == JobHours(Decimal(2), ZERO, HoursSource.BLENDED)


@given(LABOR_DAYS, JULY_DAYS)
def test_the_hours_to_a_day_and_after_it_are_the_hours_of_the_month(days: list[LaborDay], cut: date) -> None:
    whole, rest = forecast_hours(days, BUDGET), forecast_hours_after(cut, days, BUDGET)
    assert whole.keys() == rest.keys()
    for code, hours in whole.items():
        if hours.source is HoursSource.FORECAST:
            before = add_hours_by_code([day for day in days if day.day <= cut], HoursSource.FORECAST)
            assert hours_of(before, code).total + rest[code].total == hours.total
        else:
            assert rest[code].total == hours.total * (31 - cut.day) / 31


@given(LABOR_DAYS, st.randoms(use_true_random=False))
def test_the_order_of_the_days_does_not_matter(days: list[LaborDay], random: Random) -> None:
    shuffled = list(days)
    random.shuffle(shuffled)
    assert forecast_hours(shuffled, BUDGET) == forecast_hours(days, BUDGET)
