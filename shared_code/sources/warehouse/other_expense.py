"""E05: other expense by account, for the refresh of one site on demand.

Source: Source side, "Extraction queries".
"""

from typing import Any

from sqlalchemy import Integer, String, select
from sqlalchemy import literal_column as sql

from shared_code.sources.warehouse.budget import budget_rows
from shared_code.sources.warehouse.expressions import compared, key_text
from shared_code.sources.warehouse.ledger import ledger_rows
from shared_code.sources.warehouse.objects import chart_of_account
from shared_code.sources.warehouse.query import OutputColumn, RowsOf, Statement, Total, grouped_query
from shared_code.sources.warehouse.window import Window
from shared_code.sql.types import ExactDecimal


def _rows_of(balances: RowsOf) -> RowsOf:
    """The rows of `balances` whose account the chart puts in the category OTHER EXPENSE."""

    def rows(window: Window) -> Statement:
        balance = balances(window).subquery("x")
        chart = chart_of_account.alias("c")
        is_other_expense = (
            select(sql("1"))
            .select_from(chart)
            .where(
                key_text(chart.c.MAIN_ACCOUNT) == balance.c.main_account,
                compared(chart.c.IS_SUMMARY_CATEGORY) == sql("'OTHER EXPENSE'", String()),
            )
            .exists()
        )
        return select(balance.c.period, balance.c.main_account, balance.c.balance.label("amount")).where(
            is_other_expense
        )

    return rows


def _columns(period: Any) -> tuple[OutputColumn, ...]:
    return (
        OutputColumn("period", period, required=True, is_key=isinstance(period, String)),
        OutputColumn("main_account", String(4), required=True, is_key=True),
        OutputColumn("amount", ExactDecimal(19, 5), Total.SUM, required=True, measure=True),
    )


BUDGET = grouped_query("E05", ("BUDGET_FINAL", "CHART_OF_ACCOUNT"), _columns(String(6)), _rows_of(budget_rows))
"""Budgeted other expense in dollars by month (`yyyyMM`) and account. Window: periods and one site."""

ACTUAL = grouped_query("E05", ("ACCOUNT_SUMMARY", "CHART_OF_ACCOUNT"), _columns(Integer()), _rows_of(ledger_rows))
"""Posted other expense in dollars by month (number `yyyyMM`) and account. Window: periods and one site."""
