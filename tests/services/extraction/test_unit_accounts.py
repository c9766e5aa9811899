"""The feed of a month's unit-account rows."""

from datetime import date
from decimal import Decimal
from typing import Any

from shared_code.services.extraction.extract import default_feeds
from shared_code.sources.warehouse.objects import gp_stats
from shared_code.storage.tables.runs import sync_runs
from shared_code.storage.tables.staging import stg_unit_accounts
from tests.services.extraction.world import World


def _row(site_id: str | None, day: date = date(2025, 5, 31), **changes: Any) -> dict[str, Any]:
    row = {
        "DATE": day,
        "SITE": site_id,
        "MAIN_ACCOUNT": "9510",
        "REVENUE_CATEGORY": "Valet Daily",
        "CATEGORY": "Vehicles",
        "GL_STRING": "01-9510-0046",
        "VALUE": Decimal("120.5"),
        "ACCOUNT_DESCRIPTION": "Vehicles valet daily",
        "STATUS": "Active",
    }
    return row | changes


def test_the_rows_of_the_month_of_the_as_of_date_are_staged(world: World) -> None:
    world.deliver(gp_stats, _row("46"), _row("0047", date(2025, 5, 1)), _row("0048", date(2025, 6, 1)))

    outcome = world.run("unit_accounts", date(2025, 5, 20))

    assert (outcome.end.state, outcome.end.rows_read, outcome.end.rows_inserted) == ("succeeded", 2, 2)
    assert world.published(stg_unit_accounts, "site_id", "gl_string", "value") == [
        ("0046", "01-9510-0046", Decimal("120.5000")),
        ("0047", "01-9510-0046", Decimal("120.5000")),
    ]
    assert world.published(sync_runs, "window_from", "window_to") == [("2025-05-01", "2025-05-31")]


def test_rows_with_faults_are_staged_too_because_their_validation_judges_them(world: World) -> None:
    faulty = [_row(None), _row("a*b"), _row("9999", VALUE=None), _row("0046", GL_STRING=None), _row("0046")]
    world.deliver(gp_stats, *faulty, _row("0046"))

    outcome = world.run("unit_accounts", date(2025, 5, 20))

    assert (outcome.end.state, outcome.end.rows_accepted, outcome.end.rows_rejected) == ("succeeded", 6, 0)
    staged = [row[0] for row in world.published(stg_unit_accounts, "site_id", "row_no")]
    assert staged == [None, "0046", "0046", "0046", "9999", "A*B"]


def test_it_is_read_only_when_it_is_named(world: World) -> None:
    assert "unit_accounts" not in [feed.name for feed in default_feeds()]


def test_a_month_without_rows_is_an_empty_feed(world: World) -> None:
    outcome = world.run("unit_accounts", date(2025, 5, 20))

    assert (outcome.end.state, outcome.end.error_code) == ("aborted", "EMPTY_FEED")
    assert outcome.is_first_and_empty


def test_each_run_stages_its_own_rows(world: World) -> None:
    world.deliver(gp_stats, _row("0046"))
    first = world.run("unit_accounts", date(2025, 5, 20))
    second = world.run("unit_accounts", date(2025, 5, 20))

    assert world.published(stg_unit_accounts, "sync_run_id", "site_id") == [
        (first.sync_run_id, "0046"),
        (second.sync_run_id, "0046"),
    ]
