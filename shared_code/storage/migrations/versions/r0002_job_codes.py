"""Job families, groups and codes, their use at sites and their rates.

Revision 0002, after 0001.
"""

import sqlalchemy as sa
from alembic import op

from shared_code.sql.types import ExactDecimal, Identifier, UtcTimestamp

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "job_families",
        sa.Column("job_family_id", sa.String(50), nullable=False),
        sa.Column("title", sa.Unicode(255), nullable=False),
        sa.Column("is_productive", sa.Boolean(), nullable=False, server_default="1"),
        sa.Column("is_salaried", sa.Boolean(), nullable=False, server_default="0"),
        sa.Column("vehicle_scope", sa.String(10), nullable=False, server_default="all"),
        sa.Column("is_active", sa.Boolean(), nullable=False, server_default="1"),
        sa.Column("source", sa.String(10), nullable=False),
        sa.Column("created_at", UtcTimestamp(), nullable=False),
        sa.Column("created_by", sa.Unicode(256), nullable=False),
        sa.Column("updated_at", UtcTimestamp(), nullable=False),
        sa.Column("updated_by", sa.Unicode(256), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False, server_default="1"),
        sa.PrimaryKeyConstraint("job_family_id", name=op.f("pk_job_families")),
        sa.CheckConstraint("vehicle_scope IN ('valet', 'self', 'all')", name=op.f("ck_job_families_vehicle_scope")),
        sa.UniqueConstraint("title", name=op.f("uq_job_families_title")),
        schema="forecasting",
    )
    op.create_table(
        "job_groups",
        sa.Column("job_group_id", sa.String(50), nullable=False),
        sa.Column("title", sa.Unicode(255), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False, server_default="1"),
        sa.Column("created_at", UtcTimestamp(), nullable=False),
        sa.Column("created_by", sa.Unicode(256), nullable=False),
        sa.Column("updated_at", UtcTimestamp(), nullable=False),
        sa.Column("updated_by", sa.Unicode(256), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False, server_default="1"),
        sa.PrimaryKeyConstraint("job_group_id", name=op.f("pk_job_groups")),
        sa.UniqueConstraint("title", name=op.f("uq_job_groups_title")),
        schema="forecasting",
    )
    op.create_table(
        "job_codes",
        sa.Column("job_code_id", sa.String(50), nullable=False),
        sa.Column("title", sa.Unicode(255), nullable=False),
        sa.Column("job_family_id", sa.String(50), nullable=True),
        sa.Column("job_group_id", sa.String(50), nullable=True),
        sa.Column("is_active", sa.Boolean(), nullable=False, server_default="1"),
        sa.Column("is_productive", sa.Boolean(), nullable=False, server_default="1"),
        sa.Column("default_hourly_rate", ExactDecimal(12, 6), nullable=True),
        sa.Column("first_seen_at", UtcTimestamp(), nullable=False),
        sa.Column("created_at", UtcTimestamp(), nullable=False),
        sa.Column("created_by", sa.Unicode(256), nullable=False),
        sa.Column("updated_at", UtcTimestamp(), nullable=False),
        sa.Column("updated_by", sa.Unicode(256), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False, server_default="1"),
        sa.PrimaryKeyConstraint("job_code_id", name=op.f("pk_job_codes")),
        sa.CheckConstraint("default_hourly_rate > 0", name=op.f("ck_job_codes_default_hourly_rate")),
        sa.ForeignKeyConstraint(
            ["job_family_id"], ["forecasting.job_families.job_family_id"], name=op.f("fk_job_codes_job_family_id")
        ),
        sa.ForeignKeyConstraint(
            ["job_group_id"], ["forecasting.job_groups.job_group_id"], name=op.f("fk_job_codes_job_group_id")
        ),
        schema="forecasting",
    )
    op.create_table(
        "job_code_aliases",
        sa.Column("source_text", sa.String(100), nullable=False),
        sa.Column("job_code_id", sa.String(50), nullable=False),
        sa.Column("first_seen_at", UtcTimestamp(), nullable=False),
        sa.PrimaryKeyConstraint("source_text", name=op.f("pk_job_code_aliases")),
        sa.ForeignKeyConstraint(
            ["job_code_id"], ["forecasting.job_codes.job_code_id"], name=op.f("fk_job_code_aliases_job_code_id")
        ),
        schema="forecasting",
    )
    op.create_index("ix_job_code_aliases_code", "job_code_aliases", ["job_code_id"], schema="forecasting")
    op.create_table(
        "site_job_codes",
        sa.Column("site_id", sa.String(20), nullable=False),
        sa.Column("job_code_id", sa.String(50), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False, server_default="1"),
        sa.Column("is_salaried", sa.Boolean(), nullable=False, server_default="0"),
        sa.Column("allocated_annual_salary", ExactDecimal(19, 4), nullable=True),
        sa.Column("active_employee_count", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("last_seen_on", sa.Date(), nullable=True),
        sa.Column("created_at", UtcTimestamp(), nullable=False),
        sa.Column("created_by", sa.Unicode(256), nullable=False),
        sa.Column("updated_at", UtcTimestamp(), nullable=False),
        sa.Column("updated_by", sa.Unicode(256), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False, server_default="1"),
        sa.PrimaryKeyConstraint("site_id", "job_code_id", name=op.f("pk_site_job_codes")),
        sa.CheckConstraint("active_employee_count >= 0", name=op.f("ck_site_job_codes_active_employee_count")),
        sa.CheckConstraint("allocated_annual_salary >= 0", name=op.f("ck_site_job_codes_allocated_annual_salary")),
        sa.ForeignKeyConstraint(
            ["job_code_id"], ["forecasting.job_codes.job_code_id"], name=op.f("fk_site_job_codes_job_code_id")
        ),
        sa.ForeignKeyConstraint(["site_id"], ["forecasting.sites.site_id"], name=op.f("fk_site_job_codes_site_id")),
        schema="forecasting",
    )
    op.create_table(
        "site_job_code_rates",
        sa.Column("rate_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False, autoincrement=True),
        sa.Column("site_id", sa.String(20), nullable=False),
        sa.Column("job_code_id", sa.String(50), nullable=False),
        sa.Column("hourly_rate", ExactDecimal(12, 6), nullable=False),
        sa.Column("effective_date", sa.Date(), nullable=False),
        sa.Column("end_date", sa.Date(), nullable=True),
        sa.Column("calculation_method", sa.String(20), nullable=False),
        sa.Column(
            "rate_class",
            sa.String(1),
            sa.Computed(
                "CASE WHEN calculation_method IN ('manual', 'fixed', 'contract') THEN 'E' ELSE 'C' END", persisted=True
            ),
            nullable=True,
        ),
        sa.Column("as_of_date", sa.Date(), nullable=False),
        sa.Column("window_start", sa.Date(), nullable=True),
        sa.Column("window_end", sa.Date(), nullable=True),
        sa.Column("total_dollars", ExactDecimal(19, 4), nullable=True),
        sa.Column("rate_hours", ExactDecimal(19, 4), nullable=True),
        sa.Column("sample_size", sa.Integer(), nullable=True),
        sa.Column("reason", sa.Unicode(2000), nullable=True),
        sa.Column("sync_run_id", Identifier(), nullable=True),
        sa.Column("superseded_at", UtcTimestamp(), nullable=True),
        sa.Column("created_at", UtcTimestamp(), nullable=False),
        sa.Column("created_by", sa.Unicode(256), nullable=False),
        sa.Column("updated_at", UtcTimestamp(), nullable=False),
        sa.Column("updated_by", sa.Unicode(256), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False, server_default="1"),
        sa.PrimaryKeyConstraint("rate_id", name=op.f("pk_site_job_code_rates")),
        sa.CheckConstraint(
            "calculation_method IN ('weighted_average', 'average', 'default', 'manual', 'fixed', 'contract')",
            name=op.f("ck_site_job_code_rates_calculation_method"),
        ),
        sa.CheckConstraint("end_date >= effective_date", name=op.f("ck_site_job_code_rates_end_date")),
        sa.CheckConstraint("hourly_rate > 0", name=op.f("ck_site_job_code_rates_hourly_rate")),
        sa.ForeignKeyConstraint(
            ["site_id", "job_code_id"],
            ["forecasting.site_job_codes.site_id", "forecasting.site_job_codes.job_code_id"],
            name=op.f("fk_site_job_code_rates_site_id_job_code_id"),
        ),
        schema="forecasting",
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_rates_lookup",
        "site_job_code_rates",
        ["site_id", sa.text("effective_date DESC")],
        schema="forecasting",
        mssql_include=["job_code_id", "rate_class", "end_date", "hourly_rate", "calculation_method"],
        sqlite_where=sa.text("superseded_at IS NULL"),
        mssql_where=sa.text("superseded_at IS NULL"),
    )
    op.create_index(
        "ux_rates_current",
        "site_job_code_rates",
        ["site_id", "job_code_id", "rate_class", "effective_date"],
        unique=True,
        schema="forecasting",
        sqlite_where=sa.text("superseded_at IS NULL"),
        mssql_where=sa.text("superseded_at IS NULL"),
    )


def downgrade() -> None:
    op.drop_table("site_job_code_rates", schema="forecasting")
    op.drop_table("site_job_codes", schema="forecasting")
    op.drop_table("job_code_aliases", schema="forecasting")
    op.drop_table("job_codes", schema="forecasting")
    op.drop_table("job_groups", schema="forecasting")
    op.drop_table("job_families", schema="forecasting")
