"""Job groups: listed, made, renamed, switched on and off, and where they are used.

Source: REST API, "Job groups and job codes".
"""

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from shared_code.domain.site_scope import SiteScope
from shared_code.errors import ConflictError, NotFoundError
from shared_code.services.forecast.author import Author
from shared_code.services.job_administration import GROUPS_MODULE, AdministeredCell, note_changes
from shared_code.services.runtime import Runtime
from shared_code.services.site_list import first_of_this_month
from shared_code.sql.transient import retry_use_case
from shared_code.storage import job_groups, site_list
from shared_code.storage.job_groups import ID_LENGTH, NO_GROUPS, GroupedCode, JobGroup
from shared_code.storage.site_list import SiteChoice

CODES_NAMED = 20
"""Active codes that a refusal to switch a group off names at most."""


class GroupStatus(StrEnum):
    """Which groups a list shows."""

    ACTIVE = "active"
    INACTIVE = "inactive"
    ALL = "all"

    def shows(self, group: JobGroup) -> bool:
        """Whether the list shows `group`."""
        return self is GroupStatus.ALL or group.is_active == (self is GroupStatus.ACTIVE)


@dataclass(frozen=True, slots=True)
class JobGroupEntry:
    """A group with all its codes, by code."""

    job_group_id: str
    title: str
    is_active: bool
    job_codes: tuple[GroupedCode, ...]


@dataclass(frozen=True, slots=True)
class JobGroupChange:
    """What is to become of a group; None leaves a field as it is."""

    title: str | None = None
    is_active: bool | None = None


@dataclass(frozen=True, slots=True)
class SiteAssignment:
    """The groups whose codes are used at a site."""

    site_id: str
    site_name: str
    district: str | None
    assigned_job_groups: tuple[JobGroup, ...]
    job_group_count: int
    has_unassigned_job_codes: bool


@dataclass(frozen=True, slots=True)
class AssignmentPage:
    """One page of a list of sites, and how many there are in all."""

    sites: tuple[SiteAssignment, ...]
    total: int


def list_groups(runtime: Runtime, status: GroupStatus) -> list[JobGroupEntry]:
    """The groups of `status` with their codes, by title."""
    with runtime.database.reading() as connection:
        groups = [group for group in job_groups.all_groups(connection) if status.shows(group)]
        codes = job_groups.grouped_codes(connection)
    by_group: defaultdict[str, list[GroupedCode]] = defaultdict(list)
    for code in codes:
        by_group[code.job_group_id].append(code)
    return [_entry(group, by_group[group.job_group_id]) for group in groups]


def create_group(runtime: Runtime, title: str, author: Author) -> JobGroupEntry:
    """Make an active group without codes. Raises `ConflictError` (DUPLICATE) for a title that is taken in any case."""

    def create(connection: Connection) -> JobGroupEntry:
        known = job_groups.all_groups(connection, is_locking=True)
        _require_free(title, known)
        group = JobGroup(new_group_id(title, {other.job_group_id for other in known}), title, is_active=True)
        now = runtime.clock.now()
        job_groups.add_group(connection, group, author.user_id, now)
        cells = [AdministeredCell(group.job_group_id, "title", None, title)]
        note_changes(runtime, connection, GROUPS_MODULE, cells, (), author, now)
        return _entry(group, ())

    return _written(runtime, create, title)


def change_group(runtime: Runtime, job_group_id: str, change: JobGroupChange, author: Author) -> JobGroupEntry:
    """Rename a group, switch it on or off.

    Raises `NotFoundError` for a group that there is not, `ConflictError` for a title that is taken (DUPLICATE), and
    for a group with active codes that is to be switched off (`reason` `group_has_active_codes`).
    """

    def write(connection: Connection) -> JobGroupEntry:
        known = job_groups.all_groups(connection, is_locking=True)
        group = group_named(job_group_id, known)
        if change.title is not None:
            _require_free(change.title, [other for other in known if other is not group])
        codes = job_groups.grouped_codes(connection, group.job_group_id)
        if group.is_active and change.is_active is False:
            _require_no_active(group, codes)
        wanted = JobGroup(
            group.job_group_id,
            group.title if change.title is None else change.title,
            group.is_active if change.is_active is None else change.is_active,
        )
        cells = [
            AdministeredCell(group.job_group_id, name, old, new)
            for name, old, new in (
                ("title", group.title, wanted.title),
                ("isActive", group.is_active, wanted.is_active),
            )
            if old != new
        ]
        if cells:
            now, values = runtime.clock.now(), {"title": wanted.title, "is_active": wanted.is_active}
            job_groups.change_group(connection, group.job_group_id, values, author.user_id, now)
            used = [code.job_code for code in codes]
            note_changes(runtime, connection, GROUPS_MODULE, cells, used, author, now)
        return _entry(wanted, codes)

    return _written(runtime, write, change.title)


def list_assignments(
    runtime: Runtime, scope: SiteScope, choice: SiteChoice, *, offset: int, limit: int
) -> AssignmentPage:
    """`limit` of the sites of `scope` that are chosen, by site, with the groups in use there."""
    day = first_of_this_month(runtime)
    with runtime.database.reading() as connection:
        total = site_list.count_sites(connection, scope, choice, day)
        page = site_list.site_page(connection, scope, choice, day, offset=offset, limit=limit)
        groups = job_groups.groups_of_sites(connection, scope, [site.site_id for site in page])
    found = []
    for site in page:
        used = groups.get(site.site_id, NO_GROUPS)
        count, lacks = len(used.job_groups), used.has_unassigned_codes
        found.append(SiteAssignment(site.site_id, site.name, site.district, used.job_groups, count, lacks))
    return AssignmentPage(tuple(found), total)


def group_named(job_group_id: str, known: Iterable[JobGroup]) -> JobGroup:
    """The group of this id, whose case does not matter. Raises `NotFoundError`."""
    wanted = job_group_id.lower()
    for group in known:
        if group.job_group_id.lower() == wanted:
            return group
    raise NotFoundError(
        f"There is no job group {job_group_id[:100]!r}.",
        field="jobGroupId",
        details={"providedValue": job_group_id[:100]},
    )


def new_group_id(title: str, taken: Collection[str]) -> str:
    """The id of a new group: its title in small letters, digits and hyphens, with a number where that is `taken`.

    It stays when the title changes, so that it can be kept in files and addresses.
    """
    plain = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")[:ID_LENGTH].strip("-") or "group"
    used = {job_group_id.lower() for job_group_id in taken}
    candidate, number = plain, 1
    while candidate in used:
        number += 1
        mark = f"-{number}"
        candidate = plain[: ID_LENGTH - len(mark)] + mark
    return candidate


def _written(runtime: Runtime, write: Callable[[Connection], JobGroupEntry], title: str | None) -> JobGroupEntry:
    """What `write` makes of the groups, in one transaction.

    Where somebody else has entered a group of the same title or id meanwhile, the second attempt sees it and either
    refuses the title or takes another id.
    """

    def attempt() -> JobGroupEntry:
        with runtime.database.writing() as connection:
            return write(connection)

    try:
        return retry_use_case(attempt)
    except IntegrityError:
        pass
    try:
        return retry_use_case(attempt)
    except IntegrityError as error:
        raise _taken(title or "") from error


def _require_free(title: str, others: Iterable[JobGroup]) -> None:
    if any(other.title.casefold() == title.casefold() for other in others):
        raise _taken(title)


def _taken(title: str) -> ConflictError:
    return ConflictError(
        f"There is a job group titled {title[:100]!r} already; case makes no difference.",
        code="DUPLICATE",
        field="title",
        details={"providedValue": title[:100]},
    )


def _require_no_active(group: JobGroup, codes: Iterable[GroupedCode]) -> None:
    active = [code.job_code for code in codes if code.is_active]
    if active:
        raise ConflictError(
            f"{group.title} has {len(active)} active job codes: assign them to another group, or switch them off.",
            field="isActive",
            details={"reason": "group_has_active_codes", "jobCodes": active[:CODES_NAMED]},
        )


def _entry(group: JobGroup, codes: Iterable[GroupedCode]) -> JobGroupEntry:
    return JobGroupEntry(group.job_group_id, group.title, group.is_active, tuple(codes))
