"""One slice of a scheduled job, or a background job.

Source: Operations, "Schedules" and "Entities".
"""

from sqlalchemy import Connection

from shared_code.dead_letter_reasons import PoisonReason
from shared_code.errors import ForecastError
from shared_code.messaging.contracts import Body, JobSlice, PoisonError
from shared_code.services import scheduled_jobs
from shared_code.services.background_work import work_background_job
from shared_code.services.consumers.delivery import Delivery
from shared_code.services.runtime import Runtime
from shared_code.storage import background_jobs


def work_slice(app: Runtime, delivery: Delivery[JobSlice]) -> None:
    """Do the slice. Raises `PoisonError` (`UNKNOWN_JOB`) for a job, or a slice of it, that there is not."""
    source, message_id, body = delivery.source, delivery.message_id, delivery.body
    if body.job_id is not None:
        work_background_job(app, source, message_id, body.job_id)
        return
    if body.slot is None or body.job is None or body.job not in scheduled_jobs.STEPS:
        raise PoisonError(f"There is no job {body.job!r}", PoisonReason.UNKNOWN_JOB)
    if body.slice > len(scheduled_jobs.STEPS[body.job]):
        raise PoisonError(f"Job {body.job} has no slice {body.slice}", PoisonReason.UNKNOWN_JOB)
    scheduled_jobs.work_slice(app, source, message_id, body.job, body.slot, body.slice)


def fail_job(connection: Connection, app: Runtime, body: Body, error: ForecastError) -> None:
    """The background job that a message was about cannot be done: it is closed with its error."""
    if isinstance(body, JobSlice) and body.job_id is not None:
        background_jobs.fail_open(connection, body.job_id, error.code, app.clock.now())
