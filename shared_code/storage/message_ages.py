"""How long messages have been waiting.

Source: Operations, "Monitoring and alerts".
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Select, String, exists, func, literal, select, union_all

from shared_code.sql.lists import in_list
from shared_code.storage.tables.messages import outbox_messages, processed_messages, queue_messages


def unsent(connection: Connection, now: datetime) -> tuple[int, datetime | None]:
    """How many messages wait to be sent that were to be sent by `now`, and when the oldest of them was written.

    A message that is to be sent later does not wait.
    """
    waits = outbox_messages.c.sent_at.is_(None) & (
        (outbox_messages.c.next_attempt_at <= now) | (outbox_messages.c.attempts > 0)
    )
    count, oldest = connection.execute(select(func.count(), func.min(outbox_messages.c.created_at)).where(waits)).one()
    return count, oldest


def oldest_by_queue(connection: Connection, now: datetime) -> dict[str, datetime]:
    """When the oldest message came into each queue of the database that nobody has taken although anybody could."""
    waits = ~queue_messages.c.is_dead_letter & (queue_messages.c.visible_at <= now)
    found = connection.execute(
        select(queue_messages.c.destination, func.min(queue_messages.c.enqueued_at))
        .where(waits)
        .group_by(queue_messages.c.destination)
    )
    return {row[0]: row[1] for row in found}


@dataclass(frozen=True, slots=True)
class Consumer:
    """Who works off messages: `name` as the inbox has it, and which messages of `destination` are its own.

    `subject` None means any; of `properties` each must be in the message as it stands here.
    """

    name: str
    destination: str
    subject: str | None = None
    properties: tuple[tuple[str, str], ...] = ()


def oldest_sent(
    connection: Connection, consumers: Sequence[Consumer], since: datetime, gone: Mapping[str, Collection[str]]
) -> dict[str, datetime]:
    """When the oldest message was sent that its consumer has not handled yet, of those sent after `since`.

    `gone` are the ids of messages that a consumer will never get, by its name.
    """
    oldest = union_all(*[_oldest_of(consumer, since, gone.get(consumer.name, ())) for consumer in consumers])
    return {row[0]: row[1] for row in connection.execute(oldest) if row[1] is not None}


def _oldest_of(consumer: Consumer, since: datetime, gone: Collection[str]) -> Select[str, datetime]:
    sent, handled = outbox_messages.c, processed_messages.c
    is_handled = exists(select(1).where(handled.consumer == consumer.name, handled.message_id == sent.dedup_id))
    waits = [sent.destination == consumer.destination, sent.sent_at > since, ~is_handled]
    if consumer.subject is not None:
        waits.append(sent.subject == consumer.subject)
    waits += [sent.properties.contains(f'"{name}":"{value}"') for name, value in consumer.properties]
    if gone:
        waits.append(~in_list(sent.dedup_id, gone))
    return select(literal(consumer.name, String(60)), func.min(sent.sent_at)).where(*waits)
