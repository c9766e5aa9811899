"""The feed of users, their roles and their sites."""

from typing import Any

import pytest

from shared_code.sources.warehouse.objects import workday_rls_bisecurity
from shared_code.sql.types import new_identifier
from shared_code.storage.tables.access import app_users, user_roles, user_scopes
from shared_code.storage.tables.messages import audit_events, cache_versions
from shared_code.storage.tables.runs import sync_rejects
from tests.services.extraction.world import NOON, World

SECURITY = workday_rls_bisecurity
STAMP = {"created_at": NOON, "created_by": "t", "updated_at": NOON, "updated_by": "t", "version": 1}


def _manager(user: str, site_id: str | None, **changes: Any) -> dict[str, Any]:
    row = {"UPN": user, "EMPLOYEE_ID": "M1", "JOB_PROFILE": "ACCTMGR", "COST_CENTER": site_id, "SITE": None}
    return row | changes


def _district_manager(user: str, site_id: str | None, **changes: Any) -> dict[str, Any]:
    row = {"UPN": user, "EMPLOYEE_ID": "D1", "JOB_PROFILE": "DISTMGR", "COST_CENTER": None, "SITE": site_id}
    return row | changes


def _scopes(world: World) -> list[tuple[str, str, str, str, str]]:
    names = dict(world.published(app_users, "user_id", "principal_name"))
    rows = world.published(user_scopes, "user_id", "role_code", "scope_type", "scope_value", "source")
    return sorted((names[user_id], *rest) for user_id, *rest in rows)


def _roles(world: World) -> list[tuple[str, str, str]]:
    names = dict(world.published(app_users, "user_id", "principal_name"))
    rows = world.published(user_roles, "user_id", "role_code", "source")
    return sorted((names[user_id], *rest) for user_id, *rest in rows)


def test_account_managers_reach_their_cost_centers_and_district_managers_their_sites(world: World) -> None:
    world.know_sites("0046", "0047")
    world.deliver(
        SECURITY,
        _manager("am@example.com", "46"),
        _district_manager("dm@example.com", "0046", COST_CENTER="0001"),
        _district_manager("dm@example.com", "0047", JOB_PROFILE="areamgr"),
    )

    outcome = world.run("user_scopes")

    assert outcome.end.state == "succeeded"
    assert _scopes(world) == [
        ("am@example.com", "account_manager", "site", "0046", "workday"),
        ("dm@example.com", "district_manager", "site", "0046", "workday"),
        ("dm@example.com", "district_manager", "site", "0047", "workday"),
    ]
    assert _roles(world) == [
        ("am@example.com", "account_manager", "workday"),
        ("dm@example.com", "district_manager", "workday"),
    ]
    assert world.published(app_users, "principal_name", "employee_id", "is_active") == [
        ("am@example.com", "M1", True),
        ("dm@example.com", "D1", True),
    ]


def test_a_job_profile_that_gives_no_role_makes_no_user(world: World) -> None:
    world.know_sites("0046")
    world.deliver(SECURITY, _manager("am@example.com", "0046"), _manager("x@example.com", "0046", JOB_PROFILE="VLT1"))

    outcome = world.run("user_scopes")

    assert outcome.end.rows_ignored == 1
    assert world.published(app_users, "principal_name") == ["am@example.com"]


def test_a_second_run_over_the_same_rows_changes_nothing(world: World) -> None:
    world.know_sites("0046")
    world.deliver(SECURITY, _manager("Am@Example.com", "0046"))
    world.run("user_scopes")

    assert world.run("user_scopes").end.state == "unchanged"
    assert world.published(app_users, "principal_name", "version") == [("am@example.com", 1)]


def test_a_user_is_known_again_in_another_case(world: World) -> None:
    world.know_sites("0046", "0047")
    user_id = new_identifier()
    world.write(app_users, {"user_id": user_id, "principal_name": "AM@Example.com", "is_active": True, **STAMP})
    world.deliver(SECURITY, _manager("am@example.com", "0046"), _manager("aM@example.COM", "0047"))

    world.run("user_scopes")

    assert world.published(app_users, "user_id", "principal_name", "employee_id") == [(user_id, "AM@Example.com", "M1")]
    assert [scope[3] for scope in _scopes(world)] == ["0046", "0047"]


def test_what_the_feed_lists_no_longer_is_taken_away_and_the_user_stays(world: World) -> None:
    world.know_sites("0046", "0047")
    world.deliver(
        SECURITY,
        _manager("am@example.com", "0046"),
        _manager("am@example.com", "0047"),
        _manager("gone@example.com", "0046"),
        _manager("kept@example.com", "0046"),
    )
    world.run("user_scopes")
    world.withdraw(SECURITY, (SECURITY.c.UPN == "gone@example.com") | (SECURITY.c.COST_CENTER == "0047"))

    outcome = world.run("user_scopes")

    assert outcome.end.rows_deleted == 3
    assert _scopes(world) == [
        ("am@example.com", "account_manager", "site", "0046", "workday"),
        ("kept@example.com", "account_manager", "site", "0046", "workday"),
    ]
    assert [role[0] for role in _roles(world)] == ["am@example.com", "kept@example.com"]
    assert "gone@example.com" in world.published(app_users, "principal_name")


def test_rows_that_were_entered_by_hand_stay(world: World) -> None:
    world.know_sites("0046")
    user_id = new_identifier()
    world.write(app_users, {"user_id": user_id, "principal_name": "admin@example.com", "is_active": True, **STAMP})
    by_hand = {"user_id": user_id, "role_code": "forecasting_admin", "source": "manual", **STAMP}
    world.write(user_roles, by_hand)
    world.write(user_scopes, by_hand | {"scope_type": "all", "scope_value": "*"})
    world.deliver(SECURITY, _manager("am@example.com", "0046"))

    world.run("user_scopes")

    assert ("admin@example.com", "forecasting_admin", "manual") in _roles(world)
    assert ("admin@example.com", "forecasting_admin", "all", "*", "manual") in _scopes(world)


def test_every_change_of_scope_is_audited_and_ends_cached_permissions(world: World) -> None:
    world.know_sites("0046", "0047")
    world.deliver(SECURITY, _manager("am@example.com", "0046"), _manager("other@example.com", "0046"))
    world.run("user_scopes")
    world.withdraw(SECURITY, SECURITY.c.UPN == "am@example.com")
    world.deliver(SECURITY, _manager("am@example.com", "0047"))

    outcome = world.run("user_scopes")

    names = ("item_key", "site_id", "old_value", "new_value", "module", "source")
    assert world.published(audit_events, *names, where=audit_events.c.request_id == outcome.sync_run_id) == [
        ("am@example.com", "0046", "account_manager", None, "security", "system"),
        ("am@example.com", "0047", None, "account_manager", "security", "system"),
    ]
    tags = world.published(cache_versions, "tag", "version", where=cache_versions.c.tag.startswith("permissions:"))
    assert tags == [("permissions:am@example.com", 2), ("permissions:other@example.com", 1)]


def test_scopes_on_unknown_sites_are_left_out(world: World) -> None:
    world.know_sites("0046")
    world.deliver(SECURITY, _manager("am@example.com", "0046"), _manager("am@example.com", "9999"))

    outcome = world.run("user_scopes")

    assert (outcome.end.rows_ignored, outcome.end.rows_rejected) == (1, 0)
    assert [scope[3] for scope in _scopes(world)] == ["0046"]


@pytest.mark.parametrize(
    ("row", "reject"),
    [
        (_manager(" ", "0046"), ("MISSING_FIELD", "principal_name")),
        (_manager("x@example.com", "0046", JOB_PROFILE=None), ("MISSING_FIELD", "job_profile")),
        (_manager("x@example.com", None, SITE="0046"), ("MISSING_FIELD", "cost_center")),
        (_district_manager("x@example.com", None, COST_CENTER="0046"), ("MISSING_FIELD", "site")),
        (_manager("x@example.com", "00*6"), ("INVALID_SITE", "cost_center")),
    ],
)
def test_a_row_that_cannot_be_used_gives_nobody_access_and_keeps_no_employee_id(
    world: World, row: dict[str, Any], reject: tuple[str, str]
) -> None:
    world.know_sites("0046")
    world.deliver(SECURITY, row, *[_manager(f"am{number}@example.com", "0046") for number in range(20)])

    outcome = world.run("user_scopes")

    assert outcome.end.state == "succeeded"
    assert world.rejects(outcome) == [reject]
    assert "x@example.com" not in world.published(app_users, "principal_name")
    assert '"M1"' not in world.published(sync_rejects, "raw_row")[0]


def test_half_a_feed_takes_nobodys_access_away(world: World) -> None:
    world.know_sites("0046")
    world.deliver(SECURITY, *[_manager(f"am{number}@example.com", "0046") for number in range(20)])
    world.run("user_scopes")
    world.withdraw(SECURITY, SECURITY.c.UPN.not_in(["am1@example.com", "am2@example.com"]))

    outcome = world.run("user_scopes")

    assert (outcome.end.state, outcome.end.error_code) == ("aborted", "EMPTY_FEED")
    assert len(_scopes(world)) == 20


def test_the_statements_of_a_run_do_not_grow_with_the_users(world: World) -> None:
    world.know_sites("0046")
    world.deliver(SECURITY, _manager("am@example.com", "0046"))
    world.run("user_scopes")
    world.deliver(SECURITY, _manager("second@example.com", "0046"))
    with world.counted_statements() as few:
        world.run("user_scopes")
    world.deliver(SECURITY, *[_manager(f"am{number}@example.com", "0046") for number in range(300)])
    with world.counted_statements() as many:
        world.run("user_scopes")

    assert len(many) == len(few)
    assert len(_scopes(world)) == 302
