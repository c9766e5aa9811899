"""The summary of a month over HTTP."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from shared_code.api.app import create_app
from tests.api.serving import BASE, Api, first_error, served, told
from tests.support.pnl_world import MONTHS
from tests.support.revenue_world import BUDGET, PER_ROOM, RevenueWorld

SUMMARY = f"{BASE}/summary/TP001"
CARDS = [
    ("occupiedRooms", "count"), ("vehicles", "count"), ("driveInRatio", "fraction"), ("captureRatio", "fraction"),
    ("externalRevenue", "money"), ("internalRevenue", "money"), ("payrollCost", "money"),
    ("payrollPercent", "percent"), ("vehiclesPerLaborHour", "number"), ("flc", "money"), ("flcMargin", "percent"),
]  # fmt: skip


@pytest.fixture
def world(tmp_path: Path) -> Iterator[RevenueWorld]:
    world = RevenueWorld(tmp_path)
    world.add_sites("TP001")
    world.budget("TP001", BUDGET | {"9520": "900"})
    world.budget_hours("TP001", {"GSA": "500"}, MONTHS)
    world.ledger("TP001", {"9410": "28000", "4790": "-41000", "6000": "19000"}, "2025-01", "2025-02", "2025-03")
    world.agree("TP001", PER_ROOM)
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


def cards(answer: httpx.Response) -> dict[str, tuple[Any, Any]]:
    return {card["code"]: (card["value"], card["comparison"]) for card in data(answer)["cards"]}


def items(answer: httpx.Response) -> dict[str, int]:
    return {item["code"]: item["count"] for item in data(answer)["openItems"]}


def test_the_cards_stand_in_their_order_with_what_they_are_counted_in(api: Api) -> None:
    answer = api.get(f"{SUMMARY}/2025-05")
    assert [(card["code"], card["unit"]) for card in data(answer)["cards"]] == CARDS
    assert (answer.json()["message"], answer.headers["cache-control"]) == (
        "Summary retrieved successfully", "private, no-cache",
    )  # fmt: skip
    assert answer.json()["meta"]["businessDate"] == "2025-04-15"


def test_a_month_to_come_is_its_forecast_against_the_budget(api: Api) -> None:
    shown = cards(api.get(f"{SUMMARY}/2025-05"))
    # Expenses: payroll 20,000, PTEB 4,000, rents 1,000, other 650, insurance 4.45 % of payroll and 300.
    assert shown == {
        "occupiedRooms": (3000, 3000),
        "vehicles": (1900, 1900),
        "driveInRatio": (0.3, 0.3),
        "captureRatio": (1, 1),
        "externalRevenue": (30000, 30000),
        "internalRevenue": (10200, 50000),
        "payrollCost": (20000, 20000),
        "payrollPercent": (196.08, 40),
        "vehiclesPerLaborHour": (3.8, 3.8),
        "flc": (-16640, 24050),
        "flcMargin": (-163.14, 48.1),
    }


def test_less_payroll_and_more_revenue_are_favorable(api: Api) -> None:
    shown = {card["code"]: card["variance"] for card in data(api.get(f"{SUMMARY}/2025-03"))["cards"]}
    assert shown["payrollCost"] == {"amount": -1000, "percent": -5, "favorable": True, "severity": "medium"}
    assert shown["internalRevenue"] == {"amount": -9000, "percent": -18, "favorable": False, "severity": "high"}
    assert shown["driveInRatio"] is None


def test_the_cards_are_those_of_the_pnl(api: Api, world: RevenueWorld) -> None:
    world.days("TP001", "2025-04-01", "2025-04-12", "900.10", "120")
    for month in ("2025-03", "2025-04", "2025-05"):
        shown = cards(api.get(f"{SUMMARY}/{month}"))
        lines = data(api.get(f"{BASE}/pl-view/TP001/{month}"))["lines"]
        totals = {line["code"]: (line["total"]["value"], line["total"]["comparison"]) for line in lines}
        for code in ("externalRevenue", "internalRevenue", "flc", "occupiedRooms"):
            assert shown[code] == totals[code], month
        assert shown["payrollCost"] == totals["payroll"], month


def test_a_write_is_seen_at_once(api: Api) -> None:
    before = cards(api.get(f"{SUMMARY}/2025-05"))
    override = {"amount": 41000, "reason": "agreed with the owner"}
    api.put(f"{BASE}/revenue/external/TP001/2025-05", {"override": override})
    after = cards(api.get(f"{SUMMARY}/2025-05"))
    assert (before["externalRevenue"], after["externalRevenue"]) == ((30000, 30000), (41000, 30000))


def test_actuals_reach_to_the_last_recorded_day(api: Api, world: RevenueWorld) -> None:
    assert data(api.get(f"{SUMMARY}/2025-04"))["actualsThrough"] is None
    world.days("TP001", "2025-04-01", "2025-04-12", "900.10", "120")
    world.inputs_changed("TP001")
    assert data(api.get(f"{SUMMARY}/2025-04"))["actualsThrough"] == "2025-04-12"
    assert data(api.get(f"{SUMMARY}/2025-03"))["actualsThrough"] == "2025-03-31"
    assert data(api.get(f"{SUMMARY}/2025-05"))["actualsThrough"] is None


def test_modules_that_were_never_saved_are_open_items_of_a_month_that_is_not_closed(api: Api) -> None:
    assert items(api.get(f"{SUMMARY}/2025-05"))["MISSING_FORECAST"] == 5
    rates = {"rates": [{"category": "valetDaily", "rate": 21}]}
    assert api.put(f"{BASE}/parking-rates/TP001/2025-05", rates).status_code == 200
    api.put(f"{BASE}/revenue/other/TP001/2025-05", {"billableExpense": 5})
    assert items(api.get(f"{SUMMARY}/2025-05"))["MISSING_FORECAST"] == 3
    assert items(api.get(f"{SUMMARY}/2025-03"))["MISSING_FORECAST"] == 0


def test_job_codes_with_hours_and_no_group_are_an_open_item(api: Api, world: RevenueWorld) -> None:
    assert items(api.get(f"{SUMMARY}/2025-05"))["UNASSIGNED_JOB_CODES"] == 1
    world.add_sites("TP002")
    assert items(api.get(f"{BASE}/summary/TP002/2025-05"))["UNASSIGNED_JOB_CODES"] == 0


def test_the_warnings_are_counted_and_named(api: Api) -> None:
    answer = api.get(f"{SUMMARY}/2025-05")
    codes = [warning["code"] for warning in data(answer)["warnings"]]
    assert len(codes) == len(set(codes)) == items(answer)["WARNINGS"]
    assert {"FLC_REVIEW", "UNASSIGNED_JOB_CODES"} <= set(codes)


def test_what_is_not_known_is_null_and_not_zero(api: Api, world: RevenueWorld) -> None:
    world.add_sites("TP002")
    shown = cards(api.get(f"{BASE}/summary/TP002/2026-05"))
    assert {value for pair in shown.values() for value in pair} == {None}
    empty = cards(api.get(f"{BASE}/summary/TP002/2025-05"))
    assert (empty["internalRevenue"], empty["flcMargin"], empty["vehiclesPerLaborHour"]) == (
        (0, 0), (None, None), (None, None),
    )  # fmt: skip


@pytest.mark.parametrize("period", ["2025-Q2", "2025", "2025-05-01"])
def test_a_summary_is_that_of_a_month(period: str, api: Api) -> None:
    refused = api.get(f"{SUMMARY}/{period}")
    assert told(refused) == (400, "INVALID_PERIOD", "period")
    assert first_error(refused)["details"]["acceptedFormats"] == ["YYYY-MM"]


def test_sites_out_of_reach_have_no_summary(api: Api) -> None:
    manager = api.signed_in("am1@example.com", "account_manager", sites=["TP009"])
    assert told(manager.get(f"{SUMMARY}/2025-05")) == (403, "INSUFFICIENT_PERMISSIONS", None)


def test_more_recorded_days_and_job_codes_take_no_more_statements(api: Api, world: RevenueWorld) -> None:
    def count() -> int:
        api.get(f"{SUMMARY}/2025-04")
        with world.statements() as seen:
            assert api.get(f"{SUMMARY}/2025-04").status_code == 200
        return len(seen.texts)

    first = count()
    world.days("TP001", "2025-04-01", "2025-04-12", "900.10", "120")
    for code in ("GSB", "GSC", "GSD"):
        world.employ("TP001", code)
        world.labor("TP001", code, "2025-04-01", "2025-04-12", "8", "160")
    assert count() == first
