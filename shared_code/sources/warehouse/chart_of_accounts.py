"""E02: the chart of accounts.

Source: Source side, "Extraction queries".
"""

from sqlalchemy import String, func, select

from shared_code.sources.warehouse.expressions import key_text
from shared_code.sources.warehouse.objects import chart_of_account
from shared_code.sources.warehouse.query import OutputColumn, Statement, listing_query
from shared_code.sources.warehouse.window import Window


def _rows(_: Window) -> Statement:
    table = chart_of_account.alias("c")
    return select(
        key_text(table.c.MAIN_ACCOUNT).label("main_account"),
        func.rtrim(table.c.ACCOUNT_NAME, type_=String(100)).label("account_name"),
        key_text(table.c.IS_SUMMARY_CATEGORY).label("summary_category"),
    )


QUERY = listing_query(
    "E02",
    ("CHART_OF_ACCOUNT",),
    (
        OutputColumn("main_account", String(4), required=True, is_key=True),
        OutputColumn("account_name", String(100)),
        OutputColumn("summary_category", String(50), is_key=True),
    ),
    _rows,
    grain=("main_account",),
    then_by=("account_name", "summary_category"),
)
"""Every account with its name and the category that decides its P&L line. The window is not used."""
