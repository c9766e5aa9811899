"""Hours of a job group, and what labour costs.

Source: User stories, "S09 Hours of a job group", "S10 Labour cost without saving".
"""

from typing import Any

import httpx
import pytest

from tests.api.serving import BASE, Api, data_of, first_error, told
from tests.support.story_world import StoryWorld

PAYROLL = f"{BASE}/payroll/TP001"
APRIL = f"{PAYROLL}/2025-04"


@pytest.fixture
def valets(world: StoryWorld) -> StoryWorld:
    """Group `valet` of TP001: VLT1 with 3 employees at 15.00, VLT2 with one at 19.00."""
    world.add_group("valet", "Valet")
    for code, employees, rate in (("VLT1", 3, "15.00"), ("VLT2", 1, "19.00")):
        world.add_code(code, "valet")
        world.use("TP001", code, employees)
        world.rate("TP001", code, rate)
    return world


def enter(api: Api, mode: str = "hours", **entry: Any) -> httpx.Response:
    return api.put(APRIL, {"inputMode": mode, "entries": [entry]})


def forecast(api: Api, level: str, day: str) -> dict[str | None, tuple[float, float]]:
    """Hours and cost of a day, by the name of what the level shows."""
    name = {"code": "jobCode", "group": "jobGroup", "family": "jobFamily"}[level]
    [found] = [one for one in data_of(api.get(f"{APRIL}?level={level}"))["days"] if one["date"] == day]
    return {row[name]: (row["forecast"]["hours"], row["forecast"]["cost"]) for row in found["rows"] if row["forecast"]}


@pytest.mark.usefixtures("valets")
def test_s09_hours_of_a_group_are_spread_over_its_codes_by_employees(am1: Api) -> None:
    assert enter(am1, date="2025-04-21", jobGroupId="valet", hours=40).status_code == 200
    assert forecast(am1, "code", "2025-04-21") == {"VLT1": (30, 450.00), "VLT2": (10, 190.00)}
    assert forecast(am1, "group", "2025-04-21") == {"Valet": (40, 640.00)}
    assert forecast(am1, "family", "2025-04-21") == {"Valet": (40, 640.00)}


def test_s09_a_job_code_is_refused_where_hours_are_entered_by_group(am1: Api, valets: StoryWorld) -> None:
    answer = enter(am1, date="2025-04-21", jobCode="VLT1", hours=40)
    assert told(answer)[:2] == (422, "BUSINESS_RULE_VIOLATION")
    assert valets.hours() == {}


@pytest.mark.usefixtures("valets")
def test_s09_a_cost_becomes_hours_at_the_employee_weighted_rate(am1: Api) -> None:
    assert enter(am1, "cost", date="2025-04-22", jobGroupId="valet", cost=640.00).status_code == 200
    assert forecast(am1, "group", "2025-04-22") == {"Valet": (40, 640.00)}


def labour(hours: int, code: str = "VLT1") -> dict[str, Any]:
    return {
        "period": "2025-04",
        "entries": [{"jobCode": code, "hours": hours, "rate": 20.00}],
        "include": ["pteb"],
    }


def test_s10_labour_cost_is_calculated_and_nothing_is_saved(am1: Api, valets: StoryWorld) -> None:
    valets.budget("TP001", {"6000": "50000", "6200": "10000"}, ["2025-04"])
    before = data_of(am1.get(APRIL))
    totals = data_of(am1.post(f"{PAYROLL}/calculate", labour(10)))["totals"]
    costs = ("laborCost", "ptebCost", "totalBurdenedCost", "overtimeHours")
    assert [totals[name] for name in costs] == [200.00, 40.00, 240.00, 0]
    assert data_of(am1.get(APRIL)) == before
    assert valets.events() == []
    [long] = data_of(am1.post(f"{PAYROLL}/calculate", labour(60)))["entries"]
    assert [long[name] for name in ("regularHours", "overtimeHours", "laborCost")] == [60, 0, 1200.00]


def test_s10_a_code_has_to_exist_and_entries_are_needed(am1: Api) -> None:
    unknown = am1.post(f"{PAYROLL}/calculate", labour(10, "XXX9"))
    assert told(unknown)[:2] == (422, "CALCULATION_ERROR")
    assert first_error(unknown)["details"]["jobCodes"] == ["XXX9"]
    empty = am1.post(f"{PAYROLL}/calculate", labour(10) | {"entries": []})
    assert told(empty) == (400, "MISSING_REQUIRED_FIELD", "entries")
