"""What the timers ask for.

Source: Operations, "Schedules".
"""

from datetime import datetime

from shared_code.services import reap as reaping
from shared_code.services import scheduled_jobs
from shared_code.services.outbox_relay import relay_outbox as relay
from shared_code.services.runtime import runtime


def propose(job: str, slot: datetime) -> None:
    """Propose a slot of a job; a slot that is there already stays as it is."""
    scheduled_jobs.propose(runtime(), job, slot)


def relay_outbox() -> None:
    """Send the messages that are due."""
    relay(runtime())


def reap() -> None:
    """Close what a process left open when it died, and propose the slots that were missed."""
    reaping.reap(runtime())
