"""Cases of scheduled hours."""

from datetime import date
from typing import Any

from shared_code.domain.payroll import SiteJobCode
from shared_code.domain.rounding import ZERO
from shared_code.domain.schedule import Shift, schedule_cost, schedule_days
from tests.golden.case_values import Given, read_amount, read_decimals


def answer(given: dict[str, Any]) -> dict[str, Any]:
    """Hours in all and by code and day, and their cost at the given rates."""
    days = schedule_days(_read_shift(row) for row in given["shifts"])
    codes = [SiteJobCode(code, default_rate=rate) for code, rate in read_decimals(given.get("rates")).items()]
    dates = [day.day for day in days] or [date(2025, 1, 1)]
    cost = schedule_cost(days, codes, min(dates), max(dates))
    return {
        "hours": sum((day.hours for day in days), ZERO),
        "days": [{"job_code": day.job_code, "date": day.day, "hours": day.hours} for day in days],
        "hourly_cost": cost.hourly_cost,
    }


def _read_shift(row: Given) -> Shift:
    regular, overtime, double_overtime = (
        int(read_amount(row, name)) for name in ("regular_minutes", "overtime_minutes", "double_overtime_minutes")
    )
    day = date.fromisoformat(row["date"])
    return Shift(row["job_code"], day, regular, overtime, double_overtime, deleted=bool(row.get("deleted")))
