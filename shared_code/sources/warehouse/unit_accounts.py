"""E17: the rows of a month's unit accounts.

Source: Source side, "Extraction queries" and "Procedures".
"""

from datetime import timedelta

from sqlalchemy import Executable, String, bindparam, func, select, text

from shared_code.sources.warehouse.bounds import Day, within_days
from shared_code.sources.warehouse.expressions import exact, key_text
from shared_code.sources.warehouse.objects import gp_stats
from shared_code.sources.warehouse.query import FeedQuery, OutputColumn, Statement
from shared_code.sources.warehouse.window import Window
from shared_code.sql.types import ExactDecimal

PROCEDURE = "spJoin_GP_STATS_with_GL_ACCOUNTS"
_VALUE = ExactDecimal(19, 4)


def _procedure(window: Window, schema: str) -> Executable:
    first, after = window.days()
    return text(f"EXEC {schema}.{PROCEDURE} :start_date, :end_date").bindparams(
        bindparam("start_date", first, Day()), bindparam("end_date", after - timedelta(days=1), Day())
    )


def _rows(window: Window) -> Statement:
    """What the procedure returns, from the embedded warehouse's stand-in for it."""
    table = gp_stats.alias("g")
    site, account = key_text(table.c.SITE).label("site"), key_text(table.c.MAIN_ACCOUNT).label("main_account")
    gl_string = key_text(table.c.GL_STRING).label("gl_string")
    return (
        select(
            site,
            account,
            func.rtrim(table.c.REVENUE_CATEGORY).label("revenue_category"),
            func.rtrim(table.c.CATEGORY).label("category"),
            gl_string,
            exact(table.c.VALUE, _VALUE).label("value"),
            func.rtrim(table.c.ACCOUNT_DESCRIPTION).label("account_description"),
            key_text(table.c.STATUS).label("status"),
        )
        .where(*within_days(table.c.DATE, window))
        .order_by(site, account, gl_string)
    )


QUERY = FeedQuery(
    "E17",
    (PROCEDURE,),
    (
        OutputColumn("site", String(4), is_key=True),
        OutputColumn("main_account", String(4), is_key=True),
        OutputColumn("revenue_category", String(100)),
        OutputColumn("category", String(100)),
        OutputColumn("gl_string", String(50), is_key=True),
        OutputColumn("value", _VALUE),
        OutputColumn("account_description", String(100)),
        OutputColumn("status", String(20), is_key=True),
    ),
    statement=_rows,
    procedure=_procedure,
)
"""Every row of the month, in no promised order on SQL Server; what a row lacks is for the validation to find.

Window: the days of the month.
"""
