"""Rate runs over many sites: entered by a request, worked off from the job queue, looked at by their id.

Source: REST API, "Job-code rates"; Operations, "Entities"; Data model, "Audit, messages, leases, cache".
"""

import re
from collections.abc import Mapping
from dataclasses import asdict
from datetime import date
from typing import Any

from shared_code.errors import ConflictError, ForecastError, LastingError, NotFoundError, TransientError
from shared_code.messaging.events import background_slice
from shared_code.services.calculate_rates import LEASE, calculate_rates
from shared_code.services.held_lease import LeaseLostError, held
from shared_code.services.rate_request import RateRequest, terms_of
from shared_code.services.runtime import Runtime
from shared_code.sql.types import new_identifier
from shared_code.storage import background_jobs, inbox, outbox
from shared_code.storage.background_jobs import BackgroundJob

KIND = "rate_calculation"
_DATES = ("as_of", "date_from", "date_to")
_IDENTIFIER = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def queue_rate_run(runtime: Runtime, request: RateRequest) -> str:
    """Enter a rate run that `request` describes; the id of its job.

    Raises as `calculate_rates` for a request that cannot be meant, and `ConflictError` (`reason` `run_in_progress`)
    while another run is active.

    Source: REST API, "Job-code rates".
    """
    terms_of(runtime, request)
    with held(runtime.database, LEASE, runtime.settings.lease_ttl_s) as lease:
        if lease is None:
            raise ConflictError(
                "Job-code rates are being calculated already. Try again when that run has ended.",
                details={"reason": "run_in_progress"},
            )
    job_id = new_identifier()
    with runtime.database.writing() as connection:
        now = runtime.clock.now()
        background_jobs.add(connection, job_id, KIND, request.requested_by, _parameters(request), now)
        outbox.append(connection, [background_slice(job_id, now)], now)
    return job_id


def rate_job(runtime: Runtime, job_id: str) -> BackgroundJob:
    """The job as it stands. Raises `NotFoundError` when there is none of this id."""
    with runtime.database.reading() as connection:
        known = _IDENTIFIER.fullmatch(job_id.lower())
        job = background_jobs.find(connection, job_id.lower(), KIND) if known else None
    if job is None:
        raise NotFoundError("There is no such calculation.", field="job_id", details={"providedValue": job_id[:100]})
    return job


def work_rate_job(runtime: Runtime, queue: str, message_id: str, job_id: str) -> None:
    """Run the calculation that the job asks for, and write down what it came to.

    A job that cannot be done is `failed` with the code of its error: whoever asked for it may ask again. Raises
    `NotFoundError` for a job that there is not, `LastingError` while another calculation is active or one that was
    killed still holds the lease, and lets an unforeseen error through when it is written down. A fault that may pass
    is let through and leaves the job as it is: its message comes again.
    """
    job = rate_job(runtime, job_id)
    if not job.has_ended:
        with runtime.database.writing() as connection:
            background_jobs.start(connection, job.job_id, runtime.clock.now())
        _run(runtime, job)
    with runtime.database.writing() as connection:
        inbox.record(connection, queue, message_id, "done", runtime.clock.now())


def _run(runtime: Runtime, job: BackgroundJob) -> None:
    try:
        report = calculate_rates(runtime, _request(job.parameters))
    except (TransientError, LeaseLostError):
        raise
    except ConflictError as busy:
        raise LastingError(f"Rate job {job.job_id} waits: {busy.message}") from busy
    except Exception as error:
        with runtime.database.writing() as connection:
            code = error.code if isinstance(error, ForecastError) else ForecastError.code
            background_jobs.fail(connection, job.job_id, code, runtime.clock.now())
        if not isinstance(error, ForecastError):
            raise
        return
    with runtime.database.writing() as connection:
        background_jobs.complete(connection, job.job_id, asdict(report.counts), runtime.clock.now())


def _parameters(request: RateRequest) -> dict[str, Any]:
    parameters = asdict(request)
    for name in _DATES:
        parameters[name] = None if parameters[name] is None else parameters[name].isoformat()
    return parameters


def _request(parameters: Mapping[str, Any]) -> RateRequest:
    values = dict(parameters)
    for name in _DATES:
        values[name] = None if values[name] is None else date.fromisoformat(values[name])
    for name in ("sites", "job_codes"):
        values[name] = None if values[name] is None else tuple(values[name])
    return RateRequest(**values)


__all__ = ["KIND", "queue_rate_run", "rate_job", "work_rate_job"]
