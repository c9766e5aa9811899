"""The statistics of a site over HTTP: by day, week, month, quarter and year."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import pytest

from shared_code.api.app import create_app
from tests.api.serving import BASE, Api, first_error, served, told
from tests.support.pnl_world import MONTHS
from tests.support.statistics_world import BUDGET_JUNE, StatisticsWorld, small_company

STATISTICS = f"{BASE}/statistics/TP001"
BUDGET = BUDGET_JUNE | {"9520": "600", "9560": "240"}
"""Also 20 valet and 8 self-parked overnight cars a day of a month of 30 days."""


@pytest.fixture
def world(tmp_path: Path) -> Iterator[StatisticsWorld]:
    world = small_company(StatisticsWorld(tmp_path))
    world.budget("TP001", BUDGET)
    world.ledger("TP001", {"9410": "11000"}, "2025-01", "2025-02", "2025-03")
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


def data_of(answer: httpx.Response) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    data: dict[str, Any] = answer.json()["data"]
    return data


def read(api: Api, rest: str) -> dict[str, Any]:
    return data_of(api.get(f"{STATISTICS}/{rest}"))


def day_of(data: dict[str, Any], day: str) -> dict[str, Any]:
    [found] = [one for one in data["days"] if one["date"] == day]
    shown: dict[str, Any] = found
    return shown


def save(api: Api, *days: dict[str, Any], month: str = "2025-06", **members: Any) -> dict[str, Any]:
    return data_of(api.put(f"{STATISTICS}/{month}", {"days": list(days), **members}))


def warning(data: dict[str, Any], code: str) -> dict[str, Any]:
    [found] = [one for one in data["warnings"] if one["code"] == code]
    told_of: dict[str, Any] = found
    return told_of


def pnl_line(api: Api, code: str, period: str, view: str) -> dict[str, Any]:
    lines = data_of(api.get(f"{BASE}/pl-view/TP001/{period}?view={view}"))["lines"]
    [line] = [line for line in lines if line["code"] == code]
    found: dict[str, Any] = line
    return found


def test_the_header_names_site_period_and_rooms(api: Api) -> None:
    answer = api.get(f"{STATISTICS}/2025-06")
    data = data_of(answer)
    names = ("siteId", "siteName", "period", "periodType", "status", "editable", "lockReason")
    assert [data[name] for name in names] == ["TP001", "Site TP001", "2025-06", "month", "draft", True, None]
    assert (data["availableRooms"], data["availableParking"], data["buckets"], data["months"]) == (200, 150, [], [])
    assert answer.json()["meta"]["businessDate"] == "2025-04-15"
    assert answer.headers["cache-control"] == "private, no-cache"


def test_a_recorded_day_shows_actual_and_is_locked(api: Api) -> None:
    day = day_of(read(api, "2025-04"), "2025-04-10")
    assert (day["source"], day["editable"], day["lockReason"], day["isWeekend"]) == (
        "actual", False, "actual_posted", False,
    )  # fmt: skip
    assert day["actual"] == {
        "occupancy": 0.75, "occupiedRooms": 150, "valetDaily": 9, "valetOvernight": 18, "valetMonthly": None,
        "valetAggregator": None, "selfDaily": None, "selfOvernight": 12, "selfMonthly": None, "selfAggregator": None,
        "valetComps": None, "selfComps": None, "driveInRatio": 0.2, "captureRatio": 0.6,
        "externalRevenue": {
            "gross": None, "adjustments": None, "adjustmentPercent": None, "net": 410, "basis": "actual",
        },
    }  # fmt: skip
    assert day["effective"] == day["actual"] | dict.fromkeys(
        ("valetMonthly", "valetAggregator", "selfDaily", "selfMonthly", "selfAggregator", "valetComps", "selfComps"), 0
    )


def test_a_field_that_was_not_recorded_falls_back_to_forecast_and_budget(api: Api, world: StatisticsWorld) -> None:
    world.record("TP001", "2025-04-15", "2025-04-15", valet_daily="5")
    save(api, {"date": "2025-04-15", "occupancy": 0.9, "valetDaily": 7}, month="2025-04")
    day = day_of(read(api, "2025-04"), "2025-04-15")
    assert (day["editable"], day["actual"]["occupiedRooms"], day["forecast"]["valetDaily"]) == (True, None, 7)
    assert [day["effective"][name] for name in ("valetDaily", "occupiedRooms")] == [5, 180]


def test_saved_fields_stand_beside_derived_ones(api: Api) -> None:
    data = save(api, {"date": "2025-06-05", "occupiedRooms": 120, "note": "Graduation"})
    day = day_of(data, "2025-06-05")
    assert (day["source"], day["note"]) == ("mixed", "Graduation")
    forecast = day["forecast"]
    assert [forecast[name] for name in ("occupiedRooms", "occupancy", "valetOvernight", "selfOvernight")] == [
        120, 0.6, 17.14, 6.86,
    ]  # fmt: skip
    assert [forecast[name] for name in ("driveInRatio", "captureRatio", "valetDaily")] == [None, None, None]
    assert [day["effective"][name] for name in ("driveInRatio", "captureRatio", "valetDaily")] == [0.2, 0.714286, 10]
    assert day_of(data, "2025-06-06")["forecast"] is None


def test_a_note_alone_is_no_forecast(api: Api) -> None:
    data = save(api, {"date": "2025-06-05", "note": "Closed for a wedding"})
    day = day_of(data, "2025-06-05")
    assert (day["note"], day["forecast"], day["source"]) == ("Closed for a wedding", None, "budget")
    assert data["statistics"]["externalRevenue"]["basis"] == "budget"
    assert (data["version"], data["changes"]["created"]) == (1, 1)
    cleared = save(api, {"date": "2025-06-05", "note": ""}, version=1)
    assert (day_of(cleared, "2025-06-05")["note"], cleared["changes"]["cleared"]) == (None, 1)


def test_ratios_follow_from_saved_overnight_counts(api: Api) -> None:
    day = day_of(save(api, {"date": "2025-06-05", "occupiedRooms": 100, "valetOvernight": 30}), "2025-06-05")
    assert [day["forecast"][name] for name in ("valetOvernight", "selfOvernight", "captureRatio")] == [
        30, None, 0.789474,
    ]  # fmt: skip
    assert (day["effective"]["selfOvernight"], day["effective"]["driveInRatio"]) == (8, 0.38)


def test_a_day_is_shown_by_itself_with_the_version_of_its_month(api: Api) -> None:
    save(api, {"date": "2025-06-05", "valetDaily": 4})
    answer = api.get(f"{STATISTICS}/2025-06-05")
    data = data_of(answer)
    assert (data["periodType"], data["version"], answer.headers["etag"]) == ("day", 1, '"1"')
    assert [day["date"] for day in data["days"]] == ["2025-06-05"]
    assert (data["statistics"]["valetDaily"], data["totals"]["budget"]["valetDaily"]) == (4, 10)


def test_days_are_compared_with_the_budget_unless_another_comparison_is_named(api: Api) -> None:
    save(api, {"date": "2025-06-05", "occupancy": 0.8})
    budget = day_of(read(api, "2025-06"), "2025-06-05")["variance"]
    assert budget["occupiedRooms"] == {"amount": 20, "percent": 14.29, "favorable": True, "severity": "high"}
    assert budget["occupancy"] == {"amount": 0.1, "percent": 14.29, "favorable": True, "severity": "high"}
    assert budget["selfDaily"] == {"amount": 0, "percent": None, "favorable": True, "severity": None}
    earlier = day_of(read(api, "2025-05?compare=prior-month"), "2025-05-10")["variance"]
    assert earlier["occupiedRooms"]["amount"] == -14.52
    assert day_of(read(api, "2025-05?compare=prior-month"), "2025-05-31")["variance"] == {}
    assert day_of(read(api, "2025-06?include=totals"), "2025-06-05")["variance"] == {}
    assert told(api.get(f"{STATISTICS}/2025-06?compare=snapshot")) == (404, "PERIOD_NOT_AVAILABLE", "compare")
    assert told(api.get(f"{STATISTICS}/2025-06?view=actual&compare=actual")) == (400, "INVALID_DATA_TYPE", "compare")


def test_the_same_day_a_year_ago_stands_beside_each_day(api: Api, world: StatisticsWorld) -> None:
    world.record("TP001", "2024-02-01", "2024-02-29", occupied_rooms="100")
    february = read(api, "2025-02")
    assert day_of(february, "2025-02-28")["priorYear"]["occupiedRooms"] == 100
    assert day_of(read(api, "2025-05"), "2025-05-01")["priorYear"] is None
    later = day_of(read(api, "2026-06"), "2026-06-01")
    assert later["priorYear"]["occupiedRooms"] == 140


def test_a_view_leaves_the_other_blocks_out(api: Api) -> None:
    day = day_of(read(api, "2025-04?view=budget"), "2025-04-10")
    assert [day[name] is None for name in ("forecast", "budget", "actual", "priorYear")] == [True, False, True, True]
    assert (day["effective"]["occupiedRooms"], day["variance"]) == (150, {})


def test_weeks_are_cut_at_the_ends_of_the_month(api: Api) -> None:
    data = read(api, "2025-04?granularity=week")
    shown = [(one["start"], one["end"], one["label"], one["partial"], one["missingDays"]) for one in data["buckets"]]
    assert shown == [
        ("2025-04-01", "2025-04-05", "2025-04-05", True, 0),
        ("2025-04-06", "2025-04-12", "2025-04-12", False, 0),
        ("2025-04-13", "2025-04-19", "2025-04-19", False, 0),
        ("2025-04-20", "2025-04-26", "2025-04-26", False, 0),
        ("2025-04-27", "2025-04-30", "2025-05-03", True, 0),
    ]
    mixed = data["buckets"][2]
    assert (mixed["effective"]["occupiedRooms"], mixed["actual"]["occupiedRooms"], mixed["source"]) == (
        1000, 300, "trend",
    )  # fmt: skip
    assert (mixed["editable"], mixed["lockReason"], mixed["forecast"]) == (False, "granularity", None)
    march = read(api, "2025-03?granularity=week")["buckets"]
    assert [week["missingDays"] for week in march] == [1, 7, 7, 7, 7, 2]


def test_buckets_add_up_and_weigh_their_ratios(api: Api) -> None:
    days = [{"date": "2025-06-02", "occupiedRooms": 90, "driveInRatio": 0.5, "captureRatio": 1}]
    days += [{"date": "2025-06-03", "occupiedRooms": 190, "driveInRatio": 0.2, "captureRatio": 0}]
    save(api, *days)
    buckets = read(api, "2025-06?granularity=week")["buckets"]
    whole = read(api, "2025-06")["statistics"]
    assert sum(week["effective"]["occupiedRooms"] for week in buckets) == whole["occupiedRooms"] == 4200
    first = buckets[0]["effective"]
    assert first["occupiedRooms"] == 90 + 190 + 5 * 140
    assert first["driveInRatio"] == round((45 + 38 + 5 * 28) / 980, 6)
    assert first["captureRatio"] == round((45 + 5 * 20) / 223, 6)


def test_quarters_and_years_show_their_months(api: Api) -> None:
    quarter = read(api, "2025-Q2?granularity=quarter")
    assert (quarter["editable"], quarter["lockReason"], quarter["days"]) == (False, "granularity", [])
    assert [month["month"] for month in quarter["months"]] == ["2025-04", "2025-05", "2025-06"]
    assert quarter["months"][1]["occupiedRooms"] == 4200
    [whole] = quarter["buckets"]
    assert (whole["label"], whole["partial"], whole["effective"]["occupiedRooms"]) == (
        "2025-Q2", False, quarter["statistics"]["occupiedRooms"],
    )  # fmt: skip
    year = read(api, "2025?granularity=month")
    assert (len(year["months"]), len(year["buckets"]), year["statistics"]["source"]) == (12, 12, "trend")
    for granularity in ("day", "week"):
        refused = api.get(f"{STATISTICS}/2025?granularity={granularity}")
        assert told(refused) == (400, "INVALID_DATA_TYPE", "granularity")
        assert first_error(refused)["details"]["accepted"] == ["month", "quarter"]


def test_several_months_are_shown_in_one_answer(api: Api) -> None:
    save(api, {"date": "2025-06-05", "valetDaily": 4})
    answer = api.get(f"{STATISTICS}/2025-05?months=3")
    data = data_of(answer)
    assert (data["siteId"], data["months"], "etag" in answer.headers) == ("TP001", 3, False)
    shown = [(one["period"], one["version"], len(one["days"])) for one in data["periods"]]
    assert shown == [("2025-05", 0, 31), ("2025-06", 1, 30), ("2025-07", 0, 31)]
    assert data["periods"][1] == read(api, "2025-06")
    late = read(api, "2026-11?months=12")
    assert (late["months"], [one["period"] for one in late["periods"]]) == (12, ["2026-11", "2026-12"])
    assert read(api, "2025-05?months=1")["period"] == "2025-05"


@pytest.mark.parametrize("query", ["2025-05?months=0", "2025-05?months=13", "2025-Q2?months=2", "2025-04-10?months=2"])
def test_only_one_to_twelve_months_from_a_month_on_are_shown(query: str, api: Api) -> None:
    assert told(api.get(f"{STATISTICS}/{query}")) == (400, "VALUE_OUT_OF_RANGE", "months")


def test_totals_show_every_family(api: Api) -> None:
    totals = read(api, "2025-04")["totals"]
    rooms = {name: block["occupiedRooms"] for name, block in totals.items()}
    assert rooms == {"forecast": 4200, "budget": 4200, "actual": 14 * 150, "trend": 14 * 150 + 16 * 140}
    assert totals["actual"]["occupancy"] == 0.75
    assert totals["trend"]["occupancy"] == round((14 * 150 + 16 * 140) / 6000, 6)
    assert read(api, "2025-06")["totals"]["actual"] is None
    assert read(api, "2025-06?include=variance")["totals"] is None


def test_the_running_month_is_blended_as_in_the_pnl(api: Api, world: StatisticsWorld) -> None:
    world.record("TP001", "2025-04-15", "2025-04-15", occupied_rooms="0", valet_daily="0", total_net_revenue="0")
    save(api, {"date": "2025-04-20", "valetDaily": 30}, month="2025-04")
    trend = read(api, "2025-04")["totals"]["trend"]
    for code, field in (("externalRevenue", "net"), ("occupiedRooms", None)):
        [value] = pnl_line(api, code, "2025-04", "trend")["values"]
        shown = trend[code] if field is None else trend[code][field]
        assert shown == value["value"]


def test_cars_of_a_day_whose_rooms_are_not_known_stay_out_of_the_drive_in_ratio(
    api: Api, world: StatisticsWorld
) -> None:
    world.record("TP001", "2025-03-01", "2025-03-01", occupied_rooms="100", valet_overnight="40")
    world.record("TP001", "2025-03-02", "2025-03-03", valet_overnight="60")
    actual = read(api, "2025-03")["totals"]["actual"]
    assert (actual["valetOvernight"], actual["driveInRatio"], actual["occupancy"]) == (160, 0.4, 0.5)
    assert read(api, "productivity?period=2025-03&basis=actual")["metrics"]["driveInRatio"] == 0.4


def test_the_running_month_has_as_many_vehicles_as_in_the_summary(api: Api, world: StatisticsWorld) -> None:
    world.budget("TP001", {"9530": "60"}, ["2025-04"])
    world.record("TP001", "2025-04-15", "2025-04-15", valet_monthly="50")
    trend = read(api, "2025-04")["totals"]["trend"]
    # 9 daily cars on 14 days and 50 monthly ones on the 15th, then 10 and 2 a day for 15 days
    assert (trend["valetDaily"], trend["valetMonthly"]) == (14 * 9 + 15 * 10, 50 + 15 * 2)
    cards = {card["code"]: card["value"] for card in data_of(api.get(f"{BASE}/summary/TP001/2025-04"))["cards"]}
    assert cards["vehicles"] == trend["totalVehicles"]


@pytest.mark.parametrize("period", ["2025-06", "2025-Q3", "2026-02"])
def test_the_net_revenue_of_a_forecast_is_that_of_the_pnl_and_of_external_revenue(
    period: str, api: Api, world: StatisticsWorld
) -> None:
    world.budget("TP001", BUDGET, [month.replace("2025", "2026") for month in MONTHS])
    for month in ("2025-06", "2025-08", "2026-02"):
        world.rate("TP001", month, valet_daily="33.33", self_overnight="12.5")
        save(api, {"date": f"{month}-05", "occupancy": 0.913, "driveInRatio": 0.333333}, month=month)
    world.adjust("TP001", "2025-06", "-0.037")
    world.adjust("TP001", "2025-08", "0.1", override="23456.78")
    world.inputs_changed("TP001")
    world.inputs_changed("TP001", year=2026)
    amount = read(api, period)["statistics"]["externalRevenue"]
    values = pnl_line(api, "externalRevenue", period, "forecast")
    assert amount["net"] == values["total"]["value"]
    assert amount["net"] == data_of(api.get(f"{BASE}/revenue/external/TP001/{period}"))["net"]


def test_an_override_is_spread_over_the_days(api: Api, world: StatisticsWorld) -> None:
    save(api, {"date": "2025-06-05", "valetDaily": 20})
    world.adjust("TP001", "2025-06", override="6000")
    data = read(api, "2025-06")
    amount = data["statistics"]["externalRevenue"]
    assert (amount["net"], amount["basis"], amount["gross"]) == (6000, "override", 6200)
    days = [day["effective"]["externalRevenue"]["net"] for day in data["days"]]
    assert (days[4], round(sum(days))) == (387.1, 6000)


def test_the_calculation_is_there_when_it_is_asked_for(api: Api) -> None:
    save(api, {"date": "2025-06-05", "valetDaily": 20})
    [month] = read(api, "2025-06?include=calculation")["calculation"]
    assert (month["month"], month["net"], month["overridden"]) == ("2025-06", 12400, False)
    assert month["components"][0] == {
        "category": "valetDaily", "count": 310, "rate": 20, "rateSource": "budget", "amount": 6200,
    }  # fmt: skip
    assert read(api, "2025-06")["calculation"] is None


def test_one_who_may_only_read_sees_that_on_every_day(api: Api) -> None:
    viewer = api.signed_in("cv1", "corporate_viewer")
    data = data_of(viewer.get(f"{STATISTICS}/2025-06"))
    assert (data["editable"], data["lockReason"]) == (False, "role")
    assert {day["lockReason"] for day in data["days"]} == {"role"}
    assert data_of(viewer.get(f"{STATISTICS}/2025"))["lockReason"] == "role"
    refused = viewer.put(f"{STATISTICS}/2025-06", {"days": [{"date": "2025-06-05", "valetDaily": 1}]})
    assert (refused.status_code, first_error(refused)["details"]["reason"]) == (403, "scope")


def test_days_are_locked_by_the_calendar_and_by_the_closing_of_the_site(api: Api, world: StatisticsWorld) -> None:
    assert {day["lockReason"] for day in read(api, "2025-03")["days"]} == {"past"}
    april = {day["date"]: day["lockReason"] for day in read(api, "2025-04")["days"]}
    assert (april["2025-04-14"], april["2025-04-15"], april["2025-04-30"]) == ("actual_posted", None, None)
    world.add_sites("TP010", close_date=date(2025, 5, 20))
    locks = {
        month: data_of(api.get(f"{BASE}/statistics/TP010/{month}"))["lockReason"] for month in ("2025-05", "2025-06")
    }
    assert locks == {"2025-05": None, "2025-06": "site_closed"}


def test_a_site_without_rooms_and_budget_shows_zeros(api: Api) -> None:
    data = data_of(api.get(f"{BASE}/statistics/TP009/2025-06"))
    assert (data["availableRooms"], data["statistics"]["occupancy"], data["statistics"]["source"]) == (0, 0, "none")
    assert data["days"][0]["budget"] is None
    assert data["totals"]["budget"] is None
    assert warning(data, "NO_BUDGET")["details"] == {"periods": ["2025-06"]}


def test_remarkable_days_are_named(api: Api) -> None:
    full = [{"date": f"2025-06-{day:02d}", "occupancy": 1} for day in (1, 2, 10, 11, 12, 13)]
    data = save(api, *full, {"date": "2025-06-20", "valetComps": 8})
    assert warning(data, "FULL_OCCUPANCY")["details"]["dates"] == [f"2025-06-{day}" for day in (10, 11, 12, 13)]
    assert warning(data, "COMPS_HIGH")["details"]["dates"] == ["2025-06-20"]
    assert "FULL_OCCUPANCY" in {one["code"] for one in read(api, "2025-06-11")["warnings"]}
    assert read(api, "2025-06-02")["warnings"] == []


def test_a_budget_or_actual_ratio_above_one_is_shown_as_it_is(api: Api, world: StatisticsWorld) -> None:
    world.record("TP001", "2025-04-15", "2025-04-15", occupied_rooms="220", valet_overnight="10")
    world.budget("TP003", {"9440": "1000", "9520": "1500"}, ["2025-06"])
    day = day_of(read(api, "2025-04"), "2025-04-15")
    assert day["actual"]["occupancy"] == 1.1
    fields = warning(read(api, "2025-04"), "RATIO_OUT_OF_RANGE")["details"]["fields"]
    assert fields == {"occupancy": ["2025-04-15"]}
    other = data_of(api.get(f"{BASE}/statistics/TP003/2025-06"))
    assert (other["days"][0]["budget"]["driveInRatio"], warning(other, "RATIO_OUT_OF_RANGE")["field"]) == (
        1.5, "driveInRatio",
    )  # fmt: skip


def test_a_read_takes_as_many_statements_for_a_year_as_for_a_day(api: Api, world: StatisticsWorld) -> None:
    save(api, *[{"date": f"2025-06-{day:02d}", "valetDaily": day} for day in range(1, 31)])
    counts = set()
    for period in ("2025-06-05", "2025-06", "2025-Q2", "2025", "2025-04?months=12", "2025-06?granularity=week"):
        with world.statements() as seen:
            assert api.get(f"{STATISTICS}/{period}").status_code == 200
        counts.add(len(seen.texts))
    assert len(counts) == 1
    assert counts.pop() <= 18


@pytest.mark.parametrize(
    ("query", "field"),
    [("view=other", "view"), ("granularity=hour", "granularity"), ("include=all", "include"), ("compare=x", "compare")],
)
def test_a_parameter_with_a_bad_value_is_named(query: str, field: str, api: Api) -> None:
    assert told(api.get(f"{STATISTICS}/2025-06?{query}")) == (400, "INVALID_DATA_TYPE", field)
