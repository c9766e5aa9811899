"""Slots of scheduled jobs: proposed once, worked once.

Source: Operations, "Schedules".
"""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, exists, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from shared_code.storage.tables.messages import job_slots, resource_leases


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


def checkpoint(connection: Connection, job: str, slot: datetime, state: str, progress: Mapping[str, Any]) -> None:
    """How far the slot has come."""
    connection.execute(
        update(job_slots)
        .where(job_slots.c.job == job, job_slots.c.slot == slot)
        .values(state=state, checkpoint=json.dumps(progress))
    )


def finish(connection: Connection, job: str, slot: datetime, state: str, now: datetime) -> None:
    """The slot is `done`, `failed` or `skipped`."""
    connection.execute(
        update(job_slots).where(job_slots.c.job == job, job_slots.c.slot == slot).values(state=state, finished_at=now)
    )


def fail_overdue(connection: Connection, limits: Mapping[str, timedelta], now: datetime) -> int:
    """Close slots that have been under way for longer than their job may take, unless somebody works on the job."""
    overdue = [(job_slots.c.job == job) & (job_slots.c.proposed_at <= now - limit) for job, limit in limits.items()]
    working = (
        select(1)
        .where(resource_leases.c.resource_id == "job:" + job_slots.c.job)
        .where(resource_leases.c.owner_id.is_not(None), resource_leases.c.expires_at > now)
    )
    closed = connection.execute(
        update(job_slots)
        .where(job_slots.c.state == "running", or_(*overdue), ~exists(working))
        .values(state="failed", finished_at=now)
    )
    return closed.rowcount


def latest(connection: Connection, job: str) -> datetime | None:
    """The newest slot of the job."""
    return connection.execute(
        select(job_slots.c.slot).where(job_slots.c.job == job).order_by(job_slots.c.slot.desc()).limit(1)
    ).scalar_one_or_none()
