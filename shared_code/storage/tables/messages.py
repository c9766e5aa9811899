"""Audit, outbox, inbox, embedded queue, job slots, leases and cache versions.

Source: Data model, "Audit, messages, leases, cache".
"""

from typing import Any

from sqlalchemy import BigInteger, Column, Index, Integer, String, Table, UniqueConstraint

from shared_code.sql.types import Identifier, UtcTimestamp, long_text, unicode_text
from shared_code.storage.tables.base import (
    FORECASTING,
    INTEGRATION,
    SITE_ID,
    flag,
    json_check,
    metadata,
    one_of,
    optional,
    required,
)


def running_number(name: str) -> Column[Any]:
    """A key that only grows."""
    return required(name, BigInteger().with_variant(Integer(), "sqlite"), primary_key=True, autoincrement=True)


def _audit_columns() -> list[Any]:
    return [
        running_number("audit_id"),
        required("occurred_at", UtcTimestamp()),
        required("user_id", unicode_text(256)),
        optional("role_code", String(30)),
        flag("on_behalf", 0),
        optional("site_id", SITE_ID),
        optional("period", String(7)),
        required("module", String(20)),
        required("item_key", String(200)),
        optional("field", String(60)),
        optional("old_value", unicode_text(2000)),
        optional("new_value", unicode_text(2000)),
        optional("version", Integer()),
        required("source", String(10)),
        optional("reason", unicode_text(2000)),
        optional("request_id", String(64)),
        one_of("source", "ui", "api", "copy", "import", "system"),
    ]


audit_events = Table("audit_events", metadata, *_audit_columns(), schema=FORECASTING, sqlite_autoincrement=True)
Index("ix_audit_site", audit_events.c.site_id, audit_events.c.occurred_at.desc())
Index("ix_audit_cells", audit_events.c.site_id, audit_events.c.period, audit_events.c.module, audit_events.c.version)

integration_audit_events = Table(
    "integration_audit_events", metadata, *_audit_columns(), schema=INTEGRATION, sqlite_autoincrement=True
)

outbox_messages = Table(
    "outbox_messages",
    metadata,
    required("message_id", Identifier(), primary_key=True),
    required("destination", String(60)),
    required("subject", String(60)),
    required("session_id", String(128)),
    required("dedup_id", String(128)),
    required("payload", long_text()),
    required("properties", long_text()),
    required("created_at", UtcTimestamp()),
    required("attempts", Integer(), server_default="0"),
    required("next_attempt_at", UtcTimestamp()),
    optional("sent_at", UtcTimestamp()),
    optional("last_error", unicode_text(1000)),
    UniqueConstraint("destination", "dedup_id"),
    *json_check("payload"),
    *json_check("properties"),
    schema=FORECASTING,
)
Index(
    "ix_outbox_due",
    outbox_messages.c.next_attempt_at,
    sqlite_where=outbox_messages.c.sent_at.is_(None),
    mssql_where=outbox_messages.c.sent_at.is_(None),
)
Index(
    "ix_outbox_sent",
    outbox_messages.c.sent_at,
    outbox_messages.c.destination,
    sqlite_where=outbox_messages.c.sent_at.is_not(None),
    mssql_where=outbox_messages.c.sent_at.is_not(None),
    mssql_include=["dedup_id"],
)

processed_messages = Table(
    "processed_messages",
    metadata,
    required("consumer", String(60), primary_key=True),
    required("message_id", String(128), primary_key=True),
    required("processed_at", UtcTimestamp()),
    required("outcome", String(12)),
    one_of("outcome", "done", "skipped", "delayed", "poison"),
    schema=FORECASTING,
)

poison_messages = Table(
    "poison_messages",
    metadata,
    running_number("poison_id"),
    required("destination", String(60)),
    required("message_id", String(128)),
    optional("subject", String(60)),
    required("body", long_text()),
    required("reason_code", String(40)),
    optional("detail", unicode_text(1000)),
    required("delivery_count", Integer()),
    required("stored_at", UtcTimestamp()),
    optional("replayed_at", UtcTimestamp()),
    optional("replayed_by", unicode_text(256)),
    schema=FORECASTING,
    sqlite_autoincrement=True,
)

queue_messages = Table(
    "queue_messages",
    metadata,
    running_number("message_no"),
    required("destination", String(60)),
    required("session_id", String(128)),
    required("message_id", String(128)),
    required("subject", String(60)),
    required("body", long_text()),
    required("properties", long_text()),
    required("enqueued_at", UtcTimestamp()),
    required("visible_at", UtcTimestamp()),
    optional("locked_until", UtcTimestamp()),
    optional("lock_token", Identifier()),
    required("delivery_count", Integer(), server_default="0"),
    flag("is_dead_letter", 0),
    optional("dead_letter_reason", String(200)),
    UniqueConstraint("destination", "message_id"),
    *json_check("properties"),
    schema=FORECASTING,
    sqlite_autoincrement=True,
)
Index(
    "ix_queue_due",
    queue_messages.c.destination,
    queue_messages.c.is_dead_letter,
    queue_messages.c.visible_at,
)
Index(
    "ix_queue_locked",
    queue_messages.c.destination,
    queue_messages.c.locked_until,
    sqlite_where=queue_messages.c.locked_until.is_not(None),
    mssql_where=queue_messages.c.locked_until.is_not(None),
)

job_slots = Table(
    "job_slots",
    metadata,
    required("job", String(40), primary_key=True),
    required("slot", UtcTimestamp(), primary_key=True),
    required("state", String(10)),
    optional("checkpoint", long_text()),
    optional("sync_run_id", Identifier()),
    required("proposed_at", UtcTimestamp()),
    optional("finished_at", UtcTimestamp()),
    one_of("state", "proposed", "running", "done", "failed", "skipped"),
    *json_check("checkpoint"),
    schema=FORECASTING,
)

resource_leases = Table(
    "resource_leases",
    metadata,
    required("resource_id", String(200), primary_key=True),
    optional("owner_id", Identifier()),
    required("fencing_token", BigInteger()),
    optional("acquired_at", UtcTimestamp()),
    optional("renewed_at", UtcTimestamp()),
    required("expires_at", UtcTimestamp()),
    schema=FORECASTING,
)

cache_versions = Table(
    "cache_versions",
    metadata,
    required("tag", String(200), primary_key=True),
    required("version", BigInteger()),
    required("updated_at", UtcTimestamp()),
    schema=FORECASTING,
)
