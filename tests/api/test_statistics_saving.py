"""Saving days of the statistics over HTTP."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import pytest

from shared_code.api.app import create_app
from shared_code.storage.tables.messages import outbox_messages
from tests.api.serving import BASE, Api, first_error, served, told
from tests.support.statistics_world import BUDGET_JUNE, StatisticsWorld, small_company

STATISTICS = f"{BASE}/statistics/TP001"
DAY = "2025-06-05"
BUDGET = BUDGET_JUNE | {"9520": "600", "9560": "240"}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[StatisticsWorld]:
    world = small_company(StatisticsWorld(tmp_path))
    world.budget(["TP001", "TP009"], BUDGET)
    yield world
    world.close()


@pytest.fixture
def api(world: StatisticsWorld) -> Iterator[Api]:
    with served(create_app(lambda: world.runtime)) as api:
        yield api


def put(
    api: Api, *days: dict[str, Any], period: str = "2025-06", site: str = "TP001", **members: Any
) -> httpx.Response:
    return api.put(f"{BASE}/statistics/{site}/{period}", {"days": list(days), **members})


def save(api: Api, *days: dict[str, Any], **members: Any) -> dict[str, Any]:
    answer = put(api, *days, **members)
    assert answer.status_code == 200, answer.text
    data: dict[str, Any] = answer.json()["data"]
    return data


def forecast(data: dict[str, Any], day: str = DAY) -> dict[str, Any]:
    [found] = [one for one in data["days"] if one["date"] == day]
    shown: dict[str, Any] = found["forecast"]
    return shown


def changes(data: dict[str, Any]) -> list[int]:
    return [data["changes"][name] for name in ("created", "updated", "cleared")]


def errors(answer: httpx.Response) -> list[tuple[str, str]]:
    return [(error["code"], error["field"]) for error in answer.json()["errors"]]


def test_occupancy_and_rooms_replace_each_other(api: Api) -> None:
    data = save(api, {"date": DAY, "occupancy": 0.8})
    assert (forecast(data)["occupiedRooms"], changes(data)) == (160, [1, 0, 0])
    data = save(api, {"date": DAY, "occupiedRooms": 150}, version=1)
    assert (forecast(data)["occupancy"], changes(data)) == (0.75, [1, 0, 1])
    data = save(api, {"date": DAY, "occupancy": None}, version=2)
    assert (data["days"][4]["forecast"], changes(data)) == (None, [0, 0, 1])


def test_rooms_are_kept_when_both_are_sent_and_agree(api: Api) -> None:
    data = save(api, {"date": DAY, "occupancy": 0.8, "occupiedRooms": 160.5})
    assert [forecast(data)[name] for name in ("occupiedRooms", "occupancy")] == [160.5, 0.8025]
    refused = put(api, {"date": DAY, "occupancy": 0.8, "occupiedRooms": 160.51})
    assert told(refused) == (422, "BUSINESS_RULE_VIOLATION", "days[0].occupiedRooms")


def test_no_more_rooms_are_occupied_than_there_are(api: Api) -> None:
    assert changes(save(api, {"date": DAY, "occupiedRooms": 200})) == [1, 0, 0]
    refused = put(api, {"date": DAY, "occupiedRooms": 200.01})
    assert told(refused) == (422, "BUSINESS_RULE_VIOLATION", "days[0].occupiedRooms")
    assert first_error(refused)["details"] == {"providedValue": 200.01, "maximum": 200}
    assert told(put(api, {"date": DAY, "occupiedRooms": 100_000}))[:2] == (400, "VALUE_OUT_OF_RANGE")


def test_a_site_without_rooms_has_none_to_occupy_and_counts_its_overnight_cars(api: Api) -> None:
    for field in ("occupancy", "occupiedRooms"):
        refused = put(api, {"date": DAY, field: 1}, site="TP009")
        assert told(refused) == (422, "BUSINESS_RULE_VIOLATION", f"days[0].{field}")
        assert forecast(save(api, {"date": DAY, field: 0}, site="TP009"))["occupiedRooms"] == 0
    data = save(api, {"date": DAY, "valetOvernight": 30, "selfOvernight": 10}, site="TP009", version=2)
    assert [forecast(data)[name] for name in ("valetOvernight", "driveInRatio", "captureRatio")] == [30, 0, 0.75]


def test_overnight_counts_and_ratios_exclude_each_other(api: Api) -> None:
    read_only = put(api, {"date": DAY, "captureRatio": 0.5, "valetOvernight": 1, "selfOvernight": 2})
    assert errors(read_only) == [
        ("READ_ONLY_FIELD", "days[0].valetOvernight"), ("READ_ONLY_FIELD", "days[0].selfOvernight"),
    ]  # fmt: skip
    save(api, {"date": DAY, "driveInRatio": 0.5})
    refused = put(api, {"date": DAY, "valetOvernight": 20})
    assert told(refused) == (422, "BUSINESS_RULE_VIOLATION", "days[0].valetOvernight")
    data = save(api, {"date": DAY, "valetOvernight": 20, "driveInRatio": None})
    assert (forecast(data)["valetOvernight"], changes(data)) == (20, [1, 0, 1])
    refused = put(api, {"date": DAY, "captureRatio": 0.5})
    assert told(refused) == (422, "BUSINESS_RULE_VIOLATION", "days[0].captureRatio")
    data = save(api, {"date": DAY, "captureRatio": 0.5, "valetOvernight": None})
    assert (forecast(data)["captureRatio"], changes(data)) == (0.5, [1, 0, 1])


def test_a_refused_ratio_still_makes_the_overnight_counts_read_only(api: Api) -> None:
    answer = put(api, {"date": DAY, "driveInRatio": 50, "valetOvernight": 20})
    assert errors(answer) == [
        ("VALUE_OUT_OF_RANGE", "days[0].driveInRatio"), ("READ_ONLY_FIELD", "days[0].valetOvernight"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("row", "code", "field"),
    [
        ({"occupancy": 0.5}, "MISSING_REQUIRED_FIELD", "days[0].date"),
        ({"date": "2025-07-01"}, "VALUE_OUT_OF_RANGE", "days[0].date"),
        ({"date": "2025-06-31"}, "VALUE_OUT_OF_RANGE", "days[0].date"),
        ({"date": "05.06.2025"}, "INVALID_DATA_TYPE", "days[0].date"),
        ({"date": DAY, "occupancy": "0.5"}, "INVALID_DATA_TYPE", "days[0].occupancy"),
        ({"date": DAY, "occupancy": True}, "INVALID_DATA_TYPE", "days[0].occupancy"),
        ({"date": DAY, "occupancy": 0.1234567}, "VALUE_OUT_OF_RANGE", "days[0].occupancy"),
        ({"date": DAY, "valetDaily": 1.234}, "VALUE_OUT_OF_RANGE", "days[0].valetDaily"),
        ({"date": DAY, "valetDaily": 100_000}, "VALUE_OUT_OF_RANGE", "days[0].valetDaily"),
        ({"date": DAY, "note": "x" * 2001}, "VALUE_OUT_OF_RANGE", "days[0].note"),
        ({"date": DAY, "note": "\x00"}, "INVALID_DATA_TYPE", "days[0].note"),
        ({"date": DAY, "valets": 1}, "UNKNOWN_FIELD", "days[0].valets"),
        ({"date": DAY, "valetVehicles": 1}, "READ_ONLY_FIELD", "days[0].valetVehicles"),
        ({"date": DAY, "externalRevenue": None}, "READ_ONLY_FIELD", "days[0].externalRevenue"),
        ({"date": DAY, "effective": {}}, "READ_ONLY_FIELD", "days[0].effective"),
        ({"date": DAY, "budget": None}, "READ_ONLY_FIELD", "days[0].budget"),
        ({"date": DAY, "isWeekend": True}, "READ_ONLY_FIELD", "days[0].isWeekend"),
    ],
)
def test_what_is_wrong_with_a_row_is_named(row: dict[str, Any], code: str, field: str, api: Api) -> None:
    assert told(put(api, row)) == (400, code, field)


def test_a_day_of_a_request_lies_in_the_period_of_the_path(api: Api) -> None:
    refused = put(api, {"date": "2025-06-06", "valetDaily": 1}, period=DAY)
    assert told(refused) == (400, "VALUE_OUT_OF_RANGE", "days[0].date")
    assert first_error(refused)["details"] == {"providedValue": "2025-06-06", "minimum": DAY, "maximum": DAY}
    data = save(api, {"date": DAY, "valetDaily": 1}, period=DAY)
    assert (data["periodType"], data["version"], len(data["days"])) == ("day", 1, 1)


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        ({}, "MISSING_REQUIRED_FIELD", "days"),
        ({"days": []}, "MISSING_REQUIRED_FIELD", "days"),
        ({"days": None}, "MISSING_REQUIRED_FIELD", "days"),
        ({"days": {}}, "INVALID_DATA_TYPE", "days"),
        ({"days": [{"date": DAY}], "statistics": {"occupancy": 0.5}}, "INVALID_DATA_TYPE", "statistics"),
        ({"statistics": {}}, "MISSING_REQUIRED_FIELD", "statistics.occupancy"),
        ({"statistics": {"occupiedRooms": 5}}, "READ_ONLY_FIELD", "statistics.occupiedRooms"),
        ({"statistics": {"occupancy": 0.5}, "spread": "linear"}, "INVALID_DATA_TYPE", "spread"),
        ({"days": [{"date": DAY}], "totals": {}}, "READ_ONLY_FIELD", "totals"),
        ({"days": [{"date": DAY}], "availableRooms": 5}, "READ_ONLY_FIELD", "availableRooms"),
        ({"days": [{"date": DAY}], "colour": 5}, "UNKNOWN_FIELD", "colour"),
        ({"days": [{"date": DAY}], "reason": "why"}, "VALUE_OUT_OF_RANGE", "reason"),
        ({"days": [{"date": DAY}], "version": -1}, "VALUE_OUT_OF_RANGE", "version"),
    ],
)
def test_what_is_wrong_with_a_body_is_named(body: dict[str, Any], code: str, field: str, api: Api) -> None:
    assert told(api.put(f"{STATISTICS}/2025-06", body)) == (400, code, field)


def test_a_day_is_sent_once_and_no_more_than_400_are(api: Api) -> None:
    twice = put(api, {"date": DAY, "valetDaily": 1}, {"date": "2025-06-06"}, {"date": DAY, "selfDaily": 1})
    assert told(twice) == (400, "DUPLICATE", "days[2].date")
    assert told(put(api, *[{"date": DAY}] * 401)) == (400, "VALUE_OUT_OF_RANGE", "days")


def test_the_earliest_stage_answers(api: Api) -> None:
    save(api, {"date": DAY, "driveInRatio": 0.5})
    locked, broken = {"date": "2025-03-05", "occupiedRooms": 999}, {"date": DAY, "occupiedRooms": 999}
    assert told(put(api, broken, version=7)) == (412, "VERSION_CONFLICT", "version")
    assert told(put(api, locked, period="2025-03"))[:2] == (409, "PERIOD_LOCKED")
    assert told(put(api, broken, version=1))[:2] == (422, "BUSINESS_RULE_VIOLATION")
    assert told(put(api, broken | {"occupancy": 9}, version=7))[:2] == (400, "VALUE_OUT_OF_RANGE")


def test_a_repeated_save_leaves_nothing(api: Api, world: StatisticsWorld) -> None:
    rows = [{"date": DAY, "occupancy": 0.8, "valetDaily": 0, "note": "x"}, {"date": "2025-06-06", "occupiedRooms": 7}]
    save(api, *rows)
    before = world.left()
    again = put(api, *rows, version=0)
    assert (again.status_code, changes(again.json()["data"]), again.headers["etag"]) == (200, [0, 0, 0], '"1"')
    assert world.left() == before


def test_a_save_without_a_version_is_accepted_with_a_warning(api: Api) -> None:
    assert save(api, {"date": DAY, "valetDaily": 1})["warnings"] == []
    warnings = save(api, {"date": DAY, "valetDaily": 2})["warnings"]
    assert [warning["code"] for warning in warnings] == ["NO_PRECONDITION"]


def test_a_save_writes_rows_version_trail_and_event_together(api: Api, world: StatisticsWorld) -> None:
    save(api, {"date": DAY, "occupancy": 0.8, "driveInRatio": 0.5, "captureRatio": 0.75, "valetDaily": 10})
    save(api, {"date": DAY, "occupancy": 0.85}, {"date": "2025-06-06", "selfDaily": 4.5, "note": "fair"}, version=1)
    [head] = world.heads("site_id", "period", "is_active", "version", "occupancy", "drive_in_ratio", "capture_ratio")
    assert [str(value) for value in head] == ["TP001", "2025-06", "True", "2", "0.850000", "0.500000", "0.750000"]
    [sums] = world.heads("occupied_rooms", "valet_vehicles", "self_park_vehicles")
    assert [float(value) for value in sums] == [170, 63.75 + 10, 21.25 + 4.5]
    assert world.trail() == [
        (DAY, "captureRatio", None, "0.75", 1, "api"),
        (DAY, "driveInRatio", None, "0.5", 1, "api"),
        (DAY, "occupancy", None, "0.8", 1, "api"),
        (DAY, "valetDaily", None, "10", 1, "api"),
        (DAY, "occupancy", "0.8", "0.85", 2, "api"),
        ("2025-06-06", "note", None, "fair", 2, "api"),
        ("2025-06-06", "selfDaily", None, "4.5", 2, "api"),
    ]
    first, second = world.events()
    assert (first["eventType"], first["siteId"], first["period"], first["userId"]) == (
        "StatisticsUpdated", "TP001", "2025-06", "local",
    )  # fmt: skip
    rooms = 29 * 140 + 170
    assert second["statistics"] == {
        "occupancy": round(rooms / 6000, 6),
        "occupiedRooms": rooms,
        "valetVehicles": 300 + 29 * 20 + 63.75,
        "selfParkVehicles": 29 * 8 + 21.25 + 4.5,
        "driveInRatio": round((29 * 28 + 85) / rooms, 6),
        "captureRatio": round((29 * 20 + 63.75) / (29 * 28 + 85), 6),
    }
    queues = [row[0] for row in world.rows(outbox_messages, "destination")]
    assert queues.count("forecasting.statistics.update") == 2
    assert queues.count("statistics-events") == 2


def test_a_month_of_which_nothing_is_left_falls_back_to_the_budget(api: Api, world: StatisticsWorld) -> None:
    save(api, {"date": DAY, "valetDaily": 3})
    data = save(api, {"date": DAY, "valetDaily": None}, version=1)
    assert (data["version"], data["statistics"]["externalRevenue"]["basis"]) == (2, "budget")
    assert world.heads("period", "is_active") == [("2025-06", False)]
    save(api, {"date": DAY, "valetDaily": 4}, version=2)
    assert world.heads("is_active") == [(False,), (True,)]
    assert forecast(api.get(f"{STATISTICS}/2025-06").json()["data"])["valetDaily"] == 4


def test_what_does_not_fit_the_rooms_any_more_is_kept_out_of_the_aggregates(api: Api, world: StatisticsWorld) -> None:
    save(api, {"date": DAY, "occupiedRooms": 10, "valetOvernight": 30, "selfOvernight": 10})
    [ratios] = world.heads("drive_in_ratio", "capture_ratio")
    assert [value and float(value) for value in ratios] == [None, 0.75]


def test_an_administrator_may_replace_the_editable_days(api: Api, world: StatisticsWorld) -> None:
    manager = api.signed_in("am1", "account_manager", sites=["TP001"])
    rows = [{"date": f"2025-04-{day}", "valetDaily": day, "note": "kept"} for day in (16, 20, 25)]
    save(api, *rows, period="2025-04")
    world.record("TP001", "2025-04-14", "2025-04-14", valet_daily="1")
    save(api, {"date": "2025-04-14", "valetDaily": 9}, period="2025-04", reason="meter misread", version=1)
    url = f"{STATISTICS}/2025-04?mode=replace"
    body = {"version": 2, "days": [{"date": "2025-04-20", "selfDaily": 5}]}
    refused = manager.put(url, body)
    assert (refused.status_code, first_error(refused)["details"]) == (403, {"reason": "role"})
    data = api.put(url, body).json()["data"]
    assert changes(data) == [1, 0, 4]
    kept = {day["date"]: (day["forecast"] is not None, day["note"]) for day in data["days"]}
    assert {day: value for day, value in kept.items() if value != (False, None)} == {
        "2025-04-14": (True, None), "2025-04-20": (True, "kept"),
    }  # fmt: skip
    emptied = api.put(url, {"version": 3, "days": []}).json()["data"]
    assert changes(emptied) == [0, 0, 3]
    assert told(api.put(f"{STATISTICS}/2025-04?mode=all", body)) == (400, "INVALID_DATA_TYPE", "mode")


def test_a_closed_site_is_locked_after_its_closing_month(api: Api, world: StatisticsWorld) -> None:
    world.add_sites("TP010", total_rooms=10, close_date=date(2025, 5, 20))
    assert changes(save(api, {"date": "2025-05-31", "valetDaily": 1}, period="2025-05", site="TP010")) == [1, 0, 0]
    refused = put(api, {"date": DAY, "valetDaily": 1}, site="TP010")
    assert first_error(refused)["details"] == {"lockedDates": [DAY], "reason": "site_closed"}


def test_what_is_saved_is_what_is_read_again(api: Api) -> None:
    row = {
        "date": DAY, "occupancy": 0.812345, "driveInRatio": 0.123456, "captureRatio": 1, "valetDaily": 99_999,
        "valetMonthly": 0.01, "valetAggregator": 0, "valetComps": 12.5, "selfDaily": 1, "selfMonthly": 2,
        "selfAggregator": 3, "selfComps": 4,
    }  # fmt: skip
    shown = forecast(save(api, row))
    assert {name: shown[name] for name in row if name != "date"} == {n: v for n, v in row.items() if n != "date"}


def test_a_save_takes_as_many_statements_for_a_month_as_for_a_day(api: Api, world: StatisticsWorld) -> None:
    save(api, {"date": "2025-05-05", "valetDaily": 1}, period="2025-05")
    counts = []
    for number, days in enumerate((1, 30)):
        rows = [{"date": f"2025-06-{day:02d}", "occupancy": 0.5, "valetDaily": number} for day in range(1, days + 1)]
        save(api, {"date": "2025-06-30", "valetComps": number + 1}, version=2 * number)
        with world.statements() as seen:
            save(api, *rows, version=2 * number + 1)
        counts.append(len(seen.texts))
    assert counts[0] == counts[1] <= 50


def test_a_site_out_of_reach_and_one_that_does_not_exist_look_the_same(api: Api) -> None:
    manager = api.signed_in("am1", "account_manager", sites=["TP001"])
    bodies = []
    for site in ("TP003", "ZZ999"):
        for answer in (manager.get(f"{BASE}/statistics/{site}/2025-06"), put(manager, {"date": DAY}, site=site)):
            assert (answer.status_code, first_error(answer)["details"]) == (403, {"reason": "site_scope"})
            assert site not in answer.text
            bodies.append(
                {name: value for name, value in answer.json().items() if name not in {"timestamp", "requestId"}}
            )
    assert all(body == bodies[0] for body in bodies)
