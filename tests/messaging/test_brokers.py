"""One contract, two brokers: the queue in the database, and azure-servicebus against a real AMQP peer."""

import gc
import json
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from azure.servicebus import NEXT_AVAILABLE_SESSION, ServiceBusClient, ServiceBusSubQueue
from azure.servicebus.exceptions import OperationTimeoutError

from shared_code.messaging.message import (
    ALERTS,
    FORECASTING_EVENTS,
    PAYROLL_CALCULATE,
    PL_REFRESH,
    STATISTICS_EVENTS,
    TREND,
    Message,
    Subscription,
)
from shared_code.messaging.relay import relay
from shared_code.messaging.service_bus import ServiceBus, service_bus
from shared_code.services.outbox_relay import EmbeddedCourier, ServiceBusCourier
from shared_code.settings import Settings
from shared_code.storage import embedded_queue, outbox
from shared_code.storage.embedded_queue import LOCK
from tests.support.operational import SteppedDatabase, operational_database
from tests.support.service_bus_emulator import Emulator, reason_to_skip


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


@pytest.fixture
def database(tmp_path: Path) -> Iterator[SteppedDatabase]:
    with operational_database(tmp_path) as database:
        yield database


@pytest.fixture(params=["embedded", "azure"])
def broker(request: pytest.FixtureRequest, database: SteppedDatabase, tmp_path: Path) -> Iterator[Broker]:
    if request.param == "embedded":
        yield EmbeddedBroker(database)
        return
    if (reason := reason_to_skip()) is not None:
        pytest.skip(reason)
    emulator = Emulator(tmp_path)
    azure = AzureBroker(database, emulator)
    yield azure
    azure.close()
    emulator.kill()


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


def test_a_message_arrives_with_everything_it_says_of_itself(broker: Broker, database: SteppedDatabase) -> None:
    assert send(broker, database, wish("a")) == 1

    got = broker.receive(PL_REFRESH)

    assert got is not None
    assert (got.message_id, got.subject, got.session_id) == ("a", "RefreshRequested", "TP001")
    assert (got.correlation_id, got.count) == ("req_1", 1)
    assert got.body == {"siteId": "TP001", "period": "2025", "requestId": "req_1"}
    assert got.properties == {"siteId": "TP001", "requestId": "req_1"}
    broker.complete(got)
    assert broker.receive(PL_REFRESH) is None


def test_messages_of_a_site_stay_in_order(broker: Broker, database: SteppedDatabase) -> None:
    names = [f"m{number:02}" for number in range(30)]
    send(broker, database, *[wish(name) for name in names])
    assert broker.work_off(PL_REFRESH) == names


def test_a_site_is_in_one_pair_of_hands(broker: Broker, database: SteppedDatabase) -> None:
    send(broker, database, wish("a1"), wish("a2"), wish("b1", "TP002"))
    first, second = broker.receive(PL_REFRESH), broker.receive(PL_REFRESH)
    assert first is not None
    assert second is not None
    assert {first.session_id, second.session_id} == {"TP001", "TP002"}
    assert broker.receive(PL_REFRESH) is None
    broker.complete(first)
    broker.complete(second)
    assert broker.work_off(PL_REFRESH) == ["a2"]


def test_queues_are_apart(broker: Broker, database: SteppedDatabase) -> None:
    send(broker, database, wish("a"), wish("a", queue=PAYROLL_CALCULATE))
    assert broker.work_off(PAYROLL_CALCULATE) == ["a"]
    assert broker.work_off(PL_REFRESH) == ["a"]


def test_the_same_message_sent_again_is_dropped(broker: Broker, database: SteppedDatabase) -> None:
    send(broker, database, wish("a"))
    with database.writing() as connection:
        connection.exec_driver_sql("UPDATE outbox_messages SET sent_at = NULL")
    assert relay(broker.courier) == 1, "as after a crash between sending and marking"
    assert broker.work_off(PL_REFRESH) == ["a"]


def test_an_abandoned_message_comes_again_and_is_given_up_in_the_end(broker: Broker, database: SteppedDatabase) -> None:
    send(broker, database, wish("a"), wish("b"))
    counts = []
    for _ in range(5):
        delivery = broker.receive(PL_REFRESH)
        assert delivery is not None
        assert delivery.message_id == "a"
        counts.append(delivery.count)
        broker.abandon(delivery)
    assert counts == [1, 2, 3, 4, 5]
    assert broker.dead_letters(PL_REFRESH) == ["a"]
    assert broker.work_off(PL_REFRESH) == ["b"], "what came after it is not lost"


def test_a_message_for_later_is_not_delivered_before(broker: Broker, database: SteppedDatabase) -> None:
    later = Message(
        PL_REFRESH, "RefreshRequested", "TP001", "a:r1", {}, not_before=database.clock.now() + timedelta(seconds=30)
    )
    assert send(broker, database, later) == 0
    assert broker.receive(PL_REFRESH) is None
    database.clock.moment += timedelta(seconds=30)
    assert relay(broker.courier) == 1
    assert broker.work_off(PL_REFRESH) == ["a:r1"]


def refreshed(dedup_id: str, severity: str | None) -> Message:
    properties = {"siteId": "TP001", "requestId": "req_1"} | ({} if severity is None else {"severity": severity})
    return Message(FORECASTING_EVENTS, "PLViewRefreshed", "TP001", dedup_id, {"siteId": "TP001"}, properties)


def test_a_subscription_receives_what_its_filter_wants(broker: Broker, database: SteppedDatabase) -> None:
    loaded = Message(FORECASTING_EVENTS, "ActualsLoaded", "TP001", "d", {}, {"severity": "high"})
    messages: Sequence[Message] = [refreshed("a", "high"), refreshed("b", "low"), refreshed("c", None), loaded]
    assert send(broker, database, *messages) == 4
    assert broker.work_off(ALERTS) == ["a"]


def test_subscribers_of_a_topic_in_order_of_the_site(broker: Broker, database: SteppedDatabase) -> None:
    updated = [Message(STATISTICS_EVENTS, "StatisticsUpdated", "TP001", f"s{number}", {}) for number in range(3)]
    send(broker, database, *updated)
    assert broker.work_off(TREND) == ["s0", "s1", "s2"]


def test_large_batches_are_divided(broker: Broker, database: SteppedDatabase) -> None:
    body = {"text": "x" * 60_000}
    messages = [Message(PL_REFRESH, "RefreshRequested", "TP001", f"m{number:02}", body) for number in range(20)]
    assert send(broker, database, *messages) == 20
    assert broker.work_off(PL_REFRESH) == [message.dedup_id for message in messages]


def test_a_lock_that_runs_out_gives_the_message_to_the_next(database: SteppedDatabase) -> None:
    broker = EmbeddedBroker(database)
    send(broker, database, wish("a"))
    assert broker.receive(PL_REFRESH) is not None
    database.clock.moment += LOCK
    again = broker.receive(PL_REFRESH)
    assert again is not None
    assert again.count == 2


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_broker_that_dies_loses_nothing_and_the_sender_comes_back(database: SteppedDatabase, tmp_path: Path) -> None:
    if (reason := reason_to_skip()) is not None:
        pytest.skip(reason)
    emulator = Emulator(tmp_path)
    broker = AzureBroker(database, emulator)
    assert send(broker, database, wish("before")) == 1
    emulator.kill()
    assert send(broker, database, wish("a"), wish("b")) == 0
    with database.reading() as connection:
        rows = connection.exec_driver_sql("SELECT attempts, sent_at FROM outbox_messages WHERE dedup_id <> 'before'")
        assert [tuple(row) for row in rows] == [(1, None), (1, None)]
    emulator.start()
    database.clock.moment += timedelta(seconds=5)
    assert relay(broker.courier) == 2
    broker.close()
    fresh = AzureBroker(database, emulator)
    assert fresh.work_off(PL_REFRESH) == ["a", "b"]
    fresh.close()
    emulator.kill()
    gc.collect()  # the SDK leaves the socket of a refused connection open; it is to be complained of here
