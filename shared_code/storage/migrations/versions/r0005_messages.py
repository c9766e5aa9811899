"""Audit, outbox, inbox, embedded queue, job slots, leases, cache versions.

Revision 0005, after 0004.
"""

import sqlalchemy as sa
from alembic import op

from shared_code.sql.types import Identifier, UtcTimestamp, long_text

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "audit_events",
        sa.Column("audit_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False, autoincrement=True),
        sa.Column("occurred_at", UtcTimestamp(), nullable=False),
        sa.Column("user_id", sa.Unicode(256), nullable=False),
        sa.Column("role_code", sa.String(30), nullable=True),
        sa.Column("on_behalf", sa.Boolean(), nullable=False, server_default="0"),
        sa.Column("site_id", sa.String(20), nullable=True),
        sa.Column("period", sa.String(7), nullable=True),
        sa.Column("module", sa.String(20), nullable=False),
        sa.Column("item_key", sa.String(200), nullable=False),
        sa.Column("field", sa.String(60), nullable=True),
        sa.Column("old_value", sa.Unicode(2000), nullable=True),
        sa.Column("new_value", sa.Unicode(2000), nullable=True),
        sa.Column("version", sa.Integer(), nullable=True),
        sa.Column("source", sa.String(10), nullable=False),
        sa.Column("reason", sa.Unicode(2000), nullable=True),
        sa.Column("request_id", sa.String(64), nullable=True),
        sa.PrimaryKeyConstraint("audit_id", name=op.f("pk_audit_events")),
        sa.CheckConstraint("source IN ('ui', 'api', 'copy', 'import', 'system')", name=op.f("ck_audit_events_source")),
        schema="forecasting",
        sqlite_autoincrement=True,
    )
    op.create_index("ix_audit_cells", "audit_events", ["site_id", "period", "module", "version"], schema="forecasting")
    op.create_index("ix_audit_site", "audit_events", ["site_id", sa.text("occurred_at DESC")], schema="forecasting")
    op.create_table(
        "cache_versions",
        sa.Column("tag", sa.String(200), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", UtcTimestamp(), nullable=False),
        sa.PrimaryKeyConstraint("tag", name=op.f("pk_cache_versions")),
        schema="forecasting",
    )
    op.create_table(
        "job_slots",
        sa.Column("job", sa.String(40), nullable=False),
        sa.Column("slot", UtcTimestamp(), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("checkpoint", long_text(), nullable=True),
        sa.Column("sync_run_id", Identifier(), nullable=True),
        sa.Column("proposed_at", UtcTimestamp(), nullable=False),
        sa.Column("finished_at", UtcTimestamp(), nullable=True),
        sa.PrimaryKeyConstraint("job", "slot", name=op.f("pk_job_slots")),
        sa.CheckConstraint("ISJSON([checkpoint]) = 1", name=op.f("ck_job_slots_checkpoint_json")).ddl_if(
            dialect="mssql"
        ),
        sa.CheckConstraint(
            "checkpoint IS NULL OR json_valid(checkpoint)", name=op.f("ck_job_slots_checkpoint_json")
        ).ddl_if(dialect="sqlite"),
        sa.CheckConstraint(
            "state IN ('proposed', 'running', 'done', 'failed', 'skipped')", name=op.f("ck_job_slots_state")
        ),
        schema="forecasting",
    )
    op.create_table(
        "outbox_messages",
        sa.Column("message_id", Identifier(), nullable=False),
        sa.Column("destination", sa.String(60), nullable=False),
        sa.Column("subject", sa.String(60), nullable=False),
        sa.Column("session_id", sa.String(128), nullable=False),
        sa.Column("dedup_id", sa.String(128), nullable=False),
        sa.Column("payload", long_text(), nullable=False),
        sa.Column("properties", long_text(), nullable=False),
        sa.Column("created_at", UtcTimestamp(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("next_attempt_at", UtcTimestamp(), nullable=False),
        sa.Column("sent_at", UtcTimestamp(), nullable=True),
        sa.Column("last_error", sa.Unicode(1000), nullable=True),
        sa.PrimaryKeyConstraint("message_id", name=op.f("pk_outbox_messages")),
        sa.CheckConstraint("ISJSON([payload]) = 1", name=op.f("ck_outbox_messages_payload_json")).ddl_if(
            dialect="mssql"
        ),
        sa.CheckConstraint(
            "payload IS NULL OR json_valid(payload)", name=op.f("ck_outbox_messages_payload_json")
        ).ddl_if(dialect="sqlite"),
        sa.CheckConstraint("ISJSON([properties]) = 1", name=op.f("ck_outbox_messages_properties_json")).ddl_if(
            dialect="mssql"
        ),
        sa.CheckConstraint(
            "properties IS NULL OR json_valid(properties)", name=op.f("ck_outbox_messages_properties_json")
        ).ddl_if(dialect="sqlite"),
        sa.UniqueConstraint("destination", "dedup_id", name=op.f("uq_outbox_messages_destination_dedup_id")),
        schema="forecasting",
    )
    op.create_index(
        "ix_outbox_due",
        "outbox_messages",
        ["next_attempt_at"],
        schema="forecasting",
        sqlite_where=sa.text("sent_at IS NULL"),
        mssql_where=sa.text("sent_at IS NULL"),
    )
    op.create_table(
        "poison_messages",
        sa.Column(
            "poison_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False, autoincrement=True
        ),
        sa.Column("destination", sa.String(60), nullable=False),
        sa.Column("message_id", sa.String(128), nullable=False),
        sa.Column("subject", sa.String(60), nullable=True),
        sa.Column("body", long_text(), nullable=False),
        sa.Column("reason_code", sa.String(40), nullable=False),
        sa.Column("detail", sa.Unicode(1000), nullable=True),
        sa.Column("delivery_count", sa.Integer(), nullable=False),
        sa.Column("stored_at", UtcTimestamp(), nullable=False),
        sa.Column("replayed_at", UtcTimestamp(), nullable=True),
        sa.Column("replayed_by", sa.Unicode(256), nullable=True),
        sa.PrimaryKeyConstraint("poison_id", name=op.f("pk_poison_messages")),
        schema="forecasting",
        sqlite_autoincrement=True,
    )
    op.create_table(
        "processed_messages",
        sa.Column("consumer", sa.String(60), nullable=False),
        sa.Column("message_id", sa.String(128), nullable=False),
        sa.Column("processed_at", UtcTimestamp(), nullable=False),
        sa.Column("outcome", sa.String(12), nullable=False),
        sa.PrimaryKeyConstraint("consumer", "message_id", name=op.f("pk_processed_messages")),
        sa.CheckConstraint(
            "outcome IN ('done', 'skipped', 'delayed', 'poison')", name=op.f("ck_processed_messages_outcome")
        ),
        schema="forecasting",
    )
    op.create_table(
        "queue_messages",
        sa.Column(
            "message_no", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False, autoincrement=True
        ),
        sa.Column("destination", sa.String(60), nullable=False),
        sa.Column("session_id", sa.String(128), nullable=False),
        sa.Column("message_id", sa.String(128), nullable=False),
        sa.Column("subject", sa.String(60), nullable=False),
        sa.Column("body", long_text(), nullable=False),
        sa.Column("properties", long_text(), nullable=False),
        sa.Column("enqueued_at", UtcTimestamp(), nullable=False),
        sa.Column("visible_at", UtcTimestamp(), nullable=False),
        sa.Column("locked_until", UtcTimestamp(), nullable=True),
        sa.Column("lock_token", Identifier(), nullable=True),
        sa.Column("delivery_count", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("is_dead_letter", sa.Boolean(), nullable=False, server_default="0"),
        sa.Column("dead_letter_reason", sa.String(200), nullable=True),
        sa.PrimaryKeyConstraint("message_no", name=op.f("pk_queue_messages")),
        sa.CheckConstraint("ISJSON([properties]) = 1", name=op.f("ck_queue_messages_properties_json")).ddl_if(
            dialect="mssql"
        ),
        sa.CheckConstraint(
            "properties IS NULL OR json_valid(properties)", name=op.f("ck_queue_messages_properties_json")
        ).ddl_if(dialect="sqlite"),
        sa.UniqueConstraint("destination", "message_id", name=op.f("uq_queue_messages_destination_message_id")),
        schema="forecasting",
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_queue_due", "queue_messages", ["destination", "is_dead_letter", "visible_at"], schema="forecasting"
    )
    op.create_index(
        "ix_queue_locked",
        "queue_messages",
        ["destination", "locked_until"],
        schema="forecasting",
        sqlite_where=sa.text("locked_until IS NOT NULL"),
        mssql_where=sa.text("locked_until IS NOT NULL"),
    )
    op.create_table(
        "resource_leases",
        sa.Column("resource_id", sa.String(200), nullable=False),
        sa.Column("owner_id", Identifier(), nullable=True),
        sa.Column("fencing_token", sa.BigInteger(), nullable=False),
        sa.Column("acquired_at", UtcTimestamp(), nullable=True),
        sa.Column("renewed_at", UtcTimestamp(), nullable=True),
        sa.Column("expires_at", UtcTimestamp(), nullable=False),
        sa.PrimaryKeyConstraint("resource_id", name=op.f("pk_resource_leases")),
        schema="forecasting",
    )


def downgrade() -> None:
    op.drop_table("resource_leases", schema="forecasting")
    op.drop_table("queue_messages", schema="forecasting")
    op.drop_table("processed_messages", schema="forecasting")
    op.drop_table("poison_messages", schema="forecasting")
    op.drop_table("outbox_messages", schema="forecasting")
    op.drop_table("job_slots", schema="forecasting")
    op.drop_table("cache_versions", schema="forecasting")
    op.drop_table("audit_events", schema="forecasting")
