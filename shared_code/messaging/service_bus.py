"""Service Bus as the relay sees it: one connection for a long time, senders that are made anew after a fault.

The SDK is needed because sessions and duplicate detection need message properties that no output binding can set.

Source: Operations, "Message form"; Azure Functions, "Output bindings".
"""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from itertools import groupby
from operator import attrgetter
from threading import Lock
from typing import TYPE_CHECKING, Any, Final, Protocol

from shared_code.errors import TransientError
from shared_code.messaging.dead_letter_queues import DeadLetterQueues
from shared_code.messaging.message import TOPICS
from shared_code.messaging.relay import DestinationRefusedError
from shared_code.settings import Settings
from shared_code.sql.identity import credential_of

if TYPE_CHECKING:
    from azure.servicebus import ServiceBusClient, ServiceBusMessage, ServiceBusMessageBatch, ServiceBusSender

SEND_TIMEOUT_S: Final = 20
"""Seconds that one batch may take; the relay comes back for what could not be sent."""

CORRELATION: Final = "requestId"
"""The property of a kept message that becomes its correlation id."""


class OutgoingRow(Protocol):
    """A message of the outbox; `payload` and `properties` are JSON texts."""

    @property
    def destination(self) -> str: ...  # noqa: D102
    @property
    def subject(self) -> str: ...  # noqa: D102
    @property
    def session_id(self) -> str: ...  # noqa: D102
    @property
    def dedup_id(self) -> str: ...  # noqa: D102
    @property
    def payload(self) -> str: ...  # noqa: D102
    @property
    def properties(self) -> str: ...  # noqa: D102


class ServiceBus:
    """Sends to queues and topics of one namespace. Safe between threads; opened by the first message.

    `dead_letters` are the namespace's dead-letter queues, over a connection of their own.
    """

    def __init__(self, open_client: "Callable[[], ServiceBusClient]") -> None:
        self._open_client = open_client
        self._connection = _Connection(open_client)
        self.dead_letters = DeadLetterQueues(open_client)

    def send(self, messages: Sequence[OutgoingRow], sent: Callable[[Sequence[OutgoingRow]], None]) -> None:
        """Send `messages`, those of a destination in their order; `sent` is told of each batch that the broker took.

        Raises what keeps the broker from taking a batch; `DestinationRefusedError` where it is a queue or topic that is
        not there, full, switched off or not permitted: the others have theirs by then. The connection is then given up,
        and the next call opens another.
        """
        by_destination = sorted(messages, key=attrgetter("destination"))
        refusal: Exception | None = None
        connection = self._connection
        # The library sets no limit to opening and closing a connection: one that somebody hangs in is left to him.
        if not connection.lock.acquire(timeout=SEND_TIMEOUT_S):
            self._forget(connection)
            raise TransientError("Service Bus does not answer", code="SERVICE_BUS_UNAVAILABLE")
        try:
            for destination, rows in groupby(by_destination, key=attrgetter("destination")):
                try:
                    _send(connection.sender(destination), list(rows), sent)
                except _refusals() as error:
                    refusal = error
            if refusal is not None:
                raise DestinationRefusedError(refusal)
        except Exception:
            self._forget(connection)
            connection.close()
            raise
        finally:
            connection.lock.release()

    def close(self) -> None:
        """Give the connections back; one that somebody waits for is left to him."""
        self.dead_letters.close()
        connection = self._connection
        if connection.lock.acquire(timeout=SEND_TIMEOUT_S):
            try:
                connection.close()
            finally:
                connection.lock.release()

    def _forget(self, connection: "_Connection") -> None:
        """Let the next call open another one."""
        if self._connection is connection:
            self._connection = _Connection(self._open_client)


class _Connection:
    """A client with a sender for each destination, in the hands of who holds its `lock`; opened at first use."""

    def __init__(self, open_client: "Callable[[], ServiceBusClient]") -> None:
        self.lock = Lock()
        self._open_client = open_client
        self._client: ServiceBusClient | None = None
        self._senders: dict[str, ServiceBusSender] = {}

    def sender(self, destination: str) -> "ServiceBusSender":
        """The sender to a queue or topic."""
        if self._client is None:
            self._client = self._open_client()
        if destination not in self._senders:
            is_topic = destination in TOPICS
            self._senders[destination] = (
                self._client.get_topic_sender(destination) if is_topic else self._client.get_queue_sender(destination)
            )
        return self._senders[destination]

    def close(self) -> None:
        """Give it back, whatever closing it comes to: it may be broken already, which the caller is told."""
        client, self._client = self._client, None
        senders, self._senders = self._senders, {}
        for part in (*senders.values(), client):
            if part is not None:
                with suppress(Exception):
                    part.close()


def _send(sender: "ServiceBusSender", rows: list[OutgoingRow], sent: Callable[[Sequence[OutgoingRow]], None]) -> None:
    for batch, contents in _batches(sender, rows):
        sender.send_messages(batch, timeout=SEND_TIMEOUT_S)
        sent(contents)


def _refusals() -> tuple[type[Exception], ...]:
    """What a broker that can be reached says of one queue or topic."""
    from azure.servicebus import exceptions  # noqa: PLC0415 - heavy

    return (
        exceptions.MessagingEntityNotFoundError,
        exceptions.MessagingEntityDisabledError,
        exceptions.ServiceBusQuotaExceededError,
        exceptions.ServiceBusAuthorizationError,
    )


def service_bus(settings: Settings) -> ServiceBus | None:
    """The namespace that the settings name; None where they name none."""
    open_client = client_of(settings)
    return ServiceBus(open_client) if open_client else None


def client_of(settings: Settings) -> "Callable[[], ServiceBusClient] | None":
    """What opens a connection: by connection string, or by the app's identity; None without either."""
    text, namespace = settings.servicebus.get_secret_value(), settings.servicebus_namespace
    if text:
        return lambda: _client_of_text(text)
    if namespace:
        make_credential = credential_of(settings)
        return lambda: _client_of_identity(namespace, make_credential())
    return None


def _client_of_text(text: str) -> "ServiceBusClient":
    from azure.servicebus import ServiceBusClient  # noqa: PLC0415 - heavy, and only where one is configured

    return ServiceBusClient.from_connection_string(text, retry_total=1)


def _client_of_identity(namespace: str, credential: Any) -> "ServiceBusClient":
    from azure.servicebus import ServiceBusClient  # noqa: PLC0415 - heavy, and only where one is configured

    return ServiceBusClient(namespace, credential, retry_total=1)


def _batches(
    sender: "ServiceBusSender", rows: Sequence[OutgoingRow]
) -> "Iterator[tuple[ServiceBusMessageBatch, list[OutgoingRow]]]":
    """`rows` in their order, in as few batches as their sizes allow.

    Raises `MessageSizeExceededError` for a message that fits into no batch.
    """
    from azure.servicebus.exceptions import MessageSizeExceededError  # noqa: PLC0415 - heavy

    batch, contents = sender.create_message_batch(), list[OutgoingRow]()
    for row in rows:
        message = _outgoing(row)
        try:
            batch.add_message(message)
        except MessageSizeExceededError:
            if not contents:
                raise
            yield batch, contents
            batch, contents = sender.create_message_batch(), []
            batch.add_message(message)
        contents.append(row)
    if contents:
        yield batch, contents


def _outgoing(row: OutgoingRow) -> "ServiceBusMessage":
    """A message of the outbox in the broker's form."""
    from azure.servicebus import ServiceBusMessage  # noqa: PLC0415 - heavy

    properties = {name: value for name, value in json.loads(row.properties).items() if value is not None}
    return ServiceBusMessage(
        row.payload.encode(),
        message_id=row.dedup_id,
        subject=row.subject,
        session_id=row.session_id,
        correlation_id=properties.get(CORRELATION),
        content_type="application/json",
        application_properties=properties,
    )
