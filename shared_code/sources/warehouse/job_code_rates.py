"""E10: the base of the job-code rates, dollars and rate hours by site and job title over a window.

Source: Source side, "Extraction queries"; Calculations, "Job-code rates".
"""

from sqlalchemy import Date, Integer, String, case, select
from sqlalchemy import literal_column as sql

from shared_code.sources.warehouse.bounds import of_sites, within_days
from shared_code.sources.warehouse.expressions import day_of, exact, key_text
from shared_code.sources.warehouse.objects import payroll_summary
from shared_code.sources.warehouse.paid_hours import is_pay_type
from shared_code.sources.warehouse.query import OutputColumn, Statement, Total, grouped_query
from shared_code.sources.warehouse.window import Window
from shared_code.sql.types import ExactDecimal

TOTAL = ExactDecimal(19, 5)


def _rows(window: Window) -> Statement:
    table = payroll_summary.alias("p")
    is_premium = is_pay_type(table.c.PAY_TYPE, "premium_pay_types", window.premium_pay_types)
    return select(
        key_text(table.c.WORK_LOCATION).label("site"),
        key_text(table.c.TITLE).label("job_title"),
        exact(table.c.TOTAL_DOLLARS, TOTAL).label("dollars_all"),
        case((is_premium, sql("0", TOTAL)), else_=exact(table.c.TOTAL_HOURS, TOTAL)).label("rate_hours"),
        day_of(table.c.DATE).label("last_work_date"),
        sql("1", Integer()).label("row_count"),
    ).where(
        *within_days(table.c.DATE, window),
        *of_sites(table.c.WORK_LOCATION, window, 10),
    )


QUERY = grouped_query(
    "E10",
    ("vwPAYROLL_SUMMARY",),
    (
        OutputColumn("site", String(10), required=True, is_key=True),
        OutputColumn("job_title", String(100), required=True, is_key=True),
        OutputColumn("dollars_all", TOTAL, Total.SUM, measure=True),
        OutputColumn("rate_hours", TOTAL, Total.SUM, measure=True),
        OutputColumn("last_work_date", Date(), Total.LATEST),
        OutputColumn("row_count", Integer(), Total.SUM),
    ),
    _rows,
)
"""Dollars of all pay types and hours of all but the premium ones, by site and job title.

Window: days (`date_to_exclusive` is the day after the as-of date), optional sites, premium pay types.
"""
