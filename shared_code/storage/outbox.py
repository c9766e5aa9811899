"""Messages that a transaction leaves behind: they commit with the change that they announce.

Source: Data model, "Audit, messages, leases, cache"; Operations, "Flow".
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import Connection, String, and_, cast, func, or_, select, update

from shared_code.json_text import json_bytes
from shared_code.sql.bulk import insert_rows
from shared_code.sql.lists import in_list
from shared_code.sql.types import new_identifier
from shared_code.storage.tables.messages import outbox_messages


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
    """Leave `messages` for the relay. One whose (destination, dedup id) is there already is the same message."""
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
                json_bytes(message.payload).decode(),
                json_bytes(message.properties).decode(),
                now,
                message.not_before or now,
            )
            for message in wanted.values()
        ),
    )


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
    """Sending failed; try again at `until`."""
    connection.execute(
        update(outbox_messages)
        .where(in_list(outbox_messages.c.message_id, message_ids))
        .values(attempts=outbox_messages.c.attempts + 1, next_attempt_at=until, last_error=error[:1000])
    )
