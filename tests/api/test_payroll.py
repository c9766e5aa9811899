"""The payroll of a site over HTTP: its figures by day, week, month, and their sums."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from shared_code.api.app import create_app
from shared_code.domain.contract import LaborJob
from shared_code.domain.escalation import Increment
from tests.api.serving import BASE, Api, contents, first_error, served, told
from tests.support.payroll_world import PayrollWorld, days_between, valet_company

PAYROLL = f"{BASE}/payroll/TP001"
BUDGET = {"6000": "26000", "6200": "4420"}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[PayrollWorld]:
    world = valet_company(PayrollWorld(tmp_path))
    world.budget("TP001", BUDGET)
    for month in ("2025-04", "2025-05", "2025-06"):
        world.budget_hours("TP001", month, "VLT1", "600", "9000")
        world.budget_hours("TP001", month, "VLT2", "160", "3040")
    world.ledger("TP001", {"6000": "25000"}, "2025-01", "2025-02", "2025-03")
    world.labor("TP001", "VLT1", "2025-04-01", "2025-04-14", "24", "400")
    yield world
    world.close()


@pytest.fixture
def api(world: PayrollWorld) -> Iterator[Api]:
    with served(create_app(lambda: world.runtime)) as api:
        yield api


def data_of(answer: httpx.Response) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    data: dict[str, Any] = answer.json()["data"]
    return data


def rows_on(data: dict[str, Any], day: str) -> list[dict[str, Any]]:
    [found] = [one for one in data["days"] if one["date"] == day]
    rows: list[dict[str, Any]] = found["rows"]
    return rows


def codes(data: dict[str, Any]) -> list[str]:
    return [warning["code"] for warning in data["warnings"]]


def pnl_payroll(api: Api, period: str, view: str) -> float:
    lines = data_of(api.get(f"{BASE}/pl-view/TP001/{period}?view={view}"))["lines"]
    [line] = [line for line in lines if line["code"] == "payroll"]
    total: float = line["total"]["value"]
    return total


def save(api: Api, month: str, *entries: dict[str, Any], **members: Any) -> dict[str, Any]:
    return data_of(api.put(f"{PAYROLL}/{month}", {"entries": list(entries), **members}))


def test_before_anything_is_saved_a_month_shows_its_budget(api: Api) -> None:
    answer = api.get(f"{PAYROLL}/2025-05")
    data = data_of(answer)
    header = ("siteId", "period", "periodType", "version", "updatedAt", "status", "editable", "lockReason")
    assert [data[name] for name in header] == ["TP001", "2025-05", "month", 0, None, "draft", True, None]
    assert (answer.headers["etag"], answer.headers["cache-control"]) == ('"0"', "private, no-cache")
    assert (data["mode"], data["isPlhSite"], len(data["days"]), data["buckets"]) == ("group", False, 31, [])
    [row] = data["days"][0]["rows"]
    assert row["forecast"] is None
    assert row["budget"] == {"hours": 24.52, "cost": 388.39}
    assert row["effective"] == {"hours": 24.52, "cost": 388.39, "source": "budget"}
    assert data["totals"]["period"]["effective"] == {"hours": 760.0, "cost": 26000.0, "source": "budget"}
    assert data["totals"]["period"]["budget"] == {"hours": 760.0, "cost": 26000.0}
    assert data["totals"]["period"]["variance"] == {"hours": 0.0, "cost": 0.0}
    assert data["averageRates"] == [
        {"jobCode": "VLT1", "rate": 15.0, "effectiveDate": "2024-01-01"},
        {"jobCode": "VLT2", "rate": 19.0, "effectiveDate": "2024-01-01"},
    ]


def test_a_group_row_names_what_its_codes_share(api: Api) -> None:
    [row] = rows_on(data_of(api.get(f"{PAYROLL}/2025-05")), "2025-05-01")
    assert {name: row[name] for name in row if name not in {"budget", "effective", "variance"}} == {
        "jobFamily": "Valet", "jobGroupId": "valet", "jobGroup": "Valet", "jobCode": None, "title": None,
        "rate": 16.0, "activeEmployees": 4, "isSalaried": False, "masked": False, "note": None, "alert": False,
        "forecast": None, "scheduled": None, "actual": None,
    }  # fmt: skip


def test_a_day_is_locked_once_its_hours_are_posted_or_it_has_passed(api: Api, world: PayrollWorld) -> None:
    days = {day["date"]: (day["editable"], day["lockReason"]) for day in data_of(api.get(f"{PAYROLL}/2025-04"))["days"]}
    assert days["2025-04-14"] == (False, "actual_posted")
    assert days["2025-04-15"] == days["2025-04-30"] == (True, None)
    world.labor("TP001", "VLT2", "2025-04-15", "2025-04-15", "8", "152")
    today = data_of(api.get(f"{PAYROLL}/2025-04-15"))
    assert (today["editable"], today["lockReason"]) == (False, "actual_posted")
    march = data_of(api.get(f"{PAYROLL}/2025-03"))
    assert (march["editable"], march["lockReason"]) == (False, "past")


def test_one_who_may_only_read_sees_that_on_every_row(api: Api) -> None:
    api = api.signed_in("corporate_viewer@example.com", "corporate_viewer")
    data = data_of(api.get(f"{PAYROLL}/2025-05"))
    assert (data["editable"], data["lockReason"]) == (False, "role")
    assert {day["lockReason"] for day in data["days"]} == {"role"}


def test_the_forecast_of_a_month_is_that_of_the_pnl(api: Api) -> None:
    save(api, "2025-05", {"date": "2025-05-10", "jobGroupId": "valet", "hours": 33.33})
    save(api, "2025-05", {"week": "2025-05-24", "jobGroupId": "valet", "hours": 100.01})
    period = data_of(api.get(f"{PAYROLL}/2025-05"))["totals"]["period"]
    assert period["forecast"]["cost"] == period["effective"]["cost"] == pnl_payroll(api, "2025-05", "forecast")
    assert period["effective"]["cost"] == pnl_payroll(api, "2025-05", "trend") != 26000
    assert period["budget"]["cost"] == pnl_payroll(api, "2025-05", "budget")


def test_the_running_month_is_paid_to_its_last_payroll_day_and_forecast_after_it(api: Api) -> None:
    save(api, "2025-04", {"date": "2025-04-21", "jobGroupId": "valet", "hours": 40})
    data = data_of(api.get(f"{PAYROLL}/2025-04?level=code"))
    period = data["totals"]["period"]
    # 14 days of 400 paid, then 40 hours forecast.
    assert period["effective"] == {"hours": 376.0, "cost": 6240.0, "source": "trend"}
    assert period["effective"]["cost"] == pnl_payroll(api, "2025-04", "trend")
    assert period["forecast"]["cost"] == 640.0 == pnl_payroll(api, "2025-04", "forecast")
    paid, other = rows_on(data, "2025-04-10")
    assert paid["actual"] == {"hours": 24.0, "cost": 400.0}
    assert paid["effective"] == {"hours": 24.0, "cost": 400.0, "source": "actual"}
    assert (other["actual"], other["effective"]) == (None, {"hours": 0.0, "cost": 0.0, "source": "actual"})


def test_the_running_month_with_nothing_saved_is_paid_days_and_budget_days(api: Api) -> None:
    period = data_of(api.get(f"{PAYROLL}/2025-04"))["totals"]["period"]
    # 14 days of 400, then 16 of 30 days of the budget payroll.
    assert period["effective"]["cost"] == 19466.67 == pnl_payroll(api, "2025-04", "trend")
    tomorrow = data_of(api.get(f"{PAYROLL}/2025-04-16"))["totals"]["period"]
    assert tomorrow["effective"] == {"hours": 25.33, "cost": 866.67, "source": "budget"}


def test_a_closed_month_costs_what_the_ledger_has(api: Api, world: PayrollWorld) -> None:
    world.labor("TP001", "VLT1", "2025-03-01", "2025-03-31", "24", "400")
    period = data_of(api.get(f"{PAYROLL}/2025-03"))["totals"]["period"]
    assert period["actual"] == {"hours": 744.0, "cost": 12400.0}
    assert period["effective"] == {"hours": 744.0, "cost": 25000.0, "source": "actual"}
    assert period["effective"]["cost"] == pnl_payroll(api, "2025-03", "trend")


def test_a_quarter_and_a_year_are_the_sums_of_their_months_as_in_the_pnl(api: Api) -> None:
    save(api, "2025-05", {"date": "2025-05-10", "jobGroupId": "valet", "hours": 33.33})
    for period, count in (("2025-Q2", 3), ("2025", 12)):
        data = data_of(api.get(f"{PAYROLL}/{period}"))
        assert ([bucket["label"] for bucket in data["buckets"]][-1], len(data["buckets"]), data["days"]) == (
            "2025-06" if count == 3 else "2025-12", count, [],
        )  # fmt: skip
        assert data["totals"]["period"]["effective"]["cost"] == pnl_payroll(api, period, "trend")
        assert {bucket["lockReason"] for bucket in data["buckets"]} == {"granularity"}
        assert data["editable"] is False


def test_weeks_run_from_sunday_to_saturday_and_end_with_the_month(api: Api) -> None:
    save(api, "2025-04", {"date": "2025-04-27", "jobGroupId": "valet", "hours": 8})
    data = data_of(api.get(f"{PAYROLL}/2025-04?granularity=week"))
    shown = [(bucket["start"], bucket["end"], bucket["label"], bucket["partial"]) for bucket in data["buckets"]]
    assert shown[0] == ("2025-04-01", "2025-04-05", "2025-04-05", True)
    assert shown[1] == ("2025-04-06", "2025-04-12", "2025-04-12", False)
    assert shown[-1] == ("2025-04-27", "2025-04-30", "2025-05-03", True)
    assert data["buckets"][-1]["rows"][0]["forecast"]["hours"] == 8.0
    [month] = data_of(api.get(f"{PAYROLL}/2025-04?granularity=month"))["buckets"]
    assert (month["label"], month["rows"][0]["effective"]["source"]) == ("2025-04", "trend")


def test_a_view_leaves_the_blocks_of_the_others_out(api: Api) -> None:
    shown = {
        "forecast": {"forecast"}, "budget": {"budget"}, "scheduled": {"scheduled"}, "actual": {"actual"},
        "trend": {"effective"}, "all": {"forecast", "budget", "scheduled", "actual", "effective", "variance"},
    }  # fmt: skip
    for view, blocks in shown.items():
        data = data_of(api.get(f"{PAYROLL}/2025-04-16?view={view}"))
        assert data["totals"]["period"].keys() == blocks
        assert data["days"][0]["rows"][0].keys() & shown["all"] == blocks


def test_several_months_are_shown_at_once(api: Api) -> None:
    data = data_of(api.get(f"{PAYROLL}/2026-11?months=3&granularity=month"))
    assert (data["siteId"], data["months"]) == ("TP001", 3)
    assert [period["period"] for period in data["periods"]] == ["2026-11", "2026-12"]
    one = data_of(api.get(f"{PAYROLL}/2025-05?granularity=month"))
    assert data_of(api.get(f"{PAYROLL}/2025-05?months=2&granularity=month"))["periods"][0] == one


def test_a_salaried_code_stands_in_a_row_of_its_own(api: Api, world: PayrollWorld) -> None:
    world.add_code("VLTM", "valet")
    world.use("TP001", "VLTM", 2, salary="73000")
    data = data_of(api.get(f"{PAYROLL}/2025-05"))
    hourly, salaried = rows_on(data, "2025-05-02")
    assert (hourly["isSalaried"], salaried["isSalaried"], salaried["jobGroup"]) == (False, True, "Valet")
    assert salaried["effective"] == {"hours": 16.0, "cost": 200.0, "source": "budget"}
    assert data["salaried"] == {"cost": 6200.0, "masked": False}
    save(api, "2025-05", {"date": "2025-05-10", "jobGroupId": "valet", "hours": 10})
    period = data_of(api.get(f"{PAYROLL}/2025-05"))["totals"]["period"]
    assert period["effective"]["cost"] == 6360.0 == pnl_payroll(api, "2025-05", "forecast")


def test_pay_of_salaried_codes_is_hidden_from_those_who_may_not_read_it(api: Api, world: PayrollWorld) -> None:
    world.add_code("VLTM", "valet", default_rate="35.10")
    world.use("TP001", "VLTM", 2, salary="73000")
    world.schedule("TP001", "VLTM", "2025-05-02", 480)
    api = api.signed_in("account_manager@example.com", "account_manager", sites=["TP001"])
    for level in ("code", "group", "family"):
        answer = api.get(f"{PAYROLL}/2025-05?level={level}")
        data = data_of(answer)
        [masked] = [row for row in rows_on(data, "2025-05-02") if row["isSalaried"]]
        assert (masked["masked"], masked["rate"], masked["effective"]["hours"]) == (True, None, 16.0)
        assert {masked[block]["cost"] for block in ("budget", "scheduled", "effective", "variance")} == {None}
        assert "35.1" not in contents(answer)
        assert data["salaried"] == {"cost": 6200.0, "masked": False}
        for row in data["totals"]["families"] + data["totals"]["groups"]:
            assert (row["effective"]["cost"] is None) is row["isSalaried"]


def test_the_salary_of_a_single_person_is_hidden_in_the_salaried_total_too(api: Api, world: PayrollWorld) -> None:
    world.add_code("VLTM", "valet")
    world.use("TP001", "VLTM", 1, salary="73000")
    assert data_of(api.get(f"{PAYROLL}/2025-05"))["salaried"] == {"cost": 6200.0, "masked": False}
    api = api.signed_in("district_manager@example.com", "district_manager", sites=["TP001"])
    data = data_of(api.get(f"{PAYROLL}/2025-05"))
    assert data["salaried"] == {"cost": None, "masked": True}
    assert data["totals"]["period"]["effective"]["cost"] == 26000.0


def test_codes_without_a_group_are_a_row_of_their_own_and_count_in_the_total(api: Api, world: PayrollWorld) -> None:
    world.add_code("NEW1", default_rate="10.00")
    world.use("TP001", "NEW1", 1)
    world.labor("TP001", "NEW1", "2025-04-02", "2025-04-02", "8", "90")
    data = data_of(api.get(f"{PAYROLL}/2025-04"))
    assert data["unassigned"] == {"hours": 8.0, "cost": 90.0, "jobCodes": ["NEW1"]}
    assert [row["jobGroup"] for row in data["days"][1]["rows"]] == ["Valet", "Unassigned"]
    assert (data["days"][1]["rows"][1]["jobGroupId"], data["days"][1]["rows"][1]["jobFamily"]) == (None, "Unmapped")
    assert "UNASSIGNED_JOB_CODES" in codes(data)
    assert data["totals"]["period"]["actual"] == {"hours": 344.0, "cost": 5690.0}


def test_hours_without_a_rate_are_named_and_never_priced_at_zero(api: Api, world: PayrollWorld) -> None:
    world.add_code("GSA1", "valet")
    world.use("TP001", "GSA1", 4)
    data = save(api, "2025-05", {"date": "2025-05-10", "jobGroupId": "valet", "hours": 80})
    assert data["missingRates"] == ["GSA1"]
    [warning] = [warning for warning in data["warnings"] if warning["code"] == "MISSING_RATE"]
    assert warning["details"] == {"jobCodes": ["GSA1"]}
    by_code = data_of(api.get(f"{PAYROLL}/2025-05?level=code&granularity=month"))["buckets"][0]["rows"]
    assert [(row["jobCode"], row["forecast"]["hours"], row["forecast"]["cost"]) for row in by_code] == [
        ("GSA1", 40.0, None), ("VLT1", 30.0, 450.0), ("VLT2", 10.0, 190.0),
    ]  # fmt: skip
    assert data["totals"]["period"]["forecast"]["cost"] == 640.0


def test_hours_far_from_the_budget_are_marked_and_warned_of(api: Api) -> None:
    entries = [{"date": day, "jobGroupId": "valet", "hours": 26} for day in days_between("2025-05-01", "2025-05-31")]
    near = save(api, "2025-05", *entries)
    assert "PAYROLL_VARIANCE" not in codes(near)
    assert rows_on(near, "2025-05-01")[0]["alert"] is False
    far = save(api, "2025-05", *[entry | {"hours": 30} for entry in entries])
    [warning] = [warning for warning in far["warnings"] if warning["code"] == "PAYROLL_VARIANCE"]
    assert warning["details"] == {"forecastHours": 930.0, "budgetHours": 760.0, "percent": 22.37}
    assert rows_on(far, "2025-05-01")[0]["alert"] is True


def test_more_hours_scheduled_than_forecast_are_warned_of(api: Api, world: PayrollWorld) -> None:
    world.schedule("TP001", "VLT1", "2025-05-10", 615)
    save(api, "2025-05", {"date": "2025-05-10", "jobGroupId": "valet", "hours": 10})
    data = data_of(api.get(f"{PAYROLL}/2025-05?level=code"))
    assert rows_on(data, "2025-05-10")[0]["scheduled"] == {"hours": 10.25, "cost": 153.75}
    assert rows_on(data, "2025-05-11")[0]["scheduled"] is None
    [warning] = [warning for warning in data["warnings"] if warning["code"] == "SCHEDULE_ABOVE_FORECAST"]
    assert warning["details"] == {"scheduledHours": 10.25, "forecastHours": 10.0}


def test_a_schedule_has_no_cost_when_some_of_its_days_have_no_rate(api: Api, world: PayrollWorld) -> None:
    world.add_code("NEW1")
    world.use("TP001", "NEW1", 1)
    world.rate("TP001", "NEW1", "12", "2025-05-11")
    for day in ("2025-05-10", "2025-05-11"):
        world.schedule("TP001", "NEW1", day, 600)
    data = data_of(api.get(f"{PAYROLL}/2025-05?level=code"))
    [before], [after] = (
        [row["scheduled"] for row in rows_on(data, day) if row["jobCode"] == "NEW1"]
        for day in ("2025-05-10", "2025-05-11")
    )
    assert (before, after) == ({"hours": 10.0, "cost": None}, {"hours": 10.0, "cost": 120.0})
    assert data["totals"]["period"]["scheduled"] == {"hours": 20.0, "cost": None}


def test_days_that_have_been_paid_need_no_rate_for_the_trend(api: Api, world: PayrollWorld) -> None:
    world.add_code("NEW1")
    world.use("TP001", "NEW1", 1)
    world.rate("TP001", "NEW1", "12", "2025-04-15")
    world.budget_hours("TP001", "2025-04", "NEW1", "300", "3600")
    save(api, "2025-04", {"date": "2025-04-20", "jobGroupId": "valet", "hours": 10})
    trend, forecast = (
        data_of(api.get(f"{BASE}/pl-view/TP001/2025-04?view={view}"))["warnings"] for view in ("trend", "forecast")
    )
    assert "MISSING_RATE" not in [warning["code"] for warning in trend]
    [warning] = [warning for warning in forecast if warning["code"] == "MISSING_RATE"]
    assert warning["details"] == {"periods": ["2025-04"], "jobCodes": ["NEW1"]}


def test_a_month_without_a_budget_says_so(api: Api, world: PayrollWorld) -> None:
    world.use("TP002", "VLT1", 1)
    data = data_of(api.get(f"{BASE}/payroll/TP002/2025-05"))
    assert codes(data) == ["NO_BUDGET"]
    assert data["totals"]["period"]["effective"] == {"hours": 0.0, "cost": 0.0, "source": "none"}


def test_where_the_client_pays_by_the_hour_single_codes_are_entered_and_bring_revenue(
    api: Api, world: PayrollWorld
) -> None:
    job = LaborJob("VLT1", Decimal("24.00"), Decimal("36.00"), date(2024, 1, 1))
    world.pays_by_hour("TP001", job, increment=Increment(1, Decimal(10)))
    data = save(api, "2025-05", {"date": "2025-05-10", "jobCode": "vlt1", "hours": 10, "overtimeHours": 2})
    assert (data["mode"], data["isPlhSite"]) == ("code", True)
    [row] = [row for row in rows_on(data, "2025-05-10") if row["jobCode"] == "VLT1"]
    # (10 × 24 + 2 × 36) × 1.10; both kinds of hours cost the average rate.
    assert row["forecast"] == {"hours": 10.0, "overtimeHours": 2.0, "cost": 180.0, "revenue": 343.2}
    assert world.hours() == {"2025-05-10 VLT1": "1E+1+2"}


@pytest.mark.parametrize(
    ("path", "status", "code", "field"),
    [
        ("2025-13", 400, "INVALID_PERIOD", "period"),
        ("2023-05", 404, "PERIOD_NOT_AVAILABLE", "period"),
        ("2025-05?granularity=hour", 400, "INVALID_DATA_TYPE", "granularity"),
        ("2025-Q2?granularity=week", 400, "INVALID_DATA_TYPE", "granularity"),
        ("2025?granularity=day", 400, "INVALID_DATA_TYPE", "granularity"),
        ("2025-05?level=site", 400, "INVALID_DATA_TYPE", "level"),
        ("2025-05?view=prior-year", 400, "INVALID_DATA_TYPE", "view"),
        ("2025-05?months=13", 400, "VALUE_OUT_OF_RANGE", "months"),
        ("2025-05-01?months=2", 400, "VALUE_OUT_OF_RANGE", "months"),
        ("calculate", 405, "METHOD_NOT_ALLOWED", None),
    ],
)
def test_what_is_wrong_with_a_call_is_named(path: str, status: int, code: str, field: str | None, api: Api) -> None:
    assert told(api.get(f"{PAYROLL}/{path}")) == (status, code, field)


def test_the_accepted_words_of_a_parameter_are_listed(api: Api) -> None:
    details = first_error(api.get(f"{PAYROLL}/2025-05?level=site"))["details"]
    assert details["accepted"] == ["family", "group", "code"]
