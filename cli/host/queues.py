"""Messages on the local host: pumped from a store to the queue functions, each at least once.

A normal end of the function completes the message; an error hands it back to the store, which counts deliveries and
sets a message aside as a dead letter after the last. A message under way when the process dies comes again when its
lock runs out.

Source: Operations, "Entities" and "Retries and dead letters"; Data model, "Audit, messages, leases, cache".
"""

import logging
import threading
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Generic, Protocol, TypeVar

from azure.functions.servicebus import ServiceBusMessage

from cli.host.functions import RegisteredFunction
from cli.host.invocation import invoke
from cli.host.threads import join_all
from shared_code.clock import Clock
from shared_code.errors import ForecastError

_SHORTEST_PAUSE_S = 0.02
_LONGEST_PAUSE_S = 0.5
"""Seconds between two looks at the queues while they are empty: the first pause and the longest."""

log = logging.getLogger(__name__)


class QueuedMessage(Protocol):
    """A message that a store has locked for one delivery; members as in `ReceivedMessage`."""

    @property
    def message_id(self) -> str:
        """The sender's id, by which repeats are known."""

    @property
    def session_id(self) -> str | None:
        """The session, within which order holds."""

    @property
    def subject(self) -> str | None:
        """The type of the event or request."""

    @property
    def body(self) -> bytes:
        """The body as sent."""

    @property
    def delivery_count(self) -> int:
        """1 at the first delivery."""

    @property
    def enqueued_at(self) -> datetime | None:
        """When the store took it, with its zone."""

    @property
    def correlation_id(self) -> str | None:
        """The id of the request that caused it."""

    @property
    def properties(self) -> Mapping[str, object]:
        """The application properties."""


MessageT = TypeVar("MessageT", bound=QueuedMessage)


class QueueStore(Protocol[MessageT]):
    """Where messages wait. Called from several threads at once."""

    def receive(self, destination: str, now: datetime) -> MessageT | None:
        """Locks the first due message of a session that nobody holds; None when there is none."""
        ...

    def complete(self, message: MessageT) -> None:
        """Removes `message`: it has been worked off."""
        ...

    def abandon(self, message: MessageT, reason: str) -> None:
        """Gives `message` back for another delivery, or sets it aside after the last one."""
        ...


class QueuePump(Generic[MessageT]):
    """Worker threads that take messages from `store` to the queue functions.

    One idle worker at a time looks for the next message, so that an idle host asks the store no oftener than once a
    pause, whatever the number of workers.
    """

    def __init__(
        self, functions: Iterable[RegisteredFunction], store: QueueStore[MessageT], clock: Clock, workers: int
    ) -> None:
        self._functions = [function for function in functions if function.kind == "queue"]
        self._store = store
        self._clock = clock
        self._turn = threading.Lock()
        self._stopping = threading.Event()
        self._deliveries = self._messages()
        self._threads = [
            threading.Thread(target=self._work, name=f"queues-{number}", daemon=True)
            for number in range(workers if self._functions else 0)
        ]

    def start(self) -> None:
        """Delivers messages from now on."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Takes no further message."""
        self._stopping.set()

    def join(self, timeout_s: float) -> None:
        """Gives the deliveries under way `timeout_s` seconds together to end."""
        join_all(self._threads, timeout_s)

    def _work(self) -> None:
        while not self._stopping.is_set():
            with self._turn:
                delivery = next(self._deliveries, None)
            if delivery:
                self._deliver(*delivery)

    def _messages(self) -> Iterator[tuple[RegisteredFunction, MessageT]]:
        """Messages as they come, one of each queue in turn, with pauses while there are none; ends with the pump."""
        pause = _SHORTEST_PAUSE_S
        while not self._stopping.is_set():
            found = False
            for function in self._functions:
                if not self._stopping.is_set() and (message := self._receive(function)):
                    found = True
                    yield function, message
            pause = _SHORTEST_PAUSE_S if found else min(2 * pause, _LONGEST_PAUSE_S)
            if not found:
                self._stopping.wait(pause)

    def _receive(self, function: RegisteredFunction) -> MessageT | None:
        try:
            return self._store.receive(function.source, self._clock.now())
        except Exception:
            log.exception("Queue %s could not be read", function.source)
            return None

    def _deliver(self, function: RegisteredFunction, message: MessageT) -> None:
        failure = _failure_of(function, message)
        try:
            if failure is None:
                self._store.complete(message)
            else:
                self._store.abandon(message, failure)
        except Exception:
            log.exception("Message %s is not settled; it comes again when its lock runs out", message.message_id)


def _failure_of(function: RegisteredFunction, message: QueuedMessage) -> str | None:
    """Runs `function` for `message`: None when it ends normally, else the reason, fit for an operator to read."""
    try:
        invoke(function, service_bus_message(message))
    except BaseException as error:
        log.exception("Function %s failed for message %s", function.name, message.message_id)
        return f"{error.code}: {error.message}" if isinstance(error, ForecastError) else type(error).__name__
    return None


def service_bus_message(message: QueuedMessage) -> ServiceBusMessage:
    """`message` as the SDK hands it to a function: the time without its zone, in UTC."""
    enqueued = message.enqueued_at
    return ServiceBusMessage(
        body=message.body,
        message_id=message.message_id,
        session_id=message.session_id,
        subject=message.subject,
        label=message.subject,
        content_type="application/json",
        correlation_id=message.correlation_id,
        delivery_count=message.delivery_count,
        enqueued_time_utc=enqueued.astimezone(UTC).replace(tzinfo=None) if enqueued else None,
        application_properties=dict(message.properties),
        user_properties=dict(message.properties),
    )
