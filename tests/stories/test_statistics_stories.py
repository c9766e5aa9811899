"""What is seen and saved of the days of a month.

Source: User stories, "S01 Defaults before anything is saved" to "S06 Two people save the same day", "S14 Nothing typed
is lost".
"""

from typing import Any

import httpx

from shared_code.storage.tables.forecasts import forecast_versions, site_statistic_days
from tests.api.serving import BASE, Api, data_of, first_error, told
from tests.support.story_world import StoryWorld

STATISTICS = f"{BASE}/statistics/TP001"
APRIL, JUNE = f"{STATISTICS}/2025-04", f"{STATISTICS}/2025-06"
BUDGET = {"9440": "4200", "9510": "300"}
"""Occupancy 0.70 on each of 30 days, and 10 daily valet vehicles."""
OTHER_COUNTS = (
    "valetDaily", "valetMonthly", "valetAggregator", "valetComps",
    "selfDaily", "selfMonthly", "selfAggregator", "selfComps",
)  # fmt: skip


def put(api: Api, *days: dict[str, Any], url: str = APRIL, **members: Any) -> httpx.Response:
    return api.put(url, {"days": list(days), **members})


def day_of(data: dict[str, Any], day: str) -> dict[str, Any]:
    [found] = [one for one in data["days"] if one["date"] == day]
    shown: dict[str, Any] = found
    return shown


def april(api: Api) -> dict[str, Any]:
    return data_of(api.get(APRIL))


def test_s01_before_anything_is_saved_the_budget_is_shown(am1: Api, world: StoryWorld) -> None:
    world.budget("TP001", BUDGET, ["2025-06"])
    answer = am1.get(JUNE)
    data = data_of(answer)
    assert (answer.status_code, data["version"], answer.headers["etag"], data["updatedAt"]) == (200, 0, '"0"', None)
    assert len(data["days"]) == 30
    for day in data["days"]:
        assert (day["forecast"], day["source"], day["editable"]) == (None, "budget", True)
        effective = day["effective"]
        assert [effective[name] for name in ("occupiedRooms", "occupancy", "valetDaily")] == [140, 0.7, 10]
    summary = data["statistics"]
    assert (summary["occupancy"], summary["source"], summary["externalRevenue"]["basis"]) == (0.7, "budget", "budget")


def test_s02_rooms_and_overnight_cars_of_a_day_are_derived_and_cannot_be_sent(am1: Api) -> None:
    rates = [{"category": "valetOvernight", "rate": 30.00}, {"category": "selfOvernight", "rate": 20.00}]
    data_of(am1.put(f"{BASE}/parking-rates/TP001/2025-04", {"rates": rates}))
    data_of(am1.put(f"{BASE}/revenue/external/TP001/2025-04", {"adjustmentPercent": -0.05}))
    row = {"date": "2025-04-20", "occupancy": 0.80, "driveInRatio": 0.5, "captureRatio": 0.75}
    row |= dict.fromkeys(OTHER_COUNTS, 0)
    forecast = day_of(data_of(put(am1, row)), "2025-04-20")["forecast"]
    assert [forecast[name] for name in ("occupiedRooms", "valetOvernight", "selfOvernight")] == [160, 60, 20]
    revenue = forecast["externalRevenue"]
    assert [revenue[name] for name in ("gross", "adjustments", "net")] == [2200.00, -110.00, 2090.00]
    before = april(am1)
    assert told(put(am1, row | {"valetOvernight": 60})) == (400, "READ_ONLY_FIELD", "days[0].valetOvernight")
    assert april(am1) == before


def test_s03_a_percent_instead_of_a_fraction_is_refused_with_a_suggestion(am1: Api, world: StoryWorld) -> None:
    world.budget("TP001", BUDGET, ["2025-04"])
    answer = put(am1, {"date": "2025-04-20", "occupancy": 85}, {"date": "2025-04-21", "valetDaily": -1})
    assert (answer.status_code, answer.json()["message"]) == (400, "Validation failed")
    errors = [(error["code"], error["field"]) for error in answer.json()["errors"]]
    assert errors == [("VALUE_OUT_OF_RANGE", "days[0].occupancy"), ("VALUE_OUT_OF_RANGE", "days[1].valetDaily")]
    assert first_error(answer)["details"]["suggestion"] == 0.85
    data = april(am1)
    assert data["version"] == 0
    assert [day_of(data, day)["source"] for day in ("2025-04-20", "2025-04-21")] == ["budget", "budget"]


def test_s04_a_closed_month_is_locked(am1: Api) -> None:
    march = put(am1, {"date": "2025-03-20", "occupancy": 0.5}, url=f"{STATISTICS}/2025-03")
    assert told(march) == (409, "PERIOD_LOCKED", "days[0].date")
    assert first_error(march)["details"]["reason"] == "past"


def test_s04_one_locked_day_refuses_all_and_an_administrator_needs_a_reason(am1: Api, dm1: Api, admin1: Api) -> None:
    days = {"date": "2025-04-10", "occupancy": 0.5}, {"date": "2025-04-20", "occupancy": 0.6}
    refused = put(am1, *days)
    assert told(refused) == (409, "PERIOD_LOCKED", "days[0].date")
    assert first_error(refused)["details"] == {"lockedDates": ["2025-04-10"], "reason": "actual_posted"}
    data = april(am1)
    assert day_of(data, "2025-04-20")["forecast"] is None
    locked = day_of(data, "2025-04-10")
    assert (locked["editable"], locked["lockReason"]) == (False, "actual_posted")
    assert put(admin1, *days, reason="meter misread").status_code == 200
    trail = dm1.get(f"{BASE}/audit/TP001?module=statistics").json()["data"]
    told_of = {(entry["key"], entry["old"], entry["new"], entry["userId"], entry["reason"]) for entry in trail}
    assert told_of == {
        ("2025-04-10", None, "0.5", "admin1", "meter misread"),
        ("2025-04-20", None, "0.6", "admin1", "meter misread"),
    }


def test_s05_values_are_merged_cleared_and_zero_stays_zero(am1: Api, world: StoryWorld) -> None:
    world.budget("TP001", BUDGET, ["2025-04"])
    data_of(put(am1, {"date": "2025-04-20", "occupancy": 0.80}))
    data = data_of(put(am1, {"date": "2025-04-21", "occupancy": 0.90}))
    assert data["version"] == 2
    assert [day_of(data, day)["forecast"]["occupancy"] for day in ("2025-04-20", "2025-04-21")] == [0.8, 0.9]
    untouched = day_of(data, "2025-04-21")
    data = data_of(put(am1, {"date": "2025-04-20", "occupancy": None, "valetDaily": 0}))
    assert data["changes"] == {"created": 1, "updated": 0, "cleared": 1}
    effective = day_of(data, "2025-04-20")["effective"]
    assert (effective["occupancy"], effective["valetDaily"]) == (0.7, 0)
    assert day_of(data, "2025-04-21") == untouched


def test_s06_of_two_who_save_the_same_day_the_second_is_told_and_may_keep_theirs(am1: Api, dm1: Api) -> None:
    for number in range(4):
        data_of(put(am1, {"date": "2025-04-25", "valetDaily": number + 1}))
    assert (april(am1)["version"], april(dm1)["version"]) == (4, 4)
    data_of(dm1.put(APRIL, {"days": [{"date": "2025-04-20", "occupancy": 0.85}]}, headers={"If-Match": '"4"'}))
    mine = {"days": [{"date": "2025-04-20", "occupancy": 0.90}]}
    refused = am1.put(APRIL, mine, headers={"If-Match": '"4"'})
    assert told(refused) == (412, "VERSION_CONFLICT", "version")
    details = first_error(refused)["details"]
    assert [details[name] for name in ("providedVersion", "currentVersion", "updatedBy", "conflictingKeys")] == [
        4, 5, "dm1", ["2025-04-20.occupancy"],
    ]  # fmt: skip
    assert day_of(april(am1), "2025-04-20")["forecast"]["occupancy"] == 0.85
    kept = data_of(am1.put(APRIL, mine, headers={"If-Match": '"5"'}))
    assert (kept["version"], day_of(kept, "2025-04-20")["forecast"]["occupancy"]) == (6, 0.9)


def test_s14_a_save_that_failed_has_left_nothing_and_can_be_repeated(am1: Api, world: StoryWorld) -> None:
    typed = {
        "statistics": {"days": [{"date": "2025-05-20", "occupancy": 0.82}]},
        "parkingRates": {"rates": [{"category": "valetDaily", "rate": 24.00}]},
    }
    url = f"{BASE}/forecast/TP001/2025-05"
    with world.runtime.database.writing() as connection:
        connection.exec_driver_sql(
            "CREATE TRIGGER disk_is_full BEFORE INSERT ON audit_events BEGIN SELECT RAISE(ABORT, 'disk full'); END"
        )
    failed = am1.put(url, typed, headers={"X-Request-Id": "save-1"})
    assert told(failed) == (500, "DATABASE_ERROR", None)
    assert failed.json()["requestId"] == failed.headers["X-Request-Id"] == "save-1"
    assert "disk" not in failed.text
    assert (world.rows(site_statistic_days), world.rows(forecast_versions), world.events()) == ([], [], [])
    with world.runtime.database.writing() as connection:
        connection.exec_driver_sql("DROP TRIGGER disk_is_full")
    sections = data_of(am1.put(url, typed))["sections"]
    assert {name: section["version"] for name, section in sections.items()} == {"statistics": 1, "parkingRates": 1}
