"""Sites: which there are, where they belong, and the site master's publication.

Source: Data model, "Organisation, access, accounts".
"""

from collections.abc import Iterable

from sqlalchemy import Boolean, Connection, RowMapping, and_, exists, literal, or_, select, update

from shared_code.domain.site_scope import SiteScope
from shared_code.sql.lists import in_list
from shared_code.storage import stamps
from shared_code.storage.database import within
from shared_code.storage.publication import RunStamp, SliceChanges
from shared_code.storage.tables.organisation import sites
from shared_code.storage.tables.staging import stg_sites
from shared_code.storage.upsert import upsert

_MASTER = {
    "name": "site_name",
    "district_code": "district_code",
    "region_code": "region_code",
    "legal_entity": "legal_entity",
    "pl_category": "pl_category",
    "cog_segment": "cog_segment",
    "business_segment": "business_segment",
    "contract_type_text": "contract_type_text",
    "gl_string": "gl_string",
    "manager_employee_id": "manager_employee_id",
    "total_rooms": "total_rooms",
    "total_parking_spaces": "total_parking_spaces",
    "start_date": "first_worked_date",
    "close_date": "last_worked_date",
    "row_hash": "row_hash",
}
"""Columns of a site that the site master decides, and the staged columns that they come from."""


def site_ids(connection: Connection, scope: SiteScope) -> list[str]:
    """The codes of all sites in `scope`, active or not, in order."""
    return list(
        connection.scalars(select(sites.c.site_id).where(within(scope, sites.c.site_id)).order_by(sites.c.site_id))
    )


def find(connection: Connection, scope: SiteScope, site_id: str) -> RowMapping | None:
    """A site; None when there is none of this code in `scope`."""
    return (
        connection.execute(select(sites).where(within(scope, sites.c.site_id), sites.c.site_id == site_id))
        .mappings()
        .first()
    )


def rooms_that_change(connection: Connection, run: RunStamp) -> set[str]:
    """Sites whose staged number of rooms is not the published one: occupancy means another number of rooms there."""
    ours, staged = sites.c.total_rooms, stg_sites.c.total_rooms
    differs = or_(ours != staged, and_(ours.is_(None), staged.is_not(None)), and_(ours.is_not(None), staged.is_(None)))
    rows = connection.scalars(
        select(sites.c.site_id)
        .join_from(sites, stg_sites, stg_sites.c.site_id == sites.c.site_id)
        .where(stg_sites.c.sync_run_id == run.sync_run_id, differs)
    )
    return set(rows)


def publish_master(connection: Connection, run: RunStamp, refused: Iterable[str], user_id: str) -> SliceChanges:
    """Enter the staged sites; a site that is not listed any more becomes inactive and keeps all it has.

    A site whose row was `refused` stays as it is: it is listed, only its row cannot be used. Regions and districts
    of the staged sites have to be there.
    """
    staged = stg_sites.c.sync_run_id == run.sync_run_id
    master = (
        select(
            stg_sites.c.site_id,
            *[stg_sites.c[staged_name].label(name) for name, staged_name in _MASTER.items()],
            literal(True, Boolean()).label("is_active"),
        )
        .where(staged)
        .subquery("master")
    )
    published = {"sync_run_id": run.sync_run_id, "loaded_at": run.loaded_at}
    changed = {**published, **stamps.updated(sites, user_id, run.loaded_at)}
    written = upsert(
        connection,
        sites,
        master,
        ("site_id",),
        (*_MASTER, "is_active"),
        on_insert={**published, **stamps.inserted(user_id, run.loaded_at)},
        on_update=changed,
    )
    is_listed = exists(select(1).where(staged, stg_sites.c.site_id == sites.c.site_id))
    unlisted = connection.execute(
        update(sites)
        .where(sites.c.is_active, ~is_listed, ~in_list(sites.c.site_id, refused))
        .values(is_active=False, **changed)
    )
    return SliceChanges(written.inserted, written.updated + unlisted.rowcount)
