"""Copying hours into the payroll forecast over HTTP."""

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
    world.labor("TP001", "VLT1", "2025-04-01", "2025-04-14", "24", "400")
    world.schedule("TP001", "VLT1", "2025-04-14", 480)
    world.schedule("TP001", "VLT1", "2025-04-16", 500)
    world.schedule("TP001", "VLT2", "2025-04-16", 240)
    yield world
    world.close()


@pytest.fixture
def api(world: PayrollWorld) -> Iterator[Api]:
    with served(create_app(lambda: world.runtime)) as api:
        yield api.signed_in("am1", "account_manager", sites=["TP001"])


def copy(api: Api, month: str = "2025-04", **members: Any) -> httpx.Response:
    return api.post(f"{PAYROLL}/{month}/copy-schedule", members)


def copied(answer: httpx.Response) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    data: dict[str, Any] = answer.json()["data"]
    return data


def hours(data: dict[str, Any]) -> dict[str, float]:
    return {f"{row['date']} {row['jobCode']}": row["newHours"] for row in data["rows"]}


def test_the_schedule_becomes_the_forecast_of_the_editable_days(api: Api, world: PayrollWorld) -> None:
    answer = copy(api)
    data = copied(answer)
    assert data["rows"] == [
        {"date": "2025-04-16", "jobCode": "VLT1", "oldHours": None, "newHours": 8.33},
        {"date": "2025-04-16", "jobCode": "VLT2", "oldHours": None, "newHours": 4.0},
    ]
    # 8.33 × 15 + 4 × 19
    assert (data["totalHours"], data["totalCost"], data["version"]) == (12.33, 200.95, 1)
    assert data["changes"] == {"created": 2, "updated": 0, "cleared": 0}
    assert answer.headers["etag"] == '"1"'
    skipped = {entry["date"]: (entry["jobCode"], entry["reason"]) for entry in data["skipped"]}
    assert skipped["2025-04-14"] == (None, "locked")
    assert skipped["2025-04-15"] == (None, "no_source")
    assert len(skipped) == 29
    assert world.hours() == {"2025-04-16 VLT1": "8.33", "2025-04-16 VLT2": "4"}
    assert {entry[-1] for entry in world.trail()} == {"copy"}
    assert [event["eventType"] for event in world.events()] == ["PayrollCalculated"]


def test_a_dry_run_says_the_same_and_stores_nothing(api: Api, world: PayrollWorld) -> None:
    before = world.saved()
    dry = copied(copy(api, dryRun=True))
    assert world.saved() == before
    wet = copied(copy(api))
    assert dry | {"version": 1} == wet
    assert dry["version"] == 0


def test_hours_that_are_saved_already_are_kept_unless_they_are_to_be_replaced(api: Api, world: PayrollWorld) -> None:
    entry = {"date": "2025-04-16", "jobGroupId": "valet", "hours": 40}
    assert api.put(f"{PAYROLL}/2025-04", {"entries": [entry]}).status_code == 200
    kept = copied(copy(api, dates=["2025-04-16"], version=1))
    assert (kept["rows"], kept["version"], kept["changes"]["updated"]) == ([], 1, 0)
    assert [(one["jobCode"], one["reason"]) for one in kept["skipped"]] == [
        ("VLT1", "existing_forecast"), ("VLT2", "existing_forecast"),
    ]  # fmt: skip
    replaced = copied(copy(api, dates=["2025-04-16"], overwrite=True, version=1))
    assert [(row["oldHours"], row["newHours"]) for row in replaced["rows"]] == [(30.0, 8.33), (10.0, 4.0)]
    again = copied(copy(api, dates=["2025-04-16"], version=1))
    assert (again["changes"], again["version"], again["skipped"]) == (
        {"created": 0, "updated": 0, "cleared": 0}, 2, [],
    )  # fmt: skip


def test_only_the_groups_asked_for_are_copied(api: Api, world: PayrollWorld) -> None:
    world.add_group("gsa", "Ground")
    world.add_code("GSA1", "gsa")
    world.use("TP001", "GSA1", 1)
    world.schedule("TP001", "GSA1", "2025-04-16", 60)
    assert hours(copied(copy(api, jobGroups=["GSA"], dryRun=True))) == {"2025-04-16 GSA1": 1.0}
    unknown = copy(api, jobGroups=["gsa", "night"])
    assert told(unknown) == (422, "BUSINESS_RULE_VIOLATION", "jobGroups")
    assert first_error(unknown)["details"] == {"jobGroups": ["night"]}


def test_salaried_codes_are_left_out_and_named(api: Api, world: PayrollWorld) -> None:
    world.add_code("VLTM", "valet")
    world.use("TP001", "VLTM", 2, salary="73000")
    world.schedule("TP001", "VLTM", "2025-04-16", 480)
    data = copied(copy(api, dates=["2025-04-16"]))
    assert data["skipped"] == [{"date": "2025-04-16", "jobCode": "VLTM", "reason": "salaried"}]
    assert data["totalHours"] == 12.33


def test_a_copied_budget_month_adds_up_to_the_budget(api: Api, world: PayrollWorld) -> None:
    world.budget_hours("TP001", "2025-05", "VLT1", "100", "1500")
    data = copied(copy(api, "2025-05", **{"from": "budget"}))
    assert (data["totalHours"], len(data["rows"]), data["skipped"]) == (100.0, 31, [])
    assert set(hours(data).values()) == {3.23, 3.1}


def test_the_week_before_is_what_was_paid_else_what_is_forecast(api: Api, world: PayrollWorld) -> None:
    entry = {"date": "2025-04-16", "jobGroupId": "valet", "hours": 40}
    assert api.put(f"{PAYROLL}/2025-04", {"entries": [entry]}).status_code == 200
    data = copied(copy(api, **{"from": "prior-week"}, dates=["2025-04-20", "2025-04-23", "2025-04-24"], dryRun=True))
    assert hours(data) == {"2025-04-20 VLT1": 24.0, "2025-04-23 VLT1": 30.0, "2025-04-23 VLT2": 10.0}
    assert data["skipped"] == [{"date": "2025-04-24", "jobCode": None, "reason": "no_source"}]


def test_the_year_before_is_the_same_date(api: Api, world: PayrollWorld) -> None:
    world.labor("TP001", "VLT2", "2024-04-20", "2024-04-20", "7.5", "140")
    data = copied(copy(api, **{"from": "prior-year"}, dates=["2025-04-20"]))
    assert hours(data) == {"2025-04-20 VLT2": 7.5}
    assert data["totalCost"] == 142.5


def test_a_copy_that_is_sent_again_with_its_key_is_carried_out_once(api: Api, world: PayrollWorld) -> None:
    key = {"Idempotency-Key": "copy-1"}
    first = api.post(f"{PAYROLL}/2025-04/copy-schedule", {}, headers=key)
    second = api.post(f"{PAYROLL}/2025-04/copy-schedule", {}, headers=key)
    assert (second.status_code, second.headers["idempotency-replayed"]) == (200, "true")
    assert second.json()["data"] == first.json()["data"]
    assert len(world.events()) == 1


def test_a_copy_on_an_old_version_is_refused(api: Api) -> None:
    assert copied(copy(api))["version"] == 1
    answer = copy(api, **{"from": "prior-week"}, overwrite=True, version=0)
    assert told(answer) == (412, "VERSION_CONFLICT", "version")


@pytest.mark.parametrize(
    ("members", "code", "field"),
    [
        ({"from": "moon"}, "INVALID_DATA_TYPE", "from"),
        ({"dates": []}, "MISSING_REQUIRED_FIELD", "dates"),
        ({"dates": ["2025-05-01"]}, "VALUE_OUT_OF_RANGE", "dates[0]"),
        ({"dates": ["2025-04-20", "2025-04-20"]}, "DUPLICATE", "dates[1]"),
        ({"jobGroups": [5]}, "INVALID_DATA_TYPE", "jobGroups[0]"),
        ({"dryRun": "yes"}, "INVALID_DATA_TYPE", "dryRun"),
        ({"source": "budget"}, "UNKNOWN_FIELD", "source"),
    ],
)
def test_what_is_wrong_with_a_copy_is_named(members: dict[str, Any], code: str, field: str, api: Api) -> None:
    assert told(copy(api, **members)) == (400, code, field)


def test_who_may_only_read_may_not_copy(api: Api) -> None:
    api = api.signed_in("corporate_viewer@example.com", "corporate_viewer")
    assert told(copy(api, dryRun=True))[:2] == (403, "INSUFFICIENT_PERMISSIONS")
