"""What the P&L of a batch of sites is computed from: one query a table, however many sites and months.

Source: Calculations, "Inputs"; Data model, "Results and snapshots".
"""

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import chain, pairwise
from typing import Any

from sqlalchemy import Connection, Select, String, Table, bindparam, cast, column, exists, func, select

from shared_code.domain.contract import Contract, FeeType
from shared_code.domain.expense_rows import InsuranceRates
from shared_code.domain.ledger import Balance
from shared_code.domain.months import add_months, months_of_year, period_of
from shared_code.domain.pnl_lines import UNMAPPED
from shared_code.domain.site_scope import SiteScope
from shared_code.domain.site_year_inputs import (
    NO_RECORDED_DAYS,
    NOTHING_RECORDED,
    NOTHING_SAVED,
    MonthInputs,
    RecordedDays,
    RecordedMonth,
    SiteTerms,
    SiteYearInputs,
)
from shared_code.domain.trend_figures import accumulates_by_anniversary
from shared_code.sql.lists import opened_list
from shared_code.sql.types import long_text
from shared_code.storage import feed_versions, pnl_labor
from shared_code.storage.contracts import StoredContract, contract_in_force, load_contracts
from shared_code.storage.database import within
from shared_code.storage.pnl_recorded import category_months, recorded_days
from shared_code.storage.pnl_saved import saved_months
from shared_code.storage.tables.accounts import accounts
from shared_code.storage.tables.facts import actual_account_months, budget_account_months
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
    """The months of `years`, and of the year before each, for which the sources have published anything.

    A year whose budget was read and found empty, as that of next year may be, has a budget that is missing, which
    counts as 0. A year that was never read has none that could count.

    Source: Calculations, "Conventions".
    """
    asked = {earlier for year in years for earlier in (year - 1, year)}
    months = {month for year in asked for month in months_of_year(year)}
    empty = {month for year in feed_versions.budget_years(connection, asked) for month in months_of_year(year)}
    return PublishedMonths(
        frozenset(connection.scalars(_months_in(budget_account_months, months))) | empty,
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
    """The inputs of `year` of the sites in `business_dates` (site to its business date) that lie in `scope`.

    Sites whose contract accumulates by anniversary bring the year before with them.
    """
    dates = {site_id: today for site_id, today in business_dates.items() if scope.covers(site_id)}
    contracts = _SiteContracts(load_contracts(connection, scope, dates))
    chart = chart_of_accounts(connection)
    carrying = [site_id for site_id in dates if contracts.reach_back(site_id, year)]
    batch = _Batch(connection, scope, dates, published, contracts, chart)
    months = batch.months(dates, year)
    earlier = batch.months(carrying, year - 1) if carrying else {}
    running = {site_id: today for site_id, today in dates.items() if today.year == year}
    before = {site_id: dates[site_id] for site_id in carrying if dates[site_id].year == year - 1}
    recorded = batch.recorded_days(running | before)
    codes = pnl_labor.site_codes(connection, scope.narrowed_to(dates), year - 1 if carrying else year, year)
    rooms = _total_rooms(connection, scope.narrowed_to(dates))
    return {
        site_id: SiteYearInputs(
            site_id,
            year,
            today,
            months[site_id],
            recorded.get(site_id, NO_RECORDED_DAYS),
            SiteTerms(codes.get(site_id, ()), rooms.get(site_id, 0), insurance_rates),
            chart.names,
            earlier.get(site_id, ()),
            contract_problem=contracts.problem(site_id),
        )
        for site_id, today in dates.items()
    }


class _SiteContracts:
    """The contracts of a batch of sites."""

    def __init__(self, by_site: Mapping[str, Sequence[StoredContract]]) -> None:
        self._by_site = by_site

    def in_force(self, site_id: str, period: str) -> Contract | None:
        """The contract that is priced in `period`."""
        return contract_in_force(self._by_site.get(site_id, ()), period)

    def problem(self, site_id: str) -> str | None:
        """Why the contracts of a site cannot be priced; None where they can."""
        for earlier, later in pairwise(self._by_site.get(site_id, ())):
            if earlier.contract_end is None or earlier.contract_end >= later.contract_start:
                return (
                    f"Two contracts of site {site_id} overlap: that of {earlier.contract_start} has not ended when "
                    f"that of {later.contract_start} starts; end the earlier one before that day"
                )
        return None

    def reach_back(self, site_id: str, year: int) -> bool:
        """Whether a contract that is priced in `year` accumulates over months of the year before."""
        stored = self._by_site.get(site_id, ())
        return any(
            accumulates_by_anniversary(entry.contract)
            for entry in stored
            if entry.contract_start.year < year and (entry.contract_end is None or entry.contract_end.year >= year)
        )

    def share_categories(self, site_id: str) -> bool:
        """Whether a contract shares the revenue of single categories."""
        return any(entry.contract.shares_categories for entry in self._by_site.get(site_id, ()))

    def charge_hours(self, site_id: str) -> bool:
        """Whether a management agreement charges a fee per labor hour."""
        fees = [entry.contract.management.fee for entry in self._by_site.get(site_id, ())]
        return any(fee is not None and fee.type is FeeType.PER_LABOR_HOUR for fee in fees)


class _Batch:
    """What is known of the months of a batch of sites; each question is one query a table."""

    def __init__(
        self,
        connection: Connection,
        scope: SiteScope,
        dates: Mapping[str, date],
        published: PublishedMonths,
        contracts: _SiteContracts,
        chart: ChartOfAccounts,
    ) -> None:
        self._connection = connection
        self._scope = scope
        self._dates = dates
        self._published = published
        self._contracts = contracts
        self._chart = chart

    def months(self, site_ids: Collection[str], year: int) -> dict[str, tuple[MonthInputs, ...]]:
        """The twelve months of `year` of every site."""
        connection, batch = self._connection, self._scope.narrowed_to(site_ids)
        periods = months_of_year(year)
        first, last = periods[0], periods[-1]
        budget = _balances(connection, batch, budget_account_months, year, self._chart)
        posted = _balances(connection, batch, actual_account_months, year, self._chart)
        saved = saved_months(connection, batch, first, last)
        hours = pnl_labor.budget_hours(connection, batch, first, last)
        recorded = self._recorded_months(site_ids, first, last)
        has_budget = self._published.has_budget(year)

        def month(site_id: str, period: str) -> MonthInputs:
            key = (site_id, period)
            is_read = self._published.has_ledger(period, period_of(self._dates[site_id]))
            return MonthInputs(
                period,
                budget.get(key, ()) if has_budget else None,
                posted.get(key, ()) if is_read else None,
                saved.get(key, NOTHING_SAVED),
                hours.get(key, {}),
                self._contracts.in_force(site_id, period),
                recorded.get(key, NOTHING_RECORDED),
            )

        return {site_id: tuple(month(site_id, period) for period in periods) for site_id in site_ids}

    def recorded_days(self, running: Mapping[str, date]) -> dict[str, RecordedDays]:
        """The days of the running month of the sites that show it."""
        by_category = [site_id for site_id in running if self._contracts.share_categories(site_id)]
        return recorded_days(self._connection, self._scope.narrowed_to(running), running, by_category)

    def _recorded_months(self, site_ids: Collection[str], first: str, last: str) -> dict[SiteMonth, RecordedMonth]:
        """What the ledger does not have of closed months, of the sites whose contract asks for it."""
        scope, connection = self._scope, self._connection
        by_category = [site_id for site_id in site_ids if self._contracts.share_categories(site_id)]
        by_hours = [site_id for site_id in site_ids if self._contracts.charge_hours(site_id)]
        revenue = category_months(connection, scope.narrowed_to(by_category), first, last) if by_category else {}
        hours = pnl_labor.recorded_hours(connection, scope.narrowed_to(by_hours), first, last) if by_hours else {}
        return {key: RecordedMonth(revenue.get(key, {}), hours.get(key, {})) for key in {*revenue, *hours}}


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
    chosen = within(scope, table.c.site_id), table.c.period.between(f"{year}-01", f"{year}-12")
    if "entity" in table.c:
        statement = select(*key, func.sum(table.c.balance, type_=table.c.balance.type)).where(*chosen).group_by(*key)
    else:
        statement = select(*key, table.c.balance).where(*chosen)
    found: defaultdict[SiteMonth, list[Balance]] = defaultdict(list)
    known = {account: (account, line) for account, line in chart.lines.items()}
    for site_id, period, number, balance in _rows(connection, statement):
        account, line = known.get(number) or (number, UNMAPPED)
        found[site_id, period].append(Balance(account, line, balance))
    return found


def _total_rooms(connection: Connection, scope: SiteScope) -> dict[str, int]:
    """The rooms of every site that can be sold on one day."""
    rows = connection.execute(select(sites.c.site_id, sites.c.total_rooms).where(within(scope, sites.c.site_id)))
    return {site_id: rooms for site_id, rooms in rows if rooms is not None}


def _months_in(table: Table, months: Iterable[str]) -> Select[str]:
    """Those of `months` for which `table` has a row; each is one look into the index."""
    listed = bindparam("months", json.dumps(sorted(months)), type_=long_text())
    month = cast(opened_list(listed).table_valued(column("value", String())).c.value, String(7))
    return select(month).where(exists(select(1).where(table.c.period == month)))


def _rows(connection: Connection, statement: Select[Any]) -> Iterable[Any]:
    """The rows of `statement`, some thousands at a time."""
    return chain.from_iterable(connection.execute(statement).partitions(ROWS_PER_FETCH))
