"""Regions and districts as the site master names them, and where a site belonged in which month.

Source: Data model, "Organisation, access, accounts".
"""

from typing import Any

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Connection,
    String,
    Subquery,
    Table,
    and_,
    exists,
    func,
    insert,
    literal,
    or_,
    select,
    update,
)

from shared_code.domain.months import add_months
from shared_code.sql.types import Identifier, UtcTimestamp
from shared_code.storage import stamps
from shared_code.storage.publication import RunStamp, SliceChanges
from shared_code.storage.tables.organisation import districts, regions, site_organizations
from shared_code.storage.tables.staging import stg_sites
from shared_code.storage.upsert import upsert

FIRST_PERIOD = "2000-01"
"""From when a site belongs to its first known organisation, so that roll-ups of earlier months find it."""

_BELONGING = ("district_code", "region_code", "legal_entity")


def organisation_code(name: str | None) -> str | None:
    """The code of a region or district: its name trimmed, in upper case, inner blanks reduced to one; None for none."""
    return " ".join((name or "").upper().split()) or None


def publish_regions_and_districts(connection: Connection, run: RunStamp, user_id: str) -> SliceChanges:
    """Enter the regions and districts of the staged sites; those that no site names any more become inactive."""
    staged = stg_sites.c.sync_run_id == run.sync_run_id
    named_regions = (
        select(stg_sites.c.region_code, func.min(stg_sites.c.region).label("name"), _true())
        .where(staged, stg_sites.c.region_code.is_not(None))
        .group_by(stg_sites.c.region_code)
        .subquery("named_regions")
    )
    named_districts = (
        select(
            stg_sites.c.district_code,
            func.min(stg_sites.c.district).label("name"),
            func.min(stg_sites.c.region_code).label("region_code"),
            _true(),
        )
        .where(staged, stg_sites.c.district_code.is_not(None))
        .group_by(stg_sites.c.district_code)
        .subquery("named_districts")
    )
    first = _publish(connection, regions, named_regions, "region_code", ("name", "is_active"), run, user_id)
    columns = ("name", "region_code", "is_active")
    second = _publish(connection, districts, named_districts, "district_code", columns, run, user_id)
    return SliceChanges(first.inserted + second.inserted, first.updated + second.updated)


def _publish(
    connection: Connection, table: Table, named: Subquery, key: str, columns: tuple[str, ...], run: RunStamp, user: str
) -> SliceChanges:
    changed = stamps.updated(table, user, run.loaded_at)
    written = upsert(
        connection,
        table,
        named,
        (key,),
        columns,
        on_insert=stamps.inserted(user, run.loaded_at),
        on_update=changed,
    )
    is_named = exists(select(1).where(named.c[key] == table.c[key]))
    unnamed = connection.execute(update(table).where(table.c.is_active, ~is_named).values(is_active=False, **changed))
    return SliceChanges(written.inserted, written.updated + unnamed.rowcount)


def _true() -> ColumnElement[bool]:
    return literal(True, Boolean()).label("is_active")


def publish_history(connection: Connection, run: RunStamp, period: str) -> SliceChanges:
    """Note where the staged sites belong from `period` (`YYYY-MM`) on.

    A site's first row reaches back to `FIRST_PERIOD`. When district, region or legal entity change, the open row ends
    with the month before and a new one begins; a second change in one month replaces the row of that month.
    """
    replaced = _replace_row_of_month(connection, run, period)
    inserted = _insert(connection, run, FIRST_PERIOD, ~exists(select(1).where(_of_site(site_organizations))))
    before = site_organizations.alias("before")
    moved = _insert(
        connection, run, period, exists(select(1).where(_is_open(before), _of_site(before), _moved(before)))
    )
    ended = 0
    if moved:
        successor = site_organizations.alias("successor")
        ended = connection.execute(
            update(site_organizations)
            .where(
                _is_open(site_organizations),
                site_organizations.c.effective_from < period,
                exists(
                    select(1).where(
                        successor.c.site_id == site_organizations.c.site_id, successor.c.effective_from == period
                    )
                ),
            )
            .values(effective_to=add_months(period, -1), **_stamp(run))
        ).rowcount
    return SliceChanges(inserted + moved, replaced + ended)


def _replace_row_of_month(connection: Connection, run: RunStamp, period: str) -> int:
    """Correct the open row of the sites that have one of `period` (or later, when an earlier day is read again)."""
    staged = and_(stg_sites.c.sync_run_id == run.sync_run_id, stg_sites.c.site_id == site_organizations.c.site_id)
    return connection.execute(
        update(site_organizations)
        .where(
            _is_open(site_organizations),
            site_organizations.c.effective_from >= period,
            exists(select(1).where(staged, _moved(site_organizations))),
        )
        .values(
            {name: select(stg_sites.c[name]).where(staged).scalar_subquery() for name in _BELONGING} | _stamp(run),
        )
    ).rowcount


def _insert(connection: Connection, run: RunStamp, effective_from: str, condition: ColumnElement[bool]) -> int:
    """Open a row for every staged site that satisfies `condition`."""
    new = select(
        stg_sites.c.site_id,
        literal(effective_from, String(7)),
        *[stg_sites.c[name] for name in _BELONGING],
        literal(run.sync_run_id, Identifier()),
        literal(run.loaded_at, UtcTimestamp()),
    ).where(stg_sites.c.sync_run_id == run.sync_run_id, condition)
    names = ["site_id", "effective_from", *_BELONGING, "sync_run_id", "loaded_at"]
    return connection.execute(insert(site_organizations).from_select(names, new)).rowcount


def _is_open(organisation: Any) -> ColumnElement[bool]:
    is_open: ColumnElement[bool] = organisation.c.effective_to.is_(None)
    return is_open


def _of_site(organisation: Any) -> ColumnElement[bool]:
    of_site: ColumnElement[bool] = organisation.c.site_id == stg_sites.c.site_id
    return of_site


def _moved(organisation: Any) -> ColumnElement[bool]:
    """The staged site belongs elsewhere than `organisation` says."""
    return or_(*[organisation.c[name].is_distinct_from(stg_sites.c[name]) for name in _BELONGING])


def _stamp(run: RunStamp) -> dict[str, Any]:
    return {"sync_run_id": run.sync_run_id, "loaded_at": run.loaded_at}
