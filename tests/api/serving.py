"""The API over real HTTP: the local host, the platform's bridge and the app, as they are served."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPConnection
from typing import Any

import azure.functions as func
import httpx
from starlette.types import ASGIApp

from cli.host.functions import index
from cli.host.host import LocalHost
from functions.asgi import answer

BASE = "/api/v1/forecasting"
ENVELOPE = ["success", "data", "message", "timestamp", "requestId", "version", "errors"]


class Api:
    """A client of the served API."""

    def __init__(self, client: httpx.Client) -> None:
        self.client = client

    @property
    def port(self) -> int:
        """Where it listens."""
        port = self.client.base_url.port
        assert port is not None
        return port

    def get(self, path: str, **options: Any) -> httpx.Response:
        return self.client.get(path, **options)

    def put(self, path: str, body: Any, **options: Any) -> httpx.Response:
        return self.client.put(path, json=body, **options)

    def post(self, path: str, body: Any, **options: Any) -> httpx.Response:
        return self.client.post(path, json=body, **options)

    def send(self, method: str, target: str, body: bytes = b"", **headers: str) -> tuple[int, Mapping[str, str], Any]:
        """A request as it stands: the target is not touched, header names have `_` for `-`."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=30)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, target, body or None, named)
        response = connection.getresponse()
        content = response.read()
        connection.close()
        return response.status, {k.lower(): v for k, v in response.getheaders()}, json.loads(content or b"null")


@contextmanager
def served(app: ASGIApp) -> Iterator[Api]:
    """`app` behind the one HTTP function of the platform, on a free port of this machine."""
    functions = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)

    @functions.route(route="{*route}")
    async def api(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
        return await answer(app, req, context)

    with (
        LocalHost(None, port=0, functions=index(functions), prefix="") as host,
        httpx.Client(base_url=host.url, timeout=30) as client,
    ):
        yield Api(client)


def first_error(response: httpx.Response) -> dict[str, Any]:
    """The first error of a failure, which is checked to be one."""
    body = response.json()
    assert list(body) == ENVELOPE
    assert (body["success"], body["data"]) == (False, None)
    error: dict[str, Any] = body["errors"][0]
    assert list(error) == ["code", "message", "field", "details"]
    return error


def told(response: httpx.Response) -> tuple[int, str, str | None]:
    """Status, code and field of a failure with one error."""
    assert len(response.json()["errors"]) == 1
    error = first_error(response)
    return response.status_code, error["code"], error["field"]
