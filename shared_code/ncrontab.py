"""NCRONTAB, the language in which timers are scheduled, read as the platform reads it.

Source: Operations, "Schedules"; Azure Functions, "Timers".
"""

import operator
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Self

from shared_code.errors import ConfigurationError

_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)
_LAST_SECOND = time(23, 59, 59)
_LONGEST_MONTHS = {2: 29, 4: 30, 6: 30, 9: 30, 11: 30}
"""The last day that a month may have, where that is not 31."""


@dataclass(frozen=True, slots=True)
class _Field:
    """One of the six fields: its limits and the names that it accepts for its values, the lowest first."""

    title: str
    lowest: int
    highest: int
    names: tuple[str, ...] = ()

    def values(self, text: str) -> frozenset[int]:
        """The values that `text` selects. Raises `ValueError` with a sentence when it is not acceptable."""
        return frozenset(value for part in text.split(",") for value in self._values_of_part(part))

    def _values_of_part(self, part: str) -> range:
        span, slash, step = part.partition("/")
        first, last = self._limits(span, open_ended=bool(slash))
        if slash and (not _is_number(step) or int(step) == 0):
            raise ValueError(f"{self.title}: the step after '/' is a whole number from 1, got {step!r}")
        return range(first, last + 1, int(step) if slash else 1)

    def _limits(self, span: str, *, open_ended: bool) -> tuple[int, int]:
        if span == "*":
            return self.lowest, self.highest
        start, dash, end = span.partition("-")
        first = self._value(start)
        last = self._value(end) if dash else (self.highest if open_ended else first)
        return min(first, last), max(first, last)  # the platform turns a reversed range round

    def _value(self, text: str) -> int:
        if _is_number(text):
            if not self.lowest <= int(text) <= self.highest:
                raise ValueError(f"{self.title}: {text} is outside {self.lowest}-{self.highest}")
            return int(text)
        for value, name in enumerate(self.names, start=self.lowest):
            if text and name.startswith(text.upper()):
                return value
        names = f" or a name ({', '.join(name[:3] for name in self.names)})" if self.names else ""
        raise ValueError(f"{self.title}: expected '*', a number {self.lowest}-{self.highest}{names}, got {text!r}")


_MONTHS = ("JANUARY", "FEBRUARY", "MARCH", "APRIL", "MAY", "JUNE", "JULY", "AUGUST", "SEPTEMBER", "OCTOBER",
           "NOVEMBER", "DECEMBER")  # fmt: skip
_WEEKDAYS = ("SUNDAY", "MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY")
_FIELDS = (
    _Field("second", 0, 59),
    _Field("minute", 0, 59),
    _Field("hour", 0, 23),
    _Field("day of the month", 1, 31),
    _Field("month", 1, 12, _MONTHS),
    _Field("day of the week", 0, 6, _WEEKDAYS),
)


@dataclass(frozen=True, slots=True)
class Schedule:
    """When a timer fires, in UTC to the second.

    `text` is the schedule as written; the other members are the values that each field selects, ascending.
    `weekdays` counts from Sunday = 0. A day counts when its month, its day of the month AND its day of the week do.
    """

    text: str
    seconds: tuple[int, ...]
    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]

    @classmethod
    def parse(cls, text: str) -> Self:
        """The schedule that `text` writes: second, minute, hour, day of the month, month, day of the week.

        With five fields the second is 0, as on the platform. Raises `ConfigurationError` that says what is wrong.
        """
        parts = text.split()
        if len(parts) not in {5, 6}:
            raise ConfigurationError(
                f"{text!r} is not a schedule: expected six fields (second minute hour day month weekday), "
                f"got {len(parts)}"
            )
        try:
            second, minute, hour, day, month, weekday = (
                field.values(part)
                for field, part in zip(_FIELDS, ["0", *parts] if len(parts) == 5 else parts, strict=True)
            )
        except ValueError as error:
            raise ConfigurationError(f"{text!r} is not a schedule: {error}") from None
        if min(day) > max(_LONGEST_MONTHS.get(number, 31) for number in month):
            raise ConfigurationError(f"{text!r} never comes: none of its months has a day {min(day)}")
        return cls(text, _ascending(second), _ascending(minute), _ascending(hour), day, month, weekday)

    def matches(self, moment: datetime) -> bool:
        """Whether the timer fires at `moment`, to the second."""
        moment = _to_the_second(moment)
        return self._is_day(moment.date()) and self._time_of_day(moment.time(), backwards=False) == moment.time()

    def next_after(self, moment: datetime) -> datetime:
        """The first moment after `moment` at which the timer fires, in UTC."""
        return self._nearest(_to_the_second(moment) + _SECOND, backwards=False)

    def latest_at(self, moment: datetime) -> datetime:
        """The last moment not after `moment` at which the timer fires, in UTC."""
        return self._nearest(_to_the_second(moment), backwards=True)

    def _nearest(self, start: datetime, *, backwards: bool) -> datetime:
        for day in self._days(start.date(), backwards=backwards):
            bound = start.time() if day == start.date() else (_LAST_SECOND if backwards else time.min)
            if found := self._time_of_day(bound, backwards=backwards):
                return datetime.combine(day, found, UTC)
        raise AssertionError(f"{self.text!r} never comes")  # parse() has refused such a schedule

    def _days(self, start: date, *, backwards: bool) -> Iterator[date]:
        step = -_DAY if backwards else _DAY
        day = start
        while True:
            if self._is_day(day):
                yield day
            day += step

    def _is_day(self, day: date) -> bool:
        return day.month in self.months and day.day in self.days and day.isoweekday() % 7 in self.weekdays

    def _time_of_day(self, bound: time, *, backwards: bool) -> time | None:
        """The selected time of day nearest to `bound`, not before it (`backwards`: not after it)."""
        within = operator.le if backwards else operator.ge
        step = -1 if backwards else 1
        limit = (bound.hour, bound.minute, bound.second)
        for hour in self.hours[::step]:
            if not within(hour, bound.hour):
                continue
            for minute in self.minutes[::step]:
                if not within((hour, minute), limit[:2]):
                    continue
                for second in self.seconds[::step]:
                    if within((hour, minute, second), limit):
                        return time(hour, minute, second)
        return None


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal()


def _ascending(values: frozenset[int]) -> tuple[int, ...]:
    return tuple(sorted(values))


def _to_the_second(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError(f"a moment needs its zone, got {moment!r}")
    return moment.astimezone(UTC).replace(microsecond=0)
