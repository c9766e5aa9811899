"""Calculating labour cost over HTTP, without saving and with it."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from shared_code.api.app import create_app
from shared_code.domain.contract import LaborJob
from tests.api.serving import BASE, Api, first_error, served, told
from tests.support.payroll_world import PayrollWorld, valet_company

PAYROLL = f"{BASE}/payroll/TP001"
GROUP = {"date": "2025-04-21", "jobGroupId": "valet", "hours": 40}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[PayrollWorld]:
    world = valet_company(PayrollWorld(tmp_path))
    world.budget("TP001", {"6000": "50000", "6200": "10000"}, ["2025-04"])
    world.budget_hours("TP001", "2025-04", "VLT1", "600", "9000")
    yield world
    world.close()


@pytest.fixture
def api(world: PayrollWorld) -> Iterator[Api]:
    with served(create_app(lambda: world.runtime)) as api:
        yield api.signed_in("am1", "account_manager", sites=["TP001"])


def post(api: Api, *entries: dict[str, Any], **members: Any) -> httpx.Response:
    return api.post(f"{PAYROLL}/calculate", {"period": "2025-04", "entries": list(entries), **members})


def calculated(answer: httpx.Response) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    data: dict[str, Any] = answer.json()["data"]
    return data


def test_each_code_of_a_group_is_priced_at_its_own_rate(api: Api) -> None:
    data = calculated(post(api, GROUP, {"jobCode": "VLT2", "hours": 10, "overtimeHours": 2}))
    group, code = data["entries"]
    assert (group["jobGroupId"], group["rate"], group["rateSource"], group["laborCost"]) == ("valet", 16, "site", 640)
    assert (code["regularCost"], code["overtimeCost"], code["laborCost"]) == (190.0, 38.0, 228.0)
    totals = data["totals"]
    assert (totals["totalHours"], totals["totalCost"], totals["blendedRate"]) == (52.0, 868.0, 16.692308)
    assert totals["vsBudget"] == {"hours": -548.0, "cost": -49132.0}


def test_rates_of_the_request_stand_in_for_those_in_force(api: Api) -> None:
    entry = {"jobCode": "VLT1", "hours": 8, "overtimeHours": 2, "rate": 20, "overtimeRate": 30}
    [priced] = calculated(post(api, entry))["entries"]
    assert (priced["regularCost"], priced["overtimeCost"], priced["rateSource"]) == (160.0, 60.0, "request")
    [group] = calculated(post(api, GROUP | {"rate": 18.5}))["entries"]
    assert (group["rate"], group["laborCost"]) == (18.5, 740.0)


def test_the_rate_in_force_on_the_day_counts_and_a_default_is_named_as_such(api: Api, world: PayrollWorld) -> None:
    world.add_code("GSA1", default_rate="11.25")
    world.use("TP001", "GSA1", 1)
    [default] = calculated(post(api, {"jobCode": "gsa1", "hours": 4}))["entries"]
    assert (default["rate"], default["rateSource"], default["laborCost"]) == (11.25, "default", 45.0)
    world.rate("TP001", "GSA1", "12.00", "2025-04-20")
    before, after = calculated(
        post(
            api,
            {"jobCode": "GSA1", "hours": 4, "date": "2025-04-19"},
            {"jobCode": "GSA1", "hours": 4, "date": "2025-04-20"},
        )
    )["entries"]
    assert (before["laborCost"], after["laborCost"], after["rateSource"]) == (45.0, 48.0, "site")


def test_insurance_and_revenue_are_calculated_when_they_are_asked_for(api: Api, world: PayrollWorld) -> None:
    world.pays_by_hour("TP001", LaborJob("VLT1", Decimal(24), Decimal(36), date(2024, 1, 1)))
    entry = {"jobCode": "VLT1", "hours": 10, "overtimeHours": 1}
    data = calculated(post(api, entry, include=["pteb", "insurance", "revenue"]))
    [priced] = data["entries"]
    # 165 of wages: PTEB at 10,000 ÷ 50,000, insurance at 4.45 %; the client pays 10 × 24 + 36.
    assert (priced["ptebCost"], priced["insuranceCost"], priced["billableRevenue"]) == (33.0, 7.34, 276.0)
    assert data["totals"]["totalBurdenedCost"] == 205.34
    [bare] = calculated(post(api, entry))["entries"]
    assert (bare["ptebCost"], bare["insuranceCost"], bare["billableRevenue"]) == (None, None, None)


def test_without_budget_payroll_pteb_is_not_known(api: Api) -> None:
    data = calculated(post(api, {"jobCode": "VLT1", "hours": 1}, period="2025-05", include=["pteb"]))
    assert data["totals"]["ptebCost"] is None


def test_hours_of_nothing_have_no_blended_rate(api: Api) -> None:
    assert calculated(post(api, {"jobCode": "VLT1", "hours": 0}))["totals"]["blendedRate"] is None


def test_what_cannot_be_priced_is_refused(api: Api, world: PayrollWorld) -> None:
    world.add_code("GSA1")
    world.use("TP001", "GSA1", 1)
    world.add_code("MGR")
    world.use("TP001", "MGR", 1, salary="73000")
    missing = post(api, {"jobCode": "VLT1", "hours": 1}, {"jobCode": "GSA1", "hours": 1})
    assert told(missing) == (422, "CALCULATION_ERROR", "entries[1].rate")
    assert first_error(missing)["details"] == {"jobCodes": ["GSA1"]}
    salaried = post(api, {"jobCode": "MGR", "hours": 1, "rate": 5})
    assert first_error(salaried)["details"] == {"reason": "salaried", "jobCodes": ["MGR"]}
    unknown = post(api, {"jobCode": "B", "hours": 1}, {"jobCode": "A", "hours": 1}, {"jobGroupId": "x", "hours": 1})
    assert first_error(unknown)["details"] == {"jobCodes": ["A", "B"], "jobGroups": ["x"]}


def test_with_persist_the_entries_are_saved_as_by_put(api: Api, world: PayrollWorld) -> None:
    answer = post(api, GROUP, persist=True, version=0)
    data = calculated(answer)
    assert data["totals"]["totalCost"] == 640.0
    assert data["saved"] == {"version": 1, "changes": {"created": 2, "updated": 0, "cleared": 0}, "warnings": []}
    assert answer.headers["etag"] == '"1"'
    assert world.hours() == {"2025-04-21 VLT1": "3E+1", "2025-04-21 VLT2": "1E+1"}
    assert [event["totalCost"] for event in world.events()] == [640.0]


def test_with_persist_versions_locks_and_rules_are_those_of_put(api: Api, world: PayrollWorld) -> None:
    by_code = {"date": "2025-04-21", "jobCode": "VLT1", "hours": 8}
    assert told(post(api, by_code, persist=True))[:2] == (422, "BUSINESS_RULE_VIOLATION")
    assert told(post(api, GROUP | {"date": "2025-04-01"}, persist=True))[:2] == (409, "PERIOD_LOCKED")
    assert told(post(api, GROUP, persist=True, version=3))[:2] == (412, "VERSION_CONFLICT")
    unknown = {"date": "2025-04-21", "jobCode": "XXX9", "hours": 8}
    assert told(post(api, unknown, persist=True))[:2] == (422, "CALCULATION_ERROR")
    assert world.hours() == {}


def test_who_may_only_read_calculates_and_does_not_save(api: Api) -> None:
    api = api.signed_in("corporate_viewer@example.com", "corporate_viewer")
    assert calculated(post(api, GROUP))["saved"] is None
    assert told(post(api, GROUP, persist=True))[:2] == (403, "INSUFFICIENT_PERMISSIONS")


@pytest.mark.parametrize(
    ("members", "status", "code", "field"),
    [
        ({"period": "2025-Q2"}, 400, "INVALID_PERIOD", "period"),
        ({"period": 202504}, 400, "INVALID_DATA_TYPE", "period"),
        ({"period": None}, 400, "MISSING_REQUIRED_FIELD", "period"),
        ({"period": "2023-04", "entries": [{"jobCode": "VLT1", "hours": 1}]}, 404, "PERIOD_NOT_AVAILABLE", "period"),
        ({"include": ["tips"]}, 400, "INVALID_DATA_TYPE", "include[0]"),
        ({"entries": [{"jobCode": "VLT1"}]}, 400, "MISSING_REQUIRED_FIELD", "entries[0].hours"),
        ({"entries": [{"jobCode": "VLT1", "hours": None}]}, 400, "MISSING_REQUIRED_FIELD", "entries[0].hours"),
        ({"entries": [{"hours": 1}]}, 400, "MISSING_REQUIRED_FIELD", "entries[0].jobCode"),
        ({"entries": [{"jobCode": "VLT1", "hours": 1, "rate": 0}]}, 400, "VALUE_OUT_OF_RANGE", "entries[0].rate"),
        ({"entries": [GROUP | {"date": "2025-05-01"}]}, 400, "VALUE_OUT_OF_RANGE", "entries[0].date"),
        ({"entries": [GROUP | {"hours": 10000}]}, 400, "VALUE_OUT_OF_RANGE", "entries[0].hours"),
        ({"entries": [GROUP, GROUP]}, 400, "DUPLICATE", "entries[1].jobGroupId"),
    ],
)
def test_what_is_wrong_with_a_calculation_is_named(
    members: dict[str, Any], status: int, code: str, field: str, api: Api
) -> None:
    assert told(api.post(f"{PAYROLL}/calculate", {"period": "2025-04", "entries": [GROUP]} | members)) == (
        status,
        code,
        field,
    )
