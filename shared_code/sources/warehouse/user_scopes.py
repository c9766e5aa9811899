"""E15: which user answers for which site.

Source: Source side, "Extraction queries".
"""

from typing import NamedTuple

from sqlalchemy import String, Unicode, func, select

from shared_code.sources.warehouse.expressions import key_text
from shared_code.sources.warehouse.objects import workday_rls_bisecurity
from shared_code.sources.warehouse.query import OutputColumn, Statement, listing_query
from shared_code.sources.warehouse.window import Window

DISTRICT_MANAGER_PROFILES = frozenset({"DISTMGR", "AREAMGR", "SRDISTMGR"})
ACCOUNT_MANAGER_PROFILES = frozenset({"DOO", "ACCTMGR", "ASSOCM", "SRACCTMGR", "ASOPSMGR", "TRANSMGR"})


class UserScope(NamedTuple):
    """The role of a user and the site, as the warehouse writes it, that it reaches; None where none is named."""

    role: str
    site: str | None


def scope_of(job_profile: str | None, cost_center: str | None, site: str | None) -> UserScope | None:
    """What a row of the feed gives its user; None for a job profile that gives no role.

    Source: Source side, "Extraction queries".
    """
    profile = (job_profile or "").upper()
    if profile in DISTRICT_MANAGER_PROFILES:
        return UserScope("district_manager", site)
    if profile in ACCOUNT_MANAGER_PROFILES:
        return UserScope("account_manager", cost_center)
    return None


def _rows(_: Window) -> Statement:
    table = workday_rls_bisecurity.alias("u")
    return select(
        func.rtrim(table.c.UPN, type_=Unicode(256)).label("principal_name"),
        key_text(table.c.EMPLOYEE_ID).label("employee_id"),
        key_text(table.c.JOB_PROFILE).label("job_profile"),
        key_text(table.c.COST_CENTER).label("cost_center"),
        key_text(table.c.SITE).label("site"),
        func.rtrim(table.c.DISTRICT, type_=String(100)).label("district"),
    )


QUERY = listing_query(
    "E15",
    ("WORKDAY_RLS_BISECURITY",),
    (
        OutputColumn("principal_name", Unicode(256), required=True),
        OutputColumn("employee_id", String(50), is_key=True),
        OutputColumn("job_profile", String(50), required=True, is_key=True),
        OutputColumn("cost_center", String(10), is_key=True),
        OutputColumn("site", String(10), is_key=True),
        OutputColumn("district", String(100)),
    ),
    _rows,
    grain=("principal_name", "job_profile", "cost_center", "site", "district"),
    then_by=("employee_id",),
)
"""Every row of the row-level security; `scope_of` says what a row gives. The window is not used."""
