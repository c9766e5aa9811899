"""Slots of scheduled jobs: proposed once, worked once.

Source: Operations, "Schedules".
"""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, bindparam, exists, insert, select, update
from sqlalchemy.exc import IntegrityError

from shared_code.sql.types import timestamp_text
from shared_code.storage.tables.messages import job_slots, resource_leases

SLICE: Final = "slice"
"""Member of a checkpoint: the number of the slice that was begun last, from 1."""

BEGAN_AT: Final = "beganAt"
"""Member of a checkpoint: when the slot's first slice began. A slot may have waited for long before it."""


def propose(connection: Connection, job: str, slot: datetime, now: datetime) -> bool:
    """Enter the slot; False when it has been proposed before."""
    try:
        with connection.begin_nested():
            connection.execute(insert(job_slots).values(job=job, slot=slot, state="proposed", proposed_at=now))
    except IntegrityError:
        return False
    return True


def state_of(connection: Connection, job: str, slot: datetime) -> str | None:
    """The slot's state; None when it was never proposed."""
    return connection.execute(
        select(job_slots.c.state).where(job_slots.c.job == job, job_slots.c.slot == slot)
    ).scalar_one_or_none()


def running_since(connection: Connection, job: str) -> datetime | None:
    """The slot of the job that is being worked on; None when there is none."""
    return connection.execute(
        select(job_slots.c.slot).where(job_slots.c.job == job, job_slots.c.state == "running").limit(1)
    ).scalar_one_or_none()


def slice_under_way(connection: Connection, job: str, slot: datetime) -> int:
    """The number of the slice that was begun last, from 1; 0 before the first."""
    known = connection.execute(
        select(job_slots.c.checkpoint).where(job_slots.c.job == job, job_slots.c.slot == slot)
    ).scalar_one_or_none()
    return int(json.loads(known).get(SLICE, 0)) if known else 0


def begin_slice(
    connection: Connection, job: str, slot: datetime, progress: Mapping[str, Any], now: datetime
) -> datetime:
    """Note how far the slot has come; when its first slice began, now if this is the first."""
    of_slot = (job_slots.c.job == job, job_slots.c.slot == slot)
    known = connection.execute(select(job_slots.c.checkpoint).where(*of_slot)).scalar_one_or_none()
    began_at = _began_at(known) or now
    noted = json.dumps({**progress, BEGAN_AT: timestamp_text(began_at)})
    connection.execute(update(job_slots).where(*of_slot).values(state="running", checkpoint=noted))
    return began_at


def _began_at(checkpoint: str | None) -> datetime | None:
    text = json.loads(checkpoint).get(BEGAN_AT) if checkpoint else None
    return datetime.fromisoformat(text) if text else None


def finish(connection: Connection, job: str, slot: datetime, state: str, now: datetime) -> None:
    """The slot is `done`, `failed` or `skipped`."""
    connection.execute(
        update(job_slots).where(job_slots.c.job == job, job_slots.c.slot == slot).values(state=state, finished_at=now)
    )


def fail_overdue(connection: Connection, limits: Mapping[str, timedelta], now: datetime) -> int:
    """Close slots that have been under way for longer than their job may take, unless somebody works on the job."""
    table = job_slots.c
    is_worked_on = exists(
        select(1)
        .where(resource_leases.c.resource_id == "job:" + table.job)
        .where(resource_leases.c.owner_id.is_not(None), resource_leases.c.expires_at > now)
    )
    is_left = (table.state == "running", ~is_worked_on)
    running = connection.execute(select(table.job, table.slot, table.proposed_at, table.checkpoint).where(*is_left))
    overdue = [
        {"of_job": row.job, "of_slot": row.slot}
        for row in running
        if row.job in limits and (_began_at(row.checkpoint) or row.proposed_at) + limits[row.job] <= now
    ]
    if overdue:
        close = update(job_slots).where(table.job == bindparam("of_job"), table.slot == bindparam("of_slot"), *is_left)
        connection.execute(close.values(state="failed", finished_at=now), overdue)
    return len(overdue)


def latest(connection: Connection, job: str) -> datetime | None:
    """The newest slot of the job."""
    return connection.execute(
        select(job_slots.c.slot).where(job_slots.c.job == job).order_by(job_slots.c.slot.desc()).limit(1)
    ).scalar_one_or_none()
