"""The outbox: messages commit with their change, wait for their turn, and keep their order within a session."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from time import thread_time

import pytest

from shared_code.messaging.message import FORECASTING_EVENTS, PAYROLL_CALCULATE, PL_REFRESH, Message
from shared_code.storage import outbox
from tests.support.operational import NOON, SteppedDatabase, executed_statements, t_sql


def _message(dedup_id: str, *, to: str = PL_REFRESH, session: str = "0001", after: datetime | None = None) -> Message:
    return Message(to, "RefreshRequested", session, dedup_id, {"no": dedup_id}, {"siteId": session}, after)


def _append(database: SteppedDatabase, *messages: Message) -> int:
    """Leave messages; each call is a moment later than the one before."""
    database.clock.moment += timedelta(milliseconds=1)
    with database.writing() as connection:
        return outbox.append(connection, messages, database.clock.now())


def _due(database: SteppedDatabase, limit: int = 100) -> list[str]:
    with database.reading() as connection:
        return [message.dedup_id for message in outbox.due(connection, database.clock.now(), limit)]


def _ids(database: SteppedDatabase, wanted: Sequence[str]) -> list[str]:
    with database.reading() as connection:
        due = outbox.due(connection, database.clock.now() + timedelta(days=9), 1000)
    return [message.message_id for message in due if message.dedup_id in wanted]


def _send(database: SteppedDatabase, *dedup_ids: str) -> None:
    ids = _ids(database, dedup_ids)
    with database.writing() as connection:
        outbox.mark_sent(connection, ids, database.clock.now())


def _fail(database: SteppedDatabase, *dedup_ids: str, seconds: int = 5) -> None:
    ids = _ids(database, dedup_ids)
    with database.writing() as connection:
        outbox.postpone(connection, ids, database.clock.now() + timedelta(seconds=seconds), "ConnectionError")


def test_messages_are_due_in_the_order_in_which_they_were_left(database: SteppedDatabase) -> None:
    _append(database, _message("b"), _message("a"))
    _append(database, _message("c", session="0002"), _message("0"))

    assert _due(database) == ["b", "a", "c", "0"]
    assert _due(database, limit=2) == ["b", "a"]


def test_a_message_keeps_what_it_says(database: SteppedDatabase) -> None:
    _append(database, _message("a"))

    with database.reading() as connection:
        (message,) = outbox.due(connection, database.clock.now(), 1)

    assert (message.destination, message.subject, message.session_id) == (PL_REFRESH, "RefreshRequested", "0001")
    assert (message.payload, message.properties, message.attempts) == ('{"no":"a"}', '{"attempt":1,"siteId":"0001"}', 0)


def test_messages_of_a_change_that_is_taken_back_are_not_left(database: SteppedDatabase) -> None:
    with database.engine.connect() as connection:
        outbox.append(connection, [_message("a")], NOON)
        connection.rollback()

    assert _due(database) == []


def test_a_message_that_waits_already_is_the_same_message(database: SteppedDatabase) -> None:
    assert _append(database, _message("a"), _message("a")) == 1
    assert _append(database, _message("a"), _message("b"), _message("a", to=PAYROLL_CALCULATE)) == 2
    _send(database, "a")

    assert _append(database, _message("a")) == 0
    assert _due(database) == ["b"]


def test_nothing_to_leave_is_no_statement(database: SteppedDatabase) -> None:
    with executed_statements(database) as statements:
        assert _append(database) == 0
    assert statements == []


def test_a_sent_message_is_not_due_again(database: SteppedDatabase) -> None:
    _append(database, _message("a"), _message("b"))
    _send(database, "a")

    assert _due(database) == ["b"]


def test_a_message_for_later_waits_and_holds_nobody_back(database: SteppedDatabase) -> None:
    _append(database, _message("later", after=NOON + timedelta(seconds=30)))
    _append(database, _message("now"))

    assert _due(database) == ["now"]
    database.clock.moment = NOON + timedelta(seconds=30)
    assert _due(database) == ["later", "now"]


def test_a_message_that_failed_holds_back_those_after_it_in_its_session(database: SteppedDatabase) -> None:
    _append(database, _message("a1"), _message("b1", session="0002"))
    _append(database, _message("a2"), _message("b2", session="0002"), _message("a3", to=PAYROLL_CALCULATE))
    _fail(database, "a1")
    _append(database, _message("a4"))

    assert _due(database) == ["b1", "b2", "a3"]
    database.clock.moment += timedelta(seconds=5)
    assert _due(database) == ["a1", "b1", "a2", "b2", "a3", "a4"]


def test_what_came_before_the_failed_one_goes_on(database: SteppedDatabase) -> None:
    _append(database, _message("a1"))
    _append(database, _message("a2"))
    _fail(database, "a2")

    assert _due(database) == ["a1"]


def test_a_failure_is_counted_and_its_kind_is_kept(database: SteppedDatabase) -> None:
    _append(database, _message("a"))
    _fail(database, "a")
    _fail(database, "a", seconds=0)

    with database.reading() as connection:
        (message,) = outbox.due(connection, database.clock.now(), 1)
        kept = connection.exec_driver_sql("SELECT last_error FROM outbox_messages").scalar_one()
    assert (message.attempts, kept) == (2, "ConnectionError")


def test_ten_thousand_waiting_messages_do_not_slow_the_relay_down(database: SteppedDatabase) -> None:
    body = {"text": "x" * 500}
    messages = [Message(FORECASTING_EVENTS, "E", f"S{n % 500}", str(n), body) for n in range(10_000)]
    _append(database, *messages)
    _fail(database, *map(str, range(100)))

    started = thread_time()
    assert len(_due(database, 500)) == 500
    assert thread_time() - started < 0.25
    with database.reading() as connection:
        plan = connection.exec_driver_sql(
            "EXPLAIN QUERY PLAN SELECT * FROM outbox_messages WHERE sent_at IS NULL AND next_attempt_at <= '2025'"
        ).all()
    assert "ix_outbox_due" in str(plan)


def test_sql_server_takes_the_oldest_by_the_text_of_their_identifiers(database: SteppedDatabase) -> None:
    with executed_statements(database) as statements:
        _due(database)

    (text,) = [t_sql(statement) for statement in statements]
    assert text.startswith("SELECT TOP ")
    assert text.endswith(
        "ORDER BY forecasting.outbox_messages.created_at, CAST(forecasting.outbox_messages.message_id AS VARCHAR(36))"
    )


@pytest.mark.parametrize("hostile", ["'; DROP TABLE outbox_messages; --", '{"a": [1]}', "😀" * 32])
def test_texts_of_messages_are_only_texts(database: SteppedDatabase, hostile: str) -> None:
    _append(database, Message(PL_REFRESH, "E", "0001", hostile, {hostile: hostile}))

    assert _append(database, Message(PL_REFRESH, "E", "0001", hostile, {})) == 0
    assert _due(database) == [hostile]
