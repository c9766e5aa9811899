"""How long messages have been waiting.

Source: Operations, "Monitoring and alerts".
"""

from datetime import datetime

from sqlalchemy import Connection, func, select

from shared_code.storage.tables.messages import outbox_messages, queue_messages


def oldest_unsent(connection: Connection, now: datetime) -> datetime | None:
    """When the oldest message was written that has not been sent although it was to be sent by `now`.

    A message that is to be sent later does not wait.
    """
    waits = outbox_messages.c.sent_at.is_(None) & (
        (outbox_messages.c.next_attempt_at <= now) | (outbox_messages.c.attempts > 0)
    )
    found: datetime | None = connection.scalar(select(func.min(outbox_messages.c.created_at)).where(waits))
    return found


def oldest_queued(connection: Connection, now: datetime) -> datetime | None:
    """When the oldest message came into the queue of the database that nobody has taken although anybody could."""
    waits = ~queue_messages.c.is_dead_letter & (queue_messages.c.visible_at <= now)
    found: datetime | None = connection.scalar(select(func.min(queue_messages.c.enqueued_at)).where(waits))
    return found
