"""Cases of statistics."""

from typing import Any

from shared_code.domain.effective_statistics import EffectiveDay, StatisticsMonth, effective_days, effective_statistics
from shared_code.domain.statistics import Statistics, StatisticsDay, Volumes, aggregate_days, derive_day
from shared_code.domain.weeks import weeks_of
from tests.golden.case_values import Given, expand_days, read_amount, read_as, read_decimals, read_rows


def answer(given: dict[str, Any]) -> dict[str, Any]:
    """The answer to one of five tasks."""
    return TASKS[given["task"]](given)


def read_statistics_days(rows: list[Given]) -> list[StatisticsDay]:
    """Saved or recorded days."""
    return [StatisticsDay(row.pop("day"), **read_decimals(row)) for row in expand_days(rows)]


def read_available_rooms(given: Given) -> int:
    """Rooms that can be sold on one day."""
    return int(read_amount(given, "available_rooms"))


def _derive(given: Given) -> dict[str, Any]:
    (day,) = read_statistics_days([{**_only_statistics(given), "date": "2000-01-01"}])
    derived = derive_day(day, read_available_rooms(given))
    return {name: getattr(derived, name) for name in derived.__dataclass_fields__}


def _budget_ratios(given: Given) -> dict[str, Any]:
    budget = Volumes(**read_decimals(given["budget"]))
    return {"drive_in_ratio": budget.drive_in_ratio, "capture_ratio": budget.capture_ratio}


def _effective(given: Given) -> dict[str, Any]:
    month = StatisticsMonth(
        given["month"],
        read_available_rooms(given),
        Volumes(**read_decimals(given.get("budget"))),
        read_statistics_days(read_rows(given, "days")),
    )
    return {
        "days": {day.day.isoformat(): _describe_day(day) for day in effective_days(month)},
        "totals": _describe(effective_statistics(month)),
    }


def _aggregate(given: Given) -> dict[str, Any]:
    days = read_statistics_days(read_rows(given, "days"))
    return _describe(aggregate_days(days, read_available_rooms(given), read_as(int, given, "days_in_period")))


def _week_buckets(given: Given) -> dict[str, Any]:
    weeks = weeks_of(given["month"])
    return {"weeks": [{"start": week.start, "end": week.end, "days": week.days} for week in weeks]}


def _only_statistics(given: Given) -> dict[str, Any]:
    return {name: value for name, value in given.items() if name not in {"task", "available_rooms"}}


def _describe(statistics: Statistics) -> dict[str, Any]:
    derived = (
        "overnight",
        "occupancy",
        "drive_in_ratio",
        "capture_ratio",
        "valet_vehicles",
        "self_vehicles",
        "total_vehicles",
        "comps",
    )
    return {name: getattr(statistics, name) for name in (*statistics.__dataclass_fields__, *derived)}


def _describe_day(day: EffectiveDay) -> dict[str, Any]:
    return {
        **_describe(day.volumes),
        "drive_in_ratio": day.drive_in_ratio,
        "capture_ratio": day.capture_ratio,
        "source": "forecast" if day.is_saved else "budget",
    }


TASKS = {
    "derive": _derive,
    "budget_ratios": _budget_ratios,
    "effective": _effective,
    "aggregate": _aggregate,
    "week_buckets": _week_buckets,
}
