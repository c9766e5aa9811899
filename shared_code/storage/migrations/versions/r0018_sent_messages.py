"""An index for messages by the time they were sent: for their age, their deletion, and sending them again.

Revision 0018, after 0017.
"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    op.create_index(
        "ix_outbox_sent",
        "outbox_messages",
        ["sent_at", "destination"],
        schema="forecasting",
        sqlite_where=sa.text("sent_at IS NOT NULL"),
        mssql_where=sa.text("sent_at IS NOT NULL"),
        mssql_include=["dedup_id"],
    )


def downgrade() -> None:
    op.drop_index("ix_outbox_sent", table_name="outbox_messages", schema="forecasting")
