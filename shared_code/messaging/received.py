"""A message as a handler receives it, from Service Bus or from the embedded queue.

Source: Operations, "Message form".
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class ReceivedMessage:
    """One delivery of one message.

    `message_id` is the sender's (the outbox row's `dedup_id`), `subject` the type of the event or request, `body` its
    bytes as sent (JSON, not yet read), `delivery_count` 1 at the first delivery, `enqueued_at` in UTC with its zone,
    `correlation_id` the id of the request that caused it, `properties` the application properties.
    """

    message_id: str
    session_id: str | None
    subject: str | None
    body: bytes
    delivery_count: int
    enqueued_at: datetime | None
    correlation_id: str | None
    properties: Mapping[str, object]
