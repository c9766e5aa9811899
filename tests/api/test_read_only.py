"""What an answer shows and no request may send is called read-only when it is sent back, never unknown.

Source: REST API, "PUT means merge" and "Errors".
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from shared_code.api.app import create_app
from tests.api.serving import BASE, Api, data_of, served
from tests.support.payroll_world import PayrollWorld, valet_company
from tests.support.statistics_world import BUDGET_JUNE, StatisticsWorld, small_company

SENT_BACK = {"version", "updatedAt", "updatedBy"}
"""The members of an answer that a write takes."""


@pytest.fixture
def statistics(tmp_path: Path) -> Iterator[Api]:
    world = small_company(StatisticsWorld(tmp_path))
    world.budget("TP001", BUDGET_JUNE, ["2025-06"])
    with served(create_app(lambda: world.runtime)) as api:
        yield api
    world.close()


@pytest.fixture
def payroll(tmp_path: Path) -> Iterator[Api]:
    world = valet_company(PayrollWorld(tmp_path))
    world.budget("TP001", {"6000": "26000"})
    world.budget_hours("TP001", "2025-06", "VLT1", "310", "4650")
    with served(create_app(lambda: world.runtime)) as api:
        yield api
    world.close()


def told(api: Api, method: str, path: str, body: Mapping[str, Any]) -> dict[str, set[str]]:
    """The fields of each code of a refusal."""
    answer = api.client.request(method, f"{BASE}/{path}", json=body)
    assert answer.status_code == 400, answer.text
    found: dict[str, set[str]] = {}
    for error in answer.json()["errors"]:
        found.setdefault(error["code"], set()).add(error["field"])
    return found


def test_the_statistics_of_a_period(statistics: Api) -> None:
    path = "statistics/TP001/2025-06"
    data = data_of(statistics.get(f"{BASE}/{path}"))
    whole = told(statistics, "PUT", path, {**data, "days": data["days"][:1], "statistics": None})
    entered = {"date", "note"}
    of_day = {f"days[0].{name}" for name in data["days"][0].keys() - entered}
    assert whole == {"READ_ONLY_FIELD": of_day | data.keys() - SENT_BACK - {"days", "statistics"}}

    sums = told(statistics, "PUT", path, {"statistics": data["statistics"]})
    targets = {"occupancy", "valetVehicles", "selfParkVehicles", "driveInRatio", "captureRatio"}
    assert sums == {"READ_ONLY_FIELD": {f"statistics.{name}" for name in data["statistics"].keys() - targets}}


def test_a_copy_of_statistics(statistics: Api) -> None:
    path = "statistics/TP001/2025-06/copy"
    data = data_of(statistics.post(f"{BASE}/{path}", {"from": "budget"}))
    assert told(statistics, "POST", path, {"from": "budget", **data}) == {"READ_ONLY_FIELD": data.keys() - SENT_BACK}


def test_the_payroll_of_a_period(payroll: Api) -> None:
    path = "payroll/TP001/2025-06"
    data = data_of(payroll.get(f"{BASE}/{path}"))
    entry = {"date": "2025-06-02", "jobGroupId": "valet", "hours": 8}
    whole = told(payroll, "PUT", path, {**data, "entries": [entry]})
    assert whole == {"READ_ONLY_FIELD": data.keys() - SENT_BACK}

    row = data["days"][0]["rows"][0]
    shown = told(payroll, "PUT", path, {"entries": [{**row, **entry, "editable": True, "lockReason": None}]})
    entered = {"jobFamily", "jobGroupId", "jobCode", "note"}
    read_only = row.keys() - entered | {"editable", "lockReason"}
    assert shown == {"READ_ONLY_FIELD": {f"entries[0].{name}" for name in read_only}}


def test_a_copy_of_payroll(payroll: Api) -> None:
    path = "payroll/TP001/2025-06/copy-schedule"
    data = data_of(payroll.post(f"{BASE}/{path}", {"from": "budget", "dryRun": True}))
    assert told(payroll, "POST", path, data) == {"READ_ONLY_FIELD": data.keys() - SENT_BACK}


def test_a_calculation_of_payroll(payroll: Api) -> None:
    path, entry = "payroll/TP001/calculate", {"jobCode": "VLT1", "hours": 8}
    data = data_of(payroll.post(f"{BASE}/{path}", {"period": "2025-06", "entries": [entry]}))
    shown = {**data["entries"][0], **entry, "overtimeHours": 0}
    body = {"period": "2025-06", "entries": [shown], "totals": data["totals"], "saved": None}
    of_entry = shown.keys() - entry.keys() - {"jobGroupId", "jobFamily", "overtimeHours", "rate"}
    read_only = {f"entries[0].{name}" for name in of_entry} | {"totals", "saved"}
    assert told(payroll, "POST", path, body) == {"READ_ONLY_FIELD": read_only}
