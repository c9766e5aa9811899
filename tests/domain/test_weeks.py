"""Weeks run from Sunday to Saturday and never leave the month."""

from datetime import timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from shared_code.domain.months import days_in, first_day, last_day
from shared_code.domain.weeks import weeks_of

MONTHS = st.builds("{:04d}-{:02d}".format, st.integers(2000, 2100), st.integers(1, 12))


@given(MONTHS)
def test_weeks_cover_each_day_of_the_month_once(period: str) -> None:
    weeks = weeks_of(period)
    assert (weeks[0].start, weeks[-1].end) == (first_day(period), last_day(period))
    assert all(later.start == week.end + timedelta(days=1) for week, later in pairwise(weeks))
    assert sum(week.days for week in weeks) == days_in(period)


@given(MONTHS)
def test_every_week_but_the_last_ends_on_a_saturday(period: str) -> None:
    weeks = weeks_of(period)
    assert all(week.end.strftime("%a") == "Sat" for week in weeks[:-1])
    assert all(week.start.strftime("%a") == "Sun" for week in weeks[1:])


def test_a_month_that_begins_on_a_saturday_has_a_first_week_of_one_day() -> None:
    assert [week.days for week in weeks_of("2025-03")] == [1, 7, 7, 7, 7, 2]
