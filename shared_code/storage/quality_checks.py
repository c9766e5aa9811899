"""What the validation of the sources found.

Source: Data model, "Integration and staging"; REST API, "Operations".
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, select

from shared_code.storage.tables.runs import quality_checks


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


def latest_run(connection: Connection) -> list[QualityCheck]:
    """The checks of the newest validation run, by source; none when none has run yet."""
    table = quality_checks
    newest = select(table.c.validation_run_id).order_by(table.c.check_id.desc()).limit(1).scalar_subquery()
    rows = connection.execute(
        select(*[table.c[name] for name in QualityCheck.__slots__])
        .where(table.c.validation_run_id == newest)
        .order_by(table.c.source, table.c.check_id)
    )
    return [QualityCheck(**{**row, "issues": tuple(json.loads(row["issues"]))}) for row in rows.mappings()]
