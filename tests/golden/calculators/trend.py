"""Cases of the running month."""

from datetime import date
from decimal import Decimal
from typing import Any

from shared_code.domain.actual_payroll import RecordedLabor, actual_hours, last_payroll_day
from shared_code.domain.expense_rows import forecast_insurance, forecast_pteb
from shared_code.domain.labor_hours import JobHours, blend_hours, forecast_hours, forecast_hours_after
from shared_code.domain.months import month_kind
from shared_code.domain.rounding import ZERO
from shared_code.domain.trend import BlendedSeries, blend_days, blend_with_month, greater_of
from tests.golden.calculators import internal_revenue
from tests.golden.calculators.expense_rows import read_insurance_rate
from tests.golden.calculators.payroll import read_saved_days
from tests.golden.case_values import Given, expand_days, read_amount, read_decimals, read_number, read_rows


def answer(given: dict[str, Any]) -> dict[str, Any]:
    """The answer to one of six tasks."""
    return _TASKS[given["task"]](given)


def _month_kinds(given: Given) -> dict[str, Any]:
    return {"kinds": [month_kind(month, _business_date(given)) for month in given["months"]]}


def _daily_series(given: Given) -> dict[str, Any]:
    series = _blend(given, "actual_days", "forecast_days")
    return {
        "last_actual_day": series.last_day,
        "actual_part": series.actual_part,
        "forecast_part": series.forecast_part,
        "value": series.value,
    }


def _greater_of(given: Given) -> dict[str, Any]:
    values = []
    for row in given["accounts"]:
        saved = read_number(row, "saved")
        forecast = read_number(row, "budget") if saved is None else saved
        values.append(greater_of(read_number(row, "actual_to_date"), forecast))
    return {"values": values, "total": sum(values, ZERO)}


def _claims(given: Given) -> dict[str, Any]:
    return {"value": read_amount(given, "actual_to_date")}


def _pteb_insurance(given: Given) -> dict[str, Any]:
    payroll = _blend(given, "actual_days", "forecast_days").value
    return {
        "payroll": payroll,
        "pteb": forecast_pteb(payroll, read_amount(given, "budget_pteb"), read_amount(given, "budget_payroll")),
        "insurance": forecast_insurance(payroll, read_insurance_rate(given), read_amount(given, "budget_7082")),
    }


def _internal_revenue(given: Given) -> dict[str, Any]:
    """The contract is priced as in any month, on drivers that are blended first."""
    month = given["month"]
    external = _blend(given, "external_actual_days", "external_forecast_days").value
    rooms = _blend(given, "rooms_actual_days", "rooms_forecast_days").value
    drivers = {
        "occupied_rooms": rooms,
        "net_external_revenue": {**(given.get("earlier_external_revenue") or {}), month: external},
        "hours": [
            {
                "job_code": code,
                "date": f"{month}-01",
                "regular_hours": hours.regular,
                "overtime_hours": hours.overtime,
            }
            for code, hours in _blend_hours(given).items()
        ],
    }
    priced = internal_revenue.answer({**given, "task": "contract", "drivers": drivers})
    return {"external_revenue": external, "occupied_rooms": rooms, **priced["components"], "total": priced["total"]}


def _blend(given: Given, actual: str, forecast: str) -> BlendedSeries:
    days = {row["day"]: Decimal(row["amount"]) for row in expand_days(read_rows(given, actual))}
    if given.get("forecast_month") is not None:
        return blend_with_month(days, Decimal(given["forecast_month"]), given["month"], _business_date(given))
    later = {row["day"]: Decimal(row["amount"]) for row in expand_days(read_rows(given, forecast))}
    return blend_days(days, later, given["month"], _business_date(given))


def _blend_hours(given: Given) -> dict[str, JobHours]:
    recorded = [
        RecordedLabor(
            row["job_code"],
            row["day"],
            read_amount(row, "regular_hours"),
            read_amount(row, "overtime_hours"),
            read_amount(row, "dollars"),
        )
        for row in expand_days(read_rows(given, "labor_actual_days"), "job_code")
    ]
    saved, budget = read_saved_days(given), read_decimals(given.get("budget_hours"))
    last_day = last_payroll_day(recorded, _business_date(given))
    if last_day is None:
        return forecast_hours(saved, budget)
    return blend_hours(actual_hours(recorded, last_day), forecast_hours_after(last_day, saved, budget))


def _business_date(given: Given) -> date:
    return date.fromisoformat(given["business_date"])


_TASKS = {
    "month_kinds": _month_kinds,
    "daily_series": _daily_series,
    "greater_of": _greater_of,
    "claims": _claims,
    "pteb_insurance": _pteb_insurance,
    "internal_revenue": _internal_revenue,
}
