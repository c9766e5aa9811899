"""The rate of a job code in force on a day, from its history, and the spans of days with one rate.

Rates are dollars per hour with 6 decimals.

Source: Calculations, "Rate in force".
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum


class RateMethod(StrEnum):
    """How a rate came to be."""

    WEIGHTED_AVERAGE = "weighted_average"
    AVERAGE = "average"
    DEFAULT = "default"
    MANUAL = "manual"
    FIXED = "fixed"
    CONTRACT = "contract"


ENTERED_METHODS = frozenset({RateMethod.MANUAL, RateMethod.FIXED, RateMethod.CONTRACT})
"""Methods of rates that people entered: they come before every calculated rate."""


@dataclass(frozen=True, slots=True)
class RateRow:
    """One row of the rate history of a site and job code; `end_date` None means that it is open."""

    rate: Decimal
    method: RateMethod
    effective_date: date
    end_date: date | None = None

    def covers(self, day: date) -> bool:
        """Whether the row applies on `day`."""
        return self.effective_date <= day and (self.end_date is None or self.end_date >= day)


@dataclass(frozen=True, slots=True)
class DatedRate:
    """A rate with its method and the date that it belongs to; a default rate has none."""

    rate: Decimal
    method: RateMethod
    rate_date: date | None


@dataclass(frozen=True, slots=True)
class RateSpan:
    """Days, both ends included, on which one rate is in force; `rate` None where there is none."""

    first: date
    last: date
    rate: Decimal | None

    @property
    def days(self) -> int:
        """The number of days of the span."""
        return (self.last - self.first).days + 1

    def covers(self, day: date) -> bool:
        """Whether `day` lies in the span."""
        return self.first <= day <= self.last


def entered_rate_in_force(rows: Iterable[RateRow], day: date) -> DatedRate | None:
    """The manual, fixed or contract rate in force on `day`: the latest one that covers it.

    Source: Calculations, "Rate in force".
    """
    return _latest(row for row in rows if row.method in ENTERED_METHODS and row.covers(day))


def rate_in_force(rows: Sequence[RateRow], default_rate: Decimal | None, day: date) -> DatedRate | None:
    """The rate in force on `day`: entered rows first, then calculated ones, then the default; None when there is none.

    Source: Calculations, "Rate in force".
    """
    rate = entered_rate_in_force(rows, day) or _latest(row for row in rows if row.covers(day))
    if rate is None and default_rate is not None:
        return DatedRate(default_rate, RateMethod.DEFAULT, None)
    return rate


def rate_spans(rows: Sequence[RateRow], default_rate: Decimal | None, first: date, last: date) -> tuple[RateSpan, ...]:
    """The days from `first` to `last`, cut wherever the rate in force may change; none when `last` lies before.

    Source: Calculations, "Rate in force" and "Payroll forecast".
    """
    starts = {first} if first <= last else set()
    for row in rows:
        if first < row.effective_date <= last:
            starts.add(row.effective_date)
        if row.end_date is not None and first <= row.end_date < last:
            starts.add(row.end_date + timedelta(days=1))
    ordered = sorted(starts)
    ends = [start - timedelta(days=1) for start in ordered[1:]] + [last]
    spans = []
    for start, end in zip(ordered, ends, strict=False):
        dated = rate_in_force(rows, default_rate, start)
        spans.append(RateSpan(start, end, None if dated is None else dated.rate))
    return tuple(spans)


def _latest(rows: Iterable[RateRow]) -> DatedRate | None:
    """The row with the latest effective date; of two of one date the later in order."""
    latest: RateRow | None = None
    for row in rows:
        if latest is None or row.effective_date >= latest.effective_date:
            latest = row
    return None if latest is None else DatedRate(latest.rate, latest.method, latest.effective_date)
