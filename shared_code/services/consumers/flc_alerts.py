"""The FLC of a site and month is far from its budget: an alert.

Source: Operations, "Monitoring and alerts".
"""

from shared_code.messaging.contracts import PLViewRefreshed
from shared_code.services.consumers.delivery import Delivery
from shared_code.services.consumers.known_site import scope_of
from shared_code.services.runtime import Runtime
from shared_code.storage import alerts

RULE = "flc_variance"


def raise_flc_alert(app: Runtime, delivery: Delivery[PLViewRefreshed]) -> None:
    """Raise the alert of the site and month; it stays until a later refresh finds the FLC near its budget.

    Raises `PoisonError` (`UNKNOWN_SITE`) for a site that there is not.
    """
    body, now = delivery.body, app.clock.now()
    details = {"period": body.period, "flc": str(body.flc), "variance": str(body.variance)}
    with app.database.writing() as connection:
        scope_of(connection, body.site_id)
        alerts.enter(connection, RULE, f"{body.site_id} {body.period}", holds=True, details=details, now=now)
        delivery.record(connection, now)
