"""Calls from browser pages of other origins: answered for the configured origins only, never for all.

Source: REST API, "Routing and verbs"; Operations, "Settings".
"""

from collections.abc import Callable, Collection
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_ASKED: Final = "Access-Control-Request-Method"
_METHODS: Final = "GET, PATCH, POST, PUT"
_HEADERS: Final = "Authorization, Content-Type, Idempotency-Key, If-Match, X-Request-Id, X-Source"
_EXPOSED: Final = (
    "Content-Disposition, ETag, Idempotency-Replayed, Retry-After, X-RateLimit-Limit, X-RateLimit-Remaining, "
    "X-RateLimit-Reset, X-Request-Id"
)
_KEPT_S: Final = "600"
"""Seconds for which a browser may keep the answer to a preflight."""


class CrossOrigin:
    """Answers preflights of the configured origins and lets their pages read the other answers."""

    def __init__(self, app: ASGIApp, origins: Callable[[], Collection[str]]) -> None:
        self._app = app
        self._origins = origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; a preflight asks for no token, because browsers send none with it."""
        headers = Headers(scope=scope) if scope["type"] == "http" else Headers()
        origin = headers.get("origin", "")
        if not origin or origin not in self._origins():
            await self._app(scope, receive, send)
            return
        if scope["method"] == "OPTIONS" and _ASKED in headers:
            await _preflight(origin)(scope, receive, send)
            return

        async def send_shared(message: Message) -> None:
            if message["type"] == "http.response.start":
                answer = MutableHeaders(scope=message)
                answer["Access-Control-Allow-Origin"] = origin
                answer["Access-Control-Expose-Headers"] = _EXPOSED
                answer.add_vary_header("Origin")
            await send(message)

        await self._app(scope, receive, send_shared)


def _preflight(origin: str) -> Response:
    return Response(
        headers={
            "Access-Control-Allow-Origin": origin,
            "Access-Control-Allow-Methods": _METHODS,
            "Access-Control-Allow-Headers": _HEADERS,
            "Access-Control-Max-Age": _KEPT_S,
            "Cache-Control": "no-store",
            "Vary": "Origin",
        }
    )
