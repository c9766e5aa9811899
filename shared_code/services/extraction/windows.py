"""The window of each strategy, and the name of the slice that it makes.

Source: Source side, "Incremental strategy".
"""

from datetime import date, timedelta

from shared_code.domain.months import add_months, first_day, last_day, period_of
from shared_code.services.extraction.feed import Slice, SliceRequest
from shared_code.sources.warehouse.window import Window

SUNDAY = 6
SUNDAY_DAYS = 35
"""Once a week a daily feed looks back further than its own window."""


def full() -> list[Slice]:
    """Everything there is."""
    return [Slice("full", Window())]


def trailing_days(request: SliceRequest, days: int) -> list[Slice]:
    """The `days` up to and including the as-of date, or the stretch asked for."""
    if request.stretch:
        return [_days(*request.stretch, f"{request.date_from}..{request.date_to}")]
    first = request.as_of - timedelta(days=days - 1)
    return [_days(first, request.as_of, f"trailing-{days}")]


def daily_statistics(request: SliceRequest, days: int) -> list[Slice]:
    """The trailing days; on Sundays five weeks, for corrections that come late."""
    is_sunday = request.as_of.weekday() == SUNDAY
    return trailing_days(request, max(days, SUNDAY_DAYS) if is_sunday else days)


def schedule_days(request: SliceRequest) -> list[Slice]:
    """From 7 days back to 21 days ahead, or the stretch asked for."""
    if request.stretch:
        return trailing_days(request, 1)
    first, last = request.as_of - timedelta(days=7), request.as_of + timedelta(days=21)
    return [_days(first, last, "schedule")]


def recent_periods(request: SliceRequest) -> list[Slice]:
    """The current and the two months before it; of a stretch its months, none later than the current one."""
    current = period_of(request.as_of)
    if request.stretch:
        first, last = period_of(request.stretch[0]), min(period_of(request.stretch[1]), current)
        return [_periods(first, last, f"{first}..{last}")]
    return [_periods(add_months(current, -2), current, "recent-periods")]


def recent_months_by_day(request: SliceRequest) -> list[Slice]:
    """The days of the months of `recent_periods`, none after the as-of date: for monthly figures of daily rows."""
    (months,) = recent_periods(request)
    first, last = months.window.period_from, months.window.period_to
    assert first is not None
    assert last is not None
    return [_days(first_day(first), min(last_day(last), request.as_of), months.name)]


def month_of(request: SliceRequest) -> list[Slice]:
    """The days of the month of the as-of date."""
    period = period_of(request.as_of)
    return [_days(first_day(period), last_day(period), "month")]


def budget_years(request: SliceRequest) -> list[Slice]:
    """The current year and the next, which may still be empty; of a stretch its years."""
    if request.stretch:
        return [
            _periods(f"{year}-01", f"{year}-12", f"year-{year}", optional=year > request.as_of.year)
            for year in range(request.stretch[0].year, request.stretch[1].year + 1)
        ]
    year = request.as_of.year
    return [
        _periods(f"{year}-01", f"{year}-12", f"year-{year}"),
        _periods(f"{year + 1}-01", f"{year + 1}-12", f"year-{year + 1}", optional=True),
    ]


def _days(first: date, last: date, name: str) -> Slice:
    return Slice(name, Window.of_days(first, last + timedelta(days=1)))


def _periods(first: str, last: str, name: str, *, optional: bool = False) -> Slice:
    return Slice(name, Window.of_periods(first, last), optional)
