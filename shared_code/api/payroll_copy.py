"""Copying hours into the payroll forecast of a site.

Source: REST API, "Payroll".
"""

from datetime import date
from typing import Annotated, Final, Self

from fastapi import APIRouter, Depends
from pydantic import Field, ValidationInfo, model_validator
from starlette.responses import Response

from shared_code.api.envelope import CamelModel, Envelope, FiguresMeta, success
from shared_code.api.fields import Day, Hours, Money, ReadOnly, wrong
from shared_code.api.forecast_shapes import ChangesShape, etag, precondition_of, shown
from shared_code.api.gate import Call, Demands, NoQuery
from shared_code.api.monthly_shapes import SavedPeriodBody
from shared_code.api.payroll import WRITABLE, WRITE_ACCESS
from shared_code.api.payroll_body import GroupId
from shared_code.api.pnl_shapes import WarningShape, figures_meta
from shared_code.api.repetition import Repeatable
from shared_code.api.unique_items import each_once
from shared_code.api.validation import located, period_of_path
from shared_code.services.forecast.payroll_copy import CopyRequest, CopySource, PayrollCopy, SkipReason, copy_payroll
from shared_code.services.source_age import source_age


class PayrollCopyBody(SavedPeriodBody):
    """From where hours are copied, to which days and groups; `dryRun` only says what would be copied."""

    source: Annotated[CopySource, Field(alias="from", strict=False)] = CopySource.SCHEDULE
    dates: Annotated[list[Day], Field(min_length=1, max_length=31)] | None = None
    job_groups: (
        Annotated[
            list[GroupId],
            Field(min_length=1, max_length=200),
            each_once("This job group is named more than once"),
        ]
        | None
    ) = None
    dry_run: bool = False
    rows: ReadOnly = None
    skipped: ReadOnly = None
    total_hours: ReadOnly = None
    total_cost: ReadOnly = None

    @model_validator(mode="after")
    def _names_days_of_the_period(self, info: ValidationInfo) -> Self:
        period = period_of_path(info)
        faults = []
        seen: set[date] = set()
        for place, day in enumerate(self.dates or ()):
            if period is not None and not period.first <= day <= period.last:
                limits = {"minimum": period.first, "maximum": period.last}
                message = "The day lies outside the period of the path"
                faults.append((("dates", place), wrong("VALUE_OUT_OF_RANGE", message, **limits), str(day)))
            elif day in seen:
                faults.append((("dates", place), wrong("DUPLICATE", "This day is named more than once"), str(day)))
            seen.add(day)
        if faults:
            raise located(*faults)
        return self


class CopiedRowShape(CamelModel):
    """Hours of a job code and day."""

    date: date
    job_code: str
    old_hours: Hours | None
    new_hours: Hours


class SkippedShape(CamelModel):
    """What was left as it is; `jobCode` null stands for the whole day."""

    date: date
    job_code: str | None
    reason: SkipReason


class PayrollCopyShape(CamelModel):
    """What was copied, or would be."""

    changes: ChangesShape
    rows: list[CopiedRowShape]
    skipped: list[SkippedShape]
    total_hours: Hours
    total_cost: Money
    version: int
    warnings: list[WarningShape]


COPY: Final = Demands(WRITE_ACCESS, query=NoQuery, body=PayrollCopyBody, forms=WRITABLE, is_written=True)


def payroll_copy_router(base: str) -> APIRouter:
    """The resource of copies below `base`."""
    router = APIRouter(prefix=base, tags=["payroll"])
    router.add_api_route(
        "/payroll/{siteId}/{period}/copy-schedule",
        copy_schedule,
        methods=["POST"],
        response_model=Envelope[PayrollCopyShape, FiguresMeta],
        summary="Copy hours into the forecast of a month or day",
    )
    return router


def copy_schedule(call: Annotated[Call[NoQuery, PayrollCopyBody], Depends(COPY)], repeat: Repeatable) -> Response:
    """Locked days are left as they are and listed."""
    return repeat.once(call, lambda: _copied(call), is_versioned=True)


def _copied(call: Call[NoQuery, PayrollCopyBody]) -> Response:
    body = call.body
    request = CopyRequest(
        precondition_of(call.if_match, body),
        body.source,
        None if body.dates is None else tuple(body.dates),
        None if body.job_groups is None else tuple(body.job_groups),
        body.overwrite,
    )
    copied = copy_payroll(call.runtime, call.site, call.period, call.author(body.reason), request, is_dry=body.dry_run)
    meta = FiguresMeta(**figures_meta(call.site.business_date, source_age(call.runtime)))
    message = "Copy calculated successfully" if body.dry_run else "Payroll updated successfully"
    return success(_shape(copied), message, meta=meta, headers=etag(copied.version))


def _shape(copied: PayrollCopy) -> PayrollCopyShape:
    return PayrollCopyShape(
        changes=ChangesShape.model_validate(copied.changes),
        rows=[
            CopiedRowShape(date=row.day, job_code=row.job_code, old_hours=row.old_hours, new_hours=row.new_hours)
            for row in copied.rows
        ],
        skipped=[
            SkippedShape(date=skipped.day, job_code=skipped.job_code, reason=skipped.reason)
            for skipped in copied.skipped
        ],
        total_hours=copied.total_hours,
        total_cost=copied.total_cost,
        version=copied.version,
        warnings=shown(copied.warnings),
    )
