"""The feed of the budget API."""

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from shared_code.services.extraction.feeds import budget_api
from shared_code.services.extraction.run import RunOutcome
from shared_code.sources.budget_api import BUDGET_PATH
from shared_code.storage.tables.facts import feed_versions
from shared_code.storage.tables.mappings import account_mappings, currency_rates
from shared_code.storage.tables.runs import sync_run_sources
from shared_code.storage.tables.staging import stg_budget_api
from tests.services.extraction.budget_answers import SUNDAY, budget_row, budget_world, page_of, published_budget
from tests.services.extraction.conftest import MakeWorld
from tests.services.extraction.world import NOON, World
from tests.sources.scripted_server import Received, Reply, ScriptedServer, scripted_server

STAMP = {"created_at": NOON, "created_by": "t", "updated_at": NOON, "updated_by": "t", "version": 1}


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with scripted_server() as running:
        yield running


def _first_read(world: World, server: ScriptedServer, *rows: object) -> None:
    """A full read of this year's budget, and of the next year's, which is still empty."""
    server.answer(BUDGET_PATH, page_of(*rows), page_of())
    assert [outcome.end.state for outcome in world.run_all("budget_api")] == ["succeeded", "unchanged"]
    server.received.clear()


def _this_year(world: World, as_of: date = date(2025, 6, 11)) -> RunOutcome:
    """A run of a weekday; the next year, which had no row yet, is read in full again."""
    this_year, _ = world.run_all("budget_api", as_of)
    return this_year


def _asked(server: ScriptedServer, year: int) -> list[Received]:
    return [request for request in server.requests_to(BUDGET_PATH) if request.query["year"] == [str(year)]]


def _watermark(world: World, slice_: str) -> str | None:
    (mark,) = world.published(feed_versions, "watermark", where=feed_versions.c.slice == slice_)
    return str(mark) if mark else None


def test_a_full_read_fills_the_year_with_the_sign_of_each_line(make_world: MakeWorld, server: ScriptedServer) -> None:
    world = budget_world(make_world, server)
    server.answer(BUDGET_PATH, page_of(budget_row(), budget_row("0047", "-250.5", account="4790")), page_of())

    this_year, next_year = world.run_all("budget_api")

    assert (this_year.end.state, this_year.end.rows_read, this_year.end.rows_inserted) == ("succeeded", 2, 2)
    assert next_year.end.state == "unchanged"
    assert published_budget(world) == [
        ("0046", "2025-04", "7045", Decimal("100.00000")),
        ("0047", "2025-04", "4790", Decimal("250.50000")),
    ]
    assert world.inputs_versions() == {"0046:2025": 1, "0047:2025": 1}
    assert ("forecasting.pl.refresh", "BudgetLoaded", "0046") in world.events()


def test_the_run_ledger_names_the_read_and_its_requests_and_no_secret(
    make_world: MakeWorld, server: ScriptedServer
) -> None:
    world = budget_world(make_world, server)
    server.answer(BUDGET_PATH, page_of(budget_row()), page_of())

    outcome, _ = world.run_all("budget_api")

    ((object_name, parameters, rows),) = world.published(
        sync_run_sources,
        "object_name",
        "parameters",
        "row_count",
        where=sync_run_sources.c.sync_run_id == outcome.sync_run_id,
    )
    assert (object_name, rows) == ("Budget API", 1)
    assert _asked(server, 2025)[0].headers["x-request-id"] in parameters
    assert "token" not in parameters
    assert "127.0.0.1" not in parameters


def test_periods_currencies_and_accounts_are_brought_to_ours(make_world: MakeWorld, server: ScriptedServer) -> None:
    world = budget_world(make_world, server)
    world.write(account_mappings, _mapping("X1", 1), _mapping("X2", -1))
    world.write(currency_rates, {"currency": "CAD", "period": "2025-04", "rate_to_usd": Decimal("0.75"), **STAMP})
    rows = [
        budget_row(period="202501", periodType="quarter", amount="100"),
        budget_row("0047", "40", currency="CAD", account="X1"),
        budget_row("0047", "10", account="X2"),
    ]
    server.answer(BUDGET_PATH, page_of(*rows), page_of())

    outcome, _ = world.run_all("budget_api")

    assert outcome.end.rows_accepted == 5
    assert published_budget(world) == [
        ("0046", "2025-01", "7045", Decimal("33.33333")),
        ("0046", "2025-02", "7045", Decimal("33.33333")),
        ("0046", "2025-03", "7045", Decimal("33.33334")),
        ("0047", "2025-04", "7045", Decimal("20.00000")),
    ]


def _mapping(account: str, sign_factor: int) -> dict[str, Any]:
    return {
        "source_account": account,
        "main_account": "7045",
        "sign_factor": sign_factor,
        "effective_from": "2025-01",
        **STAMP,
    }


def test_on_weekdays_only_the_sites_that_changed_are_read_again(make_world: MakeWorld, server: ScriptedServer) -> None:
    world = budget_world(make_world, server)
    _first_read(world, server, budget_row(), budget_row(period="2025-05"), budget_row("0047"))
    changed = budget_row(amount="120", updatedAt="2025-06-10T20:00:00Z")
    server.answer(BUDGET_PATH, page_of(changed), page_of(changed, budget_row(period="2025-06")), page_of())

    outcome = _this_year(world)

    question, answer = _asked(server, 2025)
    assert question.query["updatedSince"] == ["2025-06-01T07:50:00Z"]
    assert "siteId" not in question.query
    assert answer.query["siteId"] == ["0046"]
    assert "updatedSince" not in answer.query
    assert outcome.slice == "changes-year-2025"
    end = outcome.end
    assert (end.state, end.rows_inserted, end.rows_updated, end.rows_deleted) == ("succeeded", 1, 1, 1)
    assert published_budget(world) == [
        ("0046", "2025-04", "7045", Decimal("120.00000")),
        ("0046", "2025-06", "7045", Decimal("100.00000")),
        ("0047", "2025-04", "7045", Decimal("100.00000")),
    ]


def test_a_changed_part_of_a_mapped_account_leaves_the_other_parts_in_its_sum(
    make_world: MakeWorld, server: ScriptedServer
) -> None:
    world = budget_world(make_world, server)
    world.write(account_mappings, _mapping("X1", 1), _mapping("X2", 1))
    _first_read(world, server, budget_row(account="X1"), budget_row(account="X2", amount="40"))
    changed = budget_row(account="X2", amount="50")
    server.answer(BUDGET_PATH, page_of(changed), page_of(budget_row(account="X1"), changed), page_of())

    _this_year(world)

    assert published_budget(world) == [("0046", "2025-04", "7045", Decimal("150.00000"))]


def test_a_day_without_changes_asks_once_and_changes_nothing(make_world: MakeWorld, server: ScriptedServer) -> None:
    world = budget_world(make_world, server)
    _first_read(world, server, budget_row())
    server.answer(BUDGET_PATH, page_of(), page_of())

    outcome = _this_year(world)

    assert (outcome.end.state, outcome.end.rows_read) == ("unchanged", 0)
    assert len(_asked(server, 2025)) == 1
    assert _watermark(world, "changes-year-2025") == "2025-06-01T08:00:00.000Z"


def test_on_sundays_the_year_is_read_in_full_and_what_is_gone_disappears(
    make_world: MakeWorld, server: ScriptedServer
) -> None:
    world = budget_world(make_world, server)
    _first_read(world, server, budget_row(), budget_row("0047"))
    server.answer(BUDGET_PATH, page_of(budget_row()), page_of())

    outcome = _this_year(world, SUNDAY)

    assert "updatedSince" not in _asked(server, 2025)[0].query
    assert (outcome.slice, outcome.end.rows_deleted) == ("year-2025", 1)
    assert published_budget(world) == [("0046", "2025-04", "7045", Decimal("100.00000"))]


def test_a_stretch_that_is_asked_for_is_read_in_full(make_world: MakeWorld, server: ScriptedServer) -> None:
    world = budget_world(make_world, server)
    _first_read(world, server, budget_row())
    server.answer(BUDGET_PATH, page_of(budget_row(period="2024-03")))

    (outcome,) = world.run_all("budget_api", stretch=(date(2024, 3, 1), date(2024, 3, 31)))

    assert (outcome.slice, outcome.end.state) == ("year-2024", "succeeded")
    assert len(published_budget(world)) == 2


def test_when_many_sites_changed_the_whole_year_is_read_and_unseen_sites_stay(
    make_world: MakeWorld, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(budget_api, "MOST_SITES_AGAIN", 0)
    world = budget_world(make_world, server)
    _first_read(world, server, budget_row(), budget_row("0047"))
    server.answer(BUDGET_PATH, page_of(budget_row(amount="120")), page_of(budget_row(amount="120")), page_of())

    _this_year(world)

    assert "siteId" not in _asked(server, 2025)[1].query
    assert [row[3] for row in published_budget(world)] == [Decimal("120.00000"), Decimal("100.00000")]


@pytest.mark.parametrize(
    ("moments", "watermark"),
    [
        (["2025-06-01T08:00:00Z", "2025-06-02T10:30:00+02:00"], "2025-06-02T08:30:00.000Z"),
        (["2025-06-10T23:00:00Z"], "run"),
        ([None], None),
    ],
)
def test_the_watermark_is_the_latest_moment_but_five_minutes_before_the_run(
    make_world: MakeWorld, server: ScriptedServer, moments: list[str | None], watermark: str | None
) -> None:
    world = budget_world(make_world, server)
    rows = [budget_row(period=f"2025-{month:02d}", updatedAt=moment) for month, moment in enumerate(moments, start=1)]
    server.answer(BUDGET_PATH, page_of(*rows), page_of())

    world.run_all("budget_api")

    started = (world.clock.now() - timedelta(minutes=5)).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    assert _watermark(world, "year-2025") == (started if watermark == "run" else watermark)


def test_a_row_that_is_refused_does_not_move_the_watermark(make_world: MakeWorld, server: ScriptedServer) -> None:
    world = budget_world(make_world, server)
    good = [budget_row(period=f"2025-{month:02d}") for month in range(1, 13)] * 2
    refused = budget_row(account="9999", updatedAt="2025-06-09T08:00:00Z")
    unknown = budget_row("9999", updatedAt="2025-06-09T08:00:00Z")
    server.answer(BUDGET_PATH, page_of(*good, refused, unknown), page_of())

    outcome, _ = world.run_all("budget_api")

    assert world.rejects(outcome) == [("UNMAPPED_ACCOUNT", "account")]
    assert outcome.end.rows_ignored == 1
    assert _watermark(world, "year-2025") == "2025-06-01T08:00:00.000Z"


def test_a_read_that_starts_again_forgets_what_it_had_staged(make_world: MakeWorld, server: ScriptedServer) -> None:
    world = budget_world(make_world, server)
    good = [budget_row(period=f"2025-{month:02d}") for month in range(1, 13)] * 2
    server.answer(
        BUDGET_PATH,
        page_of(budget_row("0047", updatedAt="2025-06-08T08:00:00Z"), budget_row(account=None), total=3, more=True),
        page_of(budget_row(), page=2, total=4),
        page_of(*good, total=25, more=True),
        page_of(budget_row(amount="x"), page=2, total=25),
        page_of(),
    )

    outcome, _ = world.run_all("budget_api")

    end = outcome.end
    assert (end.state, end.rows_read, end.rows_accepted, end.rows_rejected) == ("succeeded", 25, 24, 1)
    assert world.rejects(outcome) == [("BAD_TYPE", "amount")]
    assert {row[0] for row in published_budget(world)} == {"0046"}
    assert _watermark(world, "year-2025") == "2025-06-01T08:00:00.000Z"


def test_pages_that_never_fit_together_publish_nothing(make_world: MakeWorld, server: ScriptedServer) -> None:
    world = budget_world(make_world, server)
    server.answer(BUDGET_PATH, *[page_of(budget_row(), total=3)] * 2, page_of())

    outcome, _ = world.run_all("budget_api")

    assert (outcome.end.state, outcome.end.error_code) == ("failed", "INCOMPLETE_READ")
    assert published_budget(world) == []


def test_a_source_that_fails_in_mid_read_publishes_nothing(make_world: MakeWorld, server: ScriptedServer) -> None:
    world = budget_world(make_world, server)
    server.answer(BUDGET_PATH, page_of(budget_row(), total=2, more=True), *[Reply(status=403)] * 2)

    outcome, _ = world.run_all("budget_api")

    assert (outcome.end.state, outcome.end.error_code) == ("failed", "SOURCE_PERMISSION")
    assert published_budget(world) == []
    assert len(world.published(stg_budget_api, "row_no")) == 1


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        (
            [budget_row(period=f"2025-{month:02d}", account=None if month == 1 else "7045") for month in range(1, 13)],
            "COMPLETENESS_BELOW_THRESHOLD",
        ),
        (
            [
                budget_row(period=f"2025-{month:02d}", account="9999" if month == 1 else "7045")
                for month in range(1, 13)
            ],
            "REJECT_RATIO_EXCEEDED",
        ),
        ([], "EMPTY_FEED"),
    ],
)
def test_a_fault_above_the_limits_publishes_nothing(
    make_world: MakeWorld, server: ScriptedServer, rows: list[object], code: str
) -> None:
    world = budget_world(make_world, server)
    server.answer(BUDGET_PATH, page_of(*rows), page_of())

    outcome, _ = world.run_all("budget_api")

    assert (outcome.end.state, outcome.end.error_code) == ("aborted", code)
    assert published_budget(world) == []


@pytest.mark.parametrize(
    ("row", "reject"),
    [
        (budget_row(period="2024-04"), ("INVALID_PERIOD", "period")),
        (budget_row(currency="CAD"), ("MISSING_CURRENCY_RATE", "currency")),
        (budget_row(amount="9999999999"), ("VALUE_OUT_OF_RANGE", "amount")),
        (budget_row(account="0000"), ("UNMAPPED_ACCOUNT", "account")),
        (budget_row("00-46"), ("BAD_VALUE", "siteId")),
    ],
)
def test_a_row_that_cannot_be_used_is_refused_and_the_others_are_taken(
    make_world: MakeWorld, server: ScriptedServer, row: object, reject: tuple[str, str]
) -> None:
    world = budget_world(make_world, server)
    good = [budget_row(period=f"2025-{month:02d}") for month in range(1, 13)] * 2
    server.answer(BUDGET_PATH, page_of(*good, row), page_of())

    outcome, _ = world.run_all("budget_api")

    assert outcome.end.state == "succeeded"
    assert world.rejects(outcome) == [reject]


def test_a_changed_row_without_its_site_is_refused_beside_the_sites_that_are_read_again(
    make_world: MakeWorld, server: ScriptedServer
) -> None:
    world = budget_world(make_world, server)
    good = [budget_row(period=f"2025-{month:02d}") for month in range(1, 13)] * 4
    _first_read(world, server, *good)
    refused = budget_row(account="9999")
    server.answer(BUDGET_PATH, page_of(budget_row(None), refused), page_of(*good, refused), page_of())

    outcome = _this_year(world)

    assert _asked(server, 2025)[1].query["siteId"] == ["0046"]
    assert world.rejects(outcome) == [("MISSING_FIELD", "siteId"), ("UNMAPPED_ACCOUNT", "account")]
    assert (outcome.end.state, outcome.end.rows_read, outcome.end.rows_rejected) == ("unchanged", 50, 2)
