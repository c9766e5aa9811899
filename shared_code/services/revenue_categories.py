"""Which categories of revenue there are, and what holds for each.

Source: REST API, "Revenue" (GET /revenue/categories).
"""

from shared_code.services.runtime import Runtime
from shared_code.storage.revenue_categories import RevenueCategory, all_categories


def list_revenue_categories(runtime: Runtime) -> list[RevenueCategory]:
    """Every category, in the order in which they are shown."""
    with runtime.database.reading() as connection:
        return all_categories(connection)
