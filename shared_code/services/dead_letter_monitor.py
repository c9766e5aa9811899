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
LEASE_TTL_S: Final = 120

BROKER_AGE: Final = timedelta(days=14)
"""Older dead letters of a broker are moved to the poison messages, which are kept for 90 days."""

_log = logging.getLogger(__name__)


def monitor_dead_letters(runtime: Runtime) -> None:
    """Move old dead letters and bring the alerts up to date; nothing while another process does so.

    Alerts are looked after however the rest ends: they are to tell of it.
    """
    with held(runtime.database, LEASE, LEASE_TTL_S) as lease:
        if lease is None:
            return
        try:
            moved = move_old(runtime, runtime.clock.now() - BROKER_AGE)
            if moved:
                _log.info(
                    "%s dead letters older than %s days were moved to the poison messages", moved, BROKER_AGE.days
                )
        finally:
            evaluate_alerts(runtime)
