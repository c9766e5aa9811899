"""States of alerts, and requests for the P&L of a site-year.

Revision 0015, after 0014.
"""

import sqlalchemy as sa
from alembic import op

from shared_code.sql.types import Identifier, UtcTimestamp, long_text

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.create_table(
        "alert_states",
        sa.Column("rule", sa.String(40), nullable=False),
        sa.Column("subject", sa.String(200), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("since", UtcTimestamp(), nullable=False),
        sa.Column("last_notified_at", UtcTimestamp(), nullable=True),
        sa.Column("details", long_text(), nullable=False),
        sa.PrimaryKeyConstraint("rule", "subject", name=op.f("pk_alert_states")),
        sa.CheckConstraint("ISJSON([details]) = 1", name=op.f("ck_alert_states_details_json")).ddl_if(dialect="mssql"),
        sa.CheckConstraint("details IS NULL OR json_valid(details)", name=op.f("ck_alert_states_details_json")).ddl_if(
            dialect="sqlite"
        ),
        sa.CheckConstraint("state IN ('raised', 'cleared')", name=op.f("ck_alert_states_state")),
        schema="forecasting",
    )
    op.create_table(
        "calculation_requests",
        sa.Column("request_id", Identifier(), nullable=False),
        sa.Column("site_id", sa.String(20), nullable=False),
        sa.Column("year", sa.SmallInteger(), nullable=False),
        sa.Column("from_period", sa.String(7), nullable=False),
        sa.Column("reason", sa.String(40), nullable=False),
        sa.Column("requested_version", sa.BigInteger(), nullable=False),
        sa.Column("computed_version", sa.BigInteger(), nullable=True),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("requested_at", UtcTimestamp(), nullable=False),
        sa.Column("started_at", UtcTimestamp(), nullable=True),
        sa.Column("finished_at", UtcTimestamp(), nullable=True),
        sa.Column("error_code", sa.String(50), nullable=True),
        sa.Column("error_text", sa.Unicode(1000), nullable=True),
        sa.PrimaryKeyConstraint("request_id", name=op.f("pk_calculation_requests")),
        sa.CheckConstraint(
            "from_period GLOB '[12][0-9][0-9][0-9]-[01][0-9]'", name=op.f("ck_calculation_requests_from_period_form")
        ).ddl_if(dialect="sqlite"),
        sa.CheckConstraint(
            "from_period LIKE '[12][0-9][0-9][0-9]-[01][0-9]'", name=op.f("ck_calculation_requests_from_period_form")
        ).ddl_if(dialect="mssql"),
        sa.CheckConstraint(
            "state IN ('queued', 'running', 'done', 'failed')", name=op.f("ck_calculation_requests_state")
        ),
        schema="forecasting",
    )
    op.create_index(
        "ux_calculation_requests_open",
        "calculation_requests",
        ["site_id", "year"],
        unique=True,
        schema="forecasting",
        sqlite_where=sa.text("state IN ('queued', 'running')"),
        mssql_where=sa.text("state IN ('queued', 'running')"),
    )


def downgrade() -> None:
    op.drop_table("calculation_requests", schema="forecasting")
    op.drop_table("alert_states", schema="forecasting")
