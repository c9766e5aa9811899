"""E03: the approved monthly budget by account.

Source: Source side, "Extraction queries".
"""

from sqlalchemy import String, select

from shared_code.sources.warehouse.bounds import of_sites, within_values
from shared_code.sources.warehouse.expressions import exact, key_text
from shared_code.sources.warehouse.objects import budget_final
from shared_code.sources.warehouse.query import OutputColumn, Statement, Total, grouped_query
from shared_code.sources.warehouse.window import Window
from shared_code.sql.types import ExactDecimal

BALANCE = ExactDecimal(19, 5)


def budget_rows(window: Window) -> Statement:
    """The budget rows of the months and sites of `window`; the months are texts of six digits."""
    table = budget_final.alias("b")
    first, last = window.periods()
    return select(
        key_text(table.c.COST_CENTER).label("site"),
        key_text(table.c.PERIOD).label("period"),
        key_text(table.c.MAIN_ACCOUNT).label("main_account"),
        exact(table.c.BALANCE, BALANCE).label("balance"),
    ).where(
        *within_values(table.c.PERIOD, "period", first, last, String(6)),
        *of_sites(table.c.COST_CENTER, window, 4),
    )


QUERY = grouped_query(
    "E03",
    ("BUDGET_FINAL",),
    (
        OutputColumn("site", String(4), required=True, is_key=True),
        OutputColumn("period", String(6), required=True, is_key=True),
        OutputColumn("main_account", String(4), required=True, is_key=True),
        OutputColumn("balance", BALANCE, Total.SUM, required=True, measure=True),
    ),
    budget_rows,
)
"""Balances by site, month (`yyyyMM`) and account in ledger sign: dollars, or counts for statistics accounts.

Window: periods, optional sites.
"""
