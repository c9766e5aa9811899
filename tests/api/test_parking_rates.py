"""Parking rates over HTTP."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import pytest

from shared_code.api.app import create_app
from shared_code.storage.tables.forecasts import parking_rates
from shared_code.storage.tables.messages import audit_events
from tests.api.serving import BASE, Api, first_error, served, told
from tests.support.monthly_world import MonthlyWorld

RATES = f"{BASE}/parking-rates/TP001"
CATEGORIES = [
    "valetDaily", "valetOvernight", "valetMonthly", "valetAggregator",
    "selfDaily", "selfOvernight", "selfMonthly", "selfAggregator",
]  # fmt: skip
BUDGET = {"9410": "20000", "9411": "20000", "9510": "1000"}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[MonthlyWorld]:
    world = MonthlyWorld(tmp_path)
    world.add_districts(alpha="east")
    world.add_sites("TP001", district_code="alpha", region_code="east")
    world.belongs("TP001", "alpha", "east")
    world.budget("TP001", BUDGET)
    yield world
    world.close()


@pytest.fixture
def api(world: MonthlyWorld) -> Iterator[Api]:
    with served(create_app(lambda: world.runtime)) as api:
        yield api


def rate(body: dict[str, Any], month: str, category: str) -> dict[str, Any]:
    found: dict[str, Any] = next(
        row for row in body["data"]["rates"] if (row["month"], row["category"]) == (month, category)
    )
    return found


def entry(month: str, category: str, dollars: float | None) -> dict[str, Any]:
    return {"month": month, "category": category, "rate": dollars}


def codes(answer: httpx.Response) -> list[str]:
    return [warning["code"] for warning in answer.json()["data"]["warnings"]]


def test_before_anything_is_saved_the_budget_rate_is_in_force(api: Api) -> None:
    answer = api.get(f"{RATES}/2025-05")
    body = answer.json()
    data = body["data"]
    assert (answer.status_code, answer.headers["etag"], body["message"]) == (
        200, '"0"', "Parking rates retrieved successfully",
    )  # fmt: skip
    header = ("siteId", "period", "periodType", "version", "updatedAt", "updatedBy", "status", "editable", "lockReason")
    assert [data[name] for name in header] == ["TP001", "2025-05", "month", 0, None, None, "draft", True, None]
    assert [row["category"] for row in data["rates"]] == CATEGORIES
    assert data["rates"][0] == {
        "month": "2025-05", "category": "valetDaily", "editable": True, "lockReason": None,
        "forecast": None, "budget": 20.0, "actual": None, "priorYear": None, "effective": 20.0, "source": "budget",
        "variance": {"amount": 0.0, "percent": 0.0, "favorable": True, "severity": "low"},
    }  # fmt: skip
    assert data["averages"][0] == {"category": "valetDaily", "rate": 20.0}
    assert body["meta"]["businessDate"] == "2025-04-15"


def test_a_category_without_a_budget_has_an_effective_rate_of_0_from_nowhere(api: Api) -> None:
    row = rate(api.get(f"{RATES}/2025-05").json(), "2025-05", "valetAggregator")
    assert (row["budget"], row["effective"], row["source"], row["variance"]) == (None, 0.0, "none", None)


def test_actual_and_last_years_rates_are_net_revenue_by_vehicle(api: Api, world: MonthlyWorld) -> None:
    world.parked("TP001", "2025-03", "valet_daily", "2100.00", "100")
    world.parked("TP001", "2024-03", "valet_daily", "1000.00", "30")
    world.parked("TP001", "2025-03", "self_daily", "500.00", "0")
    body = api.get(f"{RATES}/2025-03").json()
    shown = rate(body, "2025-03", "valetDaily")
    assert (shown["actual"], shown["priorYear"], shown["editable"], shown["lockReason"]) == (21.0, 33.33, False, "past")
    assert rate(body, "2025-03", "selfDaily")["actual"] is None
    assert (body["data"]["editable"], body["data"]["lockReason"]) == (False, "past")


def test_averages_are_weighted_by_effective_vehicles(api: Api, world: MonthlyWorld) -> None:
    world.valet_days("TP001", "2025-05", {day: "0" if day > 1 else "3000" for day in range(1, 32)})
    api.put(f"{RATES}/2025-05", {"rates": [{"category": "valetDaily", "rate": 28.00}]})
    averages = api.get(f"{RATES}/2025-Q2").json()["data"]["averages"]
    assert averages[0]["rate"] == 24.8  # (1000 x 20 + 3000 x 28 + 1000 x 20) / 5000
    assert averages[1]["rate"] is None


def test_quarter_and_year_have_a_row_for_each_month_and_category(api: Api) -> None:
    quarter, year = api.get(f"{RATES}/2025-q2").json()["data"], api.get(f"{RATES}/2025").json()["data"]
    assert (quarter["periodType"], quarter["editable"], quarter["lockReason"]) == ("quarter", False, "granularity")
    assert sorted({row["month"] for row in quarter["rates"]}) == ["2025-04", "2025-05", "2025-06"]
    assert (year["periodType"], len(year["rates"]), year["editable"]) == ("year", 96, True)
    assert [row["lockReason"] for row in year["rates"]][::8] == ["past"] * 3 + [None] * 9


def test_months_past_the_horizon_are_left_out_of_a_window(api: Api) -> None:
    data = api.get(f"{RATES}/2026-11?months=3").json()["data"]
    assert (data["siteId"], data["months"], [period["period"] for period in data["periods"]]) == (
        "TP001", 3, ["2026-11", "2026-12"],
    )  # fmt: skip
    assert len(data["periods"][1]["rates"]) == 8
    assert {"code": "NO_BUDGET", "field": None}.items() <= data["periods"][0]["warnings"][0].items()


def test_a_put_merges_clears_and_keeps_zero(api: Api) -> None:
    first = api.put(
        f"{RATES}/2025-05",
        {"rates": [{"category": "valetDaily", "rate": 21}, {"category": "selfDaily", "rate": 9.5}]},
    )
    assert first.status_code == 200
    assert first.json()["data"]["changes"] == {"created": 2, "updated": 0, "cleared": 0}
    second = api.put(
        f"{RATES}/2025-05",
        {"version": 1, "rates": [{"category": "valetDaily", "rate": 0}, {"category": "selfDaily", "rate": None}]},
    )
    data = second.json()["data"]
    assert data["changes"] == {"created": 0, "updated": 1, "cleared": 1}
    assert (data["version"], second.headers["etag"], data["updatedBy"]) == (2, '"2"', "local")
    zero, cleared = rate(second.json(), "2025-05", "valetDaily"), rate(second.json(), "2025-05", "selfDaily")
    assert (zero["forecast"], zero["effective"], zero["source"]) == (0.0, 0.0, "forecast")
    assert (cleared["forecast"], cleared["source"]) == (None, "none")


def test_a_repeated_put_leaves_nothing(api: Api, world: MonthlyWorld) -> None:
    body = {"rates": [entry("2025-06", "valetDaily", 25.0), entry("2025-08", "valetDaily", None)], "carryForward": True}
    api.put(f"{RATES}/2025", body)
    before = world.saved()
    again = api.put(f"{RATES}/2025", {**body, "version": 0})
    assert again.status_code == 200
    assert again.json()["data"]["changes"] == {"created": 0, "updated": 0, "cleared": 0}
    assert world.saved() == before


def test_the_version_of_a_year_is_the_sum_of_its_months(api: Api, world: MonthlyWorld) -> None:
    answer = api.put(
        f"{RATES}/2025", {"rates": [entry("2025-06", "valetDaily", 21), entry("2025-07", "valetDaily", 21)]}
    )
    assert answer.json()["data"]["version"] == 2
    assert api.get(f"{RATES}/2025-07").json()["data"]["version"] == 1
    assert api.get(f"{RATES}/2025-Q3").json()["data"]["version"] == 1
    assert [
        (event["eventType"], event["period"], event["categories"], event["userId"]) for event in world.events()
    ] == [
        ("RatesUpdated", "2025-06", ["valetDaily"], "local"),
        ("RatesUpdated", "2025-07", ["valetDaily"], "local"),
    ]


def test_a_change_of_somebody_else_is_named_by_its_cell(api: Api) -> None:
    api.put(
        f"{RATES}/2025-05", {"rates": [{"category": "valetDaily", "rate": 21}, {"category": "selfDaily", "rate": 5}]}
    )
    stale = {"rates": [{"category": "valetDaily", "rate": 22}, {"category": "selfMonthly", "rate": 90}]}
    answer = api.put(f"{RATES}/2025-05", stale, headers={"If-Match": '"0"'})
    assert told(answer) == (412, "VERSION_CONFLICT", "version")
    assert first_error(answer)["details"]["conflictingKeys"] == ["2025-05.valetDaily"]


def test_a_weak_tag_never_matches_and_is_no_version(api: Api) -> None:
    sent = {"rates": [{"category": "valetDaily", "rate": 21}]}
    answer = api.put(f"{RATES}/2025-05", sent, headers={"If-Match": 'W/"0"'})
    assert told(answer) == (412, "VERSION_CONFLICT", "version")
    details = first_error(answer)["details"]
    assert (details["providedVersion"], details["currentVersion"]) == (None, 0)


def test_a_rate_is_carried_to_later_months_that_have_none(api: Api, world: MonthlyWorld) -> None:
    api.put(f"{RATES}/2025-09", {"rates": [{"category": "valetDaily", "rate": 19}]})
    answer = api.put(f"{RATES}/2025-05", {"rates": [{"category": "valetDaily", "rate": 21}], "carryForward": True})
    data = answer.json()["data"]
    assert data["changes"] == {"created": 7, "updated": 0, "cleared": 0}
    skipped = next(warning for warning in data["warnings"] if warning["code"] == "CARRY_FORWARD_SKIPPED")
    assert skipped["details"] == {"category": "valetDaily", "months": ["2025-09"]}
    rows = api.get(f"{RATES}/2025").json()["data"]["rates"]
    saved = {row["month"][5:]: row["forecast"] for row in rows if row["forecast"] is not None}
    assert saved == dict.fromkeys(("05", "06", "07", "08", "10", "11", "12"), 21.0) | {"09": 19.0}
    assert [event["period"] for event in world.events()].count("2025-12") == 1
    assert api.get(f"{RATES}/2026-01").json()["data"]["version"] == 0


def test_overwrite_carries_over_saved_rates_and_an_explicit_entry_always_wins(api: Api) -> None:
    api.put(f"{RATES}/2025-09", {"rates": [{"category": "valetDaily", "rate": 19}]})
    answer = api.put(
        f"{RATES}/2025",
        {
            "rates": [entry("2025-06", "valetDaily", 21), entry("2025-10", "valetDaily", 23),
                      entry("2025-11", "valetDaily", None)],
            "carryForward": True, "overwrite": True,
        },
    )  # fmt: skip
    assert "CARRY_FORWARD_SKIPPED" not in codes(answer)
    rows = answer.json()["data"]["rates"]
    assert [row["forecast"] for row in rows if row["category"] == "valetDaily"][5:] == [
        21.0, 21.0, 21.0, 21.0, 23.0, None, 23.0,
    ]  # fmt: skip


def test_a_rate_far_from_the_last_closed_months_actual_is_warned_of(api: Api, world: MonthlyWorld) -> None:
    world.parked("TP001", "2025-03", "valet_daily", "2500.00", "100")
    near = api.put(f"{RATES}/2025-05", {"rates": [{"category": "valetDaily", "rate": 27.5}]})
    assert codes(near) == []
    far = api.put(f"{RATES}/2025-05", {"version": 1, "rates": [{"category": "valetDaily", "rate": 27.51}]})
    (warning,) = far.json()["data"]["warnings"]
    assert (warning["code"], warning["field"]) == ("RATE_DEVIATION", "2025-05.valetDaily")
    assert warning["details"] == {
        "month": "2025-05", "category": "valetDaily", "rate": 27.51, "comparison": 25.0, "percent": 10.04,
    }  # fmt: skip


def test_without_an_actual_the_budget_is_what_a_rate_is_held_against(api: Api) -> None:
    answer = api.put(f"{RATES}/2025-05", {"rates": [{"category": "valetDaily", "rate": 25}]})
    assert codes(answer) == ["RATE_DEVIATION"]
    unbudgeted = api.put(f"{RATES}/2025-05", {"version": 1, "rates": [{"category": "selfDaily", "rate": 25}]})
    assert codes(unbudgeted) == ["RATE_DEVIATION"]  # that of valetDaily, which still stands


def test_a_threshold_can_be_set(world: MonthlyWorld) -> None:
    relaxed = world.with_settings(warning_thresholds={"RATE_DEVIATION": 30})
    with served(create_app(lambda: relaxed)) as api:
        answer = api.put(f"{RATES}/2025-05", {"rates": [{"category": "valetDaily", "rate": 25}]})
        assert codes(answer) == []


def test_a_closed_month_is_locked_and_nothing_of_the_request_is_stored(api: Api, world: MonthlyWorld) -> None:
    answer = api.put(
        f"{RATES}/2025", {"rates": [entry("2025-05", "valetDaily", 21), entry("2025-03", "valetDaily", 21)]}
    )
    assert told(answer) == (409, "PERIOD_LOCKED", "rates[1].month")
    assert first_error(answer)["details"] == {"lockedMonths": ["2025-03"], "reason": "past"}
    assert world.rows(parking_rates) == []


def test_an_administrator_writes_a_closed_month_with_a_reason(api: Api, world: MonthlyWorld) -> None:
    body = {"rates": [{"category": "valetDaily", "rate": 21}]}
    assert told(api.put(f"{RATES}/2025-03", body)) == (409, "PERIOD_LOCKED", "period")
    assert api.put(f"{RATES}/2025-03", body | {"reason": "late correction"}).status_code == 200
    assert world.rows(audit_events, "period", "item_key", "field", "new_value", "reason") == [
        ("2025-03", "2025-03", "valetDaily", "21.00", "late correction")
    ]


def test_months_after_the_site_has_closed_are_locked(api: Api, world: MonthlyWorld) -> None:
    world.add_sites("TP009", close_date=date(2025, 6, 30))
    path = f"{BASE}/parking-rates/TP009"
    body = {"rates": [{"category": "valetDaily", "rate": 21}], "carryForward": True}
    assert first_error(api.put(f"{path}/2025-07", body))["details"]["reason"] == "site_closed"
    assert api.put(f"{path}/2025-05", body).json()["data"]["changes"]["created"] == 2


def test_replacing_clears_what_is_not_sent(api: Api) -> None:
    api.put(f"{RATES}/2025", {"rates": [entry("2025-06", "valetDaily", 21), entry("2025-07", "selfDaily", 9)]})
    answer = api.put(f"{RATES}/2025?mode=replace", {"version": 2, "rates": [entry("2025-06", "valetDaily", 22)]})
    assert answer.json()["data"]["changes"] == {"created": 0, "updated": 1, "cleared": 1}


def test_only_an_administrator_may_replace(api: Api) -> None:
    manager = api.signed_in("am1@example.com", "account_manager", sites=["TP001"])
    body = {"rates": [{"category": "valetDaily", "rate": 21}]}
    answer = manager.put(f"{RATES}/2025-05?mode=replace", body)
    assert told(answer) == (403, "INSUFFICIENT_PERMISSIONS", None)
    assert first_error(answer)["details"] == {"reason": "role"}
    assert manager.put(f"{RATES}/2025-05", body).json()["data"]["updatedBy"] == "am1@example.com"


def test_a_reason_unlocks_nothing_for_a_manager(api: Api) -> None:
    manager = api.signed_in("am1@example.com", "account_manager", sites=["TP001"])
    body = {"rates": [{"category": "valetDaily", "rate": 21}], "reason": "late correction"}
    assert told(manager.put(f"{RATES}/2025-03", body)) == (409, "PERIOD_LOCKED", "period")


def test_one_who_may_only_read_sees_no_editable_row(api: Api) -> None:
    reader = api.signed_in("rvp1@example.com", "regional_vp", sites=["TP001"])
    data = reader.get(f"{RATES}/2025-05").json()["data"]
    assert (data["editable"], data["lockReason"]) == (False, "role")
    assert {(row["editable"], row["lockReason"]) for row in data["rates"]} == {(False, "role")}
    answer = reader.put(f"{RATES}/2025-05", {"rates": [{"category": "valetDaily", "rate": 21}]})
    assert (answer.status_code, first_error(answer)["code"]) == (403, "INSUFFICIENT_PERMISSIONS")


@pytest.mark.parametrize("scope", ["forecasting", "revenue"])
def test_either_scope_lets_rates_be_read_and_saved(scope: str, api: Api) -> None:
    scopes = [f"{scope}:read", f"{scope}:write"]
    manager = api.signed_in("am1@example.com", "account_manager", sites=["TP001"], scopes=scopes)
    assert manager.get(f"{RATES}/2025-05").json()["data"]["editable"] is True
    assert manager.put(f"{RATES}/2025-05", {"rates": [{"category": "valetDaily", "rate": 21}]}).status_code == 200
    other = api.signed_in("am2@example.com", "account_manager", sites=["TP001"], scopes=["statistics:read"])
    assert first_error(other.get(f"{RATES}/2025-05"))["details"]["reason"] == "scope"


def test_the_largest_rate_is_named_as_a_number(api: Api) -> None:
    refused = api.put(f"{RATES}/2025-05", {"rates": [{"category": "valetDaily", "rate": 1000}]})
    assert first_error(refused)["details"] == {"providedValue": 1000, "maximum": 999.99}


@pytest.mark.parametrize(
    ("period", "sent", "field", "code"),
    [
        ("2025-05", {}, "rates", "MISSING_REQUIRED_FIELD"),
        ("2025-05", {"rates": []}, "rates", "MISSING_REQUIRED_FIELD"),
        ("2025-05", {"rates": [{"category": "valetDaily"}]}, "rates[0].rate", "MISSING_REQUIRED_FIELD"),
        ("2025-05", {"rates": [{"category": "valetDaily", "rate": 1000}]}, "rates[0].rate", "VALUE_OUT_OF_RANGE"),
        ("2025-05", {"rates": [{"category": "valetDaily", "rate": -1}]}, "rates[0].rate", "VALUE_OUT_OF_RANGE"),
        ("2025-05", {"rates": [{"category": "valetDaily", "rate": 1.234}]}, "rates[0].rate", "VALUE_OUT_OF_RANGE"),
        ("2025-05", {"rates": [{"category": "valetDaily", "rate": "25"}]}, "rates[0].rate", "INVALID_DATA_TYPE"),
        ("2025-05", {"rates": [{"category": "valetComps", "rate": 1}]}, "rates[0].category", "INVALID_DATA_TYPE"),
        ("2025-05", {"rates": [entry("2025-06", "valetDaily", 1)]}, "rates[0].month", "VALUE_OUT_OF_RANGE"),
        ("2025", {"rates": [entry("2026-01", "valetDaily", 1)]}, "rates[0].month", "VALUE_OUT_OF_RANGE"),
        ("2025", {"rates": [entry("2025-13", "valetDaily", 1)]}, "rates[0].month", "INVALID_DATA_TYPE"),
        ("2025", {"rates": [{"category": "valetDaily", "rate": 1}]}, "rates[0].month", "MISSING_REQUIRED_FIELD"),
        (
            "2025-05",
            {"rates": [{"category": "valetDaily", "rate": 1, "budget": 2}]},
            "rates[0].budget",
            "READ_ONLY_FIELD",
        ),
        ("2025-05", {"averages": [], "rates": [{"category": "valetDaily", "rate": 1}]}, "averages", "READ_ONLY_FIELD"),
        ("2025-05", {"rates": [{"category": "valetDaily", "rate": 1}], "tariff": 1}, "tariff", "UNKNOWN_FIELD"),
        (
            "2025-05",
            {"rates": [{"category": "valetDaily", "rate": 1}, entry("2025-05", "valetDaily", 2)]},
            "rates[1].category",
            "DUPLICATE",
        ),
    ],
)
def test_a_malformed_body_is_refused_by_its_field(
    period: str, sent: dict[str, Any], field: str, code: str, api: Api, world: MonthlyWorld
) -> None:
    before = world.saved()
    assert told(api.put(f"{RATES}/{period}", sent)) == (400, code, field)
    assert world.saved() == before


def test_all_faults_of_a_body_are_told_together(api: Api) -> None:
    sent = [entry("2026-01", "valetDaily", 1), entry("2025-05", "selfDaily", -1), {"month": "2025-05", "rate": 3}]
    answer = api.put(f"{RATES}/2025", {"rates": sent})
    assert [(error["code"], error["field"]) for error in answer.json()["errors"]] == [
        ("VALUE_OUT_OF_RANGE", "rates[0].month"),
        ("VALUE_OUT_OF_RANGE", "rates[1].rate"),
        ("MISSING_REQUIRED_FIELD", "rates[2].category"),
    ]


@pytest.mark.parametrize("period", ["2025-Q2", "2025-05-01"])
def test_quarters_and_days_are_not_written(period: str, api: Api) -> None:
    answer = api.put(f"{RATES}/{period}", {"rates": [{"category": "valetDaily", "rate": 1}]})
    assert told(answer) == (400, "INVALID_PERIOD", "period")
    assert first_error(answer)["details"]["writableFormats"] == ["YYYY-MM", "YYYY"]
