"""Daily and monthly actuals that the ledger does not have, for the P&L of a batch of sites: one query a table.

Source: Data model, "Published source facts"; Calculations, "Current month".
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import date
from decimal import Decimal
from itertools import chain
from typing import Any

from sqlalchemy import Connection, Select, select

from shared_code.domain.actual_payroll import RecordedLabor
from shared_code.domain.months import first_day, period_of
from shared_code.domain.site_scope import SiteScope
from shared_code.domain.site_year_inputs import RecordedDays
from shared_code.domain.statistics import Category
from shared_code.storage.database import within
from shared_code.storage.tables.facts import actual_parking_months, actual_payroll_days, actual_statistic_days

ROWS_PER_FETCH = 10_000

SiteMonth = tuple[str, str]
"""A site and a month (`YYYY-MM`)."""


def recorded_days(
    connection: Connection, scope: SiteScope, running: Mapping[str, date], by_category: Collection[str]
) -> dict[str, RecordedDays]:
    """The daily actuals of each site from the first of its running month to its business date.

    The sites of `by_category` have the revenue of the categories too.
    """
    if not running:
        return {}
    first, last = min(first_day(period_of(day)) for day in running.values()), max(running.values())
    revenue: defaultdict[str, dict[date, Decimal]] = defaultdict(dict)
    rooms: defaultdict[str, dict[date, Decimal]] = defaultdict(dict)
    labor: defaultdict[str, list[RecordedLabor]] = defaultdict(list)
    categories: defaultdict[str, dict[date, dict[Category, Decimal]]] = defaultdict(dict)
    months = {site_id: first_day(period_of(today)) for site_id, today in running.items()}
    for site_id, day, net, occupied_rooms in _rows(connection, _statistic_days(scope, first, last)):
        if months[site_id] <= day <= running[site_id]:
            if net is not None:
                revenue[site_id][day] = net
            if occupied_rooms is not None:
                rooms[site_id][day] = occupied_rooms
    if by_category:
        for site_id, day, *amounts in _rows(connection, _category_days(scope.narrowed_to(by_category), first, last)):
            if months[site_id] <= day <= running[site_id]:
                pairs = zip(Category, amounts, strict=True)
                categories[site_id][day] = {category: amount for category, amount in pairs if amount is not None}
    for site_id, day, job_code, hours, overtime, dollars in _rows(connection, _payroll_days(scope, first, last)):
        if months[site_id] <= day <= running[site_id]:
            labor[site_id].append(RecordedLabor(job_code, day, hours - overtime, overtime, dollars))
    return {
        site_id: RecordedDays(revenue[site_id], rooms[site_id], labor[site_id], categories[site_id])
        for site_id in running
    }


def category_months(
    connection: Connection, scope: SiteScope, first: str, last: str
) -> dict[SiteMonth, dict[Category, Decimal]]:
    """Recorded net revenue by category of the months from `first` to `last`."""
    table = actual_parking_months
    statement = select(table.c.site_id, table.c.period, table.c.category, table.c.revenue).where(
        within(scope, table.c.site_id), table.c.period.between(first, last)
    )
    found: defaultdict[SiteMonth, dict[Category, Decimal]] = defaultdict(dict)
    for site_id, period, category, revenue in _rows(connection, statement):
        found[site_id, period][Category(category)] = revenue
    return found


def _statistic_days(scope: SiteScope, first: date, last: date) -> Select[Any]:
    table = actual_statistic_days
    return select(table.c.site_id, table.c.stat_date, table.c.total_net_revenue, table.c.occupied_rooms).where(
        within(scope, table.c.site_id), table.c.stat_date.between(first, last)
    )


def _category_days(scope: SiteScope, first: date, last: date) -> Select[Any]:
    table = actual_statistic_days
    columns = [table.c[f"{category.value}_revenue"] for category in Category]
    return select(table.c.site_id, table.c.stat_date, *columns).where(
        within(scope, table.c.site_id), table.c.stat_date.between(first, last)
    )


def _payroll_days(scope: SiteScope, first: date, last: date) -> Select[Any]:
    table = actual_payroll_days
    columns = [
        table.c[name]
        for name in ("site_id", "work_date", "job_code_id", "hours_ex_premium", "overtime_hours", "dollars_all")
    ]
    return select(*columns).where(within(scope, table.c.site_id), table.c.work_date.between(first, last))


def _rows(connection: Connection, statement: Select[Any]) -> Iterable[Any]:
    """The rows of `statement`, some thousands at a time."""
    return chain.from_iterable(connection.execute(statement).partitions(ROWS_PER_FETCH))
