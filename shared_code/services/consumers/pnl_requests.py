"""Statistics, payroll or rates of a site changed: its P&L is asked for, and nothing stored is recomputed here.

Source: Operations, "Entities" and "Flow".
"""

from shared_code.messaging.contracts import SiteYearBody
from shared_code.messaging.events import refresh_message
from shared_code.services.consumers.delivery import Delivery
from shared_code.services.consumers.known_site import scope_of
from shared_code.services.runtime import Runtime
from shared_code.storage import calculation_requests, outbox, pnl_results, versions
from shared_code.storage.calculation_requests import Wish


def request_refresh(app: Runtime, delivery: Delivery[SiteYearBody]) -> None:
    """Ask for the P&L of the year, and of the next where something accumulates by anniversary, as they stand now.

    A site-year whose stored P&L is behind gets an open request; one that has such a request gets the newer version.
    """
    body = delivery.body
    with app.database.writing() as connection:
        scope = scope_of(connection, body.site_id)
        now = app.clock.now()
        wanted = versions.years_concerned(connection, [(body.site_id, body.year)])
        current = versions.inputs_versions(connection, scope, wanted)
        stored = pnl_results.stamps(connection, scope, {year for _, year in wanted})
        behind = [key for key in sorted(wanted) if key not in stored or stored[key].inputs_version < current[key]]
        wishes = [
            Wish(site_id, year, max(body.from_period, f"{year}-01"), body.event_type, current[site_id, year])
            for site_id, year in behind
        ]
        calculation_requests.enter(connection, wishes, now)
        messages = [
            refresh_message("RefreshRequested", site_id, year, current[site_id, year], now, body.request_id)
            for site_id, year in sorted(wanted)
        ]
        outbox.append(connection, messages, now)
        delivery.record(connection, now)
