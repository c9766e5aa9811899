"""Internal revenue of a site.

Source: REST API, "Revenue" (GET and PUT /revenue/internal/{siteId}/{period}).
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from shared_code.api.answer_cache import cached
from shared_code.api.caller import Access
from shared_code.api.envelope import Envelope, FiguresMeta, success
from shared_code.api.errors import RefusedError, refusal
from shared_code.api.forecast_shapes import changes_of, etag, precondition_of
from shared_code.api.gate import Call, Demands, NoBody, NoQuery
from shared_code.api.monthly_shapes import answer_saved, header_members, may_write
from shared_code.api.pnl_shapes import figures_meta
from shared_code.api.replacing import ModeQuery, is_replacing
from shared_code.api.revenue_internal_shapes import (
    AdjustmentsBody,
    InternalRevenueShape,
    SavedInternalRevenueShape,
)
from shared_code.api.revenue_shapes import MONTH, members_of
from shared_code.services.forecast.internal_revenue import InternalView, internal_view
from shared_code.services.forecast.internal_revenue_saving import AdjustmentsRequest
from shared_code.services.forecast.saving import save
from shared_code.services.pnl_table import ViewWarning
from shared_code.services.runtime import Runtime
from shared_code.services.source_age import SourceAge, source_age
from shared_code.settings import Settings

SUBJECT: Final = "Internal revenue"
HINT: Final = "Items that managers enter themselves go to /revenue/other; adjusting is for other roles."


class AdjustmentDemands(Demands[ModeQuery, AdjustmentsBody]):
    """What a write asks: a role that the settings list, and a hint for those who have none of them."""

    def __init__(self) -> None:
        super().__init__(Access("revenue:write"), query=ModeQuery, body=AdjustmentsBody, forms=MONTH, is_written=True)

    def access_in(self, runtime: Runtime, path: Mapping[str, str]) -> Access:
        """Those whom the settings list."""
        return adjust_access(runtime.settings)

    async def __call__(self, request: Request) -> Call[ModeQuery, AdjustmentsBody]:
        """The request as it may be used; a role that may not adjust is told where it may enter revenue."""
        try:
            return await super().__call__(request)
        except RefusedError as error:
            denied = error.entries[0]
            if error.status != 403 or denied.details.get("reason") != "role":
                raise
            raise refusal(denied.code, denied.message, details={**denied.details, "hint": HINT}) from None


def adjust_access(settings: Settings) -> Access:
    """Who may adjust internal revenue."""
    return Access("revenue:write", roles=settings.internal_revenue_adjust_roles)


READ: Final = Demands(Access("revenue:read"), query=NoQuery, body=NoBody)


def internal_revenue_router(base: str) -> APIRouter:
    """The resource of internal revenue below `base`; who may adjust it is a setting of the runtime."""
    write = AdjustmentDemands()

    def put_internal_revenue(call: Annotated[Call[ModeQuery, AdjustmentsBody], Depends(write)]) -> Response:
        """Adjustments of other categories stay as they are; one without an amount is removed."""
        return _put(call)

    router = APIRouter(prefix=base, tags=["revenue"])
    router.add_api_route(
        "/revenue/internal/{siteId}/{period}",
        cached()(internal_revenue),
        methods=["GET"],
        response_model=Envelope[InternalRevenueShape, FiguresMeta],
        summary="Internal revenue of a month, quarter or year",
    )
    router.add_api_route(
        "/revenue/internal/{siteId}/{period}",
        put_internal_revenue,
        methods=["PUT"],
        response_model=Envelope[SavedInternalRevenueShape, FiguresMeta],
        summary="Save adjustments of a month's internal revenue",
    )
    return router


def internal_revenue(call: Annotated[Call[NoQuery, NoBody], Depends(READ)]) -> Response:
    """What the contract gives, component by component, with adjustments and the steps of the calculation."""
    is_writer = may_write(call, adjust_access(call.runtime.settings))
    view = internal_view(call.runtime, call.site, call.period, may_write=is_writer)
    age = source_age(call.runtime)
    shape = InternalRevenueShape.model_validate(_members(view, view.warnings, age))
    meta = FiguresMeta(**figures_meta(call.site.business_date, age))
    return success(shape, f"{SUBJECT} retrieved successfully", meta=meta, headers=etag(shape.version))


def _put(call: Call[ModeQuery, AdjustmentsBody]) -> Response:
    body = call.body
    request = AdjustmentsRequest(precondition_of(call.if_match, body), body.entries(), is_replacing=is_replacing(call))
    (saved,) = save(call.runtime, call.site, call.period, call.author(body.reason), [request])
    view = internal_view(call.runtime, call.site, call.period, may_write=True)
    age = source_age(call.runtime)
    members = _members(view, (*view.warnings, *saved.warnings), age) | changes_of(saved)
    return answer_saved(call, SavedInternalRevenueShape.model_validate(members), age, SUBJECT)


def _members(view: InternalView, warnings: Sequence[ViewWarning], age: SourceAge) -> dict[str, Any]:
    return {
        **header_members(view.header, warnings, age),
        **members_of(view.figures),
        "months": [{**members_of(row), **members_of(row.figures)} for row in view.months],
    }
