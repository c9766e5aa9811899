"""Staging tables, one a feed.

Revision 0007, after 0006.
"""

import sqlalchemy as sa
from alembic import op

from shared_code.sql.types import ExactDecimal, Identifier, UtcTimestamp, binary

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.create_table(
        "stg_budget",
        sa.Column("sync_run_id", Identifier(), nullable=False),
        sa.Column("row_no", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("site_id", sa.String(20), nullable=True),
        sa.Column("period", sa.String(7), nullable=True),
        sa.Column("main_account", sa.String(10), nullable=True),
        sa.Column("balance", ExactDecimal(19, 5), nullable=True),
        sa.Column("amount", ExactDecimal(19, 5), nullable=True),
        sa.Column("row_hash", binary(32), nullable=False),
        sa.PrimaryKeyConstraint("sync_run_id", "row_no", name=op.f("pk_stg_budget")),
        schema="staging",
    )
    op.create_index(
        "ix_stg_budget_key", "stg_budget", ["sync_run_id", "site_id", "period", "main_account"], schema="staging"
    )
    op.create_table(
        "stg_budget_api",
        sa.Column("sync_run_id", Identifier(), nullable=False),
        sa.Column("row_no", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("site_id", sa.String(20), nullable=True),
        sa.Column("period", sa.String(7), nullable=True),
        sa.Column("main_account", sa.String(10), nullable=True),
        sa.Column("balance", ExactDecimal(19, 5), nullable=True),
        sa.Column("amount", ExactDecimal(19, 5), nullable=True),
        sa.Column("row_hash", binary(32), nullable=False),
        sa.PrimaryKeyConstraint("sync_run_id", "row_no", name=op.f("pk_stg_budget_api")),
        schema="staging",
    )
    op.create_index(
        "ix_stg_budget_api_key",
        "stg_budget_api",
        ["sync_run_id", "site_id", "period", "main_account"],
        schema="staging",
    )
    op.create_table(
        "stg_budget_payroll",
        sa.Column("sync_run_id", Identifier(), nullable=False),
        sa.Column("row_no", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("site_id", sa.String(20), nullable=True),
        sa.Column("period", sa.String(7), nullable=True),
        sa.Column("job_profile", sa.String(100), nullable=True),
        sa.Column("hours", ExactDecimal(19, 5), nullable=True),
        sa.Column("dollars", ExactDecimal(19, 5), nullable=True),
        sa.Column("treatment", sa.String(10), nullable=True),
        sa.Column("row_hash", binary(32), nullable=False),
        sa.PrimaryKeyConstraint("sync_run_id", "row_no", name=op.f("pk_stg_budget_payroll")),
        schema="staging",
    )
    op.create_index(
        "ix_stg_budget_payroll_key",
        "stg_budget_payroll",
        ["sync_run_id", "site_id", "period", "job_profile"],
        schema="staging",
    )
    op.create_table(
        "stg_budget_payroll_jobs",
        sa.Column("sync_run_id", Identifier(), nullable=False),
        sa.Column("row_no", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("site_id", sa.String(20), nullable=True),
        sa.Column("period", sa.String(7), nullable=True),
        sa.Column("job_code_id", sa.String(50), nullable=True),
        sa.Column("hours", ExactDecimal(19, 5), nullable=True),
        sa.Column("dollars", ExactDecimal(19, 5), nullable=True),
        sa.Column("row_hash", binary(32), nullable=False),
        sa.PrimaryKeyConstraint("sync_run_id", "row_no", name=op.f("pk_stg_budget_payroll_jobs")),
        schema="staging",
    )
    op.create_index(
        "ix_stg_budget_payroll_jobs_key",
        "stg_budget_payroll_jobs",
        ["sync_run_id", "site_id", "period", "job_code_id"],
        schema="staging",
    )
    op.create_table(
        "stg_chart_of_accounts",
        sa.Column("sync_run_id", Identifier(), nullable=False),
        sa.Column("row_no", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("main_account", sa.String(10), nullable=True),
        sa.Column("account_name", sa.Unicode(100), nullable=True),
        sa.Column("summary_category", sa.String(50), nullable=True),
        sa.Column("pnl_line", sa.String(20), nullable=True),
        sa.Column("row_hash", binary(32), nullable=False),
        sa.PrimaryKeyConstraint("sync_run_id", "row_no", name=op.f("pk_stg_chart_of_accounts")),
        schema="staging",
    )
    op.create_index(
        "ix_stg_chart_of_accounts_key", "stg_chart_of_accounts", ["sync_run_id", "main_account"], schema="staging"
    )
    op.create_table(
        "stg_daily_revenue",
        sa.Column("sync_run_id", Identifier(), nullable=False),
        sa.Column("row_no", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("site_id", sa.String(20), nullable=True),
        sa.Column("stat_date", sa.Date(), nullable=True),
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
        sa.Column("row_hash", binary(32), nullable=False),
        sa.PrimaryKeyConstraint("sync_run_id", "row_no", name=op.f("pk_stg_daily_revenue")),
        schema="staging",
    )
    op.create_index(
        "ix_stg_daily_revenue_key", "stg_daily_revenue", ["sync_run_id", "site_id", "stat_date"], schema="staging"
    )
    op.create_table(
        "stg_gl_accounts",
        sa.Column("sync_run_id", Identifier(), nullable=False),
        sa.Column("row_no", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("company", sa.String(10), nullable=True),
        sa.Column("account_number", sa.String(50), nullable=True),
        sa.Column("is_active", sa.Boolean(), nullable=True),
        sa.Column("origin", sa.String(10), nullable=True),
        sa.Column("row_hash", binary(32), nullable=False),
        sa.PrimaryKeyConstraint("sync_run_id", "row_no", name=op.f("pk_stg_gl_accounts")),
        schema="staging",
    )
    op.create_index(
        "ix_stg_gl_accounts_key", "stg_gl_accounts", ["sync_run_id", "company", "account_number"], schema="staging"
    )
    op.create_table(
        "stg_job_code_rates",
        sa.Column("sync_run_id", Identifier(), nullable=False),
        sa.Column("row_no", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("site_id", sa.String(20), nullable=True),
        sa.Column("job_title", sa.String(100), nullable=True),
        sa.Column("job_code_id", sa.String(50), nullable=True),
        sa.Column("dollars_all", ExactDecimal(19, 5), nullable=True),
        sa.Column("rate_hours", ExactDecimal(19, 5), nullable=True),
        sa.Column("last_work_date", sa.Date(), nullable=True),
        sa.Column("row_count", sa.Integer(), nullable=True),
        sa.Column("row_hash", binary(32), nullable=False),
        sa.PrimaryKeyConstraint("sync_run_id", "row_no", name=op.f("pk_stg_job_code_rates")),
        schema="staging",
    )
    op.create_index(
        "ix_stg_job_code_rates_key",
        "stg_job_code_rates",
        ["sync_run_id", "site_id", "job_code_id"],
        schema="staging",
    )
    op.create_table(
        "stg_ledger",
        sa.Column("sync_run_id", Identifier(), nullable=False),
        sa.Column("row_no", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("site_id", sa.String(20), nullable=True),
        sa.Column("period", sa.String(7), nullable=True),
        sa.Column("main_account", sa.String(10), nullable=True),
        sa.Column("entity", sa.String(5), nullable=True),
        sa.Column("balance", ExactDecimal(19, 5), nullable=True),
        sa.Column("amount", ExactDecimal(19, 5), nullable=True),
        sa.Column("row_hash", binary(32), nullable=False),
        sa.PrimaryKeyConstraint("sync_run_id", "row_no", name=op.f("pk_stg_ledger")),
        schema="staging",
    )
    op.create_index(
        "ix_stg_ledger_key",
        "stg_ledger",
        ["sync_run_id", "site_id", "period", "main_account", "entity"],
        schema="staging",
    )
    op.create_table(
        "stg_paid_hours",
        sa.Column("sync_run_id", Identifier(), nullable=False),
        sa.Column("row_no", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("site_id", sa.String(20), nullable=True),
        sa.Column("work_date", sa.Date(), nullable=True),
        sa.Column("job_title", sa.String(100), nullable=True),
        sa.Column("job_code_id", sa.String(50), nullable=True),
        sa.Column("hours_all", ExactDecimal(19, 4), nullable=True),
        sa.Column("hours_ex_premium", ExactDecimal(19, 4), nullable=True),
        sa.Column("overtime_hours", ExactDecimal(19, 4), nullable=True),
        sa.Column("dollars_all", ExactDecimal(19, 4), nullable=True),
        sa.Column("dollars_ex_premium", ExactDecimal(19, 4), nullable=True),
        sa.Column("row_count", sa.Integer(), nullable=True),
        sa.Column("row_hash", binary(32), nullable=False),
        sa.PrimaryKeyConstraint("sync_run_id", "row_no", name=op.f("pk_stg_paid_hours")),
        schema="staging",
    )
    op.create_index(
        "ix_stg_paid_hours_key",
        "stg_paid_hours",
        ["sync_run_id", "site_id", "work_date", "job_code_id"],
        schema="staging",
    )
    op.create_table(
        "stg_parking_rates_actual",
        sa.Column("sync_run_id", Identifier(), nullable=False),
        sa.Column("row_no", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("site_id", sa.String(20), nullable=True),
        sa.Column("period", sa.String(7), nullable=True),
        sa.Column("category", sa.String(20), nullable=True),
        sa.Column("revenue", ExactDecimal(19, 4), nullable=True),
        sa.Column("vehicles", ExactDecimal(18, 4), nullable=True),
        sa.Column("row_hash", binary(32), nullable=False),
        sa.PrimaryKeyConstraint("sync_run_id", "row_no", name=op.f("pk_stg_parking_rates_actual")),
        schema="staging",
    )
    op.create_index(
        "ix_stg_parking_rates_actual_key",
        "stg_parking_rates_actual",
        ["sync_run_id", "site_id", "period", "category"],
        schema="staging",
    )
    op.create_table(
        "stg_salaries",
        sa.Column("sync_run_id", Identifier(), nullable=False),
        sa.Column("row_no", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("site_id", sa.String(20), nullable=True),
        sa.Column("job_title", sa.String(100), nullable=True),
        sa.Column("job_code_id", sa.String(50), nullable=True),
        sa.Column("allocated_annual_salary", ExactDecimal(19, 4), nullable=True),
        sa.Column("employee_count", sa.Integer(), nullable=True),
        sa.Column("load_date", sa.Date(), nullable=True),
        sa.Column("row_hash", binary(32), nullable=False),
        sa.PrimaryKeyConstraint("sync_run_id", "row_no", name=op.f("pk_stg_salaries")),
        schema="staging",
    )
    op.create_index("ix_stg_salaries_key", "stg_salaries", ["sync_run_id", "site_id", "job_code_id"], schema="staging")
    op.create_table(
        "stg_schedule_cost",
        sa.Column("sync_run_id", Identifier(), nullable=False),
        sa.Column("row_no", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("site_id", sa.String(20), nullable=True),
        sa.Column("work_date", sa.Date(), nullable=True),
        sa.Column("job_title", sa.String(100), nullable=True),
        sa.Column("job_code_id", sa.String(50), nullable=True),
        sa.Column("regular_minutes", sa.Integer(), nullable=True),
        sa.Column("overtime_minutes", sa.Integer(), nullable=True),
        sa.Column("double_overtime_minutes", sa.Integer(), nullable=True),
        sa.Column("source_cost", ExactDecimal(18, 2), nullable=True),
        sa.Column("row_hash", binary(32), nullable=False),
        sa.PrimaryKeyConstraint("sync_run_id", "row_no", name=op.f("pk_stg_schedule_cost")),
        schema="staging",
    )
    op.create_index(
        "ix_stg_schedule_cost_key",
        "stg_schedule_cost",
        ["sync_run_id", "site_id", "work_date", "job_code_id"],
        schema="staging",
    )
    op.create_table(
        "stg_shifts",
        sa.Column("sync_run_id", Identifier(), nullable=False),
        sa.Column("row_no", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("site_id", sa.String(20), nullable=True),
        sa.Column("work_date", sa.Date(), nullable=True),
        sa.Column("job_title", sa.String(100), nullable=True),
        sa.Column("job_code_id", sa.String(50), nullable=True),
        sa.Column("regular_minutes", sa.Integer(), nullable=True),
        sa.Column("overtime_minutes", sa.Integer(), nullable=True),
        sa.Column("double_overtime_minutes", sa.Integer(), nullable=True),
        sa.Column("source_cost", ExactDecimal(18, 2), nullable=True),
        sa.Column("row_hash", binary(32), nullable=False),
        sa.PrimaryKeyConstraint("sync_run_id", "row_no", name=op.f("pk_stg_shifts")),
        schema="staging",
    )
    op.create_index(
        "ix_stg_shifts_key", "stg_shifts", ["sync_run_id", "site_id", "work_date", "job_code_id"], schema="staging"
    )
    op.create_table(
        "stg_sites",
        sa.Column("sync_run_id", Identifier(), nullable=False),
        sa.Column("row_no", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("site_id", sa.String(20), nullable=True),
        sa.Column("site_name", sa.Unicode(200), nullable=True),
        sa.Column("district_code", sa.String(100), nullable=True),
        sa.Column("district", sa.Unicode(100), nullable=True),
        sa.Column("region_code", sa.String(50), nullable=True),
        sa.Column("region", sa.Unicode(50), nullable=True),
        sa.Column("legal_entity", sa.Unicode(100), nullable=True),
        sa.Column("pl_category", sa.Unicode(50), nullable=True),
        sa.Column("cog_segment", sa.Unicode(50), nullable=True),
        sa.Column("business_segment", sa.Unicode(50), nullable=True),
        sa.Column("contract_type_text", sa.Unicode(200), nullable=True),
        sa.Column("gl_string", sa.String(50), nullable=True),
        sa.Column("total_rooms", sa.Integer(), nullable=True),
        sa.Column("total_parking_spaces", sa.Integer(), nullable=True),
        sa.Column("first_worked_date", sa.Date(), nullable=True),
        sa.Column("last_worked_date", sa.Date(), nullable=True),
        sa.Column("manager_employee_id", sa.String(50), nullable=True),
        sa.Column("row_hash", binary(32), nullable=False),
        sa.PrimaryKeyConstraint("sync_run_id", "row_no", name=op.f("pk_stg_sites")),
        schema="staging",
    )
    op.create_index("ix_stg_sites_key", "stg_sites", ["sync_run_id", "site_id"], schema="staging")
    op.create_table(
        "stg_unit_accounts",
        sa.Column("sync_run_id", Identifier(), nullable=False),
        sa.Column("row_no", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("site_id", sa.String(20), nullable=True),
        sa.Column("main_account", sa.String(10), nullable=True),
        sa.Column("revenue_category", sa.Unicode(100), nullable=True),
        sa.Column("category", sa.Unicode(100), nullable=True),
        sa.Column("gl_string", sa.String(50), nullable=True),
        sa.Column("value", ExactDecimal(19, 4), nullable=True),
        sa.Column("account_description", sa.Unicode(200), nullable=True),
        sa.Column("status", sa.String(20), nullable=True),
        sa.Column("row_hash", binary(32), nullable=False),
        sa.PrimaryKeyConstraint("sync_run_id", "row_no", name=op.f("pk_stg_unit_accounts")),
        schema="staging",
    )
    op.create_index("ix_stg_unit_accounts_key", "stg_unit_accounts", ["sync_run_id", "site_id"], schema="staging")
    op.create_table(
        "stg_user_scopes",
        sa.Column("sync_run_id", Identifier(), nullable=False),
        sa.Column("row_no", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("principal_name", sa.Unicode(256), nullable=True),
        sa.Column("user_id", Identifier(), nullable=True),
        sa.Column("employee_id", sa.String(50), nullable=True),
        sa.Column("role_code", sa.String(30), nullable=True),
        sa.Column("scope_value", sa.String(100), nullable=True),
        sa.Column("row_hash", binary(32), nullable=False),
        sa.PrimaryKeyConstraint("sync_run_id", "row_no", name=op.f("pk_stg_user_scopes")),
        schema="staging",
    )
    op.create_index(
        "ix_stg_user_scopes_key",
        "stg_user_scopes",
        ["sync_run_id", "user_id", "role_code", "scope_value"],
        schema="staging",
    )
    op.create_table(
        "stg_wage_rates",
        sa.Column("sync_run_id", Identifier(), nullable=False),
        sa.Column("row_no", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("site_id", sa.String(20), nullable=True),
        sa.Column("job_title", sa.String(100), nullable=True),
        sa.Column("job_code_id", sa.String(50), nullable=True),
        sa.Column("job_text", sa.Unicode(200), nullable=True),
        sa.Column("active_employee_count", sa.Integer(), nullable=True),
        sa.Column("row_hash", binary(32), nullable=False),
        sa.PrimaryKeyConstraint("sync_run_id", "row_no", name=op.f("pk_stg_wage_rates")),
        schema="staging",
    )
    op.create_index(
        "ix_stg_wage_rates_key", "stg_wage_rates", ["sync_run_id", "site_id", "job_code_id"], schema="staging"
    )
    op.create_table(
        "stg_workday_api",
        sa.Column("sync_run_id", Identifier(), nullable=False),
        sa.Column("row_no", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("site_id", sa.String(20), nullable=True),
        sa.Column("job_title", sa.String(100), nullable=True),
        sa.Column("job_code_id", sa.String(50), nullable=True),
        sa.Column("active_employee_count", sa.Integer(), nullable=True),
        sa.Column("salaried_employee_count", sa.Integer(), nullable=True),
        sa.Column("hourly_employee_count", sa.Integer(), nullable=True),
        sa.Column("allocated_annual_salary", ExactDecimal(19, 4), nullable=True),
        sa.Column("row_hash", binary(32), nullable=False),
        sa.PrimaryKeyConstraint("sync_run_id", "row_no", name=op.f("pk_stg_workday_api")),
        schema="staging",
    )
    op.create_index(
        "ix_stg_workday_api_key", "stg_workday_api", ["sync_run_id", "site_id", "job_code_id"], schema="staging"
    )


def downgrade() -> None:
    op.drop_table("stg_workday_api", schema="staging")
    op.drop_table("stg_wage_rates", schema="staging")
    op.drop_table("stg_user_scopes", schema="staging")
    op.drop_table("stg_unit_accounts", schema="staging")
    op.drop_table("stg_sites", schema="staging")
    op.drop_table("stg_shifts", schema="staging")
    op.drop_table("stg_schedule_cost", schema="staging")
    op.drop_table("stg_salaries", schema="staging")
    op.drop_table("stg_parking_rates_actual", schema="staging")
    op.drop_table("stg_paid_hours", schema="staging")
    op.drop_table("stg_ledger", schema="staging")
    op.drop_table("stg_job_code_rates", schema="staging")
    op.drop_table("stg_gl_accounts", schema="staging")
    op.drop_table("stg_daily_revenue", schema="staging")
    op.drop_table("stg_chart_of_accounts", schema="staging")
    op.drop_table("stg_budget_payroll_jobs", schema="staging")
    op.drop_table("stg_budget_payroll", schema="staging")
    op.drop_table("stg_budget_api", schema="staging")
    op.drop_table("stg_budget", schema="staging")
