"""Around the whole app: every request gets an id, one line in the log, and an answer whatever happens.

Pure ASGI: what leaves the app as an exception would be an empty 500 on the platform, and a cancellation no answer.

Source: Azure Functions, "HTTP through ASGI" and "Logging"; REST API, "Envelope" and "Errors".
"""

import asyncio
import logging
import re
import time
import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager

from opentelemetry.trace import Span, SpanKind, StatusCode
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared_code import telemetry
from shared_code.api.errors import answer_error
from shared_code.logs import RequestNote, noted
from shared_code.trace_context import TRACEPARENT, accepted_traceparent, traced

REQUEST_ID_HEADER = "X-Request-Id"
_ACCEPTED_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")

_log = logging.getLogger(__name__)


class RequestLog:
    """Names the request, ties log records and its trace to it, writes its line, and marks every response.

    What a part of the app puts into `response_headers` of the scope is in the response, whoever answers. `answered` is
    called with the status of every answer.
    """

    def __init__(self, app: ASGIApp, answered: Callable[[int], None] = lambda status: None) -> None:
        self._app = app
        self._answered = answered

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; what is not HTTP (lifespan) goes through."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        note = RequestNote(request_id(Headers(scope=scope)), scope["method"])
        further: dict[str, str] = {}
        scope["response_headers"] = further
        status = 0

        async def send_marked(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers[REQUEST_ID_HEADER] = note.request_id
                headers["X-Content-Type-Options"] = "nosniff"
                headers.update(further)
            await send(message)

        invocation_id = scope.get("azure_functions.invocation_id")
        storage = scope.get("azure_functions.thread_local_storage")
        with noted(note, invocation_id, storage), traced(traceparent_of(scope)), _request_span(note) as span:
            started = time.perf_counter()
            try:
                await self._app(scope, receive, send_marked)
            finally:
                _measure(span, note, status, time.perf_counter() - started)
                self._answered(status)


def _request_span(note: RequestNote) -> AbstractContextManager[Span]:
    told = {"http.request.method": note.method, "requestId": note.request_id}
    return telemetry.span(f"HTTP {note.method}", kind=SpanKind.SERVER, attributes=told)


def _measure(span: Span, note: RequestNote, status: int, seconds: float) -> None:
    """The end of a request: its line in the log, its span and its duration."""
    endpoint, duration_ms = note.endpoint or "-", round(seconds * 1000)
    span.update_name(f"{note.method} {endpoint}")
    span.set_attributes({"http.route": endpoint, "http.response.status_code": status})
    if status >= 500 or status == 0:
        span.set_status(StatusCode.ERROR, note.error_code)
    told: telemetry.Attributes = {"endpoint": endpoint, "method": note.method, "status": status}
    telemetry.record(telemetry.API_DURATION, seconds, told)
    fields = {"status": status, "duration_ms": duration_ms}
    _log.info("%s %s %d in %d ms", note.method, endpoint, status, duration_ms, extra=fields)


class ErrorAnswers:
    """Turns whatever comes out of the app into an answer of the contract, and logs what the client is not told.

    It stands three times: within the framework, whose own handling would answer in another form; around the framework,
    where the request still has its name; and around the log of requests, whose own failure must cost nobody an answer.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; nothing but the end of the process leaves it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        is_answered = False

        async def send_noted(message: Message) -> None:
            nonlocal is_answered
            is_answered = True
            await send(message)

        try:
            await self._app(scope, receive, send_noted)
        except (Exception, asyncio.CancelledError, SystemExit) as error:  # noqa: BLE001 - nothing may stay unanswered
            response = answer_error(error)
            if response.status_code >= 500 or is_answered:
                _log.error("The request failed", exc_info=error)
            if not is_answered:
                await response(scope, receive, send)


def request_id(headers: Headers) -> str:
    """The caller's `X-Request-Id` where it is acceptable, else a new one.

    Source: REST API, "Envelope".
    """
    given = headers.getlist(REQUEST_ID_HEADER)
    if len(given) == 1 and _ACCEPTED_ID.fullmatch(given[0]):
        return given[0]
    return f"req_{uuid.uuid4().hex}"


def traceparent_of(scope: Scope) -> str | None:
    """The trace of the request: the platform's, which goes on with the caller's; else the caller's own.

    A malformed one, or one of several, is none.

    Source: Operations, "Message form".
    """
    platform = accepted_traceparent(getattr(scope.get("azure_functions.trace_context"), "trace_parent", None))
    given = Headers(scope=scope).getlist(TRACEPARENT)
    return platform or (accepted_traceparent(given[0]) if len(given) == 1 else None)
