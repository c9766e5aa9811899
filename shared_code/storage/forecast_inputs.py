"""What users have saved for the months of a batch of sites: one query a table, however many sites and months.

Every function takes the scope of the caller, the sites wanted of it, and the first and last month (`YYYY-MM`, both
included); it returns what is saved by site and month. A site-month in which nothing is saved has no entry.

Source: Data model, "Forecast input"; Calculations, "Records".
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from itertools import chain
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, select

from shared_code.domain.external_revenue import Override
from shared_code.domain.internal_revenue import Adjustment
from shared_code.domain.labor_hours import LaborDay
from shared_code.domain.months import first_day, last_day, period_of
from shared_code.domain.other_revenue import OtherRevenueItems
from shared_code.domain.site_scope import SiteScope
from shared_code.domain.statistics import Category, StatisticsDay
from shared_code.storage.database import within
from shared_code.storage.tables.forecasts import (
    external_revenue_inputs,
    internal_revenue_adjustments,
    other_expenses,
    other_revenues,
    parking_rates,
    payroll_forecast_days,
    site_statistic_days,
    site_statistics,
)

SiteMonth = tuple[str, str]
"""A site and a month (`YYYY-MM`)."""

ROWS_PER_FETCH = 10_000
"""Rows of one fetch: a batch of sites is never held as rows and as records at once."""


@dataclass(frozen=True, slots=True)
class SavedLevers:
    """The saved adjustment (a signed fraction) and the override of external revenue of a site-month."""

    adjustment_percent: Decimal | None
    override: Override | None


def saved_statistics(
    connection: Connection, scope: SiteScope, site_ids: Iterable[str], first: str, last: str
) -> dict[SiteMonth, list[StatisticsDay]]:
    """The saved days of the statistics, in their order. A month that was reset to budget has none."""
    heads, days = site_statistics, site_statistic_days
    statement = (
        select(heads.c.site_id, heads.c.period, *[days.c[name] for name in _DAY_COLUMNS])
        .join_from(heads, days, days.c.site_statistics_id == heads.c.site_statistics_id)
        .where(_chosen(heads, scope, site_ids, first, last), heads.c.is_active)
        .order_by(heads.c.site_id, days.c.stat_date)
    )
    found: defaultdict[SiteMonth, list[StatisticsDay]] = defaultdict(list)
    for site_id, period, *values in _rows(connection, statement):
        found[site_id, period].append(StatisticsDay(*values))
    return dict(found)


def saved_parking_rates(
    connection: Connection, scope: SiteScope, site_ids: Iterable[str], first: str, last: str
) -> dict[SiteMonth, dict[Category, Decimal]]:
    """The saved rates in dollars per vehicle, by category."""
    table = parking_rates
    statement = select(table.c.site_id, table.c.period, table.c.category, table.c.rate).where(
        _chosen(table, scope, site_ids, first, last)
    )
    found: defaultdict[SiteMonth, dict[Category, Decimal]] = defaultdict(dict)
    for site_id, period, category, rate in _rows(connection, statement):
        found[site_id, period][_CATEGORIES[category]] = rate
    return dict(found)


def saved_levers(
    connection: Connection, scope: SiteScope, site_ids: Iterable[str], first: str, last: str
) -> dict[SiteMonth, SavedLevers]:
    """Adjustment and override of external revenue."""
    table = external_revenue_inputs
    columns = [table.c[name] for name in ("adjustment_percent", "override_amount", "override_reason")]
    statement = select(table.c.site_id, table.c.period, *columns).where(_chosen(table, scope, site_ids, first, last))
    return {
        (site_id, period): SavedLevers(adjustment, None if amount is None else Override(amount, reason))
        for site_id, period, adjustment, amount, reason in _rows(connection, statement)
        if adjustment is not None or amount is not None
    }


def saved_hours(
    connection: Connection, scope: SiteScope, site_ids: Iterable[str], first: str, last: str
) -> dict[SiteMonth, list[LaborDay]]:
    """The saved hours by day and job code, in the order of the days; a day without any value is left out."""
    table = payroll_forecast_days
    columns = [table.c[name] for name in ("site_id", "job_code_id", "work_date", "regular_hours", "overtime_hours")]
    statement = (
        select(*columns)
        .where(within(scope.narrowed_to(site_ids), table.c.site_id))
        .where(table.c.work_date.between(first_day(first), last_day(last)))
        .order_by(table.c.site_id, table.c.work_date, table.c.job_code_id)
    )
    found: defaultdict[SiteMonth, list[LaborDay]] = defaultdict(list)
    for site_id, *values in _rows(connection, statement):
        job_code, day, regular, overtime = values
        if regular is not None or overtime is not None:
            found[site_id, period_of(day)].append(LaborDay(job_code, day, regular, overtime))
    return dict(found)


def saved_other_revenue(
    connection: Connection, scope: SiteScope, site_ids: Iterable[str], first: str, last: str
) -> dict[SiteMonth, OtherRevenueItems]:
    """The saved items of other revenue in dollars."""
    table = other_revenues
    statement = select(table.c.site_id, table.c.period, table.c.item, table.c.amount).where(
        _chosen(table, scope, site_ids, first, last)
    )
    found: defaultdict[SiteMonth, dict[str, Decimal]] = defaultdict(dict)
    for site_id, period, item, amount in _rows(connection, statement):
        found[site_id, period][item] = amount
    return {site_month: OtherRevenueItems(**items) for site_month, items in found.items()}


def saved_other_expenses(
    connection: Connection, scope: SiteScope, site_ids: Iterable[str], first: str, last: str
) -> dict[SiteMonth, dict[str, Decimal]]:
    """The saved amounts of expense accounts in dollars, by account."""
    table = other_expenses
    statement = select(table.c.site_id, table.c.period, table.c.main_account, table.c.amount).where(
        _chosen(table, scope, site_ids, first, last)
    )
    found: defaultdict[SiteMonth, dict[str, Decimal]] = defaultdict(dict)
    for site_id, period, account, amount in _rows(connection, statement):
        found[site_id, period][account] = amount
    return dict(found)


def saved_adjustments(
    connection: Connection, scope: SiteScope, site_ids: Iterable[str], first: str, last: str
) -> dict[SiteMonth, list[Adjustment]]:
    """The adjustments of internal revenue with their reasons, by category in order."""
    table = internal_revenue_adjustments
    columns = [table.c[name] for name in ("site_id", "period", "amount", "reason", "category")]
    statement = (
        select(*columns).where(_chosen(table, scope, site_ids, first, last)).order_by(table.c.site_id, table.c.category)
    )
    found: defaultdict[SiteMonth, list[Adjustment]] = defaultdict(list)
    for site_id, period, *values in _rows(connection, statement):
        found[site_id, period].append(Adjustment(*values))
    return dict(found)


_CATEGORIES = {category.value: category for category in Category}
_DAY_COLUMNS = ["stat_date", *[field for field in StatisticsDay.__dataclass_fields__ if field != "day"]]
"""Columns of a day in the order of the record."""


def _chosen(table: Table, scope: SiteScope, site_ids: Iterable[str], first: str, last: str) -> ColumnElement[bool]:
    """The rows of a table of months that are asked for."""
    return within(scope.narrowed_to(site_ids), table.c.site_id) & table.c.period.between(first, last)


def _rows(connection: Connection, statement: Any) -> Iterable[Any]:
    """The rows of `statement`, some thousands at a time."""
    return chain.from_iterable(connection.execute(statement).partitions(ROWS_PER_FETCH))
