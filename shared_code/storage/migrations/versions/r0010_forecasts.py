"""What users enter month by month, and its versions.

Revision 0010, after 0009.
"""

import sqlalchemy as sa
from alembic import op

from shared_code.sql.types import ExactDecimal, UtcTimestamp

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.create_table(
        "external_revenue_inputs",
        sa.Column("site_id", sa.String(20), nullable=False),
        sa.Column("period", sa.String(7), nullable=False),
        sa.Column("adjustment_percent", ExactDecimal(9, 6), nullable=True),
        sa.Column("override_amount", ExactDecimal(19, 4), nullable=True),
        sa.Column("override_reason", sa.Unicode(2000), nullable=True),
        sa.Column("note", sa.Unicode(2000), nullable=True),
        sa.Column("created_at", UtcTimestamp(), nullable=False),
        sa.Column("created_by", sa.Unicode(256), nullable=False),
        sa.Column("updated_at", UtcTimestamp(), nullable=False),
        sa.Column("updated_by", sa.Unicode(256), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False, server_default="1"),
        sa.PrimaryKeyConstraint("site_id", "period", name=op.f("pk_external_revenue_inputs")),
        sa.CheckConstraint(
            "adjustment_percent BETWEEN -1 AND 1", name=op.f("ck_external_revenue_inputs_adjustment_percent_limits")
        ).ddl_if(dialect="mssql"),
        sa.CheckConstraint(
            "adjustment_percent BETWEEN -1000000 AND 1000000",
            name=op.f("ck_external_revenue_inputs_adjustment_percent_limits"),
        ).ddl_if(dialect="sqlite"),
        sa.CheckConstraint(
            "override_amount IS NULL OR (override_reason IS NOT NULL AND override_reason <> '')",
            name=op.f("ck_external_revenue_inputs_override_reason"),
        ),
        sa.CheckConstraint(
            "period GLOB '[12][0-9][0-9][0-9]-[01][0-9]'", name=op.f("ck_external_revenue_inputs_period_form")
        ).ddl_if(dialect="sqlite"),
        sa.CheckConstraint(
            "period LIKE '[12][0-9][0-9][0-9]-[01][0-9]'", name=op.f("ck_external_revenue_inputs_period_form")
        ).ddl_if(dialect="mssql"),
        sa.ForeignKeyConstraint(
            ["site_id"], ["forecasting.sites.site_id"], name=op.f("fk_external_revenue_inputs_site_id")
        ),
        schema="forecasting",
    )
    op.create_table(
        "forecast_versions",
        sa.Column("site_id", sa.String(20), nullable=False),
        sa.Column("period", sa.String(7), nullable=False),
        sa.Column("module", sa.String(20), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("updated_at", UtcTimestamp(), nullable=False),
        sa.Column("updated_by", sa.Unicode(256), nullable=False),
        sa.PrimaryKeyConstraint("site_id", "period", "module", name=op.f("pk_forecast_versions")),
        sa.CheckConstraint(
            "module IN ('statistics', 'payroll', 'parking_rates', 'external_revenue', 'internal_revenue', 'other_revenue', 'other_expenses')",
            name=op.f("ck_forecast_versions_module"),
        ),
        sa.CheckConstraint(
            "period GLOB '[12][0-9][0-9][0-9]-[01][0-9]'", name=op.f("ck_forecast_versions_period_form")
        ).ddl_if(dialect="sqlite"),
        sa.CheckConstraint(
            "period LIKE '[12][0-9][0-9][0-9]-[01][0-9]'", name=op.f("ck_forecast_versions_period_form")
        ).ddl_if(dialect="mssql"),
        sa.ForeignKeyConstraint(["site_id"], ["forecasting.sites.site_id"], name=op.f("fk_forecast_versions_site_id")),
        schema="forecasting",
    )
    op.create_table(
        "internal_revenue_adjustments",
        sa.Column("site_id", sa.String(20), nullable=False),
        sa.Column("period", sa.String(7), nullable=False),
        sa.Column("category", sa.String(30), nullable=False),
        sa.Column("amount", ExactDecimal(19, 4), nullable=False),
        sa.Column("reason", sa.Unicode(2000), nullable=False),
        sa.Column("created_at", UtcTimestamp(), nullable=False),
        sa.Column("created_by", sa.Unicode(256), nullable=False),
        sa.Column("updated_at", UtcTimestamp(), nullable=False),
        sa.Column("updated_by", sa.Unicode(256), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False, server_default="1"),
        sa.PrimaryKeyConstraint("site_id", "period", "category", name=op.f("pk_internal_revenue_adjustments")),
        sa.CheckConstraint(
            "period GLOB '[12][0-9][0-9][0-9]-[01][0-9]'", name=op.f("ck_internal_revenue_adjustments_period_form")
        ).ddl_if(dialect="sqlite"),
        sa.CheckConstraint(
            "period LIKE '[12][0-9][0-9][0-9]-[01][0-9]'", name=op.f("ck_internal_revenue_adjustments_period_form")
        ).ddl_if(dialect="mssql"),
        sa.CheckConstraint("reason <> ''", name=op.f("ck_internal_revenue_adjustments_reason")),
        sa.ForeignKeyConstraint(
            ["site_id"], ["forecasting.sites.site_id"], name=op.f("fk_internal_revenue_adjustments_site_id")
        ),
        schema="forecasting",
    )
    op.create_table(
        "other_expenses",
        sa.Column("site_id", sa.String(20), nullable=False),
        sa.Column("period", sa.String(7), nullable=False),
        sa.Column("main_account", sa.String(10), nullable=False),
        sa.Column("amount", ExactDecimal(19, 4), nullable=False),
        sa.Column("created_at", UtcTimestamp(), nullable=False),
        sa.Column("created_by", sa.Unicode(256), nullable=False),
        sa.Column("updated_at", UtcTimestamp(), nullable=False),
        sa.Column("updated_by", sa.Unicode(256), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False, server_default="1"),
        sa.PrimaryKeyConstraint("site_id", "period", "main_account", name=op.f("pk_other_expenses")),
        sa.CheckConstraint(
            "period GLOB '[12][0-9][0-9][0-9]-[01][0-9]'", name=op.f("ck_other_expenses_period_form")
        ).ddl_if(dialect="sqlite"),
        sa.CheckConstraint(
            "period LIKE '[12][0-9][0-9][0-9]-[01][0-9]'", name=op.f("ck_other_expenses_period_form")
        ).ddl_if(dialect="mssql"),
        sa.ForeignKeyConstraint(
            ["main_account"], ["forecasting.accounts.main_account"], name=op.f("fk_other_expenses_main_account")
        ),
        sa.ForeignKeyConstraint(["site_id"], ["forecasting.sites.site_id"], name=op.f("fk_other_expenses_site_id")),
        schema="forecasting",
    )
    op.create_table(
        "other_revenues",
        sa.Column("site_id", sa.String(20), nullable=False),
        sa.Column("period", sa.String(7), nullable=False),
        sa.Column("item", sa.String(25), nullable=False),
        sa.Column("amount", ExactDecimal(19, 4), nullable=False),
        sa.Column("created_at", UtcTimestamp(), nullable=False),
        sa.Column("created_by", sa.Unicode(256), nullable=False),
        sa.Column("updated_at", UtcTimestamp(), nullable=False),
        sa.Column("updated_by", sa.Unicode(256), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False, server_default="1"),
        sa.PrimaryKeyConstraint("site_id", "period", "item", name=op.f("pk_other_revenues")),
        sa.CheckConstraint(
            "(item IN ('billable_expense', 'revenue_validation') AND amount >= 0) OR (item IN ('gpo_fees', 'signing_bonus', 'client_paid_expense') AND amount <= 0) OR item = 'miscellaneous'",
            name=op.f("ck_other_revenues_amount"),
        ),
        sa.CheckConstraint(
            "period GLOB '[12][0-9][0-9][0-9]-[01][0-9]'", name=op.f("ck_other_revenues_period_form")
        ).ddl_if(dialect="sqlite"),
        sa.CheckConstraint(
            "period LIKE '[12][0-9][0-9][0-9]-[01][0-9]'", name=op.f("ck_other_revenues_period_form")
        ).ddl_if(dialect="mssql"),
        sa.ForeignKeyConstraint(["site_id"], ["forecasting.sites.site_id"], name=op.f("fk_other_revenues_site_id")),
        schema="forecasting",
    )
    op.create_table(
        "parking_rates",
        sa.Column("site_id", sa.String(20), nullable=False),
        sa.Column("period", sa.String(7), nullable=False),
        sa.Column("category", sa.String(20), nullable=False),
        sa.Column("rate", ExactDecimal(19, 6), nullable=False),
        sa.Column("created_at", UtcTimestamp(), nullable=False),
        sa.Column("created_by", sa.Unicode(256), nullable=False),
        sa.Column("updated_at", UtcTimestamp(), nullable=False),
        sa.Column("updated_by", sa.Unicode(256), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False, server_default="1"),
        sa.PrimaryKeyConstraint("site_id", "period", "category", name=op.f("pk_parking_rates")),
        sa.CheckConstraint(
            "category IN ('valet_daily', 'valet_overnight', 'valet_monthly', 'valet_aggregator', 'self_daily', 'self_overnight', 'self_monthly', 'self_aggregator')",
            name=op.f("ck_parking_rates_category"),
        ),
        sa.CheckConstraint(
            "period GLOB '[12][0-9][0-9][0-9]-[01][0-9]'", name=op.f("ck_parking_rates_period_form")
        ).ddl_if(dialect="sqlite"),
        sa.CheckConstraint(
            "period LIKE '[12][0-9][0-9][0-9]-[01][0-9]'", name=op.f("ck_parking_rates_period_form")
        ).ddl_if(dialect="mssql"),
        sa.CheckConstraint("rate >= 0", name=op.f("ck_parking_rates_rate")),
        sa.ForeignKeyConstraint(["site_id"], ["forecasting.sites.site_id"], name=op.f("fk_parking_rates_site_id")),
        schema="forecasting",
    )
    op.create_table(
        "payroll_forecasts",
        sa.Column("site_id", sa.String(20), nullable=False),
        sa.Column("period", sa.String(7), nullable=False),
        sa.Column("level", sa.String(10), nullable=False),
        sa.Column("created_at", UtcTimestamp(), nullable=False),
        sa.Column("created_by", sa.Unicode(256), nullable=False),
        sa.Column("updated_at", UtcTimestamp(), nullable=False),
        sa.Column("updated_by", sa.Unicode(256), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False, server_default="1"),
        sa.PrimaryKeyConstraint("site_id", "period", name=op.f("pk_payroll_forecasts")),
        sa.CheckConstraint("level IN ('job_code', 'job_group')", name=op.f("ck_payroll_forecasts_level")),
        sa.CheckConstraint(
            "period GLOB '[12][0-9][0-9][0-9]-[01][0-9]'", name=op.f("ck_payroll_forecasts_period_form")
        ).ddl_if(dialect="sqlite"),
        sa.CheckConstraint(
            "period LIKE '[12][0-9][0-9][0-9]-[01][0-9]'", name=op.f("ck_payroll_forecasts_period_form")
        ).ddl_if(dialect="mssql"),
        sa.ForeignKeyConstraint(["site_id"], ["forecasting.sites.site_id"], name=op.f("fk_payroll_forecasts_site_id")),
        schema="forecasting",
    )
    op.create_table(
        "site_statistics",
        sa.Column(
            "site_statistics_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
            autoincrement=True,
        ),
        sa.Column("site_id", sa.String(20), nullable=False),
        sa.Column("period", sa.String(7), nullable=False),
        sa.Column("occupancy", ExactDecimal(9, 6), nullable=True),
        sa.Column("valet_vehicles", ExactDecimal(18, 4), nullable=True),
        sa.Column("self_park_vehicles", ExactDecimal(18, 4), nullable=True),
        sa.Column("drive_in_ratio", ExactDecimal(9, 6), nullable=True),
        sa.Column("capture_ratio", ExactDecimal(9, 6), nullable=True),
        sa.Column("occupied_rooms", ExactDecimal(18, 4), nullable=True),
        sa.Column("last_updated", UtcTimestamp(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False, server_default="1"),
        sa.Column("created_at", UtcTimestamp(), nullable=False),
        sa.Column("created_by", sa.Unicode(256), nullable=False),
        sa.Column("updated_at", UtcTimestamp(), nullable=False),
        sa.Column("updated_by", sa.Unicode(256), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False, server_default="1"),
        sa.PrimaryKeyConstraint("site_statistics_id", name=op.f("pk_site_statistics")),
        sa.CheckConstraint(
            "capture_ratio BETWEEN 0 AND 1", name=op.f("ck_site_statistics_capture_ratio_limits")
        ).ddl_if(dialect="mssql"),
        sa.CheckConstraint(
            "capture_ratio BETWEEN 0 AND 1000000", name=op.f("ck_site_statistics_capture_ratio_limits")
        ).ddl_if(dialect="sqlite"),
        sa.CheckConstraint(
            "drive_in_ratio BETWEEN 0 AND 1", name=op.f("ck_site_statistics_drive_in_ratio_limits")
        ).ddl_if(dialect="mssql"),
        sa.CheckConstraint(
            "drive_in_ratio BETWEEN 0 AND 1000000", name=op.f("ck_site_statistics_drive_in_ratio_limits")
        ).ddl_if(dialect="sqlite"),
        sa.CheckConstraint("occupancy BETWEEN 0 AND 1", name=op.f("ck_site_statistics_occupancy_limits")).ddl_if(
            dialect="mssql"
        ),
        sa.CheckConstraint("occupancy BETWEEN 0 AND 1000000", name=op.f("ck_site_statistics_occupancy_limits")).ddl_if(
            dialect="sqlite"
        ),
        sa.CheckConstraint("occupied_rooms >= 0", name=op.f("ck_site_statistics_occupied_rooms")),
        sa.CheckConstraint(
            "period GLOB '[12][0-9][0-9][0-9]-[01][0-9]'", name=op.f("ck_site_statistics_period_form")
        ).ddl_if(dialect="sqlite"),
        sa.CheckConstraint(
            "period LIKE '[12][0-9][0-9][0-9]-[01][0-9]'", name=op.f("ck_site_statistics_period_form")
        ).ddl_if(dialect="mssql"),
        sa.CheckConstraint("self_park_vehicles >= 0", name=op.f("ck_site_statistics_self_park_vehicles")),
        sa.CheckConstraint("valet_vehicles >= 0", name=op.f("ck_site_statistics_valet_vehicles")),
        sa.ForeignKeyConstraint(["site_id"], ["forecasting.sites.site_id"], name=op.f("fk_site_statistics_site_id")),
        schema="forecasting",
        sqlite_autoincrement=True,
    )
    op.create_index(
        "idx_statistics_complex",
        "site_statistics",
        ["site_id", "period", "last_updated"],
        schema="forecasting",
        mssql_include=["occupancy", "valet_vehicles", "self_park_vehicles"],
    )
    op.create_index(
        "idx_statistics_site_period", "site_statistics", ["site_id", "period", "is_active"], schema="forecasting"
    )
    op.create_index(
        "ux_statistics_active",
        "site_statistics",
        ["site_id", "period"],
        unique=True,
        schema="forecasting",
        sqlite_where=sa.text("is_active = 1"),
        mssql_where=sa.text("is_active = 1"),
    )
    op.create_table(
        "payroll_forecast_days",
        sa.Column("site_id", sa.String(20), nullable=False),
        sa.Column("period", sa.String(7), nullable=False),
        sa.Column("work_date", sa.Date(), nullable=False),
        sa.Column("job_code_id", sa.String(50), nullable=False),
        sa.Column("regular_hours", ExactDecimal(12, 4), nullable=True),
        sa.Column("overtime_hours", ExactDecimal(12, 4), nullable=True),
        sa.Column("note", sa.Unicode(2000), nullable=True),
        sa.PrimaryKeyConstraint("site_id", "work_date", "job_code_id", name=op.f("pk_payroll_forecast_days")),
        sa.CheckConstraint("overtime_hours >= 0", name=op.f("ck_payroll_forecast_days_overtime_hours")),
        sa.CheckConstraint(
            "period GLOB '[12][0-9][0-9][0-9]-[01][0-9]'", name=op.f("ck_payroll_forecast_days_period_form")
        ).ddl_if(dialect="sqlite"),
        sa.CheckConstraint(
            "period LIKE '[12][0-9][0-9][0-9]-[01][0-9]'", name=op.f("ck_payroll_forecast_days_period_form")
        ).ddl_if(dialect="mssql"),
        sa.CheckConstraint("regular_hours >= 0", name=op.f("ck_payroll_forecast_days_regular_hours")),
        sa.ForeignKeyConstraint(
            ["job_code_id"], ["forecasting.job_codes.job_code_id"], name=op.f("fk_payroll_forecast_days_job_code_id")
        ),
        sa.ForeignKeyConstraint(
            ["site_id", "period"],
            ["forecasting.payroll_forecasts.site_id", "forecasting.payroll_forecasts.period"],
            name=op.f("fk_payroll_forecast_days_site_id_period"),
            ondelete="CASCADE",
        ),
        schema="forecasting",
    )
    op.create_table(
        "site_statistic_days",
        sa.Column(
            "site_statistics_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
            autoincrement=False,
        ),
        sa.Column("stat_date", sa.Date(), nullable=False),
        sa.Column("occupied_rooms", ExactDecimal(18, 4), nullable=True),
        sa.Column("valet_daily", ExactDecimal(18, 4), nullable=True),
        sa.Column("valet_overnight", ExactDecimal(18, 4), nullable=True),
        sa.Column("valet_monthly", ExactDecimal(18, 4), nullable=True),
        sa.Column("valet_aggregator", ExactDecimal(18, 4), nullable=True),
        sa.Column("valet_comps", ExactDecimal(18, 4), nullable=True),
        sa.Column("self_daily", ExactDecimal(18, 4), nullable=True),
        sa.Column("self_overnight", ExactDecimal(18, 4), nullable=True),
        sa.Column("self_monthly", ExactDecimal(18, 4), nullable=True),
        sa.Column("self_aggregator", ExactDecimal(18, 4), nullable=True),
        sa.Column("self_comps", ExactDecimal(18, 4), nullable=True),
        sa.Column("occupancy", ExactDecimal(9, 6), nullable=True),
        sa.Column("drive_in_ratio", ExactDecimal(9, 6), nullable=True),
        sa.Column("capture_ratio", ExactDecimal(9, 6), nullable=True),
        sa.Column("note", sa.Unicode(2000), nullable=True),
        sa.PrimaryKeyConstraint("site_statistics_id", "stat_date", name=op.f("pk_site_statistic_days")),
        sa.CheckConstraint(
            "capture_ratio BETWEEN 0 AND 1", name=op.f("ck_site_statistic_days_capture_ratio_limits")
        ).ddl_if(dialect="mssql"),
        sa.CheckConstraint(
            "capture_ratio BETWEEN 0 AND 1000000", name=op.f("ck_site_statistic_days_capture_ratio_limits")
        ).ddl_if(dialect="sqlite"),
        sa.CheckConstraint(
            "drive_in_ratio BETWEEN 0 AND 1", name=op.f("ck_site_statistic_days_drive_in_ratio_limits")
        ).ddl_if(dialect="mssql"),
        sa.CheckConstraint(
            "drive_in_ratio BETWEEN 0 AND 1000000", name=op.f("ck_site_statistic_days_drive_in_ratio_limits")
        ).ddl_if(dialect="sqlite"),
        sa.CheckConstraint("occupancy BETWEEN 0 AND 1", name=op.f("ck_site_statistic_days_occupancy_limits")).ddl_if(
            dialect="mssql"
        ),
        sa.CheckConstraint(
            "occupancy BETWEEN 0 AND 1000000", name=op.f("ck_site_statistic_days_occupancy_limits")
        ).ddl_if(dialect="sqlite"),
        sa.CheckConstraint("occupied_rooms >= 0", name=op.f("ck_site_statistic_days_occupied_rooms")),
        sa.CheckConstraint("self_aggregator >= 0", name=op.f("ck_site_statistic_days_self_aggregator")),
        sa.CheckConstraint("self_comps >= 0", name=op.f("ck_site_statistic_days_self_comps")),
        sa.CheckConstraint("self_daily >= 0", name=op.f("ck_site_statistic_days_self_daily")),
        sa.CheckConstraint("self_monthly >= 0", name=op.f("ck_site_statistic_days_self_monthly")),
        sa.CheckConstraint("self_overnight >= 0", name=op.f("ck_site_statistic_days_self_overnight")),
        sa.CheckConstraint("valet_aggregator >= 0", name=op.f("ck_site_statistic_days_valet_aggregator")),
        sa.CheckConstraint("valet_comps >= 0", name=op.f("ck_site_statistic_days_valet_comps")),
        sa.CheckConstraint("valet_daily >= 0", name=op.f("ck_site_statistic_days_valet_daily")),
        sa.CheckConstraint("valet_monthly >= 0", name=op.f("ck_site_statistic_days_valet_monthly")),
        sa.CheckConstraint("valet_overnight >= 0", name=op.f("ck_site_statistic_days_valet_overnight")),
        sa.ForeignKeyConstraint(
            ["site_statistics_id"],
            ["forecasting.site_statistics.site_statistics_id"],
            name=op.f("fk_site_statistic_days_site_statistics_id"),
            ondelete="CASCADE",
        ),
        schema="forecasting",
    )


def downgrade() -> None:
    op.drop_table("site_statistic_days", schema="forecasting")
    op.drop_table("payroll_forecast_days", schema="forecasting")
    op.drop_table("site_statistics", schema="forecasting")
    op.drop_table("payroll_forecasts", schema="forecasting")
    op.drop_table("parking_rates", schema="forecasting")
    op.drop_table("other_revenues", schema="forecasting")
    op.drop_table("other_expenses", schema="forecasting")
    op.drop_table("internal_revenue_adjustments", schema="forecasting")
    op.drop_table("forecast_versions", schema="forecasting")
    op.drop_table("external_revenue_inputs", schema="forecasting")
