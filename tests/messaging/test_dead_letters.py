"""Dead letters, one contract over two brokers: the queue in the database, and Service Bus against a real AMQP peer."""

import gc
import json
from abc import ABC, abstractmethod
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from azure.servicebus import NEXT_AVAILABLE_SESSION, ServiceBusClient

from shared_code.clock import FixedClock, SystemClock
from shared_code.errors import NotFoundError, TransientError
from shared_code.messaging.message import PAYROLL_CALCULATE, PL_REFRESH, STATISTICS_EVENTS, TREND, Message
from shared_code.services import dead_letters
from shared_code.services.dead_letters import DeadLetterFilter
from shared_code.services.outbox_relay import relay_outbox
from shared_code.services.runtime import Runtime
from shared_code.settings import Settings
from shared_code.storage import embedded_queue, outbox
from tests.support.operational import NOON, empty_database, settings_of
from tests.support.service_bus_emulator import Emulator, reason_to_skip

ALL = DeadLetterFilter()


class Broker(ABC):
    """A broker that gives messages up, and the app on it."""

    app: Runtime

    def send(self, *messages: Message) -> None:
        with self.app.database.writing() as connection:
            outbox.append(connection, messages, self.app.clock.now())
        assert relay_outbox(self.app) == len(messages)

    @abstractmethod
    def give_up(self, source: str) -> None:
        """Let the next message of `source` become a dead letter."""

    @abstractmethod
    def arrived(self, queue: str) -> list[tuple[str, str | None, bytes]]:
        """Id, session and body of the messages that wait in `queue`, which are taken."""

    def listed(self, wanted: DeadLetterFilter = ALL) -> list[str]:
        return [letter.message_id for letter in dead_letters.every_letter(self.app, wanted)]

    def ids(self) -> list[str]:
        return [letter.dead_letter_id for letter in dead_letters.every_letter(self.app, ALL)]


class EmbeddedBroker(Broker):
    """The queue in the database."""

    def __init__(self, app: Runtime) -> None:
        self.app = app

    def give_up(self, source: str) -> None:
        for _ in range(embedded_queue.MAX_DELIVERIES):
            with self.app.database.writing() as connection:
                message = embedded_queue.receive(connection, source, self.app.clock.now())
                assert message is not None
                embedded_queue.abandon(connection, message, "it failed")

    def arrived(self, queue: str) -> list[tuple[str, str | None, bytes]]:
        taken: list[tuple[str, str | None, bytes]] = []
        with self.app.database.writing() as connection:
            while message := embedded_queue.receive(connection, queue, self.app.clock.now()):
                taken.append((message.message_id, message.session_id, message.body.encode()))
                embedded_queue.complete(connection, message)
        return taken


class AzureBroker(Broker):
    """azure-servicebus, unmodified, against the emulator."""

    def __init__(self, app: Runtime, client: ServiceBusClient) -> None:
        self.app = app
        self._client = client

    def give_up(self, source: str) -> None:
        topic, _, subscription = source.partition("/")
        session = {"session_id": NEXT_AVAILABLE_SESSION, "max_wait_time": 0.5}
        receiver = (
            self._client.get_subscription_receiver(topic, subscription, **session)  # type: ignore[arg-type]
            if subscription
            else self._client.get_queue_receiver(topic, **session)  # type: ignore[arg-type]
        )
        with receiver:
            [message] = receiver.receive_messages(max_message_count=1, max_wait_time=0.5)
            receiver.dead_letter_message(message, "MaxDeliveryCountExceeded", "it failed")

    def arrived(self, queue: str) -> list[tuple[str, str | None, bytes]]:
        with self._client.get_queue_receiver(queue, session_id=NEXT_AVAILABLE_SESSION, max_wait_time=0.5) as receiver:
            taken = receiver.receive_messages(max_message_count=50, max_wait_time=0.5)
            for message in taken:
                receiver.complete_message(message)
        return [(str(one.message_id), one.session_id, b"".join(one.body)) for one in taken]


@pytest.fixture(params=["embedded", "azure"])
def broker(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Broker]:
    path = tmp_path / "forecasting.db"
    path.write_bytes(empty_database())
    if request.param == "embedded":
        app = Runtime(settings_of(path), FixedClock(NOON))
        yield EmbeddedBroker(app)
        app.close()
        return
    if (reason := reason_to_skip()) is not None:
        pytest.skip(reason)
    emulator = Emulator(tmp_path)
    app = Runtime(settings_of(path, servicebus=emulator.connection_string), SystemClock())
    client = ServiceBusClient.from_connection_string(emulator.connection_string, retry_total=0)
    yield AzureBroker(app, client)
    client.close()
    app.close()
    emulator.kill()
    gc.collect()


def wish(dedup_id: str, site: str = "TP001", queue: str = PL_REFRESH) -> Message:
    body = {"siteId": site, "period": "2025", "requestId": "req_1", "flc": 1}
    return Message(queue, "RefreshRequested", site, dedup_id, body, {"siteId": site, "requestId": "req_1"})


def test_dead_letters_of_all_queues_are_shown_with_what_they_are_about(broker: Broker) -> None:
    broker.send(wish("a"), wish("b", "TP002"), wish("c", queue=PAYROLL_CALCULATE))
    for queue in (PL_REFRESH, PL_REFRESH, PAYROLL_CALCULATE):
        broker.give_up(queue)

    letters = list(dead_letters.every_letter(broker.app, ALL))

    assert [(one.message_id, one.source) for one in letters] == [
        ("c", PAYROLL_CALCULATE),
        ("a", PL_REFRESH),
        ("b", PL_REFRESH),
    ]
    first = letters[1]
    assert (first.subject, first.reason, first.detail) == ("RefreshRequested", "MaxDeliveryCountExceeded", "it failed")
    assert (first.site_id, first.period, first.request_id) == ("TP001", "2025", "req_1")
    assert first.dead_letter_id.startswith("pl.refresh:")
    assert json.loads(first.body)["flc"] == 1
    assert dead_letters.find_letter(broker.app, first.dead_letter_id).message_id == "a"
    assert broker.listed(DeadLetterFilter(queue="pl.refresh", site_id="TP002")) == ["b"]
    with broker.app.database.reading() as connection:
        assert dead_letters.count_by_queue(broker.app, connection) == {PAYROLL_CALCULATE: 1, PL_REFRESH: 2}


def test_looking_at_dead_letters_changes_nothing(broker: Broker) -> None:
    broker.send(wish("a"))
    broker.give_up(PL_REFRESH)
    assert broker.listed() == broker.listed() == ["a"]


def test_a_replay_sends_a_copy_with_an_id_of_its_own_once(broker: Broker) -> None:
    broker.send(wish("a"), wish("b"))
    broker.give_up(PL_REFRESH)
    broker.give_up(PL_REFRESH)
    _, second = broker.ids()

    report = dead_letters.replay(broker.app, [second], "operator")

    [replayed] = report.replayed
    assert (replayed.dead_letter_id, report.refused) == (second, {})
    assert relay_outbox(broker.app) == 1
    [(message_id, session_id, body)] = broker.arrived(PL_REFRESH)
    assert (message_id, session_id) == (replayed.message_id, "TP001")
    assert json.loads(body) == {"siteId": "TP001", "period": "2025", "requestId": "req_1", "flc": 1}
    assert broker.listed() == ["a"], "the one before it is where it was"

    again = dead_letters.replay(broker.app, [second], "operator")
    assert again.replayed == ()
    assert "by operator, and a dead letter is replayed once" in again.refused[second]
    with pytest.raises(NotFoundError, match="replayed once"):
        dead_letters.find_letter(broker.app, second)
    assert relay_outbox(broker.app) == 0


def test_killed_after_its_transaction_a_replay_has_sent_one_copy(
    broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    broker.send(wish("a"))
    broker.give_up(PL_REFRESH)
    [letter_id] = broker.ids()
    send = dead_letters._send

    def send_and_die(*arguments: Any) -> None:
        send(*arguments)
        raise KeyboardInterrupt

    monkeypatch.setattr(dead_letters, "_send", send_and_die)
    with pytest.raises(KeyboardInterrupt):
        dead_letters.replay(broker.app, [letter_id], "operator")
    monkeypatch.setattr(dead_letters, "_send", send)

    again = dead_letters.replay(broker.app, [letter_id], "operator")

    assert (again.replayed, list(again.refused)) == ((), [letter_id])
    assert "replayed once" in again.refused[letter_id]
    assert relay_outbox(broker.app) == 1


def test_a_subscriptions_dead_letter_is_replayed_through_its_topic(broker: Broker) -> None:
    event = Message(STATISTICS_EVENTS, "StatisticsUpdated", "TP001", "e1", {"siteId": "TP001", "period": "2025-04"})
    broker.send(event)
    broker.give_up(TREND.source)
    [letter_id] = broker.ids()
    assert letter_id.startswith("trend:")

    assert dead_letters.replay(broker.app, [letter_id], "operator").refused == {}
    assert relay_outbox(broker.app) == 1
    broker.give_up(TREND.source)
    assert broker.listed() == [f"replay:{letter_id}:" + broker.listed()[0].rpartition(":")[2]]


def test_a_purge_removes_what_was_named_and_nothing_else(broker: Broker) -> None:
    broker.send(wish("a"), wish("b"), wish("c"))
    for _ in range(3):
        broker.give_up(PL_REFRESH)
    first, second, third = broker.ids()

    report = dead_letters.purge(broker.app, [first, third, "pl.refresh:999999"], "operator")

    assert report.purged == (first, third)
    assert list(report.refused) == ["pl.refresh:999999"]
    assert broker.ids() == [second]


def test_a_dead_letter_that_is_kept_for_longer_can_still_be_replayed(broker: Broker) -> None:
    broker.send(wish("a"))
    broker.give_up(PL_REFRESH)
    [letter_id] = broker.ids()

    assert dead_letters.move_old(broker.app, broker.app.clock.now() + timedelta(minutes=5)) == 1

    assert broker.ids() == ["poison:1"]
    with pytest.raises(NotFoundError, match=f"{letter_id} was moved: it is kept as poison:1"):
        dead_letters.find_letter(broker.app, letter_id)
    assert len(dead_letters.replay(broker.app, ["poison:1"], "operator").replayed) == 1
    assert relay_outbox(broker.app) == 1
    [(_, session_id, body)] = broker.arrived(PL_REFRESH)
    assert (session_id, json.loads(body)["period"]) == ("TP001", "2025")
    assert "replayed once" in dead_letters.replay(broker.app, ["poison:1"], "operator").refused["poison:1"]


def test_a_broker_that_is_away_is_named_without_its_address(tmp_path: Path) -> None:
    path = tmp_path / "forecasting.db"
    path.write_bytes(empty_database())
    away = "Endpoint=sb://localhost:9;SharedAccessKeyName=x;SharedAccessKey=hidden;UseDevelopmentEmulator=true;"
    app = Runtime(
        Settings(environment_name="test", db_primary_connection=f"sqlite:///{path}", servicebus=away), FixedClock(NOON)
    )
    with pytest.raises(TransientError, match="Service Bus") as failure:
        next(dead_letters.every_letter(app, ALL))
    assert failure.value.code == "SERVICE_BUS_UNAVAILABLE"
    assert "localhost" not in failure.value.message
    app.close()
    gc.collect()
