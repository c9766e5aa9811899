"""Job groups over HTTP: lists, new ones, changes, and where they are used."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from shared_code.api.app import create_app
from tests.api.serving import BASE, Api, first_error, served, told
from tests.support.job_world import JobWorld

GROUPS = f"{BASE}/job-groups"


@pytest.fixture
def company(tmp_path: Path) -> Iterator[JobWorld]:
    """Two groups: valet with an active and an inactive code, and an inactive one without codes."""
    world = JobWorld(tmp_path)
    world.add_districts(alpha="east")
    world.add_sites("TP001", "TP002", district_code="alpha", region_code="east")
    world.add_sites("TP003")
    world.add_group("valet", "Valet")
    world.add_group("guest-service", "Guest service", is_active=False)
    world.add_code("VLT1", "Valet attendant", "valet")
    world.add_code("VLT2", "Valet lead", "valet", is_active=False)
    world.add_code("CASH")
    world.use("TP001", "VLT1", 3)
    world.use("TP001", "CASH", 1)
    world.use("TP002", "VLT1", 2)
    yield world
    world.close()


@pytest.fixture
def api(company: JobWorld) -> Iterator[Api]:
    """The API as a billing administrator sees it."""
    with served(create_app(lambda: company.runtime)) as api:
        yield api.signed_in("billing1", "billing_admin")


def patch(api: Api, path: str, body: dict[str, Any]) -> httpx.Response:
    return api.client.patch(path, json=body)


def test_groups_are_listed_by_title_with_all_their_codes(api: Api) -> None:
    body = api.get(GROUPS).json()
    assert body["data"] == [
        {"jobGroupId": "guest-service", "title": "Guest service", "isActive": False, "jobCodes": []},
        {
            "jobGroupId": "valet",
            "title": "Valet",
            "isActive": True,
            "jobCodes": [
                {"jobCode": "VLT1", "title": "Valet attendant", "isActive": True},
                {"jobCode": "VLT2", "title": "Valet lead", "isActive": False},
            ],
        },
    ]
    assert body["meta"] == {"total": 2, "page": 1, "limit": 50, "hasMore": False}


@pytest.mark.parametrize(
    ("status", "found"), [("active", ["valet"]), ("inactive", ["guest-service"]), ("all", ["guest-service", "valet"])]
)
def test_a_status_chooses_groups(status: str, found: list[str], api: Api) -> None:
    assert [group["jobGroupId"] for group in api.get(f"{GROUPS}?status={status}").json()["data"]] == found


def test_a_status_that_there_is_not_is_refused_with_those_that_there_are(api: Api) -> None:
    answer = api.get(f"{GROUPS}?status=new")
    assert told(answer) == (400, "INVALID_DATA_TYPE", "status")
    assert first_error(answer)["details"]["accepted"] == ["active", "inactive", "all"]


def test_a_new_group_is_active_and_named_after_its_title(api: Api, company: JobWorld) -> None:
    answer = api.post(GROUPS, {"title": "  Bell & Door  "})
    assert answer.status_code == 201
    new = {"jobGroupId": "bell-door", "title": "Bell & Door", "isActive": True, "jobCodes": []}
    assert answer.json()["data"] == new
    assert new in api.get(GROUPS).json()["data"]
    [entry] = company.trail()
    assert entry == {
        "user_id": "billing1", "role_code": "billing_admin", "module": "job-groups", "item_key": "bell-door",
        "field": "title", "old_value": None, "new_value": "Bell & Door", "site_id": None, "source": "api",
    }  # fmt: skip


def test_titles_that_give_the_same_id_give_different_groups(api: Api) -> None:
    made = [
        api.post(GROUPS, {"title": title}).json()["data"]["jobGroupId"] for title in ("Bell/Door", "Bell Door", "§")
    ]
    assert made == ["bell-door", "bell-door-2", "group"]


@pytest.mark.parametrize("title", ["Valet", "VALET", " valet ", "guest SERVICE"])
def test_a_title_that_is_taken_in_any_case_is_refused(title: str, api: Api, company: JobWorld) -> None:
    answer = api.post(GROUPS, {"title": title})
    assert told(answer) == (409, "DUPLICATE", "title")
    assert len(company.groups()) == 2
    assert company.trail() == []


def test_titles_outside_the_english_alphabet_are_compared_in_any_case_too(api: Api) -> None:
    assert api.post(GROUPS, {"title": "Über"}).status_code == 201
    assert told(api.post(GROUPS, {"title": "ÜBER"})) == (409, "DUPLICATE", "title")


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        ({}, "MISSING_REQUIRED_FIELD", "title"),
        ({"title": ""}, "MISSING_REQUIRED_FIELD", "title"),
        ({"title": " \t "}, "MISSING_REQUIRED_FIELD", "title"),
        ({"title": None}, "MISSING_REQUIRED_FIELD", "title"),
        ({"title": "x" * 256}, "VALUE_OUT_OF_RANGE", "title"),
        ({"title": 7}, "INVALID_DATA_TYPE", "title"),
        ({"title": "a\nb"}, "INVALID_DATA_TYPE", "title"),
        ({"title": "a", "isActive": True}, "READ_ONLY_FIELD", "isActive"),
    ],
)
def test_a_title_has_1_to_255_characters(body: dict[str, Any], code: str, field: str, api: Api) -> None:
    assert told(api.post(GROUPS, body)) == (400, code, field)


def test_a_title_of_255_characters_is_kept_and_its_id_is_shorter(api: Api) -> None:
    made = api.post(GROUPS, {"title": "x" * 255}).json()["data"]
    assert (len(made["title"]), made["jobGroupId"]) == (255, "x" * 50)


def test_of_many_who_make_the_same_group_at_once_one_succeeds_and_none_fails(api: Api, company: JobWorld) -> None:
    titles = ["Bell", "BELL", "bell", "Bell "] * 3
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda title: api.post(GROUPS, {"title": title}).status_code, titles))
    assert sorted(answers) == [201] + [409] * 11
    assert len(company.groups()) == 3


def test_a_post_that_is_sent_again_makes_one_group(api: Api, company: JobWorld) -> None:
    key = {"Idempotency-Key": "k1"}
    first = api.post(GROUPS, {"title": "Bell"}, headers=key)
    again = api.post(GROUPS, {"title": "Bell"}, headers=key)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.headers["idempotency-replayed"] == "true"
    assert again.json()["data"] == first.json()["data"]
    assert len(company.groups()) == 3
    assert told(api.post(GROUPS, {"title": "Door"}, headers=key)) == (409, "CONFLICT", "Idempotency-Key")


def test_a_group_is_renamed_and_keeps_its_id(api: Api, company: JobWorld) -> None:
    answer = patch(api, f"{GROUPS}/VALET", {"title": "Valet parking"})
    assert answer.status_code == 200
    assert (answer.json()["data"]["jobGroupId"], answer.json()["data"]["title"]) == ("valet", "Valet parking")
    assert [code["jobCode"] for code in answer.json()["data"]["jobCodes"]] == ["VLT1", "VLT2"]
    assert [(entry["field"], entry["old_value"], entry["new_value"]) for entry in company.trail()] == [
        ("title", "Valet", "Valet parking")
    ]


def test_a_title_may_get_another_case_but_not_be_that_of_another_group(api: Api) -> None:
    assert patch(api, f"{GROUPS}/valet", {"title": "VALET"}).status_code == 200
    assert told(patch(api, f"{GROUPS}/valet", {"title": "Guest Service"})) == (409, "DUPLICATE", "title")


def test_a_change_to_what_is_so_already_leaves_no_trace(api: Api, company: JobWorld) -> None:
    for body in ({}, {"title": "Valet"}, {"isActive": True}):
        assert patch(api, f"{GROUPS}/valet", body).status_code == 200
    assert (company.trail(), company.inputs_raised()) == ([], {})


def test_a_group_with_active_codes_cannot_be_switched_off(api: Api, company: JobWorld) -> None:
    answer = patch(api, f"{GROUPS}/valet", {"isActive": False})
    assert told(answer) == (409, "CONFLICT", "isActive")
    assert first_error(answer)["details"] == {"reason": "group_has_active_codes", "jobCodes": ["VLT1"]}
    assert company.groups()["valet"] == ("Valet", True)


def test_a_group_without_active_codes_is_switched_off_and_on_again(api: Api, company: JobWorld) -> None:
    made = api.post(GROUPS, {"title": "Bell"}).json()["data"]["jobGroupId"]
    assert patch(api, f"{GROUPS}/{made}", {"isActive": False}).json()["data"]["isActive"] is False
    assert patch(api, f"{GROUPS}/{made}", {"isActive": True, "title": "Bells"}).json()["data"]["isActive"] is True
    assert [(entry["field"], entry["old_value"], entry["new_value"]) for entry in company.trail()[1:]] == [
        ("isActive", "true", "false"), ("title", "Bell", "Bells"), ("isActive", "false", "true"),
    ]  # fmt: skip


@pytest.mark.parametrize("group", ["nothing", "%2F", "a" * 300, "valet%00"])
def test_a_group_that_there_is_not_is_not_found(group: str, api: Api) -> None:
    assert told(patch(api, f"{GROUPS}/{group}", {"title": "x"})) == (404, "NOT_FOUND", "jobGroupId")


@pytest.mark.parametrize("body", [{"title": None}, {"isActive": None}, {"title": " "}])
def test_a_field_that_is_sent_has_a_value(body: dict[str, Any], api: Api) -> None:
    assert told(patch(api, f"{GROUPS}/valet", body)) == (400, "MISSING_REQUIRED_FIELD", next(iter(body)))


def test_a_change_puts_the_figures_of_the_sites_behind_that_use_the_group(api: Api, company: JobWorld) -> None:
    patch(api, f"{GROUPS}/valet", {"title": "Valet parking"})
    assert company.inputs_raised() == {
        f"inputs:{site}:{year}": 1 for site in ("TP001", "TP002") for year in (2024, 2025, 2026)
    }


def test_site_assignments_tell_which_groups_are_in_use_at_each_site(api: Api) -> None:
    body = api.get(f"{GROUPS}/site-assignments").json()
    valet = {"jobGroupId": "valet", "title": "Valet", "isActive": True}
    assert body["data"] == [
        {"siteId": "TP001", "siteName": "Site TP001", "district": "Alpha", "assignedJobGroups": [valet],
         "jobGroupCount": 1, "hasUnassignedJobCodes": True},
        {"siteId": "TP002", "siteName": "Site TP002", "district": "Alpha", "assignedJobGroups": [valet],
         "jobGroupCount": 1, "hasUnassignedJobCodes": False},
        {"siteId": "TP003", "siteName": "Site TP003", "district": None, "assignedJobGroups": [], "jobGroupCount": 0,
         "hasUnassignedJobCodes": False},
    ]  # fmt: skip
    assert body["meta"]["total"] == 3


def test_site_assignments_are_filtered_and_paged_as_sites_are(api: Api) -> None:
    page = api.get(f"{GROUPS}/site-assignments?district=alpha&limit=1&page=2").json()
    assert [site["siteId"] for site in page["data"]] == ["TP002"]
    assert (page["meta"]["total"], page["meta"]["hasMore"]) == (2, False)
    assert told(api.get(f"{GROUPS}/site-assignments?limit=0")) == (400, "VALUE_OUT_OF_RANGE", "limit")


def test_codes_that_are_switched_off_do_not_count_at_a_site(api: Api, company: JobWorld) -> None:
    company.use("TP003", "VLT2", 4)
    company.use("TP003", "CASH", 1, is_active=False)
    site = api.get(f"{GROUPS}/site-assignments?search=TP003").json()["data"][0]
    assert (site["jobGroupCount"], site["hasUnassignedJobCodes"]) == (0, False)


def test_the_number_of_statements_of_site_assignments_does_not_grow_with_the_sites(api: Api, company: JobWorld) -> None:
    path = f"{GROUPS}/site-assignments?limit=200"
    api.get(path)  # reads the rights of the caller, which are kept
    with company.statements() as few:
        api.get(path)
    company.add_sites(*[f"X{number:03d}" for number in range(60)])
    for number in range(60):
        company.use(f"X{number:03d}", "VLT1", 1)
    with company.statements() as many:
        assert len(api.get(path).json()["data"]) == 63
    assert len(many.texts) == len(few.texts)


@pytest.mark.parametrize("role", ["account_manager", "district_manager", "corporate_viewer", "service"])
def test_others_than_administrators_are_refused(role: str, api: Api) -> None:
    other = api.signed_in("user1@example.com", role, sites=["TP001"])
    for answer in (
        other.get(GROUPS),
        other.post(GROUPS, {"title": "x"}),
        patch(other, f"{GROUPS}/valet", {"title": "x"}),
        other.get(f"{GROUPS}/site-assignments"),
    ):
        assert (answer.status_code, first_error(answer)["details"]["reason"]) == (403, "role")


def test_a_literal_of_the_path_is_never_a_group(api: Api) -> None:
    answer = patch(api, f"{GROUPS}/site-assignments", {"title": "x"})
    assert (told(answer), answer.headers["allow"]) == ((405, "METHOD_NOT_ALLOWED", None), "GET")
