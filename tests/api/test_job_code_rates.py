"""Rates of job codes over HTTP."""

import json
from typing import Any

import pytest

from tests.api.serving import BASE, Api, first_error, told
from tests.support.rate_world import RateWorld

RATES = "/api/jobcodes/TP001/rates"
ENTRY = {
    "site_id": "TP001",
    "hourly_rate": 18.5,
    "effective_date": "2025-07-01",
    "calculation_method": "fixed",
    "reason": "new scale",
}


@pytest.fixture
def rates(world: RateWorld) -> RateWorld:
    world.add_rate("TP001", "VLT1", "18.092135", "weighted_average", "2025-06-01", sample_size=12)
    world.add_rate("TP001", "VLT1", "17.5", "weighted_average", "2025-05-01", "2025-05-31", sample_size=9)
    world.add_rate("TP001", "CASH", "16.25", "fixed", "2025-01-01")
    return world


@pytest.mark.usefixtures("rates")
def test_the_rates_in_force_are_listed_by_job_code_with_six_exact_decimals(api: Api) -> None:
    answer = api.get(RATES)
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "private, no-cache"
    assert '"hourly_rate":18.092135,' in answer.text
    body = answer.json()
    assert body["message"] == "Rates retrieved successfully"
    assert body["meta"] == {"total": 2, "page": 1, "limit": 50, "hasMore": False}
    assert body["data"] == [
        {
            "job_code_id": "CASH", "job_code": "CASH", "job_title": "CASH", "site_id": "TP001", "hourly_rate": 16.25,
            "masked": False, "effective_date": "2025-01-01", "end_date": None, "calculation_method": "fixed",
            "sample_size": 0, "source": "user", "updated_at": "2025-06-16T15:00:00.000Z", "updated_by": "test",
        },
        {
            "job_code_id": "VLT1", "job_code": "VLT1", "job_title": "VLT1", "site_id": "TP001",
            "hourly_rate": 18.092135, "masked": False, "effective_date": "2025-06-01", "end_date": None,
            "calculation_method": "weighted_average", "sample_size": 12, "source": "warehouse",
            "updated_at": "2025-06-16T15:00:00.000Z", "updated_by": "test",
        },
    ]  # fmt: skip


@pytest.mark.usefixtures("rates")
def test_the_family_is_served_below_the_versioned_base_too(api: Api) -> None:
    assert api.get(f"{BASE}/jobcodes/tp001/rates").json()["data"] == api.get(RATES).json()["data"]


@pytest.mark.usefixtures("rates")
@pytest.mark.parametrize("as_of", ["as_of", "asOf"])
@pytest.mark.parametrize("job_code", ["job_code", "jobCode"])
def test_both_spellings_of_the_parameters_are_known(as_of: str, job_code: str, api: Api) -> None:
    [row] = api.get(RATES, params={as_of: "2025-05-20", job_code: "vlt1"}).json()["data"]
    assert (row["hourly_rate"], row["effective_date"], row["end_date"]) == (17.5, "2025-05-01", "2025-05-31")


@pytest.mark.usefixtures("rates")
def test_the_history_is_paged_the_newest_first(api: Api) -> None:
    query = {"history": "true", "limit": 2}
    first, second = (api.get(RATES, params={**query, "page": page}).json() for page in (1, 2))
    assert [row["effective_date"] for row in [*first["data"], *second["data"]]] == [
        "2025-01-01",
        "2025-06-01",
        "2025-05-01",
    ]
    assert first["meta"] == {"total": 3, "page": 1, "limit": 2, "hasMore": True}
    assert second["meta"] == {"total": 3, "page": 2, "limit": 2, "hasMore": False}
    beyond = api.get(RATES, params={**query, "page": 99}).json()
    assert (beyond["data"], beyond["meta"]["total"]) == ([], 3)


@pytest.mark.parametrize(
    ("query", "code", "field"),
    [
        ("limit=0", "VALUE_OUT_OF_RANGE", "limit"),
        ("limit=201", "VALUE_OUT_OF_RANGE", "limit"),
        ("limit=", "INVALID_DATA_TYPE", "limit"),
        ("page=0", "VALUE_OUT_OF_RANGE", "page"),
        ("page=-1", "VALUE_OUT_OF_RANGE", "page"),
        ("page=1e3", "INVALID_DATA_TYPE", "page"),
        ("page=99999999999999999999", "VALUE_OUT_OF_RANGE", "page"),
        ("page=%D9%A1", "INVALID_DATA_TYPE", "page"),
        ("history=yes", "INVALID_DATA_TYPE", "history"),
        ("history=True", "INVALID_DATA_TYPE", "history"),
        ("as_of=2025-02-29", "VALUE_OUT_OF_RANGE", "as_of"),
        ("as_of=20250220", "INVALID_DATA_TYPE", "as_of"),
        ("asOf=1999-12-31", "VALUE_OUT_OF_RANGE", "asOf"),
        ("as_of=2025-05-01&asOf=2025-05-02", "DUPLICATE", "as_of"),
        ("page=1&page=1", "DUPLICATE", "page"),
        ("job_code=VLT1%00", "INVALID_DATA_TYPE", "job_code"),
        ("job_code=" + "A" * 51, "INVALID_DATA_TYPE", "job_code"),
    ],
)
def test_a_bad_value_of_a_known_parameter_is_refused(query: str, code: str, field: str, api: Api) -> None:
    assert told(api.get(f"{RATES}?{query}")) == (400, code, field)


def test_all_bad_parameters_are_named_at_once_with_what_is_accepted(api: Api) -> None:
    errors = api.get(f"{RATES}?limit=500&history=maybe&unknown=x").json()["errors"]
    assert [(error["field"], error["details"]) for error in errors] == [
        ("limit", {"providedValue": "500", "maximum": 200, "minimum": 1, "accepted": ["1 to 200"]}),
        ("history", {"providedValue": "maybe", "accepted": ["true", "false"]}),
    ]


def test_an_unknown_parameter_is_ignored(api: Api) -> None:
    assert api.get(f"{RATES}?colour=blue").status_code == 200


def test_a_site_without_rates_has_an_empty_list(api: Api) -> None:
    body = api.get("/api/jobcodes/0170/rates").json()
    assert (body["data"], body["meta"]["total"]) == ([], 0)
    assert told(api.get("/api/jobcodes/170/rates")) == (404, "SITE_NOT_FOUND", "site_id")


@pytest.mark.usefixtures("rates")
def test_an_entered_rate_is_in_force_and_names_the_one_before(api: Api, world: RateWorld) -> None:
    answer = api.put("/api/jobcodes/VLT1/rates", ENTRY, headers={"X-Request-Id": "req-put-1"})
    assert answer.status_code == 200
    data = answer.json()["data"]
    assert '"hourly_rate":18.500000' in answer.text
    assert (data["hourly_rate"], data["calculation_method"], data["source"], data["updated_by"]) == (
        18.5,
        "fixed",
        "user",
        "local",
    )
    assert (data["previous"]["hourly_rate"], data["previous"]["source"]) == (18.092135, "warehouse")
    assert ("18.500000", "fixed", "2025-07-01", None) in world.history()


def test_the_trail_says_in_which_role_from_where_and_for_whom_a_rate_was_entered(api: Api) -> None:
    manager = api.signed_in("both@example.com", ["account_manager", "forecasting_admin"], sites=["TP001"])
    assert api.put("/api/jobcodes/VLT1/rates", ENTRY, headers={"X-Source": "ui"}).status_code == 200
    assert manager.put("/api/jobcodes/VLT1/rates", {**ENTRY, "hourly_rate": 19}).status_code == 200
    trail = api.get(f"{BASE}/audit/TP001?module=job-code-rates&field=hourly_rate").json()["data"]
    assert [(one["userId"], one["role"], one["onBehalf"], one["source"], one["reason"]) for one in trail] == [
        ("both@example.com", "forecasting_admin", False, "api", "new scale"),
        ("local", "forecasting_admin", True, "ui", "new scale"),
    ]


def test_a_repeated_put_changes_nothing(api: Api, world: RateWorld) -> None:
    first, second = (api.put("/api/jobcodes/VLT1/rates", ENTRY) for _ in range(2))
    assert first.status_code == second.status_code == 200
    assert world.history() == [("18.500000", "fixed", "2025-07-01", None)]


@pytest.mark.parametrize(
    ("change", "status", "code", "field"),
    [
        ({"hourly_rate": 0}, 400, "VALUE_OUT_OF_RANGE", "hourly_rate"),
        ({"hourly_rate": -1}, 400, "VALUE_OUT_OF_RANGE", "hourly_rate"),
        ({"hourly_rate": 1000}, 400, "VALUE_OUT_OF_RANGE", "hourly_rate"),
        ({"hourly_rate": 18.505}, 400, "VALUE_OUT_OF_RANGE", "hourly_rate"),
        ({"hourly_rate": "18.50"}, 400, "INVALID_DATA_TYPE", "hourly_rate"),
        ({"hourly_rate": True}, 400, "INVALID_DATA_TYPE", "hourly_rate"),
        ({"hourly_rate": None}, 400, "MISSING_REQUIRED_FIELD", "hourly_rate"),
        ({"hourly_rate": [18.5]}, 400, "INVALID_DATA_TYPE", "hourly_rate"),
        ({"effective_date": "2025-06-31"}, 400, "VALUE_OUT_OF_RANGE", "effective_date"),
        ({"effective_date": "2025-05-31"}, 409, "PERIOD_LOCKED", "effective_date"),
        ({"effective_date": 20250701}, 400, "INVALID_DATA_TYPE", "effective_date"),
        ({"calculation_method": "contract"}, 400, "INVALID_DATA_TYPE", "calculation_method"),
        ({"reason": "  x  "}, 400, "VALUE_OUT_OF_RANGE", "reason"),
        ({"reason": ""}, 400, "MISSING_REQUIRED_FIELD", "reason"),
        ({"reason": "new\u0000scale"}, 400, "INVALID_DATA_TYPE", "reason"),
        ({"reason": "x" * 2001}, 400, "VALUE_OUT_OF_RANGE", "reason"),
        ({"site_id": "TP@001"}, 400, "INVALID_SITE_ID", "site_id"),
        ({"site_id": "rollup"}, 400, "INVALID_SITE_ID", "site_id"),
        ({"site_id": "ZZ999"}, 404, "SITE_NOT_FOUND", "site_id"),
        ({"note": "?"}, 400, "UNKNOWN_FIELD", "note"),
    ],
)
def test_a_rate_that_cannot_be_meant_is_refused(
    change: dict[str, Any], status: int, code: str, field: str, api: Api, world: RateWorld
) -> None:
    assert told(api.put("/api/jobcodes/VLT1/rates", ENTRY | change)) == (status, code, field)
    assert world.history() == []


def test_every_wrong_field_is_named_in_body_order(api: Api) -> None:
    body = {"reason": "x", "colour": 1, "site_id": "TP@001", "hourly_rate": "18"}
    errors = api.put("/api/jobcodes/VLT1/rates", body).json()["errors"]
    assert [(error["field"], error["code"]) for error in errors] == [
        ("reason", "VALUE_OUT_OF_RANGE"),
        ("colour", "UNKNOWN_FIELD"),
        ("site_id", "INVALID_SITE_ID"),
        ("hourly_rate", "INVALID_DATA_TYPE"),
        ("effective_date", "MISSING_REQUIRED_FIELD"),
        ("calculation_method", "MISSING_REQUIRED_FIELD"),
    ]


def test_details_say_what_is_accepted(api: Api) -> None:
    error = first_error(api.put("/api/jobcodes/VLT1/rates", ENTRY | {"calculation_method": "guess"}))
    assert error["details"] == {"providedValue": "guess", "accepted": ["fixed", "manual"]}
    error = first_error(api.put("/api/jobcodes/VLT1/rates", ENTRY | {"hourly_rate": 1.234}))
    assert error["details"] == {"providedValue": 1.234, "maxDecimals": 2}
    error = first_error(api.put("/api/jobcodes/VLT1/rates", ENTRY | {"site_id": "Z" * 500}))
    assert error["details"] == {"providedValue": "Z" * 100, "expectedFormat": "alphanumeric"}


def test_a_number_with_an_enormous_exponent_is_refused_without_being_computed(api: Api) -> None:
    body = json.dumps(ENTRY).replace("18.5", "1e999999")
    status, _, answer = api.send("PUT", "/api/jobcodes/VLT1/rates", body.encode(), Content_Type="application/json")
    assert (status, answer["errors"][0]["code"]) == (400, "VALUE_OUT_OF_RANGE")
    assert len(str(answer["errors"][0]["details"]["providedValue"])) <= 100


@pytest.mark.parametrize("code", ["NO_SUCH", "A B.c-d"])
def test_an_unknown_job_code_is_not_found(code: str, api: Api) -> None:
    assert told(api.put(f"/api/jobcodes/{code}/rates", ENTRY)) == (404, "NOT_FOUND", "job_code_id")


@pytest.mark.parametrize("code", ["A%2FB", "%00", "A" * 51, "%C3%A9", "VLT1%0A"])
def test_a_job_code_of_another_form_is_refused(code: str, api: Api) -> None:
    status, _, body = api.send(
        "PUT", f"/api/jobcodes/{code}/rates", json.dumps(ENTRY).encode(), Content_Type="application/json"
    )
    assert (status, body["errors"][0]["code"], body["errors"][0]["field"]) == (400, "INVALID_DATA_TYPE", "job_code_id")
