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
from tests.api.serving import BASE, Api, first_error, served
from tests.support.pnl_world import MONTHS
from tests.support.revenue_world import (
    FIXED_FEE,
    OF_EVERY_TYPE,
    PER_HOUR,
    SHARE,
    START,
    RevenueWorld,
    budgeted_site,
)

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
