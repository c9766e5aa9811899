"""Leases with a time to live and a fencing token that only grows.

Source: Data model, "Audit, messages, leases, cache".
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from shared_code.storage.tables.messages import resource_leases


@dataclass(frozen=True, slots=True)
class Lease:
    """A resource held by one owner until it expires; `fencing_token` proves which holding this is."""

    resource_id: str
    owner_id: str
    fencing_token: int


def acquire(connection: Connection, resource_id: str, owner_id: str, now: datetime, ttl_s: int) -> Lease | None:
    """Take `resource_id` for `ttl_s` seconds; None while somebody else holds it.

    A lease that was renewed in a future that far away is none: the clock was put back, and would never reach its end.
    """
    time_to_live = timedelta(seconds=ttl_s)
    is_over = or_(resource_leases.c.expires_at <= now, resource_leases.c.renewed_at > now + time_to_live)
    taken = connection.execute(
        update(resource_leases)
        .where(resource_leases.c.resource_id == resource_id)
        .where(or_(resource_leases.c.owner_id.is_(None), is_over))
        .values(
            owner_id=owner_id,
            fencing_token=resource_leases.c.fencing_token + 1,
            acquired_at=now,
            renewed_at=now,
            expires_at=now + time_to_live,
        )
    )
    if taken.rowcount == 0:
        exists = connection.execute(
            select(resource_leases.c.resource_id).where(resource_leases.c.resource_id == resource_id)
        ).first()
        if exists or not _insert(connection, resource_id, owner_id, now, ttl_s):
            return None
    token = connection.execute(
        select(resource_leases.c.fencing_token).where(resource_leases.c.resource_id == resource_id)
    ).scalar_one()
    return Lease(resource_id, owner_id, token)


def renew(connection: Connection, lease: Lease, now: datetime, ttl_s: int) -> bool:
    """Hold `lease` for another `ttl_s` seconds; False when it has been lost, and work under it must stop."""
    renewed = connection.execute(
        update(resource_leases).where(*_held(lease)).values(renewed_at=now, expires_at=now + timedelta(seconds=ttl_s))
    )
    return renewed.rowcount == 1


def is_held(connection: Connection, lease: Lease) -> bool:
    """Whether nobody has taken the resource since; a transaction that publishes asks before it commits."""
    return connection.execute(select(resource_leases.c.resource_id).where(*_held(lease))).first() is not None


def release(connection: Connection, lease: Lease) -> None:
    """Give the resource back; its row stays, so that tokens only grow."""
    connection.execute(update(resource_leases).where(*_held(lease)).values(owner_id=None))


def take_away(connection: Connection, resource_id: str) -> None:
    """Let nobody hold the resource: who holds it cannot confirm it any more, and the next one may have it."""
    connection.execute(
        update(resource_leases)
        .where(resource_leases.c.resource_id == resource_id)
        .values(owner_id=None, fencing_token=resource_leases.c.fencing_token + 1)
    )


def _held(lease: Lease) -> tuple[ColumnElement[bool], ...]:
    return (
        resource_leases.c.resource_id == lease.resource_id,
        resource_leases.c.owner_id == lease.owner_id,
        resource_leases.c.fencing_token == lease.fencing_token,
    )


def _insert(connection: Connection, resource_id: str, owner_id: str, now: datetime, ttl_s: int) -> bool:
    try:
        with connection.begin_nested():
            connection.execute(
                insert(resource_leases).values(
                    resource_id=resource_id,
                    owner_id=owner_id,
                    fencing_token=1,
                    acquired_at=now,
                    renewed_at=now,
                    expires_at=now + timedelta(seconds=ttl_s),
                )
            )
    except IntegrityError:
        return False  # another process was first
    return True
