"""Regions, districts, sites, users with roles and scopes, accounts.

Revision 0001, after nothing.
"""

import sqlalchemy as sa
from alembic import op

from shared_code.sql.types import Identifier, UtcTimestamp, binary

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "accounts",
        sa.Column("main_account", sa.String(10), nullable=False),
        sa.Column("name", sa.Unicode(100), nullable=False),
        sa.Column("summary_category", sa.String(50), nullable=True),
        sa.Column("pnl_line", sa.String(20), nullable=False),
        sa.Column("is_forecastable", sa.Boolean(), nullable=False, server_default="0"),
        sa.Column("sync_run_id", Identifier(), nullable=False),
        sa.Column("loaded_at", UtcTimestamp(), nullable=False),
        sa.Column("created_at", UtcTimestamp(), nullable=False),
        sa.Column("created_by", sa.Unicode(256), nullable=False),
        sa.Column("updated_at", UtcTimestamp(), nullable=False),
        sa.Column("updated_by", sa.Unicode(256), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False, server_default="1"),
        sa.PrimaryKeyConstraint("main_account", name=op.f("pk_accounts")),
        sa.CheckConstraint(
            "pnl_line IN ('external_revenue', 'internal_revenue', 'payroll', 'claims', 'parking_rents', 'other_expense', 'pteb', 'insurance', 'occupied_rooms', 'statistic', 'unmapped')",
            name=op.f("ck_accounts_pnl_line"),
        ),
        schema="forecasting",
    )
    op.create_table(
        "app_users",
        sa.Column("user_id", Identifier(), nullable=False),
        sa.Column("principal_name", sa.Unicode(256), nullable=False),
        sa.Column("entra_object_id", Identifier(), nullable=True),
        sa.Column("employee_id", sa.String(50), nullable=True),
        sa.Column("is_active", sa.Boolean(), nullable=False, server_default="1"),
        sa.Column("created_at", UtcTimestamp(), nullable=False),
        sa.Column("created_by", sa.Unicode(256), nullable=False),
        sa.Column("updated_at", UtcTimestamp(), nullable=False),
        sa.Column("updated_by", sa.Unicode(256), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False, server_default="1"),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_app_users")),
        sa.UniqueConstraint("principal_name", name=op.f("uq_app_users_principal_name")),
        schema="forecasting",
    )
    op.create_index(
        "ux_app_users_entra_object_id",
        "app_users",
        ["entra_object_id"],
        unique=True,
        schema="forecasting",
        sqlite_where=sa.text("entra_object_id IS NOT NULL"),
        mssql_where=sa.text("entra_object_id IS NOT NULL"),
    )
    op.create_table(
        "regions",
        sa.Column("region_code", sa.String(50), nullable=False),
        sa.Column("name", sa.Unicode(200), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False, server_default="1"),
        sa.Column("created_at", UtcTimestamp(), nullable=False),
        sa.Column("created_by", sa.Unicode(256), nullable=False),
        sa.Column("updated_at", UtcTimestamp(), nullable=False),
        sa.Column("updated_by", sa.Unicode(256), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False, server_default="1"),
        sa.PrimaryKeyConstraint("region_code", name=op.f("pk_regions")),
        schema="forecasting",
    )
    op.create_table(
        "districts",
        sa.Column("district_code", sa.String(100), nullable=False),
        sa.Column("name", sa.Unicode(200), nullable=False),
        sa.Column("region_code", sa.String(50), nullable=True),
        sa.Column("is_active", sa.Boolean(), nullable=False, server_default="1"),
        sa.Column("created_at", UtcTimestamp(), nullable=False),
        sa.Column("created_by", sa.Unicode(256), nullable=False),
        sa.Column("updated_at", UtcTimestamp(), nullable=False),
        sa.Column("updated_by", sa.Unicode(256), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False, server_default="1"),
        sa.PrimaryKeyConstraint("district_code", name=op.f("pk_districts")),
        sa.ForeignKeyConstraint(
            ["region_code"], ["forecasting.regions.region_code"], name=op.f("fk_districts_region_code")
        ),
        schema="forecasting",
    )
    op.create_table(
        "user_roles",
        sa.Column("user_id", Identifier(), nullable=False),
        sa.Column("role_code", sa.String(30), nullable=False),
        sa.Column("source", sa.String(10), nullable=False),
        sa.Column("created_at", UtcTimestamp(), nullable=False),
        sa.Column("created_by", sa.Unicode(256), nullable=False),
        sa.Column("updated_at", UtcTimestamp(), nullable=False),
        sa.Column("updated_by", sa.Unicode(256), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False, server_default="1"),
        sa.PrimaryKeyConstraint("user_id", "role_code", "source", name=op.f("pk_user_roles")),
        sa.CheckConstraint(
            "role_code IN ('account_manager', 'district_manager', 'regional_vp', 'corporate_viewer', 'forecasting_admin', 'billing_admin', 'service')",
            name=op.f("ck_user_roles_role_code"),
        ),
        sa.CheckConstraint("source IN ('workday', 'manual')", name=op.f("ck_user_roles_source")),
        sa.ForeignKeyConstraint(["user_id"], ["forecasting.app_users.user_id"], name=op.f("fk_user_roles_user_id")),
        schema="forecasting",
    )
    op.create_table(
        "user_scopes",
        sa.Column("user_id", Identifier(), nullable=False),
        sa.Column("role_code", sa.String(30), nullable=False),
        sa.Column("scope_type", sa.String(10), nullable=False),
        sa.Column("scope_value", sa.String(100), nullable=False),
        sa.Column("source", sa.String(10), nullable=False),
        sa.Column("created_at", UtcTimestamp(), nullable=False),
        sa.Column("created_by", sa.Unicode(256), nullable=False),
        sa.Column("updated_at", UtcTimestamp(), nullable=False),
        sa.Column("updated_by", sa.Unicode(256), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False, server_default="1"),
        sa.PrimaryKeyConstraint(
            "user_id", "role_code", "scope_type", "scope_value", "source", name=op.f("pk_user_scopes")
        ),
        sa.CheckConstraint(
            "scope_type IN ('site', 'district', 'region', 'all')", name=op.f("ck_user_scopes_scope_type")
        ),
        sa.CheckConstraint("source IN ('workday', 'manual')", name=op.f("ck_user_scopes_source")),
        sa.ForeignKeyConstraint(["user_id"], ["forecasting.app_users.user_id"], name=op.f("fk_user_scopes_user_id")),
        schema="forecasting",
    )
    op.create_index("ix_user_scopes_value", "user_scopes", ["scope_type", "scope_value"], schema="forecasting")
    op.create_table(
        "sites",
        sa.Column("site_id", sa.String(20), nullable=False),
        sa.Column("name", sa.Unicode(200), nullable=False),
        sa.Column("district_code", sa.String(100), nullable=True),
        sa.Column("region_code", sa.String(50), nullable=True),
        sa.Column("legal_entity", sa.Unicode(100), nullable=True),
        sa.Column("pl_category", sa.Unicode(50), nullable=True),
        sa.Column("cog_segment", sa.Unicode(50), nullable=True),
        sa.Column("business_segment", sa.Unicode(50), nullable=True),
        sa.Column("contract_type_text", sa.Unicode(200), nullable=True),
        sa.Column("gl_string", sa.String(50), nullable=True),
        sa.Column("manager_employee_id", sa.String(50), nullable=True),
        sa.Column("time_zone", sa.String(50), nullable=True),
        sa.Column("total_rooms", sa.Integer(), nullable=True),
        sa.Column("total_parking_spaces", sa.Integer(), nullable=True),
        sa.Column("start_date", sa.Date(), nullable=True),
        sa.Column("close_date", sa.Date(), nullable=True),
        sa.Column("is_active", sa.Boolean(), nullable=False, server_default="1"),
        sa.Column("row_hash", binary(32), nullable=True),
        sa.Column("sync_run_id", Identifier(), nullable=False),
        sa.Column("loaded_at", UtcTimestamp(), nullable=False),
        sa.Column("created_at", UtcTimestamp(), nullable=False),
        sa.Column("created_by", sa.Unicode(256), nullable=False),
        sa.Column("updated_at", UtcTimestamp(), nullable=False),
        sa.Column("updated_by", sa.Unicode(256), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False, server_default="1"),
        sa.PrimaryKeyConstraint("site_id", name=op.f("pk_sites")),
        sa.CheckConstraint("site_id NOT GLOB '*[^0-9A-Z]*' AND site_id <> ''", name=op.f("ck_sites_site_id")).ddl_if(
            dialect="sqlite"
        ),
        sa.CheckConstraint("site_id NOT LIKE '%[^0-9A-Z]%' AND site_id <> ''", name=op.f("ck_sites_site_id")).ddl_if(
            dialect="mssql"
        ),
        sa.CheckConstraint("total_parking_spaces >= 0", name=op.f("ck_sites_total_parking_spaces")),
        sa.CheckConstraint("total_rooms >= 0", name=op.f("ck_sites_total_rooms")),
        sa.ForeignKeyConstraint(
            ["district_code"], ["forecasting.districts.district_code"], name=op.f("fk_sites_district_code")
        ),
        sa.ForeignKeyConstraint(
            ["region_code"], ["forecasting.regions.region_code"], name=op.f("fk_sites_region_code")
        ),
        schema="forecasting",
    )
    op.create_index(
        "ix_sites_district",
        "sites",
        ["district_code"],
        schema="forecasting",
        mssql_include=["region_code", "is_active"],
    )
    op.create_table(
        "site_organizations",
        sa.Column("site_id", sa.String(20), nullable=False),
        sa.Column("effective_from", sa.String(7), nullable=False),
        sa.Column("effective_to", sa.String(7), nullable=True),
        sa.Column("district_code", sa.String(100), nullable=True),
        sa.Column("region_code", sa.String(50), nullable=True),
        sa.Column("legal_entity", sa.Unicode(100), nullable=True),
        sa.Column("sync_run_id", Identifier(), nullable=False),
        sa.Column("loaded_at", UtcTimestamp(), nullable=False),
        sa.PrimaryKeyConstraint("site_id", "effective_from", name=op.f("pk_site_organizations")),
        sa.CheckConstraint(
            "effective_from GLOB '[12][0-9][0-9][0-9]-[01][0-9]'",
            name=op.f("ck_site_organizations_effective_from_form"),
        ).ddl_if(dialect="sqlite"),
        sa.CheckConstraint(
            "effective_from LIKE '[12][0-9][0-9][0-9]-[01][0-9]'",
            name=op.f("ck_site_organizations_effective_from_form"),
        ).ddl_if(dialect="mssql"),
        sa.CheckConstraint(
            "effective_to GLOB '[12][0-9][0-9][0-9]-[01][0-9]'", name=op.f("ck_site_organizations_effective_to_form")
        ).ddl_if(dialect="sqlite"),
        sa.CheckConstraint(
            "effective_to LIKE '[12][0-9][0-9][0-9]-[01][0-9]'", name=op.f("ck_site_organizations_effective_to_form")
        ).ddl_if(dialect="mssql"),
        sa.ForeignKeyConstraint(["site_id"], ["forecasting.sites.site_id"], name=op.f("fk_site_organizations_site_id")),
        schema="forecasting",
    )
    op.create_index("ix_site_org", "site_organizations", ["district_code", "effective_from"], schema="forecasting")


def downgrade() -> None:
    op.drop_table("site_organizations", schema="forecasting")
    op.drop_table("sites", schema="forecasting")
    op.drop_table("user_scopes", schema="forecasting")
    op.drop_table("user_roles", schema="forecasting")
    op.drop_table("districts", schema="forecasting")
    op.drop_table("regions", schema="forecasting")
    op.drop_table("app_users", schema="forecasting")
    op.drop_table("accounts", schema="forecasting")
