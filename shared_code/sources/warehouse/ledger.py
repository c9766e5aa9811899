"""E04: posted balances by account and entity.

Source: Source side, "Extraction queries".
"""

from sqlalchemy import Integer, String, select

from shared_code.sources.warehouse.bounds import of_sites, within_numbers
from shared_code.sources.warehouse.expressions import exact, key_text
from shared_code.sources.warehouse.objects import account_summary
from shared_code.sources.warehouse.query import OutputColumn, Statement, Total, grouped_query
from shared_code.sources.warehouse.window import Window
from shared_code.sql.types import ExactDecimal

BALANCE = ExactDecimal(19, 5)


def ledger_rows(window: Window) -> Statement:
    """The posted rows of the months and sites of `window`; the months are numbers."""
    table = account_summary.alias("a")
    first, last = window.periods()
    return select(
        key_text(table.c.COST_CENTER).label("site"),
        table.c.PERIOD.label("period"),
        key_text(table.c.MAIN_ACCOUNT).label("main_account"),
        key_text(table.c.ENTITY).label("entity"),
        exact(table.c.BALANCE, BALANCE).label("balance"),
    ).where(
        *within_numbers(table.c.PERIOD, "period", int(first), int(last)),
        *of_sites(table.c.COST_CENTER, window, 4),
    )


QUERY = grouped_query(
    "E04",
    ("ACCOUNT_SUMMARY",),
    (
        OutputColumn("site", String(4), required=True, is_key=True),
        OutputColumn("period", Integer(), required=True),
        OutputColumn("main_account", String(4), required=True, is_key=True),
        OutputColumn("entity", String(2), required=True, is_key=True),
        OutputColumn("balance", BALANCE, Total.SUM, required=True, measure=True),
    ),
    ledger_rows,
)
"""Balances by site, month (number `yyyyMM`), account and entity in ledger sign.

Window: periods, of which the last is the current one at most, and optional sites.
"""
