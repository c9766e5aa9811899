"""Whether the app can work: its database answers and has the schema that this version needs.

Source: REST API, "Operations"; Operations, "Monitoring and alerts".
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from sqlalchemy import Connection

from shared_code.errors import ConfigurationError, ForecastError
from shared_code.services.runtime import Runtime
from shared_code.services.source_age import source_age
from shared_code.storage import feed_versions, message_ages, schema

LONGEST_WAIT: Final = timedelta(minutes=15)
"""How long a message may wait before that needs attention."""

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


def check_components(runtime: Runtime) -> list[Component]:
    """Every part on its own; one that cannot be looked at has failed.

    Source: REST API, "Operations" (health details).
    """
    return [_component(runtime, name, check) for name, check in _CHECKS.items()]


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


_Check = Callable[[Runtime], str | None]
"""Raises where the part does not work; a code says what needs attention."""

_CHECKS: Final[Mapping[str, _Check]] = {
    "database": _check_database,
    "schema": _check_schema,
    "outbox": _check_outbox,
    "queue": _check_queue,
    "feeds": _check_feeds,
}
"""The parts by name, in the order in which they are shown."""
