"""Structured logs: one JSON object a line, tied to the request and to the platform's invocation.

What an exception says is left out: it may hold addresses, statements, pay and other values. Its type and the places
it came through are kept. Only the product's own errors, whose messages are meant to be told, are quoted.

Source: Operations, "Monitoring and alerts"; Azure Functions, "Logging".
"""

import json
import logging
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Protocol

from shared_code.errors import ForecastError
from shared_code.trace_context import current_traceparent

SERVICE: Final = "townepark-forecasting"
"""The `service` of every record."""

OWN_LOGGERS: Final = ("shared_code", "functions", "cli")
"""The product's loggers: the ones that follow the setting `LOG_LEVEL`; libraries keep the platform's level."""

_DEEPEST_TRACE = 30
_LONGEST_CHAIN = 5


class ThreadStorage(Protocol):
    """Where the platform looks for the invocation that a thread works for."""

    invocation_id: Any


@dataclass(slots=True)
class RequestNote:
    """What is known of the request under way; the parts without a value are filled in as they become known.

    `endpoint` is the template of the path (`/api/jobcodes/{site_id}/rates`), never the path itself.
    """

    request_id: str
    method: str
    endpoint: str | None = None
    user_id: str | None = None
    error_code: str | None = None


_request: ContextVar[RequestNote | None] = ContextVar("request", default=None)
_invocation: ContextVar[tuple[str, ThreadStorage] | None] = ContextVar("invocation", default=None)


def current_request() -> RequestNote | None:
    """The request that this code works for, in whichever thread; None outside of one."""
    return _request.get()


@contextmanager
def noted(note: RequestNote, invocation_id: str | None = None, storage: ThreadStorage | None = None) -> Iterator[None]:
    """Ties the records of the block, and of threads that inherit its context, to a request and its invocation.

    Without an invocation of its own the block belongs to the one around it.
    """
    request = _request.set(note)
    try:
        with invoked(invocation_id, storage):
            yield
    finally:
        _request.reset(request)


@contextmanager
def invoked(invocation_id: str | None, storage: ThreadStorage | None) -> Iterator[None]:
    """Ties the records of the block, and of threads that inherit its context, to the platform's invocation."""
    if not invocation_id or storage is None:
        yield
        return
    token = _invocation.set((invocation_id, storage))
    try:
        yield
    finally:
        _invocation.reset(token)


def configure_logging(level: str) -> None:
    """Log from `level` (`debug`, `info`, `warning`, `error`) on, as JSON; may be called again.

    A handler that somebody gave a format of its own, as the command line does, keeps it.

    Source: Operations, "Settings"; Azure Functions, "Logging".
    """
    for name in OWN_LOGGERS:
        logging.getLogger(name).setLevel(level.upper())
    root = logging.getLogger()
    if not root.handlers:
        root.addHandler(logging.StreamHandler())
    for handler in root.handlers:
        if handler.formatter is None:
            handler.setFormatter(JsonFormatter())
    factory = logging.getLogRecordFactory()
    if not isinstance(factory, _InvocationStamp):
        logging.setLogRecordFactory(_InvocationStamp(factory))


class _InvocationStamp:
    """Makes log records; tells the platform first which invocation the thread works for.

    The platform drops a record whose thread it knows no invocation of: threads that serve synchronous endpoints.
    """

    def __init__(self, factory: Callable[..., logging.LogRecord]) -> None:
        self._factory = factory

    def __call__(self, *args: Any, **kwargs: Any) -> logging.LogRecord:
        if (invocation := _invocation.get()) is not None:
            invocation_id, storage = invocation
            storage.invocation_id = invocation_id
        return self._factory(*args, **kwargs)


class JsonFormatter(logging.Formatter):
    """A record as one line of JSON: `timestamp` (UTC), `level`, `service`, `logger`, `message`, and what is known.

    Of a request: `request_id`, `user_id`, `endpoint`, `method`, `error_code`; of its end also `status` and
    `duration_ms`, given as `extra`. Of a message or timer `endpoint` is its queue or name, `method` which it is.
    `invocation_id` is the platform's, `trace_id` that of everything that follows from one request or timer.
    """

    def format(self, record: logging.LogRecord) -> str:
        """The line, without a line break."""
        moment = datetime.fromtimestamp(record.created, UTC).replace(tzinfo=None)
        fields: dict[str, Any] = {
            "timestamp": moment.isoformat(timespec="milliseconds") + "Z",
            "level": record.levelname.lower(),
            "service": SERVICE,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if (note := current_request()) is not None:
            fields["request_id"] = note.request_id
            fields["user_id"] = note.user_id
            fields["endpoint"] = note.endpoint
            fields["method"] = note.method
            fields["error_code"] = note.error_code
        if (invocation := _invocation.get()) is not None:
            fields["invocation_id"] = invocation[0]
        if (trace := current_traceparent()) is not None:
            fields["trace_id"] = trace.split("-")[1]
        for name in ("status", "duration_ms"):
            if (value := getattr(record, name, None)) is not None:
                fields[name] = value
        if record.exc_info and record.exc_info[1] is not None:
            fields["exception"] = exception_fields(record.exc_info[1])
        return json.dumps({name: value for name, value in fields.items() if value is not None}, default=str)


def exception_fields(error: BaseException) -> list[dict[str, Any]]:
    """`error` and what caused it: type, the places it came through (`file:line function`), no foreign text."""
    chain: list[dict[str, Any]] = []
    cause: BaseException | None = error
    while cause is not None and len(chain) < _LONGEST_CHAIN:
        frames = traceback.extract_tb(cause.__traceback__, limit=-_DEEPEST_TRACE)
        told: dict[str, Any] = {
            "type": f"{type(cause).__module__}.{type(cause).__qualname__}",
            "at": [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames],
        }
        if isinstance(cause, ForecastError):
            told |= {"code": cause.code, "message": cause.message}
        chain.append(told)
        cause = cause.__cause__ or (None if cause.__suppress_context__ else cause.__context__)
    return chain


__all__ = [
    "JsonFormatter",
    "RequestNote",
    "configure_logging",
    "current_request",
    "exception_fields",
    "invoked",
    "noted",
]
