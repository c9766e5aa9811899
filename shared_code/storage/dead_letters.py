"""Dead letters in the database: those of the embedded queue, and messages that were set aside as poison.

Source: Data model, "Audit, messages, leases, cache"; Operations, "Retries and dead letters".
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, delete, func, literal, null, select, update

from shared_code.sql.bulk import insert_rows
from shared_code.sql.lists import in_list
from shared_code.storage.tables.messages import outbox_messages, poison_messages, queue_messages


@dataclass(frozen=True, slots=True)
class KeptLetter:
    """A row of either table; `properties` is a JSON text, `since` when it came, `number` its key."""

    number: int
    source: str
    message_id: str
    session_id: str | None
    subject: str | None
    body: str
    properties: str
    reason: str
    detail: str | None
    delivery_count: int
    since: datetime
    replayed_at: datetime | None


_QUEUED = (
    queue_messages.c.message_no,
    queue_messages.c.destination,
    queue_messages.c.message_id,
    queue_messages.c.session_id,
    queue_messages.c.subject,
    queue_messages.c.body,
    queue_messages.c.properties,
    func.coalesce(queue_messages.c.dead_letter_reason, ""),
    null(),
    queue_messages.c.delivery_count,
    queue_messages.c.enqueued_at,
    null(),
)
_POISON = (
    poison_messages.c.poison_id,
    poison_messages.c.destination,
    poison_messages.c.message_id,
    null(),
    poison_messages.c.subject,
    poison_messages.c.body,
    literal("{}"),
    poison_messages.c.reason_code,
    poison_messages.c.detail,
    poison_messages.c.delivery_count,
    poison_messages.c.stored_at,
    poison_messages.c.replayed_at,
)


def queued(connection: Connection, source: str, after: int, limit: int) -> list[KeptLetter]:
    """At most `limit` dead letters of a queue of the database with numbers above `after`, in order."""
    wanted = (queue_messages.c.destination == source, queue_messages.c.message_no > after)
    return _queued(connection, *wanted, limit=limit)


def queued_with_numbers(connection: Connection, source: str, numbers: Collection[int]) -> list[KeptLetter]:
    """The dead letters of a queue of the database with these numbers, as far as they are there."""
    wanted = (queue_messages.c.destination == source, queue_messages.c.message_no.in_(sorted(numbers)))
    return _queued(connection, *wanted, limit=len(numbers))


def _queued(connection: Connection, *wanted: ColumnElement[bool], limit: int) -> list[KeptLetter]:
    rows = connection.execute(
        select(*_QUEUED)
        .where(queue_messages.c.is_dead_letter, *wanted)
        .order_by(queue_messages.c.message_no)
        .limit(limit)
    )
    return [KeptLetter(*row) for row in rows]


def discard_queued(connection: Connection, numbers: Collection[int]) -> int:
    """Remove dead letters from their queues; returns how many there were."""
    found = (queue_messages.c.is_dead_letter, queue_messages.c.message_no.in_(sorted(numbers)))
    return connection.execute(delete(queue_messages).where(*found)).rowcount


def poison(connection: Connection, after: int, limit: int) -> list[KeptLetter]:
    """At most `limit` messages that were set aside, with numbers above `after`, in order."""
    return _poison(connection, poison_messages.c.poison_id > after, limit=limit)


def poison_with_numbers(connection: Connection, numbers: Collection[int]) -> list[KeptLetter]:
    """The messages with these numbers that were set aside, as far as they are there."""
    return _poison(connection, poison_messages.c.poison_id.in_(sorted(numbers)), limit=len(numbers))


def _poison(connection: Connection, wanted: ColumnElement[bool], limit: int) -> list[KeptLetter]:
    rows = connection.execute(select(*_POISON).where(wanted).order_by(poison_messages.c.poison_id).limit(limit))
    return [KeptLetter(*row) for row in rows]


def discard_poison(connection: Connection, numbers: Collection[int]) -> int:
    """Remove messages that were set aside; returns how many there were."""
    return connection.execute(delete(poison_messages).where(poison_messages.c.poison_id.in_(sorted(numbers)))).rowcount


def mark_replayed(connection: Connection, numbers: Collection[int], now: datetime, by: str) -> int:
    """A copy of these messages is on its way; returns how many had none before."""
    marked = connection.execute(
        update(poison_messages)
        .where(poison_messages.c.poison_id.in_(sorted(numbers)), poison_messages.c.replayed_at.is_(None))
        .values(replayed_at=now, replayed_by=by)
    )
    return marked.rowcount


def set_aside(
    connection: Connection, letters: Iterable[Mapping[str, Any]], now: datetime, *, replayed_by: str | None = None
) -> int:
    """Keep dead letters of a broker as rows of their own; with `replayed_by` as ones of which a copy is on its way."""
    columns = ("destination", "message_id", "subject", "body", "reason_code", "detail", "delivery_count")
    replayed_at = None if replayed_by is None else now
    return insert_rows(
        connection,
        poison_messages,
        (*columns, "stored_at", "replayed_at", "replayed_by"),
        [(*[letter[name] for name in columns], now, replayed_at, replayed_by) for letter in letters],
    )


def sent_copies(connection: Connection, dedup_ids: Collection[str]) -> set[str]:
    """Those of these message ids that the outbox has, or had within its retention."""
    known = select(outbox_messages.c.dedup_id).where(in_list(outbox_messages.c.dedup_id, dedup_ids))
    return set(connection.execute(known).scalars())


@dataclass(frozen=True, slots=True)
class Successor:
    """What a broker's dead letter became: the row that keeps it, and when and by whom it was replayed, if it was."""

    poison_id: int
    replayed_at: datetime | None
    replayed_by: str | None


def successor(connection: Connection, detail_start: str) -> Successor | None:
    """The newest row whose detail begins with `detail_start`; None where there is none."""
    table = poison_messages
    row = connection.execute(
        select(table.c.poison_id, table.c.replayed_at, table.c.replayed_by)
        .where(table.c.detail.startswith(detail_start, autoescape=True))
        .order_by(table.c.poison_id.desc())
        .limit(1)
    ).one_or_none()
    return None if row is None else Successor(*row)


def open_poison(connection: Connection) -> dict[str, int]:
    """Messages that were set aside and not replayed, by queue."""
    return _counts(connection, poison_messages.c.destination, poison_messages.c.replayed_at.is_(None))


def dead_in_queues(connection: Connection) -> dict[str, int]:
    """Dead letters in the queues of the database, by queue."""
    return _counts(connection, queue_messages.c.destination, queue_messages.c.is_dead_letter)


def _counts(connection: Connection, queue: Column[Any], wanted: ColumnElement[bool]) -> dict[str, int]:
    rows = connection.execute(select(queue, func.count()).where(wanted).group_by(queue).order_by(queue))
    return {row[0]: row[1] for row in rows}
