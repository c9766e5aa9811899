"""Notes, submissions, frozen P&L figures, and requests that are not carried out twice.

Revision 0013, after 0012.
"""

import sqlalchemy as sa
from alembic import op

from shared_code.sql.types import ExactDecimal, Identifier, UtcTimestamp, binary, long_text

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    _make_notes_and_submissions()
    _make_snapshots()
    op.create_table(
        "idempotency_keys",
        sa.Column("principal", sa.Unicode(256), nullable=False),
        sa.Column("route", sa.String(120), nullable=False),
        sa.Column("idempotency_key", sa.String(64), nullable=False),
        sa.Column("request_hash", binary(32), nullable=False),
        sa.Column("status_code", sa.SmallInteger(), nullable=True),
        sa.Column("response_body", long_text(), nullable=True),
        sa.Column("created_at", UtcTimestamp(), nullable=False),
        sa.Column("expires_at", UtcTimestamp(), nullable=False),
        sa.PrimaryKeyConstraint("principal", "route", "idempotency_key", name=op.f("pk_idempotency_keys")),
        schema="forecasting",
    )


def downgrade() -> None:
    op.drop_table("idempotency_keys", schema="forecasting")
    op.drop_table("pnl_snapshot_rows", schema="forecasting")
    op.drop_table("pnl_snapshots", schema="forecasting")
    op.drop_table("submission_events", schema="forecasting")
    op.drop_table("submissions", schema="forecasting")
    op.drop_table("notes", schema="forecasting")


def _make_notes_and_submissions() -> None:
    op.create_table(
        "notes",
        sa.Column("note_id", Identifier(), nullable=False),
        sa.Column("site_id", sa.String(20), nullable=False),
        sa.Column("period", sa.String(7), nullable=False),
        sa.Column("text", sa.Unicode(2000), nullable=False),
        sa.Column("line", sa.String(25), nullable=True),
        sa.Column("module", sa.String(20), nullable=True),
        sa.Column("note_date", sa.Date(), nullable=True),
        sa.Column("created_at", UtcTimestamp(), nullable=False),
        sa.Column("created_by", sa.Unicode(256), nullable=False),
        sa.PrimaryKeyConstraint("note_id", name=op.f("pk_notes")),
        *_period_checks("notes"),
        sa.ForeignKeyConstraint(["site_id"], ["forecasting.sites.site_id"], name=op.f("fk_notes_site_id")),
        schema="forecasting",
    )
    op.create_index("ix_notes_site", "notes", ["site_id", "period", sa.text("created_at DESC")], schema="forecasting")
    op.create_table(
        "submissions",
        sa.Column("site_id", sa.String(20), nullable=False),
        sa.Column("period", sa.String(7), nullable=False),
        sa.Column("status", sa.String(10), nullable=False),
        sa.Column("created_at", UtcTimestamp(), nullable=False),
        sa.Column("created_by", sa.Unicode(256), nullable=False),
        sa.Column("updated_at", UtcTimestamp(), nullable=False),
        sa.Column("updated_by", sa.Unicode(256), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False, server_default="1"),
        sa.PrimaryKeyConstraint("site_id", "period", name=op.f("pk_submissions")),
        sa.CheckConstraint(
            "status IN ('draft', 'submitted', 'returned', 'approved')", name=op.f("ck_submissions_status")
        ),
        *_period_checks("submissions"),
        sa.ForeignKeyConstraint(["site_id"], ["forecasting.sites.site_id"], name=op.f("fk_submissions_site_id")),
        schema="forecasting",
    )
    op.create_table(
        "submission_events",
        sa.Column(
            "submission_event_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
            autoincrement=True,
        ),
        sa.Column("site_id", sa.String(20), nullable=False),
        sa.Column("period", sa.String(7), nullable=False),
        sa.Column("action", sa.String(10), nullable=False),
        sa.Column("comment", sa.Unicode(2000), nullable=True),
        sa.Column("at", UtcTimestamp(), nullable=False),
        sa.Column("user_id", sa.Unicode(256), nullable=False),
        sa.PrimaryKeyConstraint("submission_event_id", name=op.f("pk_submission_events")),
        *_period_checks("submission_events"),
        sa.ForeignKeyConstraint(
            ["site_id", "period"],
            ["forecasting.submissions.site_id", "forecasting.submissions.period"],
            name=op.f("fk_submission_events_site_id_period"),
        ),
        schema="forecasting",
        sqlite_autoincrement=True,
    )
    op.create_index("ix_submission_events_site", "submission_events", ["site_id", "period"], schema="forecasting")


def _make_snapshots() -> None:
    op.create_table(
        "pnl_snapshots",
        sa.Column("snapshot_id", Identifier(), nullable=False),
        sa.Column("name", sa.Unicode(100), nullable=False),
        sa.Column("kind", sa.String(15), nullable=False),
        sa.Column("period", sa.String(7), nullable=False),
        sa.Column("is_all_sites", sa.Boolean(), nullable=False),
        sa.Column("site_count", sa.Integer(), nullable=False),
        sa.Column("content_hash", binary(32), nullable=False),
        sa.Column("created_at", UtcTimestamp(), nullable=False),
        sa.Column("created_by", sa.Unicode(256), nullable=False),
        sa.PrimaryKeyConstraint("snapshot_id", name=op.f("pk_pnl_snapshots")),
        sa.CheckConstraint("kind IN ('manual', 'month_close', 'fpa_projection')", name=op.f("ck_pnl_snapshots_kind")),
        sa.UniqueConstraint("name", name=op.f("uq_pnl_snapshots_name")),
        schema="forecasting",
    )
    op.create_table(
        "pnl_snapshot_rows",
        sa.Column("snapshot_id", Identifier(), nullable=False),
        sa.Column("site_id", sa.String(20), nullable=False),
        sa.Column("period", sa.String(7), nullable=False),
        sa.Column("scenario", sa.String(10), nullable=False),
        sa.Column("external_revenue", ExactDecimal(19, 4), nullable=True),
        sa.Column("internal_revenue", ExactDecimal(19, 4), nullable=True),
        sa.Column("payroll", ExactDecimal(19, 4), nullable=True),
        sa.Column("claims", ExactDecimal(19, 4), nullable=True),
        sa.Column("parking_rents", ExactDecimal(19, 4), nullable=True),
        sa.Column("other_expense", ExactDecimal(19, 4), nullable=True),
        sa.Column("pteb", ExactDecimal(19, 4), nullable=True),
        sa.Column("insurance", ExactDecimal(19, 4), nullable=True),
        sa.Column("flc", ExactDecimal(19, 4), nullable=True),
        sa.Column("occupied_rooms", ExactDecimal(18, 4), nullable=True),
        sa.Column("actual_through", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("snapshot_id", "site_id", "period", "scenario", name=op.f("pk_pnl_snapshot_rows")),
        sa.CheckConstraint(
            "scenario IN ('budget', 'actual', 'forecast', 'trend')", name=op.f("ck_pnl_snapshot_rows_scenario")
        ),
        *_period_checks("pnl_snapshot_rows"),
        sa.ForeignKeyConstraint(
            ["snapshot_id"], ["forecasting.pnl_snapshots.snapshot_id"], name=op.f("fk_pnl_snapshot_rows_snapshot_id")
        ),
        schema="forecasting",
    )


def _period_checks(table: str) -> list[sa.CheckConstraint]:
    """`YYYY-MM` and nothing else, in the pattern language of either database."""
    name, form = op.f(f"ck_{table}_period_form"), "'[12][0-9][0-9][0-9]-[01][0-9]'"
    return [
        sa.CheckConstraint(f"period GLOB {form}", name=name).ddl_if(dialect="sqlite"),
        sa.CheckConstraint(f"period LIKE {form}", name=name).ddl_if(dialect="mssql"),
    ]
