"""Cases of payroll."""

from datetime import date
from decimal import Decimal
from typing import Any

from shared_code.domain.errors import CalculationError
from shared_code.domain.labor_hours import LaborDay
from shared_code.domain.payroll import PayrollInputs, SiteJobCode, forecast_payroll
from shared_code.domain.payroll_entry import (
    budget_of_day,
    hours_for_cost,
    salaried_budget_of_day,
    spread_group_hours,
)
from shared_code.domain.rates_in_force import RateMethod, RateRow
from shared_code.domain.rounding import ZERO, money
from shared_code.domain.salaries import is_salaried_code
from tests.golden.case_values import (
    Given,
    expand_days,
    read_amount,
    read_as,
    read_date,
    read_decimals,
    read_number,
    read_rows,
)

ANY_DAY = date(2025, 1, 1)
"""Day of an entry whose case does not say it: the rates of such a case hold on every day."""


def answer(given: dict[str, Any]) -> dict[str, Any]:
    """The answer to one of four tasks."""
    return _TASKS[given["task"]](given)


def read_rate_rows(given: Given) -> tuple[RateRow, ...]:
    """The rate history of a job code."""
    return tuple(
        RateRow(
            Decimal(row["rate"]),
            read_as(RateMethod, row, "method") or RateMethod.WEIGHTED_AVERAGE,
            date.fromisoformat(row["effective_date"]),
            read_date(row, "end_date"),
        )
        for row in read_rows(given, "rates")
    )


def read_job_code(row: Given) -> SiteJobCode:
    """A job code of a site; an `hourly_rate` holds on every day."""
    return SiteJobCode(
        job_code=row["job_code"],
        salaried=bool(row.get("salaried")),
        allocated_salary=read_number(row, "allocated_salary"),
        active_employees=read_amount(row, "active_employees"),
        rates=read_rate_rows(row),
        default_rate=read_number(row, "hourly_rate") or read_number(row, "default_rate"),
    )


def read_saved_days(given: Given) -> list[LaborDay]:
    """The saved days of the hours of a case."""
    return [
        LaborDay(row["job_code"], row["day"], read_number(row, "regular_hours"), read_number(row, "overtime_hours"))
        for row in expand_days(read_rows(given, "hours"), "job_code")
    ]


def _forecast(given: Given) -> dict[str, Any]:
    inputs = PayrollInputs(
        [read_job_code(row) for row in given["job_codes"]],
        read_saved_days(given),
        read_decimals(given.get("budget_hours")),
        read_amount(given, "budget_payroll"),
    )
    forecast = forecast_payroll(given["month"], inputs)
    codes = [
        {"job_code": code.job_code, "hours": code.hours.total, "hours_source": code.hours.source, "cost": code.cost}
        for code in forecast.codes
    ]
    return {
        "source": forecast.source,
        "hourly_cost": forecast.hourly_cost,
        "salaried_cost": forecast.salaried_cost,
        "total": forecast.total,
        "codes": codes,
        "missing_rates": list(forecast.missing_rates),
    }


def _group_hours(given: Given) -> dict[str, Any]:
    job_codes = [read_job_code(row) for row in given["job_codes"]]
    try:
        codes = spread_group_hours(Decimal(given["hours"]), job_codes, ANY_DAY)
    except CalculationError as error:
        return {"error": error.code}
    return {
        "codes": [{"job_code": code.job_code, "hours": code.hours, "cost": code.cost} for code in codes],
        "cost": sum((code.cost for code in codes if code.cost is not None), ZERO),
    }


def _budget_day(given: Given) -> dict[str, Any]:
    salary = read_number(given, "allocated_salary")
    if salary is not None and is_salaried_code(bool(given.get("salaried")), salary):
        day = salaried_budget_of_day(given["month"], read_amount(given, "active_employees"), salary)
    else:
        day = budget_of_day(given["month"], read_amount(given, "budget_hours"), read_amount(given, "budget_cost"))
    return {"hours_per_day": day.hours, "cost_per_day": day.cost}


def _cost_to_hours(given: Given) -> dict[str, Any]:
    rows = given.get("job_codes") or [{"job_code": "CODE", "hourly_rate": given.get("hourly_rate")}]
    try:
        hours = hours_for_cost(Decimal(given["cost"]), [read_job_code(row) for row in rows], ANY_DAY)
    except CalculationError as error:
        return {"error": error.code}
    return {"hours": money(hours)}


_TASKS = {
    "forecast": _forecast,
    "group_hours": _group_hours,
    "budget_day": _budget_day,
    "cost_to_hours": _cost_to_hours,
}
