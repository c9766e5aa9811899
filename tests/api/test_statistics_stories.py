"""The stories of statistics over HTTP."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from shared_code.api.app import create_app
from tests.api.serving import BASE, Api, first_error, served, told
from tests.support.statistics_world import BUDGET_JUNE, StatisticsWorld, small_company

STATISTICS = f"{BASE}/statistics/TP001"
OTHER_COUNTS = (
    "valetDaily", "valetMonthly", "valetAggregator", "valetComps",
    "selfDaily", "selfMonthly", "selfAggregator", "selfComps",
)  # fmt: skip
APRIL = {"9410": "10000", "9411": "6000", "9440": "4200", "9510": "300"}
"""Occupancy 0.70 on each day of April, and 10 daily valet cars."""


@pytest.fixture
def world(tmp_path: Path) -> Iterator[StatisticsWorld]:
    world = small_company(StatisticsWorld(tmp_path))
    world.budget("TP001", APRIL, ["2025-04"])
    world.budget("TP001", BUDGET_JUNE, ["2025-06"])
    world.record("TP001", "2025-04-01", "2025-04-14", occupied_rooms="150", valet_daily="9", total_net_revenue="400")
    yield world
    world.close()


@pytest.fixture
def api(world: StatisticsWorld) -> Iterator[Api]:
    with served(create_app(lambda: world.runtime)) as api:
        yield api


@pytest.fixture
def am1(api: Api) -> Api:
    return api.signed_in("am1", "account_manager", sites=["TP001"])


@pytest.fixture
def dm1(api: Api) -> Api:
    return api.signed_in("dm1", "district_manager", districts=["alpha"])


@pytest.fixture
def admin1(api: Api) -> Api:
    return api.signed_in("admin1", "forecasting_admin")


def data_of(answer: httpx.Response) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    data: dict[str, Any] = answer.json()["data"]
    return data


def day_of(data: dict[str, Any], day: str) -> dict[str, Any]:
    [found] = [one for one in data["days"] if one["date"] == day]
    shown: dict[str, Any] = found
    return shown


def put_days(api: Api, month: str, *days: dict[str, Any], **members: Any) -> httpx.Response:
    return api.put(f"{STATISTICS}/{month}", {"days": list(days), **members})


def test_s01_before_anything_is_saved_the_budget_is_shown(am1: Api) -> None:
    answer = am1.get(f"{STATISTICS}/2025-06")
    data = data_of(answer)
    assert (data["version"], answer.headers["etag"], data["updatedAt"], len(data["days"])) == (0, '"0"', None, 30)
    for day in data["days"]:
        assert (day["forecast"], day["source"], day["editable"]) == (None, "budget", True)
        effective = day["effective"]
        assert [effective[name] for name in ("occupiedRooms", "occupancy", "valetDaily")] == [140, 0.7, 10]
    summary = data["statistics"]
    assert (summary["occupancy"], summary["source"], summary["externalRevenue"]["basis"]) == (0.7, "budget", "budget")
    assert summary["externalRevenue"] == {
        "gross": None, "adjustments": None, "adjustmentPercent": None, "net": 12000, "basis": "budget",
    }  # fmt: skip


def test_s02_rooms_and_overnight_cars_of_a_day_are_derived(am1: Api, world: StatisticsWorld) -> None:
    world.rate("TP001", "2025-04", valet_overnight="30", self_overnight="20")
    world.adjust("TP001", "2025-04", "-0.05")
    row = {"date": "2025-04-20", "occupancy": 0.8, "driveInRatio": 0.5, "captureRatio": 0.75}
    row |= dict.fromkeys(OTHER_COUNTS, 0)
    day = day_of(data_of(put_days(am1, "2025-04", row)), "2025-04-20")
    forecast = day["forecast"]
    assert [forecast[name] for name in ("occupiedRooms", "valetOvernight", "selfOvernight")] == [160, 60, 20]
    assert forecast["externalRevenue"] == {
        "gross": 2200, "adjustments": -110, "adjustmentPercent": -0.05, "net": 2090, "basis": "calculated",
    }  # fmt: skip
    before = world.left()
    refused = put_days(am1, "2025-04", row | {"valetOvernight": 60})
    assert told(refused) == (400, "READ_ONLY_FIELD", "days[0].valetOvernight")
    assert world.left() == before


def test_s03_a_percent_instead_of_a_fraction_is_refused_with_a_suggestion(am1: Api) -> None:
    days = {"date": "2025-04-20", "occupancy": 85}, {"date": "2025-04-21", "valetDaily": -1}
    answer = put_days(am1, "2025-04", *days)
    assert (answer.status_code, answer.json()["message"]) == (400, "Validation failed")
    first, second = answer.json()["errors"]
    assert (first["code"], first["field"], first["details"]["suggestion"]) == (
        "VALUE_OUT_OF_RANGE", "days[0].occupancy", 0.85,
    )  # fmt: skip
    assert (second["code"], second["field"]) == ("VALUE_OUT_OF_RANGE", "days[1].valetDaily")
    data = data_of(am1.get(f"{STATISTICS}/2025-04"))
    assert data["version"] == 0
    assert {day_of(data, day)["source"] for day in ("2025-04-20", "2025-04-21")} == {"budget"}


def test_s04_locked_days_are_refused_as_a_whole(am1: Api, dm1: Api, admin1: Api) -> None:
    march = put_days(am1, "2025-03", {"date": "2025-03-20", "occupancy": 0.5})
    assert told(march) == (409, "PERIOD_LOCKED", "days[0].date")
    assert first_error(march)["details"]["reason"] == "past"
    days = {"date": "2025-04-10", "occupancy": 0.5}, {"date": "2025-04-20", "occupancy": 0.6}
    refused = put_days(am1, "2025-04", *days)
    assert told(refused) == (409, "PERIOD_LOCKED", "days[0].date")
    assert first_error(refused)["details"] == {"lockedDates": ["2025-04-10"], "reason": "actual_posted"}
    assert day_of(data_of(am1.get(f"{STATISTICS}/2025-04")), "2025-04-20")["forecast"] is None
    assert told(put_days(admin1, "2025-04", *days))[1] == "PERIOD_LOCKED"
    data_of(put_days(admin1, "2025-04", *days, reason="meter misread"))
    trail = dm1.get(f"{BASE}/audit/TP001?module=statistics").json()["data"]
    told_of = {(entry["key"], entry["old"], entry["new"], entry["userId"], entry["reason"]) for entry in trail}
    assert told_of == {
        ("2025-04-10", None, "0.5", "admin1", "meter misread"),
        ("2025-04-20", None, "0.6", "admin1", "meter misread"),
    }


def test_s05_values_are_merged_cleared_and_zero_stays_zero(am1: Api) -> None:
    put_days(am1, "2025-04", {"date": "2025-04-20", "occupancy": 0.8})
    data = data_of(put_days(am1, "2025-04", {"date": "2025-04-21", "occupancy": 0.9}, version=1))
    assert data["version"] == 2
    assert [day_of(data, day)["forecast"]["occupancy"] for day in ("2025-04-20", "2025-04-21")] == [0.8, 0.9]
    row = {"date": "2025-04-20", "occupancy": None, "valetDaily": 0}
    data = data_of(put_days(am1, "2025-04", row, version=2))
    assert data["changes"] == {"created": 1, "updated": 0, "cleared": 1}
    day = day_of(data, "2025-04-20")
    assert (day["effective"]["occupancy"], day["effective"]["valetDaily"]) == (0.7, 0)
    assert day_of(data, "2025-04-21")["forecast"]["occupancy"] == 0.9


def test_s06_of_two_who_save_the_same_day_the_second_is_told(am1: Api, dm1: Api) -> None:
    for number in range(4):
        put_days(am1, "2025-04", {"date": "2025-04-25", "valetDaily": number + 1}, version=number)
    put_days(dm1, "2025-04", {"date": "2025-04-20", "occupancy": 0.85}, version=4)
    mine = {"days": [{"date": "2025-04-20", "occupancy": 0.9}]}
    refused = am1.put(f"{STATISTICS}/2025-04", mine, headers={"If-Match": '"4"'})
    assert told(refused) == (412, "VERSION_CONFLICT", "version")
    details = first_error(refused)["details"]
    assert details.pop("updatedAt")
    assert details == {
        "providedVersion": 4, "currentVersion": 5, "updatedBy": "dm1", "conflictingKeys": ["2025-04-20.occupancy"],
    }  # fmt: skip
    assert day_of(data_of(am1.get(f"{STATISTICS}/2025-04")), "2025-04-20")["forecast"]["occupancy"] == 0.85
    kept = data_of(am1.put(f"{STATISTICS}/2025-04", mine, headers={"If-Match": '"5"'}))
    assert (kept["version"], day_of(kept, "2025-04-20")["forecast"]["occupancy"]) == (6, 0.9)


def test_s08_periods_and_sites_follow_the_grammar(am1: Api) -> None:
    for spelled in ("2025-Q2", "2025-q2"):
        data = data_of(am1.get(f"{STATISTICS}/{spelled}"))
        assert (data["periodType"], [month["month"] for month in data["months"]]) == (
            "quarter", ["2025-04", "2025-05", "2025-06"],
        )  # fmt: skip
    for wrong in ("2025-13", "202504", "2025-4", "2025-02-29", "April-2025"):
        answer = am1.get(f"{STATISTICS}/{wrong}")
        assert told(answer) == (400, "INVALID_PERIOD", "period")
        assert first_error(answer)["details"]["acceptedFormats"] == ["YYYY-MM", "YYYY-Qn", "YYYY", "YYYY-MM-DD"]
    for beyond in ("2023-12", "2027-01"):
        assert told(am1.get(f"{STATISTICS}/{beyond}")) == (404, "PERIOD_NOT_AVAILABLE", "period")
    written = am1.put(f"{STATISTICS}/2025-Q2", {"days": []})
    assert told(written) == (400, "INVALID_PERIOD", "period")
    assert first_error(written)["details"]["writableFormats"] == ["YYYY-MM", "YYYY-MM-DD"]
    wrong_site = am1.get(f"{BASE}/statistics/TP@001/2025-04")
    assert first_error(wrong_site)["details"] == {"providedValue": "TP@001", "expectedFormat": "alphanumeric"}
    assert data_of(am1.get(f"{BASE}/statistics/tp001/2025-04"))["siteId"] == "TP001"
    assert am1.get(f"{BASE}/statistic/TP001/2025-04").status_code == 404
