"""Two brokers behind one face: the queue in the database, and azure-servicebus against a real AMQP peer."""

import json
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Any

from azure.servicebus import NEXT_AVAILABLE_SESSION, ServiceBusClient, ServiceBusSubQueue
from azure.servicebus.exceptions import OperationTimeoutError

from shared_code.messaging.message import (
    PL_REFRESH,
    Message,
    Subscription,
)
from shared_code.messaging.relay import relay
from shared_code.messaging.service_bus import ServiceBus, service_bus
from shared_code.services.outbox_relay import EmbeddedCourier, ServiceBusCourier
from shared_code.settings import Settings
from shared_code.storage import embedded_queue, outbox
from tests.support.operational import SteppedDatabase
from tests.support.service_bus_emulator import Emulator


@dataclass
class Delivery:
    """A message in the hands of a consumer."""

    message_id: str
    subject: str
    session_id: str
    correlation_id: str | None
    body: dict[str, Any]
    properties: dict[str, Any]
    count: int
    held: Any = field(repr=False)


class Broker(ABC):
    """What the product needs of a broker, as a consumer sees it."""

    courier: EmbeddedCourier

    @abstractmethod
    def receive(self, source: str | Subscription) -> Delivery | None:
        """The next message of the next free session; None when there is none."""

    @abstractmethod
    def complete(self, delivery: Delivery) -> None: ...

    @abstractmethod
    def abandon(self, delivery: Delivery) -> None: ...

    @abstractmethod
    def dead_letters(self, queue: str) -> list[str]:
        """The ids of the messages that were given up."""

    def work_off(self, source: str | Subscription) -> list[str]:
        """The ids of all messages there are, each completed."""
        done = []
        while delivery := self.receive(source):
            done.append(delivery.message_id)
            self.complete(delivery)
        return done


class EmbeddedBroker(Broker):
    """The queue in the database."""

    def __init__(self, database: SteppedDatabase) -> None:
        self.database = database
        self.courier = EmbeddedCourier(database)

    def receive(self, source: str | Subscription) -> Delivery | None:
        name = source if isinstance(source, str) else source.source
        with self.database.writing() as connection:
            locked = embedded_queue.receive(connection, name, self.database.clock.now())
        if locked is None:
            return None
        return Delivery(
            locked.message_id,
            locked.subject,
            locked.session_id,
            str(locked.properties.get("requestId")),
            json.loads(locked.body),
            locked.properties,
            locked.delivery_count,
            locked,
        )

    def complete(self, delivery: Delivery) -> None:
        with self.database.writing() as connection:
            assert embedded_queue.complete(connection, delivery.held)

    def abandon(self, delivery: Delivery) -> None:
        with self.database.writing() as connection:
            embedded_queue.abandon(connection, delivery.held, "test")

    def dead_letters(self, queue: str) -> list[str]:
        with self.database.reading() as connection:
            rows = connection.exec_driver_sql(
                "SELECT message_id FROM queue_messages WHERE is_dead_letter = 1 AND destination = ?", (queue,)
            )
            return [row[0] for row in rows]


class AzureBroker(Broker):
    """azure-servicebus, unmodified, against the emulator."""

    def __init__(self, database: SteppedDatabase, emulator: Emulator) -> None:
        bus = service_bus(Settings(servicebus=emulator.connection_string))
        assert bus is not None
        self.bus: ServiceBus = bus
        self.courier = ServiceBusCourier(database, bus)
        self.client = ServiceBusClient.from_connection_string(emulator.connection_string, retry_total=0)

    def close(self) -> None:
        self.bus.close()
        self.client.close()

    def receive(self, source: str | Subscription) -> Delivery | None:
        options: dict[str, Any] = {"max_wait_time": 1}
        if isinstance(source, str):
            receiver = self.client.get_queue_receiver(source, session_id=NEXT_AVAILABLE_SESSION, **options)
        else:
            if source.has_sessions:
                options["session_id"] = NEXT_AVAILABLE_SESSION
            receiver = self.client.get_subscription_receiver(source.topic, source.name, **options)
        try:
            found = receiver.receive_messages(max_message_count=1, max_wait_time=1)
        except OperationTimeoutError:
            found = []
        if not found:
            receiver.close()
            return None
        message = found[0]
        text = {_text(name): _text(value) for name, value in (message.application_properties or {}).items()}
        return Delivery(
            str(message.message_id),
            str(message.subject),
            str(message.session_id),
            message.correlation_id,
            json.loads(b"".join(message.body)),
            text,
            (message.delivery_count or 0) + 1,
            (receiver, message),
        )

    def complete(self, delivery: Delivery) -> None:
        receiver, message = delivery.held
        receiver.complete_message(message)
        receiver.close()

    def abandon(self, delivery: Delivery) -> None:
        receiver, message = delivery.held
        receiver.abandon_message(message)
        receiver.close()

    def work_off(self, source: str | Subscription) -> list[str]:
        """As a host does: a session is kept until nothing more comes."""
        done = []
        while delivery := self.receive(source):
            done.append(delivery.message_id)
            receiver, message = delivery.held
            receiver.complete_message(message)
            while more := receiver.receive_messages(max_message_count=50, max_wait_time=0.5):
                for message in more:
                    done.append(str(message.message_id))
                    receiver.complete_message(message)
            receiver.close()
        return done

    def dead_letters(self, queue: str) -> list[str]:
        with self.client.get_queue_receiver(queue, sub_queue=ServiceBusSubQueue.DEAD_LETTER, max_wait_time=1) as dead:
            return [str(message.message_id) for message in dead.peek_messages(max_message_count=100)]


def _text(value: object) -> str:
    """A value of AMQP, which knows texts and bytes."""
    return value.decode() if isinstance(value, bytes) else str(value)


def wish(dedup_id: str, site: str = "TP001", queue: str = PL_REFRESH, **properties: str) -> Message:
    body = {"siteId": site, "period": "2025", "requestId": "req_1"}
    return Message(
        queue, "RefreshRequested", site, dedup_id, body, {"siteId": site, "requestId": "req_1", **properties}
    )


def send(broker: Broker, database: SteppedDatabase, *messages: Message) -> int:
    """Leave messages in the outbox and relay them."""
    with database.writing() as connection:
        outbox.append(connection, messages, database.clock.now())
    return relay(broker.courier)
