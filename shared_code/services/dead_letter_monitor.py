"""What is done about dead letters without anybody asking: counted for the alerts, and kept before a broker forgets.

Source: Operations, "Retries and dead letters", "Schedules" and "Monitoring and alerts".
"""

import logging
from datetime import timedelta
from typing import Final

from shared_code.services.alerting.evaluate import evaluate_alerts
from shared_code.services.dead_letters import move_old
from shared_code.services.held_lease import held
from shared_code.services.runtime import Runtime

LEASE: Final = "job:dead_letter_monitor"

LIMIT: Final = timedelta(minutes=2)
"""How long one run may go on to the next letters; the next run takes up what is left."""

BROKER_AGE: Final = timedelta(days=14)
"""Older dead letters of a broker are moved to the poison messages, which are kept for 90 days."""

_log = logging.getLogger(__name__)


def monitor_dead_letters(runtime: Runtime) -> None:
    """Move old dead letters and bring the alerts up to date; nothing while another process does so.

    Alerts are looked after however the rest ends: they are to tell of it.
    """
    with held(runtime.database, LEASE, runtime.settings.lease_ttl_s) as lease:
        if lease is None:
            return
        began_at = runtime.clock.now()

        def may_go_on() -> bool:
            lease.renew_when_due()
            return runtime.clock.now() - began_at < LIMIT

        try:
            moved = move_old(runtime, began_at - BROKER_AGE, may_go_on)
            if moved:
                _log.info(
                    "%s dead letters older than %s days were moved to the poison messages", moved, BROKER_AGE.days
                )
        finally:
            evaluate_alerts(runtime)
