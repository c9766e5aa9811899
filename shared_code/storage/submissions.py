"""The status of each month's forecast, and what people did to it.

Source: Data model, "Forecast input".
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, insert, select, update

from shared_code.domain.site_scope import SiteScope
from shared_code.domain.submission import SubmissionStatus
from shared_code.sql.lists import in_list
from shared_code.storage import stamps
from shared_code.storage.database import within
from shared_code.storage.tables.workflow import submission_events, submissions


@dataclass(frozen=True, slots=True)
class SubmissionEvent:
    """What somebody did with a month."""

    action: str
    comment: str | None
    at: datetime
    user_id: str


def statuses(
    connection: Connection, scope: SiteScope, site_id: str, months: Collection[str], *, is_locking: bool = False
) -> dict[str, SubmissionStatus]:
    """The status of those of `months` (`YYYY-MM`) with which anything was ever done.

    `is_locking`: others who are about to change them wait until this transaction ends.
    """
    table = submissions
    statement = select(table.c.period, table.c.status).where(_of(scope, site_id, months))
    if is_locking:
        # SQLite has one writer at a time anyway; SQL Server would let two read the same status.
        statement = statement.with_hint(table, "WITH (UPDLOCK, HOLDLOCK)", "mssql")
    return {period: SubmissionStatus(status) for period, status in connection.execute(statement)}


def history(connection: Connection, scope: SiteScope, site_id: str, period: str) -> list[SubmissionEvent]:
    """What was done with a month, the first thing first."""
    table = submission_events
    rows = connection.execute(
        select(table.c.action, table.c.comment, table.c.at, table.c.user_id)
        .where(within(scope, table.c.site_id), table.c.site_id == site_id, table.c.period == period)
        .order_by(table.c.submission_event_id)
    )
    return [SubmissionEvent(*row) for row in rows]


def record(
    connection: Connection,
    site_id: str,
    period: str,
    status: SubmissionStatus,
    event: SubmissionEvent,
    *,
    is_first: bool,
) -> None:
    """The month has a new status by what `event` says; `is_first`: nothing was done with it before."""
    table = submissions
    if is_first:
        stamp = stamps.inserted(event.user_id, event.at)
        connection.execute(insert(table).values(site_id=site_id, period=period, status=status.value, **stamp))
    else:
        connection.execute(
            update(table)
            .where(table.c.site_id == site_id, table.c.period == period)
            .values(status=status.value, **stamps.updated(table, event.user_id, event.at))
        )
    connection.execute(
        insert(submission_events).values(
            site_id=site_id,
            period=period,
            action=event.action,
            comment=event.comment,
            at=event.at,
            user_id=event.user_id,
        )
    )


def reopen(
    connection: Connection, scope: SiteScope, site_id: str, months: Collection[str], user_id: str, now: datetime
) -> dict[str, SubmissionStatus]:
    """Set those of `months` that are no drafts back to draft; the statuses that they had."""
    found = statuses(connection, scope, site_id, months, is_locking=True)
    drafts = {SubmissionStatus.DRAFT}
    reopened = {month: status for month, status in found.items() if status not in drafts}
    if reopened:
        connection.execute(
            update(submissions)
            .where(_of(scope, site_id, reopened))
            .values(status=SubmissionStatus.DRAFT.value, **stamps.updated(submissions, user_id, now))
        )
    return reopened


def _of(scope: SiteScope, site_id: str, months: Collection[str]) -> ColumnElement[bool]:
    table = submissions
    return within(scope.narrowed_to([site_id]), table.c.site_id) & in_list(table.c.period, months)
