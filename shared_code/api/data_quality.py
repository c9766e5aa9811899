"""The quality of the sources, as the latest validation found it; for administrators.

Source: REST API, "Operations".
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Depends
from starlette.responses import Response

from shared_code.api.caller import Access
from shared_code.api.envelope import CamelModel, Envelope, Meta, success
from shared_code.api.fields import Hours, Ratio
from shared_code.api.gate import Call, Demands, NoBody, NoQuery
from shared_code.services.data_quality import latest_validation, overall_of
from shared_code.storage.quality_checks import QualityCheck

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
        summary="What the latest validation of the sources found",
    )
    return router


def data_quality(call: Annotated[Call[NoQuery, NoBody], Depends(READ)]) -> Response:
    """404 until a validation has run."""
    return success(_shown(latest_validation(call.runtime)), "Data quality retrieved successfully")


def _shown(checks: Sequence[QualityCheck]) -> ValidationShape:
    moments = [check.checked_at for check in checks]
    return ValidationShape.model_validate(
        {
            "run_id": checks[0].validation_run_id,
            "started_at": min(moments),
            "finished_at": max(moments),
            "overall": overall_of(checks),
            "sources": [_source(check) for check in checks],
        }
    )


def _source(check: QualityCheck) -> SourceQualityShape:
    return SourceQualityShape.model_validate(
        {
            "source": check.source,
            "rows": check.rows_checked,
            "completeness": check.completeness,
            "threshold": check.threshold,
            "out_of_range": check.out_of_range,
            "newest_at": check.newest_at,
            "age_hours": check.age_hours,
            "fresh": check.is_fresh,
            "status": check.status,
            "issues": [IssueShape.model_validate(issue) for issue in check.issues],
        }
    )
