"""Stretches of days in which statistics are summed, and the days with which they are compared.

Source: REST API, "Statistics" and "Periods and windows"; Calculations, "Weeks".
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from shared_code.domain.months import add_months, days_in, first_day, last_day, period_of
from shared_code.domain.weeks import SATURDAY, weeks_of
from shared_code.services.periods import Period


@dataclass(frozen=True, slots=True)
class Bucket:
    """Days from `start` to `end`, both included, under a name; `partial`: not the whole week, month or quarter."""

    start: date
    end: date
    label: str
    partial: bool


def buckets_of(period: Period, granularity: str) -> list[Bucket]:
    """The weeks, months or quarters of a period, cut at its ends.

    A week never crosses a month and is named by its Saturday, even when that lies in the next month.
    """
    named = {"week": _weeks, "month": _months, "quarter": _quarters}[granularity](period)
    return [
        Bucket(max(whole.start, period.first), min(whole.end, period.last), whole.label,
               whole.partial or whole.start < period.first or whole.end > period.last)
        for whole in named
        if whole.start <= period.last and whole.end >= period.first
    ]  # fmt: skip


def moved_back(first: date, last: date, months: int) -> tuple[date, date] | None:
    """The same days so many months before; whole months stay whole. None where the first day does not exist there."""
    start_month, end_month = add_months(period_of(first), -months), add_months(period_of(last), -months)
    if first.day > days_in(start_month):
        return None
    is_whole = first.day == 1 and last == last_day(period_of(last))
    end_day = days_in(end_month) if is_whole else min(last.day, days_in(end_month))
    return first_day(start_month).replace(day=first.day), first_day(end_month).replace(day=end_day)


def _weeks(period: Period) -> Iterator[Bucket]:
    for month in period.months:
        for week in weeks_of(month):
            saturday = week.start + timedelta(days=(SATURDAY - week.start.weekday()) % 7)
            yield Bucket(week.start, week.end, saturday.isoformat(), week.days < 7)


def _months(period: Period) -> Iterator[Bucket]:
    return (Bucket(first_day(month), last_day(month), month, partial=False) for month in period.months)


def _quarters(period: Period) -> Iterator[Bucket]:
    for year, quarter in dict.fromkeys((int(month[:4]), (int(month[5:]) + 2) // 3) for month in period.months):
        first, last = f"{year}-{3 * quarter - 2:02d}", f"{year}-{3 * quarter:02d}"
        yield Bucket(first_day(first), last_day(last), f"{year}-Q{quarter}", partial=False)
