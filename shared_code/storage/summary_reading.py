"""Which parts of a month have been saved.

Source: Data model, "Forecast input".
"""

from sqlalchemy import Connection, select

from shared_code.domain.site_scope import SiteScope
from shared_code.storage.database import within
from shared_code.storage.tables.forecasts import forecast_versions


def saved_modules(connection: Connection, scope: SiteScope, site_id: str, month: str) -> frozenset[str]:
    """The modules, under their names in the database, of which the month (`YYYY-MM`) was saved at least once."""
    table = forecast_versions
    return frozenset(
        connection.scalars(
            select(table.c.module).where(
                within(scope.narrowed_to([site_id]), table.c.site_id), table.c.period == month, table.c.version > 0
            )
        )
    )
