"""Background jobs: entered by a request, worked off by a message, looked at until they have ended.

Source: Data model, "Audit, messages, leases, cache".
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, func, insert, select, update

from shared_code.storage.tables.background_jobs import background_jobs

_IS_OPEN: Final = background_jobs.c.status.in_(["queued", "running"])


@dataclass(frozen=True, slots=True)
class BackgroundJob:
    """A job as it stands; `status` is `queued`, `running`, `completed` or `failed`, `counts` what it came to."""

    job_id: str
    kind: str
    requested_by: str
    parameters: Mapping[str, Any]
    status: str
    counts: Mapping[str, int] | None
    started_at: datetime | None
    finished_at: datetime | None
    error_code: str | None

    @property
    def has_ended(self) -> bool:
        """Whether nothing is going to happen to it any more."""
        return self.status in {"completed", "failed"}


def add(
    connection: Connection, job_id: str, kind: str, requested_by: str, parameters: Mapping[str, Any], now: datetime
) -> None:
    """Enter a job as queued."""
    connection.execute(
        insert(background_jobs).values(
            job_id=job_id,
            kind=kind,
            requested_by=requested_by,
            parameters=json.dumps(parameters),
            status="queued",
            created_at=now,
        )
    )


def find(connection: Connection, job_id: str, kind: str) -> BackgroundJob | None:
    """The job of this id and kind; None when there is none."""
    row = connection.execute(
        select(background_jobs).where(background_jobs.c.job_id == job_id, background_jobs.c.kind == kind)
    ).one_or_none()
    if row is None:
        return None
    return BackgroundJob(
        row.job_id,
        row.kind,
        row.requested_by,
        json.loads(row.parameters),
        row.status,
        None if row.counts is None else json.loads(row.counts),
        row.started_at,
        row.finished_at,
        row.error_code,
    )


def kind_of(connection: Connection, job_id: str) -> str | None:
    """The kind of the job of this id; None when there is none."""
    statement = select(background_jobs.c.kind).where(background_jobs.c.job_id == job_id)
    kind: str | None = connection.execute(statement).scalar_one_or_none()
    return kind


def start(connection: Connection, job_id: str, now: datetime) -> None:
    """The job is being worked on; one that a killed process left behind starts again."""
    connection.execute(
        update(background_jobs).where(background_jobs.c.job_id == job_id).values(status="running", started_at=now)
    )


def complete(connection: Connection, job_id: str, counts: Mapping[str, int], now: datetime) -> None:
    """The job is done, with what it came to."""
    _end(connection, job_id, now, status="completed", counts=json.dumps(counts))


def fail(connection: Connection, job_id: str, error_code: str, now: datetime) -> None:
    """The job could not be done."""
    _end(connection, job_id, now, status="failed", error_code=error_code)


def fail_open(connection: Connection, job_id: str, error_code: str, now: datetime) -> None:
    """A job that has not ended yet could not be done."""
    connection.execute(
        update(background_jobs)
        .where(background_jobs.c.job_id == job_id, _IS_OPEN)
        .values(status="failed", error_code=error_code, finished_at=now)
    )


def fail_abandoned(connection: Connection, before: datetime, now: datetime) -> int:
    """Close, as `ABANDONED`, the jobs entered or last started before `before` that have not ended: nobody will go on.

    Returns how many that were.
    """
    since = func.coalesce(background_jobs.c.started_at, background_jobs.c.created_at)
    closed = connection.execute(
        update(background_jobs)
        .where(_IS_OPEN, since < before)
        .values(status="failed", error_code="ABANDONED", finished_at=now)
    )
    return closed.rowcount


def _end(connection: Connection, job_id: str, now: datetime, **values: Any) -> None:
    connection.execute(
        update(background_jobs).where(background_jobs.c.job_id == job_id).values(finished_at=now, **values)
    )
