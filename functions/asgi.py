"""Azure's HTTP request and response, translated for an ASGI application.

In place of the SDK's own translation, which fails with an empty 500 on a path that is not UTF-8, loses repeated
headers, and polls while an application waits for the client to go.

Source: Azure Functions, "HTTP through ASGI" and "Logging".
"""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import SplitResult, unquote_to_bytes, urlsplit

import azure.functions as func

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
AsgiApp = Callable[[Scope, Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]], Awaitable[None]]


async def answer(app: AsgiApp, request: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    """What `app` answers to `request`, its body gathered whole.

    The scope carries `azure_functions.invocation_id` and `azure_functions.thread_local_storage`, by which log records
    of other threads find their invocation. No lifespan is run. Raises what `app` raises, and `RuntimeError` when it
    ends without an answer.
    """
    exchange = _Exchange(request.get_body())
    await app(scope_of(request, context), exchange.receive, exchange.send)
    return exchange.response()


def scope_of(request: func.HttpRequest, context: func.Context) -> Scope:
    """The ASGI scope of `request`; `path` is decoded once, `client` is the address that the front end saw."""
    url = _split(request.url)
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": request.method,
        "scheme": url.scheme,
        "path": unquote_to_bytes(url.path).decode("utf-8", "replace"),
        "raw_path": url.path.encode("utf-8"),
        "query_string": url.query.encode("utf-8"),
        "root_path": "",
        "headers": [(name.encode("utf-8"), value.encode("utf-8")) for name, value in request.headers.items()],
        "server": _server(url),
        "client": _client(request.headers.get("x-forwarded-for", "")),
        "azure_functions.function_name": context.function_name,
        "azure_functions.function_directory": context.function_directory,
        "azure_functions.invocation_id": context.invocation_id,
        "azure_functions.thread_local_storage": context.thread_local_storage,
        "azure_functions.trace_context": context.trace_context,
    }


def _split(url: str) -> SplitResult:
    """The parts of `url`, without its server where the client's `Host` makes it one that cannot be."""
    try:
        return urlsplit(url)
    except ValueError:
        scheme, _, rest = url.partition("://")
        path, _, query = rest[len(rest.partition("/")[0]) :].partition("?")
        return SplitResult(scheme, "", path, query, "")


def _server(url: SplitResult) -> tuple[str, int]:
    try:
        port = url.port
    except ValueError:
        port = None
    return url.hostname or "", port or (443 if url.scheme == "https" else 80)


def _client(forwarded_for: str) -> tuple[str, int] | None:
    """The last address in `X-Forwarded-For`: the front end appends it, everything before it is the client's word."""
    address = forwarded_for.rpartition(",")[2].strip()
    if address.startswith("["):
        address = address[1:].partition("]")[0]
    elif address.count(":") == 1:
        address = address.partition(":")[0]
    return (address, 0) if address else None


class _Exchange:
    """One request body on its way in, one response on its way out."""

    def __init__(self, body: bytes) -> None:
        self._body: bytes | None = body
        self._status: int | None = None
        self._headers: list[tuple[str, str]] = []
        self._parts: list[bytes] = []
        self._ended = asyncio.Event()

    async def receive(self) -> Message:
        """The whole body at the first call; afterwards the disconnect, once the response is out."""
        if self._body is not None:
            body, self._body = self._body, None
            return {"type": "http.request", "body": body, "more_body": False}
        await self._ended.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        """Takes the start of the response or a part of its body."""
        if message["type"] == "http.response.start":
            self._status = message["status"]
            self._headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in message["headers"]]
        elif message["type"] == "http.response.body":
            self._parts.append(message.get("body", b""))
            if not message.get("more_body", False):
                self._ended.set()

    def response(self) -> func.HttpResponse:
        """The response as Azure's type. The host keeps one value a name, so repeated headers are joined."""
        if self._status is None:
            raise RuntimeError("the application ended without an answer")
        response = func.HttpResponse(b"".join(self._parts), status_code=self._status)
        for name, value in self._headers:
            if name.lower() != "set-cookie" and name in response.headers:
                response.headers[name] = f"{response.headers[name]}, {value}"
            else:
                response.headers.add(name, value)
        return response
