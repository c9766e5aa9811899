"""Job families, and the job codes of a site with their rates.

Source: REST API, "Payroll".
"""

from datetime import date
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Depends
from starlette.responses import Response

from shared_code.api.answer_cache import Kept, cached, shows_pay
from shared_code.api.caller import Access
from shared_code.api.envelope import CamelModel, Envelope, Meta, success
from shared_code.api.fields import HourlyRate, Money, WordList
from shared_code.api.gate import Call, Demands, NoBody, NoQuery
from shared_code.api.paging import PageQuery
from shared_code.api.security_trail import note_pay_read
from shared_code.domain.rates_in_force import RateMethod
from shared_code.services.forecast.payroll_lists import JobFamily, SiteCode, job_families, site_job_codes
from shared_code.services.forecast.payroll_rows import family_of

LISTED_FOR: Final = "private, max-age=3600"
"""`Cache-Control` of reference lists."""


class FamilyCodeShape(CamelModel):
    """A job code of a family."""

    job_code: str
    title: str
    is_active: bool


class FamilyGroupShape(CamelModel):
    """A job group that codes of a family belong to."""

    job_group_id: str
    title: str


class JobFamilyShape(CamelModel):
    """A job family; the codes of none are in the one named `Unmapped`."""

    job_family_id: str
    name: str
    code: str
    job_codes: list[FamilyCodeShape]
    job_groups: list[FamilyGroupShape]
    is_productive: bool
    is_salaried: bool
    source: Literal["workday", "manual"]


class SiteCodeShape(CamelModel):
    """A job code of a site: dollars per hour, and the salary allocated for a year; null where pay is masked."""

    job_code: str
    title: str
    job_family: str
    job_group_id: str | None
    job_group: str | None
    is_active: bool
    active_employees: int
    average_hourly_rate: HourlyRate | None
    rate_effective_date: date | None
    calculation_method: RateMethod | None
    billable_rate: HourlyRate | None
    billable_overtime_rate: HourlyRate | None
    is_salaried: bool
    allocated_salary_cost: Money | None
    masked: bool


class SiteCodesQuery(PageQuery):
    """Which page is wanted, and whether codes that are not in use any more are listed too."""

    include: Annotated[tuple[Literal["inactive"], ...], WordList] = ()


_READ_ACCESS: Final = Access("payroll:read")
FAMILIES: Final = Demands(_READ_ACCESS, query=NoQuery, body=NoBody)
SITE_CODES: Final = Demands(_READ_ACCESS, query=SiteCodesQuery, body=NoBody)


def payroll_lists_router(base: str) -> APIRouter:
    """The lists of the payroll below `base`."""
    router = APIRouter(prefix=base, tags=["payroll"])
    router.add_api_route(
        "/payroll/job-families",
        cached(Kept.REFERENCE)(list_job_families),
        methods=["GET"],
        response_model=Envelope[list[JobFamilyShape], Meta],
        summary="Job families with their codes and groups",
    )
    router.add_api_route(
        "/payroll/{siteId}/job-codes",
        cached(unless=shows_pay)(list_site_codes),
        methods=["GET"],
        response_model=Envelope[list[SiteCodeShape], Meta],
        summary="The job codes of a site with their rates",
    )
    return router


def list_job_families(call: Annotated[Call[NoQuery, NoBody], Depends(FAMILIES)]) -> Response:
    """By name; the codes without a family come last."""
    found = [_family(family) for family in job_families(call.runtime)]
    meta = Meta.of_page(len(found), 1, max(50, len(found)))
    return success(found, "Job families retrieved successfully", meta=meta, cache=LISTED_FOR)


def list_site_codes(call: Annotated[Call[SiteCodesQuery, NoBody], Depends(SITE_CODES)]) -> Response:
    """By job code, with the rate in force today and what the client pays for an hour this month."""
    query = call.query
    found, total = site_job_codes(
        call.runtime,
        call.site,
        with_inactive="inactive" in query.include,
        limit=query.limit,
        offset=query.offset,
    )
    shown = [_site_code(entry, reads_pay=call.caller.reads_pay) for entry in found]
    if any(code.allocated_salary_cost is not None or (code.is_salaried and not code.masked) for code in shown):
        note_pay_read(call)
    return success(shown, "Job codes retrieved successfully", meta=query.meta(total))


def _family(entry: JobFamily) -> JobFamilyShape:
    family = entry.family
    return JobFamilyShape(
        job_family_id=family.family_id,
        name=family.title,
        code=family.family_id,
        job_codes=[FamilyCodeShape.model_validate(code) for code in entry.codes],
        job_groups=[FamilyGroupShape(job_group_id=group_id, title=title) for group_id, title in entry.groups],
        is_productive=family.is_productive,
        is_salaried=family.is_salaried,
        source="manual" if family.source == "manual" else "workday",
    )


def _site_code(entry: SiteCode, *, reads_pay: bool) -> SiteCodeShape:
    code, rate, billable = entry.code, entry.rate, entry.billable
    masked = code.is_salaried and not reads_pay
    return SiteCodeShape(
        job_code=code.job_code,
        title=code.title,
        job_family=family_of(code),
        job_group_id=code.group_id,
        job_group=code.group,
        is_active=code.is_active,
        active_employees=code.active_employees,
        average_hourly_rate=None if rate is None or masked else rate.rate,
        rate_effective_date=None if rate is None or masked else rate.rate_date,
        calculation_method=None if rate is None or masked else rate.method,
        billable_rate=None if billable is None else billable.regular,
        billable_overtime_rate=None if billable is None else billable.overtime,
        is_salaried=code.is_salaried,
        # A salary is nobody's business either where the code is not flagged, and therefore counts as an hourly one.
        allocated_salary_cost=code.allocated_salary if reads_pay else None,
        masked=masked,
    )
