"""The categories of revenue.

Source: REST API, "Revenue" (GET /revenue/categories).
"""

from typing import Annotated, Final, Literal

from fastapi import APIRouter, Depends
from pydantic import Field
from starlette.responses import Response

from shared_code.api.answer_cache import Kept, cached
from shared_code.api.caller import Access
from shared_code.api.envelope import CamelModel, Envelope, Meta, success
from shared_code.api.gate import Call, Demands, NoBody, NoQuery
from shared_code.services.pnl_table import line_code
from shared_code.services.revenue_categories import list_revenue_categories
from shared_code.storage.revenue_categories import RevenueCategory

HELD_FOR_AN_HOUR: Final = "private, max-age=3600"
"""`Cache-Control` of reference lists."""


class RevenueCategoryShape(CamelModel):
    """A category of vehicles, a component of a contract, or an item of other revenue."""

    code: str = Field(examples=["valetDaily"])
    name: str
    group: Literal["external", "internal", "other"]
    sign: Literal["positive", "negative", "either"]
    granularity: Literal["day", "month"]
    revenue_account: str | None
    vehicle_account: str | None
    editable: bool
    description: str


READ: Final = Demands(Access("revenue:read"), query=NoQuery, body=NoBody)


def revenue_categories_router(base: str) -> APIRouter:
    """The list of categories below `base`."""
    router = APIRouter(prefix=base, tags=["revenue"])
    router.add_api_route(
        "/revenue/categories",
        cached(Kept.REFERENCE)(revenue_categories),
        methods=["GET"],
        response_model=Envelope[list[RevenueCategoryShape], Meta],
        summary="The categories of revenue, with their accounts",
    )
    return router


def revenue_categories(call: Annotated[Call[NoQuery, NoBody], Depends(READ)]) -> Response:
    """All categories in their order: external revenue, components of contracts, items of other revenue."""
    shapes = [_shown(category) for category in list_revenue_categories(call.runtime)]
    meta = Meta(total=len(shapes), limit=max(50, len(shapes)))
    return success(shapes, "Revenue categories retrieved successfully", meta=meta, cache=HELD_FOR_AN_HOUR)


def _shown(category: RevenueCategory) -> RevenueCategoryShape:
    return RevenueCategoryShape.model_validate(
        {
            "code": line_code(category.category),
            "name": category.name,
            "group": category.category_group,
            "sign": category.sign,
            "granularity": category.granularity,
            "revenue_account": category.revenue_account,
            "vehicle_account": category.vehicle_account,
            "editable": category.is_editable,
            "description": category.description or "",
        }
    )
