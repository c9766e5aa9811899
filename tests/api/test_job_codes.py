"""Job codes over HTTP: lists, changes, and calls on many of them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from shared_code.api.app import create_app
from tests.api.serving import BASE, Api, first_error, served, told
from tests.support.job_world import JobWorld

CODES = f"{BASE}/job-codes"


@pytest.fixture
def company(tmp_path: Path) -> Iterator[JobWorld]:
    world = JobWorld(tmp_path)
    world.add_sites("TP001", "TP002")
    world.add_group("valet", "Valet")
    world.add_group("bell", "Bell", is_active=False)
    world.add_code("VLT1", "Valet attendant", "valet")
    world.add_code("VLT 2", "Valet lead", "valet", is_active=False)
    world.add_code("CASH")
    world.add_code("DOOR", "Door person")
    world.add_code("PAGE", "Page", "bell", is_active=False)
    world.use("TP001", "VLT1", 3)
    world.use("TP002", "VLT1", 2)
    world.use("TP002", "CASH", 4, is_active=False)
    world.use("TP002", "DOOR", 1)
    yield world
    world.close()


@pytest.fixture
def api(company: JobWorld) -> Iterator[Api]:
    """The API as a forecasting administrator sees it."""
    with served(create_app(lambda: company.runtime)) as api:
        yield api


def patch(api: Api, code: str, body: dict[str, Any]) -> httpx.Response:
    return api.client.patch(f"{CODES}/{code}", json=body)


def listed(api: Api, query: str = "") -> list[str]:
    answer = api.get(f"{CODES}?{query}")
    assert answer.status_code == 200
    return [code["jobCode"] for code in answer.json()["data"]]


def refused(answer: httpx.Response) -> list[tuple[str, str]]:
    """Code and field of every error of a request of which nothing was done."""
    assert answer.status_code == 422
    return [(error["code"], error["field"]) for error in answer.json()["errors"]]


def test_job_codes_are_listed_by_code_with_group_employees_and_sites(api: Api) -> None:
    body = api.get(f"{CODES}?limit=2&page=2").json()
    assert body["data"] == [
        {"jobCode": "PAGE", "title": "Page", "jobGroupId": "bell", "jobGroup": "Bell", "isActive": False,
         "isProductive": True, "isNew": False, "activeEmployees": 0, "siteCount": 0},
        {"jobCode": "VLT 2", "title": "Valet lead", "jobGroupId": "valet", "jobGroup": "Valet", "isActive": False,
         "isProductive": True, "isNew": False, "activeEmployees": 0, "siteCount": 0},
    ]  # fmt: skip
    assert body["meta"] == {"total": 5, "page": 2, "limit": 2, "hasMore": True}
    last = api.get(f"{CODES}?search=VLT1").json()["data"][0]
    assert (last["activeEmployees"], last["siteCount"]) == (5, 2)


def test_a_site_at_which_a_code_is_switched_off_does_not_count(api: Api) -> None:
    cash = api.get(f"{CODES}?search=cash").json()["data"][0]
    assert (cash["activeEmployees"], cash["siteCount"], cash["isNew"]) == (0, 0, True)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("filter=all", ["CASH", "DOOR", "PAGE", "VLT 2", "VLT1"]),
        ("filter=new", ["CASH"]),
        ("filter=unassigned", ["CASH", "DOOR"]),
        ("filter=inactive", ["PAGE", "VLT 2"]),
        ("search=valet", ["VLT 2", "VLT1"]),
        ("search=_", []),
        ("filter=inactive&search=LEAD", ["VLT 2"]),
        ("filter=new&page=2", []),
    ],
)
def test_filter_and_search_choose_codes(query: str, found: list[str], api: Api) -> None:
    assert listed(api, query) == found


@pytest.mark.parametrize(
    ("query", "code", "field"),
    [
        ("filter=old", "INVALID_DATA_TYPE", "filter"),
        ("page=0", "VALUE_OUT_OF_RANGE", "page"),
        ("limit=201", "VALUE_OUT_OF_RANGE", "limit"),
    ],
)
def test_a_query_that_cannot_be_meant_is_refused(query: str, code: str, field: str, api: Api) -> None:
    assert told(api.get(f"{CODES}?{query}")) == (400, code, field)


def test_an_active_code_gets_another_title_and_no_other_code(api: Api, company: JobWorld) -> None:
    answer = patch(api, "vlt1", {"title": "Runner", "isProductive": False})
    assert answer.status_code == 200
    data = answer.json()["data"]
    assert (data["jobCode"], data["title"], data["isProductive"]) == ("VLT1", "Runner", False)
    assert company.codes()["VLT1"] == ("Runner", "valet", True, False)
    assert [(entry["field"], entry["old_value"], entry["new_value"]) for entry in company.trail()] == [
        ("title", "Valet attendant", "Runner"), ("isProductive", "true", "false"),
    ]  # fmt: skip
    assert {entry["item_key"] for entry in company.trail()} == {"VLT1"}
    assert {entry["role_code"] for entry in company.trail()} == {"forecasting_admin"}
    assert told(patch(api, "VLT1", {"jobCode": "RUN"})) == (400, "READ_ONLY_FIELD", "jobCode")


def test_an_inactive_code_keeps_its_title(api: Api, company: JobWorld) -> None:
    assert told(patch(api, "VLT%202", {"title": "Lead"})) == (422, "BUSINESS_RULE_VIOLATION", "title")
    assert company.codes()["VLT 2"][0] == "Valet lead"


def test_an_inactive_code_may_be_switched_on_and_renamed_in_one(api: Api, company: JobWorld) -> None:
    assert patch(api, "VLT%202", {"title": "Lead", "isActive": True}).status_code == 200
    assert company.codes()["VLT 2"][:3] == ("Lead", "valet", True)


def test_a_code_that_is_switched_on_takes_its_group_with_it(api: Api, company: JobWorld) -> None:
    assert patch(api, "PAGE", {"isActive": True}).json()["data"]["isActive"] is True
    assert company.groups()["bell"] == ("Bell", True)
    assert [(entry["module"], entry["item_key"]) for entry in company.trail()] == [
        ("job-codes", "PAGE"), ("job-groups", "bell"),
    ]  # fmt: skip


def test_a_change_to_what_is_so_already_leaves_no_trace(api: Api, company: JobWorld) -> None:
    for body in ({}, {"title": "Valet attendant"}, {"isActive": True, "isProductive": True}):
        assert patch(api, "VLT1", body).status_code == 200
    assert (company.trail(), company.inputs_raised()) == ([], {})


def test_a_change_puts_the_figures_of_the_sites_behind_that_use_the_code(api: Api, company: JobWorld) -> None:
    patch(api, "DOOR", {"title": "Doorman"})
    assert company.inputs_raised() == {f"inputs:TP002:{year}": 1 for year in (2024, 2025, 2026)}


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [("NONE", 404, "NOT_FOUND"), ("A%40", 400, "INVALID_DATA_TYPE"), ("A" * 51, 400, "INVALID_DATA_TYPE")],
)
def test_a_code_that_there_is_not_is_refused(path: str, status: int, code: str, api: Api) -> None:
    assert told(patch(api, path, {"title": "x"})) == (status, code, "jobCode")


def test_codes_are_put_into_a_group_in_the_order_of_the_request(api: Api, company: JobWorld) -> None:
    answer = api.post(f"{CODES}/assign", {"jobCodes": ["vlt1", "DOOR", "CASH"], "jobGroupId": "VALET"})
    assert answer.status_code == 200
    assert answer.json()["data"]["results"] == [
        {"jobCode": "VLT1", "previousGroupId": "valet", "newGroupId": "valet", "outcome": "unchanged"},
        {"jobCode": "DOOR", "previousGroupId": None, "newGroupId": "valet", "outcome": "updated"},
        {"jobCode": "CASH", "previousGroupId": None, "newGroupId": "valet", "outcome": "updated"},
    ]
    assert {code: row[1] for code, row in company.codes().items()} == {
        "VLT1": "valet", "VLT 2": "valet", "CASH": "valet", "DOOR": "valet", "PAGE": "bell",
    }  # fmt: skip
    assert [(entry["item_key"], entry["field"], entry["new_value"]) for entry in company.trail()] == [
        ("DOOR", "jobGroupId", "valet"), ("CASH", "jobGroupId", "valet"),
    ]  # fmt: skip
    assert company.inputs_raised() == {f"inputs:TP002:{year}": 1 for year in (2024, 2025, 2026)}


def test_one_bad_code_refuses_all_with_one_error_for_each_bad_one(api: Api, company: JobWorld) -> None:
    answer = api.post(f"{CODES}/assign", {"jobCodes": ["DOOR", "NONE", "VLT 2", "ALSO NONE"], "jobGroupId": "valet"})
    rule = "BUSINESS_RULE_VIOLATION"
    assert refused(answer) == [(rule, "jobCodes[1]"), (rule, "jobCodes[2]"), (rule, "jobCodes[3]")]
    assert answer.json()["errors"][1]["details"] == {"providedValue": "VLT 2"}
    assert company.codes()["DOOR"][1] is None
    assert company.trail() == []


def test_a_group_that_there_is_not_or_that_is_off_takes_no_codes(api: Api) -> None:
    body = {"jobCodes": ["DOOR"]}
    assert told(api.post(f"{CODES}/assign", body | {"jobGroupId": "none"})) == (404, "NOT_FOUND", "jobGroupId")
    off = api.post(f"{CODES}/assign", body | {"jobGroupId": "bell"})
    assert told(off) == (422, "BUSINESS_RULE_VIOLATION", "jobGroupId")


def test_codes_are_switched_off_and_on_together(api: Api, company: JobWorld) -> None:
    off = api.post(f"{CODES}/status", {"jobCodes": ["VLT1", "VLT 2"], "isActive": False})
    assert off.json()["data"]["results"] == [
        {"jobCode": "VLT1", "outcome": "updated"},
        {"jobCode": "VLT 2", "outcome": "unchanged"},
    ]
    assert company.codes()["VLT1"][2] is False
    on = api.post(f"{CODES}/status", {"jobCodes": ["PAGE", "VLT1"], "isActive": True})
    assert {result["outcome"] for result in on.json()["data"]["results"]} == {"updated"}
    assert company.groups()["bell"] == ("Bell", True)


def test_an_unknown_code_switches_none(api: Api, company: JobWorld) -> None:
    answer = api.post(f"{CODES}/status", {"jobCodes": ["VLT1", "NONE"], "isActive": False})
    assert refused(answer) == [("BUSINESS_RULE_VIOLATION", "jobCodes[1]")]
    assert company.codes()["VLT1"][2] is True


@pytest.mark.parametrize("call", ["assign", "status"])
@pytest.mark.parametrize(
    ("codes", "code", "field"),
    [
        ([], "MISSING_REQUIRED_FIELD", "jobCodes"),
        (None, "MISSING_REQUIRED_FIELD", "jobCodes"),
        ("VLT1", "INVALID_DATA_TYPE", "jobCodes"),
        ([f"C{number}" for number in range(101)], "VALUE_OUT_OF_RANGE", "jobCodes"),
        (["VLT1", "DOOR", " vlt1"], "DUPLICATE", "jobCodes[2]"),
        (["VLT1", 2], "INVALID_DATA_TYPE", "jobCodes[1]"),
        (["VLT1", "a/b"], "INVALID_DATA_TYPE", "jobCodes[1]"),
    ],
)
def test_a_list_names_1_to_100_codes_each_once(call: str, codes: Any, code: str, field: str, api: Api) -> None:
    rest = {"jobGroupId": "valet"} if call == "assign" else {"isActive": True}
    assert told(api.post(f"{CODES}/{call}", {"jobCodes": codes} | rest)) == (400, code, field)


def test_a_hundred_codes_take_as_many_statements_as_one(api: Api, company: JobWorld) -> None:
    for number in range(101):
        company.add_code(f"C{number}")
    with company.statements() as few:
        api.post(f"{CODES}/assign", {"jobCodes": ["C100"], "jobGroupId": "valet"})
    with company.statements() as many:
        codes = [f"C{number}" for number in range(100)]
        assert api.post(f"{CODES}/assign", {"jobCodes": codes, "jobGroupId": "valet"}).status_code == 200
    assert len(many.texts) <= len(few.texts)


@pytest.mark.parametrize("role", ["account_manager", "regional_vp", "service"])
def test_others_than_administrators_are_refused(role: str, api: Api) -> None:
    other = api.signed_in("user1@example.com", role, sites=["TP001"])
    for answer in (
        other.get(CODES),
        patch(other, "VLT1", {"title": "x"}),
        other.post(f"{CODES}/assign", {"jobCodes": ["VLT1"], "jobGroupId": "valet"}),
        other.post(f"{CODES}/status", {"jobCodes": ["VLT1"], "isActive": True}),
    ):
        assert (answer.status_code, first_error(answer)["details"]["reason"]) == (403, "role")


def test_a_literal_of_the_path_is_never_a_job_code(api: Api) -> None:
    answer = patch(api, "assign", {"title": "x"})
    assert (told(answer), answer.headers["allow"]) == ((405, "METHOD_NOT_ALLOWED", None), "POST")
