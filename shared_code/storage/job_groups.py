"""Job groups: the named sets into which the company arranges job codes.

Source: Data model, "Job codes and rates"; REST API, "Job groups and job codes".
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select, update

from shared_code.domain.site_scope import SiteScope
from shared_code.sql.lists import in_list
from shared_code.storage import stamps
from shared_code.storage.database import within
from shared_code.storage.tables.job_codes import job_codes, job_groups, site_job_codes

ID_LENGTH = 50
"""Characters of the id of a group."""


@dataclass(frozen=True, slots=True)
class JobGroup:
    """A group and whether codes may be assigned to it."""

    job_group_id: str
    title: str
    is_active: bool


@dataclass(frozen=True, slots=True)
class GroupedCode:
    """A job code and the group that it is in."""

    job_group_id: str
    job_code: str
    title: str
    is_active: bool


@dataclass(frozen=True, slots=True)
class SiteGroups:
    """The groups of the job codes that are used at a site, and whether one of these codes is in none."""

    job_groups: tuple[JobGroup, ...]
    has_unassigned_codes: bool


NO_GROUPS = SiteGroups((), has_unassigned_codes=False)
"""A site that uses no job code."""


def all_groups(connection: Connection, *, is_locking: bool = False) -> list[JobGroup]:
    """Every group in the order of the titles; there are as many as the company has kinds of work.

    `is_locking`: others who are about to change a group wait until this transaction ends.
    """
    statement = select(*_GROUP).order_by(job_groups.c.title, job_groups.c.job_group_id)
    if is_locking:
        # SQLite has one writer at a time anyway; SQL Server would let two read the same groups.
        statement = statement.with_hint(job_groups, "WITH (UPDLOCK, HOLDLOCK)", "mssql")
    return [JobGroup(*row) for row in connection.execute(statement)]


def grouped_codes(connection: Connection, job_group_id: str | None = None) -> list[GroupedCode]:
    """The job codes that are in a group, of one group or of all, by code."""
    in_group = job_codes.c.job_group_id
    rows = connection.execute(
        select(in_group, job_codes.c.job_code_id, job_codes.c.title, job_codes.c.is_active)
        .where(in_group.is_not(None) if job_group_id is None else in_group == job_group_id)
        .order_by(job_codes.c.job_code_id)
    )
    return [GroupedCode(*row) for row in rows]


def add_group(connection: Connection, group: JobGroup, user_id: str, now: datetime) -> None:
    """Enter a new group."""
    values = {name: getattr(group, name) for name in JobGroup.__slots__}
    connection.execute(insert(job_groups).values(**values, **stamps.inserted(user_id, now)))


def change_group(
    connection: Connection, job_group_id: str, values: dict[str, Any], user_id: str, now: datetime
) -> None:
    """Give a group other `values` (`title`, `is_active`)."""
    connection.execute(
        update(job_groups)
        .where(job_groups.c.job_group_id == job_group_id)
        .values(**values, **stamps.updated(job_groups, user_id, now))
    )


def activate_groups(connection: Connection, group_ids: Iterable[str], user_id: str, now: datetime) -> None:
    """Switch groups on."""
    connection.execute(
        update(job_groups)
        .where(in_list(job_groups.c.job_group_id, set(group_ids)))
        .values(is_active=True, **stamps.updated(job_groups, user_id, now))
    )


def groups_of_sites(connection: Connection, scope: SiteScope, site_ids: Iterable[str]) -> dict[str, SiteGroups]:
    """The groups in use at each of `site_ids`, by title; a site that uses no job code has no entry.

    A code is in use where it is active, at the site and in itself.
    """
    rows = connection.execute(
        select(site_job_codes.c.site_id, job_codes.c.job_group_id, job_groups.c.title, job_groups.c.is_active)
        .select_from(
            site_job_codes.join(job_codes, job_codes.c.job_code_id == site_job_codes.c.job_code_id).outerjoin(
                job_groups, job_groups.c.job_group_id == job_codes.c.job_group_id
            )
        )
        .where(
            within(scope.narrowed_to(site_ids), site_job_codes.c.site_id),
            site_job_codes.c.is_active,
            job_codes.c.is_active,
        )
        .distinct()
        .order_by(site_job_codes.c.site_id, job_groups.c.title)
    )
    found: dict[str, SiteGroups] = {}
    for site_id, job_group_id, title, is_active in rows:
        known = found.get(site_id, NO_GROUPS)
        if job_group_id is None:
            found[site_id] = SiteGroups(known.job_groups, has_unassigned_codes=True)
        else:
            group = JobGroup(job_group_id, title, is_active)
            found[site_id] = SiteGroups((*known.job_groups, group), known.has_unassigned_codes)
    return found


def sites_using(connection: Connection, codes: Iterable[str]) -> list[str]:
    """The sites at which one of the job codes is entered, in order: whose answers depend on them."""
    used = in_list(site_job_codes.c.job_code_id, set(codes))
    statement = select(site_job_codes.c.site_id).where(used).distinct().order_by(site_job_codes.c.site_id)
    return list(connection.scalars(statement))


_GROUP = tuple(job_groups.c[name] for name in JobGroup.__slots__)
