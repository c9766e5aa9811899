"""E01: the site master with one manager per site.

Source: Source side, "Extraction queries" and "Organisation and people (`TP_EDW.dbo`)".
"""

from decimal import Decimal, InvalidOperation

from sqlalchemy import ColumnElement, Date, Integer, String, case, func, select
from sqlalchemy import literal_column as sql

from shared_code.sources.warehouse.expressions import is_blank, key_text, no_value, normalised_site, trimmed_text
from shared_code.sources.warehouse.objects import master_non_financial, workday_site_managers
from shared_code.sources.warehouse.query import OutputColumn, Statement, listing_query
from shared_code.sources.warehouse.window import Window

_NO_VALUE = ("'NULL'", "'N/A'", "''")
"""What the site master writes where it has no value."""


def count_or_none(text: str) -> int | None:
    """The whole number that a text writes; None when it writes none, or one below zero."""
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return int(number) if number.is_finite() and number >= 0 and number == number.to_integral_value() else None


def _shown(column: ColumnElement[str], length: int) -> ColumnElement[str]:
    """A text for people: without its padding, in the case in which it was written, null where it says so."""
    says_nothing = trimmed_text(column).in_([sql(text) for text in _NO_VALUE])
    return case((says_nothing, no_value(String(length))), else_=func.rtrim(column, type_=String(length)))


def _rows(_: Window) -> Statement:
    master = master_non_financial.alias("m")
    managers = workday_site_managers.alias("w")
    manager = (
        select(
            normalised_site(managers.c.SITE).label("site"),
            func.min(key_text(managers.c.ACCT_MGR_EMPLOYEE_ID)).label("employee_id"),
        )
        .where(~is_blank(key_text(managers.c.ACCT_MGR_EMPLOYEE_ID)))
        .group_by(normalised_site(managers.c.SITE))
        .subquery("w1")
    )
    return select(
        key_text(master.c.SITE).label("site"),
        _shown(master.c.SITE_NAME, 200).label("site_name"),
        _shown(master.c.DISTRICT, 100).label("district"),
        _shown(master.c.SVP_REGION, 50).label("region"),
        _shown(master.c.LEGAL_ENTITY, 100).label("legal_entity"),
        _shown(master.c.PL_CATEGORY, 50).label("pl_category"),
        _shown(master.c.COG_SEGMENT, 50).label("cog_segment"),
        _shown(master.c.BUSINESS_SEGMENT, 50).label("business_segment"),
        _shown(master.c.P_CONTRACT_TYPE, 200).label("contract_type_text"),
        _shown(master.c.GL_STRING, 50).label("gl_string"),
        _shown(master.c.TOTAL_ROOMS_AVAILABLE, 20).label("total_rooms"),
        _shown(master.c.TOTAL_AVAILABLE_PARKING, 20).label("total_parking_spaces"),
        master.c.FIRST_WORKED_DATE.label("first_worked_date"),
        master.c.LAST_WORKED_DATE.label("last_worked_date"),
        manager.c.employee_id.label("manager_employee_id"),
    ).select_from(master.outerjoin(manager, manager.c.site == normalised_site(master.c.SITE)))


QUERY = listing_query(
    "E01",
    ("MASTER_NON_FINANCIAL", "WORKDAY_SITE_MANAGERS"),
    (
        OutputColumn("site", String(4), required=True, is_key=True),
        OutputColumn("site_name", String(200), required=True),
        OutputColumn("district", String(100)),
        OutputColumn("region", String(50)),
        OutputColumn("legal_entity", String(100)),
        OutputColumn("pl_category", String(50)),
        OutputColumn("cog_segment", String(50)),
        OutputColumn("business_segment", String(50)),
        OutputColumn("contract_type_text", String(200)),
        OutputColumn("gl_string", String(50)),
        OutputColumn("total_rooms", Integer(), parse=count_or_none),
        OutputColumn("total_parking_spaces", Integer(), parse=count_or_none),
        OutputColumn("first_worked_date", Date()),
        OutputColumn("last_worked_date", Date()),
        OutputColumn("manager_employee_id", String(50), is_key=True),
    ),
    _rows,
    grain=("site",),
    then_by=("site_name", "district", "region"),
)
"""Every site with its organisation, totals and the lowest of its managers' employee ids. The window is not used."""
