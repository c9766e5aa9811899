"""The quality of the sources, as the latest validation found it; for administrators.

Source: REST API, "Operations".
"""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Depends
from starlette.responses import Response

from shared_code.api.caller import Access
from shared_code.api.envelope import CamelModel, Envelope, Meta, success
from shared_code.api.fields import Hours, Ratio
from shared_code.api.gate import Call, Demands, NoBody, NoQuery
from shared_code.services.data_quality import latest_validation

Verdict = Literal["pass", "warn", "fail"]


class IssueShape(CamelModel):
    """Rows that break a rule."""

    site_id: str | None = None
    period: str | None = None
    field: str | None = None
    rule: str
    count: int


class SourceQualityShape(CamelModel):
    """A source; `completeness` and `threshold` are fractions, `ageHours` is the age of the newest content."""

    source: str
    rows: int
    completeness: Ratio | None
    threshold: Ratio
    out_of_range: int
    newest_at: datetime | None
    age_hours: Hours | None
    fresh: bool
    status: Verdict
    issues: list[IssueShape]


class ValidationShape(CamelModel):
    """A validation run; `overall` is the worst verdict of its sources."""

    run_id: str
    started_at: datetime
    finished_at: datetime
    overall: Verdict
    sources: list[SourceQualityShape]


READ: Final = Demands(Access(roles=("forecasting_admin",)), query=NoQuery, body=NoBody)


def data_quality_router(base: str) -> APIRouter:
    """The resource of data quality below `base`."""
    router = APIRouter(prefix=base, tags=["operations"])
    router.add_api_route(
        "/data-quality",
        data_quality,
        methods=["GET"],
        response_model=Envelope[ValidationShape, Meta],
        responses={404: {"description": "No validation has run"}},
        summary="What the latest validation of the sources found",
    )
    return router


def data_quality(call: Annotated[Call[NoQuery, NoBody], Depends(READ)]) -> Response:
    """404 until a validation has run."""
    report = ValidationShape.model_validate(asdict(latest_validation(call.runtime)))
    return success(report, "Data quality retrieved successfully")
