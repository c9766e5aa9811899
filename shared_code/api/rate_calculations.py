"""Runs that calculate the hourly rates of job codes: a few sites at once, many in the background.

Source: REST API, "Job-code rates".
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Final, Literal, Self

from fastapi import APIRouter, Depends
from pydantic import Field, model_validator
from starlette.responses import Response

from shared_code.api.caller import Access
from shared_code.api.envelope import Envelope, Meta, SnakeModel, success
from shared_code.api.fields import Day, HourlyRate, JobCode, SiteCode, wrong
from shared_code.api.gate import Call, Demands, NoBody, NoQuery, require_site
from shared_code.api.repetition import Repeatable
from shared_code.api.security_trail import note_pay_read
from shared_code.api.unique_items import SiteCodes
from shared_code.api.validation import Body
from shared_code.domain.job_code_rates import RateOutcome
from shared_code.domain.rates_in_force import RateMethod
from shared_code.errors import NotFoundError
from shared_code.logs import current_request
from shared_code.services.calculate_rates import calculate_rates
from shared_code.services.rate_jobs import queue_rate_run, rate_job
from shared_code.services.rate_report import RateItem, RateRunReport
from shared_code.services.rate_request import RateRequest

MOST_SITES_AT_ONCE: Final = 25
"""Sites whose rates are calculated within the request."""

_OPERATORS: Final = Access(roles=("forecasting_admin", "service"))
_SERVICES: Final = Access(roles=("service",))


class CalculationBody(Body):
    """What to calculate: exactly one of `site_id`, `site_ids` and `all`; both days are included."""

    site_id: SiteCode | None = None
    site_ids: SiteCodes | None = None
    all: bool = False
    job_codes: Annotated[list[JobCode], Field(min_length=1)] | None = None
    date_from: Day | None = None
    date_to: Day | None = None
    method: Literal["weighted_average", "average"] | None = None
    dry_run: bool = False
    trigger: Literal["manual", "scheduled"] = "manual"

    @model_validator(mode="after")
    def _one_choice_of_sites(self) -> Self:
        chosen = (self.site_id is not None) + (self.site_ids is not None) + self.all
        if chosen != 1:
            code = "INVALID_DATA_TYPE" if chosen else "MISSING_REQUIRED_FIELD"
            raise wrong(code, "Exactly one of site_id, site_ids and all is needed")
        return self

    @property
    def sites(self) -> list[str] | None:
        """The sites that are named; None for all."""
        return [self.site_id] if self.site_id is not None else self.site_ids


class RateResult(SnakeModel):
    """What was done about one job code of a site; the rates of salaried codes are null where pay is masked."""

    site_id: str
    job_code: str
    old_rate: HourlyRate | None
    new_rate: HourlyRate | None
    effective_date: date | None
    calculation_method: RateMethod | None
    sample_size: int
    outcome: RateOutcome
    changed: bool
    error: str | None


class Counts(SnakeModel):
    """Job codes of sites by what became of them; `skipped` are entered rates and salaried codes."""

    processed: int
    updated: int
    unchanged: int
    kept: int
    skipped: int
    failed: int


class Calculation(Counts):
    """A calculation that is done."""

    results: list[RateResult]


class QueuedCalculation(SnakeModel):
    """A calculation that is to follow."""

    job_id: str
    status: Literal["queued", "running", "completed", "failed"]


class CalculationState(QueuedCalculation):
    """A calculation as it stands; the counts are null until it is completed."""

    started_at: datetime | None
    finished_at: datetime | None
    processed: int | None = None
    updated: int | None = None
    unchanged: int | None = None
    kept: int | None = None
    skipped: int | None = None
    failed: int | None = None


CALCULATE: Final = Demands(_OPERATORS, query=NoQuery, body=CalculationBody)
LOOK: Final = Demands(_OPERATORS, query=NoQuery, body=NoBody)


def rate_calculations_router(base: str) -> APIRouter:
    """The resources of rate calculations below `base`."""
    router = APIRouter(prefix=base, tags=["job-code rates"])
    router.add_api_route(
        "/rates/calculate",
        calculate,
        methods=["POST"],
        response_model=Envelope[Calculation, Meta],
        responses={
            202: {"model": Envelope[QueuedCalculation, Meta], "description": "More than 25 sites, or all"},
            502: {"description": "The warehouse cannot be read"},
        },
        summary="Calculate rates",
    )
    router.add_api_route(
        "/rates/calculate/{job_id}",
        calculation,
        methods=["GET"],
        response_model=Envelope[CalculationState, Meta],
        summary="A calculation in the background",
    )
    return router


def calculate(call: Annotated[Call[NoQuery, CalculationBody], Depends(CALCULATE)], repeat: Repeatable) -> Response:
    """Up to 25 sites at once with their results; more, or all, in the background."""
    body = call.body
    if body.trigger == "scheduled":
        call.caller.reach(_SERVICES)
    for site_id in body.sites or ():
        require_site(call.scope, site_id)
    return repeat.once(call, lambda: _calculated(call))


def calculation(call: Annotated[Call[NoQuery, NoBody], Depends(LOOK)]) -> Response:
    """Counts are there when it is completed."""
    job = rate_job(call.runtime, call.path["job_id"])
    state = CalculationState.model_validate(
        {
            "job_id": job.job_id,
            "status": job.status,
            "started_at": job.started_at,
            "finished_at": job.finished_at,
            **(job.counts or {}),
        }
    )
    return success(state, "Calculation retrieved successfully")


def _calculated(call: Call[NoQuery, CalculationBody]) -> Response:
    request = _request(call)
    if request.sites is None or len(request.sites) > MOST_SITES_AT_ONCE:
        job_id = queue_rate_run(call.runtime, request)
        return success(QueuedCalculation(job_id=job_id, status="queued"), "Calculation queued successfully", status=202)
    report = _report(call, request)
    reads_pay = call.caller.reads_pay
    if reads_pay and any(item.outcome is RateOutcome.EXCLUDED_SALARIED for item in report.results):
        note_pay_read(call)
    return success(_calculation(report, reads_pay=reads_pay), "Rates calculated successfully")


def _report(call: Call[NoQuery, CalculationBody], request: RateRequest) -> RateRunReport:
    """What the run did. Raises as `calculate_rates`, which knows lists of sites only: one that was sent is named so."""
    try:
        return calculate_rates(call.runtime, request)
    except NotFoundError as error:
        if error.field == "site_ids" and call.body.site_id is not None:
            error.field = "site_id"
        raise


def _request(call: Call[NoQuery, CalculationBody]) -> RateRequest:
    """The body as the services take it; who reaches only some sites means these by all."""
    body, note = call.body, current_request()
    sites: Sequence[str] | None = body.sites
    if sites is None and call.scope.site_ids is not None:
        sites = sorted(call.scope.site_ids)
    return RateRequest(
        sites=None if sites is None else tuple(sites),
        job_codes=None if body.job_codes is None else tuple(body.job_codes),
        method=body.method,
        date_from=body.date_from,
        date_to=body.date_to,
        dry_run=body.dry_run,
        trigger=body.trigger,
        requested_by=call.caller.user_id,
        request_id=note.request_id if note else None,
    )


def _calculation(report: RateRunReport, *, reads_pay: bool) -> Calculation:
    results = [_result(item, reads_pay=reads_pay) for item in report.results]
    return Calculation(**dict(Counts.model_validate(report.counts)), results=results)


def _result(item: RateItem, *, reads_pay: bool) -> RateResult:
    result = RateResult.model_validate(item)
    if item.outcome is RateOutcome.EXCLUDED_SALARIED and not reads_pay:
        return result.model_copy(update={"old_rate": None, "new_rate": None})
    return result
