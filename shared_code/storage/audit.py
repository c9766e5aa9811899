"""The audit trail: who changed which cell from what to what, written with the change itself.

Source: Data model, "Audit, messages, leases, cache".
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from shared_code.sql.bulk import insert_rows
from shared_code.storage.tables.messages import audit_events, integration_audit_events

HIDDEN = "***"
"""Stands for pay that the trail must not show."""


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One changed cell (site, `period` `YYYY-MM`, module, key, field), or an event without a cell.

    `source` is `ui`, `api`, `copy`, `import` or `system`; `version` the one that the write produced; `on_behalf` says
    that the writer is not one of the site's account managers.
    """

    user_id: str
    module: str
    item_key: str
    source: str
    site_id: str | None = None
    period: str | None = None
    field: str | None = None
    old_value: str | None = None
    new_value: str | None = None
    version: int | None = None
    reason: str | None = None
    role_code: str | None = None
    on_behalf: bool = False
    request_id: str | None = None


def add_entries(
    connection: Connection, entries: Iterable[AuditEntry], now: datetime, *, in_integration: bool = False
) -> int:
    """Write `entries` down; belongs into the transaction of the change. Returns how many there were.

    `in_integration`: the change is one to a table of the integration schema, whose trail lies beside it.
    """
    columns = AuditEntry.__slots__
    return insert_rows(
        connection,
        integration_audit_events if in_integration else audit_events,
        ("occurred_at", *columns),
        ((now, *[getattr(entry, name) for name in columns]) for entry in entries),
    )
