"""The P&L of a site.

Source: REST API, "P&L".
"""

from typing import Annotated, Final, Literal

from fastapi import APIRouter, Depends
from starlette.responses import Response

from shared_code.api.answer_cache import cached, shows_pay
from shared_code.api.caller import Access
from shared_code.api.computed_header import computed_header
from shared_code.api.envelope import Envelope, FiguresMeta, success
from shared_code.api.fields import WordList
from shared_code.api.forecast_shapes import SitePeriodShape
from shared_code.api.gate import Call, Demands, NoBody
from shared_code.api.pnl_breakdown import DetailedLineShape, detailed_line
from shared_code.api.pnl_shapes import ColumnShape, LineShape, figures_meta
from shared_code.api.security_trail import note_pay_read
from shared_code.api.validation import Query
from shared_code.services.pnl_families import VIEWS
from shared_code.services.pnl_parts import read_parts
from shared_code.services.pnl_salaries import with_pay_masked
from shared_code.services.pnl_view import SitePnl, site_pnl
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


class SitePnlShape(SitePeriodShape):
    """The P&L of a site. It is computed from other figures, so nothing of it can be edited."""

    view: View
    compare: str | None
    columns: list[ColumnShape]
    lines: list[DetailedLineShape] | list[LineShape]


READ: Final = Demands(Access("forecasting:read"), query=PnlQuery, body=NoBody)


def pl_view_router(base: str) -> APIRouter:
    """The P&L resources below `base`."""
    router = APIRouter(prefix=base, tags=["P&L"])
    router.add_api_route(
        "/pl-view/{siteId}/{period}",
        cached(unless=_may_show_pay)(site_view),
        methods=["GET"],
        response_model=Envelope[SitePnlShape, FiguresMeta],
        summary="The P&L of a site for a month, quarter or year",
    )
    return router


def site_view(call: Annotated[Call[PnlQuery, NoBody], Depends(READ)]) -> Response:
    """Trend by default, compared with the budget; figures that are behind are computed on the way."""
    query = call.query
    with_breakdown = "breakdown" in query.include
    pnl = site_pnl(
        call.runtime,
        call.scope,
        call.site.site_id,
        call.period,
        view=query.view,
        compare=query.compare,
        with_breakdown=with_breakdown,
    )
    if with_breakdown:
        pnl, is_pay_shown = with_pay_masked(call.runtime, call.site, pnl, reads_pay=call.caller.reads_pay)
        if is_pay_shown:
            note_pay_read(call)
    age = source_age(call.runtime)
    lines = _detailed(call, pnl) if with_breakdown else [LineShape.model_validate(line) for line in pnl.lines]
    data = SitePnlShape(
        **computed_header(call, pnl.warnings, age),
        view=query.view,
        compare=pnl.compare,
        columns=[ColumnShape.model_validate(column) for column in pnl.columns],
        lines=lines,
    )
    return success(data, "P&L retrieved successfully", meta=FiguresMeta(**figures_meta(pnl.business_date, age)))


def _may_show_pay(call: Call[PnlQuery, NoBody]) -> bool:
    """Whether the salaries of a single person may stand there: such an answer stays out of caches."""
    return shows_pay(call) and "breakdown" in call.query.include


def _detailed(call: Call[PnlQuery, NoBody], pnl: SitePnl) -> list[DetailedLineShape]:
    """The lines with what they are made of."""
    family, period = VIEWS[call.query.view], call.period
    parts = read_parts(call.runtime, call.site, [(family, family.months(period.months))])
    return [detailed_line(line, period, family, parts) for line in pnl.lines]
