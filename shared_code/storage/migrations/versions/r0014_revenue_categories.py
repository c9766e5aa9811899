"""The categories of revenue, as they are delivered.

Revision 0014, after 0013.
"""

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from alembic import op

from shared_code.sql.types import UtcTimestamp

revision = "0014"
down_revision = "0013"

DELIVERED_AT = datetime(2025, 1, 1, tzinfo=UTC)

VEHICLES = (
    ("valet_daily", "Valet daily", "9411", "9510", "Cars that valets park for a day"),
    ("valet_overnight", "Valet overnight", "9412", "9520", "Cars of hotel guests that valets park for the night"),
    ("valet_monthly", "Valet monthly", "9413", "9530", "Cars that valets park by monthly agreement"),
    ("valet_aggregator", "Valet aggregator", None, None, "Cars for valets by marketplaces; there is no budget of them"),
    ("self_daily", "Self daily", "9414", "9550", "Cars that park themselves for a day"),
    ("self_overnight", "Self overnight", "9415", "9560", "Cars of hotel guests that park themselves for the night"),
    ("self_monthly", "Self monthly", "9416", "9570", "Cars that park themselves by monthly agreement"),
    ("self_aggregator", "Self aggregator", None, None, "Cars by marketplaces that park themselves; without a budget"),
    ("valet_comps", "Valet comps", None, "9540", "Cars that valets park for free: counted, never priced"),
    ("self_comps", "Self comps", None, "9580", "Cars that park themselves for free: counted, never priced"),
    ("occupied_rooms", "Occupied rooms", None, "9440", "Rooms of the hotel that are occupied, from which cars follow"),
)
"""Category, name, account of the revenue, account of the count, description."""

COMPONENTS = (
    ("fixed_fee", "Fixed fee", "positive", "Fees as agreed, with yearly increments"),
    ("per_occupied_room", "Per occupied room", "positive", "A fee for each occupied room"),
    ("per_labor_hour", "Per labor hour", "positive", "A fee for each hour of a job, with yearly increments"),
    ("revenue_share", "Revenue share", "positive", "A share of external revenue, in tiers"),
    ("billable_accounts", "Billable accounts", "either", "Payroll, PTEB, support and expenses billed to the client"),
    ("management_agreement", "Management agreement", "either", "Fee, pass-through, insurance, claims and profit share"),
    ("other_revenue", "Other revenue", "either", "The sum of the items that managers enter"),
)
"""Component of a contract, name, sign, description."""

ITEMS = (
    ("billable_expense", "Billable expense", "positive", "Expenses billed to the client"),
    ("revenue_validation", "Revenue validation", "positive", "Validated parking that the client pays for"),
    ("miscellaneous", "Miscellaneous", "either", "Other items and credits"),
    ("gpo_fees", "GPO fees", "negative", "Fees of group purchasing, which reduce revenue"),
    ("signing_bonus", "Signing bonus", "negative", "Bonus paid to the client, spread over the contract"),
    ("client_paid_expense", "Client-paid expense", "negative", "Expenses that the client has paid"),
)
"""Item of other revenue, name, sign, description."""


def upgrade() -> None:
    table = op.create_table(
        "revenue_categories",
        sa.Column("category", sa.String(25), nullable=False),
        sa.Column("name", sa.Unicode(100), nullable=False),
        sa.Column("category_group", sa.String(10), nullable=False),
        sa.Column("sign", sa.String(10), nullable=False),
        sa.Column("granularity", sa.String(5), nullable=False),
        sa.Column("revenue_account", sa.String(10), nullable=True),
        sa.Column("vehicle_account", sa.String(10), nullable=True),
        sa.Column("is_editable", sa.Boolean(), nullable=False),
        sa.Column("description", sa.Unicode(500), nullable=True),
        sa.Column("sort_no", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcTimestamp(), nullable=False),
        sa.Column("created_by", sa.Unicode(256), nullable=False),
        sa.Column("updated_at", UtcTimestamp(), nullable=False),
        sa.Column("updated_by", sa.Unicode(256), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.PrimaryKeyConstraint("category", name=op.f("pk_revenue_categories")),
        sa.CheckConstraint(
            "category_group IN ('external', 'internal', 'other')", name=op.f("ck_revenue_categories_category_group")
        ),
        sa.CheckConstraint("sign IN ('positive', 'negative', 'either')", name=op.f("ck_revenue_categories_sign")),
        sa.CheckConstraint("granularity IN ('day', 'month')", name=op.f("ck_revenue_categories_granularity")),
        schema="forecasting",
    )
    _deliver(table)


def downgrade() -> None:
    op.drop_table("revenue_categories", schema="forecasting")


def _deliver(table: sa.Table) -> None:
    """One plain statement; Alembic's bulk insert switches an identity on that the table does not have."""
    rows = [
        {**row, "sort_no": number, "created_at": DELIVERED_AT, "updated_at": DELIVERED_AT}
        for number, row in enumerate(_rows(), 1)
    ]
    delivered = sa.union_all(
        *[
            sa.select(*[sa.literal(value, table.c[name].type).label(name) for name, value in row.items()])
            for row in rows
        ]
    )
    op.execute(table.insert().from_select([*rows[0]], delivered))


def _rows() -> list[dict[str, Any]]:
    net = (
        "external_revenue",
        "External revenue",
        "9410",
        None,
        "What parkers and guests pay; it follows from the rest",
    )
    day = {"category_group": "external", "sign": "positive", "granularity": "day"}
    month = {"granularity": "month", "revenue_account": None, "vehicle_account": None}
    return [
        *[
            _row(code, name, text, revenue_account=revenue, vehicle_account=count, is_editable=code != net[0], **day)
            for code, name, revenue, count, text in (*VEHICLES, net)
        ],
        *[
            _row(code, name, text, category_group="internal", sign=sign, is_editable=False, **month)
            for code, name, sign, text in COMPONENTS
        ],
        *[
            _row(code, name, text, category_group="other", sign=sign, is_editable=True, **month)
            for code, name, sign, text in ITEMS
        ],
    ]


def _row(code: str, name: str, description: str, **values: Any) -> dict[str, Any]:
    columns = ("category_group", "sign", "granularity", "revenue_account", "vehicle_account", "is_editable")
    return {
        "category": code,
        "name": name,
        **{column: values[column] for column in columns},
        "description": description,
        "created_by": "delivered",
        "updated_by": "delivered",
    }
