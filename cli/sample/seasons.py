"""How busy a day is: season, weekday and holidays, in per mille of an average day.

Source: Operations, "Environments" (a generated sample that looks like the business).
"""

import calendar
from datetime import date, timedelta
from enum import StrEnum
from functools import cache

from shared_code.domain.months import days_of


class Pattern(StrEnum):
    """Whose days they are."""

    LODGING = "lodging"
    LEISURE = "leisure"
    CARE = "care"
    WORK = "work"


_MONTHS = {
    Pattern.LODGING: (820, 880, 990, 1030, 1070, 1130, 1150, 1120, 1040, 1060, 900, 810),
    Pattern.LEISURE: (800, 860, 960, 1010, 1060, 1120, 1160, 1130, 1020, 1010, 930, 940),
    Pattern.CARE: (1010, 1010, 1020, 1010, 1010, 1000, 960, 980, 1000, 1020, 1000, 980),
    Pattern.WORK: (990, 1010, 1020, 1020, 1010, 1000, 960, 970, 1020, 1030, 1010, 960),
}
_MONDAY_TO_SUNDAY = {
    Pattern.LODGING: (900, 990, 1030, 1020, 1080, 1120, 860),
    Pattern.LEISURE: (780, 820, 870, 960, 1230, 1390, 950),
    Pattern.CARE: (1240, 1260, 1250, 1220, 1110, 480, 440),
    Pattern.WORK: (1290, 1330, 1330, 1290, 1130, 360, 270),
}
_HOLIDAY = {Pattern.LODGING: 1050, Pattern.LEISURE: 1180, Pattern.CARE: 450, Pattern.WORK: 280}


@cache
def day_weight(pattern: Pattern, day: date) -> int:
    """How busy `day` is, per mille of an average day."""
    weight = _MONTHS[pattern][day.month - 1] * _MONDAY_TO_SUNDAY[pattern][day.weekday()] // 1000
    return weight * _HOLIDAY[pattern] // 1000 if day in holidays(day.year) else weight


@cache
def month_weight(pattern: Pattern, period: str) -> int:
    """The sum of the day weights of the month `period` (`YYYY-MM`)."""
    return sum(day_weight(pattern, day) for day in days_of(period))


def price_level(year: int) -> int:
    """Prices and wages of `year`, per mille of 2024: 3 percent points a year."""
    return max(500, 1000 + 30 * (year - 2024))


@cache
def holidays(year: int) -> frozenset[date]:
    """New Year, Memorial Day, Independence Day, Labor Day, Thanksgiving and Christmas of `year`."""
    return frozenset(
        {
            date(year, 1, 1),
            _last_monday_of_may(year),
            date(year, 7, 4),
            _nth_weekday(year, 9, calendar.MONDAY, 1),
            _nth_weekday(year, 11, calendar.THURSDAY, 4),
            date(year, 12, 25),
        }
    )


def _nth_weekday(year: int, month: int, weekday: int, nth: int) -> date:
    first = date(year, month, 1)
    return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (nth - 1))


def _last_monday_of_may(year: int) -> date:
    last = date(year, 5, 31)
    return last - timedelta(days=(last.weekday() - calendar.MONDAY) % 7)
