"""A Service Bus that takes connections and never answers: one thread waits for it, and everybody else goes on."""

import gc
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from datetime import timedelta
from pathlib import Path

import pytest

from shared_code.clock import FixedClock
from shared_code.errors import TransientError
from shared_code.messaging.message import JOBS, PL_REFRESH
from shared_code.services.alerting.evaluate import current_alerts, evaluate_alerts
from shared_code.services.outbox_relay import relay_outbox, unsent
from shared_code.services.runtime import Runtime
from shared_code.storage import leases, outbox
from tests.messaging.test_waiting_messages import LATE, wish
from tests.support.operational import NO_RUN, NOON, empty_database, settings_of

SOON_S = 5.0

pytestmark = pytest.mark.filterwarnings(
    # The library forgets the sockets of connections that it could not open.
    "ignore:Exception ignored in. <socket:pytest.PytestUnraisableExceptionWarning"
)


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Runtime]:
    monkeypatch.setattr("shared_code.messaging.dead_letter_queues.LONGEST_LOOK_S", 0.3)
    monkeypatch.setattr("shared_code.messaging.service_bus.SEND_TIMEOUT_S", 0.3)
    before = set(threading.enumerate())
    path = tmp_path / "forecasting.db"
    path.write_bytes(empty_database())
    with socket.create_server(("127.0.0.1", 0)) as listener, ExitStack() as opened:
        listener.settimeout(0.05)
        is_over = threading.Event()

        def take() -> None:
            while not is_over.is_set():
                with suppress(TimeoutError):
                    opened.enter_context(listener.accept()[0])

        taking = threading.Thread(target=take)
        taking.start()
        text = f"Endpoint=sb://localhost:{listener.getsockname()[1]};SharedAccessKeyName=x;SharedAccessKey=y;"
        app = Runtime(settings_of(path, servicebus=f"{text}UseDevelopmentEmulator=true;"), FixedClock(NOON))
        yield app
        is_over.set()
        taking.join(5)
    for thread in set(threading.enumerate()) - before:
        thread.join(5)  # now that the connections are cut
    app.close()
    gc.collect()


def test_looking_at_dead_letters_ends_soon_and_nobody_else_begins(app: Runtime) -> None:
    assert app.service_bus is not None
    started, threads = time.monotonic(), threading.active_count()
    for look in (app.service_bus.dead_letters.count, app.service_bus.dead_letters.ids):
        for _ in range(3):
            with pytest.raises(TransientError, match=r"cannot be reached on Service Bus \(it does not answer\)"):
                look(JOBS, 10)
    assert time.monotonic() - started < SOON_S
    assert threading.active_count() - threads <= 1


def test_alerts_are_evaluated_all_the_same(app: Runtime) -> None:
    with app.database.writing() as connection:
        outbox.append(connection, [wish("sent"), wish("unsent", "TP002")], NOON)
        outbox.mark_sent(connection, [outbox.due(connection, NOON, 1)[0].message_id], NOON)
    app.clock = app.database.clock = FixedClock(NOON + LATE)
    started = time.monotonic()
    evaluate_alerts(app)
    assert time.monotonic() - started < SOON_S
    raised = {(state.rule, state.subject) for state, _ in current_alerts(app)}
    assert raised == {("queue_age", PL_REFRESH), ("outbox", "outbox")}


def test_one_relay_waits_and_the_next_leaves_the_messages_for_later(app: Runtime) -> None:
    with app.database.writing() as connection:
        outbox.append(connection, [wish("a")], NOON)

    def relay() -> None:
        with suppress(Exception):  # it ends with the test
            relay_outbox(app)

    threading.Thread(target=relay, daemon=True).start()
    deadline = time.monotonic() + SOON_S
    while not _is_sending(app) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert isinstance(app.clock, FixedClock)
    app.clock.moment += timedelta(seconds=61)
    started = time.monotonic()
    assert relay_outbox(app) == 0
    assert time.monotonic() - started < SOON_S
    assert [(part.messages, part.attempts, part.errors) for part in unsent(app)] == [(1, 1, ("TransientError",))]


def _is_sending(app: Runtime) -> bool:
    """Whether somebody holds the lease of the relay and has gone on to the broker."""
    with app.database.writing() as connection:
        is_free = leases.acquire(connection, "job:outbox_relay", NO_RUN, NOON - timedelta(days=1), 1)
    assert app.service_bus is not None
    return is_free is None and app.service_bus._connection.lock.locked()
