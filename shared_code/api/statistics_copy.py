"""Days of the statistics filled from the budget or from other days.

Source: REST API, "Statistics" (POST /statistics/{siteId}/{period}/copy).
"""

from dataclasses import replace
from datetime import date as day_type
from decimal import Decimal
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Depends
from pydantic import WithJsonSchema
from starlette.responses import Response

from shared_code.api.caller import Access
from shared_code.api.envelope import CamelModel, Envelope, FiguresMeta, success
from shared_code.api.forecast_shapes import ChangesShape, etag, precondition_of
from shared_code.api.gate import Call, Demands, NoQuery
from shared_code.api.pnl_shapes import WarningShape, figures_meta, shown_warnings
from shared_code.api.repetition import Repeatable
from shared_code.api.statistics_bodies import CopyBody
from shared_code.services.forecast.statistics_copying import Copied, copy_statistics
from shared_code.services.periods import PeriodType
from shared_code.services.source_age import source_age

COPY: Final = "copy"
"""Where a copied value comes from, as the audit trail says."""

CellNumber = Annotated[Decimal, WithJsonSchema({"type": "number"})]
"""A saved value: counts with up to 4 decimals, fractions with up to 6."""


class CopiedCellShape(CamelModel):
    """A field of a day that has another value now; null: none."""

    date: day_type
    field: str
    old: CellNumber | None
    new: CellNumber | None


class SkippedDayShape(CamelModel):
    """A day that was left out."""

    date: day_type
    reason: Literal["locked", "existing_forecast", "no_source", "out_of_range"]


class CopyShape(CamelModel):
    """What was copied, or would be."""

    changes: ChangesShape
    cells: list[CopiedCellShape]
    skipped: list[SkippedDayShape]
    version: int
    warnings: list[WarningShape]


WRITE: Final = Demands(
    Access("forecasting:write", "statistics:admin"),
    query=NoQuery,
    body=CopyBody,
    forms=frozenset({PeriodType.MONTH}),
    is_written=True,
)


def statistics_copy_router(base: str) -> APIRouter:
    """Copies of statistics below `base`."""
    router = APIRouter(prefix=base, tags=["statistics"])
    router.add_api_route(
        "/statistics/{siteId}/{period}/copy",
        copy_days,
        methods=["POST"],
        response_model=Envelope[CopyShape, FiguresMeta],
        summary="Fill days of a month from the budget, the year or month before, or the pattern of a week",
    )
    return router


def copy_days(call: Annotated[Call[NoQuery, CopyBody], Depends(WRITE)], repeat: Repeatable) -> Response:
    """Days that are locked, have a forecast or find no source are left out and listed."""
    return repeat.once(call, lambda: _copied(call), is_versioned=True)


def _copied(call: Call[NoQuery, CopyBody]) -> Response:
    body = call.body
    request = body.request(precondition_of(call.if_match, body))
    author = replace(call.author(body.reason), source=COPY)
    copied = copy_statistics(call.runtime, call.site, call.period, author, request, dry_run=body.dry_run)
    age = source_age(call.runtime)
    data = CopyShape.model_validate({**_members(copied), "warnings": shown_warnings(copied.warnings, age)})
    meta = FiguresMeta(**figures_meta(call.site.business_date, age))
    message = "Statistics compared successfully" if body.dry_run else "Statistics updated successfully"
    return success(data, message, meta=meta, headers=etag(copied.version))


def _members(copied: Copied) -> dict[str, object]:
    return {
        "changes": copied.changes,
        "cells": [
            {"date": change.cell.key, "field": change.cell.field, "old": change.old, "new": change.new}
            for change in copied.cells
        ],
        "skipped": [{"date": day, "reason": reason.value} for day, reason in copied.skipped.items()],
        "version": copied.version,
    }
