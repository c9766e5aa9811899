"""How long messages wait for their handler, in the queue of the database and on Service Bus."""

import gc
import threading
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from azure.servicebus import NEXT_AVAILABLE_SESSION, ServiceBusClient

from shared_code.clock import FixedClock, SystemClock
from shared_code.errors import TransientError
from shared_code.messaging.dead_letter_queues import DeadLetterQueues
from shared_code.messaging.message import FORECASTING_EVENTS, PL_REFRESH, STATISTICS_EVENTS, STATISTICS_UPDATE, Message
from shared_code.services import waiting_messages
from shared_code.services.alerting.evaluate import current_alerts, evaluate_alerts
from shared_code.services.dead_letters import DeadLetterFilter, every_letter, purge
from shared_code.services.health import check_components
from shared_code.services.outbox_relay import relay_outbox
from shared_code.services.runtime import Runtime
from shared_code.services.waiting_messages import oldest_waiting
from shared_code.storage import embedded_queue, inbox, message_ages, outbox
from tests.sources.scripted_server import unused_address
from tests.support.operational import NOON, empty_database, executed_statements, settings_of, t_sql
from tests.support.service_bus_emulator import Emulator, reason_to_skip
from tests.support.t_sql_rules import judged_statements

LATE = timedelta(minutes=15, seconds=1)


class Embedded:
    """The queue in the database."""

    def __init__(self, app: Runtime) -> None:
        self.app = app

    def sent(self, *messages: Message) -> None:
        """These have left the outbox."""
        with self.app.database.writing() as connection:
            outbox.append(connection, messages, self.app.clock.now())
        assert relay_outbox(self.app) == len(messages)

    def handled(self, message: Message) -> None:
        """The consumer has had the next message of its queue, which is this one."""
        with self.app.database.writing() as connection:
            inbox.record(connection, message.destination, message.dedup_id, "done", self.app.clock.now())
        self.take(message.destination)

    def take(self, queue: str) -> None:
        """The next message of `queue` is completed."""
        with self.app.database.writing() as connection:
            message = embedded_queue.receive(connection, queue, self.app.clock.now())
            assert message is not None
            embedded_queue.complete(connection, message)

    def given_up(self, queue: str) -> None:
        """The next message of `queue` is a dead letter."""
        for _ in range(embedded_queue.MAX_DELIVERIES):
            with self.app.database.writing() as connection:
                message = embedded_queue.receive(connection, queue, self.app.clock.now())
                assert message is not None
                embedded_queue.abandon(connection, message, "it failed")

    def waiting(self, after: timedelta = LATE) -> list[str]:
        """The queues and subscriptions in which a message waits, some time from now."""
        with self.app.database.reading() as connection:
            return list(oldest_waiting(self.app, connection, self.app.clock.now() + after))

    def dead(self) -> list[str]:
        return [letter.dead_letter_id for letter in every_letter(self.app, DeadLetterFilter())]


class Known(Embedded):
    """Service Bus as this database knows it: what was sent, what was handled, and the dead letters there are."""

    def __init__(self, app: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__(app)
        self._sent: list[str] = []
        self._dead: set[str] = set()
        assert app.service_bus is not None
        monkeypatch.setattr(app.service_bus.dead_letters, "ids", lambda *_: frozenset(self._dead))
        monkeypatch.setattr(app.service_bus.dead_letters, "count", lambda *_: len(self._dead))

    def sent(self, *messages: Message) -> None:
        with self.app.database.writing() as connection:
            now = self.app.clock.now()
            outbox.append(connection, messages, now)
            outbox.mark_sent(connection, [row.message_id for row in outbox.due(connection, now, 100)], now)
        self._sent += [message.dedup_id for message in messages]

    def take(self, queue: str) -> None:
        """The inbox says so already."""

    def given_up(self, queue: str) -> None:
        self._dead.add(self._sent[0])


class Azure(Embedded):
    """azure-servicebus, unmodified, against the emulator."""

    def __init__(self, app: Runtime, client: ServiceBusClient) -> None:
        super().__init__(app)
        self._client = client

    def take(self, queue: str) -> None:
        with self._receiver(queue) as receiver:
            [message] = receiver.receive_messages(max_message_count=1, max_wait_time=0.5)
            receiver.complete_message(message)

    def given_up(self, queue: str) -> None:
        with self._receiver(queue) as receiver:
            [message] = receiver.receive_messages(max_message_count=1, max_wait_time=0.5)
            receiver.dead_letter_message(message, "MaxDeliveryCountExceeded", "it failed")

    def _receiver(self, queue: str) -> Any:
        return self._client.get_queue_receiver(queue, session_id=NEXT_AVAILABLE_SESSION, max_wait_time=0.5)


@pytest.fixture
def app_away(tmp_path: Path) -> Iterator[Runtime]:
    """An app whose Service Bus nobody listens for."""
    path = tmp_path / "forecasting.db"
    path.write_bytes(empty_database())
    port = unused_address().rpartition(":")[2]
    text = f"Endpoint=sb://localhost:{port};SharedAccessKeyName=x;SharedAccessKey=y;UseDevelopmentEmulator=true;"
    app = Runtime(settings_of(path, servicebus=text), FixedClock(NOON))
    yield app
    app.close()


@pytest.fixture
def embedded(tmp_path: Path) -> Iterator[Embedded]:
    path = tmp_path / "forecasting.db"
    path.write_bytes(empty_database())
    app = Runtime(settings_of(path), FixedClock(NOON))
    yield Embedded(app)
    app.close()


@pytest.fixture
def known(app_away: Runtime, monkeypatch: pytest.MonkeyPatch) -> Embedded:
    return Known(app_away, monkeypatch)


@pytest.fixture
def azure(tmp_path: Path) -> Iterator[Azure]:
    if (reason := reason_to_skip()) is not None:
        pytest.skip(reason)
    path = tmp_path / "forecasting.db"
    path.write_bytes(empty_database())
    emulator = Emulator(tmp_path)
    app = Runtime(settings_of(path, servicebus=emulator.connection_string), SystemClock())
    client = ServiceBusClient.from_connection_string(emulator.connection_string, retry_total=0)
    yield Azure(app, client)
    client.close()
    app.close()
    emulator.kill()
    gc.collect()


@pytest.fixture(params=["embedded", "known"])
def broker(request: pytest.FixtureRequest) -> Embedded:
    found: Embedded = request.getfixturevalue(request.param)
    return found


def wish(dedup_id: str, site: str = "TP001", queue: str = PL_REFRESH) -> Message:
    return Message(queue, "RefreshRequested", site, dedup_id, {"siteId": site}, {"siteId": site})


def event(topic: str, subject: str, dedup_id: str, **properties: str) -> Message:
    return Message(topic, subject, "TP001", dedup_id, {"siteId": "TP001"}, properties)


def test_a_message_waits_until_its_consumer_has_had_it(broker: Embedded) -> None:
    assert broker.waiting() == []
    broker.sent(wish("a"), wish("b", queue=STATISTICS_UPDATE))
    assert broker.waiting() == [PL_REFRESH, STATISTICS_UPDATE]
    broker.handled(wish("a"))
    assert broker.waiting() == [STATISTICS_UPDATE]


def test_a_session_that_nobody_works_off_shows_although_others_move(broker: Embedded) -> None:
    broker.sent(wish("a", "TP001"), wish("b", "TP002"))
    broker.handled(wish("a"))
    assert broker.waiting() == [PL_REFRESH]


def test_a_dead_letter_does_not_wait_any_more(broker: Embedded) -> None:
    broker.sent(wish("a"))
    broker.given_up(PL_REFRESH)
    assert broker.waiting() == []


def test_a_subscription_waits_for_what_passes_its_filter(broker: Embedded) -> None:
    broker.sent(event(FORECASTING_EVENTS, "PLViewRefreshed", "a", severity="medium"))
    broker.sent(event(FORECASTING_EVENTS, "ForecastUpdated", "b", severity="high"))
    assert broker.waiting() == []
    broker.sent(event(FORECASTING_EVENTS, "PLViewRefreshed", "c", severity="high"))
    broker.sent(event(STATISTICS_EVENTS, "StatisticsUpdated", "d"))
    assert broker.waiting() == ["forecasting-events/alerts", "statistics-events/trend"]


class LaterClock(SystemClock):
    """The machine's clock, a quarter of an hour on."""

    def now(self) -> datetime:
        return super().now() + LATE


def told(app: Runtime) -> tuple[list[str], str | None]:
    """What the alert and the health of the queue say."""
    evaluate_alerts(app)
    raised = [state.subject for state, _ in current_alerts(app) if state.rule == "queue_age"]
    return raised, {part.name: part.code for part in check_components(app, timedelta(seconds=20))}["queue"]


def test_the_alert_and_the_health_of_the_queue_see_what_either_broker_holds(broker: Embedded) -> None:
    broker.sent(wish("a"))
    assert told(broker.app) == ([], None)
    broker.app.clock = broker.app.database.clock = FixedClock(NOON + LATE)
    assert told(broker.app) == ([PL_REFRESH], "QUEUE_DELAYED")
    broker.handled(wish("a"))
    assert told(broker.app) == ([], None)


def test_on_service_bus_a_message_waits_until_it_is_handled_or_a_dead_letter_and_never_after(azure: Azure) -> None:
    azure.sent(wish("a"), wish("b", "TP002"))
    assert azure.waiting() == [PL_REFRESH]
    azure.app.clock = azure.app.database.clock = LaterClock()
    assert told(azure.app) == ([PL_REFRESH], "QUEUE_DELAYED")
    azure.handled(wish("a"))
    azure.given_up(PL_REFRESH)
    assert azure.waiting() == []
    assert told(azure.app) == ([], None)
    purge(azure.app, azure.dead(), "operator")
    assert azure.dead() == azure.waiting() == []


@pytest.fixture
def away(app_away: Runtime) -> Runtime:
    """An app that cannot reach its Service Bus any more; a message has left its outbox."""
    with app_away.database.writing() as connection:
        outbox.append(connection, [wish("a")], NOON)
        [row] = outbox.due(connection, NOON, 1)
        outbox.mark_sent(connection, [row.message_id], NOON)
    return app_away


def test_a_broker_that_cannot_be_asked_leaves_its_messages_waiting(
    away: Runtime, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def unreachable(*_: object) -> frozenset[str]:
        raise TransientError("The dead letters cannot be reached", code="SERVICE_BUS_UNAVAILABLE")

    assert away.service_bus is not None
    monkeypatch.setattr(away.service_bus.dead_letters, "ids", unreachable)
    with away.database.reading() as connection:
        assert oldest_waiting(away, connection, NOON + LATE) == {PL_REFRESH: NOON}
    assert "they are taken for messages that wait" in caplog.text


def test_the_broker_is_not_asked_before_a_message_is_late(away: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(waiting_messages, "_dead")
    with away.database.reading() as connection:
        assert oldest_waiting(away, connection, NOON + timedelta(minutes=15)) == {PL_REFRESH: NOON}


def test_what_was_sent_longer_ago_than_a_message_lives_is_not_waited_for(away: Runtime) -> None:
    with away.database.reading() as connection:
        assert oldest_waiting(away, connection, NOON + timedelta(days=1)) == {}


def test_the_question_is_one_statement_of_t_sql(away: Runtime) -> None:
    with (
        executed_statements(away.database) as executed,
        judged_statements(away.database) as found,
        away.database.reading() as connection,
    ):
        message_ages.oldest_sent(connection, waiting_messages.CONSUMERS, NOON, {PL_REFRESH: ["a"]})
    assert found == {}
    [statement] = executed
    assert t_sql(statement).count("NOT (EXISTS") == len(waiting_messages.CONSUMERS)


def test_threads_take_turns_with_the_connection_to_dead_letters() -> None:
    class Receiver:
        """Peeks nothing, slowly; knows how many do so at once."""

        at_once = most = 0

        def peek_messages(self, **_: object) -> list[object]:
            Receiver.at_once += 1
            Receiver.most = max(Receiver.most, Receiver.at_once)
            time.sleep(0.05)
            Receiver.at_once -= 1
            return []

    client: Any = SimpleNamespace(get_queue_receiver=lambda *_, **__: Receiver())
    queues = DeadLetterQueues(lambda: client)
    threads = [threading.Thread(target=queues.ids, args=(PL_REFRESH, 10)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert Receiver.most == 1
