"""Saving several modules of a site at once, over HTTP."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from shared_code.api.app import create_app
from tests.api.serving import BASE, Api, first_error, served, told
from tests.support.monthly_world import MonthlyWorld

FORECAST = f"{BASE}/forecast/TP001"
RATES = {"rates": [{"category": "valetDaily", "rate": 21}]}
DAYS = {"days": [{"date": "2025-05-20", "valetDaily": 12}]}
HOURS = {"entries": [{"date": "2025-05-20", "jobGroupId": "valet", "hours": 8}]}
EVERYTHING = {
    "statistics": DAYS,
    "parkingRates": RATES,
    "payroll": HOURS,
    "otherRevenue": {"gpoFees": 75},
    "otherExpenses": {"uniforms": 350},
}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[MonthlyWorld]:
    world = MonthlyWorld(tmp_path)
    world.add_sites("TP001", "TP002")
    world.budget("TP001", {"4790": "-30000", "9410": "20000", "9411": "20000", "9510": "1000"})
    world.employ_group("TP001", "valet", "VLT1")
    yield world
    world.close()


@pytest.fixture
def api(world: MonthlyWorld) -> Iterator[Api]:
    with served(create_app(lambda: world.runtime)) as api:
        yield api


def sections(answer: httpx.Response) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()["data"]["sections"]
    return found


def test_every_section_is_saved_as_its_own_put_does(api: Api, world: MonthlyWorld) -> None:
    answer = api.put(f"{FORECAST}/2025-05", EVERYTHING)
    assert answer.json()["message"] == "Forecast updated successfully"
    saved = sections(answer)
    one = {"created": 1, "updated": 0, "cleared": 0}
    assert {name: (part["version"], part["changes"]) for name, part in saved.items()} == dict.fromkeys(
        EVERYTHING, (1, one)
    )
    assert [warning["code"] for warning in saved["otherRevenue"]["warnings"]] == ["SIGN_NORMALISED"]
    assert sorted((event["eventType"], event.get("module")) for event in world.events()) == [
        ("ForecastUpdated", "other-expenses"),
        ("ForecastUpdated", "other-revenue"),
        ("PayrollCalculated", None),
        ("RatesUpdated", None),
        ("StatisticsUpdated", None),
    ]
    for module in ("statistics", "parking-rates", "payroll", "revenue/other", "other-expenses"):
        data = api.get(f"{BASE}/{module}/TP001/2025-05").json()["data"]
        assert (module, data["version"], data["updatedBy"]) == (module, 1, "local")


def test_a_repeated_save_leaves_nothing(api: Api, world: MonthlyWorld) -> None:
    api.put(f"{FORECAST}/2025-05", EVERYTHING)
    before = world.saved()
    again = sections(api.put(f"{FORECAST}/2025-05", EVERYTHING))
    assert {part["version"] for part in again.values()} == {1}
    assert world.saved() == before


def test_a_conflict_of_one_section_stores_none(api: Api, world: MonthlyWorld) -> None:
    api.put(f"{BASE}/other-expenses/TP001/2025-05", {"uniforms": 100})
    before = world.saved()
    stale = {"otherRevenue": {"version": 0, "gpoFees": 75}, "otherExpenses": {"version": 0, "uniforms": 350}}
    answer = api.put(f"{FORECAST}/2025-05", stale)
    assert told(answer) == (412, "VERSION_CONFLICT", "otherExpenses.version")
    assert first_error(answer)["details"]["conflictingKeys"] == ["2025-05.uniforms"]
    assert world.saved() == before
    current = {"otherRevenue": {"version": 0, "gpoFees": 75}, "otherExpenses": {"version": 1, "uniforms": 350}}
    assert sections(api.put(f"{FORECAST}/2025-05", current))["otherExpenses"]["version"] == 2


def test_any_version_matches_where_the_header_says_so(api: Api) -> None:
    api.put(f"{BASE}/other-expenses/TP001/2025-05", {"uniforms": 100})
    stale = {"otherExpenses": {"version": 0, "uniforms": 350}}
    assert sections(api.put(f"{FORECAST}/2025-05", stale, headers={"If-Match": "*"}))["otherExpenses"]["version"] == 2


def test_a_lock_of_one_section_stores_none(api: Api, world: MonthlyWorld) -> None:
    body = {
        "otherRevenue": {"months": [{"month": "2025-05", "gpoFees": 75}]},
        "otherExpenses": {"months": [{"month": "2025-05", "uniforms": 1}, {"month": "2025-03", "uniforms": 1}]},
    }
    before = world.saved()
    answer = api.put(f"{FORECAST}/2025", body)
    assert told(answer) == (409, "PERIOD_LOCKED", "otherExpenses.months[1].month")
    assert world.saved() == before
    saved = sections(api.put(f"{FORECAST}/2025", body | {"reason": "late correction"}))
    assert saved["otherExpenses"]["version"] == 2


def test_a_rule_of_one_section_stores_none(api: Api, world: MonthlyWorld) -> None:
    before = world.saved()
    unknown = {"entries": [{"date": "2025-05-20", "jobCode": "XXX9", "hours": 8}]}
    answer = api.put(f"{FORECAST}/2025-05", EVERYTHING | {"payroll": unknown})
    assert (answer.status_code, first_error(answer)["code"]) == (422, "BUSINESS_RULE_VIOLATION")
    assert str(first_error(answer)["field"]).startswith("payroll.entries[0].")
    assert world.saved() == before


def test_faults_of_all_sections_are_told_together_under_their_names(api: Api) -> None:
    body = {
        "payroll": {"entries": [{"date": "2025-05-20", "jobGroupId": "valet", "hours": -1}]},
        "otherRevenue": {"billableExpense": -10},
        "parkingRates": {"rates": [{"month": "2025-06", "category": "valetDaily", "rate": 1}]},
    }
    answer = api.put(f"{FORECAST}/2025-05", body)
    assert [(error["code"], error["field"]) for error in answer.json()["errors"]] == [
        ("VALUE_OUT_OF_RANGE", "payroll.entries[0].hours"),
        ("VALUE_OUT_OF_RANGE", "otherRevenue.billableExpense"),
        ("VALUE_OUT_OF_RANGE", "parkingRates.rates[0].month"),
    ]


def test_an_empty_list_of_days_is_named_within_its_section(api: Api) -> None:
    assert told(api.put(f"{FORECAST}/2025-05", {"statistics": {"days": []}})) == (
        400, "MISSING_REQUIRED_FIELD", "statistics.days",
    )  # fmt: skip


@pytest.mark.parametrize("body", [{}, {"reason": "nothing but a reason"}, {"payroll": None}])
def test_at_least_one_section_is_needed(body: dict[str, Any], api: Api) -> None:
    assert told(api.put(f"{FORECAST}/2025-05", body)) == (400, "MISSING_REQUIRED_FIELD", "body")


@pytest.mark.parametrize(("section", "scope"), [("payroll", "payroll:write"), ("otherRevenue", "revenue:write")])
def test_every_section_asks_for_its_own_scope(section: str, scope: str, api: Api, world: MonthlyWorld) -> None:
    body = {"otherExpenses": EVERYTHING["otherExpenses"], section: EVERYTHING[section]}
    before = world.saved()
    manager = api.signed_in("am1@example.com", "account_manager", sites=["TP001"], scopes=["forecasting:write"])
    answer = manager.put(f"{FORECAST}/2025-05", body)
    assert (answer.status_code, first_error(answer)["details"]["reason"]) == (403, "scope")
    assert world.saved() == before
    entitled = manager.with_token(sub="am1@example.com", roles=["account_manager"], scopes=["forecasting:write", scope])
    assert sections(entitled.put(f"{FORECAST}/2025-05", body)).keys() == body.keys()


def test_scopes_are_judged_after_the_body_and_before_versions(api: Api) -> None:
    scopes = ["forecasting:write"]
    manager = api.signed_in("am1@example.com", "account_manager", sites=["TP001"], scopes=scopes)
    malformed = manager.put(f"{FORECAST}/2025-05", {"otherRevenue": {"billableExpense": -10}})
    assert malformed.status_code == 400
    locked = manager.put(f"{FORECAST}/2025-03", {"otherRevenue": {"version": 7, "billableExpense": 10}})
    assert locked.status_code == 403
    own = manager.put(f"{FORECAST}/2025-05", {"otherExpenses": {"uniforms": 10}})
    assert own.status_code == 200


def test_a_site_of_somebody_else_is_out_of_reach(api: Api) -> None:
    manager = api.signed_in("am1@example.com", "account_manager", sites=["TP001"])
    answer = manager.put(f"{BASE}/forecast/TP002/2025-05", {"otherExpenses": {"uniforms": 10}})
    assert (answer.status_code, first_error(answer)["details"]) == (403, {"reason": "site_scope"})


def test_a_year_takes_every_section(api: Api) -> None:
    body = {
        "statistics": {"days": [{"date": "2025-05-20", "valetDaily": 12}, {"date": "2025-06-01", "valetDaily": 9}]},
        "parkingRates": {"rates": [{"month": "2025-06", "category": "valetDaily", "rate": 21}], "carryForward": True},
        "payroll": {"entries": [{"date": "2025-07-01", "jobGroupId": "valet", "hours": 8}]},
        "otherRevenue": {"months": [{"month": "2025-06", "gpoFees": -75}]},
        "otherExpenses": {"months": [{"month": "2025-06", "uniforms": 350}]},
    }
    saved = sections(api.put(f"{FORECAST}/2025", body))
    assert {name: part["version"] for name, part in saved.items()} == {
        "statistics": 2, "parkingRates": 7, "payroll": 1, "otherRevenue": 1, "otherExpenses": 1,
    }  # fmt: skip


@pytest.mark.parametrize("period", ["2025-Q2", "2025-05-20"])
def test_only_months_and_years_are_saved(period: str, api: Api) -> None:
    answer = api.put(f"{FORECAST}/{period}", {"otherExpenses": {"uniforms": 10}})
    assert told(answer) == (400, "INVALID_PERIOD", "period")


def test_there_is_nothing_to_read(api: Api) -> None:
    answer = api.get(f"{FORECAST}/2025-05")
    assert (answer.status_code, answer.headers["allow"]) == (405, "PUT")
