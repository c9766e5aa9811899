"""What a write leaves is sent soon after it: nobody waits for it, and many writes are one round."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest

from shared_code.clock import SystemClock
from shared_code.messaging.message import JOBS, PL_REFRESH, Message
from shared_code.services import outbox_relay, schedules
from shared_code.services import runtime as runtimes
from shared_code.services.prompt_relay import PromptRelay
from shared_code.services.runtime import Runtime
from shared_code.sql.types import new_identifier
from shared_code.storage import embedded_queue, leases, outbox
from shared_code.storage.outbox import MessageTooLargeError
from tests.support.operational import NOON, empty_database, settings_of
from tests.support.small_functions import until

SOON = 0.01
"""Seconds in which a test lets writes gather, and a relay rest."""


class Rounds:
    """A relay that counts its rounds, waits in each for `may_end`, and sends nothing where it `fails`."""

    def __init__(self) -> None:
        self.begun = 0
        self.may_end = threading.Event()
        self.may_end.set()
        self.fails = False

    def __call__(self) -> int:
        self.begun += 1
        assert self.may_end.wait(10)
        if self.fails:
            raise ConnectionError("amqp://user:secret@broker")
        return 1


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Runtime]:
    """A runtime that no host serves yet."""
    monkeypatch.setattr(runtimes, "PromptRelay", lambda relay: PromptRelay(relay, SOON, SOON))
    path = tmp_path / "forecasting.db"
    path.write_bytes(empty_database())
    app = Runtime(settings_of(path), SystemClock())
    yield app
    app.close()


@pytest.fixture
def rounds() -> Rounds:
    return Rounds()


@pytest.fixture
def prompt(rounds: Rounds) -> Iterator[PromptRelay]:
    prompt = PromptRelay(rounds, SOON, SOON)
    yield prompt
    rounds.may_end.set()
    prompt.close()


def _threads() -> int:
    return sum(thread.name == "prompt-relay" for thread in threading.enumerate())


def _leave(app: Runtime, dedup_id: str, *, lightly: bool = False, after: timedelta | None = None) -> None:
    """A write that leaves one message, due at once or `after` a while."""
    with app.database.writing_lightly() if lightly else app.database.writing() as connection:
        now = app.clock.now()
        due = None if after is None else now + after
        outbox.append(connection, [Message(PL_REFRESH, "E", "1", dedup_id, {}, not_before=due)], now)


def _unsent(app: Runtime) -> int:
    return sum(part.messages for part in outbox_relay.unsent(app))


def _waiting(app: Runtime) -> list[tuple[str, bool, int]]:
    with app.database.reading() as connection:
        return list(embedded_queue.waiting(connection))


def test_what_a_write_leaves_is_sent_soon_after_it(app: Runtime) -> None:
    app.relay_promptly()
    _leave(app, "a")
    until(lambda: _unsent(app) == 0)
    _leave(app, "b", lightly=True)
    until(lambda: _unsent(app) == 0)
    assert _threads() == 1, "one thread, however many writes"


def test_what_a_timer_leaves_is_sent_soon_after_it(app: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runtimes, "_opened", lambda: app)
    schedules.propose("sync_daily", NOON)
    until(lambda: _waiting(app) == [(JOBS, False, 1)])


def test_a_process_that_does_not_serve_leaves_it_to_the_timer(app: Runtime) -> None:
    _leave(app, "a")
    assert _threads() == 0
    assert _unsent(app) == 1


def test_where_the_timer_is_switched_off_nothing_is_sent_by_itself(
    app: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCHEDULE_OUTBOX_RELAY", "")
    app.relay_promptly()
    _leave(app, "a")
    assert _threads() == 0


def test_only_a_committed_write_that_leaves_something_due_starts_the_relay(app: Runtime) -> None:
    app.relay_promptly()
    with app.database.writing() as connection:
        outbox.append(connection, [], app.clock.now())
    good, too_large = Message(PL_REFRESH, "E", "1", "a", {}), Message(PL_REFRESH, "E", "1", "b", {"x": "x" * 70_000})
    with pytest.raises(MessageTooLargeError), app.database.writing() as connection:
        outbox.append(connection, [good, too_large], app.clock.now())
    _leave(app, "later", after=timedelta(hours=1))

    assert _threads() == 0


def test_a_repeated_message_is_no_reason_to_send(app: Runtime) -> None:
    _leave(app, "a")
    app.relay_promptly()
    _leave(app, "a")
    assert _threads() == 0


def test_writers_do_not_wait_while_a_round_takes_long(rounds: Rounds, prompt: PromptRelay) -> None:
    rounds.may_end.clear()
    prompt.nudge()
    until(lambda: rounds.begun == 1)
    for _ in range(1000):
        prompt.nudge()
    assert rounds.begun == 1
    rounds.may_end.set()
    until(lambda: rounds.begun == 2)
    assert _threads() == 1


def test_a_write_during_a_round_gets_another(rounds: Rounds, prompt: PromptRelay) -> None:
    rounds.may_end.clear()
    prompt.nudge()
    until(lambda: rounds.begun == 1)
    prompt.nudge()
    rounds.may_end.set()
    until(lambda: rounds.begun == 2)


def test_a_round_that_fails_is_logged_without_its_text_and_the_next_comes(
    rounds: Rounds, prompt: PromptRelay, caplog: pytest.LogCaptureFixture
) -> None:
    rounds.fails = True
    prompt.nudge()
    until(lambda: "leaves it to the timer: ConnectionError" in caplog.text)
    assert "secret" not in caplog.text
    rounds.fails = False
    prompt.nudge()
    until(lambda: rounds.begun == 2)


def test_a_write_succeeds_where_no_thread_can_be_had(
    rounds: Rounds, prompt: PromptRelay, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", refuse)
        prompt.nudge()
    assert rounds.begun == 0
    prompt.nudge()
    until(lambda: rounds.begun == 1)


def test_the_thread_ends_with_the_runtime_and_does_not_come_back(app: Runtime) -> None:
    app.relay_promptly()
    _leave(app, "a")
    until(lambda: _unsent(app) == 0)

    app.close()
    assert _threads() == 0
    _leave(app, "b")
    assert _threads() == 0
    assert _unsent(app) == 1


def test_a_runtime_that_closes_lets_the_round_under_way_end(rounds: Rounds, prompt: PromptRelay) -> None:
    rounds.may_end.clear()
    prompt.nudge()
    until(lambda: rounds.begun == 1)
    closing = threading.Thread(target=prompt.close)
    closing.start()
    assert closing.is_alive()
    rounds.may_end.set()
    closing.join(10)
    assert not closing.is_alive()
    assert _threads() == 0


def test_while_another_process_sends_the_rest_is_left_to_the_timer(app: Runtime) -> None:
    with app.database.writing() as connection:
        other = leases.acquire(connection, "job:outbox_relay", new_identifier(), app.clock.now(), 60)
    assert other is not None
    rounds: list[int] = []

    def send() -> int:
        rounds.append(outbox_relay.relay_outbox(app))
        return rounds[-1]

    prompt = PromptRelay(send, SOON, SOON)
    _leave(app, "a")
    prompt.nudge()
    until(lambda: rounds == [0])
    prompt.close()
    assert _unsent(app) == 1


def test_invocations_that_come_first_together_share_one_runtime(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[Runtime] = []

    class SlowRuntime(Runtime):
        def __init__(self, *parts: object) -> None:
            threading.Event().wait(0.05)
            opened.append(self)

        def relay_promptly(self) -> None:
            pass

    monkeypatch.setattr(runtimes, "Runtime", SlowRuntime)
    runtimes._opened.cache_clear()
    try:
        with ThreadPoolExecutor(4) as pool:
            given = set(pool.map(lambda _: runtimes.serving_runtime(), range(4)))
        assert given == set(opened)
        assert len(opened) == 1
    finally:
        runtimes._opened.cache_clear()
