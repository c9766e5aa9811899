"""Messages that have been handled: the insert belongs to the transaction of their effect.

Source: Data model, "Audit, messages, leases, cache".
"""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection, insert, select

from shared_code.sql.bulk import insert_rows
from shared_code.sql.lists import in_list
from shared_code.storage.tables.messages import poison_messages, processed_messages


def is_processed(connection: Connection, consumer: str, message_id: str) -> bool:
    """Whether this consumer has had its effect of this message already."""
    return (
        connection.execute(
            select(processed_messages.c.message_id).where(
                processed_messages.c.consumer == consumer, processed_messages.c.message_id == message_id
            )
        ).first()
        is not None
    )


def record(connection: Connection, consumer: str, message_id: str, outcome: str, now: datetime) -> None:
    """Write down that the message has been handled; a second insert is refused by the key."""
    connection.execute(
        insert(processed_messages).values(consumer=consumer, message_id=message_id, processed_at=now, outcome=outcome)
    )


def record_removed(connection: Connection, consumer: str, message_ids: Iterable[str], now: datetime) -> None:
    """Write down that these messages will not be handled: an operator has taken them away from their consumer."""
    wanted = set(message_ids)
    known = connection.scalars(
        select(processed_messages.c.message_id).where(
            processed_messages.c.consumer == consumer, in_list(processed_messages.c.message_id, wanted)
        )
    )
    wanted -= set(known)
    columns = ("consumer", "message_id", "processed_at", "outcome")
    insert_rows(connection, processed_messages, columns, ((consumer, one, now, "skipped") for one in sorted(wanted)))


def record_poison(
    connection: Connection,
    *,
    destination: str,
    message_id: str,
    subject: str | None,
    body: str,
    reason_code: str,
    detail: str,
    delivery_count: int,
    now: datetime,
) -> None:
    """Keep a message that can never succeed, with its reason."""
    connection.execute(
        insert(poison_messages).values(
            destination=destination,
            message_id=message_id,
            subject=subject,
            body=body,
            reason_code=reason_code,
            detail=detail[:1000],
            delivery_count=delivery_count,
            stored_at=now,
        )
    )
