"""External revenue of a site.

Source: REST API, "Revenue" (GET and PUT /revenue/external/{siteId}/{period}).
"""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Depends
from pydantic import AfterValidator, ConfigDict, Field, WithJsonSchema
from pydantic.alias_generators import to_camel
from starlette.responses import Response

from shared_code.api.answer_cache import cached
from shared_code.api.caller import Access
from shared_code.api.envelope import CamelModel, Envelope, FiguresMeta, success
from shared_code.api.fields import Amount, Count, Money, Number, Ratio, ReadOnly, Reason, Text, wrong
from shared_code.api.forecast_shapes import ChangesShape, HeaderShape, changes_of, etag, precondition_of
from shared_code.api.gate import Call, Demands, NoBody, NoQuery
from shared_code.api.monthly_shapes import answer_saved, dollars, header_members, may_write
from shared_code.api.pnl_shapes import VarianceShape, figures_meta
from shared_code.api.replacing import ModeQuery, is_replacing
from shared_code.api.revenue_shapes import MONTH, MonthLock, RevenueBody, members_of
from shared_code.api.validation import Body
from shared_code.services.forecast.cells import CellValue
from shared_code.services.forecast.external_revenue import ExternalView, external_view
from shared_code.services.forecast.external_revenue_saving import ExternalRevenueRequest
from shared_code.services.forecast.saving import save
from shared_code.services.pnl_table import ViewWarning
from shared_code.services.source_age import SourceAge, source_age

SUBJECT: Final = "External revenue"


class ExternalComponentShape(CamelModel):
    """A category: vehicles × dollars per vehicle; the rate of several months is the mean by volume."""

    category: str = Field(examples=["valetDaily"])
    count: Count | None
    rate: Money | None
    rate_source: Literal["forecast", "budget", "none"]
    amount: Money | None


class OverrideShape(CamelModel):
    """The figure that stands in place of the calculated one."""

    amount: Money
    reason: str
    updated_by: str | None
    updated_at: datetime | None


class ExternalFiguresShape(CamelModel):
    """External revenue as it is forecast; gross, adjustments and percentage are null in a month on budget.

    `actual` is posted to date, `variance` holds the trend against the budget.
    """

    gross: Money | None
    adjustments: Money | None
    adjustment_percent: Ratio | None
    net: Money | None
    basis: Literal["calculated", "budget", "actual", "override"]
    components: list[ExternalComponentShape]
    calculated_net: Money | None
    override: OverrideShape | None
    note: str | None
    budget: Money | None
    actual: Money | None
    trend: Money | None
    variance: VarianceShape | None
    last_actual_date: date | None


class ExternalMonthShape(ExternalFiguresShape):
    """A month of a quarter or year."""

    month: str = Field(examples=["2025-05"])
    editable: bool
    lock_reason: MonthLock | None


class ExternalRevenueShape(ExternalFiguresShape, HeaderShape):
    """External revenue of a period; `months` of a quarter or year only."""

    months: list[ExternalMonthShape]


class SavedExternalRevenueShape(ExternalRevenueShape):
    """External revenue after a PUT, and how many cells it changed."""

    changes: ChangesShape


def _signed_fraction(value: Decimal) -> Decimal:
    """A share written as a percentage is refused with the value that was probably meant."""
    if -1 <= value <= 1:
        return value
    suggestion = {"suggestion": value / 100} if abs(value) <= 100 else {}
    raise wrong("VALUE_OUT_OF_RANGE", "A signed fraction lies between -1 and 1", minimum=-1, maximum=1, **suggestion)


SignedFraction = Annotated[
    Number,
    Field(decimal_places=6),
    AfterValidator(_signed_fraction),
    WithJsonSchema({"type": "number", "minimum": -1, "maximum": 1}),
]
"""A signed share of a request, -1 to 1, at most 6 decimals."""


class OverrideBody(Body):
    """A net revenue in dollars, and why it stands in place of the calculated one."""

    model_config = ConfigDict(alias_generator=to_camel)

    amount: Amount
    reason: Reason
    updated_by: str | None = None
    updated_at: str | None = None


class ExternalRevenueBody(RevenueBody):
    """What is saved of a month; counts, rates and totals follow from statistics and parking rates."""

    adjustment_percent: SignedFraction | None = None
    override: OverrideBody | None = None
    note: Text | None = None
    gross: ReadOnly = None
    adjustments: ReadOnly = None
    net: ReadOnly = None
    basis: ReadOnly = None
    calculated_net: ReadOnly = None
    last_actual_date: ReadOnly = None
    counts: ReadOnly = None
    rates: ReadOnly = None
    totals: ReadOnly = None

    def values(self) -> dict[str, CellValue]:
        """What is sent, as it is saved; an empty note is none."""
        sent: dict[str, CellValue] = {}
        if "adjustment_percent" in self.model_fields_set:
            sent["adjustment_percent"] = self.adjustment_percent
        if "override" in self.model_fields_set:
            sent["override_amount"] = None if self.override is None else dollars(self.override.amount)
            sent["override_reason"] = None if self.override is None else self.override.reason
        if "note" in self.model_fields_set:
            sent["note"] = self.note or None
        return sent


WRITE_ACCESS: Final = Access("revenue:write")
READ: Final = Demands(Access("revenue:read"), query=NoQuery, body=NoBody)
WRITE: Final = Demands(WRITE_ACCESS, query=ModeQuery, body=ExternalRevenueBody, forms=MONTH, is_written=True)


def external_revenue_router(base: str) -> APIRouter:
    """The resource of external revenue below `base`."""
    router = APIRouter(prefix=base, tags=["revenue"])
    router.add_api_route(
        "/revenue/external/{siteId}/{period}",
        cached()(external_revenue),
        methods=["GET"],
        response_model=Envelope[ExternalRevenueShape, FiguresMeta],
        summary="External revenue of a month, quarter or year",
    )
    router.add_api_route(
        "/revenue/external/{siteId}/{period}",
        put_external_revenue,
        methods=["PUT"],
        response_model=Envelope[SavedExternalRevenueShape, FiguresMeta],
        summary="Save adjustment, override and note of a month's external revenue",
    )
    return router


def external_revenue(call: Annotated[Call[NoQuery, NoBody], Depends(READ)]) -> Response:
    """The forecast of the categories with adjustment and override, beside budget, actual and trend."""
    view = external_view(call.runtime, call.site, call.period, may_write=may_write(call, WRITE_ACCESS))
    age = source_age(call.runtime)
    shape = ExternalRevenueShape.model_validate(_members(view, view.warnings, age))
    meta = FiguresMeta(**figures_meta(call.site.business_date, age))
    return success(shape, f"{SUBJECT} retrieved successfully", meta=meta, headers=etag(shape.version))


def put_external_revenue(call: Annotated[Call[ModeQuery, ExternalRevenueBody], Depends(WRITE)]) -> Response:
    """What is not sent stays as it is; null clears a value, and the calculated figure or the budget counts again."""
    body = call.body
    request = ExternalRevenueRequest(
        precondition_of(call.if_match, body), body.values(), is_replacing=is_replacing(call)
    )
    (saved,) = save(call.runtime, call.site, call.period, call.author(body.reason), [request])
    view = external_view(call.runtime, call.site, call.period, may_write=True)
    age = source_age(call.runtime)
    members = _members(view, (*view.warnings, *saved.warnings), age) | changes_of(saved)
    return answer_saved(call, SavedExternalRevenueShape.model_validate(members), age, SUBJECT)


def _members(view: ExternalView, warnings: Sequence[ViewWarning], age: SourceAge) -> dict[str, Any]:
    return {
        **header_members(view.header, warnings, age),
        **members_of(view.figures),
        "months": [{**members_of(row), **members_of(row.figures)} for row in view.months],
    }
