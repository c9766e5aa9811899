"""The queue in the database keeps the rules of Service Bus."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from time import thread_time

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from shared_code.messaging.message import JOBS, PAYROLL_CALCULATE, PL_REFRESH
from shared_code.sql.types import new_identifier
from shared_code.storage import embedded_queue
from shared_code.storage.embedded_queue import LOCK, MAX_DELIVERIES, QUEUE_RULES, DeliveryRules, LockedMessage
from shared_code.storage.outbox import StoredMessage
from tests.support.operational import SteppedDatabase, executed_statements, operational_database, t_sql


def _stored(dedup_id: str, session: str = "0001", queue: str = PL_REFRESH, body: str = "{}") -> StoredMessage:
    return StoredMessage(new_identifier(), queue, "RefreshRequested", session, dedup_id, body, '{"siteId":"0001"}', 0)


def _put(database: SteppedDatabase, *messages: StoredMessage) -> int:
    with database.writing() as connection:
        return embedded_queue.enqueue(connection, messages, database.clock.now())


def _take(database: SteppedDatabase, queue: str = PL_REFRESH) -> LockedMessage | None:
    with database.writing_lightly() as connection:
        return embedded_queue.receive(connection, queue, database.clock.now())


def _took(database: SteppedDatabase, queue: str = PL_REFRESH) -> LockedMessage:
    message = _take(database, queue)
    assert message is not None
    return message


def _complete(database: SteppedDatabase, message: LockedMessage) -> bool:
    with database.writing_lightly() as connection:
        return embedded_queue.complete(connection, message)


def _abandon(database: SteppedDatabase, message: LockedMessage, reason: str = "DATABASE_ERROR") -> None:
    with database.writing() as connection:
        embedded_queue.abandon(connection, message, reason)


def _waiting(database: SteppedDatabase) -> list[tuple[str, bool, int]]:
    with database.reading() as connection:
        return list(embedded_queue.waiting(connection))


def _has_due(database: SteppedDatabase) -> bool:
    with database.reading() as connection:
        return embedded_queue.has_due(connection, PL_REFRESH, database.clock.now())


def test_a_message_is_received_as_it_was_sent(database: SteppedDatabase) -> None:
    _put(database, _stored("a", body='{"siteId":"0001"}'))

    message = _took(database)

    assert (message.destination, message.message_id, message.session_id) == (PL_REFRESH, "a", "0001")
    assert (message.subject, message.body) == ("RefreshRequested", '{"siteId":"0001"}')
    assert (message.properties, message.delivery_count) == ({"siteId": "0001"}, 1)
    assert message.enqueued_at == database.clock.now()


def test_messages_of_a_session_come_one_after_the_other_in_order(database: SteppedDatabase) -> None:
    _put(database, _stored("a"), _stored("b"))
    _put(database, _stored("c"))

    received = []
    while message := _take(database):
        assert _take(database) is None, "the session is in one pair of hands"
        received.append(message.message_id)
        assert _complete(database, message)

    assert received == ["a", "b", "c"]
    assert _waiting(database) == []


def test_sessions_do_not_wait_for_each_other(database: SteppedDatabase) -> None:
    _put(database, _stored("a1"), _stored("a2"), _stored("b1", "0002"))

    assert [_took(database).message_id for _ in range(2)] == ["a1", "b1"]
    assert _take(database) is None
    assert not _has_due(database)


def test_queues_do_not_wait_for_each_other(database: SteppedDatabase) -> None:
    _put(database, _stored("a"), _stored("a", queue=PAYROLL_CALCULATE))
    _took(database)

    assert _took(database, PAYROLL_CALCULATE).message_id == "a"
    assert _take(database, JOBS) is None


def test_a_message_that_waits_already_is_dropped(database: SteppedDatabase) -> None:
    assert _put(database, _stored("a"), _stored("a"), _stored("a", queue=JOBS)) == 2
    assert _put(database, _stored("a"), _stored("b")) == 1

    first = _took(database)
    assert _put(database, _stored("a")) == 0, "also while it is worked on"
    _complete(database, first)
    assert _put(database, _stored("a")) == 1


def test_a_lock_runs_out_and_the_message_comes_again(database: SteppedDatabase) -> None:
    _put(database, _stored("a"))
    first = _took(database)
    database.clock.moment += LOCK - timedelta(milliseconds=1)
    assert _take(database) is None
    database.clock.moment += timedelta(milliseconds=1)
    assert _has_due(database)

    again = _took(database)

    assert (again.message_id, again.delivery_count) == ("a", 2)
    assert not _complete(database, first), "who lost the lock settles nothing"
    _abandon(database, first)
    assert _take(database) is None
    assert _complete(database, again)


def test_an_abandoned_message_comes_again_at_once_before_those_after_it(database: SteppedDatabase) -> None:
    _put(database, _stored("a"), _stored("b"))
    _abandon(database, _took(database))

    again = _took(database)
    assert (again.message_id, again.delivery_count) == ("a", 2)


def test_after_its_last_delivery_an_abandoned_message_is_a_dead_letter(database: SteppedDatabase) -> None:
    _put(database, _stored("a"), _stored("b"))
    for delivery in range(1, MAX_DELIVERIES + 1):
        message = _took(database)
        assert (message.message_id, message.delivery_count) == ("a", delivery)
        _abandon(database, message, "INTERNAL_ERROR: something" + "x" * 300)

    assert _waiting(database) == [(PL_REFRESH, False, 1), (PL_REFRESH, True, 1)]
    assert _took(database).message_id == "b", "the session goes on"
    with database.reading() as connection:
        reason = connection.exec_driver_sql(
            "SELECT dead_letter_reason FROM queue_messages WHERE is_dead_letter = 1"
        ).scalar_one()
    assert reason.startswith("MaxDeliveryCountExceeded: INTERNAL_ERROR: something")
    assert len(reason) == 200


def test_a_message_whose_receivers_all_died_is_a_dead_letter(database: SteppedDatabase) -> None:
    _put(database, _stored("a"))
    for _ in range(MAX_DELIVERIES):
        _took(database)
        database.clock.moment += LOCK

    assert _has_due(database), "there is something to be done about it"
    assert _take(database) is None
    assert _waiting(database) == [(PL_REFRESH, True, 1)]
    assert not _has_due(database)


def test_a_message_that_has_waited_for_too_long_is_a_dead_letter(database: SteppedDatabase) -> None:
    _put(database, _stored("old"), _stored("old-too", "0002"))
    database.clock.moment += QUEUE_RULES.time_to_live - timedelta(seconds=1)
    _put(database, _stored("young", "0003"))
    held = _took(database)
    database.clock.moment += timedelta(seconds=1)

    assert _took(database).message_id == "young"
    assert _complete(database, held), "who holds a message may finish it"
    with database.reading() as connection:
        rows = connection.exec_driver_sql(
            "SELECT message_id, dead_letter_reason FROM queue_messages WHERE is_dead_letter"
        )
        assert [tuple(row) for row in rows] == [("old-too", "TTLExpiredException")]


def test_a_subscription_has_rules_of_its_own(database: SteppedDatabase) -> None:
    rules = DeliveryRules(lock=timedelta(minutes=1), max_deliveries=10, time_to_live=timedelta(days=7))
    _put(database, _stored("a"))
    for delivery in range(1, 11):
        with database.writing() as connection:
            message = embedded_queue.receive(connection, PL_REFRESH, database.clock.now(), rules)
        assert message is not None
        assert message.delivery_count == delivery
        if delivery % 2:
            _abandon(database, message)
        else:
            database.clock.moment += timedelta(minutes=1)
    with database.writing() as connection:
        assert embedded_queue.receive(connection, PL_REFRESH, database.clock.now(), rules) is None
    assert _waiting(database) == [(PL_REFRESH, True, 1)]


def test_receivers_that_come_at_once_get_different_sessions(database: SteppedDatabase) -> None:
    _put(database, *[_stored(f"{session}-{no}", session) for session in ("0001", "0002", "0003") for no in range(5)])

    with ThreadPoolExecutor(6) as pool:
        taken = [message for message in pool.map(lambda _: _take(database), range(6)) if message]

    assert sorted(message.message_id for message in taken) == ["0001-0", "0002-0", "0003-0"]


def test_ten_thousand_waiting_messages_are_received_as_quickly_as_ten(database: SteppedDatabase) -> None:
    _put(database, *[_stored(f"old {n}", f"S{n}", JOBS, "{}") for n in range(100)])
    _put(database, *[_stored(str(n), f"S{n % 300}", body='"' + "x" * 500 + '"') for n in range(10_000)])
    held = [_took(database) for _ in range(20)]

    started = thread_time()
    for _ in range(50):
        assert _complete(database, _took(database))
    assert (thread_time() - started) / 50 < 0.02
    assert len(held) == 20


def test_sql_server_gets_t_sql(database: SteppedDatabase) -> None:
    with executed_statements(database) as statements:
        _put(database, _stored("a"))
        _abandon(database, _took(database))
        _has_due(database)

    for text in map(t_sql, statements):
        assert " IS 0" not in text
        assert " IS 1" not in text
        assert "LIMIT" not in text
    assert any("is_dead_letter = 0" in t_sql(statement) for statement in statements)


class QueueOfSessions(RuleBasedStateMachine):
    """Whatever receivers do and whenever locks run out: a message per session at a time, in order, none lost."""

    def __init__(self) -> None:
        super().__init__()
        self.opened = operational_database(_FOLDERS[-1])
        self.database = self.opened.__enter__()
        self.sent: dict[str, list[str]] = {}
        self.held: list[LockedMessage] = []
        self.number = 0

    def teardown(self) -> None:
        self.opened.__exit__(None, None, None)

    @rule(session=st.sampled_from(["0001", "0002", "0003"]))
    def send(self, session: str) -> None:
        self.number += 1
        self.sent.setdefault(session, []).append(str(self.number))
        _put(self.database, _stored(str(self.number), session))

    @rule()
    def receive(self) -> None:
        free = [session for session, waiting in self.sent.items() if waiting and not self._holds(session)]
        message = _take(self.database)
        if message is None:
            assert not free
            return
        assert message.session_id in free
        assert message.message_id == self.sent[message.session_id][0]
        self.held.append(message)

    @rule(take_back=st.booleans())
    def settle(self, take_back: bool) -> None:
        if not self.held:
            return
        message = self.held.pop(0)
        if take_back:
            _abandon(self.database, message)
            if message.delivery_count == MAX_DELIVERIES:
                self.sent[message.session_id].remove(message.message_id)
        else:
            assert _complete(self.database, message)
            self.sent[message.session_id].remove(message.message_id)

    @rule()
    def let_locks_run_out(self) -> None:
        self.database.clock.moment += LOCK
        for message in self.held:
            assert message.delivery_count <= MAX_DELIVERIES
            if message.delivery_count == MAX_DELIVERIES:
                self.sent[message.session_id].remove(message.message_id)
        self.held.clear()

    @invariant()
    def nothing_is_lost(self) -> None:
        alive = sum(count for _, is_dead, count in _waiting(self.database) if not is_dead)
        expected = sum(len(waiting) for waiting in self.sent.values())
        assert expected <= alive <= expected + 3  # of a session at most one waits to be found dead

    def _holds(self, session: str) -> bool:
        return any(message.session_id == session for message in self.held)


_FOLDERS: list[Path] = []
QueueOfSessions.TestCase.settings = settings(max_examples=20, stateful_step_count=25, deadline=None)


@pytest.fixture(autouse=True, scope="module")
def _folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    _FOLDERS.append(tmp_path_factory.mktemp("queue"))
    yield
    _FOLDERS.pop()


TestQueueOfSessions = QueueOfSessions.TestCase
