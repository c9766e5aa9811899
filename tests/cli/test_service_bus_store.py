"""The local host on Service Bus, against a real AMQP peer."""

import gc
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from azure.servicebus import ServiceBusClient, ServiceBusMessage

from cli.host.service_bus_store import BrokeredMessage, ServiceBusStore
from shared_code.messaging.message import ALERTS, FORECASTING_EVENTS, PL_REFRESH
from shared_code.messaging.service_bus import client_of
from shared_code.settings import Settings
from tests.support.service_bus_emulator import Emulator, reason_to_skip

pytestmark = pytest.mark.skipif(reason_to_skip() is not None, reason=str(reason_to_skip()))

NOW = datetime(2025, 6, 10, 12, tzinfo=UTC)


@pytest.fixture
def emulator(tmp_path: Path) -> Iterator[Emulator]:
    emulator = Emulator(tmp_path)
    yield emulator
    emulator.kill()


@pytest.fixture
def store(emulator: Emulator) -> Iterator[ServiceBusStore]:
    open_client = client_of(Settings(servicebus=emulator.connection_string))
    assert open_client is not None
    store = ServiceBusStore(open_client)
    yield store
    store.close()


def send(emulator: Emulator, *message_ids: str, site: str = "TP001") -> None:
    with (
        ServiceBusClient.from_connection_string(emulator.connection_string) as client,
        client.get_queue_sender(PL_REFRESH) as sender,
    ):
        for message_id in message_ids:
            message = ServiceBusMessage(
                b"{}",
                message_id=message_id,
                session_id=site,
                subject="RefreshRequested",
                correlation_id="req_1",
                application_properties={"siteId": site, "attempt": 2},
            )
            sender.send_messages(message)


def received(store: ServiceBusStore, source: str = PL_REFRESH, within_s: float = 15) -> BrokeredMessage:
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        if message := store.receive(source, NOW):
            return message
        time.sleep(0.02)
    raise AssertionError("no message came")


def test_messages_of_a_session_come_one_after_the_other_with_all_they_say_of_themselves(
    emulator: Emulator, store: ServiceBusStore
) -> None:
    send(emulator, "a", "b")
    first = received(store)
    assert (first.message_id, first.session_id, first.subject, first.body) == ("a", "TP001", "RefreshRequested", b"{}")
    assert (first.correlation_id, first.properties) == ("req_1", {"siteId": "TP001", "attempt": 2})
    assert first.delivery_count == 1
    time.sleep(0.3)
    assert store.receive(PL_REFRESH, NOW) is None, "the second waits until the first is settled"
    store.complete(first)
    assert received(store).message_id == "b"


def test_a_message_that_is_given_back_comes_again(emulator: Emulator, store: ServiceBusStore) -> None:
    send(emulator, "a")
    store.abandon(received(store), "test")
    again = received(store)
    assert (again.message_id, again.delivery_count) == ("a", 2)


def test_two_sites_do_not_wait_for_one_another(emulator: Emulator, store: ServiceBusStore) -> None:
    send(emulator, "a")
    send(emulator, "b", site="TP002")
    assert {received(store).message_id, received(store).message_id} == {"a", "b"}


def test_a_subscription_without_sessions_is_listened_to(emulator: Emulator, store: ServiceBusStore) -> None:
    with (
        ServiceBusClient.from_connection_string(emulator.connection_string) as client,
        client.get_topic_sender(FORECASTING_EVENTS) as sender,
    ):
        message = ServiceBusMessage(b"{}", message_id="e", subject="PLViewRefreshed")
        message.application_properties = {"severity": "high"}
        sender.send_messages(message)
    assert received(store, ALERTS.source).message_id == "e"


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning")
def test_a_broker_that_comes_back_is_listened_to_again(emulator: Emulator, store: ServiceBusStore) -> None:
    send(emulator, "a")
    store.complete(received(store))
    emulator.kill()
    emulator.start()
    send(emulator, "b")
    assert received(store, within_s=40).message_id == "b"
    store.close()
    gc.collect()  # the SDK leaves the socket of a refused connection open; it is to be complained of here
