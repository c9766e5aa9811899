"""Internal revenue over HTTP, for a contract of every type."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import pytest

from shared_code.api.app import create_app
from shared_code.domain.contract import Contract, ContractType
from shared_code.storage.tables.forecasts import internal_revenue_adjustments
from shared_code.storage.tables.messages import audit_events
from tests.api.serving import BASE, Api, first_error, served, told
from tests.support.pnl_world import MONTHS
from tests.support.revenue_world import BUDGET, FIXED_FEE, OF_EVERY_TYPE, PER_HOUR, SHARE, START, RevenueWorld

INTERNAL = f"{BASE}/revenue/internal/TP001"
REASON = "agreed with the client"
GENERAL = {"category": "general", "amount": -250, "reason": REASON}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[RevenueWorld]:
    world = RevenueWorld(tmp_path)
    world.add_sites("TP001")
    world.budget("TP001", BUDGET)
    world.ledger("TP001", {"9410": "28000", "4790": "-2800"}, "2025-01", "2025-02", "2025-03")
    yield world
    world.close()


@pytest.fixture
def api(world: RevenueWorld) -> Iterator[Api]:
    with served(create_app(lambda: world.runtime)) as api:
        yield api


def data(answer: httpx.Response) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()["data"]
    return found


def component(api: Api, name: str, period: str = "2025-08") -> dict[str, Any]:
    shown = data(api.get(f"{INTERNAL}/{period}"))
    assert list(shown["components"]) == [name, "otherRevenue"]
    found: dict[str, Any] = shown["components"][name]
    assert shown["calculated"] == shown["total"] == found["total"]
    return found


def codes(answer: httpx.Response) -> list[str]:
    return [warning["code"] for warning in data(answer)["warnings"]]


def test_a_site_without_a_contract_shows_its_budget(api: Api) -> None:
    shown = data(api.get(f"{INTERNAL}/2025-05"))
    assert (shown["total"], shown["calculated"], shown["source"]) == (50000, 50000, "budget")
    assert (shown["components"], shown["contract"], shown["adjustments"]) == ({}, None, [])


def test_a_fixed_fee_has_its_base_and_what_increments_added(api: Api, world: RevenueWorld) -> None:
    world.agree("TP001", FIXED_FEE)
    assert component(api, "fixedFee") == {
        "total": 5999.46, "baseAmount": 5500,
        "escalators": [
            {"description": "Valet: 4 % each June", "amount": 499.46, "isApplied": True},
            {"description": "Fee from 2025-07-01: 4 % each June", "amount": 0, "isApplied": False},
        ],
    }  # fmt: skip


def test_a_fee_per_occupied_room_names_the_source_of_its_rooms(api: Api, world: RevenueWorld) -> None:
    world.agree("TP001", OF_EVERY_TYPE["perOccupiedRoom"])
    assert component(api, "perOccupiedRoom") == {
        "total": 10200, "feePerRoom": 3.4, "occupiedRooms": 3000, "roomsSource": "budget", "baseRevenue": 10200,
        "escalators": [],
    }  # fmt: skip


def test_a_fee_per_labor_hour_shows_every_job(api: Api, world: RevenueWorld) -> None:
    world.agree("TP001", PER_HOUR)
    world.budget_hours("TP001", {"GSA": "160"}, MONTHS)
    shown = component(api, "perLaborHour")
    assert shown["jobs"] == [
        {"jobCode": "GSA", "regularHours": 160, "overtimeHours": 0, "rate": 24, "overtimeRate": 36,
         "hoursSource": "budget", "amount": 4073.86},
        {"jobCode": "GSC", "regularHours": 0, "overtimeHours": 0, "rate": 28, "overtimeRate": 28,
         "hoursSource": "none", "amount": 0},
    ]  # fmt: skip
    assert shown["escalators"] == [
        {"description": "GSA: 3 % each July", "amount": 233.86, "isApplied": True},
        {"description": "GSC: 3 % each July", "amount": 0, "isApplied": True},
    ]
    assert shown["total"] == 4073.86


def test_a_revenue_share_shows_what_fell_into_each_tier(api: Api, world: RevenueWorld) -> None:
    world.agree("TP001", SHARE)
    assert component(api, "revenueShare", "2025-05") == {
        # 3 × 28,000 posted and 30,000 forecast for April came before: 6,000 are left of the first tier.
        "total": 5400, "externalRevenue": 30000,
        "structures": [
            {"total": 5400, "accumulation": "calendar", "tiers": [
                {"from": 0, "to": 120000, "percentage": 10, "revenueInTier": 6000, "shareAmount": 600},
                {"from": 120000, "to": None, "percentage": 20, "revenueInTier": 24000, "shareAmount": 4800},
            ]},
        ],
    }  # fmt: skip


def test_billable_accounts_show_their_five_parts(api: Api, world: RevenueWorld) -> None:
    world.agree("TP001", OF_EVERY_TYPE["billableAccounts"])
    assert component(api, "billableAccounts") == {
        "total": 25930, "billablePayroll": 20000, "additionalPayroll": 1000,
        "pteb": {"total": 3780, "calculationType": "percentage", "baseAmount": 21000, "appliedPercentage": 18},
        "supportServices": {"total": 500}, "expenseAccounts": {"total": 650},
    }  # fmt: skip


def test_a_management_agreement_shows_its_ten_components_in_order(api: Api, world: RevenueWorld) -> None:
    world.agree("TP001", OF_EVERY_TYPE["managementAgreement"])
    shown = component(api, "managementAgreement")
    assert [(part["name"], part["value"]) for part in shown["components"]] == [
        ("managementFee", 1500),
        ("billablePayroll", 20000),
        ("additionalPayroll", 1000),
        ("pteb", 3780),
        ("supportServices", 500),
        ("expenseAccounts", 650),
        ("insurance", 350),
        ("claims", 0),
        ("nonGl", 75),
        ("profitShare", 214.5),
    ]
    assert shown["total"] == 28069.5


@pytest.mark.parametrize("name", OF_EVERY_TYPE)
def test_the_total_is_that_of_the_pnl_in_every_month_and_the_year(name: str, api: Api, world: RevenueWorld) -> None:
    world.agree("TP001", OF_EVERY_TYPE[name])
    world.budget_hours("TP001", {"GSA": "160"}, MONTHS)
    world.days("TP001", "2025-04-01", "2025-04-12", "900.10", "120")
    api.put(f"{INTERNAL}/2025-04", {"adjustments": [GENERAL]})
    api.put(f"{BASE}/revenue/other/TP001/2025-06", {"billableExpense": 123.45})
    year = data(api.get(f"{INTERNAL}/2025"))
    line = data(api.get(f"{BASE}/pl-view/TP001/2025"))["lines"][1]
    assert [month["total"] for month in year["months"]] == [value["value"] for value in line["values"]]
    assert year["total"] == line["total"]["value"]
    assert year["variance"] == line["total"]["variance"]
    for month in year["months"][3:]:
        parts = sum(part["total"] for part in month["components"].values())
        added = sum(entry["amount"] for entry in month["adjustments"])
        assert month["calculated"] == pytest.approx(parts, abs=0.011)
        assert month["total"] == pytest.approx(month["calculated"] + added, abs=0.011)
        assert (month["trace"][-1]["step"], month["trace"][-1]["result"]) == ("total", month["total"])
    assert [month["source"] for month in year["months"]] == ["actual"] * 3 + ["trend"] + ["contract"] * 8
    assert (year["source"], year["lockReason"], year["actual"]) == ("trend", "granularity", 3 * 2800)


@pytest.mark.parametrize("name", OF_EVERY_TYPE)
def test_the_components_of_a_quarter_are_the_sums_of_its_months(name: str, api: Api, world: RevenueWorld) -> None:
    world.agree("TP001", OF_EVERY_TYPE[name])
    world.budget_hours("TP001", {"GSA": "160"}, MONTHS)
    quarter = data(api.get(f"{INTERNAL}/2025-q3"))
    months = [month["components"][name] for month in quarter["months"]]
    summed = quarter["components"][name]
    assert len(months) == 3
    assert summed["total"] == pytest.approx(sum(month["total"] for month in months), abs=0.02)
    for field in ("baseAmount", "occupiedRooms", "externalRevenue", "billablePayroll"):
        if field in summed:
            assert summed[field] == sum(month[field] for month in months)
    assert (summed.get("feePerRoom"), summed.get("roomsSource")) == (
        (3.4, "budget") if name == "perOccupiedRoom" else (None, None)
    )
    for field in ("jobs", "structures", "components", "escalators"):
        if field in summed:
            assert len(summed[field]) == max(len(month[field]) for month in months)
    if name == "perLaborHour":
        assert (summed["jobs"][0]["regularHours"], summed["jobs"][0]["rate"]) == (480, 24)
    if name == "billableAccounts":
        assert (summed["pteb"]["total"], summed["pteb"]["appliedPercentage"]) == (3 * 3780, 18)


def test_the_contract_is_named_with_its_types_start_and_version(api: Api, world: RevenueWorld) -> None:
    both = Contract(
        frozenset({ContractType.PER_OCCUPIED_ROOM, ContractType.FIXED_FEE, ContractType.BELL_SERVICE}), START
    )
    world.agree("TP001", both)
    shown = data(api.get(f"{INTERNAL}/2025-05"))
    assert shown["contract"] == {
        "types": ["fixed_fee", "per_occupied_room", "bell_service"], "effectiveFrom": "2023-05-01", "version": 1,
    }  # fmt: skip
    assert list(shown["components"]) == ["fixedFee", "perOccupiedRoom", "otherRevenue"]
    assert data(api.get(f"{BASE}/sites/TP001"))["contractTypes"] == shown["contract"]["types"]


def test_a_closed_month_shows_the_ledger_and_what_the_contract_would_give(api: Api, world: RevenueWorld) -> None:
    world.agree("TP001", FIXED_FEE)
    shown = data(api.get(f"{INTERNAL}/2025-03"))
    assert (shown["total"], shown["actual"], shown["source"]) == (2800, 2800, "actual")
    assert (shown["calculated"], shown["editable"], shown["lockReason"]) == (4326.4, False, "past")
    assert shown["trace"][-1] == {
        "step": "total", "formula": "posted in the ledger, because the month is closed",
        "inputs": {"calculated": 4326.4}, "result": 2800,
    }  # fmt: skip


def test_the_running_month_is_priced_on_recorded_and_forecast_days(api: Api, world: RevenueWorld) -> None:
    world.agree("TP001", OF_EVERY_TYPE["perOccupiedRoom"])
    world.days("TP001", "2025-04-01", "2025-04-10", "500", "40")
    shown = component(api, "perOccupiedRoom", "2025-04")
    assert (shown["occupiedRooms"], shown["roomsSource"], shown["total"]) == (2400, "trend", 8160)


def test_the_trace_can_be_calculated_again(api: Api, world: RevenueWorld) -> None:
    world.agree("TP001", FIXED_FEE)
    api.put(f"{INTERNAL}/2025-08", {"adjustments": [GENERAL]})
    trace = data(api.get(f"{INTERNAL}/2025-08"))["trace"]
    assert [step["step"] for step in trace] == [
        "fixedFee: Valet", "fixedFee", "otherRevenue", "calculated", "total",
    ]  # fmt: skip
    fee = trace[0]
    assert fee["formula"] == "fee × (1 + incrementPercent ÷ 100) ^ increments"
    assert fee["inputs"] == {"fee": 4000, "start": "2023-05-01", "incrementPercent": 4, "increments": 3}
    assert fee["result"] == 4499.46
    assert trace[3]["inputs"] == {"fixedFee": 5999.456}
    assert trace[4]["inputs"] == {"calculated": 5999.46, "adjustment: general": -250}
    assert trace[4]["result"] == 5749.46


def test_an_adjustment_is_added_and_changes_no_component(api: Api, world: RevenueWorld) -> None:
    world.agree("TP001", FIXED_FEE)
    before = data(api.get(f"{INTERNAL}/2025-08"))
    adjustments = [GENERAL, {"category": "fixedFee", "amount": 100.5, "reason": "extra shift"}]
    shown = data(api.put(f"{INTERNAL}/2025-08", {"adjustments": adjustments}))
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
    changed = data(api.put(f"{INTERNAL}/2025-08", {"version": 2, "adjustments": [GENERAL | {"amount": -300}]}))
    assert {entry["category"]: entry["amount"] for entry in changed["adjustments"]} == {
        "general": -300, "revenueShare": 10,
    }  # fmt: skip
    assert changed["changes"] == {"created": 0, "updated": 1, "cleared": 0}
    removed = data(
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
    again = data(api.put(f"{INTERNAL}/2025-08", {"version": 0, "adjustments": [GENERAL]}))
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
    shown = data(manager.get(f"{INTERNAL}/2025-08"))
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
    shown = data(manager.put(f"{INTERNAL}/2025-08", {"adjustments": [GENERAL]}))
    assert (shown["editable"], shown["adjustments"][0]["updatedBy"]) == (True, "dm1@example.com")
    refused = manager.put(f"{BASE}/revenue/internal/TP002/2025-08", {"adjustments": [GENERAL]})
    assert (refused.status_code, first_error(refused)["details"]) == (403, {"reason": "site_scope"})


def test_the_roles_that_may_adjust_are_a_setting(tmp_path: Path) -> None:
    world = RevenueWorld(tmp_path, internal_revenue_adjust_roles=("account_manager",))
    world.add_sites("TP001")
    world.budget("TP001", BUDGET)
    with served(create_app(lambda: world.runtime)) as api:
        manager = api.signed_in("am1@example.com", "account_manager", sites=["TP001"])
        assert data(manager.put(f"{INTERNAL}/2025-08", {"adjustments": [GENERAL]}))["version"] == 1
        refused = api.put(f"{INTERNAL}/2025-08", {"version": 1, "adjustments": [GENERAL]})
        assert first_error(refused)["details"]["reason"] == "role"
    world.close()


def test_a_closed_month_is_locked(api: Api) -> None:
    refused = api.put(f"{INTERNAL}/2025-03", {"adjustments": [GENERAL]})
    assert told(refused) == (409, "PERIOD_LOCKED", "period")
    shown = data(api.put(f"{INTERNAL}/2025-03", {"adjustments": [GENERAL], "reason": "found an error"}))
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
    shown = data(api.put(f"{INTERNAL}/2025-08?mode=replace", {"version": 1, "adjustments": [GENERAL]}))
    assert ([entry["category"] for entry in shown["adjustments"]], shown["changes"]["cleared"]) == (["general"], 2)


def test_a_swing_from_the_month_before_is_warned_of(api: Api) -> None:
    assert codes(api.get(f"{INTERNAL}/2025-08")) == ["REVENUE_ABOVE_HISTORY"]
    answer = api.put(f"{INTERNAL}/2025-08", {"adjustments": [GENERAL | {"amount": -10000.01}]})
    swing = next(one for one in data(answer)["warnings"] if one["code"] == "INTERNAL_REVENUE_SWING")
    assert (swing["field"], swing["details"]) == ("total", {"periods": ["2025-08"], "thresholdPercent": 20})


def test_a_threshold_of_a_warning_is_a_setting(api: Api, world: RevenueWorld) -> None:
    lenient = world.with_settings(warning_thresholds={"REVENUE_ABOVE_HISTORY": 10_000})
    with served(create_app(lambda: lenient)) as other:
        assert codes(other.get(f"{INTERNAL}/2025-08")) == []
    lenient.close()


@pytest.mark.parametrize("module", ["internal", "external"])
def test_contracts_that_overlap_cannot_be_priced(module: str, api: Api, world: RevenueWorld) -> None:
    world.agree("TP001", FIXED_FEE, date(2026, 12, 31))
    world.agree("TP001", replace(SHARE, contract_start=date(2025, 1, 1)))
    refused = api.get(f"{BASE}/revenue/{module}/TP001/2025-08")
    error = first_error(refused)
    assert (refused.status_code, error["code"], error["details"]) == (
        422, "CALCULATION_ERROR", {"siteId": "TP001", "year": 2025},
    )  # fmt: skip
    assert "overlap" in error["message"]


def test_a_contract_that_follows_another_is_priced_from_its_first_month(api: Api, world: RevenueWorld) -> None:
    world.agree("TP001", FIXED_FEE, date(2025, 7, 31))
    world.agree("TP001", replace(SHARE, contract_start=date(2025, 8, 1)))
    quarter = data(api.get(f"{INTERNAL}/2025-Q3"))
    assert [next(iter(month["components"])) for month in quarter["months"]] == [
        "fixedFee", "revenueShare", "revenueShare",
    ]  # fmt: skip
    assert quarter["contract"]["effectiveFrom"] == "2025-08-01"
    assert list(quarter["components"]) == ["fixedFee", "revenueShare", "otherRevenue"]


@pytest.mark.parametrize("name", OF_EVERY_TYPE)
def test_a_year_takes_as_many_statements_as_a_month(name: str, api: Api, world: RevenueWorld) -> None:
    world.agree("TP001", OF_EVERY_TYPE[name])
    counts = []
    for period in ("2025-06", "2025-Q4", "2025"):
        api.get(f"{INTERNAL}/{period}")
        with world.statements() as seen:
            assert api.get(f"{INTERNAL}/{period}").status_code == 200
        counts.append(len(seen.texts))
    assert len(set(counts)) == 1, counts
