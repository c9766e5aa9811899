"""Calendar months as `YYYY-MM`, their days, and their kind seen from a business date.

Source: Calculations, "Vocabulary" and "Month kinds and trend".
"""

import calendar
from collections.abc import Iterator
from datetime import date, timedelta
from enum import StrEnum

FIRST_YEAR, LAST_YEAR = 2000, 2099
"""The years that periods and dates may name: any other is a slip of the keyboard.

Source: REST API, "Periods and windows".
"""

EARLIEST, LATEST = date(FIRST_YEAR, 1, 1), date(LAST_YEAR, 12, 31)
"""The first and the last day of these years."""


class MonthKind(StrEnum):
    """What a month is on a business date: closed, running, or still to come."""

    ACTUAL = "actual"
    CURRENT = "current"
    FORECAST = "forecast"


def period_of(day: date) -> str:
    """The month of `day`, `YYYY-MM`."""
    return f"{day.year:04d}-{day.month:02d}"


def first_day(period: str) -> date:
    """The first day of `period` (`YYYY-MM`)."""
    return date(int(period[:4]), int(period[5:7]), 1)


def days_in(period: str) -> int:
    """The number of days of `period`."""
    return calendar.monthrange(int(period[:4]), int(period[5:7]))[1]


def last_day(period: str) -> date:
    """The last day of `period`."""
    return first_day(period).replace(day=days_in(period))


def days_of(period: str) -> Iterator[date]:
    """The days of `period` in order."""
    start = first_day(period)
    return (start + timedelta(days=offset) for offset in range(days_in(period)))


def months_of_year(year: int) -> list[str]:
    """The twelve months of `year`."""
    return [f"{year:04d}-{month:02d}" for month in range(1, 13)]


def add_months(period: str, months: int) -> str:
    """The month that lies `months` after `period` (before it, when negative)."""
    count = int(period[:4]) * 12 + int(period[5:7]) - 1 + months
    return f"{count // 12:04d}-{count % 12 + 1:02d}"


def months_between(first: str, last: str) -> list[str]:
    """The months from `first` to `last`, both included; none when `last` lies before."""
    months = []
    month = first
    while month <= last:
        months.append(month)
        month = add_months(month, 1)
    return months


def month_kind(period: str, business_date: date) -> MonthKind:
    """What `period` is on `business_date`, by year and month together."""
    current = period_of(business_date)
    if period < current:
        return MonthKind.ACTUAL
    return MonthKind.CURRENT if period == current else MonthKind.FORECAST
