"""The parking rates of a site.

Source: REST API, "Parking rates — GET, PUT /parking-rates/{siteId}/{period}".
"""

from collections.abc import Sequence
from typing import Annotated, Final, Literal, Self

from fastapi import APIRouter, Depends
from pydantic import Field, ValidationInfo, model_validator
from starlette.responses import Response

from shared_code.api.answer_cache import cached
from shared_code.api.caller import Access
from shared_code.api.envelope import CamelModel, Envelope, FiguresMeta
from shared_code.api.fields import Money, ParkingRate, ReadOnly, wrong
from shared_code.api.forecast_shapes import ChangesShape, HeaderShape, changes_of, precondition_of
from shared_code.api.gate import Call, Demands, NoBody
from shared_code.api.month_windows import MonthsQuery, WindowShape, month_window
from shared_code.api.monthly_shapes import (
    WRITABLE,
    MonthOfPath,
    SavedPeriodBody,
    ShownRow,
    answer_periods,
    answer_saved,
    dollars,
    header_members,
    may_write,
    repeated,
)
from shared_code.api.pnl_shapes import VarianceShape
from shared_code.api.replacing import ModeQuery, is_replacing
from shared_code.api.validation import located, period_of_path
from shared_code.services.forecast.author import Precondition
from shared_code.services.forecast.monthly_section import MonthlyValues, SentValue
from shared_code.services.forecast.monthly_warnings import together
from shared_code.services.forecast.parking_rates import ParkingRatesView, RateRow, read_parking_rates
from shared_code.services.forecast.parking_rates_saving import ParkingRatesRequest
from shared_code.services.forecast.saving import save
from shared_code.services.periods import Period, PeriodType
from shared_code.services.pnl_site_cells import OpenSite
from shared_code.services.pnl_table import ViewWarning, line_code
from shared_code.services.runtime import Runtime
from shared_code.services.source_age import SourceAge, source_age

SUBJECT: Final = "Parking rates"

CategoryWord = Literal[
    "valetDaily", "valetOvernight", "valetMonthly", "valetAggregator",
    "selfDaily", "selfOvernight", "selfMonthly", "selfAggregator",
]  # fmt: skip


class RateShape(CamelModel):
    """The rates of a category in a month, dollars per vehicle; `effective` is the one in force."""

    month: str = Field(examples=["2025-05"])
    category: CategoryWord
    editable: bool
    lock_reason: Literal["past", "site_closed", "role"] | None
    forecast: Money | None
    budget: Money | None
    actual: Money | None
    prior_year: Money | None
    effective: Money
    source: Literal["forecast", "budget", "none"]
    variance: VarianceShape | None


class AverageRateShape(CamelModel):
    """The rate of a category over the period, weighted by effective vehicles; null without vehicles."""

    category: CategoryWord
    rate: Money | None


class ParkingRatesShape(HeaderShape):
    """The rates of a period: one entry a month and category, and the averages."""

    rates: list[RateShape]
    averages: list[AverageRateShape]


class SavedParkingRatesShape(ParkingRatesShape):
    """The rates after a PUT, and how many of them it changed."""

    changes: ChangesShape


class RateEntry(ShownRow):
    """A rate to be saved for a category of a month; null removes the saved one. A month path needs no `month`."""

    month: MonthOfPath | None = None
    category: CategoryWord
    rate: ParkingRate | None
    variance: ReadOnly = None

    @model_validator(mode="after")
    def _names_its_month(self, info: ValidationInfo) -> Self:
        period = period_of_path(info)
        if self.month is None and period is not None and period.type is not PeriodType.MONTH:
            raise located((("month",), wrong("MISSING_REQUIRED_FIELD", "This field is required"), None))
        return self


class ParkingRatesBody(SavedPeriodBody):
    """Rates to be saved; with `carryForward` also for the later months of the year."""

    rates: Annotated[list[RateEntry], Field(min_length=1, max_length=200)]
    carry_forward: bool = False
    averages: ReadOnly = None

    @model_validator(mode="after")
    def _names_each_rate_once(self, info: ValidationInfo) -> Self:
        period = period_of_path(info)
        default = None if period is None else period.text
        keys = [(entry.month or default, entry.category) for entry in self.rates]
        faults = list(repeated(keys, "rates", "category"))
        if faults:
            raise located(*faults)
        return self

    def request(self, precondition: Precondition | None, period: Period, *, is_replacing: bool) -> ParkingRatesRequest:
        """What is to be saved for `period`."""
        values = tuple(
            SentValue(
                entry.month or period.text,
                entry.category,
                dollars(entry.rate),
                "period" if entry.month is None else f"rates[{place}].month",
            )
            for place, entry in enumerate(self.rates)
        )
        return ParkingRatesRequest(
            precondition,
            MonthlyValues(values, is_replacing),
            carry_forward=self.carry_forward,
            overwrite=self.overwrite,
        )


WRITE_ACCESS: Final = Access("forecasting:write", "revenue:write")
READ: Final = Demands(Access("forecasting:read", "revenue:read"), query=MonthsQuery, body=NoBody)
WRITE: Final = Demands(WRITE_ACCESS, query=ModeQuery, body=ParkingRatesBody, forms=WRITABLE, is_written=True)


def parking_rates_router(base: str) -> APIRouter:
    """The resource of parking rates below `base`."""
    router = APIRouter(prefix=base, tags=["parking rates"])
    router.add_api_route(
        "/parking-rates/{siteId}/{period}",
        cached()(parking_rates),
        methods=["GET"],
        response_model=Envelope[ParkingRatesShape | WindowShape[ParkingRatesShape], FiguresMeta],
        summary="The parking rates of a month, quarter, year or several months",
    )
    router.add_api_route(
        "/parking-rates/{siteId}/{period}",
        put_parking_rates,
        methods=["PUT"],
        response_model=Envelope[SavedParkingRatesShape, FiguresMeta],
        summary="Save parking rates of a month or year",
    )
    return router


def parking_rates(call: Annotated[Call[MonthsQuery, NoBody], Depends(READ)]) -> Response:
    """Saved, budget, actual and last year's rates by month and category, and the one in force."""
    periods = month_window(call.period, call.query.months, call.site.business_date)
    views = _read(call.runtime, call.site, periods, is_writer=may_write(call, WRITE_ACCESS))
    age = source_age(call.runtime)
    shapes = [ParkingRatesShape.model_validate(_members(view, view.header.warnings, age)) for view in views]
    return answer_periods(call, shapes, WindowShape[ParkingRatesShape], age, SUBJECT)


def put_parking_rates(call: Annotated[Call[ModeQuery, ParkingRatesBody], Depends(WRITE)]) -> Response:
    """Rates that are not sent stay as they are; `null` falls back to the budget."""
    body = call.body
    request = body.request(precondition_of(call.if_match, body), call.period, is_replacing=is_replacing(call))
    (saved,) = save(call.runtime, call.site, call.period, call.author(body.reason), [request])
    (view,) = _read(call.runtime, call.site, [call.period], is_writer=True)
    age = source_age(call.runtime)
    members = _members(view, together(view.header.warnings, saved.warnings), age)
    shape = SavedParkingRatesShape.model_validate({**members, **changes_of(saved)})
    return answer_saved(call, shape, age, SUBJECT)


def _read(runtime: Runtime, site: OpenSite, periods: Sequence[Period], *, is_writer: bool) -> list[ParkingRatesView]:
    with runtime.database.reading() as connection:
        return read_parking_rates(connection, site, periods, runtime.settings, may_write=is_writer)


def _members(view: ParkingRatesView, warnings: Sequence[ViewWarning], age: SourceAge) -> dict[str, object]:
    averages = [{"category": line_code(category), "rate": rate} for category, rate in view.averages.items()]
    return {
        **header_members(view.header, warnings, age),
        "rates": [_row(row) for row in view.rows],
        "averages": averages,
    }


def _row(row: RateRow) -> dict[str, object]:
    return {
        "month": row.month,
        "category": line_code(row.category),
        "editable": row.lock is None,
        "lock_reason": row.lock,
        "forecast": row.forecast,
        "budget": row.budget,
        "actual": row.actual,
        "prior_year": row.prior_year,
        "effective": row.effective,
        "source": row.source,
        "variance": row.variance,
    }
