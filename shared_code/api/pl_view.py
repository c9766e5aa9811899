"""The P&L of a site.

Source: REST API, "P&L".
"""

from datetime import datetime
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Depends
from pydantic import Field
from starlette.responses import Response

from shared_code.api.caller import Access
from shared_code.api.envelope import CamelModel, Envelope, FiguresMeta, success
from shared_code.api.fields import WordList
from shared_code.api.gate import Call, Demands, NoBody
from shared_code.api.pnl_shapes import (
    ColumnShape,
    DetailedLineShape,
    LineShape,
    WarningShape,
    figures_meta,
    shown_warnings,
)
from shared_code.api.validation import Query
from shared_code.services.pnl_view import site_pnl
from shared_code.services.source_age import source_age

View = Literal["trend", "forecast", "budget", "actual", "prior-year"]
Comparison = Literal[
    "budget", "forecast", "actual", "prior-year", "prior-month", "prior-quarter", "snapshot", "fpa-projection",
    "prior_year", "last-year", "ly", "previous-quarter",
]  # fmt: skip


class PnlQuery(Query):
    """Which figures are shown, and what they are compared with."""

    view: View = "trend"
    compare: Comparison | None = None
    include: Annotated[tuple[Literal["breakdown"], ...], WordList] = ()


class SitePnlShape(CamelModel):
    """The P&L of a site. It is computed from other figures, so nothing of it can be edited."""

    site_id: str
    site_name: str
    period: str = Field(examples=["2025-05"])
    period_type: Literal["month", "quarter", "year"]
    updated_at: datetime | None = None
    updated_by: str | None = None
    status: Literal["draft", "submitted", "returned", "approved"] = "draft"
    editable: bool = False
    lock_reason: str | None = "granularity"
    view: View
    compare: str | None
    columns: list[ColumnShape]
    lines: list[DetailedLineShape] | list[LineShape]
    warnings: list[WarningShape]


READ: Final = Demands(Access("forecasting:read"), query=PnlQuery, body=NoBody)


def pl_view_router(base: str) -> APIRouter:
    """The P&L resources below `base`."""
    router = APIRouter(prefix=base, tags=["P&L"])
    router.add_api_route(
        "/pl-view/{siteId}/{period}",
        site_view,
        methods=["GET"],
        response_model=Envelope[SitePnlShape, FiguresMeta],
        summary="The P&L of a site for a month, quarter or year",
    )
    return router


def site_view(call: Annotated[Call[PnlQuery, NoBody], Depends(READ)]) -> Response:
    """Trend by default, compared with the budget; figures that are behind are computed on the way."""
    query = call.query
    is_detailed = "breakdown" in query.include
    pnl = site_pnl(
        call.runtime,
        call.scope,
        call.site.site_id,
        call.period,
        view=query.view,
        compare=query.compare,
        with_breakdown=is_detailed,
    )
    age = source_age(call.runtime)
    shape = DetailedLineShape if is_detailed else LineShape
    data = SitePnlShape(
        site_id=pnl.site_id,
        site_name=pnl.site_name,
        period=pnl.period,
        period_type=pnl.period_type,
        view=pnl.view,
        compare=pnl.compare,
        columns=[ColumnShape.model_validate(column) for column in pnl.columns],
        lines=[shape.model_validate(line) for line in pnl.lines],
        warnings=shown_warnings(pnl.warnings, age),
    )
    return success(data, "P&L retrieved successfully", meta=FiguresMeta(**figures_meta(pnl.business_date, age)))
