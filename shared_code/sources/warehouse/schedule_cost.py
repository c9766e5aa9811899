"""E12: what the schedule costs, as the scheduling system sees it.

Source: Source side, "Extraction queries".
"""

from typing import Any

from sqlalchemy import ColumnElement, Date, String, select

from shared_code.sources.warehouse.bounds import of_sites
from shared_code.sources.warehouse.expressions import decimal_of_text, key_text
from shared_code.sources.warehouse.objects import schedule_cost_entity
from shared_code.sources.warehouse.query import RAW, OutputColumn, Statement, Total, grouped_query
from shared_code.sources.warehouse.shifts import rows_by_year
from shared_code.sources.warehouse.window import Window
from shared_code.sql.types import ExactDecimal

COST = ExactDecimal(18, 2)


def _rows(window: Window) -> Any:
    table = schedule_cost_entity.alias("s")

    def rows_of_year(bound: ColumnElement[bool], work_date: ColumnElement[Any]) -> Statement:
        return select(
            key_text(table.c.LOCATION_EXTERNAL_ID).label("site"),
            work_date.label("work_date"),
            key_text(table.c.WORK_ROLE).label("work_role"),
            decimal_of_text(table.c.SCHEDULE_COST, COST).label("cost"),
            table.c.SCHEDULE_COST.label(RAW),
        ).where(bound, *of_sites(table.c.LOCATION_EXTERNAL_ID, window, 10))

    return rows_by_year(window, rows_of_year, table)


QUERY = grouped_query(
    "E12",
    ("SCHEDULE_COST_ENTITY",),
    (
        OutputColumn("site", String(10), required=True, is_key=True),
        OutputColumn("work_date", Date(), required=True),
        OutputColumn("work_role", String(100), required=True, is_key=True),
        OutputColumn("cost", COST, Total.SUM, required=True, measure=True),
    ),
    _rows,
)
"""Dollars by site, day and work role; a cost that is not a number is incomplete. Window: days, optional sites."""
