"""HTTP on the local host: a request goes through the registered function, as on the platform.

Bodies are gathered whole in both directions; a body sent without a length arrives empty; header names arrive in lower
case, repeated ones joined by commas; an error that leaves the function is a 500 with an empty body.

Source: Azure Functions, "HTTP through ASGI".
"""

import asyncio
import logging
import socket
import threading
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from contextlib import suppress
from typing import Any
from urllib.parse import parse_qs

import azure.functions as func
import uvicorn

from cli.host.docs import page_at
from cli.host.functions import RegisteredFunction
from cli.host.invocation import invoke_async
from cli.host.routes import Route, routes_of
from shared_code.errors import ConfigurationError

_Message = MutableMapping[str, Any]
_Receive = Callable[[], Awaitable[_Message]]
_Send = Callable[[_Message], Awaitable[None]]

_LARGEST_BODY = 100 * 1024 * 1024
"""Bytes of a request body that the platform takes."""
_BODILESS = frozenset({204, 304})
_GRACE_S = 10
"""Seconds that requests under way have to end when the host stops."""

log = logging.getLogger(__name__)


class HttpServer:
    """Serves the HTTP functions on one address from a thread of its own."""

    def __init__(self, functions: Iterable[RegisteredFunction], prefix: str, address: str, port: int) -> None:
        """Takes the port at once (0 = any free one). Raises `ConfigurationError` when it is not to be had."""
        app = HttpFunctions(routes_of(functions, prefix))
        self._socket = _listen(address, port)
        self.address, self.port = address, int(self._socket.getsockname()[1])
        self._server = _Server(
            uvicorn.Config(
                app,
                lifespan="off",
                ws="none",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                timeout_graceful_shutdown=_GRACE_S,
            )
        )
        self._thread = threading.Thread(target=self._serve, name="http", daemon=True)

    def start(self) -> None:
        """Serves from now on."""
        self._thread.start()

    def stop(self) -> None:
        """Takes no further request."""
        self._server.stop()

    def join(self) -> None:
        """Waits until the requests under way have been answered, then gives the port back."""
        if self._thread.is_alive():
            self._thread.join(_GRACE_S + 1)
        self._socket.close()

    def _serve(self) -> None:
        self._server.run(sockets=[self._socket])


class _Server(uvicorn.Server):
    """Uvicorn's server, that stops when it is told to and not at the next tenth of a second."""

    _told: asyncio.Event | None = None
    _loop: asyncio.AbstractEventLoop | None = None

    def stop(self) -> None:
        """Take no further request; may be called from any thread."""
        self.should_exit = True
        if self._loop is not None and self._told is not None:
            with suppress(RuntimeError):  # the loop has ended meanwhile
                self._loop.call_soon_threadsafe(self._told.set)

    async def main_loop(self) -> None:
        """What uvicorn does ten times a second, until the server is told to stop."""
        self._loop, self._told = asyncio.get_running_loop(), asyncio.Event()
        tick = 0
        while not await self.on_tick(tick):
            tick = (tick + 1) % 864_000
            with suppress(TimeoutError):
                await asyncio.wait_for(self._told.wait(), 0.1)


def _listen(address: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        listening = socket.create_server((address, port), family=family, backlog=128)
    except OSError as error:
        raise ConfigurationError(f"Cannot serve on {address} port {port}: {error.strerror}") from None
    # Connections inherit it. Without it the second part of an answer waits for the client's acknowledgement: 40 ms.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening


class HttpFunctions:
    """The HTTP functions as an ASGI application, for a server to call."""

    def __init__(self, routes: list[Route]) -> None:
        self._routes = routes

    async def __call__(self, scope: _Message, receive: _Receive, send: _Send) -> None:
        """Answers one request."""
        if scope["type"] != "http":
            raise NotImplementedError(f"the platform passes on HTTP only, not {scope['type']}")
        page = page_at(scope["method"], _path(scope))
        await _send(page or await self._answer(scope, receive), send)

    async def _answer(self, scope: _Message, receive: _Receive) -> func.HttpResponse:
        path = _path(scope)
        for route in self._routes:
            if (parameters := route.parameters(scope["method"], path)) is not None:
                break
        else:
            return func.HttpResponse(status_code=404)
        headers = _headers(scope)
        body = await _body(headers, receive)
        if body is None:
            return func.HttpResponse(status_code=413)
        request = func.HttpRequest(
            scope["method"],
            _url(scope, path),
            headers=headers,
            params=_query(scope["query_string"]),
            route_params=parameters,
            body=body,
        )
        return await _run(route.function, request)


async def _run(function: RegisteredFunction, request: func.HttpRequest) -> func.HttpResponse:
    try:
        answer = await invoke_async(function, request)
        if isinstance(answer, str):
            return func.HttpResponse(answer)
        if isinstance(answer, func.HttpResponse):
            return answer
        raise TypeError(f"an HTTP function answers with an HttpResponse or a text, not with {type(answer).__name__}")
    except Exception:
        log.exception("Function %s failed", function.name)
        return func.HttpResponse(status_code=500)


def _path(scope: _Message) -> str:
    path: str = scope["raw_path"].decode("latin-1").partition("?")[0]
    return path


def _headers(scope: _Message) -> dict[str, str]:
    headers: dict[str, str] = {}
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("utf-8", "replace")
        headers[name] = f"{headers[name]},{value}" if name in headers else value
    client = scope["client"][0] if scope["client"] else ""
    headers["x-forwarded-for"] = ", ".join(part for part in (headers.get("x-forwarded-for"), client) if part)
    return headers


async def _body(headers: dict[str, str], receive: _Receive) -> bytes | None:
    """The whole body; empty when its length was not sent; None when it is larger than the platform takes."""
    length = headers.get("content-length", "")
    if int(length or 0) > _LARGEST_BODY:
        return None
    parts: list[bytes] = []
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            break
        if length:
            parts.append(message.get("body", b""))
        more = message.get("more_body", False)
    return b"".join(parts)


def _url(scope: _Message, path: str) -> str:
    address, port = scope["server"] or ("localhost", None)
    host = f"[{address}]" if ":" in address else address
    query = scope["query_string"].decode("latin-1")
    return f"{scope['scheme']}://{host}:{port}{path}" + (f"?{query}" if query else "")


def _query(text: bytes) -> dict[str, str]:
    values = parse_qs(text.decode("latin-1"), keep_blank_values=True)
    return {name: ",".join(given) for name, given in values.items()}


async def _send(response: func.HttpResponse, send: _Send) -> None:
    body = response.get_body()
    headers = {name.lower(): value for name, value in response.headers.items() if name.lower() != "set-cookie"}
    if response.status_code not in _BODILESS:
        kind = f"{response.mimetype}; charset={response.charset}"
        headers = {"content-type": kind, "content-length": str(len(body))} | headers
    cookies = [("set-cookie", value) for value in response.headers.get_all("Set-Cookie")]
    await send(
        {
            "type": "http.response.start",
            "status": response.status_code,
            "headers": [(name.encode(), value.encode("latin-1")) for name, value in [*headers.items(), *cookies]],
        }
    )
    await send({"type": "http.response.body", "body": body})
