"""Exports from the background: how far they are, and their files.

Source: REST API, "Audit and export".
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from shared_code.api.caller import Access
from shared_code.api.envelope import Envelope, Failure, Meta, success
from shared_code.api.exports import ORGANIZATION, SITE, QueuedExport
from shared_code.api.file_answers import DESCRIBED, FILE_TYPES, answer_file
from shared_code.api.gate import Call, Demands, NoBody, NoQuery, check_accept, require_site
from shared_code.api.security_trail import note_export, note_pay_read
from shared_code.services.exports.file_formats import FORMATS
from shared_code.services.exports.jobs import ExportStatus, export_job, file_parts, require_ready, status_of
from shared_code.services.exports.request import ExportRequest

AnyCall = Call[NoQuery, NoBody]

_READERS: Final = Access("forecasting:read", "statistics:read", "payroll:read", "revenue:read")
"""Whoever may read something may have asked for an export of it."""

_READS_PAY: Final = Access("payroll:admin")


class ExportState(QueuedExport):
    """An export as it stands; `url` is the address of its file, null until it is ready."""

    url: str | None


class _FileDemands(Demands[NoQuery, NoBody]):
    """Lets every type of file pass: which one it is, the export says."""

    def answers_in(self, query: NoQuery) -> Sequence[str]:
        """The types of files."""
        return FILE_TYPES


STATE: Final = Demands(_READERS, query=NoQuery, body=NoBody)
FILE: Final = _FileDemands(_READERS, query=NoQuery, body=NoBody)


def export_jobs_router(base: str) -> APIRouter:
    """The resources of exports in the background below `base`."""
    router = APIRouter(prefix=base, tags=["exports"])

    def export_state(call: Annotated[AnyCall, Depends(STATE)]) -> Response:
        """Whether the file is there; only who asked for it finds it."""
        job = export_job(call.runtime, call.caller.user_id, call.path["exportId"])
        status = status_of(job)
        url = f"{base}/export/jobs/{job.job_id}/file" if status is ExportStatus.READY else None
        state = ExportState(export_id=job.job_id, status=status.value, url=url)
        return success(state, "Export retrieved successfully")

    router.add_api_route(
        "/export/jobs/{exportId}",
        export_state,
        methods=["GET"],
        response_model=Envelope[ExportState, Meta],
        summary="An export in the background",
    )
    router.add_api_route(
        "/export/jobs/{exportId}/file",
        export_file,
        methods=["GET"],
        response_class=Response,
        responses={200: DESCRIBED, 409: {"model": Failure, "description": "CONFLICT"}},
        summary="The file of an export that is ready",
    )
    return router


def export_file(call: Annotated[AnyCall, Depends(FILE)], request: Request) -> Response:
    """The file, while the caller may still see what is in it."""
    job = export_job(call.runtime, call.caller.user_id, call.path["exportId"])
    export = ExportRequest.of(job.parameters)
    judged = _judged_anew(call, export)
    check_accept(request, (FORMATS[export.file_format].media_type,))
    require_ready(job)
    counts = job.counts or {}
    if counts["shows_pay"]:
        call.caller.reach(_READS_PAY)
    note_export(judged, f"{export.module} {export.file_format}")
    if counts["shows_pay"]:
        note_pay_read(judged)
    parts = file_parts(call.runtime, job)
    return answer_file(parts, counts["bytes"], export.file_format, export.file_name)


def _judged_anew(call: AnyCall, export: ExportRequest) -> Call[Any, NoBody]:
    """The call as one of the export itself, with the rights of this moment. Raises as the gate does.

    What was written may show any site that was reached then: all of them must be reached now.
    """
    demands, path = (ORGANIZATION, _organization(export)) if export.site_id is None else (SITE, _site(export))
    place = demands.place(call.runtime, call.caller, path)
    if export.site_ids is None and place.scope.site_ids is not None:
        require_site(place.scope, "")
    for site_id in export.site_ids or ():
        require_site(place.scope, site_id)
    return replace(
        call, access=place.access, scope=place.scope, path=path, found_site=place.site, found_period=place.period
    )


def _organization(export: ExportRequest) -> dict[str, str]:
    """The path of an exported roll-up."""
    return {
        "organizationLevel": export.organization_level or "",
        "organizationId": export.organization_id or "",
    }


def _site(export: ExportRequest) -> dict[str, str]:
    """The path of an export of a site."""
    return {"module": export.module, "siteId": export.site_id or "", "period": export.periods[0]}
