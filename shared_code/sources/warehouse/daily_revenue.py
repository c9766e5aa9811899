"""E07: vehicles, net revenue and occupied rooms by site and day.

Source: Source side, "Extraction queries" and "Revenue codes".
"""

from typing import Any

from sqlalchemy import (
    ColumnElement,
    Date,
    DateTime,
    FromClause,
    Integer,
    String,
    Subquery,
    and_,
    case,
    func,
    or_,
    select,
    union_all,
)
from sqlalchemy import literal_column as sql

from shared_code.sources.warehouse.bounds import of_sites, within_days
from shared_code.sources.warehouse.expressions import (
    compared,
    day_of,
    exact,
    key_text,
    no_value,
    normalised_site,
    own_collation,
    text_map,
    trimmed_text,
)
from shared_code.sources.warehouse.objects import revenue_daily_detail, revenue_datamart_daily
from shared_code.sources.warehouse.query import (
    FLAW,
    FeedQuery,
    OutputColumn,
    Statement,
    Total,
    control_of,
    grouped_query,
    groups_of,
    incomplete_of,
    judged_rows,
)
from shared_code.sources.warehouse.window import Window
from shared_code.sql.types import ExactDecimal

COUNT = ExactDecimal(18, 4)
MONEY = ExactDecimal(19, 4)

CATEGORIES = tuple(
    f"{side}_{stay}" for side in ("valet", "self") for stay in ("daily", "overnight", "monthly", "aggregator")
)
"""Parking categories, each with vehicles and revenue."""

COMPS = ("valet_comps", "self_comps")
"""Free parking by side: vehicles only, and only where an administrator maps a text to them."""

_OBJECTS = ("REVENUE_DAILY_DETAIL", "REVENUE_DATAMART_DAILY")
_KEYS = ("site", "stat_date")
_VALUES = ("vehicles", "total_net_revenue", "occupied_rooms")


def _mapped(table: FromClause, window: Window) -> tuple[FromClause, ColumnElement[str]]:
    """`table` joined with the mapping, and the category: by the code where that is known, otherwise by the text."""
    by_code = text_map("revenue_codes", window.revenue_codes, "c")
    by_text = text_map("revenue_codes", window.revenue_codes, "t")
    joined = table.outerjoin(by_code, own_collation(by_code.c.code) == key_text(table.c.REVENUE_CODE)).outerjoin(
        by_text, own_collation(by_text.c.code) == trimmed_text(table.c.REVENUE_CATEGORY)
    )
    return joined, func.coalesce(own_collation(by_code.c.category), own_collation(by_text.c.category))


def _daily_rows(window: Window) -> Statement:
    """Part 1: vehicles and revenue. What has no category keeps its text, so that it can meet its like in part 2."""
    table = revenue_daily_detail.alias("d")
    mapped, category = _mapped(table, window)
    text = own_collation(trimmed_text(table.c.REVENUE_CATEGORY))
    return (
        select(
            normalised_site(table.c.SITE).label("site"),
            day_of(table.c.DATE).label("stat_date"),
            func.coalesce(category, text, sql("''")).label("category"),
            exact(table.c.VEHICLECOUNT, COUNT).label("vehicles"),
            exact(table.c.NETEXTERNALREVENUE, MONEY).label("total_net_revenue"),
            no_value(COUNT).label("occupied_rooms"),
            no_value(DateTime()).label("last_loaded_at"),
            sql("1", Integer()).label("part_1"),
        )
        .select_from(mapped)
        .where(*within_days(table.c.DATE, window), *of_sites(table.c.SITE, window, 4))
    )


def _datamart_rows(window: Window) -> Statement:
    """Part 2: occupied rooms, and vehicles by category text."""
    table = revenue_datamart_daily.alias("m")
    by_text = text_map("revenue_codes", window.revenue_codes, "t")
    text = trimmed_text(table.c.REVENUE_CATEGORY)
    is_vehicles = compared(table.c.VALUE_TYPE) == sql("'VEHICLES'", String())
    is_rooms = and_(compared(table.c.VALUE_TYPE) == sql("'OTHER'", String()), text == sql("'OCCUPIED ROOMS'", String()))
    value = exact(table.c.VALUE, COUNT)
    return (
        select(
            normalised_site(table.c.SITE).label("site"),
            day_of(table.c.DATE).label("stat_date"),
            func.coalesce(own_collation(by_text.c.category), own_collation(text), sql("''")).label("category"),
            case((is_vehicles, value)).label("vehicles"),
            no_value(MONEY).label("total_net_revenue"),
            case((is_rooms, value)).label("occupied_rooms"),
            table.c.DW_LOADED_DTTM.label("last_loaded_at"),
            sql("NULL", Integer()).label("part_1"),
        )
        .select_from(table.outerjoin(by_text, own_collation(by_text.c.code) == text))
        .where(*within_days(table.c.DATE, window), or_(is_vehicles, is_rooms), *of_sites(table.c.SITE, window, 4))
    )


def _judged(window: Window) -> Subquery:
    """The source rows of both parts, one below the other."""
    return judged_rows(union_all(_daily_rows(window), _datamart_rows(window)), _KEYS, _VALUES)


def _by_category(window: Window) -> Subquery:
    """Both parts by site, day and category; vehicles of part 2 only for a category that part 1 does not have.

    This is the full outer join of the two grouped parts, written as one grouping of both: nothing is multiplied, and
    no database has to compare every pair.
    """
    judged = _judged(window)
    keys = [judged.c[key] for key in (*_KEYS, "category")]
    part_1 = judged.c.part_1
    vehicles_of_part_1 = func.sum(case((part_1 == sql("1"), judged.c.vehicles)))
    return (
        select(
            *keys,
            case((func.max(part_1) == sql("1"), vehicles_of_part_1), else_=func.sum(judged.c.vehicles)).label(
                "vehicles"
            ),
            func.sum(judged.c.total_net_revenue).label("total_net_revenue"),
            func.sum(judged.c.occupied_rooms).label("occupied_rooms"),
            func.max(judged.c.last_loaded_at).label("last_loaded_at"),
        )
        .where(judged.c[FLAW].is_(None))
        .group_by(*keys)
        .subquery("b")
    )


def _rows(window: Window) -> Subquery:
    """One row per site, day and category with the columns of the output, of which only its own have values."""
    by_category = _by_category(window)

    def of_category(name: str, value: ColumnElement[Any]) -> ColumnElement[Any]:
        return case((by_category.c.category == sql(f"'{name}'", String()), value))

    is_comps = by_category.c.category.in_([sql(f"'{name}'", String()) for name in COMPS])
    return select(
        by_category.c.site,
        by_category.c.stat_date,
        *[of_category(name, by_category.c.vehicles).label(name) for name in (*CATEGORIES, *COMPS)],
        *[of_category(name, by_category.c.total_net_revenue).label(f"{name}_revenue") for name in CATEGORIES],
        case((is_comps, sql("NULL")), else_=by_category.c.vehicles).label("total_vehicles"),
        by_category.c.total_net_revenue,
        by_category.c.occupied_rooms,
        by_category.c.last_loaded_at,
        no_value(String(30)).label(FLAW),
    ).subquery("j")


_COLUMNS = (
    OutputColumn("site", String(4), required=True, is_key=True),
    OutputColumn("stat_date", Date(), required=True),
    OutputColumn("occupied_rooms", COUNT, Total.SUM_OR_NULL, measure=True),
    *[OutputColumn(name, COUNT, Total.SUM_OR_NULL) for name in (*CATEGORIES, *COMPS)],
    *[OutputColumn(f"{name}_revenue", MONEY, Total.SUM_OR_NULL) for name in CATEGORIES],
    OutputColumn("total_vehicles", COUNT, Total.SUM),
    OutputColumn("total_net_revenue", MONEY, Total.SUM, measure=True),
    OutputColumn("last_loaded_at", DateTime(), Total.LATEST),
)

QUERY = FeedQuery(
    "E07",
    _OBJECTS,
    _COLUMNS,
    statement=lambda window: groups_of(_rows(window), _COLUMNS),
    control=lambda window: control_of(_judged(window), _COLUMNS),
    incomplete=lambda window: incomplete_of(_judged(window), _COLUMNS),
    grain=_KEYS,
    is_grouped=True,
    takes_sites=True,
)
"""Vehicles and revenue (dollars) by category, totals and occupied rooms of a site and day. A category without rows
is null. `total_vehicles` is without comps, `total_net_revenue` is of all categories, known or not. The site is
normalised already, because the two parts meet on it.

Vehicles have no control sum: which of part 2 count depends on part 1.

Window: days, optional sites, revenue codes.
"""


def _unknown_rows(window: Window) -> Statement:
    table = revenue_daily_detail.alias("d")
    mapped, category = _mapped(table, window)
    return (
        select(
            key_text(table.c.REVENUE_CODE).label("revenue_code"),
            trimmed_text(table.c.REVENUE_CATEGORY).label("revenue_category"),
            sql("1", Integer()).label("row_count"),
        )
        .select_from(mapped)
        .where(category.is_(None), *within_days(table.c.DATE, window), *of_sites(table.c.SITE, window, 4))
    )


UNKNOWN_CODES = grouped_query(
    "E07",
    _OBJECTS[:1],
    (
        OutputColumn("revenue_code", String(5), is_key=True),
        OutputColumn("revenue_category", String(100), is_key=True),
        OutputColumn("row_count", Integer(), Total.SUM),
    ),
    _unknown_rows,
)
"""Revenue codes and texts that no mapping knows, with their rows: counted in the totals, reported once per run.

Window: days, optional sites, revenue codes.
"""
