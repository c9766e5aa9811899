"""The API, put together: operations behind the gate, within the middleware.

Source: Architecture, "The house"; REST API, "Overview".
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cache
from typing import Final

from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp

from shared_code.api import caller
from shared_code.api.audit import audit_router
from shared_code.api.authentication import authenticate
from shared_code.api.caller import Caller
from shared_code.api.cors import CrossOrigin
from shared_code.api.data_quality import data_quality_router
from shared_code.api.dataflow import dataflow_router
from shared_code.api.entrance import Entrance
from shared_code.api.export_jobs import export_jobs_router
from shared_code.api.exports import exports_router
from shared_code.api.flc import flc_router
from shared_code.api.forecast import forecast_router
from shared_code.api.gate import RuntimeProvider
from shared_code.api.health import health_router
from shared_code.api.job_code_rates import job_code_rates_router
from shared_code.api.job_codes import job_codes_router
from shared_code.api.job_groups import job_groups_router
from shared_code.api.me import me_router
from shared_code.api.middleware import ErrorAnswers, RequestLog
from shared_code.api.notes import notes_router
from shared_code.api.openapi import openapi_router
from shared_code.api.other_expenses import other_expenses_router
from shared_code.api.parking_rates import parking_rates_router
from shared_code.api.payroll import payroll_router
from shared_code.api.payroll_calculation import payroll_calculation_router
from shared_code.api.payroll_copy import payroll_copy_router
from shared_code.api.payroll_lists import payroll_lists_router
from shared_code.api.pl_rollup import pl_rollup_router
from shared_code.api.pl_view import pl_view_router
from shared_code.api.productivity import productivity_router
from shared_code.api.rate_calculations import rate_calculations_router
from shared_code.api.revenue_categories import revenue_categories_router
from shared_code.api.revenue_external import external_revenue_router
from shared_code.api.revenue_internal import internal_revenue_router
from shared_code.api.revenue_other import other_revenue_router
from shared_code.api.routing import ResourceTree
from shared_code.api.security_trail import DeniedCalls
from shared_code.api.site_benchmarks import site_benchmarks_router
from shared_code.api.sites import sites_router
from shared_code.api.snapshots import snapshots_router
from shared_code.api.statistics import statistics_router
from shared_code.api.statistics_copy import statistics_copy_router
from shared_code.api.submissions import submissions_router
from shared_code.api.summary import summary_router
from shared_code.api.trends import trends_router
from shared_code.api.variance import variance_router
from shared_code.errors import ConfigurationError
from shared_code.logs import configure_logging
from shared_code.security.claims import VerifiedToken
from shared_code.services.alerting.api_errors import ErrorWatch
from shared_code.services.runtime import serving_runtime
from shared_code.settings import settings

BASE: Final = "/api/v1/forecasting"
JOB_CODES: Final = "/api/jobcodes"

ALIASES: Final[Mapping[str, str]] = {f"{BASE}/jobcodes": JOB_CODES}
"""Families that are also served below the versioned base."""

ANONYMOUS: Final = frozenset({f"{BASE}/health", f"{BASE}/openapi.json"})
"""The only paths that anybody may get."""


@cache
def asgi_app() -> ASGIApp:
    """The API of this process. Nothing is opened before the first request needs it."""
    try:
        configure_logging(settings().log_level)
    except ConfigurationError:
        # Every request is going to say that something is wrong, and the log which setting.
        configure_logging("info")
    return create_app(serving_runtime)


def create_app(runtime_provider: RuntimeProvider) -> ASGIApp:
    """The API on the runtime that `runtime_provider` gives, which is asked anew by every request."""
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    app.state.runtime_provider = runtime_provider

    def authenticated(connection: HTTPConnection) -> VerifiedToken:
        return authenticate(runtime_provider(), connection)

    def identify(token: VerifiedToken, site_id: str | None) -> Caller:
        return caller.identify(runtime_provider(), token, site_id)

    app.router.routes[:] = [
        Entrance(ResourceTree(list(_all_operations()), ALIASES), ANONYMOUS, authenticated, identify)
    ]
    app.add_middleware(DeniedCalls, runtime_provider=runtime_provider)
    app.add_middleware(ErrorAnswers)
    answering = ErrorAnswers(CrossOrigin(app, lambda: runtime_provider().settings.cors_origins))
    return ErrorAnswers(RequestLog(answering, _watched(runtime_provider)))


@cache
def _all_operations() -> tuple[APIRoute, ...]:
    """What is served, made once a process: it does not depend on the runtime."""
    described = _operations(
        health_router(BASE),
        pl_view_router(BASE),
        pl_rollup_router(BASE),
        flc_router(BASE),
        variance_router(BASE),
        productivity_router(BASE),
        trends_router(BASE),
        site_benchmarks_router(BASE),
        sites_router(BASE),
        me_router(BASE),
        job_groups_router(BASE),
        job_codes_router(BASE),
        statistics_router(BASE),
        statistics_copy_router(BASE),
        payroll_router(BASE),
        payroll_copy_router(BASE),
        payroll_calculation_router(BASE),
        payroll_lists_router(BASE),
        parking_rates_router(BASE),
        revenue_categories_router(BASE),
        external_revenue_router(BASE),
        internal_revenue_router(BASE),
        other_revenue_router(BASE),
        other_expenses_router(BASE),
        forecast_router(BASE),
        summary_router(BASE),
        job_code_rates_router(JOB_CODES),
        rate_calculations_router(JOB_CODES),
        notes_router(BASE),
        submissions_router(BASE),
        snapshots_router(BASE),
        audit_router(BASE),
        exports_router(BASE),
        export_jobs_router(BASE),
        dataflow_router(BASE),
        data_quality_router(BASE),
    )
    return (*described, *_operations(openapi_router(BASE, described)))


def _watched(runtime_provider: RuntimeProvider) -> Callable[[int], None]:
    """Counts the answers of this process, so that too many errors raise an alert."""
    watch = ErrorWatch()

    def answered(status: int) -> None:
        # Without settings there is no database to enter an alert in; every answer and the log say so.
        with suppress(ConfigurationError):
            watch.answered(runtime_provider(), status)

    return answered


def _operations(*routers: APIRouter) -> list[APIRoute]:
    return [route for router in routers for route in router.routes if isinstance(route, APIRoute)]
