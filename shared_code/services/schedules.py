"""What the timers ask for.

Source: Operations, "Schedules".
"""

from datetime import datetime

from shared_code.services import reap as reaping
from shared_code.services import scheduled_jobs
from shared_code.services.alerting.evaluate import evaluate_alerts
from shared_code.services.dead_letter_monitor import monitor_dead_letters as monitor
from shared_code.services.observed import observed_timer
from shared_code.services.outbox_relay import relay_outbox as relay
from shared_code.services.runtime import serving_runtime


def propose(job: str, slot: datetime) -> None:
    """Propose a slot of a job; a slot that is there already stays as it is."""
    app = serving_runtime()
    with observed_timer(job):
        scheduled_jobs.propose(app, job, slot)


def relay_outbox() -> None:
    """Send the messages that are due."""
    app = serving_runtime()
    with observed_timer("outbox_relay", often=True):
        relay(app)


def reap() -> None:
    """Close what a process left open when it died, propose the slots that were missed, and look after the alerts.

    Alerts are looked after however the rest ends: they are to tell of it.
    """
    app = serving_runtime()
    with observed_timer("reaper"):
        try:
            reaping.reap(app)
        finally:
            evaluate_alerts(app)


def monitor_dead_letters() -> None:
    """Count dead letters, and keep those that a broker has had for long."""
    app = serving_runtime()
    with observed_timer("dead_letter_monitor"):
        monitor(app)
