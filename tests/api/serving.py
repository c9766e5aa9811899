"""The API over real HTTP: the local host, the platform's bridge and the app, as they are served.

Who calls is a forecasting administrator called `local`, unless a test signs somebody else in or sends a header
`Authorization` of its own.
"""

import atexit
import json
import ssl
import time
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from http.client import HTTPConnection
from typing import Any

import azure.functions as func
import httpx
from fastapi import FastAPI
from pydantic import SecretStr
from starlette.types import ASGIApp

from cli.host.functions import index
from cli.host.host import LocalHost
from functions.asgi import answer
from shared_code.errors import ForecastError
from shared_code.security.rate_limit import RequestLimit
from shared_code.services.runtime import Runtime
from shared_code.settings import Settings
from tests.support.assignment import Scope, assign
from tests.support.issuer import SCOPES_OF, Issuer

BASE = "/api/v1/forecasting"
ENVELOPE = ["success", "data", "message", "timestamp", "requestId", "version", "errors"]
ADMINISTRATOR = "local"
ISSUER = Issuer()
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""For clients of plain HTTP: a context with the certificates of the world takes each client 50 ms to make."""


class Bearer(httpx.Auth):
    """Sends a token that is good at the moment of the world, unless the request has an `Authorization` already."""

    def __init__(self, runtime: Runtime | None, **claims: Any) -> None:
        self.runtime = runtime
        self.claims = claims

    @property
    def headers(self) -> dict[str, str]:
        """None for an app without a runtime."""
        if self.runtime is None:
            return {}
        return {"Authorization": f"Bearer {ISSUER.token(self.runtime.clock.now(), **self.claims)}"}

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        if "Authorization" not in request.headers:
            request.headers.update(self.headers)
        yield request


class Api:
    """A client of the served API, in the name of one user."""

    def __init__(self, client: httpx.Client, bearer: Bearer | None = None, stack: ExitStack | None = None) -> None:
        self.client = client
        self.bearer = bearer or Bearer(None)
        self._stack = stack or ExitStack()

    @property
    def port(self) -> int:
        """Where it listens."""
        port = self.client.base_url.port
        assert port is not None
        return port

    @property
    def runtime(self) -> Runtime:
        """What the served app runs on."""
        assert self.bearer.runtime is not None
        return self.bearer.runtime

    def get(self, path: str, **options: Any) -> httpx.Response:
        return self.client.get(path, **options)

    def put(self, path: str, body: Any, **options: Any) -> httpx.Response:
        return self.client.put(path, json=body, **options)

    def post(self, path: str, body: Any, **options: Any) -> httpx.Response:
        return self.client.post(path, json=body, **options)

    def send(self, method: str, target: str, body: bytes = b"", **headers: str) -> tuple[int, Mapping[str, str], Any]:
        """A request as it stands: the target is not touched, header names have `_` for `-`."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=30)
        named = self.bearer.headers | {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, target, body or None, named)
        response = connection.getresponse()
        content = response.read()
        connection.close()
        return response.status, {k.lower(): v for k, v in response.getheaders()}, json.loads(content or b"null")

    def signed_in(
        self,
        user: str,
        role: str | Sequence[str],
        *,
        sites: Iterable[str] = (),
        districts: Iterable[str] = (),
        regions: Iterable[str] = (),
        **claims: Any,
    ) -> "Api":
        """The same API for `user`, who is assigned `role` (each of them) with these sites, districts and regions.

        The token carries the roles and every scope that they grant; `claims` are others instead (`scopes=[...]`,
        `siteAccess=[...]`; None leaves one out).
        """
        roles = [role] if isinstance(role, str) else list(role)
        scopes: list[Scope] = [
            *[("site", site) for site in sites],
            *[("district", district) for district in districts],
            *[("region", region) for region in regions],
        ]
        for one in roles:
            assign(self.runtime, user, one, scopes)
        carried = sorted({scope for one in roles for scope in SCOPES_OF[one]})
        return self.with_token(**{"sub": user, "roles": roles, "scopes": carried, **claims})

    def with_token(self, **claims: Any) -> "Api":
        """The same API with a token of these claims; nothing is assigned."""
        return self._with(Bearer(self.runtime, **claims))

    def anonymous(self) -> "Api":
        """The same API without a token."""
        return self._with(Bearer(None))

    def _with(self, bearer: Bearer) -> "Api":
        client = httpx.Client(base_url=self.client.base_url, timeout=30, auth=bearer, verify=NO_TLS)
        return Api(self._stack.enter_context(client), bearer, self._stack)


@contextmanager
def served(app: ASGIApp) -> Iterator[Api]:
    """`app` behind the one HTTP function of the platform, on a free port of this machine, with the tests' own issuer.

    As many requests as a test likes are permitted, unless its settings limit them.
    """
    runtime = _runtime_of(app)
    if runtime is not None:
        _prepare(runtime)
    bearer = Bearer(runtime)
    with (
        _playing(app) as url,
        httpx.Client(base_url=url, timeout=30, auth=bearer, verify=NO_TLS) as client,
        ExitStack() as stack,
    ):
        yield Api(client, bearer, stack)


def hosted(app: ASGIApp) -> LocalHost:
    """A host, to be started, that serves `app` behind one HTTP function on a free port."""
    stage = Stage()
    stage.app = app
    return stage.host


class Stage:
    """A host with one HTTP function, in which one app after the other is served: a host takes 0.1 s to stop."""

    def __init__(self) -> None:
        self.app: ASGIApp | None = None
        self._under_way = 0
        functions = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)

        @functions.route(route="{*route}")
        async def api(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
            assert self.app is not None, "no test is under way"
            self._under_way += 1
            try:
                return await answer(self.app, req, context)
            finally:
                self._under_way -= 1

        self.host = LocalHost(None, port=0, functions=index(functions), prefix="")

    def wait(self) -> None:
        """Return when no request is under way: what an app works on may be closed then."""
        deadline = time.monotonic() + 30
        while self._under_way:
            assert time.monotonic() < deadline, "a request never ends"
            time.sleep(0.001)


_idle: list[Stage] = []
"""Hosts that run and serve no test."""


@contextmanager
def _playing(app: ASGIApp) -> Iterator[str]:
    """The address of a host that serves `app` while the block runs."""
    if _idle:
        stage = _idle.pop()
    else:
        stage = Stage()
        stage.host.start()
        atexit.register(stage.host.stop)
    stage.app = app
    try:
        yield stage.host.url
    finally:
        stage.wait()
        stage.app = None
        _idle.append(stage)


def _runtime_of(app: Any) -> Runtime | None:
    """The runtime of the app within its middleware; None when it cannot be had."""
    while not isinstance(app, FastAPI):
        if not hasattr(app, "_app"):
            return None
        app = app._app
    try:
        runtime = app.state.runtime_provider()
    except ForecastError:
        return None
    return runtime if isinstance(runtime, Runtime) else None


def _prepare(runtime: Runtime) -> None:
    settings = runtime.settings
    if settings.auth_jwks_url:
        return
    runtime.key_set = ISSUER
    if settings.rate_limit_requests == Settings.model_fields["rate_limit_requests"].default:
        generous = settings.model_copy(update={"rate_limit_requests": 1_000_000, "redis_url": SecretStr("")})
        runtime.request_limit = RequestLimit(generous, runtime.clock)
    assign(runtime, ADMINISTRATOR, "forecasting_admin")
    # Known from now on, so that the first request of a test takes no more statements than the second.
    runtime.permissions.of(runtime.token_verifier.verify(ISSUER.token(runtime.clock.now())))


def first_error(response: httpx.Response) -> dict[str, Any]:
    """The first error of a failure, which is checked to be one."""
    body = response.json()
    assert list(body) == ENVELOPE
    assert (body["success"], body["data"]) == (False, None)
    error: dict[str, Any] = body["errors"][0]
    assert list(error) == ["code", "message", "field", "details"]
    return error


def data_of(response: httpx.Response) -> dict[str, Any]:
    """The data of a success."""
    assert response.is_success, response.text
    data: dict[str, Any] = response.json()["data"]
    return data


def contents(response: httpx.Response) -> str:
    """What an answer says, without the time and the number of the request: they may have any digits in them."""
    return json.dumps({name: part for name, part in response.json().items() if name not in ("timestamp", "requestId")})


def told(response: httpx.Response) -> tuple[int, str, str | None]:
    """Status, code and field of a failure with one error."""
    assert len(response.json()["errors"]) == 1
    error = first_error(response)
    return response.status_code, error["code"], error["field"]
