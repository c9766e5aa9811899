"""Stored trend analysis.

Revision 0012, after 0011.
"""

import sqlalchemy as sa
from alembic import op

from shared_code.sql.types import ExactDecimal, UtcTimestamp, long_text

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.create_table(
        "trend_results",
        sa.Column("site_id", sa.String(20), nullable=False),
        sa.Column("timeframe", sa.String(10), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("metric", sa.String(40), nullable=False),
        sa.Column("series", long_text(), nullable=False),
        sa.Column("direction", sa.String(10), nullable=True),
        sa.Column("slope", ExactDecimal(19, 6), nullable=True),
        sa.Column("change_percent", ExactDecimal(19, 6), nullable=True),
        sa.Column("yoy_percent", ExactDecimal(19, 6), nullable=True),
        sa.Column("mape", ExactDecimal(19, 6), nullable=True),
        sa.Column("bias", ExactDecimal(19, 6), nullable=True),
        sa.Column("seasonal_factors", long_text(), nullable=True),
        sa.Column("gaps", long_text(), nullable=True),
        sa.Column("computed_at", UtcTimestamp(), nullable=False),
        sa.Column("is_stale", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("site_id", "timeframe", "as_of", "metric", name=op.f("pk_trend_results")),
        sa.CheckConstraint(
            "direction IN ('improving', 'stable', 'degrading')", name=op.f("ck_trend_results_direction")
        ),
        *_json_checks("series"),
        *_json_checks("seasonal_factors"),
        *_json_checks("gaps"),
        schema="forecasting",
    )
    op.create_index(
        "ix_trend_stale",
        "trend_results",
        ["site_id", "as_of"],
        schema="forecasting",
        sqlite_where=sa.text("is_stale = 1"),
        mssql_where=sa.text("is_stale = 1"),
    )


def downgrade() -> None:
    op.drop_table("trend_results", schema="forecasting")


def _json_checks(column: str) -> list[sa.CheckConstraint]:
    name = op.f(f"ck_trend_results_{column}_json")
    return [
        sa.CheckConstraint(f"ISJSON([{column}]) = 1", name=name).ddl_if(dialect="mssql"),
        sa.CheckConstraint(f"{column} IS NULL OR json_valid({column})", name=name).ddl_if(dialect="sqlite"),
    ]
