"""All rules that the entries of one payroll break are told at once, in the order of the entries.

Source: REST API, "Errors" and "Payroll".
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from shared_code.api.app import create_app
from tests.api.serving import BASE, Api, served
from tests.support.payroll_world import PayrollWorld, valet_company

APRIL = f"{BASE}/payroll/TP001/2025-04"
VALET = {"date": "2025-04-21", "jobGroupId": "valet"}
COORDINATOR = {"date": "2025-04-21", "jobFamily": "Ground Support Coordinator"}
AGENT = {"date": "2025-04-22", "jobFamily": "Ground Support Agent"}


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Api]:
    """TP001 has a coordinator and an agent whose rate is not known, and a manager who is paid by salary."""
    world = valet_company(PayrollWorld(tmp_path))
    for code, salary in (("GSC1", None), ("GSA1", None), ("MGR1", "73000")):
        world.add_code(code)
        world.use("TP001", code, 1, salary)
    with served(create_app(lambda: world.runtime)) as api:
        yield api
    world.close()


def told(answer: httpx.Response) -> list[tuple[str, str, dict[str, Any]]]:
    assert answer.status_code == 422, answer.text
    return [(error["code"], error["field"], error["details"]) for error in answer.json()["errors"]]


def put(api: Api, *entries: dict[str, Any], **members: Any) -> list[tuple[str, str, dict[str, Any]]]:
    return told(api.put(APRIL, {"entries": list(entries), **members}))


def test_levels_and_targets_that_the_site_has_not(api: Api) -> None:
    found = put(
        api,
        {"date": "2025-04-21", "jobCode": "VLT1", "hours": 8},
        {**VALET, "hours": 8},
        {"date": "2025-04-21", "jobGroupId": "door", "hours": 8},
        {**VALET, "date": "2025-04-22", "overtimeHours": 1},
        {"date": "2025-04-21", "jobFamily": "Unmapped", "hours": 8},
        {"date": "2025-04-21", "jobGroupId": "bell", "hours": 8},
    )
    assert found == [
        ("BUSINESS_RULE_VIOLATION", "entries[0].jobCode", {"mode": "group", "accepted": ["jobGroupId", "jobFamily"]}),
        ("BUSINESS_RULE_VIOLATION", "entries[2].jobGroupId", {"jobGroups": ["bell", "door"]}),
        ("BUSINESS_RULE_VIOLATION", "entries[3].overtimeHours", {"mode": "group"}),
        ("BUSINESS_RULE_VIOLATION", "entries[4].jobFamily", {"reason": "salaried", "jobCodes": ["MGR1"]}),
    ]


def test_more_hours_than_a_day_has(api: Api) -> None:
    later = {**VALET, "date": "2025-04-20"}
    found = put(api, {**VALET, "hours": 97}, {**AGENT, "hours": 24}, {**later, "hours": 9999})
    assert [(field, details["date"], details["maximum"]) for _, field, details in found] == [
        ("entries[0].hours", "2025-04-21", 72),
        ("entries[2].hours", "2025-04-20", 72),
    ]


def test_costs_without_a_rate(api: Api) -> None:
    found = put(api, {**AGENT, "cost": 9}, {**VALET, "cost": 16}, {**COORDINATOR, "cost": 9}, inputMode="cost")
    assert found == [
        ("CALCULATION_ERROR", "entries[0].cost", {"jobCodes": ["GSA1"]}),
        ("CALCULATION_ERROR", "entries[2].cost", {"jobCodes": ["GSC1"]}),
    ]


def test_hours_that_cannot_be_priced(api: Api) -> None:
    entries = [{**AGENT, "hours": 8}, {**VALET, "hours": 8}, {**COORDINATOR, "hours": 8}]
    answer = api.post(f"{BASE}/payroll/TP001/calculate", {"period": "2025-04", "entries": entries})
    assert told(answer) == [
        ("CALCULATION_ERROR", "entries[0].rate", {"jobCodes": ["GSA1"]}),
        ("CALCULATION_ERROR", "entries[2].rate", {"jobCodes": ["GSC1"]}),
    ]


def test_a_job_group_that_a_copy_names_twice(api: Api) -> None:
    answer = api.post(f"{APRIL}/copy-schedule", {"jobGroups": ["valet", "Valet "]})
    [error] = answer.json()["errors"]
    assert (answer.status_code, error["code"], error["field"]) == (400, "DUPLICATE", "jobGroups[1]")
