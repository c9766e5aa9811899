"""What was left behind: runs of processes that died, and slots that no timer proposed.

Source: Operations, "Schedules".
"""

from shared_code.services import calculate_rates, rate_labor_reading, scheduled_jobs
from shared_code.services.runtime import Runtime
from shared_code.storage import job_slots, runs
from shared_code.timetable import JOBS, latest_slot


def reap(runtime: Runtime) -> None:
    """Close orphaned runs and slots, and propose the latest slot of every job that lacks it."""
    with runtime.database.writing() as connection:
        now = runtime.database.moment(connection)
        runs.close_abandoned(connection, now, {rate_labor_reading.FEED: calculate_rates.LEASE})
        job_slots.fail_overdue(connection, scheduled_jobs.LIMITS, now)
    for job in JOBS:
        slot = latest_slot(job, runtime.clock.now())
        if slot is not None:
            scheduled_jobs.propose(runtime, job, slot)
