"""E08: accepted revenue and vehicles by month and category, whose quotient is the actual parking rate.

Source: Source side, "Extraction queries" and "Revenue codes".
"""

from sqlalchemy import String, case, select
from sqlalchemy import literal_column as sql

from shared_code.sources.warehouse.bounds import of_sites, within_days
from shared_code.sources.warehouse.expressions import compared, exact, key_text
from shared_code.sources.warehouse.objects import revenue_daily_detail_invoice
from shared_code.sources.warehouse.query import OutputColumn, Statement, Total, grouped_query
from shared_code.sources.warehouse.window import Window
from shared_code.sql.dates import month_of
from shared_code.sql.types import ExactDecimal

CATEGORIES = {
    f"{side[0]}{stay[0]}".upper(): f"{side}_{stay}"
    for side in ("valet", "self")
    for stay in ("daily", "overnight", "monthly")
}
"""Category by the first two letters of a revenue code; the digit after them is the kind of collection, 1 to 3."""

_COLLECTIONS = "123"


def _rows(window: Window) -> Statement:
    table = revenue_daily_detail_invoice.alias("d")
    code = compared(table.c.REVENUE_CODE)
    codes = {letters: [sql(f"'{letters}{kind}'", String()) for kind in _COLLECTIONS] for letters in CATEGORIES}
    category = case(*[(code.in_(codes[letters]), sql(f"'{name}'", String())) for letters, name in CATEGORIES.items()])
    return select(
        key_text(table.c.SITE).label("site"),
        month_of(table.c.DATE).label("period"),
        category.label("category"),
        exact(table.c.NETEXTERNALREVENUE, ExactDecimal(19, 4)).label("revenue"),
        exact(table.c.VEHICLECOUNT, ExactDecimal(18, 4)).label("vehicles"),
    ).where(
        *within_days(table.c.DATE, window),
        code.in_([literal for listed in codes.values() for literal in listed]),
        *of_sites(table.c.SITE, window, 4),
    )


QUERY = grouped_query(
    "E08",
    ("vwREVENUE_DAILY_DETAIL_INVOICE",),
    (
        OutputColumn("site", String(4), required=True, is_key=True),
        OutputColumn("period", String(7), required=True),
        OutputColumn("category", String(20), required=True),
        OutputColumn("revenue", ExactDecimal(19, 4), Total.SUM, measure=True),
        OutputColumn("vehicles", ExactDecimal(18, 4), Total.SUM, measure=True),
    ),
    _rows,
    one_of=("revenue", "vehicles"),
)
"""Revenue in dollars and vehicles by site, month (`YYYY-MM`) and category such as `valet_daily`.

Window: days, optional sites.
"""
