"""Hours of a job group, and labour cost without saving: the two stories of payroll over HTTP."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from shared_code.api.app import create_app
from tests.api.serving import BASE, Api, first_error, served, told
from tests.support.payroll_world import PayrollWorld, valet_company

PAYROLL = f"{BASE}/payroll/TP001"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[PayrollWorld]:
    world = valet_company(PayrollWorld(tmp_path))
    world.budget("TP001", {"6000": "50000", "6200": "10000"}, ["2025-04"])
    yield world
    world.close()


@pytest.fixture
def api(world: PayrollWorld) -> Iterator[Api]:
    with served(create_app(lambda: world.runtime)) as api:
        yield api.signed_in("am1", "account_manager", sites=["TP001"])


def rows_of(answer: httpx.Response, day: str) -> list[dict[str, Any]]:
    assert answer.status_code == 200, answer.text
    [found] = [one for one in answer.json()["data"]["days"] if one["date"] == day]
    rows: list[dict[str, Any]] = found["rows"]
    return rows


def test_hours_of_a_group_go_to_its_codes_by_employees(api: Api, world: PayrollWorld) -> None:
    sent = {"entries": [{"date": "2025-04-21", "jobGroupId": "valet", "hours": 40}]}
    answer = api.put(f"{PAYROLL}/2025-04", sent)
    assert answer.status_code == 200
    assert answer.json()["data"]["changes"] == {"created": 2, "updated": 0, "cleared": 0}
    assert (answer.json()["data"]["version"], answer.headers["etag"]) == (1, '"1"')
    assert world.hours() == {"2025-04-21 VLT1": "3E+1", "2025-04-21 VLT2": "1E+1"}
    codes = {row["jobCode"]: row["forecast"] for row in rows_of(api.get(f"{PAYROLL}/2025-04?level=code"), "2025-04-21")}
    assert codes == {
        "VLT1": {"hours": 30.0, "overtimeHours": 0.0, "cost": 450.0, "revenue": None},
        "VLT2": {"hours": 10.0, "overtimeHours": 0.0, "cost": 190.0, "revenue": None},
    }
    for level, name in (("group", "jobGroup"), ("family", "jobFamily")):
        [row] = rows_of(api.get(f"{PAYROLL}/2025-04?level={level}"), "2025-04-21")
        assert (row[name], row["forecast"]["hours"], row["forecast"]["cost"], row["rate"]) == ("Valet", 40, 640, 16)
    day = api.get(f"{PAYROLL}/2025-04-21").json()["data"]
    assert day["days"][0]["rows"][0]["forecast"]["cost"] == 640.0
    assert day["totals"]["period"]["forecast"] == {"hours": 40.0, "overtimeHours": 0.0, "cost": 640.0, "revenue": None}


def test_a_job_code_is_refused_where_hours_are_entered_by_group(api: Api, world: PayrollWorld) -> None:
    sent = {"entries": [{"date": "2025-04-21", "jobCode": "VLT1", "hours": 40}]}
    answer = api.put(f"{PAYROLL}/2025-04", sent)
    assert told(answer) == (422, "BUSINESS_RULE_VIOLATION", "entries[0].jobCode")
    assert first_error(answer)["details"] == {"mode": "group", "accepted": ["jobGroupId", "jobFamily"]}
    assert world.hours() == {}


def test_a_cost_of_a_group_becomes_hours_at_the_employee_weighted_rate(api: Api, world: PayrollWorld) -> None:
    sent = {"inputMode": "cost", "entries": [{"date": "2025-04-22", "jobGroupId": "valet", "cost": 640.00}]}
    answer = api.put(f"{PAYROLL}/2025-04", sent)
    [row] = rows_of(answer, "2025-04-22")
    assert (row["forecast"]["hours"], row["forecast"]["cost"]) == (40.0, 640.0)
    assert world.hours() == {"2025-04-22 VLT1": "3E+1", "2025-04-22 VLT2": "1E+1"}


def test_labour_cost_is_calculated_without_saving(api: Api, world: PayrollWorld) -> None:
    before = api.get(f"{PAYROLL}/2025-04").json()["data"]
    sent: dict[str, Any] = {
        "period": "2025-04", "entries": [{"jobCode": "VLT1", "hours": 10, "rate": 20.00}], "include": ["pteb"],
    }  # fmt: skip
    answer = api.post(f"{PAYROLL}/calculate", sent)
    data = answer.json()["data"]
    assert answer.status_code == 200, answer.text
    assert data["entries"] == [
        {
            "jobCode": "VLT1", "jobGroupId": None, "jobFamily": None, "rate": 20.0, "rateSource": "request",
            "regularHours": 10.0, "overtimeHours": 0.0, "regularCost": 200.0, "overtimeCost": 0.0, "laborCost": 200.0,
            "ptebCost": 40.0, "insuranceCost": None, "billableRevenue": None,
        }
    ]  # fmt: skip
    assert data["totals"] == {
        "regularHours": 10.0, "overtimeHours": 0.0, "regularCost": 200.0, "overtimeCost": 0.0, "laborCost": 200.0,
        "ptebCost": 40.0, "insuranceCost": None, "billableRevenue": None, "totalHours": 10.0, "totalCost": 200.0,
        "totalBurdenedCost": 240.0, "blendedRate": 20.0, "vsBudget": {"hours": 10.0, "cost": -49800.0},
    }  # fmt: skip
    assert api.get(f"{PAYROLL}/2025-04").json()["data"] == before
    assert world.events() == []
    sent["entries"][0]["hours"] = 60
    [more] = api.post(f"{PAYROLL}/calculate", sent).json()["data"]["entries"]
    assert (more["regularHours"], more["overtimeHours"], more["laborCost"]) == (60.0, 0.0, 1200.0)


def test_an_unknown_code_cannot_be_calculated_and_entries_are_needed(api: Api) -> None:
    unknown = api.post(f"{PAYROLL}/calculate", {"period": "2025-04", "entries": [{"jobCode": "XXX9", "hours": 1}]})
    assert told(unknown) == (422, "CALCULATION_ERROR", "entries")
    assert first_error(unknown)["details"] == {"jobCodes": ["XXX9"]}
    empty = api.post(f"{PAYROLL}/calculate", {"period": "2025-04", "entries": []})
    assert told(empty) == (400, "MISSING_REQUIRED_FIELD", "entries")
