"""Recorded facts summed by site and day or month, for the analysis of a batch of sites: one query a table.

Sums are made in the database, where decimals are exact on either engine; nothing is divided there.

Source: Data model, "Published source facts"; Architecture, "Rules".
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import chain
from typing import Any, TypeVar

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Select,
    Table,
    case,
    cast,
    exists,
    func,
    literal,
    or_,
    select,
)

from shared_code.domain.labor_hours import LaborDay, job_code_key
from shared_code.domain.months import first_day, last_day
from shared_code.domain.pnl_lines import line_amount
from shared_code.domain.rounding import ZERO
from shared_code.domain.salaries import is_salaried_code
from shared_code.domain.site_scope import SiteScope
from shared_code.domain.statistics import VEHICLE_ACCOUNTS, Volumes
from shared_code.sql.dates import month_of
from shared_code.storage.database import within
from shared_code.storage.tables.accounts import accounts
from shared_code.storage.tables.base import BALANCE, COUNT, HOURS_TOTAL, MONEY
from shared_code.storage.tables.facts import (
    actual_account_months,
    actual_payroll_days,
    actual_statistic_days,
    schedule_payroll_days,
)
from shared_code.storage.tables.forecasts import payroll_forecast_days
from shared_code.storage.tables.job_codes import job_codes, job_families, site_job_codes
from shared_code.storage.tables.organisation import sites

ROWS_PER_FETCH = 10_000

T = TypeVar("T", date, str)

SiteDay = tuple[str, date]
SiteMonth = tuple[str, str]
"""A site and a month (`YYYY-MM`)."""


@dataclass(frozen=True, slots=True)
class RecordedStatistics:
    """Vehicles, rooms and net external revenue (dollars) of the recorded days of a day or month.

    `vehicles` is None where no day has a count. `room_days` are the days whose rooms are known, `occupied_rooms` and
    `overnight` the rooms and overnight cars of these days. `net_revenue` is None where no day has one.
    """

    vehicles: Volumes | None
    room_days: int
    occupied_rooms: Decimal
    overnight: Decimal
    net_revenue: Decimal | None


@dataclass(frozen=True, slots=True)
class CodeLabor:
    """Paid hours without the premium pay types, the overtime among them, and dollars of all pay types of a code."""

    job_code: str
    hours: Decimal
    overtime: Decimal
    dollars: Decimal


@dataclass(frozen=True, slots=True)
class LedgerSums:
    """The balances of a site and month: dollars by line of the P&L with the sign of the line, and vehicle counts."""

    lines: Mapping[str, Decimal]
    vehicles: Mapping[str, Decimal]


@dataclass(frozen=True, slots=True)
class JobCatalogue:
    """Family and flag of every job code by its key, and name and vehicle scope of every family in order of names."""

    families: Mapping[str, str | None]
    productive: Mapping[str, bool]
    titles: Mapping[str, str]
    scopes: Mapping[str, str]


def statistics_by_day(
    connection: Connection, scope: SiteScope, first: date, last: date
) -> dict[SiteDay, RecordedStatistics]:
    """The recorded days from `first` to `last`."""
    day = actual_statistic_days.c.stat_date
    return _statistics(connection, scope, first, last, day)


def statistics_by_month(
    connection: Connection, scope: SiteScope, first: str, last: str
) -> dict[SiteMonth, RecordedStatistics]:
    """The recorded days of each month from `first` to `last` (`YYYY-MM`) together."""
    month = month_of(actual_statistic_days.c.stat_date)
    return _statistics(connection, scope, first_day(first), last_day(last), month)


def labor_by_day(connection: Connection, scope: SiteScope, first: date, last: date) -> dict[SiteDay, list[CodeLabor]]:
    """The paid labor of every site and day that has any, by job code."""
    return _labor(connection, scope, first, last, actual_payroll_days.c.work_date)


def labor_by_month(connection: Connection, scope: SiteScope, first: str, last: str) -> dict[SiteMonth, list[CodeLabor]]:
    """The paid labor of every site and month that has any, by job code."""
    month = month_of(actual_payroll_days.c.work_date)
    return _labor(connection, scope, first_day(first), last_day(last), month)


def scheduled_minutes_by_day(connection: Connection, scope: SiteScope, first: date, last: date) -> dict[SiteDay, int]:
    """The planned minutes of every site and day that has a shift."""
    return _scheduled(connection, scope, first, last, schedule_payroll_days.c.work_date)


def scheduled_minutes_by_month(connection: Connection, scope: SiteScope, first: str, last: str) -> dict[SiteMonth, int]:
    """The planned minutes of every site and month that has a shift."""
    month = month_of(schedule_payroll_days.c.work_date)
    return _scheduled(connection, scope, first_day(first), last_day(last), month)


def paid_hours_with_shifts(connection: Connection, scope: SiteScope, first: str, last: str) -> dict[SiteMonth, Decimal]:
    """The paid hours of every site and month on the days that have a shift."""
    paid, shifts = actual_payroll_days, schedule_payroll_days
    month = month_of(paid.c.work_date)
    has_shift = exists().where(shifts.c.site_id == paid.c.site_id, shifts.c.work_date == paid.c.work_date)
    days = paid.c.work_date.between(first_day(first), last_day(last))
    statement = (
        select(paid.c.site_id, month, func.sum(paid.c.hours_ex_premium, type_=HOURS_TOTAL))
        .where(within(scope, paid.c.site_id), days, has_shift)
        .group_by(paid.c.site_id, month)
    )
    return {(site_id, period): hours for site_id, period, hours in _rows(connection, statement)}


def ledger_sums(
    connection: Connection, scope: SiteScope, table: Table, first: str, last: str
) -> dict[SiteMonth, LedgerSums]:
    """The balances of `table` (budget or actual, by account and month) from `first` to `last`.

    Source: Calculations, "Ledger figures".
    """
    number = table.c.main_account
    kind = case((number.in_(sorted(_VEHICLE_NUMBERS)), number), else_=accounts.c.pnl_line)
    named = (
        select(table.c.site_id, table.c.period, kind.label("kind"), table.c.balance)
        .join_from(table, accounts, accounts.c.main_account == number)
        .where(within(scope, table.c.site_id), table.c.period.between(first, last))
        .subquery("named")
    )
    # Grouped outside: SQL Server does not see that an expression with parameters is the same one twice.
    keys = named.c.site_id, named.c.period, named.c.kind
    statement = select(*keys, func.sum(named.c.balance, type_=BALANCE)).group_by(*keys)
    lines: defaultdict[SiteMonth, dict[str, Decimal]] = defaultdict(dict)
    vehicles: defaultdict[SiteMonth, dict[str, Decimal]] = defaultdict(dict)
    for site_id, period, name, balance in _rows(connection, statement):
        if name in _VEHICLE_NUMBERS:
            vehicles[site_id, period][name] = balance
        else:
            lines[site_id, period][name] = line_amount(name, balance)
    return {key: LedgerSums(lines.get(key, {}), vehicles.get(key, {})) for key in {*lines, *vehicles}}


def saved_hours_by_month(
    connection: Connection, scope: SiteScope, first: str, last: str
) -> dict[SiteMonth, list[LaborDay]]:
    """The saved hours of each month from `first` to `last`, one record for each job code that has a saved day.

    A record bears the first day of its month and the sums of the month.
    """
    table = payroll_forecast_days
    month = month_of(table.c.work_date)
    regular, overtime = table.c.regular_hours, table.c.overtime_hours
    statement = (
        select(
            table.c.site_id,
            month,
            table.c.job_code_id,
            func.sum(regular, type_=HOURS_TOTAL),
            func.sum(overtime, type_=HOURS_TOTAL),
        )
        .where(within(scope, table.c.site_id), table.c.work_date.between(first_day(first), last_day(last)))
        .where(or_(regular.is_not(None), overtime.is_not(None)))
        .group_by(table.c.site_id, month, table.c.job_code_id)
    )
    found: defaultdict[SiteMonth, list[LaborDay]] = defaultdict(list)
    for site_id, period, code, regular_hours, overtime_hours in _rows(connection, statement):
        found[site_id, period].append(LaborDay(code, first_day(period), regular_hours, overtime_hours))
    return found


def job_catalogue(connection: Connection) -> JobCatalogue:
    """All job codes and families."""
    codes = connection.execute(
        select(job_codes.c.job_code_id, job_codes.c.job_family_id, job_codes.c.is_productive)
    ).all()
    families = connection.execute(
        select(job_families.c.job_family_id, job_families.c.title, job_families.c.vehicle_scope).order_by(
            job_families.c.title
        )
    ).all()
    return JobCatalogue(
        {job_code_key(row.job_code_id): row.job_family_id for row in codes},
        {job_code_key(row.job_code_id): row.is_productive for row in codes},
        {row.job_family_id: row.title for row in families},
        {row.job_family_id: row.vehicle_scope for row in families},
    )


def salaries(connection: Connection, scope: SiteScope) -> dict[str, dict[str, Decimal]]:
    """Dollars per year of the salaried job codes of every site that has any, by code.

    Source: Calculations, "Job codes".
    """
    table = site_job_codes
    rows = connection.execute(
        select(table.c.site_id, table.c.job_code_id, table.c.is_salaried, table.c.allocated_annual_salary).where(
            within(scope, table.c.site_id), table.c.is_active, table.c.allocated_annual_salary.is_not(None)
        )
    )
    found: defaultdict[str, dict[str, Decimal]] = defaultdict(dict)
    for site_id, code, flag, salary in rows:
        if is_salaried_code(flag, salary):
            found[site_id][code] = salary
    return dict(found)


def rooms_of_sites(connection: Connection, scope: SiteScope) -> dict[str, int]:
    """The rooms of every site that can be sold on one day; 0 where none are known."""
    rows = connection.execute(select(sites.c.site_id, sites.c.total_rooms).where(within(scope, sites.c.site_id)))
    return {site_id: rooms or 0 for site_id, rooms in rows}


def active_sites(connection: Connection, scope: SiteScope) -> list[str]:
    """The sites of `scope` that the site master lists, in order."""
    return list(
        connection.scalars(
            select(sites.c.site_id).where(within(scope, sites.c.site_id), sites.c.is_active).order_by(sites.c.site_id)
        )
    )


def regions_of_sites(connection: Connection, scope: SiteScope) -> dict[str, str | None]:
    """The region (its code) to which every site of `scope` belongs now."""
    rows = connection.execute(select(sites.c.site_id, sites.c.region_code).where(within(scope, sites.c.site_id)))
    return {row.site_id: row.region_code for row in rows}


def sites_of_region(connection: Connection, scope: SiteScope, region: str) -> list[str]:
    """The sites of `scope` that belong to a region (its code) now, in order."""
    return list(
        connection.scalars(
            select(sites.c.site_id)
            .where(within(scope, sites.c.site_id), sites.c.region_code == region)
            .order_by(sites.c.site_id)
        )
    )


def has_facts_in(connection: Connection, period: str) -> bool:
    """Whether anything is recorded or posted in `period` (`YYYY-MM`), of whatever site."""
    days = first_day(period), last_day(period)
    conditions = (
        actual_statistic_days.c.stat_date.between(*days),
        actual_payroll_days.c.work_date.between(*days),
        actual_account_months.c.period == period,
    )
    return any(
        connection.execute(select(literal(1)).where(condition).limit(1)).first() is not None for condition in conditions
    )


def _statistics(
    connection: Connection, scope: SiteScope, first: date, last: date, time: ColumnElement[T]
) -> dict[tuple[str, T], RecordedStatistics]:
    table = actual_statistic_days
    has_rooms = table.c.occupied_rooms.is_not(None)
    overnight = [_of_days(has_rooms, table.c[name]) for name in ("valet_overnight", "self_overnight")]
    has_vehicles = or_(*[table.c[name].is_not(None) for name in VEHICLE_COUNTS])
    statement = (
        select(
            table.c.site_id,
            time,
            func.count(case((has_vehicles, 1))),
            func.count(table.c.occupied_rooms),
            func.sum(table.c.total_net_revenue, type_=MONEY),
            func.sum(table.c.occupied_rooms, type_=COUNT),
            *overnight,
            *[func.sum(table.c[name], type_=COUNT) for name in VEHICLE_COUNTS],
        )
        .where(within(scope, table.c.site_id), table.c.stat_date.between(first, last))
        .group_by(table.c.site_id, time)
    )
    found: dict[tuple[str, T], RecordedStatistics] = {}
    for site_id, moment, vehicle_days, room_days, revenue, rooms, valet, self_parked, *counts in _rows(
        connection, statement
    ):
        vehicles = Volumes(ZERO, *[count or ZERO for count in counts]) if vehicle_days else None
        occupied, cars = rooms or ZERO, (valet or ZERO) + (self_parked or ZERO)
        found[site_id, moment] = RecordedStatistics(vehicles, room_days, occupied, cars, revenue)
    return found


def _of_days(condition: ColumnElement[bool], count: Column[Any]) -> ColumnElement[Decimal]:
    """The sum of a count over the days that satisfy `condition`."""
    return func.sum(case((condition, count)), type_=COUNT)


def _labor(
    connection: Connection, scope: SiteScope, first: date, last: date, time: ColumnElement[T]
) -> dict[tuple[str, T], list[CodeLabor]]:
    table = actual_payroll_days
    statement = (
        select(
            table.c.site_id,
            time,
            table.c.job_code_id,
            func.sum(table.c.hours_ex_premium, type_=HOURS_TOTAL),
            func.sum(table.c.overtime_hours, type_=HOURS_TOTAL),
            func.sum(table.c.dollars_all, type_=MONEY),
        )
        .where(within(scope, table.c.site_id), table.c.work_date.between(first, last))
        .group_by(table.c.site_id, time, table.c.job_code_id)
    )
    found: defaultdict[tuple[str, T], list[CodeLabor]] = defaultdict(list)
    for site_id, moment, *values in _rows(connection, statement):
        found[site_id, moment].append(CodeLabor(*values))
    return found


def _scheduled(
    connection: Connection, scope: SiteScope, first: date, last: date, time: ColumnElement[T]
) -> dict[tuple[str, T], int]:
    table = schedule_payroll_days
    minutes = table.c.regular_minutes + table.c.overtime_minutes + table.c.double_overtime_minutes
    statement = (
        select(table.c.site_id, time, func.sum(cast(minutes, BigInteger)))
        .where(within(scope, table.c.site_id), table.c.work_date.between(first, last))
        .group_by(table.c.site_id, time)
    )
    return {(site_id, moment): int(total) for site_id, moment, total in _rows(connection, statement)}


def _rows(connection: Connection, statement: Select[Any]) -> Iterable[Any]:
    """The rows of `statement`, some thousands at a time."""
    return chain.from_iterable(connection.execute(statement).partitions(ROWS_PER_FETCH))


VEHICLE_COUNTS = tuple(name for name in Volumes.__dataclass_fields__ if name != "occupied_rooms")
"""The columns of counts, in the order of the record."""
_VEHICLE_NUMBERS = frozenset(VEHICLE_ACCOUNTS.values())
