"""E13: allocated annual salaries by site and job profile.

Source: Source side, "Extraction queries" and "Organisation and people (`TP_EDW.dbo`)".
"""

from sqlalchemy import ColumnElement, Date, Integer, String, func, select

from shared_code.sources.warehouse.bounds import of_sites
from shared_code.sources.warehouse.expressions import exact, key_text
from shared_code.sources.warehouse.objects import workday_site_salaries, workday_wage_rate
from shared_code.sources.warehouse.query import OutputColumn, Statement, Total, grouped_query
from shared_code.sources.warehouse.window import Window
from shared_code.sql.types import ExactDecimal

SALARY = ExactDecimal(19, 4)
_SALARIES = workday_site_salaries.alias("s")


def _selected(job_profile: ColumnElement[str], window: Window) -> Statement:
    return select(
        key_text(_SALARIES.c.COST_CENTER).label("site"),
        job_profile.label("job_profile"),
        exact(_SALARIES.c.ALLOCATION_PER_COST_CENTER_AMOUNT, SALARY).label("allocated_annual_salary"),
        key_text(_SALARIES.c.EMPLOYEE_ID).label("employee_count"),
        _SALARIES.c.DW_LOAD_DATE.label("load_date"),
    ).where(*of_sites(_SALARIES.c.COST_CENTER, window, 10))


def _rows(window: Window) -> Statement:
    return _selected(key_text(_SALARIES.c.JOB_PROFILE), window)


def _rows_by_wage_rate(window: Window) -> Statement:
    wages = workday_wage_rate.alias("w")
    # One row an employee, or an employee with two jobs would have the salary twice.
    profiles = (
        select(
            key_text(wages.c.EMPLOYEE_ID).label("employee_id"), func.min(key_text(wages.c.JobProfileCode)).label("code")
        )
        .group_by(key_text(wages.c.EMPLOYEE_ID))
        .subquery("w1")
    )
    return _selected(profiles.c.code, window).select_from(
        _SALARIES.outerjoin(profiles, profiles.c.employee_id == key_text(_SALARIES.c.EMPLOYEE_ID))
    )


_COLUMNS = (
    OutputColumn("site", String(10), required=True, is_key=True),
    OutputColumn("job_profile", String(100), required=True, is_key=True),
    OutputColumn("allocated_annual_salary", SALARY, Total.SUM, required=True, measure=True),
    OutputColumn("employee_count", Integer(), Total.DISTINCT),
    OutputColumn("load_date", Date(), Total.LATEST),
)

WITHOUT_PROFILE = grouped_query("E13", ("WORKDAY_SITE_SALARIES", "WORKDAY_WAGE_RATE"), _COLUMNS, _rows_by_wage_rate)
"""The same where the salaries have no job profile: it is taken from the wage rates through the employee."""

QUERY = grouped_query("E13", ("WORKDAY_SITE_SALARIES",), _COLUMNS, _rows, fallback=WITHOUT_PROFILE)
"""Annual dollars allocated to a site and job profile (the percentage is already in them), and the employees.

Window: optional sites.
"""
