"""E09: paid hours and dollars by site, day and job title.

Source: Source side, "Extraction queries".
"""

from sqlalchemy import ColumnElement, Date, Integer, String, bindparam, case, select
from sqlalchemy import literal_column as sql

from shared_code.sources.warehouse.bounds import of_sites, within_days
from shared_code.sources.warehouse.expressions import compared, day_of, exact, key_text
from shared_code.sources.warehouse.objects import payroll_summary
from shared_code.sources.warehouse.query import OutputColumn, Statement, Total, grouped_query
from shared_code.sources.warehouse.window import Window
from shared_code.sql.types import ExactDecimal

TOTAL = ExactDecimal(19, 4)


def is_pay_type(pay_type: ColumnElement[str], name: str, values: tuple[str, ...]) -> ColumnElement[bool]:
    """Whether a record's pay type is one of `values`; not true for a record without a pay type."""
    return compared(pay_type).in_(bindparam(name, list(values), String(50), expanding=True))


def _rows(window: Window) -> Statement:
    table = payroll_summary.alias("p")
    is_premium = is_pay_type(table.c.PAY_TYPE, "premium_pay_types", window.premium_pay_types)
    is_overtime = is_pay_type(table.c.PAY_TYPE, "overtime_pay_types", window.overtime_pay_types)
    hours = exact(table.c.TOTAL_HOURS, TOTAL)
    dollars = exact(table.c.TOTAL_DOLLARS, TOTAL)
    nothing = sql("0", TOTAL)
    return select(
        key_text(table.c.WORK_LOCATION).label("site"),
        day_of(table.c.DATE).label("work_date"),
        key_text(table.c.TITLE).label("job_title"),
        hours.label("hours_all"),
        dollars.label("dollars_all"),
        case((is_premium, nothing), else_=hours).label("hours_ex_premium"),
        case((is_premium, nothing), else_=dollars).label("dollars_ex_premium"),
        case((is_overtime, hours), else_=nothing).label("overtime_hours"),
        sql("1", Integer()).label("row_count"),
    ).where(
        *within_days(table.c.DATE, window),
        *of_sites(table.c.WORK_LOCATION, window, 10),
    )


QUERY = grouped_query(
    "E09",
    ("vwPAYROLL_SUMMARY",),
    (
        OutputColumn("site", String(10), required=True, is_key=True),
        OutputColumn("work_date", Date(), required=True),
        OutputColumn("job_title", String(100), required=True, is_key=True),
        OutputColumn("hours_all", TOTAL, Total.SUM, measure=True),
        OutputColumn("dollars_all", TOTAL, Total.SUM, measure=True),
        OutputColumn("hours_ex_premium", TOTAL, Total.SUM, measure=True),
        OutputColumn("dollars_ex_premium", TOTAL, Total.SUM, measure=True),
        OutputColumn("overtime_hours", TOTAL, Total.SUM, measure=True),
        OutputColumn("row_count", Integer(), Total.SUM),
    ),
    _rows,
    one_of=("hours_all", "dollars_all"),
)
"""Hours and dollars by site, day and job title: of all pay types, without the premium ones, and of overtime.

Window: days, optional sites, pay types.
"""
