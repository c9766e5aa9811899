"""What the P&L of a batch of sites is computed from: one query a table, however many sites and months.

Source: Calculations, "Inputs"; Data model, "Results and snapshots".
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, Select, String, Table, bindparam, cast, column, exists, func, select

from shared_code.domain.actual_payroll import RecordedLabor
from shared_code.domain.expense_rows import InsuranceRates
from shared_code.domain.ledger import Balance
from shared_code.domain.months import add_months, first_day, months_of_year, period_of
from shared_code.domain.payroll import SiteJobCode
from shared_code.domain.pnl_lines import UNMAPPED
from shared_code.domain.site_scope import SiteScope
from shared_code.domain.site_year_inputs import MonthBalances, RecordedDays, SiteTerms, SiteYearInputs
from shared_code.sql.lists import opened_list
from shared_code.sql.types import long_text
from shared_code.storage.database import within
from shared_code.storage.tables.accounts import accounts
from shared_code.storage.tables.facts import (
    actual_account_months,
    actual_payroll_days,
    actual_statistic_days,
    budget_account_months,
)
from shared_code.storage.tables.job_codes import site_job_codes
from shared_code.storage.tables.organisation import sites
from shared_code.storage.tables.results import pnl_site_years
from shared_code.storage.versions import SiteYear

ROWS_PER_FETCH = 10_000
"""Rows of one fetch: a batch of sites is never held as rows and as records at once."""

SiteMonth = tuple[str, str]


@dataclass(frozen=True, slots=True)
class PublishedMonths:
    """For which months (`YYYY-MM`) the sources have published anything, of whatever site."""

    budget: frozenset[str]
    ledger: frozenset[str]

    def has_budget(self, year: int) -> bool:
        """Whether there is a budget of `year`; it is published by the year."""
        return any(month in self.budget for month in months_of_year(year))

    def has_ledger(self, period: str, business_month: str) -> bool:
        """Whether the ledger has been read for `period`.

        A month that has just begun may have no balance yet: it is read together with the month before it.
        """
        return period in self.ledger or (period == business_month and add_months(period, -1) in self.ledger)


@dataclass(frozen=True, slots=True)
class ChartOfAccounts:
    """P&L line and name of every account."""

    lines: Mapping[str, str]
    names: Mapping[str, str]


def stored_site_years(connection: Connection) -> set[SiteYear]:
    """Every site-year whose P&L is stored."""
    rows = connection.execute(select(pnl_site_years.c.site_id, pnl_site_years.c.year))
    return {(row.site_id, row.year) for row in rows}


def time_zones(connection: Connection, scope: SiteScope) -> dict[str, str | None]:
    """Every site of `scope` and its time zone; None where it has none of its own."""
    rows = connection.execute(select(sites.c.site_id, sites.c.time_zone).where(within(scope, sites.c.site_id)))
    return {row.site_id: row.time_zone for row in rows}


def published_months(connection: Connection, years: Iterable[int]) -> PublishedMonths:
    """The months of `years`, and the month before each, for which the sources have published anything."""
    months = {month for year in years for month in (f"{year - 1}-12", *months_of_year(year))}
    return PublishedMonths(
        frozenset(connection.scalars(_months_in(budget_account_months, months))),
        frozenset(connection.scalars(_months_in(actual_account_months, months))),
    )


def site_year_inputs(
    connection: Connection,
    scope: SiteScope,
    year: int,
    business_dates: Mapping[str, date],
    published: PublishedMonths,
    insurance_rates: InsuranceRates,
) -> dict[str, SiteYearInputs]:
    """The inputs of `year` of the sites in `business_dates` (site to its business date) that lie in `scope`."""
    batch = scope.narrowed_to(business_dates)
    running = {site: today for site, today in business_dates.items() if today.year == year}
    chart = chart_of_accounts(connection)
    budget = _balances(connection, batch, budget_account_months, year, chart)
    posted = _balances(connection, batch, actual_account_months, year, chart)
    recorded = _recorded_days(connection, scope.narrowed_to(running), running)
    job_codes = _job_codes(connection, batch)
    has_budget = published.has_budget(year)

    def month(site_id: str, period: str, business_month: str) -> MonthBalances:
        key = (site_id, period)
        return MonthBalances(
            period,
            budget.get(key, ()) if has_budget else None,
            posted.get(key, ()) if published.has_ledger(period, business_month) else None,
        )

    return {
        site_id: SiteYearInputs(
            site_id,
            year,
            today,
            tuple(month(site_id, period, period_of(today)) for period in months_of_year(year)),
            recorded.get(site_id, RecordedDays()),
            SiteTerms(job_codes=job_codes.get(site_id, ()), insurance_rates=insurance_rates),
            chart.names,
        )
        for site_id, today in business_dates.items()
        if batch.covers(site_id)
    }


def chart_of_accounts(connection: Connection) -> ChartOfAccounts:
    """Line and name of all accounts."""
    rows = connection.execute(select(accounts.c.main_account, accounts.c.pnl_line, accounts.c.name)).all()
    return ChartOfAccounts(
        {row.main_account: row.pnl_line for row in rows}, {row.main_account: row.name for row in rows}
    )


def _balances(
    connection: Connection, scope: SiteScope, table: Table, year: int, chart: ChartOfAccounts
) -> dict[SiteMonth, list[Balance]]:
    """Ledger balances by site and month, one entry an account: entities of one account are added."""
    key = [table.c.site_id, table.c.period, table.c.main_account]
    statement = (
        select(*key, func.sum(table.c.balance, type_=table.c.balance.type))
        .where(within(scope, table.c.site_id), table.c.period.between(f"{year}-01", f"{year}-12"))
        .group_by(*key)
    )
    found: defaultdict[SiteMonth, list[Balance]] = defaultdict(list)
    known = {account: (account, line) for account, line in chart.lines.items()}
    for site_id, period, number, balance in _rows(connection, statement):
        account, line = known.get(number) or (number, UNMAPPED)
        found[site_id, period].append(Balance(account, line, balance))
    return found


def _recorded_days(connection: Connection, scope: SiteScope, running: Mapping[str, date]) -> dict[str, RecordedDays]:
    """The daily actuals of each site from the first of its running month to its business date."""
    if not running:
        return {}
    first, last = min(first_day(period_of(day)) for day in running.values()), max(running.values())
    revenue: defaultdict[str, dict[date, Decimal]] = defaultdict(dict)
    rooms: defaultdict[str, dict[date, Decimal]] = defaultdict(dict)
    labor: defaultdict[str, list[RecordedLabor]] = defaultdict(list)
    for site_id, day, net_revenue, occupied_rooms in _rows(connection, _statistic_days(scope, first, last)):
        if period_of(day) == period_of(running[site_id]):
            if net_revenue is not None:
                revenue[site_id][day] = net_revenue
            if occupied_rooms is not None:
                rooms[site_id][day] = occupied_rooms
    for site_id, day, job_code, hours, overtime, dollars in _rows(connection, _payroll_days(scope, first, last)):
        if period_of(day) == period_of(running[site_id]):
            labor[site_id].append(RecordedLabor(job_code, day, hours - overtime, overtime, dollars))
    return {site_id: RecordedDays(revenue[site_id], rooms[site_id], labor[site_id]) for site_id in running}


def _statistic_days(scope: SiteScope, first: date, last: date) -> Select[Any]:
    table = actual_statistic_days
    return select(table.c.site_id, table.c.stat_date, table.c.total_net_revenue, table.c.occupied_rooms).where(
        within(scope, table.c.site_id), table.c.stat_date.between(first, last)
    )


def _payroll_days(scope: SiteScope, first: date, last: date) -> Select[Any]:
    table = actual_payroll_days
    columns = [
        table.c[name]
        for name in ("site_id", "work_date", "job_code_id", "hours_ex_premium", "overtime_hours", "dollars_all")
    ]
    return select(*columns).where(within(scope, table.c.site_id), table.c.work_date.between(first, last))


def _job_codes(connection: Connection, scope: SiteScope) -> dict[str, list[SiteJobCode]]:
    """The active job codes of every site."""
    table = site_job_codes
    statement = select(
        table.c.site_id,
        table.c.job_code_id,
        table.c.is_salaried,
        table.c.allocated_annual_salary,
        table.c.active_employee_count,
    ).where(within(scope, table.c.site_id), table.c.is_active)
    found: defaultdict[str, list[SiteJobCode]] = defaultdict(list)
    for site_id, job_code, salaried, salary, employees in _rows(connection, statement):
        found[site_id].append(SiteJobCode(job_code, salaried, salary, Decimal(employees)))
    return found


def _months_in(table: Table, months: Iterable[str]) -> Select[str]:
    """Those of `months` for which `table` has a row; each is one look into the index."""
    listed = bindparam("months", json.dumps(sorted(months)), type_=long_text())
    month = cast(opened_list(listed).table_valued(column("value", String())).c.value, String(7))
    return select(month).where(exists(select(1).where(table.c.period == month)))


def _rows(connection: Connection, statement: Select[Any]) -> Iterable[Any]:
    """The rows of `statement`, some thousands at a time."""
    return connection.execute(statement, execution_options={"yield_per": ROWS_PER_FETCH})
