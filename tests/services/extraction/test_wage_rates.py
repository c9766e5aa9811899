"""The feed of job codes and active employees by site."""

from typing import Any

import pytest

from shared_code.sources.warehouse.objects import workday_wage_rate
from shared_code.storage.tables.job_codes import job_code_aliases, job_codes, site_job_codes
from shared_code.storage.tables.mappings import job_family_mappings
from tests.services.extraction.conftest import MakeWorld
from tests.services.extraction.world import NOON, World

WAGES = workday_wage_rate


def _employees(site_id: str, job: str, *numbers: int) -> list[dict[str, Any]]:
    return [
        {"EMPLOYEE_ID": f"E{number}", "LOCATION_SITE": site_id, "JOB": f"The {job}", "JobProfileCode": job}
        for number in numbers
    ]


def _counts(world: World) -> list[Any]:
    return world.published(site_job_codes, "site_id", "job_code_id", "active_employee_count", "is_active")


def test_active_employees_are_counted_once_by_site_and_job_code(world: World) -> None:
    world.know_sites("0046", "0047")
    world.deliver(WAGES, *_employees("0046", "VLT1", 1, 2, 2), *_employees("0047", "gsa1 ", 3))

    outcome = world.run("wage_rates")

    assert outcome.end.state == "succeeded"
    assert _counts(world) == [("0046", "VLT1", 2, True), ("0047", "GSA1", 1, True)]


def test_a_job_code_never_seen_becomes_an_active_one_in_the_family_of_its_rule(world: World) -> None:
    world.know_sites("0046")
    world.deliver(WAGES, *_employees("0046", "VLT1", 1), *_employees("0046", "Reporter/  Stenographer", 2))

    world.run("wage_rates")

    assert world.published(job_codes, "job_code_id", "title", "job_family_id", "is_active") == [
        ("REPORTER_ STENOGRAPHER", "REPORTER/ STENOGRAPHER", None, True),
        ("VLT1", "VLT1", "valet", True),
    ]
    assert world.published(job_code_aliases, "source_text", "job_code_id") == [
        ("REPORTER/ STENOGRAPHER", "REPORTER_ STENOGRAPHER"),
        ("VLT1", "VLT1"),
    ]


def test_a_new_family_rule_works_from_the_next_load(world: World) -> None:
    world.know_sites("0046")
    world.deliver(WAGES, *_employees("0046", "CAB9", 1), *_employees("0046", "XYZ", 2))
    world.run("wage_rates")
    stamp = {"created_at": NOON, "created_by": "t", "updated_at": NOON, "updated_by": "t", "version": 1}
    world.write(job_family_mappings, {"source_code": "CAB*", "job_family_id": "valet", **stamp})

    outcome = world.run("wage_rates")

    assert (outcome.end.state, outcome.end.rows_updated) == ("succeeded", 1)
    assert world.published(job_codes, "job_code_id", "job_family_id") == [("CAB9", "valet"), ("XYZ", None)]


def test_a_second_run_over_the_same_rows_changes_nothing(world: World) -> None:
    world.know_sites("0046")
    world.deliver(WAGES, *_employees("0046", "VLT1", 1, 2))
    world.run("wage_rates")

    assert world.run("wage_rates").end.state == "unchanged"
    assert world.published(site_job_codes, "version") == [1]


def test_a_code_that_a_site_lists_no_longer_keeps_its_row_with_nobody_in_it(world: World) -> None:
    world.know_sites("0046", "0047")
    world.deliver(WAGES, *_employees("0046", "VLT1", 1, 2), *_employees("0046", "GSA1", 3))
    world.deliver(WAGES, *_employees("0047", "GSA1", 4, 5))
    world.run("wage_rates")
    world.withdraw(WAGES, WAGES.c.EMPLOYEE_ID.in_(["E3", "E5"]))

    outcome = world.run("wage_rates")

    assert (outcome.end.rows_inserted, outcome.end.rows_updated) == (0, 2)
    assert _counts(world) == [("0046", "GSA1", 0, True), ("0046", "VLT1", 2, True), ("0047", "GSA1", 1, True)]


def test_the_codes_of_a_site_that_was_not_read_keep_their_employees(world: World) -> None:
    world.know_sites("0046", "0047")
    world.deliver(WAGES, *_employees("0046", "VLT1", 1, 2), *_employees("0047", "GSA1", 3))
    world.run("wage_rates")
    world.withdraw(WAGES, WAGES.c.LOCATION_SITE == "0047")

    outcome = world.run("wage_rates")

    assert outcome.end.state == "unchanged"
    assert _counts(world) == [("0046", "VLT1", 2, True), ("0047", "GSA1", 1, True)]


def test_spellings_of_one_site_are_added_together(world: World) -> None:
    world.know_sites("0046")
    world.deliver(WAGES, *_employees("0046", "VLT1", 1, 2), *_employees("46", "VLT1", 3), *_employees(" 46", "vlt1", 4))

    world.run("wage_rates")

    assert _counts(world) == [("0046", "VLT1", 4, True)]


def test_rows_of_unknown_sites_are_counted_and_left_out(world: World) -> None:
    world.know_sites("0046")
    world.deliver(WAGES, *_employees("0046", "VLT1", 1), *_employees("9999", "VLT1", 2))

    outcome = world.run("wage_rates")

    assert (outcome.end.state, outcome.end.rows_ignored, outcome.end.rows_rejected) == ("succeeded", 1, 0)
    assert _counts(world) == [("0046", "VLT1", 1, True)]


@pytest.mark.parametrize(
    ("row", "reject"),
    [
        ({"LOCATION_SITE": "00-46", "JobProfileCode": "VLT1"}, ("INVALID_SITE", "site")),
        ({"LOCATION_SITE": " ", "JobProfileCode": "VLT1"}, ("MISSING_FIELD", "site")),
        ({"LOCATION_SITE": "0046", "JobProfileCode": None}, ("MISSING_FIELD", "job_profile_code")),
    ],
)
def test_a_row_that_cannot_be_used_is_refused(world: World, row: dict[str, Any], reject: tuple[str, str]) -> None:
    world.know_sites("0046")
    world.deliver(WAGES, *_employees("0046", "VLT1", *range(1, 40)), {"EMPLOYEE_ID": "E99", **row})

    outcome = world.run("wage_rates")

    assert outcome.end.state == "succeeded"
    assert world.rejects(outcome) == [reject]
    assert _counts(world) == [("0046", "VLT1", 39, True)]


def test_too_many_rows_without_a_site_stop_the_run(world: World) -> None:
    world.know_sites("0046")
    world.deliver(WAGES, *_employees("0046", "VLT1", *range(1, 19)), *_employees("", "VLT1", 98, 99))

    outcome = world.run("wage_rates")

    assert (outcome.end.state, outcome.end.error_code) == ("aborted", "COMPLETENESS_BELOW_THRESHOLD")
    assert _counts(world) == []


def test_the_warehouse_is_not_read_where_the_api_counts(make_world: MakeWorld) -> None:
    world = make_world(workday_source="api")
    world.know_sites("0046")
    world.deliver(WAGES, *_employees("0046", "VLT1", 1))

    assert world.run_all("wage_rates") == []
    assert _counts(world) == []


def test_the_statements_of_a_run_do_not_grow_with_sites_and_codes(world: World) -> None:
    site_ids = [f"{number:04d}" for number in range(1, 201)]
    world.know_sites(*site_ids)
    world.deliver(WAGES, *_employees("0001", "VLT1", 1))
    world.run("wage_rates")
    world.deliver(WAGES, *_employees("0001", "NEW 1", 2))
    with world.counted_statements() as few:
        world.run("wage_rates")
    for site_id in site_ids:
        world.deliver(WAGES, *_employees(site_id, f"CODE {site_id}", 3), *_employees(site_id, "VLT1", 4, 5))
    with world.counted_statements() as many:
        world.run("wage_rates")

    assert len(many) == len(few)
    assert len(_counts(world)) == 401
