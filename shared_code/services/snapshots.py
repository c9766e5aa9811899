"""Freezing the P&L: by an administrator, and on the tenth of a month for the month before.

Source: REST API, "Notes, submissions, snapshots"; Operations, "Schedules".
"""

import logging
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Literal

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from shared_code.clock import business_date
from shared_code.domain.months import add_months, period_of
from shared_code.domain.site_scope import SiteScope
from shared_code.domain.site_year import Scenario
from shared_code.errors import (
    CalculationRefusedError,
    ConflictError,
    NotFoundError,
    RuleViolationError,
    TransientError,
)
from shared_code.messaging.events import snapshot_event
from shared_code.services.held_lease import HeldLease
from shared_code.services.periods import Period, month_period, require_available
from shared_code.services.refresh_pnl import BATCH_SITES, Progress, RefreshError, behind, refresh_pnl
from shared_code.services.runtime import Runtime
from shared_code.sql.transient import retry_use_case
from shared_code.sql.types import new_identifier
from shared_code.storage import outbox, sites, snapshots, versions
from shared_code.storage.pnl_results import StoredMonth
from shared_code.storage.snapshots import Snapshot
from shared_code.timetable import latest_slot

SnapshotKind = Literal["manual", "month_close", "fpa_projection"]

MONTH_CLOSE: Final = "month_close"
CLOSING_JOB: Final = "month_close_snapshot"
MOST_SITES_NAMED: Final = 100
"""Sites that an error lists."""

_IDENTIFIER = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SnapshotOrder:
    """What is to be frozen: a month or year of the sites of `scope`, under a name that no other snapshot has."""

    name: str
    kind: SnapshotKind
    period: Period
    scope: SiteScope
    user_id: str
    request_id: str = ""


def take_snapshot(
    runtime: Runtime, order: SnapshotOrder, *, leaves_out_broken: bool = False, progress: Progress | None = None
) -> Snapshot:
    """Bring the P&L up to date and freeze all four scenarios of it, in one transaction.

    A site whose P&L cannot be computed refuses the snapshot; with `leaves_out_broken` it is left out and logged.

    Raises `NotFoundError` for a period outside the horizon (PERIOD_NOT_AVAILABLE) and a site that there is not
    (SITE_NOT_FOUND), `ConflictError` (DUPLICATE) for a name that is taken, `CalculationRefusedError`, and
    `RuleViolationError` where there is nothing to freeze.
    """
    period = order.period
    require_available(period, business_date(runtime.clock, runtime.settings.business_time_zone))
    with runtime.database.reading() as connection:
        _require_sites(connection, order.scope)
        _require_new_name(connection, order.name)
        everything = sites.site_ids(connection, order.scope)
    report = refresh_pnl(runtime, behind(runtime, order.scope, [period.year]), progress=progress)
    scope = order.scope
    if report.errors:
        if not leaves_out_broken:
            raise _not_computable(report.errors)
        broken = {error.site_id for error in report.errors}
        _log.warning("%d sites are left out of snapshot %s: %s", len(broken), order.name, sorted(broken)[:20])
        scope = SiteScope.of(site_id for site_id in everything if site_id not in broken)
    return retry_use_case(lambda: _freeze(runtime, order, scope))


def prepare_closing(runtime: Runtime, lease: HeldLease) -> None:
    """Compute what is behind in the year of `close_month`, for as long as a slice may take; the next slice goes on."""
    month = _month_to_close(runtime)
    if month is None:
        return
    ends_at = runtime.clock.now() + timedelta(seconds=runtime.settings.job_slice_s)
    late = sorted(behind(runtime, SiteScope.all_sites(), [int(month[:4])]))
    for start in range(0, len(late), BATCH_SITES):
        if runtime.clock.now() >= ends_at:
            return
        lease.renew_when_due()
        refresh_pnl(runtime, late[start : start + BATCH_SITES])


def close_month(runtime: Runtime, lease: HeldLease) -> None:
    """Freeze the month before that of the latest slot, unless that has been done.

    The slot counts, not today: one that is made up for in the next month still closes its own.

    Source: Operations, "Schedules".
    """
    month = _month_to_close(runtime)
    if month is None:
        return
    order = SnapshotOrder(f"Month close {month}", MONTH_CLOSE, month_period(month), SiteScope.all_sites(), "system")
    take_snapshot(runtime, order, leaves_out_broken=True, progress=lambda *_: lease.renew_when_due())


def _month_to_close(runtime: Runtime) -> str | None:
    """`YYYY-MM`; None when it is closed, or the timer is switched off."""
    slot = latest_slot(CLOSING_JOB, runtime.clock.now())
    if slot is None:
        return None
    month = add_months(period_of(slot.date()), -1)
    with runtime.database.reading() as connection:
        return None if snapshots.has_kind(connection, MONTH_CLOSE, month) else month


def list_snapshots(runtime: Runtime, *, offset: int, limit: int) -> tuple[list[Snapshot], int]:
    """A page of the snapshots, the newest first, and how many there are in all."""
    with runtime.database.reading() as connection:
        return snapshots.page(connection, offset=offset, limit=limit)


def read_snapshot(runtime: Runtime, scope: SiteScope, snapshot_id: str) -> tuple[Snapshot, Sequence[StoredMonth]]:
    """A snapshot, and what it holds of the sites of `scope` by site, month and scenario.

    Raises `NotFoundError` when there is none of this id.
    """
    given = snapshot_id.lower()
    with runtime.database.reading() as connection:
        snapshot = snapshots.find(connection, given) if _IDENTIFIER.fullmatch(given) else None
        if snapshot is None:
            details = {"providedValue": snapshot_id[:100]}
            raise NotFoundError("There is no such snapshot.", field="snapshotId", details=details)
        return snapshot, list(snapshots.months(connection, scope, given, tuple(Scenario), "0000-00", "9999-99"))


def _freeze(runtime: Runtime, order: SnapshotOrder, scope: SiteScope) -> Snapshot:
    first, last = order.period.months[0], order.period.months[-1]
    with runtime.database.writing() as connection, _unique_name(order.name):
        _require_new_name(connection, order.name)
        site_count, content_hash = snapshots.results_to_freeze(connection, scope, first, last)
        if not site_count:
            raise RuleViolationError(
                f"There are no figures for {order.period} to be frozen.",
                field="period",
                details={"providedValue": order.period.text},
            )
        now = runtime.clock.now()
        versions.raise_versions(connection, [versions.SHARED_TAG], now)
        snapshot = Snapshot(
            new_identifier(),
            order.name,
            order.kind,
            order.period.text,
            order.scope.site_ids is None,
            site_count,
            content_hash,
            now,
            order.user_id,
        )
        snapshots.freeze(connection, snapshot, scope, first, last)
        if snapshots.frozen_hash(connection, snapshot.snapshot_id) != content_hash:
            raise TransientError("The figures changed while they were being frozen")
        outbox.append(connection, [snapshot_event(snapshot.snapshot_id, now, order.request_id)], now)
    return snapshot


def _require_sites(connection: Connection, scope: SiteScope) -> None:
    if scope.site_ids is None:
        return
    unknown = scope.site_ids - set(sites.site_ids(connection, scope))
    if unknown:
        names = sorted(unknown)[:MOST_SITES_NAMED]
        raise NotFoundError(
            f"There is no site {', '.join(names[:5])}.",
            code="SITE_NOT_FOUND",
            field="siteIds",
            details={"providedValue": names[0], "sites": names},
        )


def _require_new_name(connection: Connection, name: str) -> None:
    if snapshots.is_named(connection, name):
        raise _name_is_taken(name)


@contextmanager
def _unique_name(name: str) -> Iterator[None]:
    """Whoever was a moment faster has the name."""
    try:
        yield
    except IntegrityError:
        raise _name_is_taken(name) from None


def _name_is_taken(name: str) -> ConflictError:
    return ConflictError(
        f"There is a snapshot named {name!r} already.",
        code="DUPLICATE",
        field="name",
        details={"providedValue": name},
    )


def _not_computable(errors: Sequence[RefreshError]) -> CalculationRefusedError:
    names = sorted({error.site_id for error in errors})
    return CalculationRefusedError(
        f"The figures of {', '.join(names[:5])}{' …' if len(names) > 5 else ''} cannot be computed: "
        f"{errors[0].message}. Name the other sites in siteIds to freeze theirs.",
        details={"sites": names[:MOST_SITES_NAMED]},
    )
