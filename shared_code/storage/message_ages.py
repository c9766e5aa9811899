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
    return unsent(connection, now)[1]


def unsent(connection: Connection, now: datetime) -> tuple[int, datetime | None]:
    """How many messages wait to be sent, and when the oldest of them was written."""
    waits = outbox_messages.c.sent_at.is_(None) & (
        (outbox_messages.c.next_attempt_at <= now) | (outbox_messages.c.attempts > 0)
    )
    count, oldest = connection.execute(select(func.count(), func.min(outbox_messages.c.created_at)).where(waits)).one()
    return count, oldest


def oldest_queued(connection: Connection, now: datetime) -> datetime | None:
    """When the oldest message came into the queue of the database that nobody has taken although anybody could."""
    return min(oldest_by_queue(connection, now).values(), default=None)


def oldest_by_queue(connection: Connection, now: datetime) -> dict[str, datetime]:
    """`oldest_queued` of every queue of the database in which a message waits."""
    waits = ~queue_messages.c.is_dead_letter & (queue_messages.c.visible_at <= now)
    found = connection.execute(
        select(queue_messages.c.destination, func.min(queue_messages.c.enqueued_at))
        .where(waits)
        .group_by(queue_messages.c.destination)
    )
    return {row[0]: row[1] for row in found}
