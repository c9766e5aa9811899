"""Whether the app can work. Anybody may ask, and learns nothing else; administrators see its parts.

Source: REST API, "Operations".
"""

import logging
from datetime import datetime
from typing import Annotated, Final, Literal

import anyio
from anyio import to_thread
from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from shared_code.api.caller import Access
from shared_code.api.envelope import NOT_STORED, CamelModel, Envelope, ErrorEntry, Meta, failure, success
from shared_code.api.gate import Call, Demands, NoBody, NoQuery, check_accept
from shared_code.services.health import check_components, check_health

PATH: Final = "/health"
LONGEST_CHECK_S: Final = 2.0
"""Seconds after which a check that has not ended counts as failed."""
_CHECKS_AT_ONCE = 2
"""Anonymous requests must not take the threads that others work in."""

_log = logging.getLogger(__name__)


class Health(CamelModel):
    """The app can work."""

    status: str = "ok"


class ComponentShape(CamelModel):
    """A part of the app: `degraded` works but needs attention, `failed` does not work; `code` says why."""

    name: str
    status: Literal["ok", "degraded", "failed"]
    code: str | None
    checked_at: datetime


class HealthDetailsShape(CamelModel):
    """The parts of the app."""

    components: list[ComponentShape]


DETAILS: Final = Demands(Access(roles=("forecasting_admin",)), query=NoQuery, body=NoBody)


def health_router(base: str) -> APIRouter:
    """The health resources below `base`."""
    router = APIRouter(prefix=base, tags=["operations"])
    limiter = anyio.CapacityLimiter(_CHECKS_AT_ONCE)

    @router.get(PATH, response_model=Envelope[Health, Meta], summary="Whether the app can work")
    async def health(request: Request) -> Response:
        """200 when the database answers within two seconds and has the schema that this version needs, else 503."""
        check_accept(request)

        def check() -> None:
            check_health(request.app.state.runtime_provider())

        try:
            with anyio.fail_after(LONGEST_CHECK_S):
                await to_thread.run_sync(check, abandon_on_cancel=True, limiter=limiter)
        except Exception as error:  # noqa: BLE001 - whatever it is, the app cannot work
            _log.error("The app is not healthy", exc_info=error)
            message = "The service is not available."
            return failure(503, message, [ErrorEntry(code="INTERNAL_ERROR", message=message)])
        return success(Health(), "Health retrieved successfully", cache=NOT_STORED)

    router.add_api_route(
        f"{PATH}/details",
        health_details,
        methods=["GET"],
        response_model=Envelope[HealthDetailsShape, Meta],
        summary="The parts of the app",
    )
    return router


def health_details(call: Annotated[Call[NoQuery, NoBody], Depends(DETAILS)]) -> Response:
    """Every part is looked at on its own, so that one that fails or hangs hides no other."""
    components = [ComponentShape.model_validate(component) for component in check_components(call.runtime)]
    return success(HealthDetailsShape(components=components), "Health retrieved successfully", cache=NOT_STORED)
