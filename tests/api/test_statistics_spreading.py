"""Figures of a whole period, spread over its days, over HTTP."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from shared_code.api.app import create_app
from tests.api.serving import BASE, Api, first_error, served, told
from tests.support.statistics_world import BUDGET_JUNE, StatisticsWorld, small_company

STATISTICS = f"{BASE}/statistics/TP001"
BUDGET = BUDGET_JUNE | {"9520": "600", "9530": "100", "9560": "240", "9570": "60"}
"""A month of 30 days: 20 valet and 8 self-parked overnight cars a day; three daily valet cars for each monthly one."""


@pytest.fixture
def world(tmp_path: Path) -> Iterator[StatisticsWorld]:
    world = small_company(StatisticsWorld(tmp_path))
    world.budget("TP001", BUDGET, ["2025-04", "2025-06"])
    world.record(
        "TP001", "2025-04-01", "2025-04-14",
        occupied_rooms="150", valet_daily="9", valet_overnight="18", self_overnight="12", total_net_revenue="410",
    )  # fmt: skip
    yield world
    world.close()


@pytest.fixture
def api(world: StatisticsWorld) -> Iterator[Api]:
    with served(create_app(lambda: world.runtime)) as api:
        yield api


def put(api: Api, period: str, figures: dict[str, Any], site: str = "TP001", **members: Any) -> httpx.Response:
    return api.put(f"{BASE}/statistics/{site}/{period}", {"statistics": figures, **members})


def spread(api: Api, period: str, figures: dict[str, Any], site: str = "TP001", **members: Any) -> dict[str, Any]:
    answer = put(api, period, figures, site, **members)
    assert answer.status_code == 200, answer.text
    data: dict[str, Any] = answer.json()["data"]
    return data


def column(data: dict[str, Any], field: str) -> list[Any]:
    return [day["forecast"] and day["forecast"][field] for day in data["days"]]


def shown(data: dict[str, Any], *fields: str) -> list[Any]:
    return [data["statistics"][field] for field in fields]


def codes(data: dict[str, Any]) -> list[str]:
    return [warning["code"] for warning in data["warnings"]]


ALL = {"occupancy": 0.8123, "driveInRatio": 0.41, "captureRatio": 0.6, "valetVehicles": 3000, "selfParkVehicles": 1500}


@pytest.mark.parametrize("period", ["2025-04", "2025-05", "2025-06", "2025-06-05"])
@pytest.mark.parametrize("shape", ["budget-shape", "even", "weekday-pattern", "prior-year-shape"])
def test_the_next_read_shows_the_figures_that_were_sent(period: str, shape: str, api: Api) -> None:
    figures = ALL if len(period) == 7 else ALL | {"valetVehicles": 120.55, "selfParkVehicles": 60.01}
    spread(api, period, figures, spread=shape)
    data = api.get(f"{STATISTICS}/{period}").json()["data"]
    assert shown(data, *figures) == list(figures.values())


def test_counts_have_two_decimals_and_the_last_editable_day_takes_the_difference(api: Api) -> None:
    data = spread(api, "2025-06", {"occupancy": 0.77777, "valetVehicles": 2000}, spread="even")
    assert set(column(data, "occupiedRooms")[:-1]) == {155.55}
    assert column(data, "occupiedRooms")[-1] == round(0.77777 * 6000 - 29 * 155.55, 2)
    overnight = data["statistics"]["valetOvernight"]
    daily = column(data, "valetDaily")
    assert len(set(daily[:-1])) == 1
    assert sum(map(Decimal, map(str, daily))) == Decimal(str(data["statistics"]["valetDaily"]))
    assert data["statistics"]["valetDaily"] + data["statistics"]["valetMonthly"] == round(2000 - overnight, 2)


def test_vehicles_beyond_the_overnight_ones_are_divided_as_the_budget_divides_them(api: Api) -> None:
    data = spread(api, "2025-06", {"valetVehicles": 1000, "selfParkVehicles": 300})
    assert shown(data, "valetOvernight", "valetDaily", "valetMonthly", "valetAggregator") == [600, 300, 100, 0]
    assert shown(data, "selfOvernight", "selfDaily", "selfMonthly") == [240, 0, 60]
    assert codes(data) == []


def test_without_a_budget_all_of_them_are_daily_and_the_shape_is_even(api: Api) -> None:
    data = spread(api, "2025-05", {"valetVehicles": 62})
    assert shown(data, "valetDaily", "valetMonthly") == [62, 0]
    assert set(column(data, "valetDaily")) == {2}
    warning = next(one for one in data["warnings"] if one["code"] == "SHAPE_UNAVAILABLE")
    assert (warning["field"], warning["details"]) == (
        "spread", {"spread": "budget-shape", "fields": ["valetVehicles"]},
    )  # fmt: skip
    assert "SHAPE_UNAVAILABLE" not in codes(spread(api, "2025-07", {"valetVehicles": 62}, spread="even"))


@pytest.mark.parametrize("shape", ["prior-year-shape", "weekday-pattern", "budget-shape"])
def test_a_shape_without_data_falls_back_to_an_even_one_and_says_for_what(shape: str, api: Api) -> None:
    figures = {"occupancy": 0.5, "driveInRatio": 0.2, "valetVehicles": 62}
    data = spread(api, "2025-05", figures, "TP003", spread=shape)
    [warning] = [one for one in data["warnings"] if one["code"] == "SHAPE_UNAVAILABLE"]
    assert warning["details"] == {"spread": shape, "fields": ["occupancy", "valetVehicles"]}
    assert (set(column(data, "occupiedRooms")), set(column(data, "valetDaily"))) == ({150}, {2})
    again = spread(api, "2025-05", figures, "TP003", spread=shape)
    assert (again["version"], "SHAPE_UNAVAILABLE" in codes(again)) == (1, True)


def test_a_year_before_gives_the_shape_where_it_was_recorded(api: Api, world: StatisticsWorld) -> None:
    world.record("TP003", "2024-05-01", "2024-05-10", valet_daily="4", occupied_rooms="100")
    world.record("TP003", "2024-05-11", "2024-05-31", valet_daily="2", occupied_rooms="100")
    data = spread(api, "2025-05", {"valetVehicles": 164}, "TP003", spread="prior-year-shape")
    assert column(data, "valetDaily") == [8] * 10 + [4] * 21
    assert "SHAPE_UNAVAILABLE" not in codes(data)


def test_what_locked_days_contribute_is_deducted(api: Api) -> None:
    data = spread(api, "2025-04", {"occupancy": 0.75, "driveInRatio": 0.3, "captureRatio": 0.5, "valetVehicles": 900})
    assert column(data, "occupiedRooms") == [None] * 14 + [150] * 16
    recorded, rooms = 14 * 150, 16 * 150
    drive_in = (0.3 * (recorded + rooms) - 14 * 30) / rooms
    assert column(data, "driveInRatio")[14] == round(drive_in, 6) == 0.3875
    capture = (0.5 * 0.3 * 4500 - 14 * 18) / (rooms * drive_in)
    assert column(data, "captureRatio")[14] == round(capture, 6)
    assert shown(data, "valetVehicles", "valetOvernight") == [900, 675]
    assert set(column(data, "valetDaily")[:14]) == {None}


def test_days_follow_those_of_the_year_before(api: Api, world: StatisticsWorld) -> None:
    world.record("TP001", "2024-06-01", "2024-06-10", occupied_rooms="100", valet_daily="4")
    world.record("TP001", "2024-06-11", "2024-06-30", occupied_rooms="50", valet_daily="8")
    figures = {"occupancy": 0.4, "driveInRatio": 0, "valetVehicles": 400}
    data = spread(api, "2025-06", figures, spread="prior-year-shape")
    assert column(data, "occupiedRooms") == [120] * 10 + [60] * 20
    daily = [sum(counts) for counts in zip(column(data, "valetDaily"), column(data, "valetMonthly"), strict=True)]
    assert [round(count, 2) for count in daily] == [8] * 10 + [16] * 20
    assert codes(data) == []


def test_no_day_gets_more_rooms_than_there_are(api: Api, world: StatisticsWorld) -> None:
    world.record("TP001", "2024-06-01", "2024-06-10", occupied_rooms="190")
    world.record("TP001", "2024-06-11", "2024-06-30", occupied_rooms="95")
    data = spread(api, "2025-06", {"occupancy": 0.9}, spread="prior-year-shape")
    assert column(data, "occupiedRooms") == [200] * 10 + [170] * 20
    assert shown(data, "occupancy") == [0.9]


def test_days_follow_the_weekdays_of_the_last_eight_weeks(api: Api, world: StatisticsWorld) -> None:
    world.record("TP001", "2025-03-01", "2025-03-31", occupied_rooms="100")
    world.record("TP001", "2025-02-19", "2025-02-28", occupied_rooms="120")
    world.record("TP001", "2025-01-01", "2025-02-17", occupied_rooms="7")
    data = spread(api, "2025-06", {"occupancy": 0.5}, spread="weekday-pattern")
    by_weekday = {day["date"][-2:]: day["forecast"]["occupiedRooms"] for day in data["days"]}
    assert by_weekday["02"] == by_weekday["09"] == by_weekday["16"] == by_weekday["23"]
    assert by_weekday["03"] != by_weekday["02"]
    assert shown(data, "occupancy", "occupiedRooms") == [0.5, 3000]


def test_a_day_without_data_weighs_as_much_as_the_others_on_average(api: Api, world: StatisticsWorld) -> None:
    world.record("TP001", "2024-06-01", "2024-06-20", occupied_rooms="50")
    data = spread(api, "2025-06", {"occupancy": 0.5}, spread="prior-year-shape")
    assert set(column(data, "occupiedRooms")) == {100}


@pytest.mark.parametrize(
    ("period", "figures", "field", "details"),
    [
        ("2025-04", {"occupancy": 0.1}, "occupancy", {"required": -1500, "minimum": 0, "maximum": 3200}),
        ("2025-04", {"occupancy": 0.9}, "occupancy", {"required": 3300, "minimum": 0, "maximum": 3200}),
        ("2025-04", {"driveInRatio": 0.01}, "driveInRatio", {"required": -0.168125, "minimum": 0, "maximum": 1}),
        ("2025-04", {"captureRatio": 1}, "captureRatio", {"required": 1.375, "minimum": 0, "maximum": 1}),
        ("2025-06", {"valetVehicles": 599.99}, "valetVehicles", {"required": 599.99, "minimum": 600, "maximum": 99999}),
        ("2025-04", {"selfParkVehicles": 100}, "selfParkVehicles", {"required": -96, "minimum": 128, "maximum": 99999}),
        (
            "2025-06",
            {"occupancy": 0, "captureRatio": 0.5},
            "captureRatio",
            {"required": 0.5, "minimum": 0, "maximum": 0},
        ),
    ],
)
def test_a_remainder_that_cannot_be_reached_is_refused(
    period: str, figures: dict[str, Any], field: str, details: dict[str, Any], api: Api, world: StatisticsWorld
) -> None:
    before = world.left()
    refused = put(api, period, figures)
    assert told(refused) == (422, "CALCULATION_ERROR", f"statistics.{field}")
    told_of = first_error(refused)["details"]
    assert {name: told_of[name] for name in ("field", "minimum", "maximum")} == {"field": field} | {
        name: details[name] for name in ("minimum", "maximum")
    }
    assert round(told_of["required"], 6) == details["required"]
    assert world.left() == before


def test_the_smallest_count_that_is_named_can_be_sent(api: Api) -> None:
    assert put(api, "2025-06", {"occupancy": 0.777777, "driveInRatio": 0.333333}).status_code == 200
    refused = put(api, "2025-06", {"valetVehicles": 1}, overwrite=True)
    minimum = first_error(refused)["details"]["minimum"]
    assert minimum == round(minimum, 2)
    assert put(api, "2025-06", {"valetVehicles": minimum}, overwrite=True).status_code == 200


def test_days_that_have_a_forecast_are_replaced_only_on_demand(api: Api) -> None:
    api.put(f"{STATISTICS}/2025-06", {"days": [{"date": "2025-06-05", "occupancy": 0.9, "valetComps": 3}]})
    refused = put(api, "2025-06", {"occupancy": 0.5}, version=1)
    assert told(refused) == (409, "CONFLICT", "overwrite")
    assert first_error(refused)["details"] == {"reason": "existing_forecast", "dates": ["2025-06-05"]}
    data = spread(api, "2025-06", {"occupancy": 0.5}, version=1, overwrite=True)
    assert (column(data, "occupancy")[4], column(data, "valetComps")[4]) == (0.5, 3)


def test_a_repeated_spread_leaves_nothing(api: Api, world: StatisticsWorld) -> None:
    for period in ("2025-04", "2025-06", "2025-06-05"):
        figures = ALL if len(period) == 7 else {"occupancy": 0.81}
        spread(api, period, figures, overwrite=True)
        before = world.left()
        again = spread(api, period, figures)
        assert again["changes"] == {"created": 0, "updated": 0, "cleared": 0}
        assert world.left() == before


def test_a_ratio_takes_the_place_of_overnight_counts(api: Api) -> None:
    row = {"date": "2025-06-05", "occupiedRooms": 100, "valetOvernight": 30, "selfOvernight": 20}
    api.put(f"{STATISTICS}/2025-06", {"days": [row]})
    data = spread(api, "2025-06", {"driveInRatio": 0.3}, overwrite=True)
    assert shown(data, "driveInRatio") == [0.3]
    assert [data["days"][4]["forecast"][name] for name in ("driveInRatio", "captureRatio", "valetOvernight")] == [
        0.3, 0.6, 18,
    ]  # fmt: skip


def test_counted_overnight_cars_are_split_by_the_capture_ratio(api: Api) -> None:
    row = {"date": "2025-06-05", "valetOvernight": 30, "selfOvernight": 20}
    api.put(f"{STATISTICS}/2025-06", {"days": [row]})
    data = spread(api, "2025-06", {"captureRatio": 0.25}, overwrite=True)
    assert shown(data, "captureRatio") == [0.25]
    assert [data["days"][4]["forecast"][name] for name in ("valetOvernight", "selfOvernight")] == [12.5, 37.5]


def test_a_site_without_rooms_has_vehicles_and_a_capture_ratio_only(api: Api, world: StatisticsWorld) -> None:
    world.budget("TP009", {"9520": "600", "9560": "300"}, ["2025-06"])
    data = spread(api, "2025-06", {"captureRatio": 0.75, "valetVehicles": 1000, "occupancy": 0}, site="TP009")
    assert shown(data, "captureRatio", "valetVehicles", "selfOvernight") == [0.75, 1000, 225]
    refused = put(api, "2025-06", {"occupancy": 0.5}, site="TP009", overwrite=True)
    assert told(refused) == (422, "BUSINESS_RULE_VIOLATION", "statistics.occupancy")
    refused = put(api, "2025-06", {"driveInRatio": 0.5}, site="TP009", overwrite=True)
    assert told(refused) == (422, "CALCULATION_ERROR", "statistics.driveInRatio")


def test_a_closed_month_is_locked_and_nothing_can_be_spread_over_recorded_days(
    api: Api, world: StatisticsWorld
) -> None:
    refused = put(api, "2025-03", {"occupancy": 0.5})
    assert told(refused) == (409, "PERIOD_LOCKED", "statistics")
    details = first_error(refused)["details"]
    assert (details["reason"], len(details["lockedDates"])) == ("past", 31)
    data = spread(api, "2025-03", {"occupancy": 0.5}, reason="meter misread")
    assert shown(data, "occupancy") == [0.5]
    world.record("TP001", "2025-02-01", "2025-02-28", occupied_rooms="100")
    refused = put(api, "2025-02", {"occupancy": 0.6}, reason="meter misread")
    assert told(refused) == (422, "CALCULATION_ERROR", "statistics.occupancy")


def test_a_year_may_be_spread_as_a_section_of_a_save(api: Api) -> None:
    body = {"statistics": {"statistics": {"occupancy": 0.5}, "spread": "even"}}
    answer = api.put(f"{BASE}/forecast/TP001/2026", body)
    assert answer.status_code == 200, answer.text
    assert answer.json()["data"]["sections"]["statistics"]["version"] == 12
    assert api.get(f"{STATISTICS}/2026").json()["data"]["statistics"]["occupancy"] == 0.5


def test_a_spread_takes_as_many_statements_for_a_month_as_for_a_day(api: Api, world: StatisticsWorld) -> None:
    spread(api, "2025-08", {"occupancy": 0.5})
    counts = []
    for period in ("2025-06-05", "2025-07"):
        with world.statements() as seen:
            spread(api, period, {"occupancy": 0.5}, spread="prior-year-shape")
        counts.append(len(seen.texts))
    assert counts[0] == counts[1] <= 60
