"""The feeds by name, in the order in which they build on one another: masters first.

Source: Source side, "Incremental strategy" (feed names).
"""

from typing import Final

from shared_code.errors import InvalidInputError
from shared_code.services.extraction.feed import Feed
from shared_code.services.extraction.feeds import (
    budget_api,
    budget_payroll,
    chart_of_accounts,
    daily_revenue,
    gl_accounts,
    paid_hours,
    parking_rates_actual,
    salaries,
    sites,
    unit_accounts,
    user_scopes,
    wage_rates,
    workday_api,
)
from shared_code.services.extraction.feeds.account_balances import BUDGET_FEED, LEDGER_FEED
from shared_code.services.extraction.feeds.schedule import SCHEDULE_COST_FEED, SHIFTS_FEED

FEEDS: Final[dict[str, Feed]] = {
    feed.name: feed
    for feed in (
        sites.FEED,
        chart_of_accounts.FEED,
        wage_rates.FEED,
        salaries.FEED,
        workday_api.FEED,
        user_scopes.FEED,
        BUDGET_FEED,
        budget_api.FEED,
        LEDGER_FEED,
        budget_payroll.FEED,
        daily_revenue.FEED,
        parking_rates_actual.FEED,
        paid_hours.FEED,
        SHIFTS_FEED,
        SCHEDULE_COST_FEED,
        gl_accounts.FEED,
        unit_accounts.FEED,
    )
}

NAMED_ONLY: Final = frozenset({"unit_accounts"})
"""Feeds that are read only when they are named."""

ALIASES: Final = {"managers": "sites", "occupied_rooms": "daily_revenue"}
"""Names of what another feed's query reads as well."""


def resolve(name: str) -> Feed:
    """The feed of that name; raises `InvalidInputError` that lists the names there are."""
    feed = FEEDS.get(ALIASES.get(name, name))
    if feed is None:
        accepted = sorted([*FEEDS, *ALIASES])
        raise InvalidInputError(
            f"There is no feed {name!r}; there are {', '.join(accepted)}",
            field="feed",
            details={"providedValue": name, "accepted": accepted},
        )
    return feed
