"""Handing a month's forecast in, approving it, and giving it back; served only where the workflow is switched on.

Source: REST API, "Notes, submissions, snapshots".
"""

from datetime import datetime
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request
from pydantic import AfterValidator, Field, ValidationInfo
from starlette.responses import Response

from shared_code.api.caller import Access
from shared_code.api.envelope import CamelModel, Envelope, Meta, success
from shared_code.api.errors import refusal
from shared_code.api.fields import ReadOnly, Text, wrong
from shared_code.api.gate import Call, Demands, NoBody, NoQuery, require_site
from shared_code.api.repetition import Repeatable
from shared_code.api.validation import Body
from shared_code.domain.submission import SubmissionAction, SubmissionStatus
from shared_code.services.periods import PeriodType
from shared_code.services.submissions import Submission, move_submission, read_submission

_DECIDE: Final = Access("forecasting:write", roles=("district_manager", "forecasting_admin"))
"""Who may approve a month or give it back."""


def _said_why(comment: str | None, info: ValidationInfo) -> str | None:
    if info.data.get("action") is SubmissionAction.RETURN and not (comment or "").strip():
        raise wrong("MISSING_REQUIRED_FIELD", "Who gives a month back says why")
    return comment


class SubmissionBody(Body):
    """What is done with a month; who gives it back comments on it."""

    action: Annotated[SubmissionAction, Field(strict=False)]
    comment: Annotated[Text | None, AfterValidator(_said_why), Field(validate_default=True)] = None
    status: ReadOnly = None
    history: ReadOnly = None


class SubmissionEventShape(CamelModel):
    """What somebody did with a month."""

    action: SubmissionAction
    comment: str | None
    user_id: str
    at: datetime


class SubmissionShape(CamelModel):
    """Where a month stands, and what was done with it, the first thing first."""

    status: SubmissionStatus
    history: list[SubmissionEventShape]


_MONTH: Final = (PeriodType.MONTH,)
READ: Final = Demands(Access("forecasting:read"), query=NoQuery, body=NoBody, forms=_MONTH)
WRITE: Final = Demands(Access("forecasting:write"), query=NoQuery, body=SubmissionBody, forms=_MONTH, is_written=True)


def require_workflow(request: Request) -> None:
    """Refuse the request as if there were no such path (404) where the workflow is switched off."""
    if not request.app.state.runtime_provider().settings.feature_workflow:
        raise refusal("NOT_FOUND", "There is no such resource.")


def submissions_router(base: str) -> APIRouter:
    """The resource of submissions below `base`."""
    router = APIRouter(prefix=base, tags=["notes, submissions, snapshots"], dependencies=[Depends(require_workflow)])
    router.add_api_route(
        "/submissions/{siteId}/{period}",
        submission,
        methods=["GET"],
        response_model=Envelope[SubmissionShape, Meta],
        summary="Where a month stands",
    )
    router.add_api_route(
        "/submissions/{siteId}/{period}",
        post_action,
        methods=["POST"],
        response_model=Envelope[SubmissionShape, Meta],
        summary="Submit, approve or return a month",
    )
    return router


def submission(call: Annotated[Call[NoQuery, NoBody], Depends(READ)]) -> Response:
    """A month with which nothing was done is a draft."""
    return success(_shown(read_submission(call.runtime, call.site, call.period)), "Submission retrieved successfully")


def post_action(call: Annotated[Call[NoQuery, SubmissionBody], Depends(WRITE)], repeat: Repeatable) -> Response:
    """A draft or a returned month is submitted; a submitted one is approved or returned."""
    if call.body.action is not SubmissionAction.SUBMIT:
        require_site(call.caller.reach(_DECIDE), call.site.site_id)
    return repeat.once(call, lambda: _moved(call))


def _moved(call: Call[NoQuery, SubmissionBody]) -> Response:
    action, comment = call.body.action, call.body.comment
    moved = move_submission(call.runtime, call.site, call.period, action, comment, call.author())
    return success(_shown(moved), "Submission updated successfully")


def _shown(submission: Submission) -> SubmissionShape:
    return SubmissionShape(
        status=submission.status,
        history=[SubmissionEventShape.model_validate(event) for event in submission.history],
    )
