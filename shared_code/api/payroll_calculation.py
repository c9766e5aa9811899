"""What hours cost and earn, without saving them or on the way to it.

Source: REST API, "Payroll".
"""

from dataclasses import replace
from decimal import Decimal
from typing import Annotated, Final, Literal, Self

from fastapi import APIRouter, Depends
from pydantic import Field, model_validator
from starlette.responses import Response

from shared_code.api.caller import Access
from shared_code.api.envelope import CamelModel, Envelope, FiguresMeta, success
from shared_code.api.fields import HourlyRate, Hours, Money, Month, Number, ReadOnly, Within, wrong
from shared_code.api.forecast_shapes import ChangesShape, WriteBody, etag, precondition_of, shown
from shared_code.api.gate import Call, Demands, NoQuery, require_site
from shared_code.api.payroll import WRITE_ACCESS
from shared_code.api.payroll_body import MOST_ENTRIES, SpreadHours, TargetBody, repeated_entries
from shared_code.api.pnl_shapes import WarningShape, figures_meta
from shared_code.api.validation import located
from shared_code.domain.rounding import ZERO, round_half_up
from shared_code.services.forecast.payroll_calculation import (
    Burden,
    Calculation,
    CalculationRequest,
    Costs,
    HoursToPrice,
    PersistRequest,
    PricedEntry,
    RateOrigin,
    calculate_payroll,
)
from shared_code.services.forecast.payroll_entries import HOURS, OVERTIME, STORED_PLACES, PayrollEntry
from shared_code.services.forecast.payroll_rows import Level
from shared_code.services.forecast.payroll_saving import MOST_HOURS
from shared_code.services.forecast.saving import SavedSection, save
from shared_code.services.periods import Period, require_available
from shared_code.services.source_age import source_age

EnteredRate = Annotated[Number, Field(decimal_places=6), Within(0, Decimal("999.99"), is_above=True)]
"""Dollars per hour of a request."""


class HoursBody(TargetBody):
    """Hours of a job code, group or family, on a `date` or in the month; rates stand in for those in force."""

    hours: SpreadHours
    overtime_hours: SpreadHours | None = None
    rate: EnteredRate | None = None
    overtime_rate: EnteredRate | None = None
    rate_source: ReadOnly = None
    regular_hours: ReadOnly = None
    regular_cost: ReadOnly = None
    overtime_cost: ReadOnly = None
    labor_cost: ReadOnly = None
    pteb_cost: ReadOnly = None
    insurance_cost: ReadOnly = None
    billable_revenue: ReadOnly = None


class PayrollCalculationBody(WriteBody):
    """Hours whose cost is wanted; with `persist` they are saved as well."""

    period: Month
    entries: Annotated[list[HoursBody], Field(min_length=1, max_length=MOST_ENTRIES)]
    include: Annotated[list[Literal["pteb", "insurance", "revenue"]], Field(default_factory=list)]
    persist: bool = False
    totals: ReadOnly = None
    saved: ReadOnly = None

    @model_validator(mode="after")
    def _names_days_of_its_month(self) -> Self:
        faults = list(repeated_entries(self.entries))
        limits = {"minimum": self.period.first, "maximum": self.period.last}
        for place, entry in enumerate(self.entries):
            if entry.date is None:
                continue
            if not self.period.first <= entry.date <= self.period.last:
                fault = wrong("VALUE_OUT_OF_RANGE", "The day lies outside the period", **limits)
                faults.append((("entries", place, "date"), fault, str(entry.date)))
            for name, hours in ((HOURS, entry.hours), (OVERTIME, entry.overtime_hours)):
                if hours is not None and hours > MOST_HOURS:
                    fault = wrong("VALUE_OUT_OF_RANGE", "The value is too large", maximum=MOST_HOURS)
                    faults.append((("entries", place, name), fault, hours))
        if faults:
            raise located(*faults)
        return self


class CostsShape(CamelModel):
    """Hours and dollars; PTEB, insurance and revenue are null where they are not asked for or not known."""

    regular_hours: Hours
    overtime_hours: Hours
    regular_cost: Money
    overtime_cost: Money
    labor_cost: Money
    pteb_cost: Money | None
    insurance_cost: Money | None
    billable_revenue: Money | None


class PricedEntryShape(CostsShape):
    """An entry under the name by which it was sent, and its costs."""

    job_code: str | None
    job_group_id: str | None
    job_family: str | None
    rate: HourlyRate
    rate_source: RateOrigin


class VersusBudgetShape(CamelModel):
    """The totals less the budget of the month."""

    hours: Hours
    cost: Money


class CostTotalsShape(CostsShape):
    """The sum of the entries; `blendedRate` is null without hours."""

    total_hours: Hours
    total_cost: Money
    total_burdened_cost: Money
    blended_rate: HourlyRate | None
    vs_budget: VersusBudgetShape


class SavedShape(CamelModel):
    """What became of the entries that were saved."""

    version: int
    changes: ChangesShape
    warnings: list[WarningShape]


class PayrollCalculationShape(CamelModel):
    """Entries with their costs, and their sum; `saved` is null unless they were saved."""

    entries: list[PricedEntryShape]
    totals: CostTotalsShape
    saved: SavedShape | None


CALCULATE: Final = Demands(Access("payroll:read"), query=NoQuery, body=PayrollCalculationBody)


def payroll_calculation_router(base: str) -> APIRouter:
    """The resource of calculations below `base`."""
    router = APIRouter(prefix=base, tags=["payroll"])
    router.add_api_route(
        "/payroll/{siteId}/calculate",
        calculate_labor_cost,
        methods=["POST"],
        response_model=Envelope[PayrollCalculationShape, FiguresMeta],
        summary="Calculate what hours cost and earn",
    )
    return router


def calculate_labor_cost(call: Annotated[Call[NoQuery, PayrollCalculationBody], Depends(CALCULATE)]) -> Response:
    """Nothing is stored without `persist`; with it the entries are saved as by PUT."""
    body = call.body
    if body.persist:
        require_site(call.caller.reach(WRITE_ACCESS), call.site.site_id)
    require_available(body.period, call.site.business_date)
    request = CalculationRequest(
        body.period.text,
        tuple(_hours(entry, place) for place, entry in enumerate(body.entries)),
        frozenset(map(Burden, body.include)),
    )
    meta = FiguresMeta(**figures_meta(call.site.business_date, source_age(call.runtime)))
    message = "Payroll calculated successfully"
    if not body.persist:
        calculation = calculate_payroll(call.runtime, call.site, request)
        return success(_shape(calculation, None), message, meta=meta)
    persist = PersistRequest(
        precondition_of(call.if_match, body),
        tuple(_entry(entry, place, body.period) for place, entry in enumerate(body.entries)),
        overwrite=body.overwrite,
        calculation=request,
    )
    role = call.caller.role_on(WRITE_ACCESS, call.site.site_id)
    author = replace(call.author(body.reason), role=role)
    (saved,) = save(call.runtime, call.site, body.period, author, [persist])
    return success(_shape(persist.results[-1], saved), message, meta=meta, headers=etag(saved.version))


def _hours(entry: HoursBody, place: int) -> HoursToPrice:
    return HoursToPrice(
        f"entries[{place}]",
        entry.date,
        entry.target,
        entry.hours,
        entry.overtime_hours or ZERO,
        entry.rate,
        entry.overtime_rate,
    )


def _entry(entry: HoursBody, place: int, period: Period) -> PayrollEntry:
    path = f"entries[{place}]"
    sent = {HOURS: round_half_up(entry.hours, STORED_PLACES)}
    if entry.overtime_hours is not None:
        sent[OVERTIME] = round_half_up(entry.overtime_hours, STORED_PLACES)
    first, last = (period.first, period.last) if entry.date is None else (entry.date, entry.date)
    return PayrollEntry(path, "period" if entry.date is None else f"{path}.date", first, last, entry.target, sent)


def _shape(calculation: Calculation, saved: SavedSection | None) -> PayrollCalculationShape:
    totals = calculation.totals
    return PayrollCalculationShape(
        entries=[_priced(entry) for entry in calculation.entries],
        totals=CostTotalsShape(
            **_costs(totals),
            total_hours=totals.total_hours,
            total_cost=totals.labor_cost,
            total_burdened_cost=totals.burdened_cost,
            blended_rate=totals.blended_rate,
            vs_budget=VersusBudgetShape(hours=calculation.hours_from_budget, cost=calculation.cost_from_budget),
        ),
        saved=None
        if saved is None
        else SavedShape(
            version=saved.version,
            changes=ChangesShape.model_validate(saved.changes),
            warnings=shown(saved.warnings),
        ),
    )


def _priced(entry: PricedEntry) -> PricedEntryShape:
    named = entry.target
    return PricedEntryShape(
        job_code=named.name if named.level is Level.CODE else None,
        job_group_id=named.name if named.level is Level.GROUP else None,
        job_family=named.name if named.level is Level.FAMILY else None,
        rate=entry.rate,
        rate_source=entry.rate_origin,
        **_costs(entry.costs),
    )


def _costs(costs: Costs) -> dict[str, Decimal | None]:
    return {
        "regular_hours": costs.regular_hours,
        "overtime_hours": costs.overtime_hours,
        "regular_cost": costs.regular_cost,
        "overtime_cost": costs.overtime_cost,
        "labor_cost": costs.labor_cost,
        "pteb_cost": costs.pteb_cost,
        "insurance_cost": costs.insurance_cost,
        "billable_revenue": costs.billable_revenue,
    }
