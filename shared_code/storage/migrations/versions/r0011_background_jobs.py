"""Work that takes longer than a request.

Revision 0011, after 0010.
"""

import sqlalchemy as sa
from alembic import op

from shared_code.sql.types import Identifier, UtcTimestamp, long_text

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.create_table(
        "background_jobs",
        sa.Column("job_id", Identifier(), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("requested_by", sa.Unicode(256), nullable=False),
        sa.Column("parameters", long_text(), nullable=False),
        sa.Column("status", sa.String(10), nullable=False),
        sa.Column("counts", long_text(), nullable=True),
        sa.Column("result_location", sa.String(400), nullable=True),
        sa.Column("created_at", UtcTimestamp(), nullable=False),
        sa.Column("started_at", UtcTimestamp(), nullable=True),
        sa.Column("finished_at", UtcTimestamp(), nullable=True),
        sa.Column("error_code", sa.String(50), nullable=True),
        sa.PrimaryKeyConstraint("job_id", name=op.f("pk_background_jobs")),
        sa.CheckConstraint("kind IN ('rate_calculation', 'export')", name=op.f("ck_background_jobs_kind")),
        sa.CheckConstraint(
            "status IN ('queued', 'running', 'completed', 'failed')", name=op.f("ck_background_jobs_status")
        ),
        *_json_checks("parameters"),
        *_json_checks("counts"),
        schema="forecasting",
    )


def downgrade() -> None:
    op.drop_table("background_jobs", schema="forecasting")


def _json_checks(column: str) -> list[sa.CheckConstraint]:
    name = op.f(f"ck_background_jobs_{column}_json")
    return [
        sa.CheckConstraint(f"ISJSON([{column}]) = 1", name=name).ddl_if(dialect="mssql"),
        sa.CheckConstraint(f"{column} IS NULL OR json_valid({column})", name=name).ddl_if(dialect="sqlite"),
    ]
