"""A process that serves the API on a company of some sites, or a bare FastAPI endpoint that returns given bytes.

`python -m tests.benchmarks.api_host ours|uncached|bare` tells its address and a token as JSON on standard output, and
serves until its standard input ends. The bare endpoint reads its bytes from standard input first.
"""

import json
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Annotated

import azure.functions as func
from fastapi import Depends, FastAPI, Response
from starlette.types import ASGIApp

from cli.host.functions import index
from cli.host.host import LocalHost
from functions.asgi import answer
from shared_code.api.app import create_app
from tests.api.serving import Api, served
from tests.benchmarks.pnl_world import pnl_world

SITES = 20


class Nothing:
    """A cache that holds nothing."""

    def get(self, key: str) -> bytes | None:
        """Never anything."""
        return None

    def put(self, key: str, value: bytes, ttl_s: int) -> None:
        """Keeps nothing."""

    def works(self) -> bool:
        """It never does."""
        return False


def bare_app(content: bytes) -> FastAPI:
    """What FastAPI alone does with a request: a dependency, a path parameter, and a body that is there already."""
    app = FastAPI(openapi_url=None)

    def caller() -> str:
        return "somebody"

    @app.get("/{site_id}")
    def bare(site_id: str, user: Annotated[str, Depends(caller)]) -> Response:
        return Response(content, media_type="application/json")

    return app


def hosted(app: ASGIApp) -> AbstractContextManager[LocalHost]:
    """`app` behind the one HTTP function of the local host."""
    functions = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)

    @functions.route(route="{*route}")
    async def api(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
        return await answer(app, req, context)

    return LocalHost(None, port=0, functions=index(functions), prefix="")


def _ours(*, is_cached: bool) -> None:
    with pnl_world(SITES) as runtime:
        if not is_cached:
            runtime.__dict__["cache"] = Nothing()
        runtime.relay_promptly()  # as every process that serves does
        with served(create_app(lambda: runtime)) as api:
            _tell(str(api.client.base_url), _token(api))
            sys.stdin.read()


def _bare() -> None:
    length = int(sys.stdin.buffer.readline())
    content = sys.stdin.buffer.read(length) if length else b"{}"
    with hosted(bare_app(content)) as host:
        _tell(host.url, "")
        sys.stdin.read()


def _token(api: Api) -> str:
    return api.bearer.headers["Authorization"]


def _tell(url: str, authorization: str) -> None:
    sys.stdout.write(json.dumps({"url": url, "authorization": authorization}) + "\n")
    sys.stdout.flush()


KINDS: dict[str, Callable[[], None]] = {
    "ours": lambda: _ours(is_cached=True),
    "uncached": lambda: _ours(is_cached=False),
    "bare": _bare,
}

if __name__ == "__main__":
    KINDS[sys.argv[1]]()
