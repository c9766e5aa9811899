"""Hours entered for a job group, a cost turned into hours, and the budget of a single day.

Source: Calculations, "Entry by group or by cost".
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from shared_code.domain.employee_shares import Headcount, employee_weights, split_by_employees
from shared_code.domain.errors import CalculationError
from shared_code.domain.months import days_in
from shared_code.domain.payroll import SiteJobCode
from shared_code.domain.rounding import ZERO
from shared_code.domain.salaries import HOURS_PER_EMPLOYEE_DAY, salary_of_days

_STORED_PLACES = 2


@dataclass(frozen=True, slots=True)
class CodeHours:
    """Hours of one job code with 2 decimals and their cost in unrounded dollars; None without a rate."""

    job_code: str
    hours: Decimal
    cost: Decimal | None


@dataclass(frozen=True, slots=True)
class DayBudget:
    """Budget hours and dollars of one day, unrounded."""

    hours: Decimal
    cost: Decimal


def spread_group_hours(hours: Decimal, job_codes: Sequence[SiteJobCode], day: date) -> tuple[CodeHours, ...]:
    """Hours entered for a job group on `day`, spread over its hourly codes by active employees.

    Each code is priced at its own rate of the day. Salaried codes receive nothing and are left out.
    Raises `CalculationError` when the group has no hourly code.

    Source: Calculations, "Entry by group or by cost".
    """
    hourly = _hourly_codes(job_codes)
    shares = split_by_employees(hours, _headcounts(hourly), _STORED_PLACES)
    priced = []
    for code, share in zip(hourly, shares, strict=True):
        rate = code.rate_on(day)
        priced.append(CodeHours(code.job_code, share, None if rate is None else share * rate))
    return tuple(priced)


def hours_for_cost(cost: Decimal, job_codes: Sequence[SiteJobCode], day: date) -> Decimal:
    """Hours (unrounded) that `cost` dollars pay for a code, or for a group at the employee-weighted mean of its rates.

    Raises `CalculationError` when there is no hourly code, or when a code that takes part in the mean has no rate.

    Source: Calculations, "Entry by group or by cost".
    """
    hourly = _hourly_codes(job_codes)
    weights = employee_weights(_headcounts(hourly))
    weighted = ZERO
    missing = []
    for code, weight in zip(hourly, weights, strict=True):
        rate = code.rate_on(day)
        if weight and rate is None:
            missing.append(code.job_code)
        elif rate is not None:
            weighted += rate * weight
    if missing:
        raise CalculationError(
            f"a cost cannot be turned into hours: no hourly rate on {day} for {', '.join(missing)}",
            field="cost",
            details={"jobCodes": missing},
        )
    return cost * sum(weights, ZERO) / weighted


def budget_of_day(period: str, budget_hours: Decimal, budget_cost: Decimal) -> DayBudget:
    """The budget of one day of `period` from the hours and dollars of the month.

    Source: Calculations, "Entry by group or by cost".
    """
    days = days_in(period)
    return DayBudget(budget_hours / days, budget_cost / days)


def salaried_budget_of_day(period: str, active_employees: Decimal, allocated_salary: Decimal) -> DayBudget:
    """The budget of one day of a salaried code: 8 hours for each active employee and the salary per day.

    Source: Calculations, "Entry by group or by cost".
    """
    return DayBudget(HOURS_PER_EMPLOYEE_DAY * active_employees, salary_of_days(allocated_salary, 1, int(period[:4])))


def _hourly_codes(job_codes: Sequence[SiteJobCode]) -> list[SiteJobCode]:
    """The codes that hours may be entered for; refuses a group without any."""
    hourly = [code for code in job_codes if not code.is_salaried]
    if not hourly:
        names = [code.job_code for code in job_codes]
        raise CalculationError(
            f"hours can only be entered for hourly job codes; {', '.join(names) or 'the group'} has none",
            details={"jobCodes": names},
        )
    return hourly


def _headcounts(job_codes: Sequence[SiteJobCode]) -> list[Headcount]:
    return [Headcount(code.job_code, code.active_employees) for code in job_codes]
