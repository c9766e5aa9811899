"""One contract, two brokers: the queue in the database, and azure-servicebus against a real AMQP peer."""

import gc
import time
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from shared_code.messaging.message import (
    ALERTS,
    FORECASTING_EVENTS,
    PAYROLL_CALCULATE,
    PL_REFRESH,
    STATISTICS_EVENTS,
    TREND,
    Message,
)
from shared_code.messaging.relay import relay
from shared_code.storage.embedded_queue import LOCK, QUEUE_RULES
from tests.support.brokers import AzureBroker, Broker, EmbeddedBroker, send, wish
from tests.support.operational import SteppedDatabase
from tests.support.service_bus_emulator import Emulator, reason_to_skip


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


def test_a_message_arrives_with_everything_it_says_of_itself(broker: Broker, database: SteppedDatabase) -> None:
    assert send(broker, database, wish("a")) == 1

    got = broker.receive(PL_REFRESH)

    assert got is not None
    assert (got.message_id, got.subject, got.session_id) == ("a", "RefreshRequested", "TP001")
    assert (got.correlation_id, got.count) == ("req_1", 1)
    assert got.body == {"siteId": "TP001", "period": "2025", "requestId": "req_1"}
    said = {name: str(value) for name, value in got.properties.items()}
    assert said == {"siteId": "TP001", "requestId": "req_1", "attempt": "1"}
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


def test_an_abandoned_message_keeps_its_place_in_its_session_and_lets_others_pass(
    broker: Broker, database: SteppedDatabase
) -> None:
    send(broker, database, wish("a1"), wish("a2"), wish("b1", "TP002"))
    first = broker.receive(PL_REFRESH)
    assert first is not None
    other = broker.receive(PL_REFRESH)
    assert other is not None
    assert {first.message_id, other.message_id} == {"a1", "b1"}
    of_a, of_b = (first, other) if first.message_id == "a1" else (other, first)
    broker.complete(of_b)
    broker.abandon(of_a)
    assert broker.work_off(PL_REFRESH) == ["a1", "a2"]


def test_messages_for_later_come_in_the_order_of_their_moments_and_hold_nobody_back(
    broker: Broker, database: SteppedDatabase
) -> None:
    now = database.clock.now()
    late, soon = now + timedelta(seconds=60), now + timedelta(seconds=30)
    send(
        broker,
        database,
        Message(PL_REFRESH, "RefreshRequested", "TP001", "late", {}, not_before=late),
        Message(PL_REFRESH, "RefreshRequested", "TP001", "soon", {}, not_before=soon),
        wish("now"),
    )
    assert broker.work_off(PL_REFRESH) == ["now"]
    database.clock.moment = soon
    assert relay(broker.courier) == 1
    database.clock.moment = late
    assert relay(broker.courier) == 1
    assert broker.work_off(PL_REFRESH) == ["soon", "late"]


def test_a_message_that_nobody_takes_becomes_a_dead_letter(database: SteppedDatabase) -> None:
    embedded = EmbeddedBroker(database)
    send(embedded, database, wish("a"), wish("b", "TP002"))
    database.clock.moment += QUEUE_RULES.time_to_live
    assert embedded.receive(PL_REFRESH) is None
    assert embedded.dead_letters(PL_REFRESH) == ["a", "b"]


def test_a_message_expires_at_the_other_broker_too(database: SteppedDatabase, tmp_path: Path) -> None:
    if (reason := reason_to_skip()) is not None:
        pytest.skip(reason)
    emulator = Emulator(tmp_path, time_to_live="PT1S")
    azure = AzureBroker(database, emulator)
    try:
        send(azure, database, wish("a"))
        time.sleep(1.2)
        assert azure.receive(PL_REFRESH) is None
        assert azure.dead_letters(PL_REFRESH) == ["a"]
    finally:
        azure.close()
        emulator.kill()


def test_a_sender_whose_link_was_given_up_opens_another(database: SteppedDatabase, tmp_path: Path) -> None:
    if (reason := reason_to_skip()) is not None:
        pytest.skip(reason)
    emulator = Emulator(tmp_path)
    azure = AzureBroker(database, emulator)
    try:
        assert send(azure, database, wish("a")) == 1
        azure.bus._connection._senders[PL_REFRESH].close()
        assert send(azure, database, wish("b")) == 0
        database.clock.moment += timedelta(seconds=5)
        assert relay(azure.courier) == 1
        assert azure.work_off(PL_REFRESH) == ["a", "b"]
    finally:
        azure.close()
        emulator.kill()


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
