"""Mappings that the product is delivered with: job families, revenue codes and texts, shift differentials.

Revision 0008, after 0007.
"""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

from shared_code.sql.types import UtcTimestamp

revision = "0008"
down_revision = "0007"

STANDARD: dict[str, datetime | str] = {
    "created_at": datetime(2025, 1, 1, tzinfo=UTC),
    "created_by": "delivered",
    "updated_at": datetime(2025, 1, 1, tzinfo=UTC),
    "updated_by": "delivered",
}
SIDES = {"V": "valet", "S": "self"}
STAYS = {"D": "daily", "O": "overnight", "M": "monthly", "A": "aggregator"}


def _table(name: str, schema: str, *columns: sa.Column[str]) -> sa.Table:
    return sa.Table(
        name,
        sa.MetaData(),
        *columns,
        sa.Column("created_at", UtcTimestamp()),
        sa.Column("created_by", sa.Unicode(256)),
        sa.Column("updated_at", UtcTimestamp()),
        sa.Column("updated_by", sa.Unicode(256)),
        schema=schema,
    )


job_families = _table(
    "job_families",
    "forecasting",
    sa.Column("job_family_id", sa.String(50)),
    sa.Column("title", sa.Unicode(255)),
    sa.Column("vehicle_scope", sa.String(10)),
    sa.Column("source", sa.String(10)),
)
job_codes = sa.Table("job_codes", sa.MetaData(), sa.Column("job_family_id", sa.String(50)), schema="forecasting")
job_family_mappings = _table(
    "job_family_mappings",
    "integration",
    sa.Column("source_code", sa.String(50)),
    sa.Column("job_family_id", sa.String(50)),
)
revenue_code_mappings = _table(
    "revenue_code_mappings",
    "integration",
    sa.Column("code_or_text", sa.String(100)),
    sa.Column("category", sa.String(20)),
)
excluded_job_profiles = _table(
    "excluded_job_profiles",
    "integration",
    sa.Column("job_profile", sa.String(100)),
    sa.Column("reason", sa.String(40)),
)


def _deliver(table: sa.Table, key: str, rows: list[dict[str, str]]) -> None:
    """Insert the rows whose key is not there: a downgrade leaves what its users have made their own.

    One plain statement; Alembic's bulk insert switches an identity on that these tables do not have.
    """
    columns = [*rows[0], *STANDARD]
    delivered = sa.union_all(
        *[
            sa.select(
                *[sa.literal(value, table.c[name].type).label(name) for name, value in {**row, **STANDARD}.items()]
            )
            for row in rows
        ]
    ).subquery("delivered")
    missing = ~sa.exists().where(table.c[key] == delivered.c[key])
    op.execute(table.insert().from_select(columns, sa.select(delivered).where(missing)))


def upgrade() -> None:
    _deliver(
        job_families,
        "job_family_id",
        [
            {"job_family_id": family, "title": title, "vehicle_scope": scope, "source": "delivered"}
            for family, title, scope in (
                ("ground_support_agent", "Ground Support Agent", "all"),
                ("ground_support_coordinator", "Ground Support Coordinator", "all"),
                ("valet", "Valet", "valet"),
            )
        ],
    )
    _deliver(
        job_family_mappings,
        "source_code",
        [
            {"source_code": code, "job_family_id": family}
            for code, family in (
                ("GSA1", "ground_support_agent"),
                ("GSA2", "ground_support_agent"),
                ("GSC1", "ground_support_coordinator"),
                ("VLT1", "valet"),
                ("VLT2", "valet"),
            )
        ],
    )
    categories = {f"{side}{stay}": f"{SIDES[side]}_{STAYS[stay]}" for side in SIDES for stay in STAYS}
    codes = {f"{stem}{kind}": category for stem, category in categories.items() for kind in "123"}
    texts = {category.replace("_", " ").upper(): category for category in categories.values()}
    _deliver(
        revenue_code_mappings,
        "code_or_text",
        [
            {"code_or_text": key, "category": category}
            for key, category in {**codes, **texts, "OR1": "other_revenue", "OR2": "other_revenue"}.items()
        ],
    )
    _deliver(
        excluded_job_profiles,
        "job_profile",
        [{"job_profile": "SHIFT DIFFERENTIAL", "reason": "shift_differential"}],
    )


def downgrade() -> None:
    for table in (excluded_job_profiles, revenue_code_mappings, job_family_mappings):
        op.execute(table.delete().where(table.c.created_by == "delivered"))
    # A family that codes have been assigned to stays: it belongs to its users now.
    op.execute(
        job_families.delete()
        .where(job_families.c.created_by == "delivered")
        .where(~sa.exists().where(job_codes.c.job_family_id == job_families.c.job_family_id))
    )
