"""Front Line Contribution over HTTP."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from shared_code.api.app import create_app
from tests.api.serving import BASE, Api, first_error, served, told
from tests.support.monthly_world import MonthlyWorld

FLC = f"{BASE}/flc"
BUDGET = {"4790": "-100000", "6000": "41000", "6200": "8000", "7082": "2500", "7113": "7500", "7170": "2000"}
POSTED = BUDGET | {"6000": "40000", "7101": "500", "9410": "900000"}


@pytest.fixture
def company(tmp_path: Path) -> Iterator[MonthlyWorld]:
    """Business date 15 April 2025: the ledger of TP001 is closed through March, January and February as budgeted."""
    world = MonthlyWorld(tmp_path)
    world.add_sites("TP001", "TP002")
    world.budget(["TP001", "TP002"], BUDGET)
    world.ledger("TP001", BUDGET, "2025-01", "2025-02")
    world.ledger("TP001", POSTED, "2025-03")
    yield world
    world.close()


@pytest.fixture
def api(company: MonthlyWorld) -> Iterator[Api]:
    with served(create_app(lambda: company.runtime)) as api:
        yield api


def flc(api: Api, path: str) -> dict[str, Any]:
    answer = api.get(f"{FLC}/{path}")
    assert answer.status_code == 200
    data: dict[str, Any] = answer.json()["data"]
    return data


def test_flc_of_a_closed_month_is_internal_revenue_less_the_six_expense_rows(api: Api) -> None:
    answer = api.get(f"{FLC}/tp001/2025-03")
    body = answer.json()
    assert body["data"] == {
        "siteId": "TP001", "siteName": "Site TP001", "period": "2025-03", "periodType": "month", "updatedAt": None,
        "updatedBy": None, "status": "draft", "editable": False, "lockReason": "granularity", "warnings": [],
        "flc": 39500.0, "flcBudget": 39000.0,
        "flcVariance": {"amount": 500.0, "percent": 1.28, "favorable": True, "severity": "low"},
        "flcMargin": 39.5, "cumulativeVarianceYtd": 500.0, "view": "trend",
        "components": {
            "internalRevenue": 100000.0, "payroll": 40000.0, "claims": 500.0, "parkingRents": 2000.0,
            "otherExpense": 7500.0, "pteb": 8000.0, "insurance": 2500.0,
        },
        "reviewRequired": False, "months": [],
    }  # fmt: skip
    assert body["meta"]["businessDate"] == "2025-04-15"
    assert answer.headers["cache-control"] == "private, no-cache"


def test_external_revenue_has_no_percent_of_internal_revenue(api: Api) -> None:
    lines = api.get(f"{BASE}/pl-view/TP001/2025-03").json()["data"]["lines"]
    percents = {line["code"]: line["percentOfInternalRevenue"] for line in lines}
    assert (percents["externalRevenue"], percents["payroll"], percents["flc"]) == (None, 40.0, 39.5)


def test_a_quarter_and_a_year_have_their_months_with_the_running_difference(api: Api) -> None:
    quarter = flc(api, "TP001/2025-q1")
    assert (quarter["period"], quarter["flc"], quarter["flcBudget"]) == ("2025-Q1", 117500.0, 117000.0)
    assert [(one["period"], one["month"], one["cumulativeVarianceYtd"]) for one in quarter["months"]] == [
        ("2025-01", 1, 0.0), ("2025-02", 2, 0.0), ("2025-03", 3, 500.0),
    ]  # fmt: skip
    assert quarter["months"][2]["flcMargin"] == 39.5
    assert len(flc(api, "TP001/2025")["months"]) == 12


def test_another_view_is_held_against_the_budget_too(api: Api) -> None:
    budget = flc(api, "TP001/2025-03?view=budget")
    assert (budget["view"], budget["flc"], budget["flcVariance"]["amount"]) == ("budget", 39000.0, 0.0)


def test_a_large_variance_is_to_be_reviewed(api: Api, company: MonthlyWorld) -> None:
    company.ledger("TP001", {"7045": "5500.01"}, "2025-03")
    company.inputs_changed("TP001")
    found = flc(api, "TP001/2025-03")
    assert (found["flcVariance"]["amount"], found["reviewRequired"]) == (-5000.01, True)
    [warning] = found["warnings"]
    assert (warning["code"], warning["field"]) == ("FLC_REVIEW", "flc")


def test_with_a_line_that_is_unavailable_there_is_no_flc_but_a_warning(api: Api) -> None:
    prior = flc(api, "TP001/2025-03?view=prior-year")
    assert (prior["flc"], prior["flcVariance"], prior["flcMargin"], prior["reviewRequired"]) == (
        None,
        None,
        None,
        False,
    )
    assert prior["components"]["payroll"] is None
    assert "SOURCE_UNAVAILABLE" in [warning["code"] for warning in prior["warnings"]]


def test_without_internal_revenue_there_is_no_margin(api: Api, company: MonthlyWorld) -> None:
    company.forget_account("TP001", "2025-03", "4790")
    company.inputs_changed("TP001")
    found = flc(api, "TP001/2025-03")
    assert (found["flc"], found["flcMargin"]) == (-60500.0, None)


def test_expenses_without_any_revenue_are_warned_of(api: Api, company: MonthlyWorld) -> None:
    for account in ("4790", "9410"):
        company.forget_account("TP001", "2025-03", account)
    company.inputs_changed("TP001")
    codes = {warning["code"]: warning["details"] for warning in flc(api, "TP001/2025")["warnings"]}
    assert codes["ZERO_REVENUE_WITH_EXPENSE"] == {"periods": ["2025-03"]}


def test_hours_without_a_rate_leave_payroll_incomplete_and_are_warned_of(api: Api, company: MonthlyWorld) -> None:
    company.employ("TP001", "VLT1")
    api.post(f"{BASE}/job-groups", {"title": "Valet"})
    api.post(f"{BASE}/job-codes/assign", {"jobCodes": ["VLT1"], "jobGroupId": "valet"})
    hours = {"entries": [{"date": "2025-05-10", "jobGroupId": "valet", "hours": 8}]}
    assert api.put(f"{BASE}/payroll/TP001/2025-05", hours).status_code == 200
    [warning] = [one for one in flc(api, "TP001/2025-05")["warnings"] if one["code"] == "MISSING_RATE"]
    assert (warning["field"], warning["details"]) == ("payroll", {"periods": ["2025-05"], "jobCodes": ["VLT1"]})


@pytest.mark.parametrize(
    ("path", "status", "code", "field"),
    [
        ("T@1/2025-03", 400, "INVALID_SITE_ID", "siteId"),
        ("ZZ999/2025-03", 404, "SITE_NOT_FOUND", "siteId"),
        ("TP001/2025-03-01", 400, "INVALID_PERIOD", "period"),
        ("TP001/2027", 404, "PERIOD_NOT_AVAILABLE", "period"),
        ("TP001/2025?view=last", 400, "INVALID_DATA_TYPE", "view"),
    ],
)
def test_what_cannot_be_meant_is_refused(path: str, status: int, code: str, field: str, api: Api) -> None:
    assert told(api.get(f"{FLC}/{path}")) == (status, code, field)


def test_sites_of_others_are_out_of_reach(api: Api) -> None:
    manager = api.signed_in("am1@example.com", "account_manager", sites=["TP001"])
    assert manager.get(f"{FLC}/TP001/2025").status_code == 200
    answer = manager.get(f"{FLC}/TP002/2025")
    assert (answer.status_code, first_error(answer)["details"]) == (403, {"reason": "site_scope"})


def test_the_header_says_who_saved_last_whatever_the_module(api: Api) -> None:
    manager = api.signed_in("am1@example.com", "account_manager", sites=["TP001"])
    manager.put(f"{BASE}/other-expenses/TP001/2025-05", {"uniforms": 350})
    saved = flc(api, "TP001/2025-Q2")
    assert (saved["updatedBy"], saved["updatedAt"]) == ("am1@example.com", "2025-04-15T16:00:00.000Z")
    assert flc(api, "TP001/2025-04")["updatedBy"] is None
    view = api.get(f"{BASE}/pl-view/TP001/2025-05").json()["data"]
    assert (view["updatedBy"], view["status"]) == ("am1@example.com", "draft")
