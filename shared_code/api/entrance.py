"""The one route of the app: who calls, and what for, before anything else is looked at.

Source: REST API, "Order of checks".
"""

from collections.abc import Callable, Collection, Mapping
from functools import cache
from inspect import iscoroutinefunction, signature
from typing import Any

from fastapi import Request
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool
from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.routing import BaseRoute, Match, NoMatchFound
from starlette.types import Receive, Scope, Send

from shared_code.api.caller import Caller
from shared_code.api.errors import refusal, shown_value
from shared_code.api.fields import site_code_fault
from shared_code.api.gate import SITE_PARAMETERS, Demands
from shared_code.api.routing import ResourceTree
from shared_code.logs import current_request
from shared_code.security.claims import VerifiedToken

Authenticate = Callable[[HTTPConnection], VerifiedToken]
Identify = Callable[[VerifiedToken, str | None], Caller]
"""Tells who bears a token, and how the site of the path (None: it names none) stands."""


class Entrance(BaseRoute):
    """The one route of the app: who calls, and what for. Operations of `anonymous` paths ask for nobody."""

    def __init__(
        self, tree: ResourceTree, anonymous: Collection[str], authenticate: Authenticate, identify: Identify
    ) -> None:
        self._tree = tree
        self._anonymous = frozenset(anonymous)
        self._authenticate = authenticate
        self._identify = identify

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Every request over HTTP."""
        return (Match.FULL if scope["type"] == "http" else Match.NONE), {}

    def url_path_for(self, name: str, /, **path_params: Any) -> Any:
        """Addresses are not made from names here."""
        raise NoMatchFound(name, path_params)

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Stages 1 to 3, then the operation. Raises `RefusedError` (401, 404, 405, 429)."""
        resource = self._tree.find(scope["raw_path"].decode("latin-1").partition("?")[0])
        operation = resource.operations.get(scope["method"]) if resource else None
        note = current_request()
        if note is not None and resource is not None:
            note.endpoint = resource.path if operation is None else operation.path
        if resource is not None and operation is not None:
            scope["endpoint"], scope["route"] = operation.endpoint, operation
            scope["path_params"] = resource.parameters(operation)
        response: Response | None = None
        if resource is None or operation is None or resource.path not in self._anonymous:
            response = await run_in_threadpool(self._enter, scope, operation)
        if resource is None:
            raise refusal("NOT_FOUND", "There is no such resource.")
        if operation is None:
            message = f"This resource does not offer that method, but {resource.allow}."
            details = {"providedValue": shown_value(scope["method"]), "accepted": sorted(resource.operations)}
            raise refusal("METHOD_NOT_ALLOWED", message, details=details, headers={"Allow": resource.allow})
        if response is None:
            await operation.handle(scope, receive, send)
        else:
            await response(scope, receive, send)

    def _enter(self, scope: Scope, operation: APIRoute | None) -> Response | None:
        """Stages 1 and 2, for what is served also who calls; the answer of an operation that reads no body.

        All in one go: threads that take turns cost a small answer more than all its checks.
        """
        token = self._authenticate(HTTPConnection(scope))
        if operation is None:
            return None
        scope["caller"] = caller = self._identify(token, _site_code(scope["path_params"]))
        if (note := current_request()) is not None:
            note.user_id = caller.user_id
        demands = _demands_alone(operation)
        if demands is None or demands.takes_body:
            return None
        response: Response = operation.endpoint(demands.admit(Request(scope)))
        return response


def _demands_alone(operation: APIRoute) -> Demands[Any, Any] | None:
    """What an operation demands that is a plain function of its call; None for every other one."""
    dependencies = operation.dependant.dependencies
    demands = dependencies[0].call if len(dependencies) == 1 else None
    return demands if isinstance(demands, Demands) and _is_plain(operation.endpoint) else None


@cache
def _is_plain(endpoint: Callable[..., Any]) -> bool:
    return not iscoroutinefunction(endpoint) and len(signature(endpoint).parameters) == 1


def _site_code(path: Mapping[str, str]) -> str | None:
    """The code of the site that the path names, where it is one."""
    given = next((path[name] for name in SITE_PARAMETERS if name in path), None)
    return None if given is None or site_code_fault(given) is not None else given.upper()
