"""Job codes as administrators see them: lists, and what they change of a code.

Source: REST API, "Job groups and job codes"; Data model, "Job codes and rates".
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, func, or_, select, true, update

from shared_code.sql.lists import in_list
from shared_code.storage import stamps
from shared_code.storage.tables.job_codes import job_codes, job_groups, site_job_codes


class JobCodeFilter(StrEnum):
    """Which job codes a list shows."""

    ALL = "all"
    NEW = "new"
    """In no group, and titled with the code itself: seen in a source, and not looked at yet."""
    UNASSIGNED = "unassigned"
    INACTIVE = "inactive"


@dataclass(frozen=True, slots=True)
class ListedJobCode:
    """A job code with its group, the employees who work under it and the sites that use it."""

    job_code: str
    title: str
    job_group_id: str | None
    job_group: str | None
    is_active: bool
    is_productive: bool
    is_new: bool
    active_employees: int
    site_count: int


@dataclass(frozen=True, slots=True)
class StoredJobCode:
    """What is kept of a job code."""

    job_code: str
    title: str
    job_group_id: str | None
    is_active: bool
    is_productive: bool


def count_codes(connection: Connection, wanted: JobCodeFilter, search: str | None) -> int:
    """How many job codes a list has."""
    statement = select(func.count()).select_from(job_codes).where(_chosen(wanted, search))
    return connection.scalar(statement) or 0


def code_page(
    connection: Connection, wanted: JobCodeFilter, search: str | None, *, offset: int, limit: int
) -> list[ListedJobCode]:
    """`limit` job codes of a list in the order of the codes, from the place `offset` (0 is the first) on."""
    page = _listed().where(_chosen(wanted, search)).order_by(job_codes.c.job_code_id).offset(offset).limit(limit)
    return _with_usage(connection, connection.execute(page).all())


def listed_code(connection: Connection, job_code: str) -> ListedJobCode | None:
    """One job code as lists show it; None when there is none."""
    found = connection.execute(_listed().where(job_codes.c.job_code_id == job_code)).all()
    return next(iter(_with_usage(connection, found)), None)


def stored_codes(connection: Connection, codes: Iterable[str]) -> dict[str, StoredJobCode]:
    """Those of `codes` that there are; others who are about to change them wait until this transaction ends."""
    columns = [job_codes.c[name] for name in ("job_code_id", *StoredJobCode.__slots__[1:])]
    rows = connection.execute(
        select(*columns)
        .where(in_list(job_codes.c.job_code_id, set(codes)))
        .with_hint(job_codes, "WITH (UPDLOCK, HOLDLOCK)", "mssql")
    )
    return {row[0]: StoredJobCode(*row) for row in rows}


def change_codes(
    connection: Connection, codes: Iterable[str], values: Mapping[str, Any], user_id: str, now: datetime
) -> None:
    """Give all of `codes` the same `values` (`title`, `job_group_id`, `is_active`, `is_productive`)."""
    connection.execute(
        update(job_codes)
        .where(in_list(job_codes.c.job_code_id, set(codes)))
        .values(**values, **stamps.updated(job_codes, user_id, now))
    )


def _listed() -> Select[Any]:
    """Job codes with the titles of their groups."""
    source = job_codes.outerjoin(job_groups, job_groups.c.job_group_id == job_codes.c.job_group_id)
    return select(
        job_codes.c.job_code_id,
        job_codes.c.title,
        job_codes.c.job_group_id,
        job_groups.c.title.label("job_group"),
        job_codes.c.is_active,
        job_codes.c.is_productive,
    ).select_from(source)


def _with_usage(connection: Connection, rows: Sequence[Row[Any]]) -> list[ListedJobCode]:
    """The job codes of `rows` with what the sites say of them."""
    table = site_job_codes
    usage = connection.execute(
        select(table.c.job_code_id, func.sum(table.c.active_employee_count), func.count())
        .where(table.c.is_active, in_list(table.c.job_code_id, {row.job_code_id for row in rows}))
        .group_by(table.c.job_code_id)
    )
    used = {code: (int(employees), count) for code, employees, count in usage}
    return [
        ListedJobCode(
            row.job_code_id,
            row.title,
            row.job_group_id,
            row.job_group,
            row.is_active,
            row.is_productive,
            row.job_group_id is None and row.title.upper() == row.job_code_id,
            *used.get(row.job_code_id, (0, 0)),
        )
        for row in rows
    ]


def _chosen(wanted: JobCodeFilter, search: str | None) -> ColumnElement[bool]:
    condition = _CONDITIONS[wanted]
    if not search:
        return condition
    found = (column.icontains(search, autoescape=True) for column in (job_codes.c.job_code_id, job_codes.c.title))
    return and_(condition, or_(*found))


_IS_UNASSIGNED = job_codes.c.job_group_id.is_(None)
_IS_NEW = and_(_IS_UNASSIGNED, func.upper(job_codes.c.title) == job_codes.c.job_code_id)
_CONDITIONS: Mapping[JobCodeFilter, ColumnElement[bool]] = {
    JobCodeFilter.ALL: true(),
    JobCodeFilter.NEW: _IS_NEW,
    JobCodeFilter.UNASSIGNED: _IS_UNASSIGNED,
    JobCodeFilter.INACTIVE: ~job_codes.c.is_active,
}
