"""The budget API beside the warehouse's budget: which of the two fills a site-year."""

from collections.abc import Iterator
from decimal import Decimal

import pytest

from shared_code.sources.budget_api import BUDGET_PATH
from shared_code.sources.warehouse.objects import budget_final
from tests.services.extraction.budget_answers import SUNDAY, budget_row, budget_world, page_of, published_budget
from tests.services.extraction.conftest import MakeWorld
from tests.services.extraction.world import World
from tests.sources.scripted_server import ScriptedServer, scripted_server


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with scripted_server() as running:
        yield running


def _warehouse_budget(world: World, site_id: str, amount: int, period: str = "202504") -> None:
    row = {"COST_CENTER": site_id, "PERIOD": period, "MAIN_ACCOUNT": "7045", "BALANCE": Decimal(amount)}
    world.deliver(budget_final, row)


def test_the_api_fills_only_site_years_that_the_warehouse_does_not_have(
    make_world: MakeWorld, server: ScriptedServer
) -> None:
    world = budget_world(make_world, server, "edw_then_api")
    _warehouse_budget(world, "0046", 7)
    world.run_all("budget")
    server.answer(
        BUDGET_PATH, page_of(budget_row(period="2025-08"), budget_row("0047")), page_of(budget_row(period="2026-01"))
    )

    world.run_all("budget_api")

    assert published_budget(world) == [
        ("0046", "2025-04", "7045", Decimal("7.00000")),
        ("0046", "2026-01", "7045", Decimal("100.00000")),
        ("0047", "2025-04", "7045", Decimal("100.00000")),
    ]


def test_a_later_read_of_the_warehouse_leaves_what_the_api_has_filled(
    make_world: MakeWorld, server: ScriptedServer
) -> None:
    world = budget_world(make_world, server, "edw_then_api")
    _warehouse_budget(world, "0046", 7)
    world.run_all("budget")
    server.answer(BUDGET_PATH, page_of(budget_row("0047")), page_of())
    world.run_all("budget_api")

    this_year, _ = world.run_all("budget")

    assert this_year.end.state == "unchanged"
    assert [row[0] for row in published_budget(world)] == ["0046", "0047"]


@pytest.mark.parametrize("amount", [9, 100])
def test_a_site_year_that_the_warehouse_gets_later_is_the_warehouses_alone(
    make_world: MakeWorld, server: ScriptedServer, amount: int
) -> None:
    world = budget_world(make_world, server, "edw_then_api")
    _warehouse_budget(world, "0046", 7)
    world.run_all("budget")
    server.answer(BUDGET_PATH, page_of(budget_row("0047"), budget_row("0047", period="2025-05")), page_of())
    world.run_all("budget_api")
    _warehouse_budget(world, "0047", amount)

    world.run_all("budget")
    server.answer(BUDGET_PATH, page_of(budget_row("0047", "55"), budget_row("0047", "55", period="2025-05")), page_of())
    world.run_all("budget_api", SUNDAY)

    assert published_budget(world) == [
        ("0046", "2025-04", "7045", Decimal("7.00000")),
        ("0047", "2025-04", "7045", Decimal(f"{amount}.00000")),
    ]


def test_a_site_year_that_the_warehouse_loses_is_filled_by_the_api(
    make_world: MakeWorld, server: ScriptedServer
) -> None:
    world = budget_world(make_world, server, "edw_then_api")
    for site_id in ("0046", "0047"):
        _warehouse_budget(world, site_id, 7)
    world.run_all("budget")
    world.withdraw(budget_final, budget_final.c.COST_CENTER == "0047")
    world.run_all("budget")
    server.answer(BUDGET_PATH, page_of(budget_row("0046"), budget_row("0047")), page_of())

    world.run_all("budget_api")

    assert published_budget(world) == [
        ("0046", "2025-04", "7045", Decimal("7.00000")),
        ("0047", "2025-04", "7045", Decimal("100.00000")),
    ]


@pytest.mark.parametrize(("source", "feed"), [("api", "budget"), ("edw", "budget_api")])
def test_a_budget_that_is_not_the_chosen_source_is_not_read_even_when_it_is_named(
    make_world: MakeWorld, server: ScriptedServer, source: str, feed: str
) -> None:
    world = budget_world(make_world, server, source)
    _warehouse_budget(world, "0046", 7)

    assert world.run_all(feed) == []
    assert server.requests_to(BUDGET_PATH) == []
    assert published_budget(world) == []


def test_an_api_that_is_chosen_and_has_no_address_fails_and_says_what_is_missing(make_world: MakeWorld) -> None:
    world = make_world(budget_source="api")

    outcome, _ = world.run_all("budget_api")

    assert outcome.end.state == "failed"
    assert "BUDGET_API_HOST" in (outcome.end.error_text or "")
