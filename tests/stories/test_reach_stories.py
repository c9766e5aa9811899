"""Who sees what, and how a call is spelled.

Source: User stories, "S07 Sites out of reach", "S08 Routing and grammar", "S15 Disclosure, breakpoints, keyboard".
"""

from typing import Any

import httpx
import pytest

from tests.api.serving import BASE, Api, data_of, first_error, told

READS = (
    "statistics/{}/2025-04",
    "payroll/{}/2025-04",
    "pl-view/{}/2025",
    "export/statistics/{}/2025-04?format=csv",
)


def calls(api: Api, site: str) -> list[httpx.Response]:
    """The four reads, and a write."""
    save = api.put(f"{BASE}/statistics/{site}/2025-04", {"days": [{"date": "2025-04-20", "occupancy": 0.5}]})
    return [*(api.get(f"{BASE}/{path.format(site)}") for path in READS), save]


def without_its_own(answer: httpx.Response) -> dict[str, Any]:
    """The body without what differs between any two answers."""
    return {name: value for name, value in answer.json().items() if name not in {"timestamp", "requestId"}}


def test_s07_a_site_of_others_and_one_that_does_not_exist_look_the_same(am1: Api) -> None:
    for others, nowhere in zip(calls(am1, "TP003"), calls(am1, "ZZ999"), strict=True):
        for answer in (others, nowhere):
            assert told(answer) == (403, "INSUFFICIENT_PERMISSIONS", None)
            assert first_error(answer)["details"] == {"reason": "site_scope"}
            assert "TP003" not in answer.text
            assert "ZZ999" not in answer.text
        assert without_its_own(others) == without_its_own(nowhere)


@pytest.mark.parametrize("path", READS)
def test_s07_who_reaches_all_sites_is_told_that_one_does_not_exist(path: str, admin1: Api) -> None:
    assert admin1.get(f"{BASE}/{path.format('TP003')}").status_code == 200
    assert told(admin1.get(f"{BASE}/{path.format('ZZ999')}"))[:2] == (404, "SITE_NOT_FOUND")


def test_s08_a_literal_is_never_a_period(am1: Api) -> None:
    assert "metrics" in data_of(am1.get(f"{BASE}/statistics/TP001/productivity"))
    refused = am1.get(f"{BASE}/payroll/TP001/calculate")
    assert told(refused) == (405, "METHOD_NOT_ALLOWED", None)
    assert refused.headers["allow"] == "POST"
    assert told(am1.get(f"{BASE}/statistic/TP001/2025-04")) == (404, "NOT_FOUND", None)


@pytest.mark.parametrize("spelled", ["2025-Q2", "2025-q2"])
def test_s08_a_quarter_has_three_months(spelled: str, am1: Api) -> None:
    data = data_of(am1.get(f"{BASE}/statistics/TP001/{spelled}"))
    assert (data["periodType"], [month["month"] for month in data["months"]]) == (
        "quarter", ["2025-04", "2025-05", "2025-06"],
    )  # fmt: skip


@pytest.mark.parametrize("wrong", ["2025-13", "202504", "2025-4", "2025-02-29", "April-2025"])
def test_s08_what_is_no_period_is_answered_with_what_is(wrong: str, am1: Api) -> None:
    answer = am1.get(f"{BASE}/statistics/TP001/{wrong}")
    assert told(answer) == (400, "INVALID_PERIOD", "period")
    assert first_error(answer)["details"]["acceptedFormats"] == ["YYYY-MM", "YYYY-Qn", "YYYY", "YYYY-MM-DD"]


@pytest.mark.parametrize("beyond", ["2023-12", "2027-01"])
def test_s08_a_period_outside_the_horizon_is_not_available(beyond: str, am1: Api) -> None:
    assert told(am1.get(f"{BASE}/statistics/TP001/{beyond}")) == (404, "PERIOD_NOT_AVAILABLE", "period")


def test_s08_a_quarter_cannot_be_written(am1: Api) -> None:
    answer = am1.put(f"{BASE}/statistics/TP001/2025-Q2", {"days": [{"date": "2025-04-20", "occupancy": 0.5}]})
    assert told(answer) == (400, "INVALID_PERIOD", "period")
    assert first_error(answer)["details"]["writableFormats"] == ["YYYY-MM", "YYYY-MM-DD"]


def test_s08_a_site_is_letters_and_digits_in_any_case(am1: Api) -> None:
    wrong = am1.get(f"{BASE}/statistics/TP@001/2025-04")
    assert told(wrong) == (400, "INVALID_SITE_ID", "siteId")
    assert first_error(wrong)["details"] == {"providedValue": "TP@001", "expectedFormat": "alphanumeric"}
    assert data_of(am1.get(f"{BASE}/statistics/tp001/2025-04"))["siteId"] == "TP001"


def test_s15_the_audit_trail_is_for_district_managers_and_their_sites(am1: Api, dm1: Api) -> None:
    denied = am1.get(f"{BASE}/audit/TP001")
    assert told(denied) == (403, "INSUFFICIENT_PERMISSIONS", None)
    assert first_error(denied)["details"]["reason"] == "role"
    assert dm1.get(f"{BASE}/audit/TP001").status_code == 200
    assert told(dm1.get(f"{BASE}/audit/TP003"))[:2] == (403, "INSUFFICIENT_PERMISSIONS")
