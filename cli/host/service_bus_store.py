"""Messages of Service Bus for the local host, in place of the platform's own triggers: development and the emulator.

One thread a place keeps a session until nothing more comes, as the platform does, and holds one message at a time. All
calls to a receiver come from its thread, because the SDK's receivers belong to one thread. A receiver that fails is
given up and opened anew; the broker delivers again what it held.

Source: Operations, "Entities" and "Parallelism"; Settings.
"""

import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, Final

from shared_code.messaging.message import SUBSCRIPTIONS, Subscription
from shared_code.messaging.received import ReceivedMessage

if TYPE_CHECKING:
    from azure.servicebus import ServiceBusClient, ServiceBusReceivedMessage, ServiceBusReceiver

_WAIT_S: Final = 1.0
"""Seconds that a session is waited for, and kept when nothing more comes."""
_CLOSED_WITHIN_S: Final = 10.0
_PAUSE_S: Final = 1.0
"""Seconds before a broken receiver is opened anew."""
_SUBSCRIPTIONS: Final[Mapping[str, Subscription]] = {one.source: one for one in SUBSCRIPTIONS}

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Settlement:
    """What the host did with a message: `failure` says why it is given back, None that it is worked off."""

    failure: str | None = None
    settled: threading.Event = field(default_factory=threading.Event)


@dataclass(frozen=True, slots=True)
class BrokeredMessage(ReceivedMessage):
    """A message as a queue function sees it, and what becomes of it."""

    settlement: Settlement = field(default_factory=Settlement)


class ServiceBusStore:
    """Queues and subscriptions of the namespace that `open_client` reaches, `places` sessions of each at once."""

    def __init__(self, open_client: "Callable[[], ServiceBusClient]", places: int = 2) -> None:
        self._open_client = open_client
        self._places = places
        self._arrived: dict[str, SimpleQueue[BrokeredMessage]] = {}
        self._threads: list[threading.Thread] = []
        self._stopping = threading.Event()

    def receive(self, destination: str, now: datetime) -> BrokeredMessage | None:
        """The next message that has arrived from `destination`, which is listened to from the first call on."""
        arrived = self._arrived.get(destination)
        if arrived is None:
            arrived = self._arrived[destination] = SimpleQueue()
            for place in range(self._places):
                name = f"{destination}-{place}"
                thread = threading.Thread(target=self._listen, args=(destination, arrived), name=name, daemon=True)
                self._threads.append(thread)
                thread.start()
        try:
            return arrived.get_nowait()
        except Empty:
            return None

    def complete(self, message: BrokeredMessage) -> None:
        """Let its thread tell the broker that it has been worked off."""
        message.settlement.settled.set()

    def abandon(self, message: BrokeredMessage, reason: str) -> None:
        """Let its thread give it back; the broker sets it aside after the last delivery."""
        message.settlement.failure = reason
        message.settlement.settled.set()

    def close(self) -> None:
        """Listen no longer. What has not been settled is delivered again when its lock runs out."""
        self._stopping.set()
        for thread in self._threads:
            thread.join(_CLOSED_WITHIN_S)

    def _listen(self, destination: str, arrived: SimpleQueue[BrokeredMessage]) -> None:
        """Hand over what comes, one message after the other, until the store is closed."""
        while not self._stopping.is_set():
            try:
                with self._open_client() as client:
                    while not self._stopping.is_set():
                        self._work_off_session(client, destination, arrived)
            except Exception as error:  # noqa: BLE001 - whatever broke, the next connection may work
                log.warning("Queue %s is not reached: %s", destination, type(error).__name__)
                self._stopping.wait(_PAUSE_S)

    def _work_off_session(
        self, client: "ServiceBusClient", destination: str, arrived: SimpleQueue[BrokeredMessage]
    ) -> None:
        from azure.servicebus.exceptions import OperationTimeoutError  # noqa: PLC0415 - heavy

        receiver = _receiver(client, destination)
        try:
            for message in _messages(receiver):
                received = _received(message)
                arrived.put(received)
                if not self._is_settled(received):
                    return
                if received.settlement.failure is None:
                    receiver.complete_message(message)
                else:
                    receiver.abandon_message(message)
        except OperationTimeoutError:
            return
        finally:
            with suppress(Exception):
                receiver.close()

    def _is_settled(self, message: BrokeredMessage) -> bool:
        """Wait until the host has settled it; False when the store is closed before."""
        while not message.settlement.settled.wait(_WAIT_S):
            if self._stopping.is_set():
                return False
        return True


def _messages(receiver: "ServiceBusReceiver") -> "Iterator[ServiceBusReceivedMessage]":
    while found := receiver.receive_messages(max_message_count=1, max_wait_time=_WAIT_S):
        yield from found


def _receiver(client: "ServiceBusClient", destination: str) -> "ServiceBusReceiver":
    """A receiver of the next free session, or of all messages of a subscription without sessions."""
    from azure.servicebus import NEXT_AVAILABLE_SESSION  # noqa: PLC0415 - heavy

    options: dict[str, Any] = {"max_wait_time": _WAIT_S}
    subscription = _SUBSCRIPTIONS.get(destination)
    if subscription is None or subscription.has_sessions:
        options["session_id"] = NEXT_AVAILABLE_SESSION
    if subscription is None:
        return client.get_queue_receiver(destination, **options)
    return client.get_subscription_receiver(subscription.topic, subscription.name, **options)


def _received(message: "ServiceBusReceivedMessage") -> BrokeredMessage:
    """The broker's message with the members that a queue function sees; it counts deliveries from 0."""
    properties = message.application_properties or {}
    return BrokeredMessage(
        str(message.message_id),
        message.session_id,
        message.subject,
        b"".join(message.body),
        (message.delivery_count or 0) + 1,
        message.enqueued_time_utc,
        message.correlation_id,
        {_text(name): _text(value) for name, value in properties.items()},
    )


def _text(value: Any) -> Any:
    """AMQP gives texts as bytes, other values as they are."""
    return value.decode() if isinstance(value, bytes) else value
