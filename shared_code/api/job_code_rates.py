"""Hourly rates of job codes: what is in force, and rates that people enter.

Source: REST API, "Job-code rates".
"""

from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Depends
from pydantic import AliasChoices, Field
from starlette.responses import Response

from shared_code.api.answer_cache import cached, shows_pay
from shared_code.api.caller import Access
from shared_code.api.envelope import Envelope, Meta, SnakeModel, success
from shared_code.api.fields import (
    Day,
    HourlyRate,
    JobCode,
    Number,
    QueryCount,
    QueryFlag,
    ReadOnly,
    Reason,
    SiteCode,
    Within,
)
from shared_code.api.gate import Call, Demands, NoBody, NoQuery, require_site
from shared_code.api.security_trail import note_pay_read
from shared_code.api.validation import Body, Query
from shared_code.domain.rates_in_force import RateMethod
from shared_code.services.list_rates import list_rates
from shared_code.services.rate_entry import RateEntry, enter_rate
from shared_code.storage.rates import RateView


class Rate(SnakeModel):
    """The rate of a job code at a site; `hourly_rate` is null where pay is masked."""

    job_code_id: str
    job_code: str
    job_title: str
    site_id: str
    hourly_rate: HourlyRate | None
    masked: bool
    effective_date: date | None
    end_date: date | None
    calculation_method: RateMethod
    sample_size: int
    source: str = Field(json_schema_extra={"enum": ["warehouse", "user", "default"]})
    updated_at: datetime
    updated_by: str


class EnteredRate(Rate):
    """The row now in force, and the one before."""

    previous: Rate | None


class RatesQuery(Query):
    """Which rates of a site are wanted."""

    as_of: Day | None = Field(None, validation_alias=AliasChoices("as_of", "asOf"))
    job_code: JobCode | None = Field(None, validation_alias=AliasChoices("job_code", "jobCode"))
    history: QueryFlag = False
    page: Annotated[QueryCount, Within(1)] = 1
    limit: Annotated[QueryCount, Within(1, 200)] = 50


class RateBody(Body):
    """A rate that a person enters for a job code of a site.

    `updated_at` and `updated_by` may be sent back as they were read, and are ignored.
    """

    site_id: SiteCode
    hourly_rate: Annotated[Number, Field(decimal_places=2), Within(0, Decimal("999.99"), is_above=True)]
    effective_date: Day
    calculation_method: Literal["fixed", "manual"]
    reason: Reason
    job_code_id: ReadOnly = None
    job_code: ReadOnly = None
    job_title: ReadOnly = None
    masked: ReadOnly = None
    end_date: ReadOnly = None
    sample_size: ReadOnly = None
    source: ReadOnly = None
    previous: ReadOnly = None
    updated_at: str | None = None
    updated_by: str | None = None


READ: Final = Demands(Access("payroll:read"), query=RatesQuery, body=NoBody)
ENTER: Final = Demands(
    Access("payroll:write", roles=("district_manager", "forecasting_admin")), query=NoQuery, body=RateBody
)


def job_code_rates_router(base: str) -> APIRouter:
    """The resources of job-code rates below `base`."""
    router = APIRouter(prefix=base, tags=["job-code rates"])
    router.add_api_route(
        "/{site_id}/rates",
        cached(unless=shows_pay)(site_rates),
        methods=["GET"],
        response_model=Envelope[list[Rate], Meta],
        summary="Rates in force, or all there were",
    )
    router.add_api_route(
        "/{job_code_id}/rates",
        put_rate,
        methods=["PUT"],
        response_model=Envelope[EnteredRate, Meta],
        summary="Enter a rate",
    )
    return router


def site_rates(call: Annotated[Call[RatesQuery, NoBody], Depends(READ)]) -> Response:
    """By job code, the newest first; without `history` the one in force on `as_of`."""
    query = call.query
    found = list_rates(
        call.runtime,
        call.scope,
        call.site.site_id,
        as_of=query.as_of,
        job_code=query.job_code,
        history=query.history,
        page=query.page,
        limit=query.limit,
    )
    reads_pay = call.caller.reads_pay
    if reads_pay and any(row.is_salaried for row in found.rates):
        note_pay_read(call)
    return success(
        [_rate(row, reads_pay=reads_pay) for row in found.rates],
        "Rates retrieved successfully",
        meta=Meta.of_page(found.total, query.page, query.limit),
    )


def put_rate(call: Annotated[Call[NoQuery, RateBody], Depends(ENTER)]) -> Response:
    """A new row ends the one before it; a row of the same effective date is replaced."""
    body = call.body
    require_site(call.scope, body.site_id)
    entry = RateEntry(
        body.site_id,
        call.path["job_code_id"],
        body.hourly_rate,
        body.effective_date,
        body.calculation_method,
        body.reason,
    )
    author = replace(call.author(body.reason), role=call.caller.role_on(call.access, body.site_id))
    entered = enter_rate(call.runtime, call.scope, entry, author)
    reads_pay = call.caller.reads_pay
    previous = None if entered.previous is None else _rate(entered.previous, reads_pay=reads_pay)
    row = _rate(entered.row, reads_pay=reads_pay)
    return success(EnteredRate(**dict(row), previous=previous), "Rate updated successfully")


def _rate(row: RateView, *, reads_pay: bool) -> Rate:
    is_masked = row.is_salaried and not reads_pay
    return Rate(
        job_code_id=row.job_code_id,
        job_code=row.job_code_id,
        job_title=row.job_title,
        site_id=row.site_id,
        hourly_rate=None if is_masked else row.hourly_rate,
        masked=is_masked,
        effective_date=row.effective_date,
        end_date=row.end_date,
        calculation_method=row.calculation_method,
        sample_size=row.sample_size,
        source=row.source,
        updated_at=row.updated_at,
        updated_by=row.updated_by,
    )
