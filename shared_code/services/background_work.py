"""Background jobs by kind: who works off the one that a message asks for.

Source: Operations, "Entities"; Data model, "Audit, messages, leases, cache".
"""

from collections.abc import Callable, Mapping
from typing import Final

from shared_code.errors import NotFoundError
from shared_code.services.exports.jobs import work_export_job
from shared_code.services.rate_jobs import KIND, work_rate_job
from shared_code.services.runtime import Runtime
from shared_code.sql.types import identifier_text
from shared_code.storage import background_jobs, export_files

WORKERS: Final[Mapping[str, Callable[[Runtime, str, str, str], None]]] = {
    KIND: work_rate_job,
    export_files.KIND: work_export_job,
}
"""The work of each kind of job."""


def work_background_job(runtime: Runtime, queue: str, message_id: str, job_id: str) -> None:
    """Do what the job asks for; raises as its worker, and NotFoundError for a job that there is not."""
    no_job = NotFoundError("There is no such job.", field="jobId", details={"providedValue": job_id[:100]})
    try:
        identifier = identifier_text(job_id)
    except ValueError:
        raise no_job from None
    with runtime.database.reading() as connection:
        kind = background_jobs.kind_of(connection, identifier)
    worker = None if kind is None else WORKERS.get(kind)
    if worker is None:
        raise no_job
    worker(runtime, queue, message_id, identifier)
