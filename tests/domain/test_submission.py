"""The states of a month, and how those of several months are taken together."""

from itertools import product

import pytest

from shared_code.domain.submission import (
    SubmissionAction,
    SubmissionStatus,
    actions_from,
    common_status,
    status_after,
)

DRAFT, RETURNED, SUBMITTED, APPROVED = SubmissionStatus
SUBMIT, APPROVE, RETURN = SubmissionAction


def test_four_moves_are_possible_and_no_others() -> None:
    moves = {
        (status, action): after
        for status, action in product(SubmissionStatus, SubmissionAction)
        if (after := status_after(status, action)) is not None
    }
    assert moves == {
        (DRAFT, SUBMIT): SUBMITTED,
        (RETURNED, SUBMIT): SUBMITTED,
        (SUBMITTED, APPROVE): APPROVED,
        (SUBMITTED, RETURN): RETURNED,
    }


def test_the_actions_of_a_status_are_those_that_lead_somewhere() -> None:
    assert [actions_from(status) for status in SubmissionStatus] == [[SUBMIT], [SUBMIT], [APPROVE, RETURN], []]


@pytest.mark.parametrize(
    ("statuses", "common"),
    [
        ([], DRAFT),
        ([APPROVED, APPROVED, APPROVED], APPROVED),
        ([APPROVED, SUBMITTED, APPROVED], SUBMITTED),
        ([APPROVED, SUBMITTED, RETURNED], RETURNED),
        ([RETURNED, DRAFT, APPROVED], DRAFT),
    ],
)
def test_several_months_are_as_far_as_the_one_that_is_least_far(
    statuses: list[SubmissionStatus], common: SubmissionStatus
) -> None:
    assert common_status(statuses) is common
