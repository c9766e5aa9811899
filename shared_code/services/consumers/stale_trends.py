"""Statistics of a site changed: its trend analyses that the month reaches into are stale.

Source: Operations, "Entities"; Data model, "Results and snapshots".
"""

from shared_code.messaging.contracts import StatisticsUpdated
from shared_code.services.consumers.delivery import Delivery
from shared_code.services.consumers.known_site import scope_of
from shared_code.services.runtime import Runtime
from shared_code.storage import trend_results, versions


def overtake_trends(app: Runtime, delivery: Delivery[StatisticsUpdated]) -> None:
    """Mark the analyses; the next run of the job computes them anew.

    Raises `PoisonError` (`UNKNOWN_SITE`) for a site that there is not.
    """
    site_id, now = delivery.body.site_id, app.clock.now()
    with app.database.writing() as connection:
        scope_of(connection, site_id)
        trend_results.mark_stale(connection, [site_id], delivery.body.period)
        versions.raise_versions(connection, [versions.site_tag(site_id)], now)
        delivery.record(connection, now)
