"""Recorded payroll of a running month and its blend with the forecast of the remaining days.

Source: Calculations, "Scheduled and actual hours" and "Current month".
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from shared_code.domain.labor_hours import HoursSource, JobHours, LaborDay, add_hours_by_code, job_code_key
from shared_code.domain.payroll import PayrollInputs, SiteJobCode, forecast_payroll, forecast_payroll_after
from shared_code.domain.rounding import ZERO
from shared_code.domain.salaries import salary_of_days


@dataclass(frozen=True, slots=True)
class RecordedLabor:
    """Paid labor of one job code on one day: hours without the premium pay types, dollars of all of them."""

    job_code: str
    day: date
    regular_hours: Decimal
    overtime_hours: Decimal
    dollars: Decimal


@dataclass(frozen=True, slots=True)
class BlendedPayroll:
    """Payroll of the running month in unrounded dollars.

    `last_day` is the last payroll day, None when the month has none and is all forecast. `actual_part` covers the days
    to it, `forecast_part` those after it. `missing_rates` names codes whose forecast hours have no rate.
    """

    last_day: date | None
    actual_part: Decimal
    forecast_part: Decimal
    missing_rates: tuple[str, ...] = ()

    @property
    def value(self) -> Decimal:
        """Payroll of the whole month."""
        return self.actual_part + self.forecast_part


def last_payroll_day(recorded: Iterable[RecordedLabor], business_date: date) -> date | None:
    """The latest day, not after the business date, whose recorded hours or dollars are not 0 in sum.

    `recorded` holds the days of one site and month.

    Source: Calculations, "Current month".
    """
    hours: dict[date, Decimal] = {}
    dollars: dict[date, Decimal] = {}
    for labor in recorded:
        if labor.day <= business_date:
            hours[labor.day] = hours.get(labor.day, ZERO) + labor.regular_hours + labor.overtime_hours
            dollars[labor.day] = dollars.get(labor.day, ZERO) + labor.dollars
    return max((day for day in hours if hours[day] or dollars[day]), default=None)


def actual_payroll(recorded: Iterable[RecordedLabor], job_codes: Sequence[SiteJobCode], last_day: date) -> Decimal:
    """Dollars from the first of the month of `last_day` to `last_day`.

    They are the recorded dollars of the hourly codes plus the salary per day of the salaried ones; what is recorded for
    a salaried code is not added to its salary.

    Source: Calculations, "Scheduled and actual hours".
    """
    salaried = {job_code_key(code.job_code): code for code in job_codes if code.is_salaried}
    dollars = sum(
        (labor.dollars for labor in recorded if labor.day <= last_day and job_code_key(labor.job_code) not in salaried),
        ZERO,
    )
    salaries = (salary_of_days(code.allocated_salary, last_day.day, last_day.year) for code in salaried.values())
    return dollars + sum(salaries, ZERO)


def actual_hours(recorded: Iterable[RecordedLabor], last_day: date) -> dict[str, JobHours]:
    """Recorded hours to `last_day` by job code key.

    Source: Calculations, "Current month".
    """
    days = (
        LaborDay(labor.job_code, labor.day, labor.regular_hours, labor.overtime_hours)
        for labor in recorded
        if labor.day <= last_day
    )
    return add_hours_by_code(days, HoursSource.ACTUAL)


def blend_payroll(
    period: str, business_date: date, recorded: Sequence[RecordedLabor], inputs: PayrollInputs
) -> BlendedPayroll:
    """Payroll of the running month `period`: recorded to the last payroll day, forecast after it.

    `recorded` holds the days of the month, `inputs` what its forecast is made of.

    Source: Calculations, "Current month".
    """
    last_day = last_payroll_day(recorded, business_date)
    if last_day is None:
        forecast = forecast_payroll(period, inputs)
        return BlendedPayroll(None, ZERO, forecast.total, forecast.missing_rates)
    forecast = forecast_payroll_after(last_day, inputs)
    actual = actual_payroll(recorded, inputs.job_codes, last_day)
    return BlendedPayroll(last_day, actual, forecast.total, forecast.missing_rates)
