"""Stored P&L with the version of its inputs.

Revision 0004, after 0003.
"""

import sqlalchemy as sa
from alembic import op

from shared_code.sql.types import ExactDecimal, UtcTimestamp, binary, long_text

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "pnl_results",
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
        sa.Column("internal_source", sa.String(10), nullable=True),
        sa.Column("actual_through", sa.Date(), nullable=True),
        sa.Column("data_status", sa.String(12), nullable=False),
        sa.Column("inputs_hash", binary(32), nullable=False),
        sa.Column("calculated_at", UtcTimestamp(), nullable=False),
        sa.PrimaryKeyConstraint("site_id", "period", "scenario", name=op.f("pk_pnl_results")),
        sa.CheckConstraint(
            "data_status IN ('ok', 'stale', 'partial', 'unavailable')", name=op.f("ck_pnl_results_data_status")
        ),
        sa.CheckConstraint("internal_source IN ('contract', 'budget')", name=op.f("ck_pnl_results_internal_source")),
        sa.CheckConstraint(
            "period GLOB '[12][0-9][0-9][0-9]-[01][0-9]'", name=op.f("ck_pnl_results_period_form")
        ).ddl_if(dialect="sqlite"),
        sa.CheckConstraint(
            "period LIKE '[12][0-9][0-9][0-9]-[01][0-9]'", name=op.f("ck_pnl_results_period_form")
        ).ddl_if(dialect="mssql"),
        sa.CheckConstraint(
            "scenario IN ('budget', 'actual', 'forecast', 'trend')", name=op.f("ck_pnl_results_scenario")
        ),
        schema="forecasting",
    )
    op.create_index(
        "ix_pnl_period",
        "pnl_results",
        ["period", "scenario"],
        schema="forecasting",
        mssql_include=["site_id", "internal_revenue", "flc"],
    )
    op.create_table(
        "pnl_site_years",
        sa.Column("site_id", sa.String(20), nullable=False),
        sa.Column("year", sa.SmallInteger(), nullable=False, autoincrement=False),
        sa.Column("inputs_version", sa.BigInteger(), nullable=False),
        sa.Column("business_month", sa.String(7), nullable=False),
        sa.Column("settings_hash", sa.String(64), nullable=False),
        sa.Column("calculated_at", UtcTimestamp(), nullable=False),
        sa.PrimaryKeyConstraint("site_id", "year", name=op.f("pk_pnl_site_years")),
        sa.CheckConstraint(
            "business_month GLOB '[12][0-9][0-9][0-9]-[01][0-9]'", name=op.f("ck_pnl_site_years_business_month_form")
        ).ddl_if(dialect="sqlite"),
        sa.CheckConstraint(
            "business_month LIKE '[12][0-9][0-9][0-9]-[01][0-9]'", name=op.f("ck_pnl_site_years_business_month_form")
        ).ddl_if(dialect="mssql"),
        schema="forecasting",
    )
    op.create_table(
        "pnl_components",
        sa.Column("site_id", sa.String(20), nullable=False),
        sa.Column("period", sa.String(7), nullable=False),
        sa.Column("scenario", sa.String(10), nullable=False),
        sa.Column("line", sa.String(20), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("component", sa.String(40), nullable=False),
        sa.Column("label", sa.Unicode(200), nullable=False),
        sa.Column("amount", ExactDecimal(19, 6), nullable=False),
        sa.Column("rate_source", sa.String(10), nullable=True),
        sa.Column("detail", long_text(), nullable=True),
        sa.PrimaryKeyConstraint("site_id", "period", "scenario", "line", "seq", name=op.f("pk_pnl_components")),
        sa.CheckConstraint("ISJSON([detail]) = 1", name=op.f("ck_pnl_components_detail_json")).ddl_if(dialect="mssql"),
        sa.CheckConstraint("detail IS NULL OR json_valid(detail)", name=op.f("ck_pnl_components_detail_json")).ddl_if(
            dialect="sqlite"
        ),
        sa.ForeignKeyConstraint(
            ["site_id", "period", "scenario"],
            ["forecasting.pnl_results.site_id", "forecasting.pnl_results.period", "forecasting.pnl_results.scenario"],
            name=op.f("fk_pnl_components_site_id_period_scenario"),
            ondelete="CASCADE",
        ),
        schema="forecasting",
    )


def downgrade() -> None:
    op.drop_table("pnl_components", schema="forecasting")
    op.drop_table("pnl_site_years", schema="forecasting")
    op.drop_table("pnl_results", schema="forecasting")
