"""The API, put together: operations behind the gate, within the middleware.

Source: Architecture, "The house"; REST API, "Overview".
"""

from collections.abc import Mapping
from functools import cache
from typing import Final

from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp

from shared_code.api import caller
from shared_code.api.caller import Caller
from shared_code.api.cors import CrossOrigin
from shared_code.api.gate import Entrance, RuntimeProvider
from shared_code.api.health import health_router
from shared_code.api.job_code_rates import job_code_rates_router
from shared_code.api.middleware import ErrorAnswers, RequestLog
from shared_code.api.openapi import openapi_router
from shared_code.api.pl_rollup import pl_rollup_router
from shared_code.api.pl_view import pl_view_router
from shared_code.api.rate_calculations import rate_calculations_router
from shared_code.api.routing import ResourceTree
from shared_code.errors import ConfigurationError
from shared_code.logs import configure_logging
from shared_code.services.runtime import runtime
from shared_code.settings import settings

BASE: Final = "/api/v1/forecasting"
JOB_CODES: Final = "/api/jobcodes"

ALIASES: Final[Mapping[str, str]] = {f"{BASE}/jobcodes": JOB_CODES}
"""Families that are also served below the versioned base."""

ANONYMOUS: Final = frozenset({f"{BASE}/health", f"{BASE}/openapi.json"})
"""The only paths that anybody may call."""


@cache
def asgi_app() -> ASGIApp:
    """The API of this process. Nothing is opened before the first request needs it."""
    try:
        configure_logging(settings().log_level)
    except ConfigurationError:
        # Every request is going to say that something is wrong, and the log which setting.
        configure_logging("info")
    return create_app(runtime)


def create_app(runtime_provider: RuntimeProvider) -> ASGIApp:
    """The API on the runtime that `runtime_provider` gives, which is asked anew by every request."""
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    app.state.runtime_provider = runtime_provider
    described = _operations(
        health_router(BASE),
        pl_view_router(BASE),
        pl_rollup_router(BASE),
        job_code_rates_router(JOB_CODES),
        rate_calculations_router(JOB_CODES),
    )
    operations = [*described, *_operations(openapi_router(BASE, described))]

    def identify(connection: HTTPConnection) -> Caller:
        return caller.identify(runtime_provider().settings, connection)

    app.router.routes[:] = [Entrance(ResourceTree(operations, ALIASES), ANONYMOUS, identify)]
    app.add_middleware(ErrorAnswers)
    return RequestLog(ErrorAnswers(CrossOrigin(app, lambda: runtime_provider().settings.cors_origins)))


def _operations(*routers: APIRouter) -> list[APIRoute]:
    return [route for router in routers for route in router.routes if isinstance(route, APIRoute)]
