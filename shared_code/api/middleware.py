"""Around the whole app: every request gets an id, one line in the log, and an answer whatever happens.

Pure ASGI: what leaves the app as an exception would be an empty 500 on the platform, and a cancellation no answer.

Source: Azure Functions, "HTTP through ASGI" and "Logging"; REST API, "Envelope" and "Errors".
"""

import asyncio
import logging
import re
import time
import uuid

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared_code.api.errors import answer_error
from shared_code.logs import RequestNote, noted

REQUEST_ID_HEADER = "X-Request-Id"
_ACCEPTED_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")

_log = logging.getLogger(__name__)


class RequestLog:
    """Names the request, ties log records to it, writes its line, and marks every response.

    What a part of the app puts into `response_headers` of the scope is in the response, whoever answers.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

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
        with noted(note, invocation_id, scope.get("azure_functions.thread_local_storage")):
            started = time.perf_counter()
            try:
                await self._app(scope, receive, send_marked)
            finally:
                duration_ms = round((time.perf_counter() - started) * 1000)
                _log.info(
                    "%s %s %d in %d ms",
                    note.method,
                    note.endpoint or "-",
                    status,
                    duration_ms,
                    extra={"status": status, "duration_ms": duration_ms},
                )


class ErrorAnswers:
    """Turns whatever comes out of the app into an answer of the contract, and logs what the client is not told.

    It stands twice: within the framework, whose own handling would answer in another form, and around all of it.
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
