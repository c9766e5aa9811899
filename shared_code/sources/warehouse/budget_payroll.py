"""E06: the payroll budget by job profile.

Source: Source side, "Extraction queries".
"""

from sqlalchemy import Integer, String, case, select
from sqlalchemy import literal_column as sql

from shared_code.sources.warehouse.bounds import of_sites, within_numbers
from shared_code.sources.warehouse.expressions import compared, exact, key_text
from shared_code.sources.warehouse.objects import budget_datatab_pr
from shared_code.sources.warehouse.query import OutputColumn, Statement, Total, grouped_query
from shared_code.sources.warehouse.window import Window
from shared_code.sql.types import ExactDecimal

BALANCE = ExactDecimal(19, 5)
_HOURS = "'PR HOURS'"
_DOLLARS = "'PAYROLL'"


def _rows(window: Window) -> Statement:
    table = budget_datatab_pr.alias("p")
    first, last = (int(period) for period in window.periods())
    month = table.c.YEAR * sql("100", Integer()) + table.c.MONTH
    is_whole_years = first % 100 == 1 and last % 100 == 12
    # Of whole years a row without a month that there is comes along, to be refused rather than overlooked.
    months = [] if is_whole_years else within_numbers(month, "period", first, last)
    meaning = compared(table.c.BALANCE_DESC)
    balance = exact(table.c.BALANCE, BALANCE)
    return select(
        key_text(table.c.COST_CENTER).label("site"),
        table.c.YEAR.label("year"),
        table.c.MONTH.label("month"),
        key_text(table.c.JOB_PROFILE).label("job_profile"),
        case((meaning == sql(_HOURS), balance)).label("hours"),
        case((meaning == sql(_DOLLARS), balance)).label("dollars"),
    ).where(
        *within_numbers(table.c.YEAR, "year", first // 100, last // 100),
        *months,
        meaning.in_([sql(_HOURS), sql(_DOLLARS)]),
        *of_sites(table.c.COST_CENTER, window, 4),
    )


QUERY = grouped_query(
    "E06",
    ("BUDGET_DATATAB_PR",),
    (
        OutputColumn("site", String(4), required=True, is_key=True),
        OutputColumn("year", Integer(), required=True),
        OutputColumn("month", Integer(), required=True),
        OutputColumn("job_profile", String(100), required=True, is_key=True),
        OutputColumn("hours", BALANCE, Total.SUM, measure=True),
        OutputColumn("dollars", BALANCE, Total.SUM, measure=True),
    ),
    _rows,
    one_of=("hours", "dollars"),
)
"""Budgeted hours and dollars by site, year, month and job profile, shift differentials included.

Window: periods, optional sites.
"""
