"""What every answer about a site and period begins with.

Source: REST API, "Shapes used in several places".
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from shared_code.domain.submission import SubmissionStatus
from shared_code.services.forecast.cells import Module
from shared_code.services.forecast.locks import EditWindow, LockReason
from shared_code.services.forecast.saving import last_write
from shared_code.services.periods import Period, PeriodType
from shared_code.services.pnl_site_cells import OpenSite
from shared_code.services.pnl_table import ViewWarning
from shared_code.services.submissions import statuses_of
from shared_code.storage import forecast_versions, sites
from shared_code.storage.forecast_versions import ModuleVersion


@dataclass(frozen=True, slots=True)
class Header:
    """Whose figures these are, how often they were saved, and whether they may be edited.

    `version` is 0 before the first save; that of a quarter or year is the sum of its months' versions.
    """

    site_id: str
    site_name: str
    period: str
    period_type: str
    version: int
    updated_at: datetime | None
    updated_by: str | None
    status: str
    editable: bool
    lock_reason: LockReason | None
    warnings: tuple[ViewWarning, ...] = ()


def read_header(
    connection: Connection, site: OpenSite, period: Period, module: Module, lock: LockReason | None
) -> Header:
    """The header of `module` for `period`, whose own lock is `lock`."""
    return read_headers(connection, site, [(period, lock)], module)[0]


def read_headers(
    connection: Connection, site: OpenSite, periods: Sequence[tuple[Period, LockReason | None]], module: Module
) -> list[Header]:
    """The headers of `module` for several periods and their own locks, in two statements."""
    months = {month for period, _ in periods for month in period.months}
    stored = forecast_versions.module_versions(connection, site.scope, site.site_id, module.stored_name, months)
    statuses = statuses_of(connection, site, [period.months for period, _ in periods])
    return [
        _header(site, period, stored, lock, status) for (period, lock), status in zip(periods, statuses, strict=True)
    ]


def edit_window(connection: Connection, site: OpenSite) -> EditWindow:
    """What decides the locks of the site."""
    row = sites.find(connection, site.scope, site.site_id)
    return EditWindow(site.business_date, None if row is None else row["close_date"])


def period_lock(window: EditWindow, period: Period, *, may_write: bool) -> LockReason | None:
    """Why nothing of a month, quarter or year may be edited: a quarter or year may be while one of its months may be.

    Modules that lock by day look at the days of a month themselves.
    """
    if not may_write:
        return LockReason.ROLE
    if period.type is PeriodType.QUARTER:
        return LockReason.GRANULARITY
    locks = [window.month_lock(month) for month in period.months]
    return None if None in locks else locks[-1]


def role_lock(lock: LockReason | None, *, may_write: bool) -> LockReason | None:
    """The lock of a row as a caller sees it: one who may only read sees that."""
    return lock if may_write else LockReason.ROLE


def _header(
    site: OpenSite,
    period: Period,
    stored: Mapping[str, ModuleVersion],
    lock: LockReason | None,
    status: SubmissionStatus,
) -> Header:
    latest = last_write(stored, period.months)
    return Header(
        site.site_id,
        site.name,
        period.text,
        period.type.value,
        sum(stored[month].version for month in period.months if month in stored),
        latest.updated_at if latest else None,
        latest.updated_by if latest else None,
        status.value,
        lock is None,
        lock,
    )
