"""Requests that carry a key of their own: one row each, from the first attempt until the key expires.

Source: Data model, "Audit, messages, leases, cache".
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, delete, insert, select, update

from shared_code.storage.tables.idempotency import idempotency_keys


@dataclass(frozen=True, slots=True)
class RequestName:
    """What a key belongs to: who sent it (principal name), and to which operation (`POST /path/{template}`)."""

    principal: str
    route: str
    key: str


@dataclass(frozen=True, slots=True)
class NamedRequest:
    """What is known of a request: its content as SHA-256, and its answer; `status` None: it has not ended."""

    request_hash: bytes
    status: int | None
    body: str | None
    claimed_at: datetime
    expires_at: datetime


def find(connection: Connection, name: RequestName) -> NamedRequest | None:
    """The request of this name; others who ask for it wait until the transaction ends."""
    table = idempotency_keys
    row = connection.execute(
        select(table.c.request_hash, table.c.status_code, table.c.response_body, table.c.created_at, table.c.expires_at)
        # SQLite has one writer at a time anyway; SQL Server would let two find that there is none.
        .with_hint(table, "WITH (UPDLOCK, HOLDLOCK)", "mssql")
        .where(_of(name))
    ).one_or_none()
    return None if row is None else NamedRequest(*row)


def enter(connection: Connection, name: RequestName, request_hash: bytes, now: datetime, expires_at: datetime) -> None:
    """Write down that the request has begun."""
    connection.execute(
        insert(idempotency_keys).values(
            principal=name.principal,
            route=name.route,
            idempotency_key=name.key,
            request_hash=request_hash,
            created_at=now,
            expires_at=expires_at,
        )
    )


def forget(connection: Connection, name: RequestName, claimed_at: datetime | None = None) -> None:
    """Remove the request; with `claimed_at` only while it is the unfinished attempt of that moment."""
    connection.execute(delete(idempotency_keys).where(_of(name), *_unfinished_since(claimed_at)))


def finish(connection: Connection, name: RequestName, claimed_at: datetime, status: int, body: str) -> None:
    """Keep the answer of the attempt that began at `claimed_at`; one that was taken over meanwhile keeps nothing."""
    connection.execute(
        update(idempotency_keys)
        .where(_of(name), *_unfinished_since(claimed_at))
        .values(status_code=status, response_body=body)
    )


def _of(name: RequestName) -> ColumnElement[bool]:
    table = idempotency_keys
    return (table.c.principal == name.principal) & (table.c.route == name.route) & (table.c.idempotency_key == name.key)


def _unfinished_since(claimed_at: datetime | None) -> list[ColumnElement[bool]]:
    table = idempotency_keys
    return [] if claimed_at is None else [table.c.created_at == claimed_at, table.c.status_code.is_(None)]
