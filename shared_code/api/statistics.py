"""The statistics of a site: rooms and vehicles by day, with the external revenue that they bring.

Source: REST API, "Statistics".
"""

from typing import Annotated, Final, Literal

from fastapi import APIRouter, Depends
from starlette.responses import Response

from shared_code.api.answer_cache import cached
from shared_code.api.caller import Access
from shared_code.api.envelope import Envelope, FiguresMeta
from shared_code.api.fields import WordList
from shared_code.api.forecast_shapes import changes_of, precondition_of
from shared_code.api.gate import Call, Demands, NoBody
from shared_code.api.month_windows import MonthsQuery, WindowShape, month_window
from shared_code.api.monthly_shapes import answer_periods, answer_saved, may_write
from shared_code.api.pl_view import Comparison
from shared_code.api.replacing import ModeQuery, is_replacing
from shared_code.api.statistics_bodies import StatisticsBody
from shared_code.api.statistics_shapes import SavedStatisticsShape, StatisticsShape, statistics_members
from shared_code.services.forecast.monthly_warnings import together
from shared_code.services.forecast.saving import save
from shared_code.services.forecast.statistics_view import EVERYTHING, Choice, statistics_views
from shared_code.services.periods import PeriodType
from shared_code.services.source_age import source_age

SUBJECT: Final = "Statistics"
READABLE: Final = frozenset(PeriodType)
WRITABLE: Final = frozenset({PeriodType.MONTH, PeriodType.DAY})

Part = Literal["variance", "totals", "calculation"]


class StatisticsQuery(MonthsQuery):
    """Which figures are shown, what they are compared with, and how they are summed.

    Without `include` the answer has variances and totals; with it, the parts that are named.
    """

    view: Literal["forecast", "budget", "actual", "prior-year", "trend", "all"] = "all"
    granularity: Literal["day", "week", "month", "quarter"] | None = None
    compare: Comparison | None = None
    include: Annotated[tuple[Part, ...], WordList] = ("variance", "totals")

    @property
    def choice(self) -> Choice:
        """What the reader wants to see."""
        return Choice(self.view, self.compare, self.granularity, frozenset(self.include))


WRITE_ACCESS: Final = Access("forecasting:write", "statistics:admin")
READ: Final = Demands(Access("statistics:read"), query=StatisticsQuery, body=NoBody, forms=READABLE)
WRITE: Final = Demands(WRITE_ACCESS, query=ModeQuery, body=StatisticsBody, forms=WRITABLE, is_written=True)


def statistics_router(base: str) -> APIRouter:
    """The statistics of a period, below `base`."""
    router = APIRouter(prefix=base, tags=["statistics"])
    router.add_api_route(
        "/statistics/{siteId}/{period}",
        cached()(statistics),
        methods=["GET"],
        response_model=Envelope[StatisticsShape | WindowShape[StatisticsShape], FiguresMeta],
        summary="Rooms, vehicles and external revenue of a day, month, quarter, year or several months",
    )
    router.add_api_route(
        "/statistics/{siteId}/{period}",
        put_statistics,
        methods=["PUT"],
        response_model=Envelope[SavedStatisticsShape, FiguresMeta],
        summary="Save the statistics of days, or figures of a whole month or day spread over its days",
    )
    return router


def statistics(call: Annotated[Call[StatisticsQuery, NoBody], Depends(READ)]) -> Response:
    """Saved, budget, recorded and last year's figures by day, and the effective ones of the period."""
    query = call.query
    periods = month_window(call.period, query.months, call.site.business_date)
    views = statistics_views(call.runtime, call.site, periods, query.choice, may_write=may_write(call, WRITE_ACCESS))
    age = source_age(call.runtime)
    shapes = [StatisticsShape.model_validate(statistics_members(view, view.warnings, age)) for view in views]
    return answer_periods(call, shapes, WindowShape[StatisticsShape], age, SUBJECT)


def put_statistics(call: Annotated[Call[ModeQuery, StatisticsBody], Depends(WRITE)]) -> Response:
    """Days and fields that are not sent stay as they are; `null` falls back to the budget."""
    body = call.body
    request = body.request(precondition_of(call.if_match, body), is_replacing=is_replacing(call))
    (saved,) = save(call.runtime, call.site, call.period, call.author(body.reason), [request])
    (view,) = statistics_views(call.runtime, call.site, [call.period], EVERYTHING, may_write=True)
    age = source_age(call.runtime)
    members = statistics_members(view, together(view.warnings, saved.warnings), age)
    shape = SavedStatisticsShape.model_validate({**members, **changes_of(saved)})
    return answer_saved(call, shape, age, SUBJECT)
