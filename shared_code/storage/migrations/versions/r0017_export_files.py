"""Files of exports.

Revision 0017, after 0016.
"""

import sqlalchemy as sa
from alembic import op

from shared_code.sql.types import Identifier, long_binary

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    op.create_table(
        "export_file_parts",
        sa.Column("job_id", Identifier(), nullable=False),
        sa.Column("part_no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("content", long_binary(), nullable=False),
        sa.PrimaryKeyConstraint("job_id", "part_no", name=op.f("pk_export_file_parts")),
        sa.ForeignKeyConstraint(
            ["job_id"], ["forecasting.background_jobs.job_id"], name=op.f("fk_export_file_parts_job_id")
        ),
        schema="forecasting",
    )


def downgrade() -> None:
    op.drop_table("export_file_parts", schema="forecasting")
