"""What was left behind: runs of processes that died, and slots that no timer proposed.

Source: Operations, "Schedules".
"""

from datetime import timedelta
from typing import Final

from shared_code.services import calculate_rates, rate_labor_reading, scheduled_jobs
from shared_code.services.exports.jobs import forget_old_exports
from shared_code.services.held_lease import held
from shared_code.services.runtime import Runtime
from shared_code.storage import background_jobs, calculation_requests, job_slots, runs
from shared_code.timetable import JOBS, latest_slot

LEASE: Final = "job:reaper"

LONGEST_BACKGROUND_JOB: Final = timedelta(minutes=60)
"""A background job that was entered or last started so long ago has lost its message: no invocation takes as long."""

LONGEST_REQUEST: Final = timedelta(days=1)
"""A request for a P&L that has been open for so long has lost its message: the broker keeps none for longer."""


def reap(runtime: Runtime) -> None:
    """Close what is orphaned: runs, slots, background jobs, requests. Propose the latest slot of jobs that lack it.

    Exports that nobody can fetch any more are forgotten. Nothing is done while another process does it.
    """
    with held(runtime.database, LEASE, runtime.settings.lease_ttl_s) as lease:
        if lease is not None:
            _reap(runtime)


def _reap(runtime: Runtime) -> None:
    with runtime.database.writing() as connection:
        now = runtime.database.moment(connection)
        runs.close_abandoned(connection, now, {rate_labor_reading.FEED: calculate_rates.LEASE})
        job_slots.fail_overdue(connection, scheduled_jobs.LIMITS, now)
        background_jobs.fail_abandoned(connection, now - LONGEST_BACKGROUND_JOB, now)
        calculation_requests.fail_abandoned(connection, now - LONGEST_REQUEST, now)
    forget_old_exports(runtime)
    for job in JOBS:
        slot = latest_slot(job, runtime.clock.now())
        if slot is not None:
            scheduled_jobs.propose(runtime, job, slot)
