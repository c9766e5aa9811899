"""Saving payroll over HTTP: what may be sent, what is stored, who is told."""

import json
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared_code.api.app import create_app
from shared_code.domain.contract import LaborJob
from shared_code.storage.tables.forecasts import payroll_forecasts
from tests.api.serving import BASE, Api, first_error, served, told
from tests.support.payroll_world import PayrollWorld, days_between, valet_company

PAYROLL = f"{BASE}/payroll/TP001"
DAY = {"date": "2025-04-21", "jobGroupId": "valet", "hours": 40}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[PayrollWorld]:
    world = valet_company(PayrollWorld(tmp_path))
    world.budget("TP001", {"6000": "26000"})
    world.labor("TP001", "VLT1", "2025-04-01", "2025-04-14", "24", "400")
    yield world
    world.close()


@pytest.fixture
def api(world: PayrollWorld) -> Iterator[Api]:
    with served(create_app(lambda: world.runtime)) as api:
        yield api.signed_in("am1", "account_manager", sites=["TP001"])


@pytest.fixture
def by_code(api: Api, world: PayrollWorld) -> Api:
    """The API, where the client of TP001 pays by the hour of VLT1."""
    world.pays_by_hour("TP001", LaborJob("VLT1", Decimal(24), None, date(2024, 1, 1)))
    return api


def put(api: Api, *entries: dict[str, Any], month: str = "2025-04", **members: Any) -> httpx.Response:
    return api.put(f"{PAYROLL}/{month}", {"entries": list(entries), **members})


def saved(answer: httpx.Response) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    data: dict[str, Any] = answer.json()["data"]
    return data


def changes(answer: httpx.Response) -> tuple[int, int, int]:
    counts = saved(answer)["changes"]
    return counts["created"], counts["updated"], counts["cleared"]


def test_a_write_is_versioned_audited_and_announced(api: Api, world: PayrollWorld) -> None:
    saved(put(api, DAY))
    assert world.trail() == [
        ("2025-04-21.VLT1", "hours", None, "30.00", 1, "api"),
        ("2025-04-21.VLT2", "hours", None, "10.00", 1, "api"),
    ]
    [event] = world.events()
    told_of = {name: event[name] for name in ("eventType", "siteId", "period", "jobFamilies", "totalCost")}
    assert told_of == {
        "eventType": "PayrollCalculated", "siteId": "TP001", "period": "2025-04", "jobFamilies": ["Valet"],
        "totalCost": 640.0,
    }  # fmt: skip
    assert world.rows(payroll_forecasts, "site_id", "period", "level") == [("TP001", "2025-04", "job_group")]


def test_repeating_a_write_changes_nothing(api: Api, world: PayrollWorld) -> None:
    month = {"jobGroupId": "valet", "hours": 333.33, "note": "spring break"}
    saved(put(api, month))
    before = world.saved()
    assert changes(put(api, month)) == (0, 0, 0)
    assert changes(put(api, month, version=0)) == (0, 0, 0)
    assert world.saved() == before


def test_rows_that_are_not_sent_are_kept_null_clears_and_zero_stays(api: Api, world: PayrollWorld) -> None:
    saved(put(api, DAY, DAY | {"date": "2025-04-22"}))
    assert changes(put(api, DAY | {"hours": None}, DAY | {"date": "2025-04-23", "hours": 0})) == (2, 0, 2)
    assert world.hours() == {
        "2025-04-22 VLT1": "3E+1", "2025-04-22 VLT2": "1E+1", "2025-04-23 VLT1": "0", "2025-04-23 VLT2": "0",
    }  # fmt: skip


def test_a_note_is_kept_with_the_hours_and_alone(api: Api, world: PayrollWorld) -> None:
    data = saved(put(api, {"date": "2025-04-21", "jobGroupId": "valet", "note": "festival"}))
    [row] = data["days"][20]["rows"]
    assert (row["note"], row["forecast"]) == ("festival", None)
    assert data["totals"]["period"]["forecast"] is None
    assert changes(put(api, {"date": "2025-04-21", "jobGroupId": "valet", "note": None})) == (0, 0, 2)
    assert world.hours() == {}


def test_a_day_is_written_by_its_own_path(api: Api, world: PayrollWorld) -> None:
    data = saved(api.put(f"{PAYROLL}/2025-04-21", {"entries": [{"jobGroupId": "valet", "hours": 40}]}))
    assert (data["period"], data["version"], len(data["days"])) == ("2025-04-21", 1, 1)
    assert world.hours() == {"2025-04-21 VLT1": "3E+1", "2025-04-21 VLT2": "1E+1"}


def test_a_family_is_named_by_its_id_or_its_name(api: Api, world: PayrollWorld) -> None:
    saved(put(api, {"date": "2025-04-21", "jobFamily": "valet", "hours": 4}))
    saved(put(api, {"date": "2025-04-22", "jobFamily": "Valet", "hours": 4}))
    assert world.hours()["2025-04-21 VLT1"] == world.hours()["2025-04-22 VLT1"] == "3"


def test_a_week_is_spread_over_its_editable_days(api: Api, world: PayrollWorld) -> None:
    saved(put(api, {"week": "2025-04-19", "jobGroupId": "valet", "hours": 100}))
    week = days_between("2025-04-13", "2025-04-19")
    of_day = {day: [hours for key, hours in world.hours().items() if key.startswith(day)] for day in week}
    assert of_day["2025-04-13"] == of_day["2025-04-14"] == []
    assert [of_day[day] for day in days_between("2025-04-15", "2025-04-19")] == [["15", "5"]] * 5


def test_the_last_week_of_a_month_is_named_by_a_saturday_of_the_next(api: Api, world: PayrollWorld) -> None:
    saved(put(api, {"week": "2025-05-03", "jobGroupId": "valet", "hours": 16}))
    assert {key[:10] for key in world.hours()} == set(days_between("2025-04-27", "2025-04-30"))


def test_a_spread_over_saved_hours_needs_overwrite(api: Api, world: PayrollWorld) -> None:
    saved(put(api, DAY))
    month = {"jobGroupId": "valet", "hours": 160}
    answer = put(api, month)
    assert told(answer) == (409, "CONFLICT", "overwrite")
    assert first_error(answer)["details"] == {"reason": "existing_forecast", "dates": ["2025-04-21"]}
    assert len(world.hours()) == 2
    assert changes(put(api, month, overwrite=True)) == (30, 2, 0)
    assert world.hours()["2025-04-21 VLT1"] == "7.5"


def test_a_month_can_be_taken_away_as_a_whole(api: Api, world: PayrollWorld) -> None:
    saved(put(api, {"jobGroupId": "valet", "hours": 160}))
    assert changes(put(api, {"jobGroupId": "valet", "hours": None})) == (0, 0, 32)
    assert world.hours() == {}


def test_replacing_clears_what_is_not_sent_and_is_for_administrators(api: Api, world: PayrollWorld) -> None:
    saved(put(api, DAY, DAY | {"date": "2025-04-22"}))
    only = {"entries": [{"date": "2025-04-22", "jobGroupId": "valet", "hours": 8}]}
    refused = api.put(f"{PAYROLL}/2025-04?mode=replace", only)
    assert (refused.status_code, first_error(refused)["details"]) == (403, {"reason": "role"})
    api = api.signed_in("forecasting_admin@example.com", "forecasting_admin")
    assert changes(api.put(f"{PAYROLL}/2025-04?mode=replace", only)) == (0, 2, 2)
    assert world.hours() == {"2025-04-22 VLT1": "6", "2025-04-22 VLT2": "2"}


def test_one_locked_day_refuses_the_whole_write(api: Api, world: PayrollWorld) -> None:
    answer = put(api, DAY, DAY | {"date": "2025-04-10"})
    assert told(answer) == (409, "PERIOD_LOCKED", "entries[1].date")
    assert first_error(answer)["details"] == {"lockedDates": ["2025-04-10"], "reason": "actual_posted"}
    assert world.hours() == {}
    past = put(api, DAY | {"date": "2025-03-31"}, month="2025-03")
    assert first_error(past)["details"] == {"lockedDates": ["2025-03-31"], "reason": "past"}
    week = put(api, {"week": "2025-04-05", "jobGroupId": "valet", "hours": 10})
    assert told(week) == (409, "PERIOD_LOCKED", "entries[0].week")


def test_an_administrator_writes_locked_days_with_a_reason(api: Api, world: PayrollWorld) -> None:
    api = api.signed_in("forecasting_admin@example.com", "forecasting_admin")
    late = DAY | {"date": "2025-04-10"}
    assert told(put(api, late))[:2] == (409, "PERIOD_LOCKED")
    assert changes(put(api, late, reason="time clock broken")) == (2, 0, 0)


def test_a_write_on_an_old_version_names_the_cells_that_meet(api: Api) -> None:
    saved(put(api, DAY))
    api = api.signed_in("dm1", "district_manager", sites=["TP001"])
    saved(put(api, DAY | {"hours": 44}, version=1))
    api = api.signed_in("am1", "account_manager", sites=["TP001"])
    answer = put(api, DAY | {"hours": 48}, version=1)
    assert told(answer) == (412, "VERSION_CONFLICT", "version")
    details = first_error(answer)["details"]
    assert (details["providedVersion"], details["currentVersion"], details["updatedBy"]) == (1, 2, "dm1")
    assert details["conflictingKeys"] == ["2025-04-21.VLT1.hours", "2025-04-21.VLT2.hours"]
    elsewhere = api.put(f"{PAYROLL}/2025-04", {"entries": [DAY | {"date": "2025-04-22"}]}, headers={"If-Match": '"1"'})
    assert first_error(elsewhere)["details"]["conflictingKeys"] == []


def test_a_version_comes_before_a_lock_and_a_lock_before_a_rule(api: Api) -> None:
    saved(put(api, DAY))
    wrong = {"date": "2025-04-10", "jobCode": "XXX9", "hours": 1}
    assert told(put(api, wrong, version=7))[:2] == (412, "VERSION_CONFLICT")
    assert told(put(api, wrong, version=1))[:2] == (409, "PERIOD_LOCKED")
    assert told(put(api, wrong | {"date": "2025-04-22"}, version=1))[:2] == (422, "BUSINESS_RULE_VIOLATION")


def test_a_write_without_a_version_is_warned_of(api: Api) -> None:
    assert "NO_PRECONDITION" not in [warning["code"] for warning in saved(put(api, DAY))["warnings"]]
    again = saved(put(api, DAY | {"hours": 8}))
    assert "NO_PRECONDITION" in [warning["code"] for warning in again["warnings"]]


def test_more_hours_than_the_employees_can_work_are_refused(api: Api, world: PayrollWorld) -> None:
    assert changes(put(api, DAY | {"hours": 96})) == (2, 0, 0)
    answer = put(api, DAY | {"hours": 96.04})
    assert told(answer) == (422, "BUSINESS_RULE_VIOLATION", "entries[0].hours")
    assert first_error(answer)["details"] == {
        "date": "2025-04-21", "jobCode": "VLT1", "hours": 72.03, "maximum": 72,
    }  # fmt: skip
    world.add_code("GSA1", default_rate="10")
    world.use("TP001", "GSA1")
    assert changes(put(api, {"date": "2025-04-21", "jobFamily": "Ground Support Agent", "hours": 9999})) == (1, 0, 0)


@pytest.mark.parametrize(
    ("entry", "field", "details"),
    [
        ({"jobGroupId": "night", "hours": 8}, "jobGroupId", {"jobGroups": ["night"]}),
        ({"jobFamily": "Bell", "hours": 8}, "jobFamily", {"jobFamilies": ["Bell"]}),
        ({"jobGroupId": "valet", "hours": 8, "overtimeHours": 1}, "overtimeHours", {"mode": "group"}),
        ({"jobGroupId": "bosses", "hours": 8}, "jobGroupId", {"reason": "salaried", "jobCodes": ["MGR"]}),
    ],
)
def test_a_group_that_hours_cannot_be_entered_for_is_refused(
    entry: dict[str, Any], field: str, details: dict[str, Any], api: Api, world: PayrollWorld
) -> None:
    world.add_group("bosses", "Bosses")
    world.add_code("MGR", "bosses")
    world.use("TP001", "MGR", 2, salary="73000")
    answer = put(api, {"date": "2025-04-21", **entry})
    assert told(answer) == (422, "BUSINESS_RULE_VIOLATION", f"entries[0].{field}")
    assert first_error(answer)["details"] == details


def test_all_unknown_codes_are_named(by_code: Api, world: PayrollWorld) -> None:
    world.add_code("GSA1")
    world.use("TP001", "GSA1", 1, is_active=False)
    entries = [{"date": "2025-04-21", "jobCode": code, "hours": 1} for code in ("VLT1", "XXX9", "GSA1", "AAA1")]
    answer = put(by_code, *entries)
    assert told(answer) == (422, "BUSINESS_RULE_VIOLATION", "entries[1].jobCode")
    assert first_error(answer)["details"] == {"jobCodes": ["AAA1", "GSA1", "XXX9"]}
    group = put(by_code, DAY)
    assert first_error(group)["details"] == {"mode": "code", "accepted": ["jobCode"]}


def test_a_cost_without_a_rate_is_refused(by_code: Api, world: PayrollWorld) -> None:
    world.add_code("GSA1")
    world.use("TP001", "GSA1", 1)
    answer = put(by_code, {"date": "2025-04-21", "jobCode": "GSA1", "cost": 100}, inputMode="cost")
    assert told(answer) == (422, "CALCULATION_ERROR", "entries[0].cost")
    assert first_error(answer)["details"] == {"jobCodes": ["GSA1"]}
    good = saved(put(by_code, {"date": "2025-04-21", "jobCode": "VLT1", "cost": 100}, inputMode="cost"))
    assert [row["forecast"]["hours"] for row in good["days"][20]["rows"] if row["jobCode"] == "VLT1"] == [6.67]


def test_overtime_is_saved_beside_regular_hours(by_code: Api, world: PayrollWorld) -> None:
    saved(put(by_code, {"date": "2025-04-21", "jobCode": "VLT1", "hours": 60}))
    assert world.hours() == {"2025-04-21 VLT1": "6E+1"}
    overtime = {"date": "2025-04-21", "jobCode": "VLT1", "overtimeHours": 4}
    assert changes(put(by_code, overtime)) == (1, 0, 0)
    assert world.hours() == {"2025-04-21 VLT1": "6E+1+4"}
    assert told(put(by_code, overtime | {"overtimeHours": 12.01}))[1:] == (
        "BUSINESS_RULE_VIOLATION", "entries[0].overtimeHours",
    )  # fmt: skip


def test_two_entries_for_the_same_hours_are_refused(api: Api, world: PayrollWorld) -> None:
    twice = put(api, DAY, DAY | {"jobGroupId": "VALET"})
    assert told(twice) == (400, "DUPLICATE", "entries[1].jobGroupId")
    meeting = put(api, DAY, {"date": "2025-04-21", "jobFamily": "valet", "hours": 8})
    assert told(meeting) == (422, "BUSINESS_RULE_VIOLATION", "entries[1]")
    assert first_error(meeting)["details"] == {"reason": "overlap", "key": "2025-04-21.VLT1.hours"}
    assert world.hours() == {}


@pytest.mark.parametrize(
    ("entry", "code", "field"),
    [
        ({"hours": 8, "date": "2025-04-21"}, "MISSING_REQUIRED_FIELD", "jobCode"),
        ({"jobGroupId": "a", "jobCode": "b", "hours": 8}, "INVALID_DATA_TYPE", "jobGroupId"),
        ({"jobGroupId": "valet", "date": "2025-05-01", "hours": 8}, "VALUE_OUT_OF_RANGE", "date"),
        ({"jobGroupId": "valet", "date": "2025-04-31", "hours": 8}, "VALUE_OUT_OF_RANGE", "date"),
        ({"jobGroupId": "valet", "date": "21.04.2025", "hours": 8}, "INVALID_DATA_TYPE", "date"),
        ({"jobGroupId": "valet", "week": "2025-04-20", "hours": 8}, "VALUE_OUT_OF_RANGE", "week"),
        ({"jobGroupId": "valet", "week": "2025-05-10", "hours": 8}, "VALUE_OUT_OF_RANGE", "week"),
        ({"jobGroupId": "valet", "week": "2025-04-26", "date": "2025-04-21", "hours": 8}, "INVALID_DATA_TYPE", "week"),
        ({"jobGroupId": "valet", "date": "2025-04-21"}, "MISSING_REQUIRED_FIELD", "hours"),
        ({"jobGroupId": "valet", "date": "2025-04-21", "hours": "8"}, "INVALID_DATA_TYPE", "hours"),
        ({"jobGroupId": "valet", "date": "2025-04-21", "hours": True}, "INVALID_DATA_TYPE", "hours"),
        ({"jobGroupId": "valet", "date": "2025-04-21", "hours": -1}, "VALUE_OUT_OF_RANGE", "hours"),
        ({"jobGroupId": "valet", "date": "2025-04-21", "hours": 9999.01}, "VALUE_OUT_OF_RANGE", "hours"),
        ({"jobGroupId": "valet", "date": "2025-04-21", "hours": 1.001}, "VALUE_OUT_OF_RANGE", "hours"),
        ({"jobGroupId": "valet", "hours": 309969.01}, "VALUE_OUT_OF_RANGE", "hours"),
        ({"jobGroupId": "valet", "date": "2025-04-21", "cost": 8}, "READ_ONLY_FIELD", "cost"),
        ({"jobGroupId": "valet", "date": "2025-04-21", "hours": 8, "rate": 15}, "READ_ONLY_FIELD", "rate"),
        ({"jobGroupId": "valet", "date": "2025-04-21", "hours": 8, "wage": 15}, "UNKNOWN_FIELD", "wage"),
        ({"jobGroupId": "valet", "date": "2025-04-21", "hours": 8, "note": "a\x00b"}, "INVALID_DATA_TYPE", "note"),
        ({"jobCode": "V;DROP", "date": "2025-04-21", "hours": 8}, "INVALID_DATA_TYPE", "jobCode"),
    ],
)
def test_what_is_wrong_with_an_entry_is_named(entry: dict[str, Any], code: str, field: str, api: Api) -> None:
    answer = put(api, entry)
    assert answer.status_code == 400
    found = {(error["code"], error["field"]) for error in answer.json()["errors"]}
    assert (code, f"entries[0].{field}") in found


def test_with_costs_the_hours_follow_and_are_not_sent(api: Api) -> None:
    assert told(put(api, DAY | {"cost": 3}, inputMode="cost")) == (400, "READ_ONLY_FIELD", "entries[0].hours")
    no_cost = {"date": "2025-04-21", "jobGroupId": "valet"}
    assert told(put(api, no_cost, inputMode="cost")) == (400, "MISSING_REQUIRED_FIELD", "entries[0].cost")


def test_a_request_has_5000_entries_at_most(api: Api) -> None:
    entry = {"date": "2025-04-21", "jobCode": "A", "note": None}
    assert told(put(api, *[entry] * 5001)) == (400, "VALUE_OUT_OF_RANGE", "entries")


def test_derived_members_of_an_answer_cannot_be_sent(api: Api) -> None:
    for name in ("totals", "salaried", "missingRates", "days", "mode", "status"):
        assert told(put(api, DAY, **{name: "x"})) == (400, "READ_ONLY_FIELD", name)
    assert saved(put(api, DAY, updatedAt="x", updatedBy="y"))["version"] == 1


def test_only_months_and_days_are_written_and_only_by_those_who_may(api: Api) -> None:
    assert told(put(api, DAY, month="2025-Q2"))[:2] == (400, "INVALID_PERIOD")
    for role in ("regional_vp", "corporate_viewer"):
        api = api.signed_in(f"{role}@example.com", role, sites=["TP001"])
        assert told(put(api, DAY))[:2] == (403, "INSUFFICIENT_PERMISSIONS")


def test_a_write_under_a_salary_of_one_person_does_not_tell_the_total(api: Api, world: PayrollWorld) -> None:
    world.add_code("VLTM", "valet")
    world.use("TP001", "VLTM", 1, salary="73000")
    saved(put(api, DAY))
    assert [event["totalCost"] for event in world.events()] == [None]


ODD = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20) | st.just("VLT1")
ENTRY = st.dictionaries(
    st.sampled_from(["date", "week", "jobCode", "jobGroupId", "jobFamily", "hours", "cost", "overtimeHours", "note"]),
    ODD
    | st.sampled_from(["2025-04-21", "2025-04-26", "valet", "2025-02-30"])
    | st.decimals(0, 9999, places=2).map(float),
)
BODY = st.fixed_dictionaries(
    {},
    optional={
        "entries": st.lists(ENTRY | ODD, max_size=4) | ODD,
        "inputMode": st.sampled_from(["hours", "cost"]) | ODD,
        "overwrite": ODD,
        "version": ODD,
        "reason": ODD,
        "period": st.sampled_from(["2025-04", "2025-05"]) | ODD,
        "from": st.sampled_from(["schedule", "prior-week", "prior-year", "budget"]) | ODD,
        "dates": st.lists(st.sampled_from(["2025-04-20", "2025-04-29"]) | ODD, max_size=3),
        "persist": ODD,
    },
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=BODY)
def test_no_body_makes_the_server_fail(body: dict[str, Any], api: Api) -> None:
    calls = (("PUT", "2025-04"), ("PUT", "2025-04-21"), ("POST", "calculate"), ("POST", "2025-04/copy-schedule"))
    for method, path in calls:
        content = json.dumps(body).encode()
        status, _, answer = api.send(method, f"{PAYROLL}/{path}", content, Content_Type="application/json")
        assert status < 500, (path, answer)


def test_with_other_modules_a_year_is_saved_by_dates(api: Api, world: PayrollWorld) -> None:
    year = f"{BASE}/forecast/TP001/2025"
    entries = [DAY, DAY | {"date": "2025-06-02"}]
    answer = api.put(year, {"payroll": {"entries": entries}})
    assert answer.status_code == 200, answer.text
    assert answer.json()["data"]["sections"]["payroll"]["version"] == 2
    assert {key[:10] for key in world.hours()} == {"2025-04-21", "2025-06-02"}
    assert [event["period"] for event in world.events()] == ["2025-04", "2025-06"]
    undated = api.put(year, {"payroll": {"entries": [{"week": "2025-05-03", "jobGroupId": "valet", "hours": 8}]}})
    assert told(undated) == (400, "MISSING_REQUIRED_FIELD", "payroll.entries[0].date")
