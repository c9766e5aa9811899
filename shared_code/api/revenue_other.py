"""Other revenue of a site.

Source: REST API, "GET, PUT /revenue/other/{siteId}/{period}".
"""

from collections.abc import Sequence
from typing import Annotated, ClassVar, Final, Literal, Self

from fastapi import APIRouter, Depends
from pydantic import ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel
from starlette.responses import Response

from shared_code.api.answer_cache import cached
from shared_code.api.caller import Access
from shared_code.api.envelope import CamelModel, Envelope, FiguresMeta
from shared_code.api.fields import Amount, Money, ReadOnly, SignedAmount, wrong
from shared_code.api.forecast_shapes import ChangesShape, HeaderShape, changes_of, precondition_of
from shared_code.api.gate import Call, Demands, NoBody
from shared_code.api.month_windows import MonthsQuery, WindowShape, month_window
from shared_code.api.monthly_shapes import (
    MOST_MONTHS,
    WRITABLE,
    MonthlyBody,
    MonthRow,
    answer_periods,
    answer_saved,
    header_members,
    may_write,
)
from shared_code.api.replacing import ModeQuery, is_replacing
from shared_code.api.validation import Body, located
from shared_code.services.forecast.author import Precondition
from shared_code.services.forecast.monthly_warnings import together
from shared_code.services.forecast.other_revenue import (
    ITEM_FIELDS,
    OtherRevenueMonth,
    OtherRevenueView,
    SavedItems,
    read_other_revenue,
)
from shared_code.services.forecast.other_revenue_saving import OtherRevenueRequest
from shared_code.services.forecast.saving import save
from shared_code.services.periods import Period
from shared_code.services.pnl_site_cells import OpenSite
from shared_code.services.pnl_table import ViewWarning
from shared_code.services.runtime import Runtime
from shared_code.services.source_age import SourceAge, source_age

SUBJECT: Final = "Other revenue"
ALIAS: Final = {"credits": "miscellaneous"}
"""Fields that are accepted under another name."""


class SavedItemsShape(CamelModel):
    """The items that are saved, in dollars; null is not saved and counts as 0 in `total`."""

    billable_expense: Money | None
    revenue_validation: Money | None
    miscellaneous: Money | None
    gpo_fees: Money | None
    signing_bonus: Money | None
    client_paid_expense: Money | None
    total: Money


class ItemsShape(CamelModel):
    """The items as they count, in dollars."""

    billable_expense: Money
    revenue_validation: Money
    miscellaneous: Money
    gpo_fees: Money
    signing_bonus: Money
    client_paid_expense: Money
    total: Money


class OtherRevenueMonthShape(CamelModel):
    """The items of a month. No source brings actual figures of them, so `actual` is null."""

    month: str = Field(examples=["2025-05"])
    editable: bool
    lock_reason: Literal["past", "site_closed", "role"] | None
    forecast: SavedItemsShape | None
    actual: ItemsShape | None = None
    prior_year: SavedItemsShape | None
    effective: ItemsShape


class OtherRevenueShape(HeaderShape):
    """Other revenue of a period by month, and the items over all its months."""

    months: list[OtherRevenueMonthShape]
    totals: ItemsShape


class SavedOtherRevenueShape(OtherRevenueShape):
    """Other revenue after a PUT, and how many items it changed."""

    changes: ChangesShape


class ItemsBody(Body):
    """The items of a month in dollars; `credits` is another name of `miscellaneous`."""

    model_config = ConfigDict(alias_generator=to_camel)

    billable_expense: Amount | None = None
    revenue_validation: Amount | None = None
    miscellaneous: SignedAmount | None = None
    credits: SignedAmount | None = None
    gpo_fees: SignedAmount | None = None
    signing_bonus: SignedAmount | None = None
    client_paid_expense: SignedAmount | None = None
    total: ReadOnly = None

    @model_validator(mode="after")
    def _names_miscellaneous_once(self) -> Self:
        if {"miscellaneous", "credits"} <= self.model_fields_set:
            message = "credits is another name of miscellaneous; send one of them"
            raise located((("credits",), wrong("DUPLICATE", message), self.credits))
        return self


class OtherRevenueRow(MonthRow, ItemsBody):
    """The items of a month of a year."""


class OtherRevenueBody(MonthlyBody, ItemsBody):
    """The items of a month directly, those of a year by month."""

    value_fields: ClassVar = {item: name for name, item in ITEM_FIELDS.items()} | ALIAS

    months: Annotated[list[OtherRevenueRow], Field(min_length=1, max_length=MOST_MONTHS)] | None = None

    def request(self, precondition: Precondition | None, period: Period, *, is_replacing: bool) -> OtherRevenueRequest:
        """What is to be saved for `period`."""
        return OtherRevenueRequest(precondition, self.values(period, is_replacing=is_replacing))


WRITE_ACCESS: Final = Access("revenue:write")
READ: Final = Demands(Access("revenue:read"), query=MonthsQuery, body=NoBody)
WRITE: Final = Demands(WRITE_ACCESS, query=ModeQuery, body=OtherRevenueBody, forms=WRITABLE, is_written=True)


def other_revenue_router(base: str) -> APIRouter:
    """The resource of other revenue below `base`."""
    router = APIRouter(prefix=base, tags=["revenue"])
    router.add_api_route(
        "/revenue/other/{siteId}/{period}",
        cached()(other_revenue),
        methods=["GET"],
        response_model=Envelope[OtherRevenueShape | WindowShape[OtherRevenueShape], FiguresMeta],
        summary="Other revenue of a month, quarter, year or several months",
    )
    router.add_api_route(
        "/revenue/other/{siteId}/{period}",
        put_other_revenue,
        methods=["PUT"],
        response_model=Envelope[SavedOtherRevenueShape, FiguresMeta],
        summary="Save other revenue of a month or year",
    )
    return router


def other_revenue(call: Annotated[Call[MonthsQuery, NoBody], Depends(READ)]) -> Response:
    """The saved items by month; nothing saved counts as 0."""
    periods = month_window(call.period, call.query.months, call.site.business_date)
    views = _read(call.runtime, call.site, periods, is_writer=may_write(call, WRITE_ACCESS))
    age = source_age(call.runtime)
    shapes = [OtherRevenueShape.model_validate(_members(view, view.header.warnings, age)) for view in views]
    return answer_periods(call, shapes, WindowShape[OtherRevenueShape], age, SUBJECT)


def put_other_revenue(call: Annotated[Call[ModeQuery, OtherRevenueBody], Depends(WRITE)]) -> Response:
    """Items that are not sent stay as they are; amounts that always reduce revenue are turned negative."""
    body = call.body
    request = body.request(precondition_of(call.if_match, body), call.period, is_replacing=is_replacing(call))
    (saved,) = save(call.runtime, call.site, call.period, call.author(body.reason), [request])
    (view,) = _read(call.runtime, call.site, [call.period], is_writer=True)
    age = source_age(call.runtime)
    members = _members(view, together(view.header.warnings, saved.warnings), age)
    shape = SavedOtherRevenueShape.model_validate({**members, **changes_of(saved)})
    return answer_saved(call, shape, age, SUBJECT)


def _read(runtime: Runtime, site: OpenSite, periods: Sequence[Period], *, is_writer: bool) -> list[OtherRevenueView]:
    with runtime.database.reading() as connection:
        return read_other_revenue(connection, site, periods, may_write=is_writer)


def _members(view: OtherRevenueView, warnings: Sequence[ViewWarning], age: SourceAge) -> dict[str, object]:
    return {
        **header_members(view.header, warnings, age),
        "months": [_month(month) for month in view.months],
        "totals": _items(view.totals),
    }


def _month(month: OtherRevenueMonth) -> dict[str, object]:
    return {
        "month": month.month,
        "editable": month.lock is None,
        "lock_reason": month.lock,
        "forecast": None if month.forecast is None else _items(month.forecast),
        "prior_year": None if month.prior_year is None else _items(month.prior_year),
        "effective": _items(month.effective),
    }


def _items(saved: SavedItems) -> dict[str, object]:
    return {**saved.items, "total": saved.total}
