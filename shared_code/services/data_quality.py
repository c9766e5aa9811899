"""What a validation of the data found, as it is reported.

Source: REST API, "Operations".
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from shared_code.errors import NotFoundError
from shared_code.services.runtime import Runtime
from shared_code.storage import quality_checks
from shared_code.storage.quality_checks import QualityCheck, ValidationRun

_VERDICTS: Final = ("pass", "warn", "fail")
"""The verdicts on a source, the best first."""


@dataclass(frozen=True, slots=True)
class SourceReport:
    """A source; `completeness` and `threshold` are fractions, `age_hours` is the age of the newest content.

    `issues` are findings with `siteId`, `period`, `field`, `rule` and `count`.
    """

    source: str
    rows: int
    completeness: Decimal | None
    threshold: Decimal
    out_of_range: int
    newest_at: datetime | None
    age_hours: Decimal | None
    fresh: bool
    status: str
    issues: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, slots=True)
class ValidationReport:
    """A validation; `overall` is the worst verdict of its sources: `pass`, `warn` or `fail`."""

    run_id: str
    started_at: datetime
    finished_at: datetime
    overall: str
    sources: tuple[SourceReport, ...]


def latest_validation(runtime: Runtime) -> ValidationReport:
    """The newest validation that was carried through. Raises `NotFoundError` when there is none."""
    with runtime.database.reading() as connection:
        run = quality_checks.latest_run(connection)
    if run is None:
        raise NotFoundError("The data have not been validated yet.")
    return report_of(run)


def report_of(run: ValidationRun) -> ValidationReport:
    """A validation as it is reported."""
    overall = max((check.status for check in run.checks), key=_VERDICTS.index, default=_VERDICTS[0])
    return ValidationReport(run.run_id, run.started_at, run.finished_at, overall, tuple(map(_source, run.checks)))


def _source(check: QualityCheck) -> SourceReport:
    return SourceReport(
        check.source,
        check.rows_checked,
        check.completeness,
        check.threshold,
        check.out_of_range,
        check.newest_at,
        check.age_hours,
        check.is_fresh,
        check.status,
        check.issues,
    )


__all__ = ["SourceReport", "ValidationReport", "latest_validation", "report_of"]
