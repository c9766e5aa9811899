"""Queues on the local host: at least once, in order within a session."""

import threading
import time
from collections.abc import Callable
from datetime import datetime

import azure.functions as func
import pytest

from cli.host.functions import RegisteredFunction, index
from cli.host.host import LocalHost
from shared_code.errors import TransientError
from tests.support.small_functions import MAX_DELIVERIES, Queued, Seen, Store, small_app, until


@pytest.fixture
def seen() -> Seen:
    return Seen()


@pytest.fixture
def functions(seen: Seen) -> tuple[RegisteredFunction, ...]:
    return index(small_app(seen))


def deliver(functions: tuple[RegisteredFunction, ...], store: Store, finished: Callable[[], object]) -> None:
    with LocalHost(store, port=0, functions=functions, prefix=""):
        until(finished)


def test_a_message_is_delivered_with_its_properties_and_completed(
    functions: tuple[RegisteredFunction, ...], seen: Seen
) -> None:
    store = Store(Queued("m1", body=b'{"messageId": "forged"}', properties={"siteId": "0123"}))
    deliver(functions, store, lambda: store.completed)
    [message] = seen.messages
    assert message.message_id == "m1"
    assert message.session_id == "0123"
    assert message.subject == "RefreshRequested"
    assert message.correlation_id == "req_abc123"
    assert message.delivery_count == 1
    assert message.get_body() == b'{"messageId": "forged"}'
    assert message.application_properties == {"siteId": "0123"}
    assert message.enqueued_time_utc == datetime(2025, 6, 10, 12)  # noqa: DTZ001 - as the SDK gives it


def test_a_message_that_fails_comes_again_until_its_last_delivery(
    functions: tuple[RegisteredFunction, ...], seen: Seen
) -> None:
    def fail(message: func.ServiceBusMessage) -> None:
        raise KeyError("secret")

    seen.work = fail
    store = Store(Queued("m1"), Queued("m2", session_id="0456"))
    deliver(functions, store, lambda: len(store.dead) == 2)
    assert [entry for entry in store.abandoned if entry[0] == "m1"] == [
        ("m1", count, "KeyError") for count in range(1, MAX_DELIVERIES + 1)
    ]
    assert store.completed == []


def test_the_reason_of_an_error_of_ours_is_told(functions: tuple[RegisteredFunction, ...], seen: Seen) -> None:
    def fail(message: func.ServiceBusMessage) -> None:
        raise TransientError("The warehouse does not answer", code="SOURCE_UNAVAILABLE")

    seen.work = fail
    store = Store(Queued("m1"))
    deliver(functions, store, lambda: store.dead)
    assert store.abandoned[0][2] == "SOURCE_UNAVAILABLE: The warehouse does not answer"


def test_sessions_are_worked_off_side_by_side_and_in_order_within_each(
    functions: tuple[RegisteredFunction, ...], seen: Seen
) -> None:
    both = threading.Barrier(2, timeout=10)

    def meet(message: func.ServiceBusMessage) -> None:
        both.wait()

    seen.work = meet
    store = Store(*(Queued(f"{site}-{number}", session_id=site) for number in range(3) for site in ("a", "b")))
    deliver(functions, store, lambda: len(store.completed) == 6)
    assert [one for one in store.completed if one.startswith("a")] == ["a-0", "a-1", "a-2"]
    assert [one for one in store.completed if one.startswith("b")] == ["b-0", "b-1", "b-2"]


def test_a_function_that_tries_to_end_the_process_only_fails_its_message(
    functions: tuple[RegisteredFunction, ...], seen: Seen
) -> None:
    def leave(message: func.ServiceBusMessage) -> None:
        if message.message_id == "m1":
            raise SystemExit(1)

    seen.work = leave
    store = Store(Queued("m1"), Queued("m2", session_id="0456"))
    deliver(functions, store, lambda: store.dead == ["m1"] and store.completed == ["m2"])
    assert store.abandoned[0][2] == "SystemExit"


def test_a_store_that_fails_is_asked_again(
    functions: tuple[RegisteredFunction, ...], caplog: pytest.LogCaptureFixture
) -> None:
    class Shaky(Store):
        def receive(self, destination: str, now: datetime) -> Queued | None:
            if self.looks == 0:
                self.looks += 1
                raise OSError("database is locked")
            return super().receive(destination, now)

        def complete(self, message: Queued) -> None:
            super().complete(message)
            if message.message_id == "m1":
                raise OSError("database is locked")

    store = Shaky(Queued("m1"), Queued("m2"))
    deliver(functions, store, lambda: store.completed == ["m1", "m2"])
    assert "Queue orders could not be read" in caplog.text
    assert "Message m1 is not settled; it comes again when its lock runs out" in caplog.text


def test_an_idle_host_looks_no_oftener_than_its_pauses_however_many_workers_it_has(
    functions: tuple[RegisteredFunction, ...],
) -> None:
    store = Store()
    with LocalHost(store, port=0, functions=functions, prefix="", workers=16):
        time.sleep(1.0)
    assert 1 <= store.looks <= 10


def test_stopping_lets_the_message_under_way_end_and_takes_no_other(
    functions: tuple[RegisteredFunction, ...], seen: Seen
) -> None:
    started, leave = threading.Event(), threading.Event()

    def work(message: func.ServiceBusMessage) -> None:
        started.set()
        leave.wait(10)

    seen.work = work
    store = Store(Queued("m1"), Queued("m2"))
    host = LocalHost(store, port=0, functions=functions, prefix="", workers=2)
    host.start()
    assert started.wait(10)
    stopper = threading.Thread(target=host.stop)
    stopper.start()
    time.sleep(0.2)
    leave.set()
    stopper.join(15)
    assert not stopper.is_alive()
    assert store.completed == ["m1"]
    assert [message.message_id for message in store.waiting] == ["m2"]
