"""What the statistics of one site are made of besides what is shared with the P&L: budget, recorded days, notes.

Every function takes the scope of the caller and the first and last month (`YYYY-MM`) or day, both included.

Source: Data model, "Forecast input" and "Published source facts".
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy import Connection, select

from shared_code.domain.parking_rates import REVENUE_ACCOUNTS
from shared_code.domain.pnl_lines import EXTERNAL_REVENUE_ACCOUNT
from shared_code.domain.site_scope import SiteScope
from shared_code.domain.statistics import OCCUPIED_ROOMS_ACCOUNT, VEHICLE_ACCOUNTS, StatisticsDay
from shared_code.sql.lists import in_list
from shared_code.storage.database import within
from shared_code.storage.tables.facts import actual_statistic_days, budget_account_months
from shared_code.storage.tables.forecasts import site_statistic_days, site_statistics

ACCOUNTS = frozenset(
    {EXTERNAL_REVENUE_ACCOUNT, OCCUPIED_ROOMS_ACCOUNT, *REVENUE_ACCOUNTS.values(), *VEHICLE_ACCOUNTS.values()}
)
"""The accounts that rooms, vehicles, rates and external revenue have in the budget."""


@dataclass(frozen=True, slots=True)
class RecordedDay:
    """Rooms and vehicles that were counted on a day, and the net external revenue in dollars; None: not recorded."""

    counts: StatisticsDay
    net_revenue: Decimal | None


def budget_accounts(
    connection: Connection, scope: SiteScope, site_id: str, first: str, last: str
) -> dict[str, dict[str, Decimal]]:
    """The budget balances by month and account; a month without a budget has no entry."""
    table = budget_account_months
    rows = connection.execute(
        select(table.c.period, table.c.main_account, table.c.balance).where(
            within(scope.narrowed_to([site_id]), table.c.site_id),
            table.c.period.between(first, last),
            in_list(table.c.main_account, ACCOUNTS),
        )
    )
    found: defaultdict[str, dict[str, Decimal]] = defaultdict(dict)
    for period, account, balance in rows:
        found[period][account] = balance
    return dict(found)


def recorded_statistics(
    connection: Connection, scope: SiteScope, site_id: str, first: date, last: date
) -> dict[date, RecordedDay]:
    """The days whose actual figures have loaded, in order."""
    table = actual_statistic_days
    rows = connection.execute(
        select(table.c.stat_date, table.c.total_net_revenue, *[table.c[name] for name in _COUNTS])
        .where(within(scope.narrowed_to([site_id]), table.c.site_id), table.c.stat_date.between(first, last))
        .order_by(table.c.stat_date)
    )
    return {
        day: RecordedDay(StatisticsDay(day, **dict(zip(_COUNTS, counts, strict=True))), net)
        for day, net, *counts in rows
    }


def statistics_notes(connection: Connection, scope: SiteScope, site_id: str, first: str, last: str) -> dict[date, str]:
    """The notes of the days that have one."""
    heads, days = site_statistics, site_statistic_days
    rows = connection.execute(
        select(days.c.stat_date, days.c.note)
        .join_from(heads, days, days.c.site_statistics_id == heads.c.site_statistics_id)
        .where(
            within(scope.narrowed_to([site_id]), heads.c.site_id),
            heads.c.period.between(first, last),
            heads.c.is_active,
            days.c.note.is_not(None),
        )
    )
    return {row.stat_date: row.note for row in rows}


_COUNTS = ("occupied_rooms", *VEHICLE_ACCOUNTS, "valet_aggregator", "self_aggregator")
"""Columns of a recorded day that are fields of a `StatisticsDay`."""
