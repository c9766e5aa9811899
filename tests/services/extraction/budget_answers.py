"""The budget API as the tests script it: a world that reads it, its rows and its pages."""

from datetime import date
from typing import Any

from shared_code.sources.budget_api import BudgetApi
from shared_code.sources.warehouse.objects import chart_of_account
from shared_code.storage.tables.facts import budget_account_months
from tests.services.extraction.conftest import MakeWorld
from tests.services.extraction.world import World
from tests.sources.scripted_server import Reply, ScriptedServer

TOKEN_PATH = "/oauth2/token"
SUNDAY = date(2025, 6, 15)


def budget_world(make_world: MakeWorld, server: ScriptedServer, source: str = "api") -> World:
    """Sites 0046 and 0047, accounts 4790 (internal revenue) and 7045 (other expense), and the API."""
    server.answer(TOKEN_PATH, *[Reply({"access_token": "token", "expires_in": 86_400})] * 20)
    world = make_world(
        budget_source=source,
        budget_api_host=server.address,
        budget_token_url=server.address + TOKEN_PATH,
        budget_client_id="forecasting",
        budget_client_secret="a-client-secret",
    )
    runtime = world.runtime
    api = BudgetApi(runtime.settings, clock=world.clock, sleep=lambda _: None, jitter=lambda: 0.0)
    runtime.__dict__["budget_api"] = api
    world.know_sites("0046", "0047")
    world.deliver(
        chart_of_account,
        {"MAIN_ACCOUNT": "4790", "IS_SUMMARY_CATEGORY": "INTERNAL REVENUE"},
        {"MAIN_ACCOUNT": "7045", "IS_SUMMARY_CATEGORY": "OTHER EXPENSE"},
    )
    world.run("chart_of_accounts")
    return world


def budget_row(site_id: str | None = "0046", amount: object = "100", **changes: object) -> dict[str, object]:
    """A row of the API for account 7045 in April."""
    row = {
        "siteId": site_id,
        "account": "7045",
        "period": "2025-04",
        "amount": amount,
        "updatedAt": "2025-06-01T08:00:00Z",
    }
    return row | changes


def page_of(*rows: object, page: int = 1, total: int | None = None, more: bool = False) -> Reply:
    """An answer of the API."""
    meta = {"page": page, "limit": 1000, "total": len(rows) if total is None else total, "hasMore": more}
    return Reply({"data": list(rows), "meta": meta})


def published_budget(world: World) -> list[Any]:
    """Site, month, account and amount of what is published."""
    return world.published(budget_account_months, "site_id", "period", "main_account", "amount")
