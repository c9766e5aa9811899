"""Whether the app can work. Anybody may ask, and learns nothing else.

Source: REST API, "Operations".
"""

import logging
from typing import Final

import anyio
from anyio import to_thread
from fastapi import APIRouter, Request
from starlette.responses import Response

from shared_code.api.envelope import NOT_STORED, CamelModel, Envelope, ErrorEntry, Meta, failure, success
from shared_code.api.gate import check_accept
from shared_code.services.health import check_health

PATH: Final = "/health"
LONGEST_CHECK_S: Final = 2.0
"""Seconds after which a check that has not ended counts as failed."""
_CHECKS_AT_ONCE = 2
"""Anonymous requests must not take the threads that others work in."""

_log = logging.getLogger(__name__)


class Health(CamelModel):
    """The app can work."""

    status: str = "ok"


def health_router(base: str) -> APIRouter:
    """The health resource below `base`."""
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

    return router
