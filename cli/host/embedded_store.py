"""The queue in the database as the local host pumps it.

That a message was taken or worked off may be forgotten in a power cut: it comes again, and its consumer knows it.

Source: Data model, "Audit, messages, leases, cache".
"""

from dataclasses import dataclass
from datetime import datetime

from shared_code.messaging.received import ReceivedMessage
from shared_code.services.delivery_rules import rules_of
from shared_code.storage import embedded_queue
from shared_code.storage.database import Database
from shared_code.storage.embedded_queue import LockedMessage


@dataclass(frozen=True, slots=True)
class EmbeddedMessage(ReceivedMessage):
    """A message as a queue function sees it, and the lock on it."""

    locked: LockedMessage


class EmbeddedStore:
    """Messages of the database's own queue; each call is a transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def receive(self, destination: str, now: datetime) -> EmbeddedMessage | None:
        """Lock the first due message of a session that nobody holds; None when there is none."""
        with self._database.reading() as connection:
            if not embedded_queue.has_due(connection, destination, now):
                return None
        with self._database.writing_lightly() as connection:
            locked = embedded_queue.receive(connection, destination, now, rules_of(destination))
        if locked is None:
            return None
        request_id = locked.properties.get("requestId")
        return EmbeddedMessage(
            locked.message_id,
            locked.session_id,
            locked.subject,
            locked.body.encode(),
            locked.delivery_count,
            locked.enqueued_at,
            request_id if isinstance(request_id, str) else None,
            locked.properties,
            locked,
        )

    def complete(self, message: EmbeddedMessage) -> None:
        """Remove the message: it has been worked off."""
        with self._database.writing_lightly() as connection:
            embedded_queue.complete(connection, message.locked)

    def abandon(self, message: EmbeddedMessage, reason: str) -> None:
        """Give the message back, or set it aside after its last delivery."""
        with self._database.writing_lightly() as connection:
            embedded_queue.abandon(connection, message.locked, reason)
