"""What was recorded of parking, category by category, on a stretch of days.

Source: Data model, "Published source facts".
"""

from datetime import date

from sqlalchemy import Connection, func, select

from shared_code.domain.category_revenue import Parked
from shared_code.domain.rounding import ZERO
from shared_code.domain.site_scope import SiteScope
from shared_code.domain.statistics import Category
from shared_code.storage.database import within
from shared_code.storage.tables.facts import actual_statistic_days


def parked_from_to(
    connection: Connection, scope: SiteScope, site_id: str, first: date, last: date
) -> dict[Category, Parked]:
    """Vehicles and net revenue of every category from `first` to `last`; nothing when no category was recorded."""
    table = actual_statistic_days
    names = [name for category in Category for name in (category.value, f"{category.value}_revenue")]
    sums = [func.sum(table.c[name], type_=table.c[name].type) for name in names]
    row = connection.execute(
        select(*sums).where(
            within(scope.narrowed_to([site_id]), table.c.site_id), table.c.stat_date.between(first, last)
        )
    ).one()
    if not any(value is not None for value in row):
        return {}
    pairs = zip(row[::2], row[1::2], strict=True)
    return {
        category: Parked(vehicles or ZERO, revenue or ZERO)
        for category, (vehicles, revenue) in zip(Category, pairs, strict=True)
    }
