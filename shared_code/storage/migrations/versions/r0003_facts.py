"""Published facts of the sources and the versions of the feeds.

Revision 0003, after 0002.
"""

import sqlalchemy as sa
from alembic import op

from shared_code.sql.types import ExactDecimal, Identifier, UtcTimestamp, binary

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "actual_account_months",
        sa.Column("site_id", sa.String(20), nullable=False),
        sa.Column("period", sa.String(7), nullable=False),
        sa.Column("main_account", sa.String(10), nullable=False),
        sa.Column("entity", sa.String(5), nullable=False),
        sa.Column("balance", ExactDecimal(19, 5), nullable=False),
        sa.Column("amount", ExactDecimal(19, 5), nullable=False),
        sa.Column("sync_run_id", Identifier(), nullable=False),
        sa.Column("loaded_at", UtcTimestamp(), nullable=False),
        sa.PrimaryKeyConstraint("site_id", "period", "main_account", "entity", name=op.f("pk_actual_account_months")),
        sa.CheckConstraint(
            "period GLOB '[12][0-9][0-9][0-9]-[01][0-9]'", name=op.f("ck_actual_account_months_period_form")
        ).ddl_if(dialect="sqlite"),
        sa.CheckConstraint(
            "period LIKE '[12][0-9][0-9][0-9]-[01][0-9]'", name=op.f("ck_actual_account_months_period_form")
        ).ddl_if(dialect="mssql"),
        schema="forecasting",
    )
    op.create_index(
        "ix_actual_period",
        "actual_account_months",
        ["period", "main_account"],
        schema="forecasting",
        mssql_include=["site_id", "amount"],
    )
    op.create_table(
        "actual_cutoffs",
        sa.Column("site_id", sa.String(20), nullable=False),
        sa.Column("period", sa.String(7), nullable=False),
        sa.Column("external_through", sa.Date(), nullable=True),
        sa.Column("rooms_through", sa.Date(), nullable=True),
        sa.Column("payroll_through", sa.Date(), nullable=True),
        sa.Column("sync_run_id", Identifier(), nullable=False),
        sa.Column("loaded_at", UtcTimestamp(), nullable=False),
        sa.PrimaryKeyConstraint("site_id", "period", name=op.f("pk_actual_cutoffs")),
        sa.CheckConstraint(
            "period GLOB '[12][0-9][0-9][0-9]-[01][0-9]'", name=op.f("ck_actual_cutoffs_period_form")
        ).ddl_if(dialect="sqlite"),
        sa.CheckConstraint(
            "period LIKE '[12][0-9][0-9][0-9]-[01][0-9]'", name=op.f("ck_actual_cutoffs_period_form")
        ).ddl_if(dialect="mssql"),
        schema="forecasting",
    )
    op.create_table(
        "actual_parking_months",
        sa.Column("site_id", sa.String(20), nullable=False),
        sa.Column("period", sa.String(7), nullable=False),
        sa.Column("category", sa.String(20), nullable=False),
        sa.Column("revenue", ExactDecimal(19, 4), nullable=False),
        sa.Column("vehicles", ExactDecimal(18, 4), nullable=False),
        sa.Column("sync_run_id", Identifier(), nullable=False),
        sa.Column("loaded_at", UtcTimestamp(), nullable=False),
        sa.PrimaryKeyConstraint("site_id", "period", "category", name=op.f("pk_actual_parking_months")),
        sa.CheckConstraint(
            "period GLOB '[12][0-9][0-9][0-9]-[01][0-9]'", name=op.f("ck_actual_parking_months_period_form")
        ).ddl_if(dialect="sqlite"),
        sa.CheckConstraint(
            "period LIKE '[12][0-9][0-9][0-9]-[01][0-9]'", name=op.f("ck_actual_parking_months_period_form")
        ).ddl_if(dialect="mssql"),
        schema="forecasting",
    )
    op.create_index("ix_actual_parking_period", "actual_parking_months", ["period"], schema="forecasting")
    op.create_table(
        "actual_payroll_days",
        sa.Column("site_id", sa.String(20), nullable=False),
        sa.Column("work_date", sa.Date(), nullable=False),
        sa.Column("job_code_id", sa.String(50), nullable=False),
        sa.Column("hours_all", ExactDecimal(19, 4), nullable=False),
        sa.Column("hours_ex_premium", ExactDecimal(19, 4), nullable=False),
        sa.Column("overtime_hours", ExactDecimal(19, 4), nullable=False),
        sa.Column("dollars_all", ExactDecimal(19, 4), nullable=False),
        sa.Column("dollars_ex_premium", ExactDecimal(19, 4), nullable=False),
        sa.Column("row_count", sa.Integer(), nullable=False),
        sa.Column("sync_run_id", Identifier(), nullable=False),
        sa.Column("loaded_at", UtcTimestamp(), nullable=False),
        sa.PrimaryKeyConstraint("site_id", "work_date", "job_code_id", name=op.f("pk_actual_payroll_days")),
        schema="forecasting",
    )
    op.create_index("ix_actual_payroll_date", "actual_payroll_days", ["work_date"], schema="forecasting")
    op.create_index("ix_actual_payroll_job", "actual_payroll_days", ["job_code_id", "work_date"], schema="forecasting")
    op.create_table(
        "actual_statistic_days",
        sa.Column("site_id", sa.String(20), nullable=False),
        sa.Column("stat_date", sa.Date(), nullable=False),
        sa.Column("occupied_rooms", ExactDecimal(18, 4), nullable=True),
        sa.Column("valet_daily", ExactDecimal(18, 4), nullable=True),
        sa.Column("valet_overnight", ExactDecimal(18, 4), nullable=True),
        sa.Column("valet_monthly", ExactDecimal(18, 4), nullable=True),
        sa.Column("valet_aggregator", ExactDecimal(18, 4), nullable=True),
        sa.Column("self_daily", ExactDecimal(18, 4), nullable=True),
        sa.Column("self_overnight", ExactDecimal(18, 4), nullable=True),
        sa.Column("self_monthly", ExactDecimal(18, 4), nullable=True),
        sa.Column("self_aggregator", ExactDecimal(18, 4), nullable=True),
        sa.Column("valet_comps", ExactDecimal(18, 4), nullable=True),
        sa.Column("self_comps", ExactDecimal(18, 4), nullable=True),
        sa.Column("valet_daily_revenue", ExactDecimal(19, 4), nullable=True),
        sa.Column("valet_overnight_revenue", ExactDecimal(19, 4), nullable=True),
        sa.Column("valet_monthly_revenue", ExactDecimal(19, 4), nullable=True),
        sa.Column("valet_aggregator_revenue", ExactDecimal(19, 4), nullable=True),
        sa.Column("self_daily_revenue", ExactDecimal(19, 4), nullable=True),
        sa.Column("self_overnight_revenue", ExactDecimal(19, 4), nullable=True),
        sa.Column("self_monthly_revenue", ExactDecimal(19, 4), nullable=True),
        sa.Column("self_aggregator_revenue", ExactDecimal(19, 4), nullable=True),
        sa.Column("total_vehicles", ExactDecimal(18, 4), nullable=True),
        sa.Column("total_net_revenue", ExactDecimal(19, 4), nullable=True),
        sa.Column("source_loaded_at", UtcTimestamp(), nullable=True),
        sa.Column("sync_run_id", Identifier(), nullable=False),
        sa.Column("loaded_at", UtcTimestamp(), nullable=False),
        sa.PrimaryKeyConstraint("site_id", "stat_date", name=op.f("pk_actual_statistic_days")),
        schema="forecasting",
    )
    op.create_index("ix_actual_statistic_date", "actual_statistic_days", ["stat_date"], schema="forecasting")
    op.create_table(
        "budget_account_months",
        sa.Column("site_id", sa.String(20), nullable=False),
        sa.Column("period", sa.String(7), nullable=False),
        sa.Column("main_account", sa.String(10), nullable=False),
        sa.Column("balance", ExactDecimal(19, 5), nullable=False),
        sa.Column("amount", ExactDecimal(19, 5), nullable=False),
        sa.Column("sync_run_id", Identifier(), nullable=False),
        sa.Column("loaded_at", UtcTimestamp(), nullable=False),
        sa.PrimaryKeyConstraint("site_id", "period", "main_account", name=op.f("pk_budget_account_months")),
        sa.CheckConstraint(
            "period GLOB '[12][0-9][0-9][0-9]-[01][0-9]'", name=op.f("ck_budget_account_months_period_form")
        ).ddl_if(dialect="sqlite"),
        sa.CheckConstraint(
            "period LIKE '[12][0-9][0-9][0-9]-[01][0-9]'", name=op.f("ck_budget_account_months_period_form")
        ).ddl_if(dialect="mssql"),
        schema="forecasting",
    )
    op.create_index(
        "ix_budget_period",
        "budget_account_months",
        ["period", "main_account"],
        schema="forecasting",
        mssql_include=["site_id", "amount"],
    )
    op.create_table(
        "budget_payroll_job_months",
        sa.Column("site_id", sa.String(20), nullable=False),
        sa.Column("period", sa.String(7), nullable=False),
        sa.Column("job_code_id", sa.String(50), nullable=False),
        sa.Column("hours", ExactDecimal(19, 5), nullable=False),
        sa.Column("dollars", ExactDecimal(19, 5), nullable=False),
        sa.Column("sync_run_id", Identifier(), nullable=False),
        sa.Column("loaded_at", UtcTimestamp(), nullable=False),
        sa.PrimaryKeyConstraint("site_id", "period", "job_code_id", name=op.f("pk_budget_payroll_job_months")),
        sa.CheckConstraint(
            "period GLOB '[12][0-9][0-9][0-9]-[01][0-9]'", name=op.f("ck_budget_payroll_job_months_period_form")
        ).ddl_if(dialect="sqlite"),
        sa.CheckConstraint(
            "period LIKE '[12][0-9][0-9][0-9]-[01][0-9]'", name=op.f("ck_budget_payroll_job_months_period_form")
        ).ddl_if(dialect="mssql"),
        schema="forecasting",
    )
    op.create_table(
        "budget_payroll_months",
        sa.Column("site_id", sa.String(20), nullable=False),
        sa.Column("period", sa.String(7), nullable=False),
        sa.Column("job_profile", sa.String(100), nullable=False),
        sa.Column("hours", ExactDecimal(19, 5), nullable=False),
        sa.Column("dollars", ExactDecimal(19, 5), nullable=False),
        sa.Column("treatment", sa.String(10), nullable=False),
        sa.Column("sync_run_id", Identifier(), nullable=False),
        sa.Column("loaded_at", UtcTimestamp(), nullable=False),
        sa.PrimaryKeyConstraint("site_id", "period", "job_profile", name=op.f("pk_budget_payroll_months")),
        sa.CheckConstraint(
            "period GLOB '[12][0-9][0-9][0-9]-[01][0-9]'", name=op.f("ck_budget_payroll_months_period_form")
        ).ddl_if(dialect="sqlite"),
        sa.CheckConstraint(
            "period LIKE '[12][0-9][0-9][0-9]-[01][0-9]'", name=op.f("ck_budget_payroll_months_period_form")
        ).ddl_if(dialect="mssql"),
        sa.CheckConstraint(
            "treatment IN ('mapped', 'excluded', 'unmapped')", name=op.f("ck_budget_payroll_months_treatment")
        ),
        schema="forecasting",
    )
    op.create_table(
        "feed_versions",
        sa.Column("feed", sa.String(40), nullable=False),
        sa.Column("slice", sa.String(60), nullable=False),
        sa.Column("sync_run_id", Identifier(), nullable=False),
        sa.Column("as_of", UtcTimestamp(), nullable=False),
        sa.Column("content_through", sa.Date(), nullable=True),
        sa.Column("row_count", sa.BigInteger(), nullable=False),
        sa.Column("content_hash", binary(32), nullable=False),
        sa.Column("watermark", sa.String(40), nullable=True),
        sa.Column("status", sa.String(12), nullable=False),
        sa.Column("published_at", UtcTimestamp(), nullable=False),
        sa.PrimaryKeyConstraint("feed", "slice", name=op.f("pk_feed_versions")),
        sa.CheckConstraint("status IN ('ok', 'stale', 'partial', 'unavailable')", name=op.f("ck_feed_versions_status")),
        schema="forecasting",
    )
    op.create_table(
        "gl_accounts",
        sa.Column("company", sa.String(10), nullable=False),
        sa.Column("account_number", sa.String(50), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("origin", sa.String(10), nullable=False),
        sa.Column("sync_run_id", Identifier(), nullable=False),
        sa.Column("loaded_at", UtcTimestamp(), nullable=False),
        sa.PrimaryKeyConstraint("company", "account_number", name=op.f("pk_gl_accounts")),
        schema="forecasting",
    )
    op.create_table(
        "schedule_payroll_days",
        sa.Column("site_id", sa.String(20), nullable=False),
        sa.Column("work_date", sa.Date(), nullable=False),
        sa.Column("job_code_id", sa.String(50), nullable=False),
        sa.Column("regular_minutes", sa.Integer(), nullable=False),
        sa.Column("overtime_minutes", sa.Integer(), nullable=False),
        sa.Column("double_overtime_minutes", sa.Integer(), nullable=False),
        sa.Column("source_cost", ExactDecimal(18, 2), nullable=True),
        sa.Column("sync_run_id", Identifier(), nullable=False),
        sa.Column("loaded_at", UtcTimestamp(), nullable=False),
        sa.PrimaryKeyConstraint("site_id", "work_date", "job_code_id", name=op.f("pk_schedule_payroll_days")),
        schema="forecasting",
    )
    op.create_index("ix_schedule_payroll_date", "schedule_payroll_days", ["work_date"], schema="forecasting")


def downgrade() -> None:
    op.drop_table("schedule_payroll_days", schema="forecasting")
    op.drop_table("gl_accounts", schema="forecasting")
    op.drop_table("feed_versions", schema="forecasting")
    op.drop_table("budget_payroll_months", schema="forecasting")
    op.drop_table("budget_payroll_job_months", schema="forecasting")
    op.drop_table("budget_account_months", schema="forecasting")
    op.drop_table("actual_statistic_days", schema="forecasting")
    op.drop_table("actual_payroll_days", schema="forecasting")
    op.drop_table("actual_parking_months", schema="forecasting")
    op.drop_table("actual_cutoffs", schema="forecasting")
    op.drop_table("actual_account_months", schema="forecasting")
