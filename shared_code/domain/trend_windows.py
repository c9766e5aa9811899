"""The windows of a trend: which days a timeframe covers and of which points it consists.

Source: Calculations, "Windows".
"""

import calendar
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from shared_code.domain.errors import CalculationError
from shared_code.domain.months import add_months, first_day, last_day, period_of

INVALID_PERIOD = "INVALID_PERIOD"
"""Code of the refusal of an unknown timeframe."""

_DAYS_PER_WEEK = 7


class Granularity(StrEnum):
    """What one point of a trend stands for."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


@dataclass(frozen=True, slots=True)
class TrendWindow:
    """A timeframe by its own name, its first and last day (both included) and its kind of point."""

    timeframe: str
    start: date
    end: date
    granularity: Granularity


@dataclass(frozen=True, slots=True)
class WindowPoint:
    """One point of a window: its name and the days of the window that belong to it.

    Days are named by their date, weeks by their Saturday, the others `YYYY-MM`, `YYYY-Qn` and `YYYY`.
    """

    label: str
    start: date
    end: date


_DAYS = {"30d": 30, "90d": 90}
_WEEKS = {"13w": 13}
_MONTHS = {"3m": 3, "6m": 6, "12m": 12, "24m": 24, "36m": 36}
_TO_DATE = {"mtd": (1, Granularity.DAY), "qtd": (3, Granularity.MONTH), "ytd": (12, Granularity.MONTH)}
_ALIASES = {
    "daily": ("30d", Granularity.DAY),
    "weekly": ("13w", Granularity.WEEK),
    "monthly": ("12m", Granularity.MONTH),
    "quarterly": ("24m", Granularity.QUARTER),
    "yearly": ("36m", Granularity.YEAR),
    "annual": ("36m", Granularity.YEAR),
}
TIMEFRAMES = (*_DAYS, *_WEEKS, *_MONTHS, *_TO_DATE, *_ALIASES)
"""Every accepted timeframe: the names, then the aliases."""


def trend_window(timeframe: str, as_of: date) -> TrendWindow:
    """The window of `timeframe` (any case) up to the as-of date.

    Windows of weeks and months include the whole week or month of the as-of date. Raises `CalculationError` with code
    `INVALID_PERIOD` for any other timeframe.

    Source: Calculations, "Windows".
    """
    name, granularity = _ALIASES.get(timeframe.lower(), (timeframe.lower(), None))
    if name in _DAYS:
        return TrendWindow(name, as_of - timedelta(days=_DAYS[name] - 1), as_of, Granularity.DAY)
    if name in _WEEKS:
        end = _saturday_of(as_of)
        return TrendWindow(name, end - timedelta(days=_WEEKS[name] * _DAYS_PER_WEEK - 1), end, Granularity.WEEK)
    if name in _MONTHS:
        month = period_of(as_of)
        start = first_day(add_months(month, 1 - _MONTHS[name]))
        return TrendWindow(name, start, last_day(month), granularity or Granularity.MONTH)
    if name in _TO_DATE:
        months, points = _TO_DATE[name]
        first_month = as_of.month - (as_of.month - 1) % months
        return TrendWindow(name, as_of.replace(month=first_month, day=1), as_of, points)
    raise CalculationError(
        f"unknown timeframe '{timeframe}'; accepted are {', '.join(TIMEFRAMES)}",
        code=INVALID_PERIOD,
        field="timeframe",
        details={"accepted": list(TIMEFRAMES)},
    )


def window_points(window: TrendWindow) -> tuple[WindowPoint, ...]:
    """The points of a window in order; the first and last are cut at its ends.

    Source: Calculations, "Windows".
    """
    points = []
    start = window.start
    while start <= window.end:
        label, end = _point_of(start, window.granularity)
        points.append(WindowPoint(label, start, min(end, window.end)))
        start = end + timedelta(days=1)
    return tuple(points)


def _point_of(day: date, granularity: Granularity) -> tuple[str, date]:
    """The name and the last day of the point that contains `day`."""
    if granularity is Granularity.DAY:
        return day.isoformat(), day
    if granularity is Granularity.WEEK:
        saturday = _saturday_of(day)
        return saturday.isoformat(), saturday
    if granularity is Granularity.MONTH:
        return period_of(day), last_day(period_of(day))
    if granularity is Granularity.QUARTER:
        quarter = (day.month + 2) // 3
        return f"{day.year:04d}-Q{quarter}", last_day(f"{day.year:04d}-{quarter * 3:02d}")
    return f"{day.year:04d}", date(day.year, 12, 31)


def _saturday_of(day: date) -> date:
    """The last day of the Sunday-to-Saturday week of `day`."""
    return day + timedelta(days=(calendar.SATURDAY - day.weekday()) % _DAYS_PER_WEEK)
