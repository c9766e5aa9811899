"""The queue in the database, for installations without Service Bus: the same rules, in a table.

One holder a session, a lock that expires, a delivery count, a time to live, dead letters, duplicates dropped while the
first one is still here.

Source: Data model, "Audit, messages, leases, cache"; Operations, "Entities".
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Row, Select, Table, delete, func, or_, select, update

from shared_code.dead_letter_reasons import QueueReason
from shared_code.sql.bulk import insert_rows
from shared_code.sql.lists import in_list
from shared_code.sql.types import new_identifier
from shared_code.storage.outbox import StoredMessage
from shared_code.storage.tables.messages import queue_messages

LOCK = timedelta(minutes=5)
"""How long a receiver holds a message before it is delivered again."""

MAX_DELIVERIES = 5
"""After so many deliveries a message is a dead letter."""


@dataclass(frozen=True, slots=True)
class DeliveryRules:
    """How long a receiver holds a message, and after how many deliveries or how long a wait it is a dead letter."""

    lock: timedelta = LOCK
    max_deliveries: int = MAX_DELIVERIES
    time_to_live: timedelta = timedelta(days=1)


QUEUE_RULES = DeliveryRules()
"""The rules of a queue."""


@dataclass(frozen=True, slots=True)
class LockedMessage:
    """A message in the hands of one receiver."""

    message_no: int
    lock_token: str
    destination: str
    message_id: str
    session_id: str
    subject: str
    body: str
    properties: dict[str, Any]
    delivery_count: int
    max_deliveries: int
    enqueued_at: datetime


def enqueue(connection: Connection, messages: Iterable[StoredMessage], now: datetime) -> int:
    """Put messages into their queues; one that waits there already is dropped."""
    wanted = {(message.destination, message.dedup_id): message for message in messages}
    known = connection.execute(
        select(queue_messages.c.destination, queue_messages.c.message_id).where(
            in_list(queue_messages.c.message_id, {dedup_id for _, dedup_id in wanted})
        )
    )
    for row in known:
        wanted.pop((row.destination, row.message_id), None)
    return insert_rows(
        connection,
        queue_messages,
        ("destination", "session_id", "message_id", "subject", "body", "properties", "enqueued_at", "visible_at"),
        (
            (m.destination, m.session_id, m.dedup_id, m.subject, m.payload, m.properties, now, now)
            for m in wanted.values()
        ),
    )


def has_due(connection: Connection, destination: str, now: datetime) -> bool:
    """Whether there is a message to receive: a look at the queue that needs no write transaction."""
    return connection.execute(_due(queue_messages.c.message_no, destination, now)).first() is not None


def receive(
    connection: Connection, destination: str, now: datetime, rules: DeliveryRules = QUEUE_RULES
) -> LockedMessage | None:
    """Lock the first message of a session that nobody holds; None when there is nothing to do.

    A message whose lock ran out after its last delivery, or that has waited for too long, becomes a dead letter here.
    """
    row = connection.execute(_due(queue_messages, destination, now)).first()
    if row is not None and _has_had_its_time(row, now, rules):
        _bury_exhausted(connection, destination, now, rules.max_deliveries)
        _bury_expired(connection, destination, now, rules.time_to_live)
        row = connection.execute(_due(queue_messages, destination, now)).first()
    if row is None:
        return None
    token = new_identifier()
    locked = connection.execute(
        update(queue_messages)
        .where(queue_messages.c.message_no == row.message_no, _is_free(now))
        .values(locked_until=now + rules.lock, lock_token=token, delivery_count=row.delivery_count + 1)
    )
    if locked.rowcount == 0:
        return None  # another receiver was first
    return LockedMessage(
        row.message_no,
        token,
        row.destination,
        row.message_id,
        row.session_id,
        row.subject,
        row.body,
        json.loads(row.properties),
        row.delivery_count + 1,
        rules.max_deliveries,
        row.enqueued_at,
    )


def _due(wanted: Column[Any] | Table, destination: str, now: datetime) -> Select[Any]:
    """What is `wanted` of the message that comes next."""
    alive = (queue_messages.c.destination == destination) & ~queue_messages.c.is_dead_letter
    held = select(queue_messages.c.session_id).where(alive, queue_messages.c.locked_until > now)
    return (
        select(wanted)
        .where(alive, queue_messages.c.visible_at <= now, _is_free(now), queue_messages.c.session_id.not_in(held))
        .order_by(queue_messages.c.visible_at, queue_messages.c.message_no)
        .limit(1)
    )


def _is_free(now: datetime) -> ColumnElement[bool]:
    return or_(queue_messages.c.locked_until.is_(None), queue_messages.c.locked_until <= now)


def complete(connection: Connection, message: LockedMessage) -> bool:
    """The work is done; False when the lock had been lost, and somebody else has the message."""
    done = connection.execute(delete(queue_messages).where(*_locked(message)))
    return done.rowcount == 1


def abandon(connection: Connection, message: LockedMessage, failure: str) -> None:
    """Give the message back at once; after its last delivery it becomes a dead letter that names its last `failure`."""
    if message.delivery_count >= message.max_deliveries:
        reason = f"{QueueReason.MAX_DELIVERIES}: {failure}"
        values: dict[str, Any] = {"is_dead_letter": True, "dead_letter_reason": reason[:200]}
    else:
        values = {}
    connection.execute(
        update(queue_messages).where(*_locked(message)).values(locked_until=None, lock_token=None, **values)
    )


def waiting(connection: Connection) -> Sequence[tuple[str, bool, int]]:
    """Messages per queue: (queue, whether dead letters, count)."""
    rows = connection.execute(
        select(queue_messages.c.destination, queue_messages.c.is_dead_letter, func.count())
        .group_by(queue_messages.c.destination, queue_messages.c.is_dead_letter)
        .order_by(queue_messages.c.destination)
    )
    return [(row[0], bool(row[1]), row[2]) for row in rows]


def _has_had_its_time(row: Row[Any], now: datetime, rules: DeliveryRules) -> bool:
    return bool(row.delivery_count >= rules.max_deliveries or row.visible_at <= now - rules.time_to_live)


def _bury_exhausted(connection: Connection, destination: str, now: datetime, max_deliveries: int) -> None:
    last_lock_ran_out = queue_messages.c.locked_until <= now, queue_messages.c.delivery_count >= max_deliveries
    _bury(connection, destination, QueueReason.MAX_DELIVERIES, *last_lock_ran_out)


def _bury_expired(connection: Connection, destination: str, now: datetime, time_to_live: timedelta) -> None:
    """Messages come into the queue when they may be delivered, so the index of what is due finds the expired ones."""
    waited_too_long = queue_messages.c.visible_at <= now - time_to_live, _is_free(now)
    _bury(connection, destination, QueueReason.EXPIRED, *waited_too_long)


def _bury(connection: Connection, destination: str, reason: QueueReason, *which: ColumnElement[bool]) -> None:
    connection.execute(
        update(queue_messages)
        .where(queue_messages.c.destination == destination, ~queue_messages.c.is_dead_letter, *which)
        .values(is_dead_letter=True, dead_letter_reason=reason.value, locked_until=None, lock_token=None)
    )


def _locked(message: LockedMessage) -> tuple[Any, ...]:
    return queue_messages.c.message_no == message.message_no, queue_messages.c.lock_token == message.lock_token
