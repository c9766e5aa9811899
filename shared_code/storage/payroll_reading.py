"""What is known of the labor of one site between two days: saved, budgeted, scheduled and paid; and its job codes.

Source: Data model, "Job codes and rates", "Forecast input" and "Published source facts".
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, Table, and_, func, or_, select

from shared_code.domain.actual_payroll import RecordedLabor
from shared_code.domain.labor_hours import job_code_key
from shared_code.domain.payroll_days import BudgetLabor
from shared_code.domain.salaries import is_salaried_code
from shared_code.domain.schedule import ScheduledDay, Shift, schedule_days
from shared_code.domain.site_scope import SiteScope
from shared_code.sql.lists import in_list
from shared_code.storage.database import within
from shared_code.storage.tables.facts import actual_payroll_days, budget_payroll_job_months, schedule_payroll_days
from shared_code.storage.tables.forecasts import payroll_forecast_days
from shared_code.storage.tables.job_codes import job_codes, job_families, job_groups, site_job_codes


@dataclass(frozen=True, slots=True)
class SavedPayrollDay:
    """What users saved for a job code and day; None: nothing. A row may hold a note alone."""

    job_code: str
    day: date
    regular_hours: Decimal | None
    overtime_hours: Decimal | None
    note: str | None


@dataclass(frozen=True, slots=True)
class DescribedCode:
    """A job code with its family and its group, as it is used at a site.

    `is_active` says that it may be forecast there; `allocated_salary` is in dollars per year.
    """

    job_code: str
    title: str
    family_id: str | None
    family: str | None
    group_id: str | None
    group: str | None
    is_active: bool
    flagged_salaried: bool
    allocated_salary: Decimal | None
    active_employees: int

    @property
    def is_salaried(self) -> bool:
        """Whether the code is paid by salary there."""
        return is_salaried_code(self.flagged_salaried, self.allocated_salary)


def saved_days(
    connection: Connection, scope: SiteScope, site_id: str, first: date, last: date
) -> list[SavedPayrollDay]:
    """The saved rows of the days from `first` to `last`, by day and job code."""
    table = payroll_forecast_days
    columns = [table.c[name] for name in ("job_code_id", "work_date", "regular_hours", "overtime_hours", "note")]
    statement = _between(table, columns, scope, site_id, first, last).order_by(table.c.work_date, table.c.job_code_id)
    return [SavedPayrollDay(*row) for row in connection.execute(statement)]


def paid_days(connection: Connection, scope: SiteScope, site_id: str, first: date, last: date) -> list[RecordedLabor]:
    """What was paid on the days from `first` to `last`."""
    table = actual_payroll_days
    names = ("job_code_id", "work_date", "hours_ex_premium", "overtime_hours", "dollars_all")
    statement = _between(table, [table.c[name] for name in names], scope, site_id, first, last)
    return [
        RecordedLabor(code, day, hours - overtime, overtime, dollars)
        for code, day, hours, overtime, dollars in connection.execute(statement)
    ]


def scheduled_days(
    connection: Connection, scope: SiteScope, site_id: str, first: date, last: date
) -> tuple[ScheduledDay, ...]:
    """The hours scheduled for the days from `first` to `last`."""
    table = schedule_payroll_days
    names = ("job_code_id", "work_date", "regular_minutes", "overtime_minutes", "double_overtime_minutes")
    statement = _between(table, [table.c[name] for name in names], scope, site_id, first, last)
    return schedule_days(Shift(*row) for row in connection.execute(statement))


def budget_labor(
    connection: Connection, scope: SiteScope, site_id: str, first: str, last: str
) -> dict[str, dict[str, BudgetLabor]]:
    """Budget hours and dollars of the months from `first` to `last` (`YYYY-MM`), by month and job code key."""
    table = budget_payroll_job_months
    statement = select(table.c.period, table.c.job_code_id, table.c.hours, table.c.dollars).where(
        within(scope.narrowed_to([site_id]), table.c.site_id), table.c.period.between(first, last)
    )
    found: defaultdict[str, dict[str, BudgetLabor]] = defaultdict(dict)
    for period, code, hours, dollars in connection.execute(statement):
        found[period][job_code_key(code)] = BudgetLabor(hours, dollars)
    return dict(found)


def described_codes(
    connection: Connection, scope: SiteScope, site_id: str, others: Iterable[str] = ()
) -> dict[str, DescribedCode]:
    """The job codes of the site, and of `others` those that there are, by job code key."""
    statement = _described(scope, site_id).where(
        or_(site_job_codes.c.site_id.is_not(None), in_list(job_codes.c.job_code_id, others))
    )
    return {job_code_key(row.job_code_id): _code(row) for row in connection.execute(statement)}


def page_of_codes(
    connection: Connection, scope: SiteScope, site_id: str, *, with_inactive: bool, limit: int, offset: int
) -> tuple[list[DescribedCode], int]:
    """A page of the job codes of the site by job code, and how many there are."""
    chosen = _described(scope, site_id).where(site_job_codes.c.site_id.is_not(None))
    if not with_inactive:
        chosen = chosen.where(site_job_codes.c.is_active)
    total = connection.execute(select(func.count()).select_from(chosen.subquery())).scalar_one()
    page = chosen.order_by(job_codes.c.job_code_id).limit(limit).offset(offset)
    return [_code(row) for row in connection.execute(page)], int(total)


def _described(scope: SiteScope, site_id: str) -> Select[Any]:
    at_site = and_(
        site_job_codes.c.job_code_id == job_codes.c.job_code_id,
        within(scope.narrowed_to([site_id]), site_job_codes.c.site_id),
    )
    return (
        select(
            job_codes.c.job_code_id,
            job_codes.c.title,
            job_families.c.job_family_id,
            job_families.c.title.label("family"),
            job_groups.c.job_group_id,
            job_groups.c.title.label("job_group"),
            site_job_codes.c.is_active,
            site_job_codes.c.is_salaried,
            site_job_codes.c.allocated_annual_salary,
            site_job_codes.c.active_employee_count,
        )
        .outerjoin_from(job_codes, job_families, job_families.c.job_family_id == job_codes.c.job_family_id)
        .outerjoin(job_groups, job_groups.c.job_group_id == job_codes.c.job_group_id)
        .outerjoin(site_job_codes, at_site)
    )


def _code(row: Any) -> DescribedCode:
    code, title, family_id, family, group_id, group, is_active, is_salaried, salary, employees = row
    return DescribedCode(
        code, title, family_id, family, group_id, group, bool(is_active), bool(is_salaried), salary, employees or 0
    )


def _between(
    table: Table, columns: Iterable[ColumnElement[Any]], scope: SiteScope, site_id: str, first: date, last: date
) -> Select[Any]:
    return select(*columns).where(
        within(scope.narrowed_to([site_id]), table.c.site_id), table.c.work_date.between(first, last)
    )
