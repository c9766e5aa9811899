"""Traces and metrics: which work belongs together, how long it takes, what waits.

Only the OpenTelemetry API is needed. Where nobody collects, a span keeps nothing but its trace, by which log lines and
messages still name what belongs together. The collector is loaded where a connection string calls for it.

Source: Operations, "Monitoring and alerts" and "Message form"; Architecture, "Chosen dependencies".
"""

import logging
import os
import secrets
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Final

from opentelemetry import context, metrics, trace
from opentelemetry.trace import NonRecordingSpan, Span, SpanContext, SpanKind, Status, StatusCode, TraceFlags, Tracer

from shared_code.trace_context import current_traceparent, traced

OUTBOX_AGE: Final = "townepark.outbox.age"
"""Seconds since the oldest unsent message was written."""
OUTBOX_SIZE: Final = "townepark.outbox.size"
"""Messages that wait to be sent."""
QUEUE_AGE: Final = "townepark.queue.age"
"""Seconds since the oldest message came into a queue, by `queue`."""
REFRESH_DURATION: Final = "townepark.refresh.duration"
"""Seconds of a refresh of the stored P&L."""
FEED_ROWS: Final = "townepark.feed.rows"
"""Rows that a feed's run read, by `feed` and `state`."""
FEED_DURATION: Final = "townepark.feed.duration"
"""Seconds of a feed's run, by `feed` and `state`."""
API_DURATION: Final = "townepark.api.duration"
"""Seconds of a request, by `endpoint` (the path's template), `method` and `status`."""

Attributes = Mapping[str, str | int | bool]
"""What is told of a span or a measurement: names and counts, never a value of a person or a secret."""

_NAME = "townepark-forecasting"
_OTHER_INSTRUMENTATIONS = (
    "azure_sdk", "django", "fastapi", "flask", "httpx", "logging", "psycopg2", "requests", "urllib", "urllib3",
)  # fmt: skip
"""They would tell of each request and call a second time."""

_log = logging.getLogger(__name__)


def export_to(connection_string: str) -> None:
    """Send traces and metrics to Application Insights; an empty text sends nothing. May be called again.

    Log lines go there through the platform. A collector that cannot start is logged and left out: nothing that the
    product does depends on it.
    """
    if connection_string:
        _start_exporter(connection_string)


@cache
def _start_exporter(connection_string: str) -> None:
    os.environ.setdefault("OTEL_LOGS_EXPORTER", "none")
    os.environ.setdefault("OTEL_SERVICE_NAME", _NAME)
    try:
        from azure.monitor.opentelemetry import configure_azure_monitor  # noqa: PLC0415 - slow, and rarely wanted

        configure_azure_monitor(
            connection_string=connection_string,
            enable_live_metrics=False,
            enable_performance_counters=False,
            instrumentation_options={name: {"enabled": False} for name in _OTHER_INSTRUMENTATIONS},
        )
    except Exception as error:  # noqa: BLE001 - whatever it is, the product works without
        _log.error("Telemetry is not exported (%s): see APPLICATIONINSIGHTS_CONNECTION_STRING", type(error).__name__)


@contextmanager
def span(name: str, *, kind: SpanKind = SpanKind.INTERNAL, attributes: Attributes | None = None) -> Iterator[Span]:
    """The work of the block as a part of the trace under way, or as the beginning of one.

    Messages that the block leaves carry this part on. Of an error that leaves the block only the type is kept.
    """
    around = _surroundings()
    started = _tracer().start_span(name, around, kind=kind, attributes=attributes)
    if not started.get_span_context().is_valid:
        started = NonRecordingSpan(_new_trace())
    token = context.attach(trace.set_span_in_context(started, around))
    try:
        with traced(_traceparent_of(started)):
            yield started
    except BaseException as error:
        started.set_status(Status(StatusCode.ERROR, type(error).__name__))
        raise
    finally:
        context.detach(token)
        started.end()


def record(name: str, value: float, attributes: Attributes | None = None) -> None:
    """One measurement of a distribution: a duration in seconds, a count of rows."""
    _histogram(name).record(value, attributes)


def show(name: str, value: float, attributes: Attributes | None = None) -> None:
    """What a level stands at now: an age in seconds, a number of messages."""
    _gauge(name).set(value, attributes)


@contextmanager
def timed(name: str, attributes: Attributes | None = None) -> Iterator[None]:
    """Record how long the block takes, in seconds, however it ends."""
    started = time.perf_counter()
    try:
        yield
    finally:
        record(name, time.perf_counter() - started, attributes)


def _tracer() -> Tracer:
    return trace.get_tracer(_NAME)


@cache
def _histogram(name: str) -> metrics.Histogram:
    return metrics.get_meter(_NAME).create_histogram(name)


@cache
def _gauge(name: str) -> metrics._Gauge:
    return metrics.get_meter(_NAME).create_gauge(name)


def _surroundings() -> context.Context:
    """Where a new span belongs: below the one under way, or below what a request or a message brought along."""
    current, given = trace.get_current_span(), current_traceparent()
    if given is None or given == _traceparent_of(current):
        return context.get_current()
    _, trace_id, span_id, flags = given.split("-")
    parent = SpanContext(int(trace_id, 16), int(span_id, 16), is_remote=True, trace_flags=TraceFlags(int(flags, 16)))
    return trace.set_span_in_context(NonRecordingSpan(parent))


def _traceparent_of(started: Span) -> str:
    ids = started.get_span_context()
    return f"00-{trace.format_trace_id(ids.trace_id)}-{trace.format_span_id(ids.span_id)}-{ids.trace_flags:02x}"


def _new_trace() -> SpanContext:
    """A trace that nobody collects: its id ties log lines and messages together."""
    return SpanContext(secrets.randbits(128), secrets.randbits(64), is_remote=False)


__all__ = ["SpanKind", "export_to", "record", "show", "span", "timed"]
