"""What is in the outbox goes to the queue in the database.

Both stand in one database, so a message moves from one to the other in one transaction.

Source: Operations, "Flow"; Data model, "Audit, messages, leases, cache".
"""

from collections.abc import Sequence

from shared_code.messaging.message import QUEUES
from shared_code.messaging.relay import next_attempt, relay
from shared_code.services.held_lease import held
from shared_code.services.runtime import Runtime
from shared_code.storage import embedded_queue, outbox
from shared_code.storage.database import Database
from shared_code.storage.outbox import StoredMessage

LEASE_TTL_S = 60


class EmbeddedCourier:
    """Outbox and queue of one database. Topics have no subscribers here: their messages count as sent."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def due(self, limit: int) -> list[StoredMessage]:
        """The oldest messages that may be sent now."""
        with self._database.reading() as connection:
            return outbox.due(connection, self._database.clock.now(), limit)

    def deliver(self, messages: Sequence[StoredMessage]) -> None:
        """Move `messages` into their queues."""
        with self._database.writing() as connection:
            now = self._database.clock.now()
            embedded_queue.enqueue(connection, [m for m in messages if m.destination in QUEUES], now)
            outbox.mark_sent(connection, [message.message_id for message in messages], now)

    def postpone(self, messages: Sequence[StoredMessage], error: Exception) -> None:
        """Let them wait for their next attempt; only the kind of the error is kept."""
        with self._database.writing() as connection:
            until = next_attempt(max(message.attempts for message in messages) + 1, self._database.clock.now())
            outbox.postpone(connection, [message.message_id for message in messages], until, type(error).__name__)


def relay_outbox(runtime: Runtime) -> int:
    """Send what is due; returns how many messages went out, 0 while another process is sending."""
    courier = EmbeddedCourier(runtime.database)
    if not courier.due(1):
        return 0
    with held(runtime.database, "job:outbox_relay", LEASE_TTL_S) as lease:
        return 0 if lease is None else relay(courier)
