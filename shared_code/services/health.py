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

from shared_code.cache import CACHE_ERROR
from shared_code.errors import ConfigurationError, ForecastError
from shared_code.security.errors import KeysUnavailableError
from shared_code.services.extraction.catalogue import FEEDS
from shared_code.services.rate_labor_reading import FEED as RATE_FEED
from shared_code.services.runtime import Runtime
from shared_code.services.source_age import source_age
from shared_code.services.waiting_messages import LONGEST_WAIT, oldest_waiting
from shared_code.storage import alert_facts, feed_versions, message_ages, schema

LONGEST_CHECK: Final = timedelta(seconds=1.5)
"""After how long a part that has not answered counts as failed: the whole answer takes at most two seconds."""

WAREHOUSE_FEEDS: Final = frozenset(FEEDS) - {"budget_api", "workday_api"} | {RATE_FEED}
"""The feeds that read the warehouse."""

RUN_WITHIN: Final = timedelta(days=1)
"""How long a run says something about the warehouse: by then each feed has been read again."""

SOURCE_AWAY: Final = "SOURCE_UNAVAILABLE"

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
    now = runtime.clock.now()
    with runtime.database.reading() as connection:
        _, since = message_ages.unsent(connection, now)
    return "OUTBOX_DELAYED" if since is not None and now - since > LONGEST_WAIT else None


def _check_queue(runtime: Runtime) -> str | None:
    """Whether every queue and subscription is worked off, in the database or on Service Bus."""
    now = runtime.clock.now()
    with runtime.database.reading() as connection:
        waiting = oldest_waiting(runtime, connection, now)
    return "QUEUE_DELAYED" if any(now - since > LONGEST_WAIT for since in waiting.values()) else None


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
    """Whether the warehouse answers, as the runs of all processes tell, and the circuit breaker of this one."""
    if runtime.is_warehouse_left_alone:
        return SOURCE_AWAY
    with runtime.database.reading() as connection:
        error = alert_facts.newest_error(connection, WAREHOUSE_FEEDS, runtime.clock.now() - RUN_WITHIN)
    return SOURCE_AWAY if error in {SOURCE_AWAY, "SOURCE_TIMEOUT"} else None


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
