"""Labor of a site-month by job code and day: entered, budgeted, scheduled, paid, and the figure that counts.

The days of a month add up to its payroll as the P&L has it, where anything is saved.

Source: Calculations, "Payroll forecast", "Entry by group or by cost" and "Scheduled and actual hours".
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from operator import attrgetter

from shared_code.domain.actual_payroll import RecordedLabor, last_payroll_day
from shared_code.domain.contract import Contract, ContractType, is_active
from shared_code.domain.escalation import apply_increment
from shared_code.domain.labor_hours import LaborDay, job_code_key
from shared_code.domain.months import MonthKind, days_of, first_day, last_day, month_kind
from shared_code.domain.payroll import PayrollInputs, SiteJobCode
from shared_code.domain.payroll_entry import budget_of_day, salaried_budget_of_day
from shared_code.domain.pnl_components import FigureSource
from shared_code.domain.rates_in_force import RateRow, rate_spans
from shared_code.domain.rounding import ZERO
from shared_code.domain.schedule import ScheduledDay


@dataclass(frozen=True, slots=True)
class Labor:
    """Hours and dollars, unrounded.

    `cost` is that of the hours with a rate, None when there are hours and none of them has one; `revenue` is what the
    client pays for them, None where the contract does not pay by the hour.
    """

    regular: Decimal
    overtime: Decimal
    cost: Decimal | None
    revenue: Decimal | None = None

    @property
    def hours(self) -> Decimal:
        """Regular and overtime hours together."""
        return self.regular + self.overtime

    def __add__(self, other: "Labor") -> "Labor":
        return Labor(
            self.regular + other.regular,
            self.overtime + other.overtime,
            self._cost_with(other),
            _added(self.revenue, other.revenue),
        )

    def _cost_with(self, other: "Labor") -> Decimal | None:
        """Both costs; hours that have no rate are not made free of charge by a day without hours."""
        if self.cost is not None and other.cost is not None:
            return self.cost + other.cost
        priced = other if self.cost is None else self
        return priced.cost if priced.hours or priced.cost else None


NO_LABOR = Labor(ZERO, ZERO, ZERO)
"""No hours, which cost nothing."""


@dataclass(frozen=True, slots=True)
class BillableRate:
    """Dollars per hour that the client pays for a job code in a month, with the increments so far."""

    regular: Decimal
    overtime: Decimal


@dataclass(frozen=True, slots=True)
class BudgetLabor:
    """Budget hours and dollars of a job code in a month."""

    hours: Decimal
    dollars: Decimal


@dataclass(frozen=True, slots=True)
class MonthLabor:
    """What is known of the labor of one site and month (`YYYY-MM`) as of `business_date`.

    `recorded` and `scheduled` hold the days of the month, `budget` and `billable` are by job code key.
    """

    period: str
    business_date: date
    payroll: PayrollInputs
    budget: Mapping[str, BudgetLabor] = field(default_factory=dict)
    recorded: Sequence[RecordedLabor] = ()
    scheduled: Sequence[ScheduledDay] = ()
    billable: Mapping[str, BillableRate] = field(default_factory=dict)

    @property
    def paid_through(self) -> date | None:
        """The last day whose figure is what was paid; None when nothing is recorded, or nothing can be yet."""
        kind = month_kind(self.period, self.business_date)
        if kind is MonthKind.FORECAST or not self.recorded:
            return None
        if kind is MonthKind.ACTUAL:
            return last_day(self.period)
        return last_payroll_day(self.recorded, self.business_date)


@dataclass(frozen=True, slots=True)
class CodeDay:
    """The labor of one job code on one day; None: there is nothing of that kind.

    `entered` is what users saved for the day, `forecast` what the forecast counts for it: saved hours, else the budget
    hours of the code. `effective` is the figure of the trend, and `source` says where it comes from. A day that
    `lacks_rate` has forecast hours that could not be priced.
    """

    day: date
    rate: Decimal | None
    entered: Labor | None
    forecast: Labor
    budget: Labor
    scheduled: Labor | None
    actual: Labor | None
    effective: Labor
    source: FigureSource
    lacks_rate: bool = False


def billable_rates(contract: Contract | None, period: str) -> dict[str, BillableRate]:
    """What the client pays for an hour of each job code in `period`, by job code key.

    Source: Calculations, "Per labor hour".
    """
    if contract is None or not contract.pays_for(ContractType.PER_LABOR_HOUR):
        return {}
    rates = {}
    for job in contract.labor_jobs:
        if is_active(job.start, job.end, period):
            overtime = job.rate if job.overtime_rate is None else job.overtime_rate
            regular, premium = (
                apply_increment(rate, job.start, contract.increment, period).value for rate in (job.rate, overtime)
            )
            rates[job_code_key(job.job_code)] = BillableRate(regular, premium)
    return rates


def rates_within(rates: Iterable[RateRow], period: str) -> tuple[RateRow, ...]:
    """The rows of a rate history that may be in force on some day of the month."""
    first, last = first_day(period), last_day(period)
    return tuple(row for row in rates if row.effective_date <= last and (row.end_date is None or row.end_date >= first))


def code_days(month: MonthLabor) -> dict[str, tuple[CodeDay, ...]]:
    """Every day of the month of every job code of the site, and of every other code that has hours, by code key."""
    codes = {job_code_key(code.job_code): code for code in month.payroll.job_codes}
    named = [
        *month.budget,
        *(saved.job_code for saved in month.payroll.saved),
        *(recorded.job_code for recorded in month.recorded),
        *(scheduled.job_code for scheduled in month.scheduled),
    ]
    for key in map(job_code_key, named):
        codes.setdefault(key, SiteJobCode(key))
    view = _MonthView(month)
    return {key: tuple(view.days_of_code(key, code)) for key, code in codes.items()}


def sum_labor(days: Iterable[Labor | None]) -> Labor | None:
    """The sum of what there is; None when there is nothing."""
    total: Labor | None = None
    for labor in days:
        if labor is not None:
            total = labor if total is None else total + labor
    return total


def sum_labor_in_full(days: Iterable[Labor | None]) -> Labor | None:
    """The sum of what there is, with a cost only if all of it has one; None when there is nothing.

    A schedule is compared with what was paid: the cost of its later days alone would look like that of all.
    """
    known = [labor for labor in days if labor is not None]
    total = sum_labor(known)
    if total is not None and any(labor.cost is None for labor in known):
        return replace(total, cost=None)
    return total


def sum_of_sources(sources: Iterable[FigureSource]) -> FigureSource:
    """The source of a sum: what its parts share, `trend` with paid days among others, else `mixed`.

    Source: REST API, "Shapes used in several places".
    """
    found = {source for source in sources if source is not FigureSource.NONE}
    if not found:
        return FigureSource.NONE
    if len(found) == 1:
        return found.pop()
    return FigureSource.TREND if FigureSource.ACTUAL in found else FigureSource.MIXED


class _MonthView:
    """One month, with its facts looked up by code and day."""

    def __init__(self, month: MonthLabor) -> None:
        self._month = month
        self._through = month.paid_through
        self._has_saved = month.payroll.has_saved_hours
        self._saved: dict[str, dict[date, LaborDay]] = {}
        for saved in filter(attrgetter("is_saved"), month.payroll.saved):
            self._saved.setdefault(job_code_key(saved.job_code), {})[saved.day] = saved
        self._recorded = {(job_code_key(labor.job_code), labor.day): labor for labor in month.recorded}
        self._scheduled = {(job_code_key(shift.job_code), shift.day): shift.hours for shift in month.scheduled}
        self._recorded_days = {labor.day for labor in month.recorded}
        self._scheduled_days = {shift.day for shift in month.scheduled}

    def days_of_code(self, key: str, code: SiteJobCode) -> Iterable[CodeDay]:
        """The days of one job code in order."""
        rates = _rates_by_day(code, self._month.period)
        days = days_of(self._month.period)
        if code.is_salaried:
            return (self._salaried_day(code, day, rates[day]) for day in days)
        return (self._hourly_day(key, day, rates[day]) for day in days)

    def _salaried_day(self, code: SiteJobCode, day: date, rate: Decimal | None) -> CodeDay:
        """A day of a salaried code: it costs its salary, whatever its hours."""
        budget = salaried_budget_of_day(self._month.period, code.active_employees, code.allocated_salary or ZERO)
        labor = Labor(budget.hours, ZERO, budget.cost)
        paid = day in self._recorded_days
        source = FigureSource.FORECAST if self._has_saved else FigureSource.BUDGET
        return CodeDay(
            day,
            rate,
            None,
            labor,
            labor,
            labor if day in self._scheduled_days else None,
            labor if paid else None,
            labor,
            FigureSource.ACTUAL if self._is_paid(day) else source,
        )

    def _hourly_day(self, key: str, day: date, rate: Decimal | None) -> CodeDay:
        recorded = self._recorded.get((key, day))
        scheduled = self._scheduled.get((key, day))
        entered, forecast, budget = self._entered(key, day, rate), self._forecast(key, day, rate), self._budget(key)
        actual = None if recorded is None else Labor(recorded.regular_hours, recorded.overtime_hours, recorded.dollars)
        if self._is_paid(day):
            effective, source = actual or NO_LABOR, FigureSource.ACTUAL
        elif key in self._saved:
            effective, source = forecast, FigureSource.FORECAST
        else:
            # With anything saved, the budget hours of the other codes count at their rates; without, the budget does.
            effective = forecast if self._has_saved else budget
            source = FigureSource.BUDGET if key in self._month.budget else FigureSource.NONE
        return CodeDay(
            day,
            rate,
            entered,
            forecast,
            budget,
            None if scheduled is None else _priced(scheduled, ZERO, rate),
            actual,
            effective,
            source,
            lacks_rate=self._has_saved and not self._is_paid(day) and forecast.cost is None,
        )

    def _is_paid(self, day: date) -> bool:
        return self._through is not None and day <= self._through

    def _entered(self, key: str, day: date, rate: Decimal | None) -> Labor | None:
        saved = self._saved.get(key, {}).get(day)
        if saved is None:
            return None
        return self._billed(key, _priced(saved.regular_hours or ZERO, saved.overtime_hours or ZERO, rate))

    def _forecast(self, key: str, day: date, rate: Decimal | None) -> Labor:
        """Saved hours, 0 on the other days of a code with a saved day, else its budget hours."""
        if key in self._saved:
            return self._entered(key, day, rate) or self._billed(key, NO_LABOR)
        return self._billed(key, _priced(self._budget(key).regular, ZERO, rate))

    def _budget(self, key: str) -> Labor:
        month = self._month.budget.get(key)
        if month is None:
            return NO_LABOR
        budget = budget_of_day(self._month.period, month.hours, month.dollars)
        return Labor(budget.hours, ZERO, budget.cost)

    def _billed(self, key: str, labor: Labor) -> Labor:
        billable = self._month.billable.get(key)
        if billable is None:
            return labor
        revenue = labor.regular * billable.regular + labor.overtime * billable.overtime
        return Labor(labor.regular, labor.overtime, labor.cost, revenue)


def _rates_by_day(code: SiteJobCode, period: str) -> dict[date, Decimal | None]:
    """The rate in force on every day of the month."""
    first, last = first_day(period), last_day(period)
    spans = rate_spans(rates_within(code.rates, period), code.default_rate, first, last)
    return {
        date.fromordinal(number): span.rate
        for span in spans
        for number in range(span.first.toordinal(), span.last.toordinal() + 1)
    }


def _priced(regular: Decimal, overtime: Decimal, rate: Decimal | None) -> Labor:
    """Hours at one rate: the average rate already contains overtime premiums."""
    hours = regular + overtime
    if rate is None:
        return Labor(regular, overtime, None if hours else ZERO)
    return Labor(regular, overtime, hours * rate)


def _added(one: Decimal | None, other: Decimal | None) -> Decimal | None:
    if one is None or other is None:
        return other if one is None else one
    return one + other
