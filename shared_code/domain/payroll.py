"""Payroll forecast of a site-month: saved hours at the rate in force, salaries, else the budget.

Source: Calculations, "Payroll forecast".
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum

from shared_code.domain.labor_hours import (
    NO_HOURS,
    HoursSource,
    JobHours,
    LaborDay,
    forecast_hours,
    forecast_hours_after,
    job_code_key,
)
from shared_code.domain.months import days_in, first_day, last_day, period_of
from shared_code.domain.rates_in_force import RateRow, RateSpan, rate_in_force, rate_spans
from shared_code.domain.rounding import ZERO
from shared_code.domain.salaries import is_salaried_code, salary_of_days


class PayrollSource(StrEnum):
    """Where the payroll of a month comes from."""

    FORECAST = "forecast"
    BUDGET = "budget"


@dataclass(frozen=True, slots=True)
class SiteJobCode:
    """A job code at a site.

    `allocated_salary` in dollars per year; `rates` is its rate history at the site, `default_rate` (dollars per hour)
    applies where the history has no row.
    """

    job_code: str
    salaried: bool = False
    allocated_salary: Decimal | None = None
    active_employees: Decimal = ZERO
    rates: tuple[RateRow, ...] = ()
    default_rate: Decimal | None = None

    @property
    def is_salaried(self) -> bool:
        """Whether the code is paid by salary; the flag or the allocation alone does not make it so."""
        return is_salaried_code(self.salaried, self.allocated_salary)

    def rate_on(self, day: date) -> Decimal | None:
        """The rate in force on `day`, dollars per hour; None when there is none."""
        dated = rate_in_force(self.rates, self.default_rate, day)
        return None if dated is None else dated.rate


@dataclass(frozen=True, slots=True)
class PayrollInputs:
    """What the payroll forecast of one site and month is made of.

    `saved` holds the saved days of the month, `budget_hours` the hours of the month by job code and `budget_payroll`
    the budget of the payroll row in dollars.
    """

    job_codes: Sequence[SiteJobCode]
    saved: Sequence[LaborDay]
    budget_hours: Mapping[str, Decimal]
    budget_payroll: Decimal

    @property
    def has_saved_hours(self) -> bool:
        """Whether any day of any job code has a saved value, be it 0."""
        return any(day.is_saved for day in self.saved)


@dataclass(frozen=True, slots=True)
class CodePayroll:
    """Forecast of one hourly code: its hours, their cost in dollars and the hours that have no rate.

    `cost` is that of the priced hours; None when the code has hours and none of them has a rate.
    """

    job_code: str
    hours: JobHours
    cost: Decimal | None
    unpriced_hours: Decimal


@dataclass(frozen=True, slots=True)
class PayrollForecast:
    """Payroll of a month, or of the part of it after a day, in unrounded dollars.

    With source `budget` the two costs are None and there are no codes. `missing_rates` names the codes with hours
    that have no rate: they add no cost, and the forecast is incomplete.
    """

    source: PayrollSource
    hourly_cost: Decimal | None
    salaried_cost: Decimal | None
    total: Decimal
    codes: tuple[CodePayroll, ...] = ()
    missing_rates: tuple[str, ...] = ()

    @property
    def is_complete(self) -> bool:
        """Whether all hours have a rate."""
        return not self.missing_rates


def forecast_payroll(period: str, inputs: PayrollInputs) -> PayrollForecast:
    """Payroll of the month `period`: the budget when no job code has a saved value, else hours at their rates.

    Source: Calculations, "Payroll forecast".
    """
    if not inputs.has_saved_hours:
        return PayrollForecast(PayrollSource.BUDGET, None, None, inputs.budget_payroll)
    hours = forecast_hours(inputs.saved, inputs.budget_hours)
    return _price_hours(hours, inputs, first_day(period), last_day(period))


def forecast_payroll_after(day: date, inputs: PayrollInputs) -> PayrollForecast:
    """The part of the payroll forecast of a month that falls on the days after `day`.

    Source: Calculations, "Current month".
    """
    period = period_of(day)
    if not inputs.has_saved_hours:
        month_days = days_in(period)
        part = inputs.budget_payroll * (month_days - day.day) / month_days
        return PayrollForecast(PayrollSource.BUDGET, None, None, part)
    hours = forecast_hours_after(day, inputs.saved, inputs.budget_hours)
    return _price_hours(hours, inputs, day + timedelta(days=1), last_day(period))


def _price_hours(hours: Mapping[str, JobHours], inputs: PayrollInputs, first: date, last: date) -> PayrollForecast:
    """Prices the hours (by job code key) of the days from `first` to `last`, the rest of a month or all of it."""
    codes: list[CodePayroll] = []
    salaried_cost = ZERO
    days = (last - first).days + 1
    unlisted = dict(hours)
    for job_code in inputs.job_codes:
        code_hours = unlisted.pop(job_code_key(job_code.job_code), NO_HOURS)
        if job_code.is_salaried:
            salaried_cost += salary_of_days(job_code.allocated_salary, days, last.year)
        else:
            codes.append(_price_code(job_code, code_hours, inputs.saved, first, last))
    for key, code_hours in unlisted.items():
        if code_hours.total:
            codes.append(CodePayroll(key, code_hours, None, code_hours.total))
    hourly_cost = sum((code.cost for code in codes if code.cost is not None), ZERO)
    return PayrollForecast(
        source=PayrollSource.FORECAST,
        hourly_cost=hourly_cost,
        salaried_cost=salaried_cost,
        total=hourly_cost + salaried_cost,
        codes=tuple(codes),
        missing_rates=tuple(code.job_code for code in codes if code.unpriced_hours),
    )


def _price_code(
    job_code: SiteJobCode, hours: JobHours, saved: Sequence[LaborDay], first: date, last: date
) -> CodePayroll:
    """The hours of one hourly code at the rate in force on their day."""
    spans = rate_spans(job_code.rates, job_code.default_rate, first, last)
    cost = unpriced = ZERO
    for span, span_hours in _hours_of_spans(job_code.job_code, hours, saved, spans):
        if span.rate is None:
            unpriced += span_hours
        else:
            cost += span_hours * span.rate
    return CodePayroll(job_code.job_code, hours, None if unpriced and not cost else cost, unpriced)


def _hours_of_spans(
    job_code: str, hours: JobHours, saved: Sequence[LaborDay], spans: Sequence[RateSpan]
) -> Iterable[tuple[RateSpan, Decimal]]:
    """The hours of a code in each span: its saved days, or its budget spread evenly over the days."""
    if len(spans) <= 1:
        return ((span, hours.total) for span in spans)
    if hours.source is not HoursSource.FORECAST:
        days = sum(span.days for span in spans)
        return ((span, hours.total * span.days / days) for span in spans)
    key = job_code_key(job_code)
    own = [day for day in saved if job_code_key(day.job_code) == key]
    return ((span, _saved_hours(day for day in own if span.covers(day.day))) for span in spans)


def _saved_hours(days: Iterable[LaborDay]) -> Decimal:
    """Regular and overtime hours of `days` together."""
    return sum(((day.regular_hours or ZERO) + (day.overtime_hours or ZERO) for day in days), ZERO)
