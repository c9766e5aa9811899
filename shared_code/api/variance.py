"""The variance of a site's P&L against budget, another scenario, an earlier period or a snapshot.

Source: REST API, "P&L".
"""

from typing import Annotated, Final, Literal

from fastapi import APIRouter, Depends
from pydantic import Field
from starlette.responses import Response

from shared_code.api.answer_cache import cached
from shared_code.api.caller import Access
from shared_code.api.envelope import CamelModel, Envelope, FiguresMeta, success
from shared_code.api.fields import Money, QueryNumber, QueryPeriod, Text, Within
from shared_code.api.gate import Call, Demands, NoBody
from shared_code.api.pnl_shapes import VarianceShape, WarningShape, figures_meta, shown_warnings
from shared_code.api.validation import Query
from shared_code.services.pnl_variance import site_variance
from shared_code.services.source_age import source_age

Base = Literal["trend", "forecast", "actual", "budget"]


class VarianceQuery(Query):
    """Which figures are compared, and which lines are shown; `threshold` in percent points."""

    period: QueryPeriod | None = None
    base: Base = "trend"
    threshold: Annotated[QueryNumber, Within(0, 1_000_000)] | None = None
    sort: Literal["line", "amount"] = "line"
    snapshot_id: Text | None = Field(None, alias="snapshotId")


class VarianceLineShape(CamelModel):
    """A line over the whole period; null with an unavailable part."""

    code: str
    name: str
    base: Money | None
    comparison: Money | None
    variance: VarianceShape | None


class DriverShape(CamelModel):
    """What a category of vehicles does to external revenue; `unallocated` is what no category accounts for."""

    category: str = Field(examples=["valetDaily"])
    volume_effect: Money
    rate_effect: Money
    adjustment_effect: Money


class VarianceSummaryShape(CamelModel):
    """How many lines are favorable and unfavorable, and the variance of FLC."""

    favorable: int
    unfavorable: int
    flc: VarianceShape | None
    review_required: bool


class SiteVarianceShape(CamelModel):
    """The variance of a site's P&L; the effects of the drivers add up to the amount of external revenue."""

    site_id: str
    period: str = Field(examples=["2025-05"])
    base: Base
    comparison_type: str
    lines: list[VarianceLineShape]
    drivers: list[DriverShape]
    summary: VarianceSummaryShape
    warnings: list[WarningShape]


READ: Final = Demands(Access("forecasting:read"), query=VarianceQuery, body=NoBody)


def variance_router(base: str) -> APIRouter:
    """The resource of variances below `base`."""
    router = APIRouter(prefix=base, tags=["P&L"])
    router.add_api_route(
        "/pl-view/{siteId}/variance/{comparisonType}",
        cached()(pnl_variance),
        methods=["GET"],
        response_model=Envelope[SiteVarianceShape, FiguresMeta],
        summary="The variance of a site's P&L, and what drives that of external revenue",
    )
    return router


def pnl_variance(call: Annotated[Call[VarianceQuery, NoBody], Depends(READ)]) -> Response:
    """The current month by default; the trend is compared unless another base is asked for."""
    query, runtime = call.query, call.runtime
    found = site_variance(
        runtime,
        call.scope,
        call.site.site_id,
        call.path["comparisonType"],
        query.period,
        base=query.base,
        threshold=query.threshold,
        sort=query.sort,
        snapshot_id=query.snapshot_id,
    )
    age = source_age(runtime)
    shown = {name: getattr(found, name) for name in SiteVarianceShape.model_fields if name != "warnings"}
    data = SiteVarianceShape(**shown, warnings=shown_warnings(found.warnings, age))
    meta = FiguresMeta(**figures_meta(found.business_date, age))
    return success(data, "Variance retrieved successfully", meta=meta)
