"""The audit trail as it is read: a page of it, the newest entries first.

Changes to tables of the integration schema are written down beside these, and both trails go on in the archive; a
reader sees one trail.

Source: REST API, "Audit and export"; Data model, "Audit, messages, leases, cache".
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, func, literal, select, union_all

from shared_code.domain.site_scope import SiteScope
from shared_code.storage.database import within
from shared_code.storage.tables.archive import archived_audit_events, archived_integration_audit_events
from shared_code.storage.tables.messages import audit_events, integration_audit_events


@dataclass(frozen=True, slots=True)
class RecordedEntry:
    """An entry of the trail; who wrote it in which role, from where, why, and by which request."""

    occurred_at: datetime
    user_id: str
    role_code: str | None
    on_behalf: bool
    site_id: str | None
    period: str | None
    module: str
    item_key: str
    field: str | None
    old_value: str | None
    new_value: str | None
    source: str
    reason: str | None
    request_id: str | None


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which entries are wanted: of moments from `since` until before `until`, and only those that match what is given.

    `user` is compared without regard to case, as principal names are.
    """

    since: datetime
    until: datetime
    module: str | None = None
    user: str | None = None
    field: str | None = None


def page(
    connection: Connection, scope: SiteScope, wanted: AuditFilter, *, offset: int, limit: int
) -> tuple[list[RecordedEntry], int]:
    """Entries about the sites of `scope`, the newest first, from the `offset`-th on, and how many there are in all.

    Entries about no site are only there where `scope` is every site.
    """
    parts = [_entries(table, scope, wanted, origin) for origin, table in enumerate(_TRAILS)]
    trail = union_all(*parts).subquery("trail")
    total = connection.execute(select(func.count()).select_from(trail)).scalar_one()
    rows = connection.execute(
        select(*[trail.c[name] for name in RecordedEntry.__slots__])
        .order_by(trail.c.occurred_at.desc(), trail.c.origin, trail.c.audit_id.desc())
        .offset(offset)
        .limit(limit)
    )
    return [RecordedEntry(*row) for row in rows], total


_TRAILS = (audit_events, integration_audit_events, archived_audit_events, archived_integration_audit_events)
"""What is old is in the archive; a reader sees no difference."""


def _entries(table: Table, scope: SiteScope, wanted: AuditFilter, origin: int) -> Any:
    return select(
        *[table.c[name] for name in RecordedEntry.__slots__], table.c.audit_id, literal(origin).label("origin")
    ).where(
        within(scope, table.c.site_id),
        table.c.occurred_at >= wanted.since,
        table.c.occurred_at < wanted.until,
        *_matches(table, wanted),
    )


def _matches(table: Table, wanted: AuditFilter) -> list[ColumnElement[bool]]:
    conditions = []
    if wanted.module is not None:
        conditions.append(table.c.module == wanted.module)
    if wanted.user is not None:
        conditions.append(func.lower(table.c.user_id) == wanted.user.lower())
    if wanted.field is not None:
        conditions.append(table.c.field == wanted.field)
    return conditions
