"""Hours of a site-month by job code: what was saved, else the budget of that code.

Source: Calculations, "Per labor hour" and "Current month".
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from shared_code.domain.months import days_in, period_of
from shared_code.domain.rounding import ZERO


class HoursSource(StrEnum):
    """Where the hours of a job code come from."""

    FORECAST = "forecast"
    BUDGET = "budget"
    ACTUAL = "actual"
    BLENDED = "blended"
    """Actual hours to the last payroll day, forecast hours after it."""
    NONE = "none"


@dataclass(frozen=True, slots=True)
class LaborDay:
    """Saved hours of one job code on one day; None means "not saved", 0 is a saved zero."""

    job_code: str
    day: date
    regular_hours: Decimal | None = None
    overtime_hours: Decimal | None = None

    @property
    def is_saved(self) -> bool:
        """Whether hours of either kind are saved, be they 0."""
        return self.regular_hours is not None or self.overtime_hours is not None


@dataclass(frozen=True, slots=True)
class JobHours:
    """Hours of one job code in a month or in a part of it."""

    regular: Decimal
    overtime: Decimal
    source: HoursSource

    @property
    def total(self) -> Decimal:
        """Regular and overtime hours together."""
        return self.regular + self.overtime


NO_HOURS = JobHours(ZERO, ZERO, HoursSource.NONE)
"""What a job code has that was neither saved nor budgeted."""


def job_code_key(job_code: str) -> str:
    """The job code as it is compared: without surrounding blanks and ignoring case."""
    return job_code.strip().upper()


def hours_of(hours: Mapping[str, JobHours], job_code: str) -> JobHours:
    """The hours of `job_code` in `hours`, which is keyed by `job_code_key`."""
    return hours.get(job_code_key(job_code), NO_HOURS)


def add_hours_by_code(days: Iterable[LaborDay], source: HoursSource) -> dict[str, JobHours]:
    """Sum of the hours of `days` by job code key; a code without any value has no entry."""
    sums: dict[str, list[Decimal]] = {}
    for labor_day in days:
        if labor_day.is_saved:
            total = sums.setdefault(job_code_key(labor_day.job_code), [ZERO, ZERO])
            total[0] += labor_day.regular_hours or ZERO
            total[1] += labor_day.overtime_hours or ZERO
    return {code: JobHours(regular, overtime, source) for code, (regular, overtime) in sums.items()}


def forecast_hours(saved: Iterable[LaborDay], budget_hours: Mapping[str, Decimal]) -> dict[str, JobHours]:
    """Hours of a month by job code key, from its saved days and the budget hours of the month by job code.

    A code with at least one saved day has the sum of its saved days, else its own budget, all of it regular.

    Source: Calculations, "Per labor hour".
    """
    return _budgeted_hours(budget_hours) | add_hours_by_code(saved, HoursSource.FORECAST)


def forecast_hours_after(
    day: date, saved: Iterable[LaborDay], budget_hours: Mapping[str, Decimal]
) -> dict[str, JobHours]:
    """The part of `forecast_hours` that falls on the days after `day` in the month of `day`.

    Budget hours are spread evenly over the days of the month.

    Source: Calculations, "Current month".
    """
    saved_days = list(saved)
    month_days = days_in(period_of(day))
    days_left = month_days - day.day
    saved_after = add_hours_by_code(
        (saved_day for saved_day in saved_days if saved_day.day > day), HoursSource.FORECAST
    )
    parts = {}
    for code, month in forecast_hours(saved_days, budget_hours).items():
        if month.source is HoursSource.BUDGET:
            parts[code] = JobHours(month.regular * days_left / month_days, ZERO, HoursSource.BUDGET)
        else:
            parts[code] = saved_after.get(code, JobHours(ZERO, ZERO, HoursSource.FORECAST))
    return parts


def blend_hours(actual: Mapping[str, JobHours], forecast_after: Mapping[str, JobHours]) -> dict[str, JobHours]:
    """Actual hours to the last payroll day plus forecast hours after it, by job code key.

    Source: Calculations, "Current month".
    """
    blended = {}
    for code in {**actual, **forecast_after}:
        past, later = actual.get(code, NO_HOURS), forecast_after.get(code, NO_HOURS)
        blended[code] = JobHours(past.regular + later.regular, past.overtime + later.overtime, HoursSource.BLENDED)
    return blended


def _budgeted_hours(budget_hours: Mapping[str, Decimal]) -> dict[str, JobHours]:
    """Budget hours of the month by job code key; several spellings of a code add up."""
    totals: dict[str, Decimal] = {}
    for job_code, hours in budget_hours.items():
        key = job_code_key(job_code)
        totals[key] = totals.get(key, ZERO) + hours
    return {code: JobHours(hours, ZERO, HoursSource.BUDGET) for code, hours in totals.items()}
