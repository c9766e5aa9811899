"""The queue in the database as the local host pumps it.

Source: Data model, "Audit, messages, leases, cache".
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from shared_code.storage import embedded_queue
from shared_code.storage.database import Database
from shared_code.storage.embedded_queue import LockedMessage


@dataclass(frozen=True, slots=True)
class EmbeddedMessage:
    """A locked message with the members that a queue function sees."""

    locked: LockedMessage
    message_id: str
    session_id: str | None
    subject: str | None
    body: bytes
    delivery_count: int
    enqueued_at: datetime | None
    correlation_id: str | None
    properties: Mapping[str, object]


class EmbeddedStore:
    """Messages of the database's own queue; each call is a transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def receive(self, destination: str, now: datetime) -> EmbeddedMessage | None:
        """Lock the first due message of a session that nobody holds; None when there is none."""
        with self._database.reading() as connection:
            if not embedded_queue.has_due(connection, destination, now):
                return None
        with self._database.writing() as connection:
            locked = embedded_queue.receive(connection, destination, now)
        if locked is None:
            return None
        request_id = locked.properties.get("requestId")
        return EmbeddedMessage(
            locked,
            locked.message_id,
            locked.session_id,
            locked.subject,
            locked.body.encode(),
            locked.delivery_count,
            locked.enqueued_at,
            request_id if isinstance(request_id, str) else None,
            locked.properties,
        )

    def complete(self, message: EmbeddedMessage) -> None:
        """Remove the message: it has been worked off."""
        with self._database.writing() as connection:
            embedded_queue.complete(connection, message.locked)

    def abandon(self, message: EmbeddedMessage, reason: str) -> None:
        """Give the message back, or set it aside after its last delivery."""
        with self._database.writing() as connection:
            embedded_queue.abandon(connection, message.locked, reason)
