"""A message in the hands of its consumer.

Source: Data model, "Audit, messages, leases, cache" (inbox).
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from sqlalchemy import Connection

from shared_code.messaging.contracts import Body
from shared_code.storage import inbox

BodyT = TypeVar("BodyT", bound=Body)


@dataclass(frozen=True, slots=True)
class Delivery(Generic[BodyT]):
    """One delivery: the queue or subscription that it came from, the sender's id, and its body."""

    source: str
    message_id: str
    body: BodyT

    def record(self, connection: Connection, now: datetime, outcome: str = "done") -> None:
        """Write down that the message has had its effect, in the transaction of that effect.

        A second insert is refused by the key, and the effect with it.
        """
        inbox.record(connection, self.source, self.message_id, outcome, now)
