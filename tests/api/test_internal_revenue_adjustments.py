"""Adjustments of internal revenue over HTTP: who may enter them, what they change, what is refused."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from shared_code.api.app import create_app
from shared_code.storage.tables.forecasts import internal_revenue_adjustments
from shared_code.storage.tables.messages import audit_events
from tests.api.serving import BASE, Api, data_of, first_error, served, told
from tests.support.revenue_world import BUDGET, FIXED_FEE, RevenueWorld, budgeted_site

INTERNAL = f"{BASE}/revenue/internal/TP001"
REASON = "agreed with the client"
GENERAL = {"category": "general", "amount": -250, "reason": REASON}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[RevenueWorld]:
    with budgeted_site(tmp_path) as world:
        yield world


@pytest.fixture
def api(world: RevenueWorld) -> Iterator[Api]:
    with served(create_app(lambda: world.runtime)) as api:
        yield api


def test_an_adjustment_is_added_and_changes_no_component(api: Api, world: RevenueWorld) -> None:
    world.agree("TP001", FIXED_FEE)
    before = data_of(api.get(f"{INTERNAL}/2025-08"))
    adjustments = [GENERAL, {"category": "fixedFee", "amount": 100.5, "reason": "extra shift"}]
    shown = data_of(api.put(f"{INTERNAL}/2025-08", {"adjustments": adjustments}))
    assert (shown["components"], shown["calculated"]) == (before["components"], before["calculated"])
    assert shown["total"] == pytest.approx(before["total"] - 149.5)
    moment = "2025-04-15T16:00:00.000Z"
    assert shown["adjustments"] == [
        {"category": "fixedFee", "amount": 100.5, "reason": "extra shift", "updatedBy": "local", "updatedAt": moment},
        {**GENERAL, "updatedBy": "local", "updatedAt": moment},
    ]
    assert (shown["version"], shown["changes"]) == (1, {"created": 4, "updated": 0, "cleared": 0})


def test_adjustments_are_merged_by_category_and_removed_with_null(api: Api, world: RevenueWorld) -> None:
    api.put(f"{INTERNAL}/2025-08", {"adjustments": [GENERAL]})
    added = {"category": "revenueShare", "amount": 10, "reason": "second reading"}
    api.put(f"{INTERNAL}/2025-08", {"version": 1, "adjustments": [added]})
    changed = data_of(api.put(f"{INTERNAL}/2025-08", {"version": 2, "adjustments": [GENERAL | {"amount": -300}]}))
    assert {entry["category"]: entry["amount"] for entry in changed["adjustments"]} == {
        "general": -300, "revenueShare": 10,
    }  # fmt: skip
    assert changed["changes"] == {"created": 0, "updated": 1, "cleared": 0}
    removed = data_of(
        api.put(f"{INTERNAL}/2025-08", {"version": 3, "adjustments": [{"category": "general", "amount": None}]})
    )
    assert (removed["total"], removed["changes"]) == (50010, {"created": 0, "updated": 0, "cleared": 2})
    rows = world.rows(internal_revenue_adjustments, "category", "amount", "version")
    assert [(category, str(amount), version) for category, amount, version in rows] == [
        ("revenue_share", "10.0000", 1),
    ]  # fmt: skip


def test_the_same_adjustment_again_changes_nothing(api: Api, world: RevenueWorld) -> None:
    api.put(f"{INTERNAL}/2025-08", {"adjustments": [GENERAL]})
    left = world.rows(internal_revenue_adjustments), world.saved()
    again = data_of(api.put(f"{INTERNAL}/2025-08", {"version": 0, "adjustments": [GENERAL]}))
    assert (again["version"], again["changes"]) == (1, {"created": 0, "updated": 0, "cleared": 0})
    assert (world.rows(internal_revenue_adjustments), world.saved()) == left


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({}, ("MISSING_REQUIRED_FIELD", "adjustments")),
        ({"adjustments": [{"category": "general", "amount": 1}]}, ("MISSING_REQUIRED_FIELD", "adjustments[0].reason")),
        ({"adjustments": [{"category": "general", "reason": REASON}]},
         ("MISSING_REQUIRED_FIELD", "adjustments[0].amount")),
        ({"adjustments": [{"amount": 1, "reason": REASON}]}, ("MISSING_REQUIRED_FIELD", "adjustments[0].category")),
        ({"adjustments": [GENERAL | {"reason": "no"}]}, ("VALUE_OUT_OF_RANGE", "adjustments[0].reason")),
        ({"adjustments": [GENERAL | {"category": "fixed_fee"}]}, ("INVALID_DATA_TYPE", "adjustments[0].category")),
        ({"adjustments": [GENERAL | {"amount": 0.001}]}, ("VALUE_OUT_OF_RANGE", "adjustments[0].amount")),
        ({"adjustments": [GENERAL | {"amount": 1e12}]}, ("VALUE_OUT_OF_RANGE", "adjustments[0].amount")),
        ({"adjustments": [GENERAL | {"amount": "1"}]}, ("INVALID_DATA_TYPE", "adjustments[0].amount")),
        ({"adjustments": [GENERAL, GENERAL]}, ("DUPLICATE", "adjustments[1].category")),
        ({"adjustments": {}}, ("INVALID_DATA_TYPE", "adjustments")),
        ({"adjustments": [], "total": 5}, ("READ_ONLY_FIELD", "total")),
        ({"adjustments": [], "components": {}}, ("READ_ONLY_FIELD", "components")),
        ({"adjustments": [], "fixedFee": 5}, ("UNKNOWN_FIELD", "fixedFee")),
    ],
)  # fmt: skip
def test_what_a_body_may_not_say_is_refused_and_nothing_is_saved(
    body: dict[str, Any], error: tuple[str, str], api: Api, world: RevenueWorld
) -> None:
    assert told(api.put(f"{INTERNAL}/2025-08", body)) == (400, *error)
    assert world.rows(internal_revenue_adjustments) == []


def test_the_accepted_categories_are_named(api: Api) -> None:
    refused = api.put(f"{INTERNAL}/2025-08", {"adjustments": [GENERAL | {"category": "bonus"}]})
    assert first_error(refused)["details"]["accepted"] == [
        "fixedFee", "perOccupiedRoom", "perLaborHour", "revenueShare", "billableAccounts", "managementAgreement",
        "otherRevenue", "general",
    ]  # fmt: skip


def test_an_account_manager_is_told_where_to_enter_revenue(api: Api, world: RevenueWorld) -> None:
    manager = api.signed_in("am1@example.com", "account_manager", sites=["TP001"])
    shown = data_of(manager.get(f"{INTERNAL}/2025-08"))
    assert (shown["editable"], shown["lockReason"]) == (False, "role")
    for body in ({"adjustments": [GENERAL]}, {"nonsense": 1}):
        refused = manager.put(f"{INTERNAL}/2025-08", body)
        error = first_error(refused)
        assert (refused.status_code, error["code"]) == (403, "INSUFFICIENT_PERMISSIONS")
        assert error["details"]["reason"] == "role"
        assert "/revenue/other" in error["details"]["hint"]
    assert world.rows(internal_revenue_adjustments) == []


def test_a_district_manager_may_adjust_the_sites_of_the_district_only(api: Api, world: RevenueWorld) -> None:
    world.add_sites("TP002")
    manager = api.signed_in("dm1@example.com", "district_manager", sites=["TP001"])
    shown = data_of(manager.put(f"{INTERNAL}/2025-08", {"adjustments": [GENERAL]}))
    assert (shown["editable"], shown["adjustments"][0]["updatedBy"]) == (True, "dm1@example.com")
    refused = manager.put(f"{BASE}/revenue/internal/TP002/2025-08", {"adjustments": [GENERAL]})
    assert (refused.status_code, first_error(refused)["details"]) == (403, {"reason": "site_scope"})


def test_the_roles_that_may_adjust_are_a_setting(tmp_path: Path) -> None:
    world = RevenueWorld(tmp_path, internal_revenue_adjust_roles=("account_manager",))
    world.add_sites("TP001")
    world.budget("TP001", BUDGET)
    with served(create_app(lambda: world.runtime)) as api:
        manager = api.signed_in("am1@example.com", "account_manager", sites=["TP001"])
        assert data_of(manager.put(f"{INTERNAL}/2025-08", {"adjustments": [GENERAL]}))["version"] == 1
        refused = api.put(f"{INTERNAL}/2025-08", {"version": 1, "adjustments": [GENERAL]})
        assert first_error(refused)["details"]["reason"] == "role"
    world.close()


def test_a_closed_month_is_locked(api: Api) -> None:
    refused = api.put(f"{INTERNAL}/2025-03", {"adjustments": [GENERAL]})
    assert told(refused) == (409, "PERIOD_LOCKED", "period")
    shown = data_of(api.put(f"{INTERNAL}/2025-03", {"adjustments": [GENERAL], "reason": "found an error"}))
    assert (shown["total"], shown["adjustments"][0]["amount"]) == (2800, -250)


def test_a_version_that_is_behind_names_the_adjustments_that_others_changed(api: Api) -> None:
    api.put(f"{INTERNAL}/2025-08", {"adjustments": [GENERAL]})
    refused = api.put(f"{INTERNAL}/2025-08", {"version": 0, "adjustments": [GENERAL | {"amount": 1}]})
    assert told(refused) == (412, "VERSION_CONFLICT", "version")
    assert first_error(refused)["details"]["conflictingKeys"] == ["general.amount", "general.reason"]


def test_each_change_is_written_down_and_told(api: Api, world: RevenueWorld) -> None:
    api.put(f"{INTERNAL}/2025-08", {"adjustments": [GENERAL], "reason": "monthly talk"})
    assert world.rows(audit_events, "module", "item_key", "field", "new_value", "reason") == [
        ("internal-revenue", "general", "amount", "-250.00", "monthly talk"),
        ("internal-revenue", "general", "reason", REASON, "monthly talk"),
    ]
    (event,) = [event for event in world.events() if event["eventType"] == "ForecastUpdated"]
    assert (event["module"], event["period"]) == ("internal-revenue", "2025-08")


def test_replacing_removes_the_adjustments_that_are_not_sent(api: Api) -> None:
    api.put(f"{INTERNAL}/2025-08", {"adjustments": [GENERAL, GENERAL | {"category": "fixedFee"}]})
    shown = data_of(api.put(f"{INTERNAL}/2025-08?mode=replace", {"version": 1, "adjustments": [GENERAL]}))
    assert ([entry["category"] for entry in shown["adjustments"]], shown["changes"]["cleared"]) == (["general"], 2)
