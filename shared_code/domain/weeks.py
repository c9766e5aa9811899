"""Weeks of a month: Sunday to Saturday, cut at the ends of the month.

Source: Calculations, "Weeks".
"""

from dataclasses import dataclass
from datetime import date, timedelta

from shared_code.domain.months import first_day, last_day

SATURDAY = 5
"""The last day of a week, as `date.weekday` counts."""


@dataclass(frozen=True, slots=True)
class Week:
    """A stretch of days of one month, both ends included."""

    start: date
    end: date

    @property
    def days(self) -> int:
        """The number of days, 1 to 7."""
        return (self.end - self.start).days + 1


def weeks_of(period: str) -> list[Week]:
    """The weeks of `period` (`YYYY-MM`): the first begins on day 1, the last ends on the last day."""
    weeks = []
    start, month_end = first_day(period), last_day(period)
    while start <= month_end:
        saturday = start + timedelta(days=(SATURDAY - start.weekday()) % 7)
        weeks.append(Week(start, min(saturday, month_end)))
        start = saturday + timedelta(days=1)
    return weeks
