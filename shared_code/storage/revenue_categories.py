"""The categories of revenue: reference data.

Source: Data model, "Organisation, access, accounts".
"""

from dataclasses import dataclass

from sqlalchemy import Connection, select

from shared_code.storage.tables.revenue_categories import revenue_categories as table


@dataclass(frozen=True, slots=True)
class RevenueCategory:
    """A category of vehicles, a component of a contract or an item of other revenue, with its accounts.

    `vehicle_account` holds the count, of rooms too; `is_editable` says that a forecast of it is entered.
    """

    category: str
    name: str
    category_group: str
    sign: str
    granularity: str
    revenue_account: str | None
    vehicle_account: str | None
    is_editable: bool
    description: str | None


def all_categories(connection: Connection) -> list[RevenueCategory]:
    """Every category, in the order in which they are shown."""
    columns = [table.c[name] for name in RevenueCategory.__slots__]
    rows = connection.execute(select(*columns).order_by(table.c.sort_no, table.c.category))
    return [RevenueCategory(*row) for row in rows]
