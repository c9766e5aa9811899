"""Cases of productivity."""

from decimal import Decimal
from typing import Any

from shared_code.domain.metrics import Quotient, change_percent, pool
from shared_code.domain.productivity import (
    Activity,
    FamilyHours,
    VehicleScope,
    measure_families,
    measure_productivity,
    occupancy_impact,
    seasonally_adjusted,
)
from tests.golden.case_values import Given, read_amount, read_as, read_number, read_rows

METRICS = (
    "vehicles_served",
    "productive_hours",
    "vehicles_per_labor_hour",
    "revenue_per_vehicle",
    "labor_cost_per_vehicle",
    "revenue_per_labor_hour",
    "labor_to_external_revenue_percent",
    "labor_to_internal_revenue_percent",
    "overtime_percent",
    "schedule_fill_rate",
)


def answer(given: dict[str, Any]) -> dict[str, Any]:
    """The answer to one of four tasks."""
    return _TASKS[given["task"]](given)


def _metrics(given: Given) -> dict[str, Any]:
    activity = _read_activity(given)
    productivity = measure_productivity(activity)
    scopes = {
        row["job_family"]: read_as(VehicleScope, row, "vehicle_scope") or VehicleScope.ALL
        for row in read_rows(given, "job_families")
    }
    families = [
        {
            "job_family": family.job_family,
            "hours": family.hours,
            "vehicles": family.vehicles,
            "vehicles_per_hour": family.vehicles_per_hour,
        }
        for family in measure_families(activity, scopes)
    ]
    return {**{metric: productivity.value(metric) for metric in METRICS}, "by_job_family": families}


def _read_activity(given: Given) -> Activity:
    """What the case does not split by side counts on the self-parked side."""
    valet, valet_comps = read_amount(given, "valet_vehicles"), read_amount(given, "valet_comps")
    return Activity(
        valet_vehicles=valet,
        self_vehicles=read_amount(given, "total_vehicles") - valet,
        valet_comps=valet_comps,
        self_comps=read_amount(given, "comps") - valet_comps,
        net_external_revenue=read_amount(given, "net_external_revenue"),
        internal_revenue=read_amount(given, "internal_revenue"),
        payroll_cost=read_amount(given, "payroll_cost"),
        overtime_hours=read_amount(given, "overtime_hours"),
        scheduled_hours=read_amount(given, "scheduled_hours"),
        labor=[
            FamilyHours(row["job_code"], row.get("job_family"), read_amount(row, "hours"), row.get("productive", True))
            for row in read_rows(given, "jobs")
        ],
    )


def _baseline(given: Given) -> dict[str, Any]:
    months = [Quotient(read_amount(row, "numerator"), read_amount(row, "denominator")) for row in given["months"]]
    return {"baseline": pool(months).value}


def _change(given: Given) -> dict[str, Any]:
    value = read_number(given, "value")
    return {
        "month_over_month": change_percent(value, read_number(given, "previous_month")),
        "year_over_year": change_percent(value, read_number(given, "same_month_last_year")),
        "seasonally_adjusted": seasonally_adjusted(value, read_number(given, "seasonal_index") or Decimal(1)),
    }


def _occupancy_impact(given: Given) -> dict[str, Any]:
    series = ([value and Decimal(value) for value in given[name]] for name in ("occupancy", "vehicles"))
    return {"correlation": occupancy_impact(zip(*series, strict=True))}


_TASKS = {"metrics": _metrics, "baseline": _baseline, "change": _change, "occupancy_impact": _occupancy_impact}
