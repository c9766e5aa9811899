"""Job codes, kept by forecasting and billing administrators.

Source: REST API, "Job groups and job codes".
"""

import re
from typing import Annotated, Final

from fastapi import APIRouter, Depends
from starlette.responses import Response

from shared_code.api.envelope import Envelope, ErrorEntry, Meta, success
from shared_code.api.errors import RefusedError, refusal, shown_value
from shared_code.api.fields import JOB_CODE
from shared_code.api.gate import Call, Demands, NoBody, NoQuery
from shared_code.api.job_group_shapes import (
    AssignmentBody,
    AssignmentShape,
    AssignmentsShape,
    JobCodePatch,
    JobCodeQuery,
    JobCodeShape,
    JobCodeStatusBody,
    StatusResultShape,
    StatusResultsShape,
)
from shared_code.api.job_groups import ACCESS, administrator
from shared_code.services.job_code_list import (
    JobCodeChange,
    JobCodesRefusedError,
    assign_codes,
    change_code,
    list_codes,
    switch_codes,
)

LIST: Final = Demands(ACCESS, query=JobCodeQuery, body=NoBody)
CHANGE: Final = Demands(ACCESS, query=NoQuery, body=JobCodePatch)
ASSIGN: Final = Demands(ACCESS, query=NoQuery, body=AssignmentBody)
SWITCH: Final = Demands(ACCESS, query=NoQuery, body=JobCodeStatusBody)


def job_codes_router(base: str) -> APIRouter:
    """The resources of job codes below `base`."""
    router = APIRouter(prefix=base, tags=["job groups and job codes"])
    router.add_api_route(
        "/job-codes",
        all_job_codes,
        methods=["GET"],
        response_model=Envelope[list[JobCodeShape], Meta],
        summary="Job codes with their groups",
    )
    router.add_api_route(
        "/job-codes/assign",
        assign_job_codes,
        methods=["POST"],
        response_model=Envelope[AssignmentsShape, Meta],
        summary="Put job codes into a group",
    )
    router.add_api_route(
        "/job-codes/status",
        switch_job_codes,
        methods=["POST"],
        response_model=Envelope[StatusResultsShape, Meta],
        summary="Switch job codes on or off",
    )
    router.add_api_route(
        "/job-codes/{jobCode}",
        patch_job_code,
        methods=["PATCH"],
        response_model=Envelope[JobCodeShape, Meta],
        summary="Change a job code",
    )
    return router


def all_job_codes(call: Annotated[Call[JobCodeQuery, NoBody], Depends(LIST)]) -> Response:
    """By code. A code is new while it is in no group and its title is the code itself."""
    query = call.query
    search = (query.search or "").strip() or None
    found = list_codes(call.runtime, query.wanted, search, offset=query.offset, limit=query.limit)
    codes = [JobCodeShape.model_validate(code) for code in found.codes]
    return success(codes, "Job codes retrieved successfully", meta=query.meta(found.total))


def patch_job_code(call: Annotated[Call[NoQuery, JobCodePatch], Depends(CHANGE)]) -> Response:
    """The code itself never changes; switching it on switches its group on."""
    code, body = call.path["jobCode"], call.body
    if not re.fullmatch(JOB_CODE, code):
        raise refusal(
            "INVALID_DATA_TYPE",
            "A job code has 1 to 50 letters, digits, blanks, underscores, dots or hyphens.",
            "jobCode",
            details={"providedValue": shown_value(code), "expectedFormat": JOB_CODE},
        )
    change = JobCodeChange(body.title, body.is_active, body.is_productive)
    changed = change_code(call.runtime, code, change, administrator(call))
    return success(JobCodeShape.model_validate(changed), "Job code updated successfully")


def assign_job_codes(call: Annotated[Call[NoQuery, AssignmentBody], Depends(ASSIGN)]) -> Response:
    """All or none: a code that is unknown or inactive refuses the request, with one error for each."""
    body = call.body
    try:
        assigned = assign_codes(call.runtime, body.job_codes, body.job_group_id, administrator(call))
    except JobCodesRefusedError as error:
        raise _refused(error) from None
    results = [AssignmentShape.model_validate(result) for result in assigned]
    return success(AssignmentsShape(results=results), "Job codes updated successfully")


def switch_job_codes(call: Annotated[Call[NoQuery, JobCodeStatusBody], Depends(SWITCH)]) -> Response:
    """All or none: a code that is unknown refuses the request, with one error for each."""
    body = call.body
    try:
        switched = switch_codes(call.runtime, body.job_codes, is_active=body.is_active, author=administrator(call))
    except JobCodesRefusedError as error:
        raise _refused(error) from None
    results = [StatusResultShape.model_validate(result) for result in switched]
    return success(StatusResultsShape(results=results), "Job codes updated successfully")


def _refused(error: JobCodesRefusedError) -> RefusedError:
    """One entry for every job code that is refused."""
    entries = [
        ErrorEntry(
            code=error.code,
            message=item.message,
            field=f"jobCodes[{item.position}]",
            details={"providedValue": item.job_code},
        )
        for item in error.refused
    ]
    return RefusedError(error.status, entries)
