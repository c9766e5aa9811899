"""Front Line Contribution of a site.

Source: REST API, "P&L".
"""

from typing import Annotated, Final

from fastapi import APIRouter, Depends
from pydantic import Field
from starlette.responses import Response

from shared_code.api.answer_cache import cached
from shared_code.api.caller import Access
from shared_code.api.computed_header import computed_header
from shared_code.api.envelope import CamelModel, Envelope, FiguresMeta, success
from shared_code.api.fields import Money, PercentPoints
from shared_code.api.forecast_shapes import SitePeriodShape
from shared_code.api.gate import Call, Demands, NoBody
from shared_code.api.pl_view import View
from shared_code.api.pnl_shapes import VarianceShape, figures_meta
from shared_code.api.validation import Query
from shared_code.services.pnl_flc import site_flc
from shared_code.services.source_age import source_age


class FlcQuery(Query):
    """Which figures are shown."""

    view: View = "trend"


class FlcComponentsShape(CamelModel):
    """What FLC is made of; null where a line is unavailable."""

    internal_revenue: Money | None
    payroll: Money | None
    claims: Money | None
    parking_rents: Money | None
    other_expense: Money | None
    pteb: Money | None
    insurance: Money | None


class FlcFiguresShape(CamelModel):
    """FLC and its budget; null where a line is unavailable. The margin also is where internal revenue is not above 0.

    `cumulativeVarianceYtd` is trend less budget, summed from January on.
    """

    flc: Money | None
    flc_budget: Money | None
    flc_variance: VarianceShape | None
    flc_margin: PercentPoints | None
    cumulative_variance_ytd: Money | None


class FlcMonthShape(FlcFiguresShape):
    """One month of a quarter or year."""

    period: str = Field(examples=["2025-05"])
    month: int = Field(ge=1, le=12)


class SiteFlcShape(FlcFiguresShape, SitePeriodShape):
    """FLC of a site; `months` are those of a quarter or year."""

    view: View
    components: FlcComponentsShape
    review_required: bool
    months: list[FlcMonthShape]


READ: Final = Demands(Access("forecasting:read"), query=FlcQuery, body=NoBody)


def flc_router(base: str) -> APIRouter:
    """The resource of FLC below `base`."""
    router = APIRouter(prefix=base, tags=["P&L"])
    router.add_api_route(
        "/flc/{siteId}/{period}",
        cached()(front_line_contribution),
        methods=["GET"],
        response_model=Envelope[SiteFlcShape, FiguresMeta],
        summary="Front Line Contribution of a site for a month, quarter or year",
    )
    return router


def front_line_contribution(call: Annotated[Call[FlcQuery, NoBody], Depends(READ)]) -> Response:
    """Against the budget, with what it is made of; figures that are behind are computed on the way."""
    flc = site_flc(call.runtime, call.scope, call.site.site_id, call.period, view=call.query.view)
    age = source_age(call.runtime)
    data = SiteFlcShape(
        **computed_header(call, flc.warnings, age),
        **{name: getattr(flc, name) for name in FlcFiguresShape.model_fields},
        view=call.query.view,
        components=FlcComponentsShape.model_validate(flc.components),
        review_required=flc.review_required,
        months=[FlcMonthShape.model_validate(month) for month in flc.months],
    )
    return success(data, "FLC retrieved successfully", meta=FiguresMeta(**figures_meta(flc.business_date, age)))
