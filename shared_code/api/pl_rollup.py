"""The P&L of a district, a region, the company or a portfolio.

Source: REST API, "P&L".
"""

from collections.abc import Mapping
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Depends
from pydantic import Field
from starlette.responses import Response

from shared_code.api.answer_cache import cached
from shared_code.api.caller import Access
from shared_code.api.envelope import CamelModel, Envelope, FiguresMeta, success
from shared_code.api.fields import Money, QueryCount, QueryPeriod, SiteCode, Within, WordList
from shared_code.api.gate import Call, Demands, NoBody
from shared_code.api.pl_view import Comparison, View
from shared_code.api.pnl_shapes import (
    ColumnShape,
    LineShape,
    VarianceShape,
    WarningShape,
    figures_meta,
    shown_warnings,
)
from shared_code.api.validation import Query
from shared_code.clock import business_date
from shared_code.errors import InvalidInputError
from shared_code.services.periods import Period, year_period
from shared_code.services.pnl_rollup import PartsPage, organization_pnl
from shared_code.services.rollup_members import Level, RollupFilters, level_named
from shared_code.services.runtime import Runtime
from shared_code.services.source_age import source_age

_ACCESS: Final[Mapping[Level, Access]] = {
    Level.DISTRICT: Access("pl-view:district"),
    Level.REGION: Access("pl-view:regional"),
    Level.COMPANY: Access("pl-view:company"),
    Level.PORTFOLIO: Access("forecasting:read"),
}
"""Who may see each level."""

Names = tuple[str, ...]
"""Values of a filter that may be given several times."""


class RollupQuery(Query):
    """Which figures are shown, and of which sites of the organisation."""

    period: QueryPeriod | None = None
    view: View = "trend"
    compare: Comparison | None = None
    include: Annotated[tuple[Literal["children"], ...], WordList] = ()
    page: Annotated[QueryCount, Within(1)] = 1
    limit: Annotated[QueryCount, Within(1, 200)] = 50
    site_ids: tuple[SiteCode, ...] = Field((), alias="siteId")
    legal_entities: Names = Field((), alias="legalEntity")
    districts: Names = Field((), alias="district")
    regions: Names = Field((), alias="region")
    contract_types: Names = Field((), alias="contractType")
    pl_categories: Names = Field((), alias="plCategory")
    cog_segments: Names = Field((), alias="cogSegment")
    business_segments: Names = Field((), alias="businessSegment")

    @property
    def filters(self) -> RollupFilters:
        """The filters as the service takes them."""
        return RollupFilters(**{name: getattr(self, name) for name in RollupFilters.__slots__})


class FailedSiteShape(CamelModel):
    """A site that could not be computed and is not in the sums."""

    site_id: str
    code: str


class ChildShape(CamelModel):
    """A part of the organisation; `id` is null for the sites that belong to none."""

    id: str | None
    name: str
    level: Literal["region", "district", "site"]
    flc: Money | None
    flc_variance: VarianceShape | None
    internal_revenue: Money | None


class OrganizationPnlShape(CamelModel):
    """The P&L of an organisation: the sum of its sites that the caller may see."""

    organization_level: Literal["district", "region", "company", "portfolio"]
    organization_id: str
    name: str
    period: str = Field(examples=["2025"])
    view: View
    compare: str | None
    columns: list[ColumnShape]
    lines: list[LineShape]
    site_count: int
    sites_without_forecast: list[str]
    partial: bool
    failed_sites: list[FailedSiteShape]
    children: list[ChildShape]
    warnings: list[WarningShape]


def _access(path: Mapping[str, str]) -> Access:
    """Who may see the level of the path; one that there is not is refused behind the permission."""
    try:
        return _ACCESS[level_named(path["organizationLevel"])]
    except InvalidInputError:
        return _ACCESS[Level.PORTFOLIO]


READ: Final = Demands(_access, query=RollupQuery, body=NoBody)


def pl_rollup_router(base: str) -> APIRouter:
    """The roll-up resource below `base`."""
    router = APIRouter(prefix=base, tags=["P&L"])
    router.add_api_route(
        "/pl-view/rollup/{organizationLevel}/{organizationId}",
        cached()(rollup),
        methods=["GET"],
        response_model=Envelope[OrganizationPnlShape, FiguresMeta],
        summary="The P&L of a district, a region, the company or a portfolio",
    )
    return router


def period_of(query: RollupQuery, runtime: Runtime) -> Period:
    """The period asked for, the current year by default."""
    today = business_date(runtime.clock, runtime.settings.business_time_zone)
    return query.period or year_period(today.year)


def rollup(call: Annotated[Call[RollupQuery, NoBody], Depends(READ)]) -> Response:
    """The current year by default; `meta` pages the children."""
    query, runtime = call.query, call.runtime
    children = PartsPage(query.page, query.limit) if "children" in query.include else None
    pnl = organization_pnl(
        runtime,
        call.scope,
        call.path["organizationLevel"],
        call.path["organizationId"],
        period_of(query, runtime),
        view=query.view,
        compare=query.compare,
        filters=query.filters,
        children=children,
    )
    age = source_age(runtime)
    figures = figures_meta(pnl.business_date, age)
    shown = {name: getattr(pnl, name) for name in OrganizationPnlShape.model_fields if name != "warnings"}
    data = OrganizationPnlShape(**shown, warnings=shown_warnings(pnl.warnings, age))
    if children is None:
        return success(data, "P&L retrieved successfully", meta=FiguresMeta(**figures))
    meta = FiguresMeta.of_page(pnl.children_total, children.page, children.limit, **figures)
    return success(data, "P&L retrieved successfully", meta=meta)
