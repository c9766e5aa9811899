"""Whether the app can work: its database answers and has the schema that this version needs.

Source: REST API, "Operations"; Operations, "Monitoring and alerts".
"""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from contextvars import copy_context
from dataclasses import dataclass
from datetime import datetime, timedelta
from queue import Empty, Queue
from typing import Final, Literal

from sqlalchemy import Connection

from shared_code.cache import CACHE_ERROR
from shared_code.errors import ConfigurationError, ForecastError
from shared_code.security.errors import KeysUnavailableError
from shared_code.services.runtime import Runtime
from shared_code.services.source_age import source_age
from shared_code.storage import feed_versions, message_ages, schema

LONGEST_WAIT: Final = timedelta(minutes=15)
"""How long a message may wait before that needs attention."""

LONGEST_CHECK: Final = timedelta(seconds=1.5)
"""After how long a part that has not answered counts as failed: the whole answer takes at most two seconds."""

NO_ANSWER: Final = "NO_ANSWER"
"""The code of a part that did not answer in time."""

ComponentState = Literal["ok", "degraded", "failed"]

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Component:
    """A part of the app: `degraded` works but needs attention, `failed` does not work; `code` says why."""

    name: str
    status: ComponentState
    code: str | None
    checked_at: datetime


def check_health(runtime: Runtime) -> None:
    """Returns when the app can work. Raises what the database raises, and `ConfigurationError` for another schema.

    Source: REST API, "Operations".
    """
    schema.require_current(runtime.database.engine)
    with runtime.database.reading() as connection:
        feed_versions.watermark(connection, "sites", "all")


def check_components(runtime: Runtime, within: timedelta = LONGEST_CHECK) -> list[Component]:
    """Every part on its own and all at once; one that cannot be looked at `within` that time has failed.

    Source: REST API, "Operations" (health details).
    """
    ends_at = time.monotonic() + within.total_seconds()
    answers = {name: _start(runtime, name, check) for name, check in _CHECKS.items()}
    return [_answer_of(runtime, name, answer, ends_at) for name, answer in answers.items()]


def _start(runtime: Runtime, name: str, check: "_Check") -> "Queue[Component] | None":
    """Look at a part in a thread of its own; None while too many such threads hang."""
    places = _PLACES
    if not places.acquire(blocking=False):
        return None
    answer: Queue[Component] = Queue(1)

    def look() -> None:
        try:
            answer.put(_component(runtime, name, check))
        finally:
            places.release()

    threading.Thread(target=copy_context().run, args=(look,), name=f"health-{name}", daemon=True).start()
    return answer


def _answer_of(runtime: Runtime, name: str, answer: "Queue[Component] | None", ends_at: float) -> Component:
    try:
        if answer is not None:
            return answer.get(timeout=max(0.0, ends_at - time.monotonic()))
    except Empty:
        _log.error("Component %s did not answer in time", name)
    return Component(name, "failed", NO_ANSWER, runtime.clock.now())


def _component(runtime: Runtime, name: str, check: "_Check") -> Component:
    status: ComponentState = "ok"
    try:
        code = check(runtime)
        if code is not None:
            status = "degraded"
    except Exception as error:  # noqa: BLE001 - whatever it is, this part does not work and the others may
        _log.error("Component %s is not healthy", name, exc_info=error)
        code = error.code if isinstance(error, ForecastError) else "DATABASE_ERROR"
        status = "failed"
    return Component(name, status, code, runtime.clock.now())


def _check_database(runtime: Runtime) -> None:
    with runtime.database.reading() as connection:
        feed_versions.watermark(connection, "sites", "all")


def _check_schema(runtime: Runtime) -> None:
    try:
        schema.require_current(runtime.database.engine)
    except ConfigurationError as error:
        raise ForecastError(error.message, code="SCHEMA_NOT_CURRENT") from error


def _check_outbox(runtime: Runtime) -> str | None:
    return "OUTBOX_DELAYED" if _waits_long(runtime, message_ages.oldest_unsent) else None


def _check_queue(runtime: Runtime) -> str | None:
    """The queue in the database; it is empty where Service Bus takes its place."""
    return "QUEUE_DELAYED" if _waits_long(runtime, message_ages.oldest_queued) else None


def _waits_long(runtime: Runtime, oldest: Callable[[Connection, datetime], datetime | None]) -> bool:
    now = runtime.clock.now()
    with runtime.database.reading() as connection:
        since = oldest(connection, now)
    return since is not None and now - since > LONGEST_WAIT


def _check_feeds(runtime: Runtime) -> str | None:
    """Whether what was published of the sources is as fresh as the freshness rule asks."""
    return "STALE_SOURCE" if source_age(runtime).stale else None


def _check_keys(runtime: Runtime) -> str | None:
    """Whether tokens can be verified: by the keys that are known, also while the issuer cannot be reached."""
    state = runtime.key_set.state
    if state == "unknown":
        raise KeysUnavailableError("No key of the issuer is known", code="KEY_SET_UNAVAILABLE")
    return "KEY_SET_OUTDATED" if state == "outdated" else None


def _check_cache(runtime: Runtime) -> str | None:
    """Without it every answer is computed, which is slower and no less right."""
    return None if runtime.cache.works() else CACHE_ERROR


def _check_warehouse(runtime: Runtime) -> str | None:
    """Whether this process asks the warehouse at all; its circuit breaker knows."""
    return "SOURCE_UNAVAILABLE" if runtime.is_warehouse_left_alone else None


_Check = Callable[[Runtime], str | None]
"""Raises where the part does not work; a code says what needs attention."""

_CHECKS: Final[Mapping[str, _Check]] = {
    "database": _check_database,
    "schema": _check_schema,
    "outbox": _check_outbox,
    "queue": _check_queue,
    "feeds": _check_feeds,
    "keys": _check_keys,
    "cache": _check_cache,
    "warehouse": _check_warehouse,
}
"""The parts by name, in the order in which they are shown."""

_PLACES: Final = threading.BoundedSemaphore(3 * len(_CHECKS))
"""Parts that are looked at, in all threads: of a part that hangs no more than a few threads may wait."""
