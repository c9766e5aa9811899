"""The payroll of a site: hours and what they cost, by day, week or month.

Source: REST API, "Payroll".
"""

from collections.abc import Sequence
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends
from starlette.responses import Response

from shared_code.api.answer_cache import cached, shows_pay
from shared_code.api.caller import Access
from shared_code.api.envelope import Envelope, FiguresMeta
from shared_code.api.forecast_shapes import changes_of, precondition_of
from shared_code.api.gate import Call, Demands, NoBody
from shared_code.api.month_windows import MonthsQuery, WindowShape, month_window
from shared_code.api.monthly_shapes import answer_periods, answer_saved, header_members, may_write
from shared_code.api.payroll_body import PayrollBody
from shared_code.api.payroll_shapes import PayrollShape, SavedPayrollShape, View, payroll_members
from shared_code.api.replacing import ModeQuery, is_replacing
from shared_code.api.security_trail import note_pay_read
from shared_code.errors import InvalidInputError
from shared_code.services.forecast.monthly_warnings import together
from shared_code.services.forecast.payroll_rows import Level
from shared_code.services.forecast.payroll_view import Granularity, PayrollView, Viewer, ViewOptions, read_payroll
from shared_code.services.forecast.saving import save
from shared_code.services.periods import Period, PeriodType
from shared_code.services.source_age import source_age

SUBJECT: Final = "Payroll"


class PayrollQuery(MonthsQuery):
    """Which stretches of days have rows, what a row stands for, and which of its blocks are shown."""

    granularity: Granularity | None = None
    level: Level | None = None
    view: View = "all"


WRITE_ACCESS: Final = Access("payroll:write")
WRITABLE: Final = frozenset({PeriodType.MONTH, PeriodType.DAY})
"""The forms of period that may be saved."""

READ: Final = Demands(Access("payroll:read"), query=PayrollQuery, body=NoBody, forms=frozenset(PeriodType))
WRITE: Final = Demands(WRITE_ACCESS, query=ModeQuery, body=PayrollBody, forms=WRITABLE, is_written=True)


def payroll_router(base: str) -> APIRouter:
    """The resource of a site's payroll below `base`."""
    router = APIRouter(prefix=base, tags=["payroll"])
    router.add_api_route(
        "/payroll/{siteId}/{period}",
        cached(unless=shows_pay)(payroll),
        methods=["GET"],
        response_model=Envelope[PayrollShape | WindowShape[PayrollShape], FiguresMeta],
        summary="The payroll of a day, month, quarter, year or several months",
    )
    router.add_api_route(
        "/payroll/{siteId}/{period}",
        put_payroll,
        methods=["PUT"],
        response_model=Envelope[SavedPayrollShape, FiguresMeta],
        summary="Save hours of a month or day",
    )
    return router


def payroll(call: Annotated[Call[PayrollQuery, NoBody], Depends(READ)]) -> Response:
    """What is forecast, budgeted, scheduled and paid, and the figure that counts."""
    query = call.query
    check_granularity(query.granularity, call.period)
    periods = month_window(call.period, query.months, call.site.business_date)
    viewer = Viewer(may_write(call, WRITE_ACCESS), call.caller.reads_pay)
    views = _read(call, periods, ViewOptions(query.granularity, query.level), viewer)
    age = source_age(call.runtime)
    shapes = [
        PayrollShape.model_validate(
            {**header_members(view.header, view.header.warnings, age), **payroll_members(view, query.view)}
        )
        for view in views
    ]
    return answer_periods(call, shapes, WindowShape[PayrollShape], age, SUBJECT)


def put_payroll(call: Annotated[Call[ModeQuery, PayrollBody], Depends(WRITE)]) -> Response:
    """Rows that are not sent stay as they are; `null` falls back to the budget."""
    body = call.body
    request = body.request(precondition_of(call.if_match, body), call.period, is_replacing=is_replacing(call))
    (saved,) = save(call.runtime, call.site, call.period, call.author(body.reason), [request])
    viewer = Viewer(may_write=True, reads_pay=call.caller.reads_pay)
    (view,) = _read(call, [call.period], ViewOptions(), viewer)
    age = source_age(call.runtime)
    members = header_members(view.header, together(view.header.warnings, saved.warnings), age)
    shape = SavedPayrollShape.model_validate({**members, **payroll_members(view), **changes_of(saved)})
    return answer_saved(call, shape, age, SUBJECT)


def _read(call: Call[Any, Any], periods: Sequence[Period], options: ViewOptions, viewer: Viewer) -> list[PayrollView]:
    with call.runtime.database.reading() as connection:
        views = read_payroll(connection, call.site, periods, call.runtime.settings, options, viewer)
    if any(view.shows_pay for view in views):
        note_pay_read(call)
    return views


def check_granularity(granularity: Granularity | None, period: Period) -> None:
    """Days and weeks are shown of days and months only. Raises `InvalidInputError` for a quarter or year by them."""
    if period.type in {PeriodType.QUARTER, PeriodType.YEAR} and granularity not in {None, Granularity.MONTH}:
        raise InvalidInputError(
            f"A {period.type.value} is shown by month.",
            field="granularity",
            details={"providedValue": granularity, "accepted": [Granularity.MONTH.value]},
        )
