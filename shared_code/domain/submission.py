"""Whether a month's forecast was handed in: its states and the moves between them.

Source: REST API, "Notes, submissions, snapshots".
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Final


class SubmissionStatus(StrEnum):
    """How far a month has come, the least far first."""

    DRAFT = "draft"
    RETURNED = "returned"
    SUBMITTED = "submitted"
    APPROVED = "approved"


class SubmissionAction(StrEnum):
    """What people do with a month."""

    SUBMIT = "submit"
    APPROVE = "approve"
    RETURN = "return"


_MOVES: Final[Mapping[tuple[SubmissionStatus, SubmissionAction], SubmissionStatus]] = {
    (SubmissionStatus.DRAFT, SubmissionAction.SUBMIT): SubmissionStatus.SUBMITTED,
    (SubmissionStatus.RETURNED, SubmissionAction.SUBMIT): SubmissionStatus.SUBMITTED,
    (SubmissionStatus.SUBMITTED, SubmissionAction.APPROVE): SubmissionStatus.APPROVED,
    (SubmissionStatus.SUBMITTED, SubmissionAction.RETURN): SubmissionStatus.RETURNED,
}


def status_after(status: SubmissionStatus, action: SubmissionAction) -> SubmissionStatus | None:
    """The status that `action` leads to; None where it cannot be taken."""
    return _MOVES.get((status, action))


def actions_from(status: SubmissionStatus) -> list[SubmissionAction]:
    """The actions that can be taken, in the order of `SubmissionAction`."""
    return [action for action in SubmissionAction if (status, action) in _MOVES]


def common_status(statuses: Iterable[SubmissionStatus]) -> SubmissionStatus:
    """The status of several months: that of the one that has come least far; a month never touched is a draft."""
    order = list(SubmissionStatus)
    return min(statuses, key=order.index, default=SubmissionStatus.DRAFT)
