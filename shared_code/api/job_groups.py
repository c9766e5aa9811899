"""Job groups, kept by forecasting and billing administrators.

Source: REST API, "Job groups and job codes".
"""

from dataclasses import replace
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends
from starlette.responses import Response

from shared_code.api.caller import Access
from shared_code.api.envelope import Envelope, Meta, success
from shared_code.api.gate import Call, Demands, NoBody, NoQuery
from shared_code.api.job_group_shapes import (
    JobGroupBody,
    JobGroupPatch,
    JobGroupQuery,
    JobGroupShape,
    SiteAssignmentShape,
)
from shared_code.api.repetition import Repeatable
from shared_code.api.site_shapes import SiteFilters
from shared_code.services.forecast.author import Author
from shared_code.services.job_groups import JobGroupChange, change_group, create_group, list_assignments, list_groups

ADMINISTRATORS: Final = ("forecasting_admin", "billing_admin")
"""The roles that keep job groups and job codes, for all sites."""

ACCESS: Final = Access(roles=ADMINISTRATORS)

LIST: Final = Demands(ACCESS, query=JobGroupQuery, body=NoBody)
CREATE: Final = Demands(ACCESS, query=NoQuery, body=JobGroupBody)
CHANGE: Final = Demands(ACCESS, query=NoQuery, body=JobGroupPatch)
ASSIGNMENTS: Final = Demands(ACCESS, query=SiteFilters, body=NoBody)


def job_groups_router(base: str) -> APIRouter:
    """The resources of job groups below `base`."""
    router = APIRouter(prefix=base, tags=["job groups and job codes"])
    router.add_api_route(
        "/job-groups",
        all_job_groups,
        methods=["GET"],
        response_model=Envelope[list[JobGroupShape], Meta],
        summary="Job groups with their job codes",
    )
    router.add_api_route(
        "/job-groups",
        post_job_group,
        methods=["POST"],
        status_code=201,
        response_model=Envelope[JobGroupShape, Meta],
        summary="Make a job group",
    )
    router.add_api_route(
        "/job-groups/site-assignments",
        site_assignments,
        methods=["GET"],
        response_model=Envelope[list[SiteAssignmentShape], Meta],
        summary="The job groups in use at each site",
    )
    router.add_api_route(
        "/job-groups/{jobGroupId}",
        patch_job_group,
        methods=["PATCH"],
        response_model=Envelope[JobGroupShape, Meta],
        summary="Rename a job group, or switch it on or off",
    )
    return router


def all_job_groups(call: Annotated[Call[JobGroupQuery, NoBody], Depends(LIST)]) -> Response:
    """By title; all of them unless a status is asked for."""
    groups = [JobGroupShape.model_validate(group) for group in list_groups(call.runtime, call.query.status)]
    meta = Meta(total=len(groups), limit=max(50, len(groups)))
    return success(groups, "Job groups retrieved successfully", meta=meta)


def post_job_group(call: Annotated[Call[NoQuery, JobGroupBody], Depends(CREATE)], repeat: Repeatable) -> Response:
    """The group is active and has no job codes yet; its id follows from the title and stays."""
    return repeat.once(call, lambda: _created(call))


def patch_job_group(call: Annotated[Call[NoQuery, JobGroupPatch], Depends(CHANGE)]) -> Response:
    """A group with active job codes cannot be switched off."""
    change = JobGroupChange(call.body.title, call.body.is_active)
    group = change_group(call.runtime, call.path["jobGroupId"], change, administrator(call))
    return success(JobGroupShape.model_validate(group), "Job group updated successfully")


def site_assignments(call: Annotated[Call[SiteFilters, NoBody], Depends(ASSIGNMENTS)]) -> Response:
    """By site; a site where no job code is in use has no group."""
    query = call.query
    found = list_assignments(call.runtime, call.scope, query.choice, offset=query.offset, limit=query.limit)
    return success(
        [SiteAssignmentShape.model_validate(site) for site in found.sites],
        "Site assignments retrieved successfully",
        meta=query.meta(found.total),
    )


def administrator(call: Call[Any, Any]) -> Author:
    """Who changes something that belongs to no site, in the role that lets them."""
    role = next((role for role in call.caller.roles if role in ADMINISTRATORS), None)
    return replace(call.author(), role=role)


def _created(call: Call[NoQuery, JobGroupBody]) -> Response:
    group = create_group(call.runtime, call.body.title, administrator(call))
    return success(JobGroupShape.model_validate(group), "Job group created successfully", status=201)
