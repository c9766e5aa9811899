"""What the validation of the sources found: runs of the validation, and a row for every source of each.

Source: Data model, "Integration and staging"; REST API, "Operations".
"""

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, delete, select

from shared_code.sql.bulk import insert_rows
from shared_code.sql.lists import in_list
from shared_code.storage.tables.runs import quality_checks, sync_runs

FEED = "data_validation"
"""The name of the validation in the run ledger."""


@dataclass(frozen=True, slots=True)
class QualityCheck:
    """What was found in one source: shares are fractions 0–1, ages hours, `status` is `pass`, `warn` or `fail`.

    `issues` are findings with `siteId`, `period`, `field`, `rule` and `count`.
    """

    validation_run_id: str
    source: str
    rows_checked: int
    completeness: Decimal | None
    threshold: Decimal
    out_of_range: int
    newest_at: datetime | None
    age_hours: Decimal | None
    is_fresh: bool
    status: str
    issues: tuple[Mapping[str, Any], ...]
    checked_at: datetime


@dataclass(frozen=True, slots=True)
class OpenValidation:
    """A validation that has begun and not ended; `fencing_token` is that of the lease it holds."""

    run_id: str
    fencing_token: int


@dataclass(frozen=True, slots=True)
class ValidationRun:
    """A validation that has been carried through, with its checks by source."""

    run_id: str
    started_at: datetime
    finished_at: datetime
    checks: tuple[QualityCheck, ...]


def open_validation(connection: Connection) -> OpenValidation | None:
    """The newest validation that is under way."""
    row = connection.execute(
        select(sync_runs.c.sync_run_id, sync_runs.c.fencing_token)
        .where(sync_runs.c.feed == FEED, sync_runs.c.state == "running")
        .order_by(sync_runs.c.started_at.desc(), sync_runs.c.sync_run_id.desc())
        .limit(1)
    ).one_or_none()
    return None if row is None else OpenValidation(*row)


def replace_checks(
    connection: Connection, run_id: str, sources: Collection[str], checks: Iterable[QualityCheck]
) -> None:
    """Write down what a run has found in `sources`, in place of what it had written down about them before."""
    connection.execute(
        delete(quality_checks).where(
            quality_checks.c.validation_run_id == run_id, in_list(quality_checks.c.source, sources)
        )
    )
    names = tuple(QualityCheck.__slots__)
    rows = [tuple(_stored(name, getattr(check, name)) for name in names) for check in checks]
    insert_rows(connection, quality_checks, names, rows)


def checks_of(connection: Connection, run_id: str) -> tuple[QualityCheck, ...]:
    """The checks of a run, in the order in which they were written."""
    rows = connection.execute(
        select(*[quality_checks.c[name] for name in QualityCheck.__slots__])
        .where(quality_checks.c.validation_run_id == run_id)
        .order_by(quality_checks.c.check_id)
    )
    return tuple(QualityCheck(**{**row, "issues": tuple(json.loads(row["issues"]))}) for row in rows.mappings())


def latest_run(connection: Connection) -> ValidationRun | None:
    """The newest validation that was carried through; None when there is none."""
    row = connection.execute(
        select(sync_runs.c.sync_run_id, sync_runs.c.started_at, sync_runs.c.finished_at)
        .where(sync_runs.c.feed == FEED, sync_runs.c.state == "succeeded")
        .order_by(sync_runs.c.started_at.desc(), sync_runs.c.sync_run_id.desc())
        .limit(1)
    ).one_or_none()
    return None if row is None else ValidationRun(*row, checks_of(connection, row.sync_run_id))


def _stored(name: str, value: Any) -> Any:
    return json.dumps(value) if name == "issues" else value
