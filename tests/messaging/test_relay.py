"""The relay: in order within a session, later when the broker has trouble, never lost and never twice."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from shared_code.messaging.message import FORECASTING_EVENTS, JOBS, PL_REFRESH, Message
from shared_code.messaging.relay import BATCH, next_attempt, relay
from shared_code.services import outbox_relay
from shared_code.services.outbox_relay import EmbeddedCourier, relay_outbox
from shared_code.services.runtime import Runtime
from shared_code.sql.types import new_identifier
from shared_code.storage import embedded_queue, leases, outbox
from shared_code.storage.database import Database
from shared_code.storage.outbox import StoredMessage
from tests.support.operational import NOON, SteppedDatabase, executed_statements, settings_of


class Broker(EmbeddedCourier):
    """The queue in the database, out of reach while `is_down`, and lost after the handover while `loses_answers`."""

    is_down = False
    loses_answers = False

    def deliver(self, messages: Sequence[StoredMessage]) -> None:
        """Give `messages` to the queue."""
        if self.is_down:
            raise ConnectionError("amqp://user:secret@broker")
        if self.loses_answers:
            with self._database.writing() as connection:
                embedded_queue.enqueue(connection, messages, self._database.clock.now())
            raise TimeoutError("no answer")
        super().deliver(messages)


@pytest.fixture
def app(tmp_path: Path, database: SteppedDatabase) -> Iterator[Runtime]:
    app = Runtime(settings_of(tmp_path / "forecasting.db"), database.clock)
    yield app
    app.close()


def _leave(database: Database, *dedup_ids: str, to: str = PL_REFRESH) -> None:
    """Leave messages, `SESSION-NUMBER` each."""
    messages = [Message(to, "E", dedup_id.split("-")[0], dedup_id, {"no": dedup_id}) for dedup_id in dedup_ids]
    with database.writing() as connection:
        outbox.append(connection, messages, database.clock.now())


def _arrived(database: SteppedDatabase) -> list[str]:
    """What came into the queues, in order."""
    with database.reading() as connection:
        query = "SELECT message_id FROM queue_messages ORDER BY message_no"
        return list(connection.exec_driver_sql(query).scalars())


def _next_attempts(database: SteppedDatabase) -> list[float]:
    """Seconds until each unsent message is tried again."""
    with database.reading() as connection:
        rows = connection.exec_driver_sql("SELECT next_attempt_at FROM outbox_messages WHERE sent_at IS NULL").scalars()
        moments = [datetime.fromisoformat(text.removesuffix("Z")).replace(tzinfo=UTC) for text in rows]
    return [(moment - database.clock.now()).total_seconds() for moment in moments]


def test_messages_arrive_in_the_order_in_which_they_were_left(database: SteppedDatabase) -> None:
    _leave(database, "1-1", "2-1", "1-2")
    _leave(database, "job-1", to=JOBS)

    assert relay(Broker(database)) == 4
    assert _arrived(database) == ["1-1", "2-1", "1-2", "job-1"]
    assert relay(Broker(database)) == 0


def test_more_messages_than_one_round_takes_all_arrive_in_order(database: SteppedDatabase) -> None:
    wanted = [f"1-{number}" for number in range(2 * BATCH + 1)]
    _leave(database, *wanted)

    assert relay(Broker(database)) == len(wanted)
    assert _arrived(database) == wanted


def test_a_relay_ends_after_its_rounds_and_the_next_goes_on(database: SteppedDatabase) -> None:
    _leave(database, *[f"1-{number}" for number in range(BATCH + 1)])

    assert relay(Broker(database), most_rounds=1) == BATCH
    assert relay(Broker(database), most_rounds=1) == 1


def test_events_for_topics_count_as_sent_where_nobody_listens(database: SteppedDatabase) -> None:
    _leave(database, "1-1", to=FORECASTING_EVENTS)

    assert relay(Broker(database)) == 1
    assert _arrived(database) == []
    assert _next_attempts(database) == []


def test_attempts_wait_longer_and_longer_up_to_five_minutes(database: SteppedDatabase) -> None:
    broker = Broker(database)
    broker.is_down = True
    _leave(database, "1-1")
    waits = []
    for _ in range(10):
        assert relay(broker) == 0
        waits += _next_attempts(database)
        assert relay(broker) == 0, "not before its time"
        database.clock.moment += timedelta(seconds=waits[-1])

    assert waits == [5, 10, 20, 40, 80, 160, 300, 300, 300, 300]
    broker.is_down = False
    assert relay(broker) == 1
    assert _arrived(database) == ["1-1"]


def test_a_wait_of_any_number_of_attempts_can_be_computed() -> None:
    assert next_attempt(10**6, NOON) == NOON + timedelta(seconds=300)


def test_order_within_a_session_survives_a_failure(database: SteppedDatabase) -> None:
    broker = Broker(database)
    broker.is_down = True
    _leave(database, "1-1")
    relay(broker)
    broker.is_down = False
    database.clock.moment += timedelta(seconds=1)
    _leave(database, "1-2", "2-1")

    assert relay(broker) == 1
    assert _arrived(database) == ["2-1"]
    database.clock.moment += timedelta(seconds=4)
    assert relay(broker) == 2
    assert _arrived(database) == ["2-1", "1-1", "1-2"]


def test_a_message_that_arrived_although_the_answer_was_lost_arrives_once(database: SteppedDatabase) -> None:
    broker = Broker(database)
    broker.loses_answers = True
    _leave(database, "1-1", "1-2")
    assert relay(broker) == 0
    assert _arrived(database) == ["1-1", "1-2"]

    broker.loses_answers = False
    database.clock.moment += timedelta(seconds=5)
    assert relay(broker) == 2

    assert _arrived(database) == ["1-1", "1-2"]


def test_the_text_of_an_error_is_not_kept(database: SteppedDatabase) -> None:
    broker = Broker(database)
    broker.is_down = True
    _leave(database, "1-1")
    relay(broker)

    with database.reading() as connection:
        assert connection.exec_driver_sql("SELECT last_error FROM outbox_messages").scalar_one() == "ConnectionError"


def test_two_relays_do_not_send_at_once(app: Runtime) -> None:
    _leave(app.database, "1-1")
    with app.database.writing() as connection:
        other = leases.acquire(connection, "job:outbox_relay", new_identifier(), app.clock.now(), 60)
    assert other is not None

    assert relay_outbox(app) == 0
    with app.database.writing() as connection:
        leases.release(connection, other)
    assert relay_outbox(app) == 1
    assert relay_outbox(app) == 0


def test_a_relay_ends_after_a_minute_and_the_next_goes_on(
    app: Runtime, monkeypatch: pytest.MonkeyPatch, database: SteppedDatabase
) -> None:
    class Slow(EmbeddedCourier):
        def deliver(self, messages: Sequence[StoredMessage]) -> None:
            super().deliver(messages)
            database.clock.moment += timedelta(seconds=25)

    monkeypatch.setattr(outbox_relay, "courier_of", lambda runtime, confirm: Slow(runtime.database, confirm))
    _leave(app.database, *[f"1-{number}" for number in range(3 * BATCH + 1)])

    assert relay_outbox(app) == 3 * BATCH
    assert relay_outbox(app) == 1


@dataclass(frozen=True)
class _Due:
    message_id: str
    attempts: int = 0


class _Endless:
    """A courier that always has another message."""

    rounds = 0

    def due(self, limit: int) -> list[_Due]:
        self.rounds += 1
        return [_Due("a")] * limit

    def deliver(self, messages: Sequence[_Due]) -> None:
        """Takes them."""

    def postpone(self, messages: Sequence[_Due], error: Exception) -> None:
        raise AssertionError("nothing failed")


def test_a_relay_comes_to_an_end_while_messages_keep_coming() -> None:
    courier = _Endless()

    assert relay(courier) == 100 * BATCH
    assert courier.rounds == 100


def test_a_batch_that_is_not_full_is_the_last(database: SteppedDatabase) -> None:
    _leave(database, *[f"1-{number}" for number in range(BATCH - 1)])
    with executed_statements(database) as statements:
        assert relay(Broker(database)) == BATCH - 1
    looks = [text for text in map(str, statements) if text.startswith("SELECT") and "held_back" in text]
    assert len(looks) == 1
