"""Messages that a transaction leaves behind: they commit with the change that they announce.

Source: Data model, "Audit, messages, leases, cache"; Operations, "Flow".
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import Any, Final, Protocol

from sqlalchemy import Connection, String, and_, cast, func, or_, select, update

from shared_code.errors import ForecastError
from shared_code.json_text import json_bytes
from shared_code.sql.bulk import insert_rows
from shared_code.sql.lists import in_list
from shared_code.sql.types import new_identifier
from shared_code.storage.database import LEAVES_MESSAGES
from shared_code.storage.tables.messages import outbox_messages
from shared_code.trace_context import TRACEPARENT, current_traceparent

MAX_BODY_BYTES = 64 * 1024
"""The largest body of a message: larger content is stored, and the message refers to it."""


ATTEMPT: Final = "attempt"
"""The property that counts a message's attempts, from 1; each delayed copy is the next."""


class MessageTooLargeError(ForecastError):
    """A message whose body no broker would take; the change that it announces is not made either."""


class OutgoingMessage(Protocol):
    """What a message must say of itself to be kept."""

    @property
    def destination(self) -> str: ...  # noqa: D102
    @property
    def subject(self) -> str: ...  # noqa: D102
    @property
    def session_id(self) -> str: ...  # noqa: D102
    @property
    def dedup_id(self) -> str: ...  # noqa: D102
    @property
    def payload(self) -> Mapping[str, Any]: ...  # noqa: D102
    @property
    def properties(self) -> Mapping[str, Any]: ...  # noqa: D102
    @property
    def not_before(self) -> datetime | None: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class StoredMessage:
    """A message that waits to be sent; `payload` and `properties` are JSON texts."""

    message_id: str
    destination: str
    subject: str
    session_id: str
    dedup_id: str
    payload: str
    properties: str
    attempts: int


_COLUMNS = (
    "message_id",
    "destination",
    "subject",
    "session_id",
    "dedup_id",
    "payload",
    "properties",
    "created_at",
    "next_attempt_at",
)


def append(connection: Connection, messages: Iterable[OutgoingMessage], now: datetime) -> int:
    """Leave `messages` for the relay. One whose (destination, dedup id) is there already is the same message.

    They are first attempts unless they say otherwise, and carry the trace of the work that leaves them. Raises
    `MessageTooLargeError`.
    """
    wanted = {(message.destination, message.dedup_id): message for message in messages}
    if not wanted:
        return 0
    known = connection.execute(
        select(outbox_messages.c.destination, outbox_messages.c.dedup_id).where(
            in_list(outbox_messages.c.dedup_id, {dedup_id for _, dedup_id in wanted})
        )
    )
    for row in known:
        wanted.pop((row.destination, row.dedup_id), None)
    if any(message.not_before is None or message.not_before <= now for message in wanted.values()):
        connection.execution_options(**{LEAVES_MESSAGES: True})
    return insert_rows(
        connection,
        outbox_messages,
        _COLUMNS,
        (
            (
                new_identifier(),
                message.destination,
                message.subject,
                message.session_id,
                message.dedup_id,
                _body_of(message),
                json_bytes(_properties_of(message)).decode(),
                now,
                message.not_before or now,
            )
            for message in wanted.values()
        ),
    )


def _body_of(message: OutgoingMessage) -> str:
    body = json_bytes(message.payload)
    if len(body) > MAX_BODY_BYTES:
        raise MessageTooLargeError(
            f"The body of {message.subject} for {message.destination} has {len(body):,} bytes; a message holds at "
            f"most {MAX_BODY_BYTES:,}. Larger content is stored, and the message refers to it."
        )
    return body.decode()


def _properties_of(message: OutgoingMessage) -> Mapping[str, Any]:
    trace = current_traceparent()
    traced = {} if trace is None else {TRACEPARENT: trace}
    return {ATTEMPT: 1, **traced, **message.properties}


def due(connection: Connection, now: datetime, limit: int) -> list[StoredMessage]:
    """The oldest messages that may be sent now; of a session none that came after one that failed and waits."""
    unsent = outbox_messages.c.sent_at.is_(None)
    session = (outbox_messages.c.destination, outbox_messages.c.session_id)
    held_back = (
        select(*session, func.min(outbox_messages.c.created_at).label("since"))
        .where(unsent, outbox_messages.c.next_attempt_at > now, outbox_messages.c.attempts > 0)
        .group_by(*session)
        .subquery("held_back")
    )
    same_session = and_(*[held_back.c[column.name] == column for column in session])
    # Identifiers of one process grow with time as texts; SQL Server compares them otherwise.
    in_order = cast(outbox_messages.c.message_id, String(36))
    rows = connection.execute(
        select(*[outbox_messages.c[name] for name in StoredMessage.__slots__])
        .outerjoin(held_back, same_session)
        .where(unsent, outbox_messages.c.next_attempt_at <= now)
        .where(or_(held_back.c.since.is_(None), outbox_messages.c.created_at < held_back.c.since))
        .order_by(outbox_messages.c.created_at, in_order)
        .limit(limit)
    )
    return [StoredMessage(*row) for row in rows]


def mark_sent(connection: Connection, message_ids: Sequence[str], now: datetime) -> None:
    """The broker has these messages."""
    connection.execute(
        update(outbox_messages).where(in_list(outbox_messages.c.message_id, message_ids)).values(sent_at=now)
    )


def postpone(connection: Connection, message_ids: Sequence[str], until: datetime, error: str) -> None:
    """Sending failed; try again at `until` what has not been sent."""
    connection.execute(
        update(outbox_messages)
        .where(in_list(outbox_messages.c.message_id, message_ids), outbox_messages.c.sent_at.is_(None))
        .values(attempts=outbox_messages.c.attempts + 1, next_attempt_at=until, last_error=error[:1000])
    )


def forget_sent(connection: Connection, since: datetime, now: datetime) -> int:
    """Make due again what was sent at `since` or later; returns how many messages."""
    table = outbox_messages
    sent = table.c.sent_at >= since
    return connection.execute(update(table).where(sent).values(sent_at=None, next_attempt_at=now, attempts=0)).rowcount


def forget_failures(connection: Connection, now: datetime) -> None:
    """Make due what waits because sending it failed; what is to be sent later stays so."""
    table = outbox_messages
    failed = and_(table.c.sent_at.is_(None), table.c.attempts > 0)
    connection.execute(update(table).where(failed).values(next_attempt_at=now, attempts=0))


@dataclass(frozen=True, slots=True)
class Backlog:
    """Messages to one destination that have not been sent.

    `oldest_at` is when the oldest was written, `attempts` the most that one of them has behind it, `errors` the kinds
    of faults that the last attempts ended with.
    """

    destination: str
    messages: int
    oldest_at: datetime
    attempts: int
    next_attempt_at: datetime
    errors: tuple[str, ...]


def backlog(connection: Connection) -> list[Backlog]:
    """What waits to be sent, by destination."""
    table = outbox_messages
    rows = connection.execute(
        select(
            table.c.destination,
            table.c.last_error,
            func.count(),
            func.min(table.c.created_at),
            func.max(table.c.attempts),
            func.min(table.c.next_attempt_at),
        )
        .where(table.c.sent_at.is_(None))
        .group_by(table.c.destination, table.c.last_error)
        .order_by(table.c.destination, table.c.last_error)
    )
    return [
        Backlog(
            destination,
            sum(row[2] for row in parts),
            min(row[3] for row in parts),
            max(row[4] for row in parts),
            min(row[5] for row in parts),
            tuple(row[1] for row in parts if row[1]),
        )
        for destination, parts in ((name, list(group)) for name, group in groupby(rows, key=itemgetter(0)))
    ]
