"""Handing a month's forecast in, approving it, and giving it back.

Source: REST API, "Notes, submissions, snapshots".
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection

from shared_code.domain.submission import (
    SubmissionAction,
    SubmissionStatus,
    actions_from,
    common_status,
    status_after,
)
from shared_code.errors import ConflictError
from shared_code.services.forecast.author import Author
from shared_code.services.periods import Period
from shared_code.services.pnl_site_cells import OpenSite
from shared_code.services.runtime import Runtime
from shared_code.sql.transient import retry_use_case
from shared_code.storage import audit, submissions, user_access, versions
from shared_code.storage.audit import AuditEntry
from shared_code.storage.submissions import SubmissionEvent

MODULE: Final = "submissions"
"""Name of these changes in the audit trail."""


@dataclass(frozen=True, slots=True)
class Submission:
    """Where a month stands, and what was done with it, the first thing first."""

    status: SubmissionStatus
    history: tuple[SubmissionEvent, ...]


def read_submission(runtime: Runtime, site: OpenSite, period: Period) -> Submission:
    """The submission of a month."""
    with runtime.database.reading() as connection:
        return _read(connection, site, period)


def move_submission(
    runtime: Runtime, site: OpenSite, period: Period, action: SubmissionAction, comment: str | None, author: Author
) -> Submission:
    """Take `action` with a month. Raises `ConflictError` (`invalid_transition`) where it cannot be taken now."""

    def move() -> Submission:
        with runtime.database.writing() as connection:
            known = submissions.statuses(connection, site.scope, site.site_id, period.months, is_locking=True)
            status = known.get(period.text, SubmissionStatus.DRAFT)
            following = status_after(status, action)
            if following is None:
                raise _not_possible(status, action)
            now = runtime.clock.now()
            event = SubmissionEvent(action.value, comment, now, author.user_id)
            is_first = period.text not in known
            submissions.record(connection, site.site_id, period.text, following, event, is_first=is_first)
            _note_changes(connection, site, {period.text: status}, following, author, now)
            versions.raise_versions(connection, [versions.site_tag(site.site_id)], now)
            return _read(connection, site, period)

    return retry_use_case(move)


def reopen_months(
    connection: Connection, site: OpenSite, months: Collection[str], author: Author, now: datetime
) -> None:
    """Set `months` (`YYYY-MM`) back to draft, because something of them was saved; belongs into that transaction.

    Source: REST API, "Notes, submissions, snapshots" (a later accepted write).
    """
    reopened = submissions.reopen(connection, site.scope, site.site_id, months, author.user_id, now)
    if reopened:
        _note_changes(connection, site, reopened, SubmissionStatus.DRAFT, author, now)


def status_of(connection: Connection, site: OpenSite, months: Sequence[str]) -> SubmissionStatus:
    """The status of `months` (`YYYY-MM`) together: that of the one that has come least far."""
    return statuses_of(connection, site, [months])[0]


def statuses_of(connection: Connection, site: OpenSite, periods: Sequence[Sequence[str]]) -> list[SubmissionStatus]:
    """The status of each of `periods` (their months), in one statement."""
    months = {month for period in periods for month in period}
    known = submissions.statuses(connection, site.scope, site.site_id, months)
    return [common_status(known.get(month, SubmissionStatus.DRAFT) for month in period) for period in periods]


def _read(connection: Connection, site: OpenSite, period: Period) -> Submission:
    status = status_of(connection, site, period.months)
    return Submission(status, tuple(submissions.history(connection, site.scope, site.site_id, period.text)))


def _note_changes(
    connection: Connection,
    site: OpenSite,
    before: Mapping[str, SubmissionStatus],
    status: SubmissionStatus,
    author: Author,
    now: datetime,
) -> None:
    """The months of `before`, with the status that they had, have another `status` now: one audit entry each."""
    on_behalf = author.user_id.lower() not in user_access.account_managers_of(connection, site.site_id)
    entries = [
        AuditEntry(
            user_id=author.user_id,
            module=MODULE,
            item_key=month,
            source=author.source,
            site_id=site.site_id,
            period=month,
            field="status",
            old_value=old.value,
            new_value=status.value,
            reason=author.reason,
            role_code=author.role,
            on_behalf=on_behalf,
            request_id=author.request_id,
        )
        for month, old in sorted(before.items())
    ]
    audit.add_entries(connection, entries, now)


def _not_possible(status: SubmissionStatus, action: SubmissionAction) -> ConflictError:
    possible = [str(other) for other in actions_from(status)]
    sentence = f"{', '.join(possible)} is possible" if possible else "nothing is to be done before it is saved again"
    return ConflictError(
        f"A month that is {status} cannot be taken further by {action}: {sentence}.",
        field="action",
        details={"reason": "invalid_transition", "status": status.value, "accepted": possible},
    )
