"""Windows of a trend and their points."""

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared_code.domain.errors import CalculationError
from shared_code.domain.trend_windows import (
    INVALID_PERIOD,
    TIMEFRAMES,
    Granularity,
    trend_window,
    window_points,
)
from tests.domain.strategies import DATES

AS_OF = date(2025, 7, 16)


@pytest.mark.parametrize(
    ("timeframe", "name", "start", "end", "granularity", "points"),
    [
        ("90d", "90d", date(2025, 4, 18), AS_OF, Granularity.DAY, 90),
        ("Weekly", "13w", date(2025, 4, 20), date(2025, 7, 19), Granularity.WEEK, 13),
        ("3m", "3m", date(2025, 5, 1), date(2025, 7, 31), Granularity.MONTH, 3),
        ("36M", "36m", date(2022, 8, 1), date(2025, 7, 31), Granularity.MONTH, 36),
        ("quarterly", "24m", date(2023, 8, 1), date(2025, 7, 31), Granularity.QUARTER, 9),
        ("annual", "36m", date(2022, 8, 1), date(2025, 7, 31), Granularity.YEAR, 4),
        ("mtd", "mtd", date(2025, 7, 1), AS_OF, Granularity.DAY, 16),
        ("qtd", "qtd", date(2025, 7, 1), AS_OF, Granularity.MONTH, 1),
        ("YTD", "ytd", date(2025, 1, 1), AS_OF, Granularity.MONTH, 7),
    ],
)
def test_a_timeframe_has_its_days_and_points(
    timeframe: str, name: str, start: date, end: date, granularity: Granularity, points: int
) -> None:
    window = trend_window(timeframe, AS_OF)
    assert (window.timeframe, window.start, window.end, window.granularity) == (name, start, end, granularity)
    assert len(window_points(window)) == points


@pytest.mark.parametrize("timeframe", ["2w", "", " 30d", "13", "daily;"])
def test_any_other_timeframe_is_refused_with_those_that_are_accepted(timeframe: str) -> None:
    with pytest.raises(CalculationError, match="accepted are 30d") as refused:
        trend_window(timeframe, AS_OF)
    assert refused.value.code == INVALID_PERIOD
    assert refused.value.details["accepted"] == list(TIMEFRAMES)


def test_points_are_named_as_their_kind_wants() -> None:
    labels = {name: window_points(trend_window(name, AS_OF))[-1].label for name in ("30d", "13w", "3m", "quarterly")}
    assert labels == {"30d": "2025-07-16", "13w": "2025-07-19", "3m": "2025-07", "quarterly": "2025-Q3"}
    assert window_points(trend_window("yearly", AS_OF))[0].label == "2022"


def test_the_first_year_of_a_window_is_cut_at_its_start() -> None:
    first = window_points(trend_window("yearly", AS_OF))[0]
    assert (first.start, first.end) == (date(2022, 8, 1), date(2022, 12, 31))


@given(st.sampled_from(TIMEFRAMES), DATES)
def test_the_points_cover_every_day_of_the_window_once(timeframe: str, as_of: date) -> None:
    window = trend_window(timeframe, as_of)
    points = window_points(window)
    assert window.start <= as_of <= window.end
    assert (points[0].start, points[-1].end) == (window.start, window.end)
    for before, after in pairwise(points):
        assert after.start == before.end + timedelta(days=1)
    assert len({point.label for point in points}) == len(points)


@given(DATES)
def test_weeks_run_from_sunday_to_saturday(as_of: date) -> None:
    points = window_points(trend_window("13w", as_of))
    assert {(point.start.isoweekday(), point.end.isoweekday()) for point in points} == {(7, 6)}
