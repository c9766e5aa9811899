"""Contracts of sites with all their terms.

Revision 0009, after 0008.
"""

import sqlalchemy as sa
from alembic import op

from shared_code.sql.types import ExactDecimal, Identifier, UtcTimestamp

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.create_table(
        "contracts",
        sa.Column("contract_id", Identifier(), nullable=False),
        sa.Column("site_id", sa.String(20), nullable=False),
        sa.Column("contract_start", sa.Date(), nullable=False),
        sa.Column("contract_end", sa.Date(), nullable=True),
        sa.Column("increment_month", sa.SmallInteger(), nullable=True),
        sa.Column("increment_percent", ExactDecimal(9, 6), nullable=True),
        sa.Column("is_active", sa.Boolean(), nullable=False, server_default="1"),
        sa.Column("created_at", UtcTimestamp(), nullable=False),
        sa.Column("created_by", sa.Unicode(256), nullable=False),
        sa.Column("updated_at", UtcTimestamp(), nullable=False),
        sa.Column("updated_by", sa.Unicode(256), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False, server_default="1"),
        sa.PrimaryKeyConstraint("contract_id", name=op.f("pk_contracts")),
        sa.CheckConstraint("contract_end >= contract_start", name=op.f("ck_contracts_contract_end")),
        sa.CheckConstraint("increment_month BETWEEN 1 AND 12", name=op.f("ck_contracts_increment_month")),
        sa.ForeignKeyConstraint(["site_id"], ["forecasting.sites.site_id"], name=op.f("fk_contracts_site_id")),
        schema="forecasting",
    )
    op.create_index("ix_contracts_site", "contracts", ["site_id", "contract_start"], schema="forecasting")
    op.create_index(
        "ux_contracts_open",
        "contracts",
        ["site_id"],
        unique=True,
        schema="forecasting",
        sqlite_where=sa.text("is_active = 1 AND contract_end IS NULL"),
        mssql_where=sa.text("is_active = 1 AND contract_end IS NULL"),
    )
    op.create_table(
        "contract_additional_payroll",
        sa.Column("item_id", Identifier(), nullable=False),
        sa.Column("contract_id", Identifier(), nullable=False),
        sa.Column("name", sa.Unicode(200), nullable=False),
        sa.Column("amount", ExactDecimal(19, 4), nullable=False),
        sa.Column("is_excluded", sa.Boolean(), nullable=False),
        sa.Column("created_at", UtcTimestamp(), nullable=False),
        sa.Column("created_by", sa.Unicode(256), nullable=False),
        sa.Column("updated_at", UtcTimestamp(), nullable=False),
        sa.Column("updated_by", sa.Unicode(256), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False, server_default="1"),
        sa.PrimaryKeyConstraint("item_id", name=op.f("pk_contract_additional_payroll")),
        sa.ForeignKeyConstraint(
            ["contract_id"],
            ["forecasting.contracts.contract_id"],
            name=op.f("fk_contract_additional_payroll_contract_id"),
        ),
        schema="forecasting",
    )
    op.create_index(
        "ix_contract_additional_payroll", "contract_additional_payroll", ["contract_id"], schema="forecasting"
    )
    op.create_table(
        "contract_billable_accounts",
        sa.Column("contract_id", Identifier(), nullable=False),
        sa.Column("main_account", sa.String(10), nullable=False),
        sa.Column("is_enabled", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("contract_id", "main_account", name=op.f("pk_contract_billable_accounts")),
        sa.ForeignKeyConstraint(
            ["contract_id"],
            ["forecasting.contracts.contract_id"],
            name=op.f("fk_contract_billable_accounts_contract_id"),
        ),
        sa.ForeignKeyConstraint(
            ["main_account"],
            ["forecasting.accounts.main_account"],
            name=op.f("fk_contract_billable_accounts_main_account"),
        ),
        schema="forecasting",
    )
    op.create_table(
        "contract_billable_terms",
        sa.Column("contract_id", Identifier(), nullable=False),
        sa.Column("pteb_enabled", sa.Boolean(), nullable=False),
        sa.Column("pteb_type", sa.String(10), nullable=True),
        sa.Column("pteb_percent", ExactDecimal(9, 6), nullable=True),
        sa.Column("pteb_start", sa.Date(), nullable=True),
        sa.Column("support_enabled", sa.Boolean(), nullable=False),
        sa.Column("support_type", sa.String(10), nullable=True),
        sa.Column("support_payroll_type", sa.String(10), nullable=True),
        sa.Column("support_value", ExactDecimal(19, 6), nullable=True),
        sa.Column("created_at", UtcTimestamp(), nullable=False),
        sa.Column("created_by", sa.Unicode(256), nullable=False),
        sa.Column("updated_at", UtcTimestamp(), nullable=False),
        sa.Column("updated_by", sa.Unicode(256), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False, server_default="1"),
        sa.PrimaryKeyConstraint("contract_id", name=op.f("pk_contract_billable_terms")),
        sa.CheckConstraint("pteb_type IN ('percentage', 'actual')", name=op.f("ck_contract_billable_terms_pteb_type")),
        sa.CheckConstraint(
            "support_payroll_type IN ('billable', 'total')",
            name=op.f("ck_contract_billable_terms_support_payroll_type"),
        ),
        sa.CheckConstraint(
            "support_type IN ('fixed', 'percentage')", name=op.f("ck_contract_billable_terms_support_type")
        ),
        sa.ForeignKeyConstraint(
            ["contract_id"], ["forecasting.contracts.contract_id"], name=op.f("fk_contract_billable_terms_contract_id")
        ),
        schema="forecasting",
    )
    op.create_table(
        "contract_escalators",
        sa.Column("contract_id", Identifier(), nullable=False),
        sa.Column("component", sa.String(20), nullable=False),
        sa.Column("month", sa.SmallInteger(), nullable=False),
        sa.Column("type", sa.String(15), nullable=False),
        sa.Column("value", ExactDecimal(19, 6), nullable=False),
        sa.Column("created_at", UtcTimestamp(), nullable=False),
        sa.Column("created_by", sa.Unicode(256), nullable=False),
        sa.Column("updated_at", UtcTimestamp(), nullable=False),
        sa.Column("updated_by", sa.Unicode(256), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False, server_default="1"),
        sa.PrimaryKeyConstraint("contract_id", "component", name=op.f("pk_contract_escalators")),
        sa.CheckConstraint(
            "component IN ('management_fee', 'pteb', 'profit_share')", name=op.f("ck_contract_escalators_component")
        ),
        sa.CheckConstraint("month BETWEEN 1 AND 12", name=op.f("ck_contract_escalators_month")),
        sa.CheckConstraint("type IN ('percentage', 'fixed_amount')", name=op.f("ck_contract_escalators_type")),
        sa.ForeignKeyConstraint(
            ["contract_id"], ["forecasting.contracts.contract_id"], name=op.f("fk_contract_escalators_contract_id")
        ),
        schema="forecasting",
    )
    op.create_table(
        "contract_fees",
        sa.Column("fee_id", Identifier(), nullable=False),
        sa.Column("contract_id", Identifier(), nullable=False),
        sa.Column("name", sa.Unicode(200), nullable=False),
        sa.Column("fee", ExactDecimal(19, 4), nullable=False),
        sa.Column("start_date", sa.Date(), nullable=False),
        sa.Column("end_date", sa.Date(), nullable=True),
        sa.Column("created_at", UtcTimestamp(), nullable=False),
        sa.Column("created_by", sa.Unicode(256), nullable=False),
        sa.Column("updated_at", UtcTimestamp(), nullable=False),
        sa.Column("updated_by", sa.Unicode(256), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False, server_default="1"),
        sa.PrimaryKeyConstraint("fee_id", name=op.f("pk_contract_fees")),
        sa.ForeignKeyConstraint(
            ["contract_id"], ["forecasting.contracts.contract_id"], name=op.f("fk_contract_fees_contract_id")
        ),
        schema="forecasting",
    )
    op.create_index("ix_contract_fees", "contract_fees", ["contract_id"], schema="forecasting")
    op.create_table(
        "contract_labor_jobs",
        sa.Column("labor_job_id", Identifier(), nullable=False),
        sa.Column("contract_id", Identifier(), nullable=False),
        sa.Column("term", sa.String(10), nullable=False),
        sa.Column("job_code_id", sa.String(50), nullable=False),
        sa.Column("rate", ExactDecimal(12, 6), nullable=False),
        sa.Column("overtime_rate", ExactDecimal(12, 6), nullable=True),
        sa.Column("escalator_value", ExactDecimal(19, 6), nullable=True),
        sa.Column("overtime_escalator_value", ExactDecimal(19, 6), nullable=True),
        sa.Column("start_date", sa.Date(), nullable=False),
        sa.Column("end_date", sa.Date(), nullable=True),
        sa.Column("created_at", UtcTimestamp(), nullable=False),
        sa.Column("created_by", sa.Unicode(256), nullable=False),
        sa.Column("updated_at", UtcTimestamp(), nullable=False),
        sa.Column("updated_by", sa.Unicode(256), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False, server_default="1"),
        sa.PrimaryKeyConstraint("labor_job_id", name=op.f("pk_contract_labor_jobs")),
        sa.CheckConstraint("rate > 0", name=op.f("ck_contract_labor_jobs_rate")),
        sa.CheckConstraint("term IN ('labor_hour', 'management')", name=op.f("ck_contract_labor_jobs_term")),
        sa.ForeignKeyConstraint(
            ["contract_id"], ["forecasting.contracts.contract_id"], name=op.f("fk_contract_labor_jobs_contract_id")
        ),
        schema="forecasting",
    )
    op.create_index("ix_contract_labor_jobs", "contract_labor_jobs", ["contract_id"], schema="forecasting")
    op.create_table(
        "contract_management",
        sa.Column("contract_id", Identifier(), nullable=False),
        sa.Column("fee_type", sa.String(20), nullable=False),
        sa.Column("fee_amount", ExactDecimal(19, 4), nullable=True),
        sa.Column("fee_percent", ExactDecimal(9, 6), nullable=True),
        sa.Column("fee_start", sa.Date(), nullable=True),
        sa.Column("insurance_enabled", sa.Boolean(), nullable=False),
        sa.Column("insurance_type", sa.String(30), nullable=True),
        sa.Column("insurance_additional_percent", ExactDecimal(9, 6), nullable=True),
        sa.Column("insurance_amount", ExactDecimal(19, 4), nullable=True),
        sa.Column("claims_enabled", sa.Boolean(), nullable=False),
        sa.Column("claims_type", sa.String(20), nullable=True),
        sa.Column("claims_cap", ExactDecimal(19, 4), nullable=True),
        sa.Column("profit_share_enabled", sa.Boolean(), nullable=False),
        sa.Column("profit_share_start", sa.Date(), nullable=True),
        sa.Column("created_at", UtcTimestamp(), nullable=False),
        sa.Column("created_by", sa.Unicode(256), nullable=False),
        sa.Column("updated_at", UtcTimestamp(), nullable=False),
        sa.Column("updated_by", sa.Unicode(256), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False, server_default="1"),
        sa.PrimaryKeyConstraint("contract_id", name=op.f("pk_contract_management")),
        sa.CheckConstraint(
            "claims_type IN ('per_claim', 'annual_calendar', 'annual_anniversary')",
            name=op.f("ck_contract_management_claims_type"),
        ),
        sa.CheckConstraint(
            "fee_type IN ('fixed', 'per_labor_hour', 'revenue_percentage')",
            name=op.f("ck_contract_management_fee_type"),
        ),
        sa.CheckConstraint(
            "insurance_type IN ('based_on_billable_accounts', 'fixed')",
            name=op.f("ck_contract_management_insurance_type"),
        ),
        sa.ForeignKeyConstraint(
            ["contract_id"], ["forecasting.contracts.contract_id"], name=op.f("fk_contract_management_contract_id")
        ),
        schema="forecasting",
    )
    op.create_table(
        "contract_non_gl_items",
        sa.Column("item_id", Identifier(), nullable=False),
        sa.Column("contract_id", Identifier(), nullable=False),
        sa.Column("title", sa.Unicode(200), nullable=False),
        sa.Column("type", sa.String(20), nullable=False),
        sa.Column("payroll_type", sa.String(10), nullable=True),
        sa.Column("value", ExactDecimal(19, 6), nullable=False),
        sa.Column("final_month", sa.String(7), nullable=True),
        sa.Column("created_at", UtcTimestamp(), nullable=False),
        sa.Column("created_by", sa.Unicode(256), nullable=False),
        sa.Column("updated_at", UtcTimestamp(), nullable=False),
        sa.Column("updated_by", sa.Unicode(256), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False, server_default="1"),
        sa.PrimaryKeyConstraint("item_id", name=op.f("pk_contract_non_gl_items")),
        sa.CheckConstraint(
            "final_month GLOB '[12][0-9][0-9][0-9]-[01][0-9]'", name=op.f("ck_contract_non_gl_items_final_month_form")
        ).ddl_if(dialect="sqlite"),
        sa.CheckConstraint(
            "final_month LIKE '[12][0-9][0-9][0-9]-[01][0-9]'", name=op.f("ck_contract_non_gl_items_final_month_form")
        ).ddl_if(dialect="mssql"),
        sa.CheckConstraint("payroll_type IN ('billable', 'total')", name=op.f("ck_contract_non_gl_items_payroll_type")),
        sa.CheckConstraint(
            "type IN ('fixed', 'payroll_percentage', 'revenue_percentage')", name=op.f("ck_contract_non_gl_items_type")
        ),
        sa.ForeignKeyConstraint(
            ["contract_id"], ["forecasting.contracts.contract_id"], name=op.f("fk_contract_non_gl_items_contract_id")
        ),
        schema="forecasting",
    )
    op.create_index("ix_contract_non_gl_items", "contract_non_gl_items", ["contract_id"], schema="forecasting")
    op.create_table(
        "contract_room_terms",
        sa.Column("contract_id", Identifier(), nullable=False),
        sa.Column("occupied_room_rate", ExactDecimal(19, 6), nullable=False),
        sa.Column("created_at", UtcTimestamp(), nullable=False),
        sa.Column("created_by", sa.Unicode(256), nullable=False),
        sa.Column("updated_at", UtcTimestamp(), nullable=False),
        sa.Column("updated_by", sa.Unicode(256), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False, server_default="1"),
        sa.PrimaryKeyConstraint("contract_id", name=op.f("pk_contract_room_terms")),
        sa.CheckConstraint("occupied_room_rate >= 0", name=op.f("ck_contract_room_terms_occupied_room_rate")),
        sa.ForeignKeyConstraint(
            ["contract_id"], ["forecasting.contracts.contract_id"], name=op.f("fk_contract_room_terms_contract_id")
        ),
        schema="forecasting",
    )
    op.create_table(
        "contract_shares",
        sa.Column("share_id", Identifier(), nullable=False),
        sa.Column("contract_id", Identifier(), nullable=False),
        sa.Column("kind", sa.String(15), nullable=False),
        sa.Column("accumulation", sa.String(20), nullable=False),
        sa.Column("created_at", UtcTimestamp(), nullable=False),
        sa.Column("created_by", sa.Unicode(256), nullable=False),
        sa.Column("updated_at", UtcTimestamp(), nullable=False),
        sa.Column("updated_by", sa.Unicode(256), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False, server_default="1"),
        sa.PrimaryKeyConstraint("share_id", name=op.f("pk_contract_shares")),
        sa.CheckConstraint(
            "accumulation IN ('monthly', 'annual_calendar', 'annual_anniversary')",
            name=op.f("ck_contract_shares_accumulation"),
        ),
        sa.CheckConstraint("kind IN ('revenue_share', 'profit_share')", name=op.f("ck_contract_shares_kind")),
        sa.ForeignKeyConstraint(
            ["contract_id"], ["forecasting.contracts.contract_id"], name=op.f("fk_contract_shares_contract_id")
        ),
        schema="forecasting",
    )
    op.create_index("ix_contract_shares", "contract_shares", ["contract_id"], schema="forecasting")
    op.create_table(
        "contract_types",
        sa.Column("contract_id", Identifier(), nullable=False),
        sa.Column("contract_type", sa.String(30), nullable=False),
        sa.PrimaryKeyConstraint("contract_id", "contract_type", name=op.f("pk_contract_types")),
        sa.CheckConstraint(
            "contract_type IN ('fixed_fee', 'per_occupied_room', 'per_labor_hour', 'revenue_share', 'billable_accounts', 'management_agreement', 'invoice_grouping', 'bell_service', 'mid_month_advance', 'deposited_revenue')",
            name=op.f("ck_contract_types_contract_type"),
        ),
        sa.ForeignKeyConstraint(
            ["contract_id"], ["forecasting.contracts.contract_id"], name=op.f("fk_contract_types_contract_id")
        ),
        schema="forecasting",
    )
    op.create_table(
        "contract_share_categories",
        sa.Column("share_id", Identifier(), nullable=False),
        sa.Column("category", sa.String(20), nullable=False),
        sa.PrimaryKeyConstraint("share_id", "category", name=op.f("pk_contract_share_categories")),
        sa.ForeignKeyConstraint(
            ["share_id"], ["forecasting.contract_shares.share_id"], name=op.f("fk_contract_share_categories_share_id")
        ),
        schema="forecasting",
    )
    op.create_table(
        "contract_share_tiers",
        sa.Column("share_id", Identifier(), nullable=False),
        sa.Column("tier_no", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("upper_limit", ExactDecimal(19, 4), nullable=False),
        sa.Column("share_percent", ExactDecimal(9, 6), nullable=False),
        sa.Column("effective_from", sa.Date(), nullable=True),
        sa.Column("effective_to", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("share_id", "tier_no", name=op.f("pk_contract_share_tiers")),
        sa.CheckConstraint(
            "share_percent BETWEEN 0 AND 100", name=op.f("ck_contract_share_tiers_share_percent_limits")
        ).ddl_if(dialect="mssql"),
        sa.CheckConstraint(
            "share_percent BETWEEN 0 AND 100000000", name=op.f("ck_contract_share_tiers_share_percent_limits")
        ).ddl_if(dialect="sqlite"),
        sa.CheckConstraint("upper_limit >= 0", name=op.f("ck_contract_share_tiers_upper_limit")),
        sa.ForeignKeyConstraint(
            ["share_id"], ["forecasting.contract_shares.share_id"], name=op.f("fk_contract_share_tiers_share_id")
        ),
        schema="forecasting",
    )


def downgrade() -> None:
    op.drop_table("contract_share_tiers", schema="forecasting")
    op.drop_table("contract_share_categories", schema="forecasting")
    op.drop_table("contract_types", schema="forecasting")
    op.drop_table("contract_shares", schema="forecasting")
    op.drop_table("contract_room_terms", schema="forecasting")
    op.drop_table("contract_non_gl_items", schema="forecasting")
    op.drop_table("contract_management", schema="forecasting")
    op.drop_table("contract_labor_jobs", schema="forecasting")
    op.drop_table("contract_fees", schema="forecasting")
    op.drop_table("contract_escalators", schema="forecasting")
    op.drop_table("contract_billable_terms", schema="forecasting")
    op.drop_table("contract_billable_accounts", schema="forecasting")
    op.drop_table("contract_additional_payroll", schema="forecasting")
    op.drop_table("contracts", schema="forecasting")
