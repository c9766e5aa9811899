"""The summary of a month.

Source: REST API, "Forecast, summary, sites, me".
"""

from datetime import date
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Depends
from pydantic import Field
from starlette.responses import Response

from shared_code.api.answer_cache import cached
from shared_code.api.caller import Access
from shared_code.api.computed_header import computed_header
from shared_code.api.envelope import CamelModel, Envelope, FiguresMeta, success
from shared_code.api.fields import Number, PercentPoints
from shared_code.api.forecast_shapes import SitePeriodShape
from shared_code.api.gate import Call, Demands, NoBody, NoQuery
from shared_code.api.pnl_shapes import figures_meta
from shared_code.services.periods import PeriodType
from shared_code.services.source_age import source_age
from shared_code.services.summary import month_summary


class CardVarianceShape(CamelModel):
    """Value less comparison, with the decimals of the card; `percent` is null when the comparison is 0."""

    amount: Number
    percent: PercentPoints | None
    favorable: bool
    severity: Literal["low", "medium", "high"] | None


class CardShape(CamelModel):
    """A figure of the trend against the budget; null where it is not known or has no denominator."""

    code: str = Field(examples=["flcMargin"])
    name: str
    unit: Literal["count", "fraction", "money", "percent", "number"]
    value: Number | None
    comparison: Number | None
    variance: CardVarianceShape | None


class OpenItemShape(CamelModel):
    """Something left to be done, and how often."""

    code: Literal["MISSING_FORECAST", "UNASSIGNED_JOB_CODES", "WARNINGS"]
    count: int


class SummaryShape(SitePeriodShape):
    """A month of a site at a glance; `actualsThrough` is the last day with a recorded figure."""

    cards: list[CardShape]
    actuals_through: date | None
    open_items: list[OpenItemShape]


READ: Final = Demands(Access("forecasting:read"), query=NoQuery, body=NoBody, forms=(PeriodType.MONTH,))


def summary_router(base: str) -> APIRouter:
    """The resource of summaries below `base`."""
    router = APIRouter(prefix=base, tags=["summary"])
    router.add_api_route(
        "/summary/{siteId}/{period}",
        cached()(summary),
        methods=["GET"],
        response_model=Envelope[SummaryShape, FiguresMeta],
        summary="The main figures of a month, and what is left to be done",
    )
    return router


def summary(call: Annotated[Call[NoQuery, NoBody], Depends(READ)]) -> Response:
    """Trend against budget; figures that are behind are computed on the way."""
    found = month_summary(call.runtime, call.site, call.period)
    age = source_age(call.runtime)
    data = SummaryShape(
        **computed_header(call, found.warnings, age),
        cards=[CardShape.model_validate(card) for card in found.cards],
        actuals_through=found.actuals_through,
        open_items=[OpenItemShape.model_validate(item) for item in found.open_items],
    )
    meta = FiguresMeta(**figures_meta(call.site.business_date, age))
    return success(data, "Summary retrieved successfully", meta=meta)
