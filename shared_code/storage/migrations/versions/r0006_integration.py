"""Runs, lineage, rejects, quality checks and mappings.

Revision 0006, after 0005.
"""

import sqlalchemy as sa
from alembic import op

from shared_code.sql.types import ExactDecimal, Identifier, UtcTimestamp, binary, long_text

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_table(
        "account_mappings",
        sa.Column("source_account", sa.String(30), nullable=False),
        sa.Column("main_account", sa.String(10), nullable=False),
        sa.Column("sign_factor", sa.SmallInteger(), nullable=False),
        sa.Column("effective_from", sa.String(7), nullable=False),
        sa.Column("effective_to", sa.String(7), nullable=True),
        sa.Column("created_at", UtcTimestamp(), nullable=False),
        sa.Column("created_by", sa.Unicode(256), nullable=False),
        sa.Column("updated_at", UtcTimestamp(), nullable=False),
        sa.Column("updated_by", sa.Unicode(256), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False, server_default="1"),
        sa.PrimaryKeyConstraint("source_account", "effective_from", name=op.f("pk_account_mappings")),
        sa.CheckConstraint(
            "effective_from GLOB '[12][0-9][0-9][0-9]-[01][0-9]'", name=op.f("ck_account_mappings_effective_from_form")
        ).ddl_if(dialect="sqlite"),
        sa.CheckConstraint(
            "effective_from LIKE '[12][0-9][0-9][0-9]-[01][0-9]'", name=op.f("ck_account_mappings_effective_from_form")
        ).ddl_if(dialect="mssql"),
        sa.CheckConstraint(
            "effective_to GLOB '[12][0-9][0-9][0-9]-[01][0-9]'", name=op.f("ck_account_mappings_effective_to_form")
        ).ddl_if(dialect="sqlite"),
        sa.CheckConstraint(
            "effective_to LIKE '[12][0-9][0-9][0-9]-[01][0-9]'", name=op.f("ck_account_mappings_effective_to_form")
        ).ddl_if(dialect="mssql"),
        sa.CheckConstraint("sign_factor IN (-1, 1)", name=op.f("ck_account_mappings_sign_factor")),
        schema="integration",
    )
    op.create_table(
        "currency_rates",
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("period", sa.String(7), nullable=False),
        sa.Column("rate_to_usd", ExactDecimal(19, 8), nullable=False),
        sa.Column("created_at", UtcTimestamp(), nullable=False),
        sa.Column("created_by", sa.Unicode(256), nullable=False),
        sa.Column("updated_at", UtcTimestamp(), nullable=False),
        sa.Column("updated_by", sa.Unicode(256), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False, server_default="1"),
        sa.PrimaryKeyConstraint("currency", "period", name=op.f("pk_currency_rates")),
        sa.CheckConstraint(
            "period GLOB '[12][0-9][0-9][0-9]-[01][0-9]'", name=op.f("ck_currency_rates_period_form")
        ).ddl_if(dialect="sqlite"),
        sa.CheckConstraint(
            "period LIKE '[12][0-9][0-9][0-9]-[01][0-9]'", name=op.f("ck_currency_rates_period_form")
        ).ddl_if(dialect="mssql"),
        sa.CheckConstraint("rate_to_usd > 0", name=op.f("ck_currency_rates_rate_to_usd")),
        schema="integration",
    )
    op.create_table(
        "excluded_job_profiles",
        sa.Column("job_profile", sa.String(100), nullable=False),
        sa.Column("reason", sa.String(40), nullable=False),
        sa.Column("created_at", UtcTimestamp(), nullable=False),
        sa.Column("created_by", sa.Unicode(256), nullable=False),
        sa.Column("updated_at", UtcTimestamp(), nullable=False),
        sa.Column("updated_by", sa.Unicode(256), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False, server_default="1"),
        sa.PrimaryKeyConstraint("job_profile", name=op.f("pk_excluded_job_profiles")),
        schema="integration",
    )
    op.create_table(
        "integration_audit_events",
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
        sa.PrimaryKeyConstraint("audit_id", name=op.f("pk_integration_audit_events")),
        sa.CheckConstraint(
            "source IN ('ui', 'api', 'copy', 'import', 'system')", name=op.f("ck_integration_audit_events_source")
        ),
        schema="integration",
        sqlite_autoincrement=True,
    )
    op.create_table(
        "job_family_mappings",
        sa.Column("source_code", sa.String(50), nullable=False),
        sa.Column("job_family_id", sa.String(50), nullable=False),
        sa.Column("created_at", UtcTimestamp(), nullable=False),
        sa.Column("created_by", sa.Unicode(256), nullable=False),
        sa.Column("updated_at", UtcTimestamp(), nullable=False),
        sa.Column("updated_by", sa.Unicode(256), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False, server_default="1"),
        sa.PrimaryKeyConstraint("source_code", name=op.f("pk_job_family_mappings")),
        schema="integration",
    )
    op.create_table(
        "job_profile_mappings",
        sa.Column("site_id", sa.String(20), nullable=False),
        sa.Column("job_profile", sa.String(100), nullable=False),
        sa.Column("job_code_id", sa.String(50), nullable=False),
        sa.Column("effective_from", sa.String(7), nullable=False),
        sa.Column("effective_to", sa.String(7), nullable=True),
        sa.Column("source", sa.String(10), nullable=False),
        sa.Column("created_at", UtcTimestamp(), nullable=False),
        sa.Column("created_by", sa.Unicode(256), nullable=False),
        sa.Column("updated_at", UtcTimestamp(), nullable=False),
        sa.Column("updated_by", sa.Unicode(256), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False, server_default="1"),
        sa.PrimaryKeyConstraint(
            "site_id", "job_profile", "job_code_id", "effective_from", name=op.f("pk_job_profile_mappings")
        ),
        sa.CheckConstraint(
            "effective_from GLOB '[12][0-9][0-9][0-9]-[01][0-9]'",
            name=op.f("ck_job_profile_mappings_effective_from_form"),
        ).ddl_if(dialect="sqlite"),
        sa.CheckConstraint(
            "effective_from LIKE '[12][0-9][0-9][0-9]-[01][0-9]'",
            name=op.f("ck_job_profile_mappings_effective_from_form"),
        ).ddl_if(dialect="mssql"),
        sa.CheckConstraint(
            "effective_to GLOB '[12][0-9][0-9][0-9]-[01][0-9]'", name=op.f("ck_job_profile_mappings_effective_to_form")
        ).ddl_if(dialect="sqlite"),
        sa.CheckConstraint(
            "effective_to LIKE '[12][0-9][0-9][0-9]-[01][0-9]'", name=op.f("ck_job_profile_mappings_effective_to_form")
        ).ddl_if(dialect="mssql"),
        schema="integration",
    )
    op.create_table(
        "quality_checks",
        sa.Column("check_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False, autoincrement=True),
        sa.Column("validation_run_id", Identifier(), nullable=False),
        sa.Column("source", sa.String(40), nullable=False),
        sa.Column("rows_checked", sa.BigInteger(), nullable=False),
        sa.Column("completeness", ExactDecimal(9, 6), nullable=True),
        sa.Column("threshold", ExactDecimal(9, 6), nullable=False),
        sa.Column("out_of_range", sa.BigInteger(), nullable=False),
        sa.Column("newest_at", UtcTimestamp(), nullable=True),
        sa.Column("age_hours", ExactDecimal(9, 2), nullable=True),
        sa.Column("is_fresh", sa.Boolean(), nullable=False),
        sa.Column("status", sa.String(6), nullable=False),
        sa.Column("issues", long_text(), nullable=False),
        sa.Column("checked_at", UtcTimestamp(), nullable=False),
        sa.PrimaryKeyConstraint("check_id", name=op.f("pk_quality_checks")),
        sa.CheckConstraint("ISJSON([issues]) = 1", name=op.f("ck_quality_checks_issues_json")).ddl_if(dialect="mssql"),
        sa.CheckConstraint("issues IS NULL OR json_valid(issues)", name=op.f("ck_quality_checks_issues_json")).ddl_if(
            dialect="sqlite"
        ),
        sa.CheckConstraint("status IN ('pass', 'warn', 'fail')", name=op.f("ck_quality_checks_status")),
        schema="integration",
        sqlite_autoincrement=True,
    )
    op.create_index("ix_quality_checks_run", "quality_checks", ["validation_run_id"], schema="integration")
    op.create_table(
        "revenue_code_mappings",
        sa.Column("code_or_text", sa.String(100), nullable=False),
        sa.Column("category", sa.String(20), nullable=False),
        sa.Column("created_at", UtcTimestamp(), nullable=False),
        sa.Column("created_by", sa.Unicode(256), nullable=False),
        sa.Column("updated_at", UtcTimestamp(), nullable=False),
        sa.Column("updated_by", sa.Unicode(256), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False, server_default="1"),
        sa.PrimaryKeyConstraint("code_or_text", name=op.f("pk_revenue_code_mappings")),
        sa.CheckConstraint(
            "category IN ('valet_daily', 'valet_overnight', 'valet_monthly', 'valet_aggregator', 'self_daily', 'self_overnight', 'self_monthly', 'self_aggregator', 'valet_comps', 'self_comps', 'other_revenue')",
            name=op.f("ck_revenue_code_mappings_category"),
        ),
        schema="integration",
    )
    op.create_table(
        "sync_runs",
        sa.Column("sync_run_id", Identifier(), nullable=False),
        sa.Column("flow", sa.String(30), nullable=False),
        sa.Column("feed", sa.String(40), nullable=False),
        sa.Column("slice", sa.String(60), nullable=False),
        sa.Column("trigger_kind", sa.String(10), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("window_from", sa.String(10), nullable=True),
        sa.Column("window_to", sa.String(10), nullable=True),
        sa.Column("started_at", UtcTimestamp(), nullable=False),
        sa.Column("finished_at", UtcTimestamp(), nullable=True),
        sa.Column("rows_read", sa.BigInteger(), nullable=True),
        sa.Column("rows_accepted", sa.BigInteger(), nullable=True),
        sa.Column("rows_inserted", sa.BigInteger(), nullable=True),
        sa.Column("rows_updated", sa.BigInteger(), nullable=True),
        sa.Column("rows_deleted", sa.BigInteger(), nullable=True),
        sa.Column("rows_rejected", sa.BigInteger(), nullable=True),
        sa.Column("rows_ignored", sa.BigInteger(), nullable=True),
        sa.Column("completeness", ExactDecimal(9, 6), nullable=True),
        sa.Column("watermark_before", sa.String(40), nullable=True),
        sa.Column("watermark_after", sa.String(40), nullable=True),
        sa.Column("fencing_token", sa.BigInteger(), nullable=False),
        sa.Column("error_code", sa.String(50), nullable=True),
        sa.Column("error_text", sa.Unicode(2000), nullable=True),
        sa.Column("requested_by", sa.Unicode(256), nullable=True),
        sa.PrimaryKeyConstraint("sync_run_id", name=op.f("pk_sync_runs")),
        sa.CheckConstraint(
            "state IN ('running', 'succeeded', 'unchanged', 'failed', 'aborted', 'skipped')",
            name=op.f("ck_sync_runs_state"),
        ),
        sa.CheckConstraint("trigger_kind IN ('timer', 'message', 'manual')", name=op.f("ck_sync_runs_trigger_kind")),
        schema="integration",
    )
    op.create_index(
        "ix_sync_runs_feed", "sync_runs", ["feed", "slice", sa.text("started_at DESC")], schema="integration"
    )
    op.create_table(
        "sync_rejects",
        sa.Column(
            "reject_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False, autoincrement=True
        ),
        sa.Column("sync_run_id", Identifier(), nullable=False),
        sa.Column("business_key", sa.String(200), nullable=True),
        sa.Column("reason_code", sa.String(40), nullable=False),
        sa.Column("field", sa.String(60), nullable=True),
        sa.Column("raw_row", long_text(), nullable=False),
        sa.Column("resolved_at", UtcTimestamp(), nullable=True),
        sa.Column("resolved_by", sa.Unicode(256), nullable=True),
        sa.PrimaryKeyConstraint("reject_id", name=op.f("pk_sync_rejects")),
        sa.CheckConstraint("ISJSON([raw_row]) = 1", name=op.f("ck_sync_rejects_raw_row_json")).ddl_if(dialect="mssql"),
        sa.CheckConstraint("raw_row IS NULL OR json_valid(raw_row)", name=op.f("ck_sync_rejects_raw_row_json")).ddl_if(
            dialect="sqlite"
        ),
        sa.ForeignKeyConstraint(
            ["sync_run_id"], ["integration.sync_runs.sync_run_id"], name=op.f("fk_sync_rejects_sync_run_id")
        ),
        schema="integration",
        sqlite_autoincrement=True,
    )
    op.create_index("ix_sync_rejects_run", "sync_rejects", ["sync_run_id"], schema="integration")
    op.create_table(
        "sync_run_sources",
        sa.Column("sync_run_id", Identifier(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("query_id", sa.String(10), nullable=False),
        sa.Column("query_hash", binary(32), nullable=False),
        sa.Column("node_alias", sa.String(30), nullable=False),
        sa.Column("object_name", sa.String(200), nullable=False),
        sa.Column("parameters", long_text(), nullable=False),
        sa.Column("row_count", sa.BigInteger(), nullable=True),
        sa.Column("duration_ms", sa.Integer(), nullable=True),
        sa.Column("content_hash", binary(32), nullable=True),
        sa.PrimaryKeyConstraint("sync_run_id", "seq", name=op.f("pk_sync_run_sources")),
        sa.CheckConstraint("ISJSON([parameters]) = 1", name=op.f("ck_sync_run_sources_parameters_json")).ddl_if(
            dialect="mssql"
        ),
        sa.CheckConstraint(
            "parameters IS NULL OR json_valid(parameters)", name=op.f("ck_sync_run_sources_parameters_json")
        ).ddl_if(dialect="sqlite"),
        sa.ForeignKeyConstraint(
            ["sync_run_id"], ["integration.sync_runs.sync_run_id"], name=op.f("fk_sync_run_sources_sync_run_id")
        ),
        schema="integration",
    )


def downgrade() -> None:
    op.drop_table("sync_run_sources", schema="integration")
    op.drop_table("sync_rejects", schema="integration")
    op.drop_table("sync_runs", schema="integration")
    op.drop_table("revenue_code_mappings", schema="integration")
    op.drop_table("quality_checks", schema="integration")
    op.drop_table("job_profile_mappings", schema="integration")
    op.drop_table("job_family_mappings", schema="integration")
    op.drop_table("integration_audit_events", schema="integration")
    op.drop_table("excluded_job_profiles", schema="integration")
    op.drop_table("currency_rates", schema="integration")
    op.drop_table("account_mappings", schema="integration")
