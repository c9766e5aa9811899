"""Scheduled hours by job code and day, and what they cost.

Source: Calculations, "Scheduled and actual hours".
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from shared_code.domain.labor_hours import job_code_key
from shared_code.domain.payroll import SiteJobCode
from shared_code.domain.rounding import ZERO
from shared_code.domain.salaries import salary_of_days

_MINUTES_PER_HOUR = 60


@dataclass(frozen=True, slots=True)
class Shift:
    """Planned minutes of one job code on one day: of a single shift, or of all shifts of the day."""

    job_code: str
    day: date
    regular_minutes: int
    overtime_minutes: int = 0
    double_overtime_minutes: int = 0
    deleted: bool = False


@dataclass(frozen=True, slots=True)
class ScheduledDay:
    """Scheduled hours of one job code on one day, unrounded."""

    job_code: str
    day: date
    hours: Decimal


@dataclass(frozen=True, slots=True)
class ScheduleCost:
    """Cost of a schedule in unrounded dollars; codes with hours and no rate add none and are named."""

    hourly_cost: Decimal
    salaried_cost: Decimal
    missing_rates: tuple[str, ...]

    @property
    def total(self) -> Decimal:
        """Hourly and salaried cost together."""
        return self.hourly_cost + self.salaried_cost


def schedule_days(shifts: Iterable[Shift]) -> tuple[ScheduledDay, ...]:
    """Hours of every job code and day that has a shift, by code and date. Deleted shifts do not count.

    The minutes of a code and day are added before they are divided.

    Source: Calculations, "Scheduled and actual hours".
    """
    minutes: dict[tuple[str, date], int] = {}
    for shift in shifts:
        if not shift.deleted:
            key = (job_code_key(shift.job_code), shift.day)
            planned = shift.regular_minutes + shift.overtime_minutes + shift.double_overtime_minutes
            minutes[key] = minutes.get(key, 0) + planned
    return tuple(
        ScheduledDay(job_code, day, Decimal(minutes[job_code, day]) / _MINUTES_PER_HOUR)
        for job_code, day in sorted(minutes)
    )


def schedule_cost(
    days: Iterable[ScheduledDay], job_codes: Sequence[SiteJobCode], first: date, last: date
) -> ScheduleCost:
    """Cost of the scheduled days from `first` to `last`, two days of one year.

    Hours of hourly codes cost the rate in force on their day, salaried codes their salary per day whether they are
    scheduled or not. A code that the site does not have has no rate.

    Source: Calculations, "Scheduled and actual hours".
    """
    codes = {job_code_key(code.job_code): code for code in job_codes}
    hourly_cost = ZERO
    missing: dict[str, None] = {}
    for scheduled in days:
        code = codes.get(job_code_key(scheduled.job_code))
        if not first <= scheduled.day <= last or (code is not None and code.is_salaried):
            continue
        rate = None if code is None else code.rate_on(scheduled.day)
        if rate is not None:
            hourly_cost += scheduled.hours * rate
        elif scheduled.hours:
            missing[scheduled.job_code] = None
    calendar_days = (last - first).days + 1
    salaries = (
        salary_of_days(code.allocated_salary, calendar_days, first.year) for code in codes.values() if code.is_salaried
    )
    return ScheduleCost(hourly_cost, sum(salaries, ZERO), tuple(missing))
