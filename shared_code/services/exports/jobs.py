"""Exports that are too large for a request: entered by it, written from the job queue, fetched by their id.

Source: REST API, "Audit and export"; Operations, "Entities"; Data model, "Audit, messages, leases, cache".
"""

import re
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from enum import StrEnum
from functools import partial
from os import SEEK_END
from typing import BinaryIO, Final

from sqlalchemy.exc import SQLAlchemyError

from shared_code.errors import ConflictError, ForecastError, NotFoundError, TransientError
from shared_code.messaging.events import background_slice
from shared_code.services.exports.building import build_export
from shared_code.services.exports.file_formats import write_file
from shared_code.services.exports.request import ExportRequest
from shared_code.services.held_lease import LeaseLostError
from shared_code.services.runtime import Runtime
from shared_code.sql.transient import fault_of
from shared_code.sql.types import new_identifier
from shared_code.storage import background_jobs, export_files, inbox, outbox
from shared_code.storage.background_jobs import BackgroundJob
from shared_code.storage.export_files import KIND

MOST_ROWS_AT_ONCE: Final = 10_000
"""Rows of an export that is answered within its request."""

KEPT: Final = timedelta(days=7)
"""How long an export can be fetched after it was asked for."""

PART_BYTES: Final = 256 * 1024
"""Bytes of a part of a file."""

_IDENTIFIER = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class ExportStatus(StrEnum):
    """How far an export is."""

    PENDING = "pending"
    READY = "ready"
    FAILED = "failed"


def queue_export(runtime: Runtime, request: ExportRequest) -> str:
    """Enter the export that `request` describes; the id of its job."""
    job_id = new_identifier()
    with runtime.database.writing() as connection:
        now = runtime.clock.now()
        background_jobs.add(connection, job_id, KIND, request.user_id, request.parameters(), now)
        outbox.append(connection, [background_slice(job_id, now)], now)
    return job_id


def export_job(runtime: Runtime, user_id: str, export_id: str) -> BackgroundJob:
    """The export as it stands. Raises NotFoundError unless `user_id` has asked for one of this id."""
    job = _find(runtime, export_id)
    if job is None or job.requested_by != user_id:
        shown = {"providedValue": export_id[:100]}
        raise NotFoundError("You have asked for no such export.", field="exportId", details=shown)
    return job


def status_of(job: BackgroundJob) -> ExportStatus:
    """How far the export is."""
    return {"completed": ExportStatus.READY, "failed": ExportStatus.FAILED}.get(job.status, ExportStatus.PENDING)


def require_ready(job: BackgroundJob) -> None:
    """Raise ConflictError (`export_not_ready`) while there is no file to fetch."""
    status = status_of(job)
    if status is not ExportStatus.READY:
        failed = status is ExportStatus.FAILED
        message = "The export has failed. Ask for it again." if failed else "The export is not ready yet."
        raise ConflictError(message, details={"reason": "export_not_ready", "status": status.value})


def file_parts(runtime: Runtime, job: BackgroundJob) -> Iterator[bytes]:
    """The file of an export that is ready, part by part; each is read when it is needed."""
    part_no = 1
    while (content := _part(runtime, job, part_no)) is not None:
        yield content
        part_no += 1


def work_export_job(runtime: Runtime, queue: str, message_id: str, job_id: str) -> None:
    """Write the file that the job asks for; it is there once, however often its message comes.

    An export that cannot be made is `failed` with the code of its error. Raises NotFoundError for a job that there is
    not, and lets an unforeseen error through when it is written down. A fault that may pass is let through and leaves
    the job as it is: its message comes again, and where it does not, the reaper closes the job.
    """
    job = _find(runtime, job_id)
    if job is None:
        raise NotFoundError("There is no such export.", field="exportId", details={"providedValue": job_id[:100]})
    end = partial(inbox.record, consumer=queue, message_id=message_id, outcome="done")
    if job.has_ended:
        with runtime.database.writing() as connection:
            end(connection, now=runtime.clock.now())
        return
    with runtime.database.writing() as connection:
        background_jobs.start(connection, job.job_id, runtime.clock.now())
    try:
        _write(runtime, job, end)
    except Exception as error:
        if _may_pass(error):
            raise
        code = error.code if isinstance(error, ForecastError) else ForecastError.code
        with runtime.database.writing() as connection:
            background_jobs.fail_open(connection, job.job_id, code, runtime.clock.now())
            end(connection, now=runtime.clock.now())
        if not isinstance(error, ForecastError):
            raise


def forget_old_exports(runtime: Runtime) -> None:
    """Remove exports that nobody can fetch any more."""
    with runtime.database.writing() as connection:
        export_files.remove_entered_before(connection, runtime.clock.now() - KEPT)


def _write(runtime: Runtime, job: BackgroundJob, end: Callable[..., None]) -> None:
    """File, end of the job and end of the message are stored together: there is never one without the others."""
    request = ExportRequest.of(job.parameters)
    document = build_export(runtime, request)
    with closing(write_file(document, request.file_format)) as file:
        size = file.seek(0, SEEK_END)
        file.seek(0)
        with runtime.database.writing() as connection:
            now = runtime.clock.now()
            export_files.store(connection, job.job_id, _parts_of(file))
            counts = {"rows": document.row_count, "bytes": size, "shows_pay": int(document.shows_pay)}
            background_jobs.complete(connection, job.job_id, counts, now)
            end(connection, now=now)


def _may_pass(error: Exception) -> bool:
    is_transient = isinstance(error, SQLAlchemyError) and fault_of(error).is_transient
    return is_transient or isinstance(error, TransientError | LeaseLostError)


def _parts_of(file: BinaryIO) -> Iterator[bytes]:
    while content := file.read(PART_BYTES):
        yield content


def _find(runtime: Runtime, job_id: str) -> BackgroundJob | None:
    if not _IDENTIFIER.fullmatch(job_id.lower()):
        return None
    with runtime.database.reading() as connection:
        return background_jobs.find(connection, job_id.lower(), KIND)


def _part(runtime: Runtime, job: BackgroundJob, part_no: int) -> bytes | None:
    with runtime.database.reading() as connection:
        return export_files.part(connection, job.job_id, part_no)
