"""E14: job codes and active employees by site.

Source: Source side, "Extraction queries".
"""

from sqlalchemy import Integer, String, func, select

from shared_code.sources.warehouse.bounds import of_sites
from shared_code.sources.warehouse.expressions import key_text
from shared_code.sources.warehouse.objects import workday_wage_rate
from shared_code.sources.warehouse.query import OutputColumn, Statement, Total, grouped_query
from shared_code.sources.warehouse.window import Window


def _rows(window: Window) -> Statement:
    table = workday_wage_rate.alias("w")
    return select(
        key_text(table.c.LOCATION_SITE).label("site"),
        key_text(table.c.JobProfileCode).label("job_profile_code"),
        func.rtrim(table.c.JOB, type_=String(200)).label("job_text"),
        key_text(table.c.EMPLOYEE_ID).label("active_employee_count"),
    ).where(*of_sites(table.c.LOCATION_SITE, window, 10))


QUERY = grouped_query(
    "E14",
    ("WORKDAY_WAGE_RATE",),
    (
        OutputColumn("site", String(10), required=True, is_key=True),
        OutputColumn("job_profile_code", String(100), required=True, is_key=True),
        OutputColumn("job_text", String(200), Total.FIRST),
        OutputColumn("active_employee_count", Integer(), Total.DISTINCT),
    ),
    _rows,
)
"""Distinct active employees by site and job profile code. Window: optional sites."""
