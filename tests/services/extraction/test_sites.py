"""The feed of the site master."""

from datetime import date
from typing import Any

import pytest

from shared_code.sources.warehouse.objects import master_non_financial, workday_site_managers
from shared_code.storage.tables.messages import outbox_messages
from shared_code.storage.tables.organisation import districts, regions, site_organizations, sites
from shared_code.storage.tables.results import pnl_site_years
from shared_code.storage.tables.runs import sync_run_sources
from tests.services.extraction.world import NOON, World

MASTER = master_non_financial


def _site(site_id: str, **changes: Any) -> dict[str, Any]:
    row = {
        "SITE": site_id,
        "SITE_NAME": f"Site {site_id.strip()}",
        "DISTRICT": "North",
        "SVP_REGION": "East",
        "LEGAL_ENTITY": "Towne Park, LLC",
        "FIRST_WORKED_DATE": date(2020, 3, 1),
        "TOTAL_ROOMS_AVAILABLE": "240",
        "TOTAL_AVAILABLE_PARKING": "N/A",
    }
    return row | changes


def _history(world: World, site_id: str) -> list[Any]:
    names = ("effective_from", "effective_to", "district_code", "region_code", "legal_entity")
    return world.published(site_organizations, *names, where=site_organizations.c.site_id == site_id)


def test_sites_are_entered_with_their_region_district_and_totals(world: World) -> None:
    world.deliver(MASTER, _site("46"), _site("tp01", DISTRICT=" South  Bay ", TOTAL_ROOMS_AVAILABLE="NULL"))
    world.deliver(workday_site_managers, {"SITE": "46  ", "ACCT_MGR_EMPLOYEE_ID": "M2"})

    outcome = world.run("sites")

    assert (outcome.end.state, outcome.end.rows_read, outcome.end.rows_accepted) == ("succeeded", 2, 2)
    names = ("site_id", "name", "district_code", "region_code", "total_rooms", "total_parking_spaces", "is_active")
    assert world.published(sites, *names) == [
        ("0046", "Site 46", "NORTH", "EAST", 240, None, True),
        ("TP01", "Site tp01", "SOUTH BAY", "EAST", None, None, True),
    ]
    assert world.published(sites, "site_id", "start_date", "manager_employee_id") == [
        ("0046", date(2020, 3, 1), "M2"),
        ("TP01", date(2020, 3, 1), None),
    ]
    assert world.published(regions, "region_code", "name") == [("EAST", "East")]
    assert world.published(districts, "district_code", "region_code") == [("NORTH", "EAST"), ("SOUTH BAY", "EAST")]


def test_a_second_run_over_the_same_rows_changes_nothing(world: World) -> None:
    world.deliver(MASTER, _site("0046"), _site("0047"))
    world.run("sites")
    first = world.published(sites, "site_id", "version", "sync_run_id")

    outcome = world.run("sites")

    assert outcome.end.state == "unchanged"
    assert world.published(sites, "site_id", "version", "sync_run_id") == first


def test_only_the_site_that_changed_is_written_and_carries_the_new_run(world: World) -> None:
    world.deliver(MASTER, _site("0046"), _site("0047"))
    first = world.run("sites")
    world.withdraw(MASTER, MASTER.c.SITE == "0047")
    world.deliver(MASTER, _site("0047", TOTAL_ROOMS_AVAILABLE="300"))

    second = world.run("sites")

    assert (second.end.state, second.end.rows_inserted, second.end.rows_updated) == ("succeeded", 0, 1)
    assert world.published(sites, "site_id", "total_rooms", "version", "sync_run_id") == [
        ("0046", 240, 1, first.sync_run_id),
        ("0047", 300, 2, second.sync_run_id),
    ]


def test_a_site_that_is_listed_no_longer_becomes_inactive_and_active_again_when_it_comes_back(world: World) -> None:
    world.deliver(MASTER, _site("0046"), _site("0047"))
    world.run("sites")
    world.withdraw(MASTER, MASTER.c.SITE == "0047")

    world.run("sites")
    assert world.published(sites, "site_id", "is_active") == [("0046", True), ("0047", False)]

    world.deliver(MASTER, _site("0047"))
    world.run("sites")
    assert world.published(sites, "site_id", "is_active") == [("0046", True), ("0047", True)]


def test_regions_and_districts_that_no_site_names_become_inactive(world: World) -> None:
    world.deliver(MASTER, _site("0046"), _site("0047", DISTRICT="South", SVP_REGION="West"))
    world.run("sites")
    world.withdraw(MASTER, MASTER.c.SITE == "0047")

    world.run("sites")

    assert world.published(districts, "district_code", "is_active") == [("NORTH", True), ("SOUTH", False)]
    assert world.published(regions, "region_code", "is_active") == [("EAST", True), ("WEST", False)]


def test_the_first_row_of_a_sites_history_reaches_back_before_every_budget(world: World) -> None:
    world.deliver(MASTER, _site("0046"))

    world.run("sites")

    assert _history(world, "0046") == [("2000-01", None, "NORTH", "EAST", "Towne Park, LLC")]


def test_a_move_to_another_district_ends_the_open_row_with_the_month_before(world: World) -> None:
    world.deliver(MASTER, _site("0046"), _site("0047"))
    world.run("sites", date(2025, 6, 10))
    world.withdraw(MASTER, MASTER.c.SITE == "0046")
    world.deliver(MASTER, _site("0046", DISTRICT="South", LEGAL_ENTITY=None))

    world.run("sites", date(2025, 9, 2))

    assert _history(world, "0046") == [
        ("2000-01", "2025-08", "NORTH", "EAST", "Towne Park, LLC"),
        ("2025-09", None, "SOUTH", "EAST", None),
    ]
    assert _history(world, "0047") == [("2000-01", None, "NORTH", "EAST", "Towne Park, LLC")]


def test_a_second_move_in_one_month_replaces_the_row_of_that_month(world: World) -> None:
    world.deliver(MASTER, _site("0046"))
    world.run("sites", date(2025, 6, 10))
    for district in ("South", "West"):
        world.withdraw(MASTER)
        world.deliver(MASTER, _site("0046", DISTRICT=district))
        world.run("sites", date(2025, 9, 2))

    assert [row[:3] for row in _history(world, "0046")] == [
        ("2000-01", "2025-08", "NORTH"),
        ("2025-09", None, "WEST"),
    ]


def test_the_same_site_in_two_spellings_is_taken_once_and_the_second_row_is_refused(world: World) -> None:
    world.deliver(MASTER, *[_site(f"{number:04d}") for number in range(100, 139)], _site("100", SITE_NAME="Another"))

    outcome = world.run("sites")

    assert world.rejects(outcome) == [("DUPLICATE_KEY", "site")]
    assert world.published(sites, "name", where=sites.c.site_id == "0100") == ["Site 0100"]


@pytest.mark.parametrize(
    ("changes", "reject"),
    [
        ({"SITE_NAME": " "}, ("MISSING_FIELD", "site_name")),
        ({"SITE_NAME": "n/a"}, ("MISSING_FIELD", "site_name")),
        ({"SITE": "a-b"}, ("INVALID_SITE", "site")),
        ({"TOTAL_ROOMS_AVAILABLE": "9999999999"}, ("VALUE_OUT_OF_RANGE", "total_rooms")),
    ],
)
def test_a_row_that_cannot_be_used_is_refused_and_the_others_are_taken(
    world: World, changes: dict[str, str], reject: tuple[str, str]
) -> None:
    world.deliver(MASTER, *[_site(f"{number:04d}") for number in range(100, 139)], _site("0046", **changes))

    outcome = world.run("sites")

    assert outcome.end.state == "succeeded"
    assert world.rejects(outcome) == [reject]
    assert len(world.published(sites, "site_id")) == 39


def test_a_known_site_whose_row_is_refused_stays_active(world: World) -> None:
    others = [_site(f"{number:04d}") for number in range(100, 139)]
    world.deliver(MASTER, *others, _site("0046"), _site("0047"))
    world.run("sites")
    world.withdraw(MASTER, MASTER.c.SITE.in_(["0046", "0047"]))
    world.deliver(MASTER, _site("46", SITE_NAME=None))

    world.run("sites")

    known = sites.c.site_id.in_(["0046", "0047"])
    assert world.published(sites, "site_id", "is_active", where=known) == [("0046", True), ("0047", False)]


def test_too_many_rows_without_a_name_stop_the_run_and_leave_the_sites_as_they_were(world: World) -> None:
    world.deliver(MASTER, *[_site(f"{number:04d}") for number in range(100, 120)])
    world.run("sites")
    world.withdraw(MASTER)
    rows = [_site(f"{number:04d}", SITE_NAME=None if number < 102 else "Renamed") for number in range(100, 120)]
    world.deliver(MASTER, *rows)

    outcome = world.run("sites")

    assert (outcome.end.state, outcome.end.error_code) == ("aborted", "COMPLETENESS_BELOW_THRESHOLD")
    assert "Renamed" not in world.published(sites, "name")


def test_less_than_half_of_the_sites_is_taken_for_a_fault_unless_the_guard_is_lifted(world: World) -> None:
    world.deliver(MASTER, *[_site(f"{number:04d}") for number in range(100, 110)])
    world.run("sites")
    world.withdraw(MASTER, MASTER.c.SITE >= "0104")

    refused = world.run("sites")
    assert (refused.end.state, refused.end.error_code) == ("aborted", "EMPTY_FEED")
    assert all(world.published(sites, "is_active"))

    lifted = world.run("sites", lift=True)
    assert lifted.end.state == "succeeded"
    assert world.published(sites, "site_id", where=sites.c.is_active) == ["0100", "0101", "0102", "0103"]


def test_other_rooms_put_the_stored_pnl_of_that_site_behind_and_no_other(world: World) -> None:
    world.deliver(MASTER, _site("0046"), _site("0047"))
    world.run("sites")
    for site_id in ("0046", "0047"):
        world.write(
            pnl_site_years,
            {
                "site_id": site_id,
                "year": 2025,
                "inputs_version": 0,
                "business_month": "2025-06",
                "settings_hash": "0" * 64,
                "calculated_at": NOON,
            },
        )
    world.withdraw(MASTER, MASTER.c.SITE == "0047")
    world.deliver(MASTER, _site("0047", TOTAL_ROOMS_AVAILABLE="300", SITE_NAME="Renamed"))

    world.run("sites")

    assert world.inputs_versions() == {"0047:2025": 1}


def test_sites_announce_nothing_and_name_their_query(world: World) -> None:
    world.deliver(MASTER, _site("0046"))

    world.run("sites")

    assert world.published(outbox_messages, "subject") == []
    assert ("E01", "embedded") in world.published(sync_run_sources, "query_id", "node_alias")


def test_the_statements_of_a_run_do_not_grow_with_the_sites(world: World) -> None:
    world.deliver(MASTER, _site("0001", DISTRICT="District 1"))
    world.run("sites")
    world.deliver(MASTER, _site("0002", DISTRICT="District 2"))
    with world.counted_statements() as few:
        world.run("sites")
    world.deliver(MASTER, *[_site(f"{number:04d}", DISTRICT=f"District {number}") for number in range(3, 303)])
    with world.counted_statements() as many:
        world.run("sites")
    world.withdraw(MASTER)
    world.deliver(MASTER, *[_site(f"{number:04d}", DISTRICT="Moved") for number in range(1, 303)])
    with world.counted_statements() as moved:
        world.run("sites", date(2025, 7, 1))

    assert len(many) == len(few)
    assert len(moved) == len(few) + 1
    assert len(world.published(sites, "site_id")) == 302


def test_a_text_that_has_outgrown_its_column_is_another_type_and_names_its_field(world: World) -> None:
    world.deliver(MASTER, _site("0046"))
    world.run("sites")
    world.withdraw(MASTER)
    world.deliver(MASTER, _site("0046", SITE_NAME="Renamed"), _site("0047", DISTRICT="x" * 101))

    end = world.run("sites").end

    assert (end.state, end.error_code) == ("failed", "SOURCE_SCHEMA_MISMATCH")
    assert end.error_text == "The source delivered a text for district_code of more than 100 characters."
    assert world.published(sites, "site_id", "name") == [("0046", "Site 0046")]
