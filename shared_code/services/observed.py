"""Timers and messages as operators see them: one trace and one request id through all that follows, a line at the end.

Source: Operations, "Monitoring and alerts" and "Message form".
"""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from shared_code import telemetry
from shared_code.errors import ForecastError
from shared_code.logs import RequestNote, noted
from shared_code.messaging.received import ReceivedMessage
from shared_code.sql.types import new_identifier
from shared_code.telemetry import SpanKind

TIMER: Final = "TIMER"
MESSAGE: Final = "MESSAGE"
"""What stands in the place of a request's method in the log."""

_LONGEST_ID = 64

_log = logging.getLogger(__name__)


@contextmanager
def observed_timer(name: str, *, often: bool = False) -> Iterator[None]:
    """The work of one firing of the timer `name`: the beginning of a trace.

    One that fires `often` leaves its line only where details are logged, or when it fails.
    """
    note = RequestNote(f"{name}:{new_identifier()}"[:_LONGEST_ID], TIMER, endpoint=name)
    with noted(note), telemetry.span(f"timer {name}"), _end_line(note, logging.DEBUG if often else logging.INFO):
        yield


@contextmanager
def observed_message(source: str, message: ReceivedMessage) -> Iterator[None]:
    """The work on a message of queue or subscription `source`: it goes on with the trace and request of its sender."""
    request_id = message.correlation_id or str(message.properties.get("requestId") or message.message_id)
    note = RequestNote(request_id[:_LONGEST_ID], MESSAGE, endpoint=source)
    told: dict[str, str | int] = {"messageId": message.message_id, "deliveryCount": message.delivery_count}
    for name in ("siteId", "period"):
        if isinstance(value := message.properties.get(name), str):
            told[name] = value
    span = telemetry.span(f"process {source}", kind=SpanKind.CONSUMER, attributes=told)
    with noted(note), span, _end_line(note, logging.INFO):
        yield


@contextmanager
def _end_line(note: RequestNote, level: int) -> Iterator[None]:
    """A line when the block has ended, as a request leaves one: how long it took and whether it failed."""
    started, outcome = time.perf_counter(), "done"
    try:
        yield
    except BaseException as error:
        outcome, level = "failed", logging.WARNING
        note.error_code = error.code if isinstance(error, ForecastError) else type(error).__name__
        raise
    finally:
        duration_ms = round((time.perf_counter() - started) * 1000)
        _log.log(
            level,
            "%s %s %s in %d ms",
            note.method,
            note.endpoint,
            outcome,
            duration_ms,
            extra={"duration_ms": duration_ms},
        )
