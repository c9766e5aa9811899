"""Dead letters of the broker and poison messages together: shown, replayed once, exported, purged.

Nothing is replayed by itself. A copy gets a message id made of the dead letter's, so that the outbox takes it once.

Source: Operations, "Retries and dead letters".
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice, takewhile
from typing import Any, Final

from sqlalchemy import Connection

from shared_code.errors import InvalidInputError, NotFoundError
from shared_code.messaging.message import SUBSCRIPTIONS, Message
from shared_code.services.dead_letter_stores import (
    POISON,
    SOURCES,
    DeadLetter,
    DeadLetterStore,
    members_of,
    short_name,
    stores_of,
)
from shared_code.services.runtime import Runtime
from shared_code.storage import audit, dead_letters, outbox
from shared_code.storage.audit import AuditEntry

MODULE: Final = "dead-letters"
"""Name of these actions in the audit trail."""

PAGE: Final = 200
"""Dead letters that are read, replayed or removed at once."""

MOST_SHOWN: Final = 1_000
MOST_COUNTED: Final = 1_000
_SITE_LENGTH: Final = 20

_ID = re.compile(r"([a-z.\-]{1,60}):([0-9]{1,18})", re.ASCII)
_PERIOD = re.compile(r"[12]\d{3}(-\d{2})?", re.ASCII)
_NOT_REPLAYED = (outbox.ATTEMPT, "DeadLetterReason", "DeadLetterErrorDescription")
"""Properties that a copy does not take over: it starts anew."""


@dataclass(frozen=True, slots=True)
class DeadLetterFilter:
    """Which dead letters: of a queue (name or short name), with a reason code, about a site, since before a moment.

    Those of which a copy was sent are left out unless `with_replayed`.
    """

    queue: str | None = None
    reason: str | None = None
    site_id: str | None = None
    before: datetime | None = None
    with_replayed: bool = False

    def wants(self, letter: DeadLetter) -> bool:
        """Whether `letter` is one of them."""
        return (
            (self.queue is None or self.queue in {letter.source, short_name(letter.source)})
            and (self.reason is None or self.reason.lower() == letter.reason.lower())
            and (self.site_id is None or self.site_id == letter.site_id)
            and (self.before is None or letter.since < self.before)
            and (self.with_replayed or letter.replayed_at is None)
        )


@dataclass(frozen=True, slots=True)
class Replayed:
    """A dead letter and the id of its copy."""

    dead_letter_id: str
    message_id: str


@dataclass(frozen=True, slots=True)
class ReplayReport:
    """Copies that were sent, and why none was sent of the other dead letters, by their ids."""

    replayed: tuple[Replayed, ...]
    refused: dict[str, str]


@dataclass(frozen=True, slots=True)
class PurgeReport:
    """The ids of dead letters that were removed, and why others were not."""

    purged: tuple[str, ...]
    refused: dict[str, str]


def every_letter(runtime: Runtime, wanted: DeadLetterFilter) -> Iterator[DeadLetter]:
    """The dead letters that `wanted` names, queue by queue, the oldest first; read page by page.

    Raises `InvalidInputError` for a queue that there is not.
    """
    known = {name for source in SOURCES for name in (source, short_name(source))}
    if wanted.queue is not None and wanted.queue not in known:
        raise InvalidInputError(
            f"There is no queue {wanted.queue!r}; accepted are {', '.join(map(short_name, SOURCES))}", field="queue"
        )
    return _letters(stores_of(runtime), wanted)


def _letters(stores: Sequence[DeadLetterStore], wanted: DeadLetterFilter) -> Iterator[DeadLetter]:
    for store in stores:
        for name in store.names:
            after = 0
            while page := store.page(name, after, PAGE):
                yield from filter(wanted.wants, page)
                after = page[-1].number


def count_by_queue(runtime: Runtime, connection: Connection) -> dict[str, int]:
    """Dead letters and poison messages of which no copy was sent, by queue or `topic/subscription`; none: no entry.

    What lies in Service Bus is counted up to `MOST_COUNTED` a queue.
    """
    counts = Counter(dead_letters.open_poison(connection))
    queues, _ = stores_of(runtime)
    counts.update(queues.counts(connection, MOST_COUNTED))
    return dict(sorted(counts.items()))


def list_letters(
    runtime: Runtime, wanted: DeadLetterFilter, *, offset: int = 0, limit: int = 50
) -> tuple[list[DeadLetter], bool]:
    """A page of dead letters, and whether there are more behind it; raises `InvalidInputError` for a wrong limit."""
    if not 1 <= limit <= MOST_SHOWN or offset < 0:
        raise InvalidInputError(
            f"Offset {offset} and limit {limit} are not possible; 0 and more, and 1 to {MOST_SHOWN} are", field="limit"
        )
    shown = list(islice(every_letter(runtime, wanted), offset, offset + limit + 1))
    return shown[:limit], len(shown) > limit


def find_letter(runtime: Runtime, dead_letter_id: str) -> DeadLetter:
    """The dead letter of this id.

    Raises `InvalidInputError` for what is no id, and `NotFoundError` that says what became of the letter.
    """
    store, name, number = _place(runtime, dead_letter_id)
    page = store.page(name, number - 1, 1)
    if not page or page[0].number != number:
        raise _gone(runtime, dead_letter_id)
    return page[0]


def replay(runtime: Runtime, dead_letter_ids: Iterable[str], by: str) -> ReplayReport:
    """Send a copy of each of these dead letters, once; one that cannot be copied is refused with its reason.

    Raises `InvalidInputError` for what is no id.
    """
    replayed: list[Replayed] = []
    refused: dict[str, str] = {}
    for store, name, numbers in _batches(runtime, dead_letter_ids):
        with store.holding(name, numbers) as held:
            refused |= _missing(runtime, name, numbers, held)
            copies = _copies(runtime, held, refused)
            if copies:
                _send(runtime, store, copies, by)
                replayed += [Replayed(letter.dead_letter_id, copy.dedup_id) for letter, copy in copies]
    return ReplayReport(tuple(replayed), refused)


def purge(runtime: Runtime, dead_letter_ids: Iterable[str], by: str) -> PurgeReport:
    """Remove these dead letters for good; raises `InvalidInputError` for what is no id."""
    purged: list[str] = []
    refused: dict[str, str] = {}
    for store, name, numbers in _batches(runtime, dead_letter_ids):
        with store.holding(name, numbers) as held:
            refused |= _missing(runtime, name, numbers, held)
            if held:
                with runtime.database.writing() as connection:
                    store.discard(connection, held)
                    entries = [_audited(letter, "purge", None, by) for letter in held]
                    audit.add_entries(connection, entries, runtime.clock.now())
                purged += [letter.dead_letter_id for letter in held]
    return PurgeReport(tuple(purged), refused)


def purge_old(runtime: Runtime, age: timedelta, by: str) -> PurgeReport:
    """Remove all dead letters that are older than `age`, those of which a copy was sent among them."""
    old = DeadLetterFilter(before=runtime.clock.now() - age, with_replayed=True)
    return purge(runtime, (letter.dead_letter_id for letter in every_letter(runtime, old)), by)


def move_old(runtime: Runtime, before: datetime, may_go_on: Callable[[], bool] = lambda: True) -> int:
    """Move the broker's dead letters from before a moment to the poison messages, which are kept for longer.

    `may_go_on` is asked before each batch; returns how many were moved.
    """
    moved = 0
    old = DeadLetterFilter(before=before, with_replayed=True)
    queues, _ = stores_of(runtime)
    ids = (letter.dead_letter_id for letter in _letters([queues], old))
    for store, name, numbers in takewhile(lambda _: may_go_on(), _batches(runtime, ids)):
        with store.holding(name, numbers) as held, runtime.database.writing() as connection:
            store.keep(connection, held, runtime.clock.now())
            moved += len(held)
    return moved


def _send(runtime: Runtime, store: DeadLetterStore, copies: Sequence[tuple[DeadLetter, Message]], by: str) -> None:
    """Leave the copies in the outbox; letters, outbox and audit change together."""
    with runtime.database.writing() as connection:
        now = runtime.clock.now()
        outbox.append(connection, [copy for _, copy in copies], now)
        store.replayed(connection, [letter for letter, _ in copies], now, by)
        entries = [_audited(letter, "replay", copy.dedup_id, by) for letter, copy in copies]
        audit.add_entries(connection, entries, now)


def _copies(runtime: Runtime, held: Sequence[DeadLetter], refused: dict[str, str]) -> list[tuple[DeadLetter, Message]]:
    """The letters that can be sent again, each with its copy; the reasons of the others go to `refused`."""
    copies = []
    with runtime.database.reading() as connection:
        sent = dead_letters.sent_copies(connection, [_copy_id(letter) for letter in held])
    for letter in held:
        payload = members_of(letter.body)
        if letter.replayed_at is not None or _copy_id(letter) in sent:
            when = f" on {letter.replayed_at:%Y-%m-%d at %H:%M} UTC" if letter.replayed_at else ""
            refused[letter.dead_letter_id] = f"A copy of it was sent{when}; a dead letter is replayed once"
        elif not payload:
            refused[letter.dead_letter_id] = "Its body is not a JSON object; a copy of it would fail as it did"
        else:
            copies.append((letter, _copy_of(letter, payload)))
    return copies


def _copy_of(letter: DeadLetter, payload: dict[str, Any]) -> Message:
    """What is sent again, as a first attempt.

    A subscription's message goes to its topic, since there is no other way in; those who had it already know it by its
    `eventId`, or do the same once more without harm.
    """
    subscription = next((one for one in SUBSCRIPTIONS if one.source == letter.source), None)
    named = {"siteId": letter.site_id, "period": letter.period, "requestId": letter.request_id}
    properties = {name: value for name, value in letter.properties.items() if name not in _NOT_REPLAYED}
    session = letter.session_id or next(
        (str(payload[name]) for name in ("siteId", "job", "jobId") if payload.get(name)), letter.message_id
    )
    return Message(
        letter.source if subscription is None else subscription.topic,
        (letter.subject or "")[:60],
        session[:128],
        _copy_id(letter),
        payload,
        {**{name: value for name, value in named.items() if value is not None}, **properties}
        | dict(subscription.properties if subscription else ()),
    )


def _copy_id(letter: DeadLetter) -> str:
    """The message id of the one copy of a letter; the time tells apart numbers that a new namespace gives again."""
    return f"replay:{letter.dead_letter_id}:{letter.since:%Y%m%d%H%M%S}"


def _audited(letter: DeadLetter, action: str, copy_id: str | None, by: str) -> AuditEntry:
    site_id, period = letter.site_id, letter.period
    return AuditEntry(
        user_id=by,
        module=MODULE,
        item_key=letter.dead_letter_id,
        source="system",
        site_id=site_id if site_id and len(site_id) <= _SITE_LENGTH else None,
        period=period if period and _PERIOD.fullmatch(period) else None,
        field=action,
        old_value=letter.message_id,
        new_value=copy_id,
        reason=letter.reason,
        request_id=letter.request_id and letter.request_id[:64],
    )


def _missing(runtime: Runtime, name: str, numbers: Sequence[int], held: Sequence[DeadLetter]) -> dict[str, str]:
    """Why letters that were asked for are not among those held."""
    gone = set(numbers) - {letter.number for letter in held}
    return {f"{name}:{number}": _gone(runtime, f"{name}:{number}").message for number in sorted(gone)}


def _gone(runtime: Runtime, dead_letter_id: str) -> NotFoundError:
    """What became of a letter that is not there."""
    with runtime.database.reading() as connection:
        kept = dead_letters.successor(connection, f"{dead_letter_id}: ")
    if kept is None:
        return NotFoundError(f"There is no dead letter {dead_letter_id}; list them with: townepark dlq list")
    now_named = f"it is kept as {POISON}:{kept.poison_id}"
    if kept.replayed_at is None:
        return NotFoundError(f"{dead_letter_id} was moved: {now_named}")
    return NotFoundError(
        f"A copy of {dead_letter_id} was sent on {kept.replayed_at:%Y-%m-%d at %H:%M} UTC by {kept.replayed_by}, "
        f"and a dead letter is replayed once; {now_named}"
    )


def _place(runtime: Runtime, dead_letter_id: str) -> tuple[DeadLetterStore, str, int]:
    """Store, name and number of an id."""
    named = _ID.fullmatch(dead_letter_id)
    for store in stores_of(runtime):
        if named and named[1] in store.names:
            return store, named[1], int(named[2])
    raise InvalidInputError(
        f"{dead_letter_id[:100]!r} is not the id of a dead letter; accepted are "
        f"{', '.join((*map(short_name, SOURCES), POISON))}, a colon and a number, for instance {POISON}:12",
        field="id",
    )


def _batches(runtime: Runtime, dead_letter_ids: Iterable[str]) -> Iterator[tuple[DeadLetterStore, str, list[int]]]:
    """Ids by store and name, at most `PAGE` at once."""
    pending = iter(dead_letter_ids)
    while chunk := list(islice(pending, PAGE)):
        by_name: dict[str, tuple[DeadLetterStore, set[int]]] = {}
        for dead_letter_id in chunk:
            store, name, number = _place(runtime, dead_letter_id)
            by_name.setdefault(name, (store, set()))[1].add(number)
        for name, (store, numbers) in by_name.items():
            yield store, name, sorted(numbers)
