"""Where dead letters lie: the broker's dead-letter queues, the queue in the database, and the poison messages.

One form for all three: looked at page by page, held while something is done with them, gone or marked afterwards.

Source: Operations, "Retries and dead letters".
"""

import json
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import Connection

from shared_code.dead_letter_reasons import QueueReason
from shared_code.errors import ConflictError
from shared_code.messaging.dead_letter_queues import DeadLetterQueues, DeadMessage, HeldDeadLetters
from shared_code.messaging.message import QUEUES, SUBSCRIPTIONS
from shared_code.services.runtime import Runtime
from shared_code.storage import dead_letters, inbox
from shared_code.storage.database import Database
from shared_code.storage.dead_letters import KeptLetter

POISON: Final = "poison"
"""Stands before the number of a poison message; before that of a broker's dead letter stands its queue."""

SOURCES: Final = (*QUEUES, *(subscription.source for subscription in SUBSCRIPTIONS))
"""Queues and subscriptions of this app."""


def short_name(source: str) -> str:
    """A queue or subscription as an operator types it: `pl.refresh`, `alerts`."""
    return source.rpartition("/")[2].removeprefix("forecasting.")


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message that could not be worked off, with what it says of itself.

    `source` is its queue or `topic/subscription`, `since` when it came there, `replayed_at` when a copy was sent.
    `site_id`, `period` and `request_id` are None where the message names none.
    """

    dead_letter_id: str
    source: str
    reason: str
    detail: str | None
    subject: str | None
    site_id: str | None
    period: str | None
    request_id: str | None
    message_id: str
    session_id: str | None
    delivery_count: int
    since: datetime
    replayed_at: datetime | None
    body: str
    properties: dict[str, Any]

    @property
    def number(self) -> int:
        """The number within its store and source."""
        return int(self.dead_letter_id.rpartition(":")[2])


class DeadLetterStore(ABC):
    """A place of dead letters; `names` are what stands before the numbers of its letters."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @property
    @abstractmethod
    def names(self) -> tuple[str, ...]:
        """`poison`, or the short names of the queues."""

    @abstractmethod
    def page(self, name: str, after: int, limit: int) -> list[DeadLetter]:
        """At most `limit` letters of `name` with numbers above `after`, in order; none: there are no more."""

    @abstractmethod
    def holding(self, name: str, numbers: Collection[int]) -> AbstractContextManager[list[DeadLetter]]:
        """These letters, as far as they are there, in nobody else's hands until the block ends."""

    @abstractmethod
    def discard(self, connection: Connection, letters: Sequence[DeadLetter]) -> None:
        """Remove held letters, in the transaction or once the block of `holding` has ended well."""

    def replayed(self, connection: Connection, letters: Sequence[DeadLetter], now: datetime, by: str) -> None:
        """Keep held letters as ones of which a copy is on its way."""
        self.keep(connection, letters, now, replayed_by=by)

    def keep(
        self, connection: Connection, letters: Sequence[DeadLetter], now: datetime, *, replayed_by: str | None = None
    ) -> None:
        """Move held letters to the poison messages."""
        rows = [
            {
                "destination": letter.source,
                "message_id": letter.message_id[:128],
                "subject": letter.subject and letter.subject[:60],
                "body": letter.body,
                "reason_code": letter.reason[:40],
                "detail": f"{letter.dead_letter_id}: {letter.detail or ''}"[:1000],
                "delivery_count": letter.delivery_count,
            }
            for letter in letters
        ]
        dead_letters.set_aside(connection, rows, now, replayed_by=replayed_by)
        self.discard(connection, letters)


class PoisonStore(DeadLetterStore):
    """Messages that a handler has set aside, and dead letters that were moved beside them."""

    names = (POISON,)

    def page(self, name: str, after: int, limit: int) -> list[DeadLetter]:
        """See `DeadLetterStore`."""
        with self._database.reading() as connection:
            return [_kept(name, row) for row in dead_letters.poison(connection, after, limit)]

    @contextmanager
    def holding(self, name: str, numbers: Collection[int]) -> Iterator[list[DeadLetter]]:
        """See `DeadLetterStore`; who comes second finds out in its transaction."""
        with self._database.reading() as connection:
            found = dead_letters.poison_with_numbers(connection, numbers)
        yield [_kept(name, row) for row in found]

    def discard(self, connection: Connection, letters: Sequence[DeadLetter]) -> None:
        """See `DeadLetterStore`."""
        _all_of(letters, dead_letters.discard_poison(connection, _numbers(letters)))

    def replayed(self, connection: Connection, letters: Sequence[DeadLetter], now: datetime, by: str) -> None:
        """See `DeadLetterStore`: they stay where they are."""
        _all_of(letters, dead_letters.mark_replayed(connection, _numbers(letters), now, by))


class EmbeddedStore(DeadLetterStore):
    """The dead letters of the queue in the database."""

    names = tuple(short_name(source) for source in SOURCES)

    def page(self, name: str, after: int, limit: int) -> list[DeadLetter]:
        """See `DeadLetterStore`."""
        with self._database.reading() as connection:
            return [_kept(name, row) for row in dead_letters.queued(connection, _source(name), after, limit)]

    def counts(self, connection: Connection, most: int) -> dict[str, int]:
        """Dead letters by queue, at most `most` of each; a queue without any may be left out."""
        return dead_letters.dead_in_queues(connection)

    @contextmanager
    def holding(self, name: str, numbers: Collection[int]) -> Iterator[list[DeadLetter]]:
        """See `DeadLetterStore`; who comes second finds out in its transaction."""
        with self._database.reading() as connection:
            found = dead_letters.queued_with_numbers(connection, _source(name), numbers)
        yield [_kept(name, row) for row in found]

    def discard(self, connection: Connection, letters: Sequence[DeadLetter]) -> None:
        """See `DeadLetterStore`."""
        _all_of(letters, dead_letters.discard_queued(connection, _numbers(letters)))


class ServiceBusStore(DeadLetterStore):
    """The dead-letter queues of a Service Bus namespace.

    A letter is removed after the transaction that needs it gone: a crash between the two leaves it there, and the
    outbox refuses its second copy.
    """

    names = EmbeddedStore.names

    def __init__(self, database: Database, queues: DeadLetterQueues) -> None:
        super().__init__(database)
        self._queues = queues
        self._held: HeldDeadLetters | None = None

    def page(self, name: str, after: int, limit: int) -> list[DeadLetter]:
        """See `DeadLetterStore`."""
        source = _source(name)
        return [self._letter(name, source, one) for one in self._queues.page(source, after, limit)]

    def counts(self, connection: Connection, most: int) -> dict[str, int]:
        """Dead letters by queue, at most `most` of each; a queue without any may be left out."""
        counts = {source: self._queues.count(source, most) for source in SOURCES}
        return {source: count for source, count in counts.items() if count}

    @contextmanager
    def holding(self, name: str, numbers: Collection[int]) -> Iterator[list[DeadLetter]]:
        """See `DeadLetterStore`."""
        source = _source(name)
        with self._queues.holding(source, numbers) as held:
            self._held = held
            yield [self._letter(name, source, one) for one in held.messages]
        self._held = None

    def discard(self, connection: Connection, letters: Sequence[DeadLetter]) -> None:
        """See `DeadLetterStore`: the end of `holding` removes them. Their handler is not waited for any more."""
        assert self._held is not None
        self._held.remove(_numbers(letters))
        for source in {letter.source for letter in letters}:
            ids = {letter.message_id[:128] for letter in letters if letter.source == source}
            inbox.record_removed(connection, source, ids, self._database.clock.now())

    def _letter(self, name: str, source: str, dead: DeadMessage) -> DeadLetter:
        message = dead.message
        properties = dict(message.properties)
        if message.correlation_id:
            properties.setdefault("requestId", message.correlation_id)
        return letter_of(
            f"{name}:{dead.number}",
            source,
            dead.reason,
            dead.detail,
            message.subject,
            message_id=message.message_id,
            session_id=message.session_id,
            delivery_count=message.delivery_count,
            since=message.enqueued_at or self._database.clock.now(),
            body=message.body.decode("utf-8", "replace"),
            properties=properties,
        )


def stores_of(runtime: Runtime) -> tuple[EmbeddedStore | ServiceBusStore, PoisonStore]:
    """The broker's dead letters, as the settings call for, and the poison messages."""
    database, broker = runtime.database, runtime.service_bus
    queues: EmbeddedStore | ServiceBusStore = (
        EmbeddedStore(database) if broker is None else ServiceBusStore(database, broker.dead_letters)
    )
    return queues, PoisonStore(database)


def letter_of(
    dead_letter_id: str,
    source: str,
    reason: str,
    detail: str | None,
    subject: str | None,
    *,
    message_id: str,
    session_id: str | None,
    delivery_count: int,
    since: datetime,
    body: str,
    properties: dict[str, Any],
    replayed_at: datetime | None = None,
) -> DeadLetter:
    """A dead letter; what it is about comes from its properties, or from its body where that can be read."""
    named = {**members_of(body), **{name: value for name, value in properties.items() if value is not None}}
    return DeadLetter(
        dead_letter_id,
        source,
        reason,
        detail,
        subject or _text(named, "eventType"),
        _text(named, "siteId"),
        _text(named, "period"),
        _text(named, "requestId"),
        message_id,
        session_id,
        delivery_count,
        since,
        replayed_at,
        body,
        properties,
    )


def members_of(body: str) -> dict[str, Any]:
    """The members of a body that is a JSON object; none for any other."""
    try:
        parsed = json.loads(body, parse_float=Decimal, parse_constant=_no_number)
    except (ValueError, RecursionError):
        return {}
    return parsed if isinstance(parsed, dict) else {}


def _no_number(text: str) -> None:
    raise ValueError(f"{text} is no number in JSON")


def _kept(name: str, row: KeptLetter) -> DeadLetter:
    """A row of the database. The embedded queue writes reason and detail into one text."""
    reason, _, detail = row.reason.partition(": ")
    return letter_of(
        f"{name}:{row.number}",
        row.source,
        reason or QueueReason.UNKNOWN.value,
        row.detail or detail or None,
        row.subject,
        message_id=row.message_id,
        session_id=row.session_id,
        delivery_count=row.delivery_count,
        since=row.since,
        body=row.body,
        properties=json.loads(row.properties),
        replayed_at=row.replayed_at,
    )


def _source(name: str) -> str:
    return next(source for source in SOURCES if short_name(source) == name)


def _numbers(letters: Sequence[DeadLetter]) -> list[int]:
    return [letter.number for letter in letters]


def _all_of(letters: Sequence[DeadLetter], done: int) -> None:
    if done != len(letters):
        raise ConflictError(
            "Somebody else has replayed or removed some of these dead letters meanwhile; list them anew"
        )


def _text(named: dict[str, Any], name: str) -> str | None:
    value = named.get(name)
    return str(value)[:128] if isinstance(value, str | int) else None
