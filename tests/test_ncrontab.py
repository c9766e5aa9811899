"""NCRONTAB as the platform reads it."""

from datetime import UTC, datetime, time, timedelta, timezone
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared_code.errors import ConfigurationError
from shared_code.ncrontab import Schedule


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("schedule", "moment", "following"),
    [
        ("*/10 * * * * *", "2025-06-10T11:59:50", "2025-06-10T12:00:00"),
        ("0 */5 * * * *", "2025-06-10T11:58:00.5", "2025-06-10T12:00:00"),
        ("0 0 */4 * * *", "2025-06-10T04:00:00", "2025-06-10T08:00:00"),
        ("0 30 */4 * * *", "2025-06-10T20:30:00", "2025-06-11T00:30:00"),
        ("0 0 10,16 * * *", "2025-06-10T10:00:00", "2025-06-10T16:00:00"),
        ("0 0 12 10 * *", "2025-12-10T12:00:00", "2026-01-10T12:00:00"),
        ("0 30 1 2 * *", "2025-01-31T00:00:00", "2025-02-02T01:30:00"),
        ("0 0 0 * JAN MON", "2025-06-10T00:00:00", "2026-01-05T00:00:00"),
        ("0 0 0 * january,jun Mon-wed", "2025-06-10T00:00:00", "2025-06-11T00:00:00"),
        ("15-45/15 0 0 * * *", "2025-06-10T00:00:15", "2025-06-10T00:00:30"),
        ("0 20/25 0 * * *", "2025-06-10T00:20:00", "2025-06-10T00:45:00"),
        ("0 0 0 29 2 *", "2025-01-01T00:00:00", "2028-02-29T00:00:00"),
        ("0 0 0 29 2 *", "2096-02-29T00:00:00", "2104-02-29T00:00:00"),
        ("*/5 * * * *", "2025-06-10T00:01:00", "2025-06-10T00:05:00"),
    ],
)
def test_the_next_moment_is_the_first_one_after_the_given(schedule: str, moment: str, following: str) -> None:
    assert Schedule.parse(schedule).next_after(at(moment)) == at(following)


def test_a_day_counts_when_day_of_month_and_day_of_week_both_do() -> None:
    friday_the_thirteenth = Schedule.parse("0 0 0 13 * FRI")
    assert friday_the_thirteenth.next_after(at("2025-01-01T00:00:00")) == at("2025-06-13T00:00:00")
    assert friday_the_thirteenth.next_after(at("2025-06-13T00:00:00")) == at("2026-02-13T00:00:00")


def test_sunday_is_day_0() -> None:
    assert Schedule.parse("0 0 0 * * 0").next_after(at("2025-06-10T00:00:00")) == at("2025-06-15T00:00:00")


def test_a_reversed_range_is_turned_round_as_on_the_platform() -> None:
    assert Schedule.parse("0 0 0 * * FRI-MON").weekdays == frozenset({1, 2, 3, 4, 5})


def test_a_moment_of_another_zone_is_read_in_utc() -> None:
    moment = datetime(2025, 6, 10, 1, 30, tzinfo=timezone(timedelta(hours=2)))
    assert Schedule.parse("0 0 0 * * *").next_after(moment) == at("2025-06-10T00:00:00")


def test_a_moment_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="needs its zone"):
        Schedule.parse("* * * * * *").next_after(datetime(2025, 6, 10))  # noqa: DTZ001 - that is the point


def test_the_latest_moment_includes_the_given_one() -> None:
    schedule = Schedule.parse("0 0 3 * * *")
    assert schedule.latest_at(at("2025-06-10T03:00:00.9")) == at("2025-06-10T03:00:00")
    assert schedule.latest_at(at("2025-06-10T02:59:59.9")) == at("2025-06-09T03:00:00")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "expected six fields"),
        ("* * * *", "got 4"),
        ("0 0 0 * * * *", "got 7"),
        ("60 * * * * *", "second: 60 is outside 0-59"),
        ("0 0 24 * * *", "hour: 24 is outside 0-23"),
        ("0 0 0 0 * *", "day of the month: 0 is outside 1-31"),
        ("0 0 0 * 13 *", "month: 13 is outside 1-12"),
        ("0 0 0 * * 7", "day of the week: 7 is outside 0-6"),
        ("0 0 0 * * FUNDAY", "a name \\(SUN, MON, TUE, WED, THU, FRI, SAT\\), got 'FUNDAY'"),
        ("0 0 0 ? * *", "day of the month: expected '\\*', a number 1-31, got '\\?'"),
        ("0 0 0 L * *", "got 'L'"),
        ("*/0 * * * * *", "the step after '/' is a whole number from 1, got '0'"),
        ("*/x * * * * *", "got 'x'"),
        ("1,,2 * * * * *", "got ''"),
        ("1- * * * * *", "got ''"),
        ("-1 * * * * *", "got ''"),
        ("1.5 * * * * *", "got '1.5'"),
        ("٣ * * * * *", "got '٣'"),
        ("00:00:10", "expected six fields"),
        ("0 0 0 30 FEB *", "never comes: none of its months has a day 30"),
        ("0 0 0 31 4,6,9,11 *", "never comes"),
    ],
)
def test_what_is_not_a_schedule_is_refused_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(ConfigurationError, match=reason):
        Schedule.parse(text)


def fields(lowest: int, highest: int) -> st.SearchStrategy[str]:
    number = st.integers(lowest, highest)
    ranges = st.tuples(number, number).map(lambda pair: f"{min(pair)}-{max(pair)}")
    steps = st.tuples(st.one_of(st.just("*"), ranges, number.map(str)), st.integers(1, 40)).map(
        lambda pair: f"{pair[0]}/{pair[1]}"
    )
    part = st.one_of(st.just("*"), number.map(str), ranges, steps)
    return st.lists(part, min_size=1, max_size=3).map(",".join)


moments = st.datetimes(datetime(2000, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
schedules = st.tuples(fields(0, 59), fields(0, 59), fields(0, 23), fields(1, 28), fields(1, 12), fields(0, 6)).map(
    lambda parts: Schedule.parse(" ".join(parts))
)


def second_by_second(schedule: Schedule, moment: datetime) -> datetime:
    """The same answer from first principles: every day, every time of day, in order."""
    times = sorted(time(*parts) for parts in product(schedule.hours, schedule.minutes, schedule.seconds))
    day = moment.date()
    while True:
        if day.day in schedule.days and day.month in schedule.months and day.isoweekday() % 7 in schedule.weekdays:
            for moment_of_day in times:
                found = datetime.combine(day, moment_of_day, UTC)
                if found > moment:
                    return found
        day += timedelta(days=1)


@settings(deadline=None)  # the comparison builds every time of a day
@given(schedules, moments)
def test_the_next_moment_is_later_matches_and_nothing_lies_between(schedule: Schedule, moment: datetime) -> None:
    following = schedule.next_after(moment)
    assert following > moment
    assert schedule.matches(following)
    assert following == second_by_second(schedule, moment)


@settings(deadline=None)
@given(schedules, moments)
def test_the_latest_moment_is_the_one_before_the_next(schedule: Schedule, moment: datetime) -> None:
    latest = schedule.latest_at(moment)
    assert latest <= moment
    assert schedule.matches(latest)
    assert schedule.next_after(latest) > moment
