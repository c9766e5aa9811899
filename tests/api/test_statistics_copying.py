"""Copying statistics from the budget or from other days, over HTTP."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from shared_code.api.app import create_app
from tests.api.serving import BASE, Api, first_error, served, told
from tests.support.statistics_world import BUDGET_JUNE, StatisticsWorld, small_company

STATISTICS = f"{BASE}/statistics/TP001"
BUDGET = BUDGET_JUNE | {"9520": "600", "9560": "240"}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[StatisticsWorld]:
    world = small_company(StatisticsWorld(tmp_path))
    world.budget("TP001", BUDGET, ["2025-04", "2025-05", "2025-06"])
    world.record("TP001", "2025-04-01", "2025-04-14", occupied_rooms="150", valet_daily="9", valet_overnight="30")
    yield world
    world.close()


@pytest.fixture
def api(world: StatisticsWorld) -> Iterator[Api]:
    with served(create_app(lambda: world.runtime)) as api:
        yield api


def post(api: Api, source: str, period: str = "2025-06", site: str = "TP001", **members: Any) -> httpx.Response:
    return api.post(f"{BASE}/statistics/{site}/{period}/copy", {"from": source, **members})


def copy(api: Api, source: str, period: str = "2025-06", **members: Any) -> dict[str, Any]:
    answer = post(api, source, period, **members)
    assert answer.status_code == 200, answer.text
    data: dict[str, Any] = answer.json()["data"]
    return data


def skipped(data: dict[str, Any]) -> dict[str, str]:
    return {one["date"]: one["reason"] for one in data["skipped"]}


def forecast(api: Api, day: str) -> dict[str, Any]:
    shown: dict[str, Any] = api.get(f"{STATISTICS}/{day}").json()["data"]["days"][0]["forecast"]
    return shown


def test_the_budget_of_each_day_becomes_its_forecast(api: Api, world: StatisticsWorld) -> None:
    data = copy(api, "budget", dates=["2025-06-05"])
    assert (data["changes"], data["version"], data["skipped"]) == ({"created": 11, "updated": 0, "cleared": 0}, 1, [])
    new = {cell["field"]: cell["new"] for cell in data["cells"]}
    assert (new["occupiedRooms"], new["valetDaily"], new["driveInRatio"], new["captureRatio"]) == (
        140, 10, 0.2, 0.714286,
    )  # fmt: skip
    assert {cell["old"] for cell in data["cells"]} == {None}
    shown = forecast(api, "2025-06-05")
    assert [shown[name] for name in ("occupiedRooms", "valetDaily", "selfComps", "valetOvernight")] == [140, 10, 0, 20]
    assert {entry[-1] for entry in world.trail()} == {"copy"}
    assert [event["eventType"] for event in world.events()] == ["StatisticsUpdated"]


def test_all_days_of_the_month_are_filled_unless_some_are_named(api: Api) -> None:
    data = copy(api, "budget")
    assert {cell["date"] for cell in data["cells"]} == {f"2025-06-{day:02d}" for day in range(1, 31)}
    assert copy(api, "budget", version=1)["changes"]["created"] == 0


def test_locked_days_are_left_out(api: Api) -> None:
    data = copy(api, "budget", "2025-04")
    assert skipped(data) == {f"2025-04-{day:02d}": "locked" for day in range(1, 15)}
    assert set(skipped(copy(api, "budget", "2025-03")).values()) == {"locked"}


def test_days_with_a_forecast_are_filled_only_on_demand(api: Api) -> None:
    row = {"date": "2025-06-05", "occupancy": 0.5, "valetOvernight": 3}
    api.put(f"{STATISTICS}/2025-06", {"days": [row]})
    dates = ["2025-06-05", "2025-06-06"]
    assert skipped(copy(api, "budget", dates=dates, version=1)) == {"2025-06-05": "existing_forecast"}
    data = copy(api, "budget", dates=dates, version=2, overwrite=True)
    changed = {cell["field"]: (cell["old"], cell["new"]) for cell in data["cells"]}
    assert {cell["date"] for cell in data["cells"]} == {"2025-06-05"}
    assert (changed["occupancy"], changed["occupiedRooms"], changed["valetOvernight"]) == (
        (0.5, None), (None, 140), (3, None),
    )  # fmt: skip


def test_a_dry_run_stores_and_tells_nothing(api: Api, world: StatisticsWorld) -> None:
    before = world.left()
    dry = copy(api, "budget", dryRun=True)
    assert world.left() == before
    assert (dry["version"], dry["changes"]["created"]) == (0, 330)
    assert copy(api, "budget")["cells"] == dry["cells"]


def test_a_month_is_filled_from_the_same_days_of_the_year_before(api: Api, world: StatisticsWorld) -> None:
    world.record(
        "TP001",
        "2024-06-01",
        "2024-06-29",
        occupied_rooms="100",
        valet_daily="7",
        valet_overnight="20",
        self_overnight="5",
    )
    data = copy(api, "prior-year")
    assert skipped(data) == {"2025-06-30": "no_source"}
    shown = forecast(api, "2025-06-29")
    assert [shown[name] for name in ("occupiedRooms", "driveInRatio", "captureRatio", "valetDaily", "selfDaily")] == [
        100, 0.25, 0.8, 7, None,
    ]  # fmt: skip


def test_the_month_before_gives_what_is_recorded_or_forecast_of_it(api: Api) -> None:
    data = copy(api, "prior-month", "2025-05")
    assert skipped(data) == {"2025-05-31": "no_source"}
    assert forecast(api, "2025-05-14")["occupiedRooms"] == 150
    assert forecast(api, "2025-05-15")["occupiedRooms"] == 140


def test_a_week_is_repeated_weekday_by_weekday(api: Api, world: StatisticsWorld) -> None:
    world.record("TP001", "2025-03-30", "2025-03-31", occupied_rooms="60")
    data = copy(api, "week-pattern", sourceWeek="2025-04-05")
    assert data["skipped"] == []
    assert [forecast(api, f"2025-06-{day:02d}")["occupiedRooms"] for day in (1, 2, 3, 7, 8)] == [60, 60, 150, 150, 60]


def test_ratios_that_cannot_be_saved_become_counts_and_too_many_rooms_are_left_out(
    api: Api, world: StatisticsWorld
) -> None:
    world.budget("TP003", {"9440": "900", "9520": "1200"}, ["2025-06"])
    world.budget("TP003", {"9440": "9900"}, ["2025-07"])
    world.budget("TP009", {"9510": "-30"}, ["2025-06"])
    post(api, "budget", site="TP003")
    shown = api.get(f"{BASE}/statistics/TP003/2025-06-05").json()["data"]["days"][0]["forecast"]
    assert [shown[name] for name in ("occupiedRooms", "valetOvernight", "driveInRatio")] == [30, 40, 1.333333]
    for site, month in (("TP003", "2025-07"), ("TP009", "2025-06")):
        assert set(skipped(post(api, "budget", month, site).json()["data"]).values()) == {"out_of_range"}
    world.budget("TP009", {"9520": "600", "9560": "300"}, ["2025-07"])
    assert post(api, "budget", "2025-07", "TP009").json()["data"]["changes"]["created"] == 10 * 31


def test_a_copy_names_the_version_that_it_is_based_on(api: Api) -> None:
    copy(api, "budget", dates=["2025-06-05"])
    refused = post(api, "budget", dates=["2025-06-05", "2025-06-06"], overwrite=True, version=0)
    assert told(refused) == (412, "VERSION_CONFLICT", "version")
    headers = {"If-Match": '"1"'}
    answer = api.client.post(f"{STATISTICS}/2025-06/copy", json={"from": "budget"}, headers=headers)
    assert (answer.json()["data"]["version"], answer.headers["etag"]) == (2, '"2"')
    warned = copy(api, "budget", "2025-06", overwrite=True)
    assert (warned["changes"]["created"], warned["warnings"]) == (0, [])


def test_a_copy_that_is_sent_again_with_its_key_is_done_once(api: Api, world: StatisticsWorld) -> None:
    headers = {"Idempotency-Key": "copy-1"}
    first = api.client.post(f"{STATISTICS}/2025-06/copy", json={"from": "budget"}, headers=headers)
    before = world.left()
    again = api.client.post(f"{STATISTICS}/2025-06/copy", json={"from": "budget"}, headers=headers)
    assert again.headers["idempotency-replayed"] == "true"
    assert again.json()["data"] == first.json()["data"]
    assert world.left() == before


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        ({}, "MISSING_REQUIRED_FIELD", "from"),
        ({"from": "schedule"}, "INVALID_DATA_TYPE", "from"),
        ({"from": "week-pattern"}, "MISSING_REQUIRED_FIELD", "sourceWeek"),
        ({"from": "week-pattern", "sourceWeek": "2025-04-06"}, "VALUE_OUT_OF_RANGE", "sourceWeek"),
        ({"from": "budget", "dates": []}, "MISSING_REQUIRED_FIELD", "dates"),
        ({"from": "budget", "dates": ["2025-06-05", "2025-07-01"]}, "VALUE_OUT_OF_RANGE", "dates[1]"),
        ({"from": "budget", "dates": ["2025-06-05", "2025-06-05"]}, "DUPLICATE", "dates[1]"),
        ({"from": "budget", "dryRun": "yes"}, "INVALID_DATA_TYPE", "dryRun"),
        ({"from": "budget", "spread": "even"}, "UNKNOWN_FIELD", "spread"),
    ],
)
def test_what_is_wrong_with_a_copy_is_named(body: dict[str, Any], code: str, field: str, api: Api) -> None:
    assert told(api.post(f"{STATISTICS}/2025-06/copy", body)) == (400, code, field)


def test_only_months_are_copied_and_only_by_those_who_may_write(api: Api) -> None:
    refused = post(api, "budget", "2025-06-05")
    assert told(refused) == (400, "INVALID_PERIOD", "period")
    assert first_error(refused)["details"]["writableFormats"] == ["YYYY-MM"]
    viewer = api.signed_in("cv1", "corporate_viewer")
    assert post(viewer, "budget").status_code == 403
    assert api.get(f"{STATISTICS}/2025-06/copy").status_code == 405


def test_a_copy_takes_as_many_statements_for_a_month_as_for_a_day(api: Api, world: StatisticsWorld) -> None:
    counts = []
    for dates in (["2025-06-05"], None):
        members = {"dates": dates} if dates else {"version": 1}
        with world.statements() as seen:
            copy(api, "prior-month", **members)
        counts.append(len(seen.texts))
    assert abs(counts[0] - counts[1]) <= 3
    assert max(counts) <= 50
