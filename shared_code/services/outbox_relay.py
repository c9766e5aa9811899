"""What is in the outbox goes to Service Bus, or to the queue in the database where none is configured.

Outbox and embedded queue stand in one database, so a message moves from one to the other in one transaction. Service
Bus is told first and the outbox marked afterwards: a message that was sent twice is dropped by its id. None of these
writes waits for the disk: what a power cut undoes is sent once more.

Source: Operations, "Flow"; Data model, "Audit, messages, leases, cache".
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import Connection

from shared_code.messaging.message import QUEUES, SUBSCRIPTIONS
from shared_code.messaging.relay import next_attempt, relay
from shared_code.messaging.service_bus import ServiceBus
from shared_code.services.held_lease import LeaseLostError, held
from shared_code.services.runtime import Runtime
from shared_code.sql.transient import retry_use_case
from shared_code.storage import audit, embedded_queue, leases, outbox
from shared_code.storage.audit import AuditEntry
from shared_code.storage.database import Database
from shared_code.storage.outbox import Backlog, StoredMessage

Confirm = Callable[[Connection], None]

LEASE: Final = "job:outbox_relay"
LEASE_TTL_S: Final = 60

LIMIT: Final = timedelta(minutes=1)
"""How long one relay may take; the next goes on where it ended."""


class EmbeddedCourier:
    """Outbox and queue of one database. A topic's message goes to each subscription that wants it.

    `confirm` is called in every transaction that marks messages as sent, and raises where that is not this courier's
    to do any more.
    """

    def __init__(self, database: Database, confirm: Confirm = lambda _: None) -> None:
        self._database = database
        self._confirm = confirm

    def due(self, limit: int) -> list[StoredMessage]:
        """The oldest messages that may be sent now."""
        with self._database.reading() as connection:
            return outbox.due(connection, self._database.clock.now(), limit)

    def deliver(self, messages: Sequence[StoredMessage]) -> None:
        """Move `messages` into their queues."""
        with self._database.writing_lightly() as connection:
            now = self._database.clock.now()
            self._confirm(connection)
            embedded_queue.enqueue(connection, [one for message in messages for one in _deliveries(message)], now)
            outbox.mark_sent(connection, [message.message_id for message in messages], now)

    def postpone(self, messages: Sequence[StoredMessage], error: Exception) -> None:
        """Let them wait for their next attempt; only the kind of the error is kept.

        Whoever has lost the lease leaves them as they are: nothing is wrong with them, and they are another's to send.
        """
        if isinstance(error, LeaseLostError):
            return
        with self._database.writing_lightly() as connection:
            until = next_attempt(max(message.attempts for message in messages) + 1, self._database.clock.now())
            outbox.postpone(connection, [message.message_id for message in messages], until, type(error).__name__)


class ServiceBusCourier(EmbeddedCourier):
    """The outbox and a Service Bus namespace."""

    def __init__(self, database: Database, broker: ServiceBus, confirm: Confirm = lambda _: None) -> None:
        super().__init__(database, confirm)
        self._broker = broker

    def deliver(self, messages: Sequence[StoredMessage]) -> None:
        """Send `messages`; each batch that the broker took is marked at once."""
        self._broker.send(messages, self._mark_sent)

    def _mark_sent(self, sent: Sequence[Any]) -> None:
        with self._database.writing_lightly() as connection:
            self._confirm(connection)
            outbox.mark_sent(connection, [message.message_id for message in sent], self._database.clock.now())


def _deliveries(message: StoredMessage) -> list[StoredMessage]:
    """Where a message goes: to its queue, or to every subscription of its topic that wants it."""
    if message.destination in QUEUES:
        return [message]
    properties = json.loads(message.properties)
    return [
        replace(
            message,
            destination=subscription.source,
            session_id=message.session_id if subscription.has_sessions else message.dedup_id,
        )
        for subscription in SUBSCRIPTIONS
        if subscription.topic == message.destination and subscription.wants(message.subject, properties)
    ]


def courier_of(runtime: Runtime, confirm: Confirm) -> EmbeddedCourier:
    """The courier that the settings call for."""
    database, broker = runtime.database, runtime.service_bus
    return EmbeddedCourier(database, confirm) if broker is None else ServiceBusCourier(database, broker, confirm)


def relay_outbox(runtime: Runtime) -> int:
    """Send what is due, for a minute at most; returns how many messages went out, 0 while another process is sending.

    Raises `LeaseLostError` when another process took over after this one had been held up for long.
    """
    with runtime.database.reading() as connection:
        if not outbox.due(connection, runtime.clock.now(), 1):
            return 0
    with held(runtime.database, LEASE, LEASE_TTL_S) as lease:
        if lease is None:
            return 0
        ends_at = runtime.clock.now() + LIMIT

        def may_go_on() -> bool:
            lease.renew_when_due()
            return runtime.clock.now() < ends_at

        return relay(courier_of(runtime, lease.confirm), may_go_on=may_go_on)


def unsent(runtime: Runtime) -> list[Backlog]:
    """What waits in the outbox, by destination."""
    with runtime.database.reading() as connection:
        return outbox.backlog(connection)


def send_again(runtime: Runtime, age: timedelta, *, by: str) -> int:
    """Let all that was sent since `age` ago be sent once more, after the broker has lost what it held; how many.

    The broker is back: what it did not take waits no longer either. What was handled already is known by its message
    id and has no effect. A relay under way loses its lease, so that what it gave to the lost broker is not noted as
    sent after this. Audited.

    Source: Operations, "Backup, restore, continuity".
    """

    def attempt() -> int:
        with runtime.database.writing() as connection:
            now = runtime.clock.now()
            leases.take_away(connection, LEASE)
            number = outbox.forget_sent(connection, now - age, now)
            outbox.forget_failures(connection, now)
            sentence = f"{number} messages sent since {now - age:%Y-%m-%d %H:%M} UTC are sent again"
            entry = AuditEntry(user_id=by, module="outbox", item_key="resend", source="system", new_value=sentence)
            audit.add_entries(connection, [entry], now)
        return number

    return retry_use_case(attempt)
