"""Job families, and the job codes of a site, over HTTP."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from shared_code.api.app import create_app
from shared_code.domain.contract import LaborJob
from tests.api.serving import BASE, Api, contents, served, told
from tests.support.payroll_world import PayrollWorld, valet_company

FAMILIES = f"{BASE}/payroll/job-families"
CODES = f"{BASE}/payroll/TP001/job-codes"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[PayrollWorld]:
    world = valet_company(PayrollWorld(tmp_path))
    world.add_code("NEW1", default_rate="9.50")
    world.use("TP001", "NEW1", 2)
    world.add_code("OLD1")
    world.use("TP001", "OLD1", 0, is_active=False)
    yield world
    world.close()


@pytest.fixture
def api(world: PayrollWorld) -> Iterator[Api]:
    with served(create_app(lambda: world.runtime)) as api:
        yield api


def test_the_delivered_families_come_with_their_codes_and_groups(api: Api) -> None:
    answer = api.get(FAMILIES)
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "private, max-age=3600")
    families = {family["name"]: family for family in answer.json()["data"]}
    assert list(families) == ["Ground Support Agent", "Ground Support Coordinator", "Valet", "Unmapped"]
    assert families["Valet"] == {
        "jobFamilyId": "valet", "name": "Valet", "code": "valet",
        "jobCodes": [
            {"jobCode": "VLT1", "title": "Title VLT1", "isActive": True},
            {"jobCode": "VLT2", "title": "Title VLT2", "isActive": True},
        ],
        "jobGroups": [{"jobGroupId": "valet", "title": "Valet"}],
        "isProductive": True, "isSalaried": False, "source": "workday",
    }  # fmt: skip
    assert [code["jobCode"] for code in families["Unmapped"]["jobCodes"]] == ["NEW1", "OLD1"]
    assert answer.json()["meta"] == {"total": 4, "page": 1, "limit": 50, "hasMore": False}


def test_who_reads_no_payroll_does_not_see_families(api: Api) -> None:
    api = api.signed_in("billing_admin@example.com", "billing_admin")
    assert told(api.get(FAMILIES))[:2] == (403, "INSUFFICIENT_PERMISSIONS")


def test_the_codes_of_a_site_come_with_the_rate_in_force(api: Api, world: PayrollWorld) -> None:
    world.rate("TP001", "VLT1", "15.50", "2025-04-10")
    world.rate("TP001", "VLT1", "16.50", "2025-05-01")
    world.pays_by_hour("TP001", LaborJob("VLT1", Decimal(24), None, date(2024, 1, 1)))
    new, valet, _ = api.get(CODES).json()["data"]
    assert valet == {
        "jobCode": "VLT1", "title": "Title VLT1", "jobFamily": "Valet", "jobGroupId": "valet", "jobGroup": "Valet",
        "isActive": True, "activeEmployees": 3, "averageHourlyRate": 15.5, "rateEffectiveDate": "2025-04-10",
        "calculationMethod": "weighted_average", "billableRate": 24.0, "billableOvertimeRate": 24.0,
        "isSalaried": False, "allocatedSalaryCost": None, "masked": False,
    }  # fmt: skip
    shown = ("jobFamily", "jobGroupId", "averageHourlyRate", "rateEffectiveDate", "calculationMethod", "billableRate")
    assert [new[name] for name in shown] == ["Unmapped", None, 9.5, None, "default", None]


def test_codes_are_read_page_by_page_and_inactive_ones_when_they_are_asked_for(api: Api) -> None:
    first = api.get(f"{CODES}?limit=2").json()
    assert [code["jobCode"] for code in first["data"]] == ["NEW1", "VLT1"]
    assert first["meta"] == {"total": 3, "page": 1, "limit": 2, "hasMore": True}
    every = api.get(f"{CODES}?include=inactive").json()
    assert [(code["jobCode"], code["isActive"]) for code in every["data"]] == [
        ("NEW1", True), ("OLD1", False), ("VLT1", True), ("VLT2", True),
    ]  # fmt: skip
    assert api.get(f"{CODES}?page=9").json()["data"] == []
    assert told(api.get(f"{CODES}?include=all")) == (400, "INVALID_DATA_TYPE", "include")
    assert told(api.get(f"{CODES}?limit=201")) == (400, "VALUE_OUT_OF_RANGE", "limit")


def test_pay_of_salaried_codes_is_hidden(api: Api, world: PayrollWorld) -> None:
    world.add_code("AMGR", default_rate="35.10")
    world.use("TP001", "AMGR", 3, salary="73000")
    shown = api.get(CODES).json()["data"][0]
    assert (shown["allocatedSalaryCost"], shown["averageHourlyRate"], shown["masked"]) == (73000.0, 35.1, False)
    api = api.signed_in("district_manager@example.com", "district_manager", sites=["TP001"])
    answer = api.get(CODES)
    hidden = answer.json()["data"][0]
    assert (hidden["allocatedSalaryCost"], hidden["averageHourlyRate"], hidden["masked"]) == (None, None, True)
    assert "73000" not in contents(answer)


def test_the_salary_of_a_code_that_is_not_flagged_is_shown_to_nobody_but_administrators(
    api: Api, world: PayrollWorld
) -> None:
    world.add_code("AMGR", default_rate="35.10")
    world.use("TP001", "AMGR", 1, salary="61214", is_flagged=False)
    shown = api.get(CODES).json()["data"][0]
    assert (shown["isSalaried"], shown["allocatedSalaryCost"], shown["averageHourlyRate"]) == (False, 61214.0, 35.1)
    api = api.signed_in("account_manager@example.com", "account_manager", sites=["TP001"])
    answer = api.get(CODES)
    hidden = answer.json()["data"][0]
    assert (hidden["isSalaried"], hidden["allocatedSalaryCost"], hidden["averageHourlyRate"]) == (False, None, 35.1)
    assert "61214" not in contents(answer)


def test_a_site_out_of_reach_is_refused(api: Api) -> None:
    api = api.signed_in("account_manager@example.com", "account_manager", sites=["TP002"])
    for answer in (api.get(CODES), api.get(f"{BASE}/payroll/TP001/2025-04")):
        assert told(answer)[:2] == (403, "INSUFFICIENT_PERMISSIONS")
