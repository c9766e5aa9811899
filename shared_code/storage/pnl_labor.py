"""Job codes of a batch of sites with their rates, and the hours that were budgeted for them: one query a table.

Source: Data model, "Job codes and rates" and "Published source facts".
"""

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal
from itertools import chain
from typing import Any

from sqlalchemy import Connection, Select, func, or_, select

from shared_code.domain.labor_hours import HoursSource, JobHours, job_code_key
from shared_code.domain.months import first_day, last_day
from shared_code.domain.payroll import SiteJobCode
from shared_code.domain.rates_in_force import RateMethod, RateRow
from shared_code.domain.site_scope import SiteScope
from shared_code.sql.dates import month_of
from shared_code.storage.database import within
from shared_code.storage.tables.facts import actual_payroll_days, budget_payroll_job_months
from shared_code.storage.tables.job_codes import job_codes, site_job_code_rates, site_job_codes

ROWS_PER_FETCH = 10_000

SiteMonth = tuple[str, str]
"""A site and a month (`YYYY-MM`)."""


def site_codes(
    connection: Connection, scope: SiteScope, first_year: int, last_year: int
) -> dict[str, tuple[SiteJobCode, ...]]:
    """The active job codes of every site with the rates that are in force on some day of these years.

    Source: Calculations, "Rate in force".
    """
    rates = _rates(connection, scope, first_year, last_year)
    table = site_job_codes
    statement = (
        select(
            table.c.site_id,
            table.c.job_code_id,
            table.c.is_salaried,
            table.c.allocated_annual_salary,
            table.c.active_employee_count,
            job_codes.c.default_hourly_rate,
        )
        .join(job_codes, job_codes.c.job_code_id == table.c.job_code_id)
        .where(within(scope, table.c.site_id), table.c.is_active)
        .order_by(table.c.site_id, table.c.job_code_id)
    )
    found: defaultdict[str, list[SiteJobCode]] = defaultdict(list)
    for site_id, code, salaried, salary, employees, default in _rows(connection, statement):
        history = tuple(rates.get((site_id, code), ()))
        found[site_id].append(SiteJobCode(code, salaried, salary, Decimal(employees), history, default))
    return {site_id: tuple(codes) for site_id, codes in found.items()}


def budget_hours(
    connection: Connection, scope: SiteScope, first: str, last: str
) -> dict[SiteMonth, dict[str, Decimal]]:
    """Budget hours by site and month from `first` to `last`, by job code."""
    table = budget_payroll_job_months
    statement = select(table.c.site_id, table.c.period, table.c.job_code_id, table.c.hours).where(
        within(scope, table.c.site_id), table.c.period.between(first, last)
    )
    found: defaultdict[SiteMonth, dict[str, Decimal]] = defaultdict(dict)
    for site_id, period, code, hours in _rows(connection, statement):
        found[site_id, period][code] = hours
    return found


def recorded_hours(
    connection: Connection, scope: SiteScope, first: str, last: str
) -> dict[SiteMonth, dict[str, JobHours]]:
    """Paid hours by site and month from `first` to `last`, by job code key."""
    table = actual_payroll_days
    month = month_of(table.c.work_date)
    regular, overtime = table.c.hours_ex_premium - table.c.overtime_hours, table.c.overtime_hours
    statement = (
        select(
            table.c.site_id,
            month,
            table.c.job_code_id,
            func.sum(regular, type_=table.c.hours_ex_premium.type),
            func.sum(overtime, type_=table.c.overtime_hours.type),
        )
        .where(within(scope, table.c.site_id), table.c.work_date.between(first_day(first), last_day(last)))
        .group_by(table.c.site_id, month, table.c.job_code_id)
    )
    found: defaultdict[SiteMonth, dict[str, JobHours]] = defaultdict(dict)
    for site_id, period, code, hours, overtime_hours in _rows(connection, statement):
        found[site_id, period][job_code_key(code)] = JobHours(hours, overtime_hours, HoursSource.ACTUAL)
    return found


def _rates(
    connection: Connection, scope: SiteScope, first_year: int, last_year: int
) -> dict[tuple[str, str], list[RateRow]]:
    """The rows of the rate history that can be in force in these years, oldest first, by site and job code.

    A calculated row without an end holds until a later one begins, so those that ended before the years are left out.
    """
    table = site_job_code_rates
    columns = ("site_id", "job_code_id", "hourly_rate", "calculation_method", "effective_date", "end_date")
    first, last = first_day(f"{first_year}-01"), last_day(f"{last_year}-12")
    statement = (
        select(*[table.c[name] for name in columns])
        .where(within(scope, table.c.site_id), table.c.superseded_at.is_(None), table.c.effective_date <= last)
        .where(or_(table.c.end_date.is_(None), table.c.end_date >= first))
        .order_by(table.c.site_id, table.c.job_code_id, table.c.effective_date)
    )
    found: defaultdict[tuple[str, str], list[RateRow]] = defaultdict(list)
    for site_id, code, rate, method, effective, end in _rows(connection, statement):
        found[site_id, code].append(RateRow(rate, _METHODS[method], effective, end))
    return found


_METHODS = {method.value: method for method in RateMethod}


def _rows(connection: Connection, statement: Select[Any]) -> Iterable[Any]:
    return chain.from_iterable(connection.execute(statement).partitions(ROWS_PER_FETCH))
