"""The dead-letter queues of a Service Bus namespace: looked into without a lock, emptied under one.

A dead-letter queue has no sessions, whatever its queue has. The broker hands dead letters out in its own order: to
hold certain ones, those before them are received too, and given back.

Source: Operations, "Retries and dead letters".
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from queue import Empty, Queue
from threading import RLock, Thread
from typing import TYPE_CHECKING, Any, Final, TypeVar

from shared_code.dead_letter_reasons import QueueReason
from shared_code.errors import TransientError
from shared_code.messaging.received import ReceivedMessage

if TYPE_CHECKING:
    from azure.servicebus import ServiceBusClient, ServiceBusReceivedMessage, ServiceBusReceiver

RECEIVED_AT_ONCE: Final = 100
MOST_RECEIVED: Final = 5_000
"""Dead letters that are received at most on the way to those wanted."""

RECEIVE_WAIT_S: Final = 1
"""Seconds without a further message after which the queue counts as received."""

LONGEST_LOOK_S: Final = 20.0
"""Seconds that looking at dead letters may take, and waiting for somebody else who does."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class DeadMessage:
    """A dead letter: its number within its queue, why the broker gave it up, and the message as it was."""

    number: int
    reason: str
    detail: str | None
    message: ReceivedMessage


class HeldDeadLetters:
    """Dead letters under lock; one that is gone, or that somebody else holds, is not among them."""

    def __init__(self, messages: list[DeadMessage]) -> None:
        self.messages = messages
        self.removed: set[int] = set()

    def remove(self, numbers: Iterable[int]) -> None:
        """Let these go when the lock ends."""
        self.removed.update(numbers)


class DeadLetterQueues:
    """Dead letters by source: a queue's name, or `topic/subscription`. One connection, opened by the first call.

    Safe between threads, which take turns: a receiver serves one at a time.

    Every method raises `TransientError` (`SERVICE_BUS_UNAVAILABLE`) where the broker cannot be reached.
    """

    def __init__(self, open_client: "Callable[[], ServiceBusClient]") -> None:
        self._open_client = open_client
        self._client: ServiceBusClient | None = None
        self._receivers: dict[str, ServiceBusReceiver] = {}
        self._lock = RLock()
        self._stuck: Thread | None = None

    def page(self, source: str, after: int, limit: int) -> list[DeadMessage]:
        """At most `limit` dead letters of `source` with numbers above `after`, in order; none: there are no more."""

        def look() -> list[DeadMessage]:
            with self._receiver(source) as receiver:
                peeked = receiver.peek_messages(max_message_count=limit, sequence_number=after + 1)
                return [_dead_message(one) for one in peeked]

        return self._looked(source, look)

    def count(self, source: str, most: int) -> int:
        """How many dead letters `source` has, counted up to about `most`."""
        return self._looked(source, lambda: sum(1 for _ in self._peeked(source, most)))

    def ids(self, source: str, most: int) -> frozenset[str]:
        """The message ids of the dead letters of `source`, of about `most` of them."""
        return self._looked(source, lambda: frozenset(str(one.message_id) for one in self._peeked(source, most)))

    def _looked(self, source: str, look: Callable[[], T]) -> T:
        """What `look` finds, within `LONGEST_LOOK_S`.

        The library sets no limit to the opening of a connection: a broker that takes it and is silent would be waited
        for without end. Whoever has begun to is left to it, and nobody else begins before he has done.
        """
        answer: Queue[T | BaseException] = Queue(1)

        def run() -> None:
            try:
                answer.put(look())
            except BaseException as error:  # noqa: BLE001 - raised again where it is waited for
                answer.put(error)

        if self._stuck is None or not self._stuck.is_alive():
            thread = Thread(target=run, name="dead-letters", daemon=True)
            thread.start()
            try:
                found = answer.get(timeout=LONGEST_LOOK_S)
            except Empty:
                self._stuck = thread
            else:
                if isinstance(found, BaseException):
                    raise found
                return found
        raise _away(source, "it does not answer")

    def _peeked(self, source: str, most: int) -> "Iterator[ServiceBusReceivedMessage]":
        looked_at, after = 0, 0
        with self._receiver(source) as receiver:
            while looked_at < most:
                peeked = receiver.peek_messages(max_message_count=RECEIVED_AT_ONCE, sequence_number=after + 1)
                if not peeked:
                    break
                yield from peeked
                looked_at, after = looked_at + len(peeked), peeked[-1].sequence_number or 0

    @contextmanager
    def holding(self, source: str, numbers: Collection[int]) -> "Iterator[HeldDeadLetters]":
        """The dead letters of `source` with these numbers, locked until the block ends.

        Those named to `HeldDeadLetters.remove` are then removed; all are kept when the block raises.
        """
        with self._receiver(source) as receiver:
            received = _received(receiver, set(numbers))
            held = HeldDeadLetters([_dead_message(one) for one in received if one.sequence_number in numbers])
            try:
                yield held
            except BaseException:
                held.removed.clear()
                raise
            finally:
                for one in received:
                    if one.sequence_number in held.removed:
                        receiver.complete_message(one)
                    else:
                        receiver.abandon_message(one)

    def close(self) -> None:
        """Give the connection back; the next call opens another."""
        client, self._client = self._client, None
        receivers, self._receivers = self._receivers, {}
        for part in (*receivers.values(), client):
            if part is not None:
                with suppress(Exception):  # whatever closing it comes to, it is not used again
                    part.close()

    @contextmanager
    def _receiver(self, source: str) -> "Iterator[ServiceBusReceiver]":
        """The receiver of a source; it is kept, because opening and closing one takes half a second each."""
        from azure.servicebus.exceptions import ServiceBusError  # noqa: PLC0415 - heavy, and only where configured

        if not self._lock.acquire(timeout=LONGEST_LOOK_S):
            raise _away(source, "somebody waits for it already")
        try:
            if source not in self._receivers:
                self._receivers[source] = self._open(source)
            yield self._receivers[source]
        except ServiceBusError as error:
            self.close()
            raise _away(source, type(error).__name__) from error
        finally:
            self._lock.release()

    def _open(self, source: str) -> "ServiceBusReceiver":
        from azure.servicebus import ServiceBusSubQueue  # noqa: PLC0415 - heavy, and only where configured

        if self._client is None:
            self._client = self._open_client()
        topic, _, subscription = source.partition("/")
        dead = ServiceBusSubQueue.DEAD_LETTER
        if subscription:
            return self._client.get_subscription_receiver(topic, subscription, sub_queue=dead)
        return self._client.get_queue_receiver(topic, sub_queue=dead)


def _away(source: str, reason: str) -> TransientError:
    return TransientError(
        f"The dead letters of {source} cannot be reached on Service Bus ({reason})", code="SERVICE_BUS_UNAVAILABLE"
    )


def _received(receiver: "ServiceBusReceiver", wanted: set[int]) -> "list[ServiceBusReceivedMessage]":
    """Dead letters under lock, until all `wanted` are among them or no more come."""
    received: list[ServiceBusReceivedMessage] = []
    missing = set(wanted)
    while missing and len(received) < MOST_RECEIVED:
        batch = receiver.receive_messages(max_message_count=RECEIVED_AT_ONCE, max_wait_time=RECEIVE_WAIT_S)
        if not batch:
            break
        received += batch
        missing -= {one.sequence_number for one in batch if one.sequence_number is not None}
    return received


def _dead_message(message: "ServiceBusReceivedMessage") -> DeadMessage:
    properties = _texts(message.application_properties or {})
    reason = message.dead_letter_reason or properties.pop("DeadLetterReason", None)
    detail = message.dead_letter_error_description or properties.pop("DeadLetterErrorDescription", None)
    own = {name: value for name, value in properties.items() if not name.startswith(("DeadLetter", "Diagnostic"))}
    return DeadMessage(
        message.sequence_number or 0,
        str(reason or QueueReason.UNKNOWN.value),
        None if detail is None else str(detail),
        ReceivedMessage(
            message_id=str(message.message_id or f"sequence:{message.sequence_number}"),
            session_id=message.session_id,
            subject=message.subject,
            body=b"".join(message.body) if message.body is not None else b"",
            delivery_count=message.delivery_count or 0,
            enqueued_at=_moment(message.enqueued_time_utc),
            correlation_id=None if message.correlation_id is None else str(message.correlation_id),
            properties=own,
        ),
    )


def _texts(properties: Mapping[Any, Any]) -> dict[str, Any]:
    """Properties as they were sent: AMQP hands names and texts out as bytes."""
    return {
        name.decode() if isinstance(name, bytes) else str(name): value.decode() if isinstance(value, bytes) else value
        for name, value in properties.items()
    }


def _moment(moment: datetime | None) -> datetime | None:
    if moment is None:
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
