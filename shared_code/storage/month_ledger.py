"""The budget and the actuals of some months of a site, as the modules of a forecast show them beside saved values.

Source: Data model, "Published source facts".
"""

from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, Select, Table, func, select

from shared_code.domain.ledger import Balance
from shared_code.domain.pnl_lines import UNMAPPED
from shared_code.domain.site_scope import SiteScope
from shared_code.domain.statistics import Category
from shared_code.storage.database import within
from shared_code.storage.tables.accounts import accounts
from shared_code.storage.tables.facts import actual_account_months, actual_parking_months, budget_account_months


@dataclass(frozen=True, slots=True)
class ParkedMonth:
    """What parkers of a category paid in a month, in net dollars, and their vehicles."""

    revenue: Decimal
    vehicles: Decimal


def budget_balances(
    connection: Connection, scope: SiteScope, site_id: str, first: str, last: str
) -> dict[str, list[Balance]]:
    """The budget of the months from `first` to `last` (`YYYY-MM`), one entry an account; a month without has none."""
    return _by_month(connection, _balances(budget_account_months, scope, site_id, first, last))


def posted_balances(
    connection: Connection, scope: SiteScope, site_id: str, first: str, last: str
) -> dict[str, list[Balance]]:
    """What the ledger has of the months from `first` to `last`, the entities of an account added."""
    return _by_month(connection, _balances(actual_account_months, scope, site_id, first, last))


def parked_months(
    connection: Connection, scope: SiteScope, site_id: str, first: str, last: str
) -> dict[tuple[str, Category], ParkedMonth]:
    """Recorded revenue and vehicles by month and category."""
    table = actual_parking_months
    statement = select(table.c.period, table.c.category, table.c.revenue, table.c.vehicles).where(
        within(scope.narrowed_to([site_id]), table.c.site_id), table.c.period.between(first, last)
    )
    return {
        (period, Category(category)): ParkedMonth(revenue, vehicles)
        for period, category, revenue, vehicles in connection.execute(statement)
    }


def _balances(table: Table, scope: SiteScope, site_id: str, first: str, last: str) -> Select[Any]:
    line = func.coalesce(accounts.c.pnl_line, UNMAPPED)
    balance = func.sum(table.c.balance, type_=table.c.balance.type)
    return (
        select(table.c.period, table.c.main_account, line, balance)
        .outerjoin_from(table, accounts, accounts.c.main_account == table.c.main_account)
        .where(within(scope.narrowed_to([site_id]), table.c.site_id), table.c.period.between(first, last))
        .group_by(table.c.period, table.c.main_account, accounts.c.pnl_line)
        .order_by(table.c.period, table.c.main_account)
    )


def _by_month(connection: Connection, statement: Select[Any]) -> dict[str, list[Balance]]:
    found: defaultdict[str, list[Balance]] = defaultdict(list)
    for period, account, line, balance in connection.execute(statement):
        found[period].append(Balance(account, line, balance))
    return dict(found)
