"""Posted balances for runs of the ledger feed: the simplest feed there is."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from shared_code.services.extraction import windows
from shared_code.services.extraction.feed import Feed, Publication, Published, SliceRequest
from shared_code.services.extraction.feeds.account_balances import LEDGER_FEED
from shared_code.services.extraction.run import Order, RunOutcome, run_slice
from shared_code.sources.warehouse.objects import account_summary
from shared_code.storage.tables.facts import actual_account_months
from tests.services.extraction.world import TUESDAY, World


def post(world: World, count: int, *, balance: str | None = "10", site: str = "0001", first: int = 0) -> None:
    """`count` posted balances of June, each of an account of its own; every thousand at the next site."""
    amount = None if balance is None else Decimal(balance)
    rows = [
        {
            "COST_CENTER": f"{int(site) + number // 1000:04d}",
            "PERIOD": 202506,
            "MAIN_ACCOUNT": str(1000 + number % 1000),
            "BALANCE": amount,
            "ENTITY": "01",
        }
        for number in range(first, first + count)
    ]
    world.deliver(account_summary, *rows)


def published_balances(world: World) -> list[Any]:
    """Site, month, account and balance of what is published."""
    return world.published(actual_account_months, "site_id", "period", "main_account", "balance")


def run_ledger(world: World, feed: Feed, **order: Any) -> RunOutcome:
    """A run of the ledger feed as a test has changed it, an hour after whatever ran before."""
    world.clock.moment += timedelta(hours=1)
    (slice_,) = windows.recent_periods(SliceRequest(TUESDAY))
    return run_slice(world.runtime, feed, slice_, TUESDAY, Order(**order))


def failing_ledger(error: Callable[[], Exception], times: int = 1) -> Feed:
    """The ledger feed, whose publication fails after it has written everything."""
    failures = [error() for _ in range(times)]

    def publish(publication: Publication) -> Published:
        published = LEDGER_FEED.publish(publication)
        if failures:
            raise failures.pop()
        return published

    return replace(LEDGER_FEED, publish=publish)
