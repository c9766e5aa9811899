"""The source's own sums, and its rows of months that no read asks for.

Source: Source side, "Data-quality rules" (reconciliation) and "Rules for every T-SQL read".
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Column, ColumnElement, Integer, String, and_, bindparam, or_, select
from sqlalchemy import literal_column as sql

from shared_code.sources.warehouse.expressions import compared, key_text
from shared_code.sources.warehouse.objects import account_summary, budget_final
from shared_code.sources.warehouse.query import FeedQuery, OutputColumn, Statement, Total, grouped_query, total_of
from shared_code.sources.warehouse.window import Window


def sums_by_site(query: FeedQuery, measures: Sequence[str], also: Sequence[str] = ()) -> FeedQuery:
    """What `query` delivers, added up by site and the columns of `also`: the warehouse does the adding.

    The site is returned as it is written; several spellings of one are added by the caller.
    """
    wanted = {column.name: column for column in query.columns}
    grain = tuple(wanted[name] for name in ("site", *also))
    columns = (*grain, *[replace(wanted[name], total=Total.SUM) for name in measures])

    def statement(window: Window) -> Statement:
        delivered: Any = query.statement(window)
        rows = delivered.order_by(None).subquery("s")
        keys = [rows.c[column.name] for column in grain]
        totals = [total_of(rows.c[name], Total.SUM).label(name) for name in measures]
        return select(*keys, *totals).group_by(*keys).order_by(*keys)

    return FeedQuery(
        query.query_id,
        query.objects,
        columns,
        statement,
        grain=("site", *also),
        is_grouped=True,
        takes_sites=query.takes_sites,
    )


_COLUMNS = (
    OutputColumn("site", String(4), is_key=True),
    OutputColumn("period", String(6), is_key=True),
    OutputColumn("row_count", Integer(), Total.SUM),
)


def _budget_rows(window: Window) -> Statement:
    table = budget_final.alias("b")
    return select(
        key_text(table.c.COST_CENTER).label("site"),
        key_text(table.c.PERIOD).label("period"),
        sql("1", Integer()).label("row_count"),
    ).where(_of_no_month(table.c.PERIOD, window, is_text=True))


def _ledger_rows(window: Window) -> Statement:
    table = account_summary.alias("a")
    return select(
        key_text(table.c.COST_CENTER).label("site"),
        table.c.PERIOD.label("period"),
        sql("1", Integer()).label("row_count"),
    ).where(_of_no_month(table.c.PERIOD, window, is_text=False))


def _of_no_month(period: Column[Any], window: Window, *, is_text: bool) -> ColumnElement[bool]:
    """Between a December and the next January, for instance 202513, or of no period at all.

    The bounds are those of the column's own type, so that an index can be used.
    """
    first, last = (int(month[:4]) for month in window.periods())
    kind = String(6) if is_text else Integer()
    gaps = []
    for year in range(first - 1, last + 1):
        after, before = f"{year}12", f"{year + 1}01"
        gaps.append(
            and_(
                period > bindparam(f"after_{year}", after if is_text else int(after), kind),
                period < bindparam(f"before_{year + 1}", before if is_text else int(before), kind),
            )
        )
    blank = [compared(period) == sql("''", String())] if is_text else []
    return or_(*gaps, period.is_(None), *blank)


MONTHS_OF_NO_CALENDAR: dict[str, FeedQuery] = {
    "budget": grouped_query("E03", ("BUDGET_FINAL",), _COLUMNS, _budget_rows),
    "ledger": grouped_query(
        "E04", ("ACCOUNT_SUMMARY",), (_COLUMNS[0], OutputColumn("period", Integer()), _COLUMNS[2]), _ledger_rows
    ),
}
"""Rows by site and the period as it is written, of periods around the years of the window that are no months.

Window: periods.
"""

__all__ = ["MONTHS_OF_NO_CALENDAR", "sums_by_site"]
