"""The feed of the ledger's accounts."""

from typing import Any

import pytest

from shared_code.sources.warehouse.objects import gl00100
from shared_code.sources.warehouse.objects import gl_accounts as view
from shared_code.storage.tables.facts import gl_accounts
from tests.services.extraction.world import World


def _account(number: str | None, status: str = "Active", source: str = "Towne") -> dict[str, Any]:
    return {"ACCOUNT_NUMBER": number, "STATUS": status, "DB_SOURCE": source}


def _mirrored(*segments: str, active: int = 1) -> dict[str, Any]:
    padded = [f"{segment:<9}" for segment in (*segments, "", "", "", "", "")][:5]
    return {f"ACTNUMBR_{number}": segment for number, segment in enumerate(padded, start=1)} | {"ACTIVE": active}


def _published(world: World) -> list[Any]:
    return world.published(gl_accounts, "company", "account_number", "is_active", "origin")


def test_accounts_are_entered_by_company_and_the_mirror_is_asked_where_the_view_has_no_row(world: World) -> None:
    world.deliver(view, _account("01-4000"), _account("01-4001", " INACTIVE "), _account("07-4000", source="enc"))
    world.deliver(gl00100, _mirrored("01", "4000", active=0), _mirrored("01", "5000"))

    outcome = world.run("gl_accounts")

    assert outcome.end.state == "succeeded"
    assert _published(world) == [
        ("ENC", "07-4000", True, "view"),
        ("TOWNE", "01-4000", True, "view"),
        ("TOWNE", "01-4001", False, "view"),
        ("TOWNE", "01-5000", True, "mirror"),
    ]


def test_a_second_run_over_the_same_accounts_changes_nothing(world: World) -> None:
    world.deliver(view, _account("01-4000"), _account("01-4001"))
    world.run("gl_accounts")
    first = world.published(gl_accounts, "account_number", "sync_run_id")

    outcome = world.run("gl_accounts")

    assert outcome.end.state == "unchanged"
    assert world.published(gl_accounts, "account_number", "sync_run_id") == first


def test_an_account_that_changed_or_is_gone_is_replaced_and_the_others_keep_their_run(world: World) -> None:
    world.deliver(view, _account("01-4000"), _account("01-4001"), _account("01-4002"))
    first = world.run("gl_accounts")
    world.withdraw(view, view.c.ACCOUNT_NUMBER != "01-4000")
    world.deliver(view, _account("01-4001", "Closed"))

    second = world.run("gl_accounts")

    end = second.end
    assert (end.rows_inserted, end.rows_updated, end.rows_deleted) == (0, 1, 1)
    assert world.published(gl_accounts, "account_number", "is_active", "sync_run_id") == [
        ("01-4000", True, first.sync_run_id),
        ("01-4001", False, second.sync_run_id),
    ]


def test_the_accounts_of_a_company_that_was_not_read_stay(world: World) -> None:
    world.deliver(view, *[_account(f"01-{number}") for number in range(4000, 4003)], _account("07-4000", source="ENC"))
    world.run("gl_accounts")
    world.withdraw(view, view.c.DB_SOURCE == "ENC")

    world.run("gl_accounts")

    assert ("ENC", "07-4000", True, "view") in _published(world)


def test_accounts_of_a_source_that_no_company_has_are_left_out(world: World) -> None:
    world.deliver(view, _account("01-4000"), _account("99-1", source="Archive"))

    outcome = world.run("gl_accounts")

    assert outcome.end.rows_ignored == 1
    assert _published(world) == [("TOWNE", "01-4000", True, "view")]


def test_of_two_rows_for_one_account_the_first_wins(world: World) -> None:
    world.deliver(view, *[_account(f"01-{number}") for number in range(4000, 4040)], _account("01-4000", "Closed"))

    outcome = world.run("gl_accounts")

    assert world.rejects(outcome) == [("DUPLICATE_KEY", "account_number")]
    assert world.published(gl_accounts, "is_active", where=gl_accounts.c.account_number == "01-4000") == [False]


def test_an_account_that_both_places_name_in_two_spellings_is_taken_once(world: World) -> None:
    world.deliver(view, _account("01-4000"), _account("01-4000\t", "Closed"))
    world.deliver(gl00100, _mirrored("01", "4000", active=0), _mirrored("01", "4000\t"))

    outcome = world.run("gl_accounts")

    assert outcome.end.state == "succeeded"
    assert _published(world) == [("TOWNE", "01-4000", True, "view")]


@pytest.mark.parametrize(
    ("row", "reject"),
    [
        (_account(None), ("MISSING_FIELD", "account_number")),
        (_account("01-5000", source=" "), ("MISSING_FIELD", "company_source")),
        (_account("9" * 51), ("VALUE_OUT_OF_RANGE", "account_number")),
    ],
)
def test_a_row_that_cannot_be_used_is_refused(world: World, row: dict[str, Any], reject: tuple[str, str]) -> None:
    world.deliver(view, *[_account(f"01-{number}") for number in range(4000, 4040)], row)

    outcome = world.run("gl_accounts")

    assert outcome.end.state == "succeeded"
    assert world.rejects(outcome) == [reject]
    assert len(_published(world)) == 40


def test_a_ledger_that_lost_most_of_its_accounts_is_not_believed(world: World) -> None:
    world.deliver(view, *[_account(f"01-{number}") for number in range(4000, 4010)])
    world.run("gl_accounts")
    world.withdraw(view, view.c.ACCOUNT_NUMBER >= "01-4004")

    outcome = world.run("gl_accounts")

    assert (outcome.end.state, outcome.end.error_code) == ("aborted", "EMPTY_FEED")
    assert len(_published(world)) == 10
