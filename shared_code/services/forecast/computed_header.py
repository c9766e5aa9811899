"""The header of answers that are computed from all modules of a forecast, and can be edited in none of their rows.

Source: REST API, "Shapes used in several places".
"""

from dataclasses import dataclass
from datetime import datetime

from shared_code.domain.submission import SubmissionStatus
from shared_code.services.periods import Period
from shared_code.services.pnl_site_cells import OpenSite
from shared_code.services.runtime import Runtime
from shared_code.services.submissions import statuses_of
from shared_code.storage import forecast_versions


@dataclass(frozen=True, slots=True)
class ComputedHeader:
    """When any module of the period was saved last and by whom (None: never), and how far its submission has come."""

    updated_at: datetime | None
    updated_by: str | None
    status: SubmissionStatus


def read_computed_header(runtime: Runtime, site: OpenSite, period: Period) -> ComputedHeader:
    """What the P&L and FLC of `period` say of the saves behind them."""
    with runtime.database.reading() as connection:
        latest = forecast_versions.last_write(connection, site.scope, site.site_id, period.months)
        [status] = statuses_of(connection, site, [period.months])
    if latest is None:
        return ComputedHeader(None, None, status)
    return ComputedHeader(latest.updated_at, latest.updated_by, status)
