"""The window of each strategy."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared_code.services.extraction import windows
from shared_code.services.extraction.feed import Slice, SliceRequest
from shared_code.services.extraction.windows import SUNDAY

days = st.dates(date(2020, 1, 1), date(2030, 12, 31))


def _days(slice_: Slice) -> tuple[date, date]:
    """First and last day."""
    first, after = slice_.window.days()
    return first, after - timedelta(days=1)


@given(days, st.integers(1, 60))
def test_trailing_days_end_on_the_day_of_the_run(as_of: date, count: int) -> None:
    (slice_,) = windows.trailing_days(SliceRequest(as_of), count)

    first, last = _days(slice_)
    assert (last, (last - first).days + 1, slice_.name) == (as_of, count, f"trailing-{count}")


@given(days)
def test_daily_statistics_look_back_further_on_sundays(as_of: date) -> None:
    (slice_,) = windows.daily_statistics(SliceRequest(as_of), 7)

    assert slice_.name == ("trailing-35" if as_of.weekday() == SUNDAY else "trailing-7")


def test_a_longer_window_of_the_settings_holds_on_sundays_too() -> None:
    (slice_,) = windows.daily_statistics(SliceRequest(date(2025, 6, 8)), 60)

    assert slice_.name == "trailing-60"


def test_a_schedule_is_read_from_a_week_back_to_three_weeks_ahead() -> None:
    (slice_,) = windows.schedule_days(SliceRequest(date(2025, 12, 25)))

    assert _days(slice_) == (date(2025, 12, 18), date(2026, 1, 15))


@pytest.mark.parametrize(
    ("as_of", "first", "last"),
    [
        (date(2025, 6, 10), "2025-04", "2025-06"),
        (date(2025, 1, 31), "2024-11", "2025-01"),
        (date(2024, 2, 29), "2023-12", "2024-02"),
    ],
)
def test_recent_periods_are_the_current_month_and_two_before(as_of: date, first: str, last: str) -> None:
    (slice_,) = windows.recent_periods(SliceRequest(as_of))

    assert (slice_.window.period_from, slice_.window.period_to) == (first, last)


@given(days)
def test_months_read_by_day_end_on_the_day_of_the_run(as_of: date) -> None:
    (slice_,) = windows.recent_months_by_day(SliceRequest(as_of))

    first, last = _days(slice_)
    assert first.day == 1
    assert last == as_of


@given(days)
def test_budgets_are_read_for_this_year_and_the_next_which_may_be_empty(as_of: date) -> None:
    this, following = windows.budget_years(SliceRequest(as_of))

    assert (this.window.period_from, this.window.period_to, this.optional) == (
        f"{as_of.year}-01",
        f"{as_of.year}-12",
        False,
    )
    assert (following.name, following.optional) == (f"year-{as_of.year + 1}", True)


@given(days, days, days)
def test_a_stretch_is_read_as_asked_and_never_beyond_the_current_month(as_of: date, one: date, other: date) -> None:
    first, last = min(one, other), max(one, other)
    request = SliceRequest(as_of, first, last)

    for slice_ in (*windows.trailing_days(request, 7), *windows.schedule_days(request)):
        assert _days(slice_) == (first, last)
    assert [slice_.window.period_from for slice_ in windows.budget_years(request)] == [
        f"{year}-01" for year in range(first.year, last.year + 1)
    ]
    (months,) = windows.recent_periods(request)
    assert (months.window.period_from or "") == f"{first:%Y-%m}"
    assert (months.window.period_to or "") == min(f"{last:%Y-%m}", f"{as_of:%Y-%m}")


def test_a_stretch_has_a_name_of_its_own() -> None:
    request = SliceRequest(date(2025, 6, 10), date(2025, 1, 15), date(2025, 2, 3))

    assert windows.trailing_days(request, 7)[0].name == "2025-01-15..2025-02-03"
    assert windows.recent_periods(request)[0].name == "2025-01..2025-02"
    assert windows.budget_years(request)[0].name == "year-2025"
