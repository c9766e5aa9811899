"""A queue or topic that takes no message holds up nobody but its own: it may be gone, full or not permitted."""

from datetime import timedelta
from threading import Event, Thread
from typing import Any

import pytest
from azure.servicebus import ServiceBusMessageBatch
from azure.servicebus.exceptions import (
    MessagingEntityNotFoundError,
    ServiceBusAuthorizationError,
    ServiceBusConnectionError,
    ServiceBusError,
    ServiceBusQuotaExceededError,
)

from shared_code.messaging.message import FORECASTING_EVENTS, JOBS, PL_REFRESH, Message
from shared_code.messaging.relay import BATCH, relay
from shared_code.messaging.service_bus import ServiceBus
from shared_code.services.outbox_relay import ServiceBusCourier
from shared_code.storage import outbox
from tests.support.operational import SteppedDatabase


class _Namespace:
    """A namespace as the SDK shows it; `refusals` say which destinations take nothing, and why."""

    def __init__(self) -> None:
        self.refusals: dict[str, Exception] = {}
        self.taken: list[tuple[str, str]] = []

    def get_queue_sender(self, name: str) -> "_Sender":
        return _Sender(self, name)

    get_topic_sender = get_queue_sender

    def close(self) -> None:
        """Nothing is open."""


class _Sender:
    def __init__(self, namespace: _Namespace, destination: str) -> None:
        self._namespace = namespace
        self._destination = destination

    def create_message_batch(self) -> ServiceBusMessageBatch:
        if refusal := self._namespace.refusals.get(self._destination):
            raise refusal
        return ServiceBusMessageBatch(max_size_in_bytes=1 << 20)

    def send_messages(self, batch: Any, timeout: float) -> None:
        ids = [str(message.message_id) for message in batch._messages]
        self._namespace.taken += [(self._destination, message_id) for message_id in ids]

    def close(self) -> None:
        """Nothing is open."""


@pytest.fixture
def namespace() -> _Namespace:
    return _Namespace()


@pytest.fixture
def courier(database: SteppedDatabase, namespace: _Namespace) -> ServiceBusCourier:
    client: Any = namespace
    return ServiceBusCourier(database, ServiceBus(lambda: client))


def _leave(database: SteppedDatabase, destination: str, *dedup_ids: str) -> None:
    messages = [Message(destination, "E", dedup_id, dedup_id, {}) for dedup_id in dedup_ids]
    with database.writing() as connection:
        outbox.append(connection, messages, database.clock.now())


def _destinations(namespace: _Namespace) -> list[str]:
    return [destination for destination, _ in namespace.taken]


@pytest.mark.parametrize(
    "refusal", [MessagingEntityNotFoundError, ServiceBusQuotaExceededError, ServiceBusAuthorizationError]
)
def test_a_topic_that_takes_nothing_leaves_the_queues_theirs(
    database: SteppedDatabase, namespace: _Namespace, courier: ServiceBusCourier, refusal: type[ServiceBusError]
) -> None:
    namespace.refusals[FORECASTING_EVENTS] = refusal(message="no")
    _leave(database, FORECASTING_EVENTS, "event")
    _leave(database, JOBS, "slice")
    _leave(database, PL_REFRESH, "wish")

    relay(courier)

    assert sorted(_destinations(namespace)) == [JOBS, PL_REFRESH]
    with database.reading() as connection:
        [waiting] = outbox.backlog(connection)
    assert (waiting.destination, waiting.messages, waiting.attempts) == (FORECASTING_EVENTS, 1, 1)
    assert waiting.errors == (refusal.__name__,)


def test_a_full_round_for_a_topic_that_takes_nothing_is_no_wall(
    database: SteppedDatabase, namespace: _Namespace, courier: ServiceBusCourier
) -> None:
    namespace.refusals[FORECASTING_EVENTS] = MessagingEntityNotFoundError(message="no")
    _leave(database, FORECASTING_EVENTS, *[f"event-{number}" for number in range(BATCH)])
    _leave(database, JOBS, "slice")

    relay(courier)

    assert namespace.taken == [(JOBS, "slice")]


def test_a_broker_that_cannot_be_reached_is_left_alone_until_the_next_attempt(
    database: SteppedDatabase, namespace: _Namespace, courier: ServiceBusCourier
) -> None:
    namespace.refusals[FORECASTING_EVENTS] = ServiceBusConnectionError(message="gone")
    _leave(database, FORECASTING_EVENTS, "event")
    _leave(database, JOBS, "slice")

    assert relay(courier) == 0
    assert namespace.taken == []
    with database.reading() as connection:
        assert [part.attempts for part in outbox.backlog(connection)] == [1, 1]


class _Stuck(_Namespace):
    """A connection that neither opens nor fails until `is_cut`, as one to a broker that died at the wrong moment."""

    def __init__(self) -> None:
        super().__init__()
        self.is_waited_for, self.is_cut = Event(), Event()

    def get_queue_sender(self, name: str) -> _Sender:
        self.is_waited_for.set()
        self.is_cut.wait(10)
        raise ServiceBusConnectionError(message="cut")

    get_topic_sender = get_queue_sender


def test_a_connection_that_somebody_hangs_in_is_left_to_him(
    database: SteppedDatabase, namespace: _Namespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared_code.messaging.service_bus.SEND_TIMEOUT_S", 0.05)
    stuck = _Stuck()
    clients: list[Any] = [stuck, namespace]
    courier = ServiceBusCourier(database, ServiceBus(lambda: clients.pop(0)))
    with database.writing() as connection:
        outbox.append(connection, [Message(PL_REFRESH, "E", "TP001", "a", {})], database.clock.now())
    hanging = Thread(target=relay, args=(courier,))
    hanging.start()
    assert stuck.is_waited_for.wait(5)

    assert relay(courier) == 0
    database.clock.moment += timedelta(seconds=5)
    assert relay(courier) == 1
    assert namespace.taken == [(PL_REFRESH, "a")]

    stuck.is_cut.set()
    hanging.join(5)
    with database.writing() as connection:
        outbox.append(connection, [Message(PL_REFRESH, "E", "TP001", "b", {})], database.clock.now())
    assert relay(courier) == 1
    assert clients == []
