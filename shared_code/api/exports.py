"""Exports: the answer of a GET as a file, at once or, when it is long, from the background.

Source: REST API, "Audit and export".
"""

from collections.abc import Collection, Mapping, Sequence
from os import SEEK_END
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Depends
from starlette.responses import Response

from shared_code.api import other_expenses, parking_rates, payroll, pl_rollup, pl_view, revenue_other, statistics
from shared_code.api.caller import Access
from shared_code.api.envelope import CamelModel, Envelope, Meta, success
from shared_code.api.errors import refusal, shown_value
from shared_code.api.export_queries import (
    QUERIES,
    SITE_EXPORT_QUERY,
    FormatQuery,
    PayrollExportQuery,
    RollupExportQuery,
    filters_of,
    options_of,
)
from shared_code.api.file_answers import DESCRIBED, answer_file, parts_of
from shared_code.api.gate import Call, Demands, NoBody
from shared_code.api.month_windows import MonthsQuery, month_window
from shared_code.api.security_trail import note_export, note_pay_read
from shared_code.services.exports import jobs
from shared_code.services.exports.building import ROLLUP, build_export
from shared_code.services.exports.file_formats import FORMATS, write_file
from shared_code.services.exports.request import ExportRequest
from shared_code.services.periods import Period, PeriodType

AnyCall = Call[Any, NoBody]

READS: Final[Mapping[str, Demands[Any, NoBody]]] = {
    "statistics": statistics.READ,
    "payroll": payroll.READ,
    "parking-rates": parking_rates.READ,
    "other-revenue": revenue_other.READ,
    "other-expenses": other_expenses.READ,
    "pl-view": pl_view.READ,
}
"""What the exported GET of each module of a site demands: an export demands the same."""


class QueuedExport(CamelModel):
    """An export that is to follow."""

    export_id: str
    status: Literal["pending", "ready", "failed"]


class _ExportDemands(Demands[FormatQuery, NoBody]):
    """Asks what the exported GET asks, and answers with a file of the format named."""

    def answers_in(self, query: FormatQuery) -> Sequence[str]:
        """The type of the file."""
        return (FORMATS[query.format].media_type,)


class _SiteExportDemands(_ExportDemands):
    """The demands of an export whose module stands in the path."""

    def query_of(self, path: Mapping[str, str]) -> type[FormatQuery]:
        """The query of the module."""
        return QUERIES[path["module"]]

    def forms_of(self, path: Mapping[str, str]) -> Collection[PeriodType]:
        """The forms that the module has."""
        return READS[path["module"]].forms


def _access(path: Mapping[str, str]) -> Access:
    """The right to the module; one that there is not is no resource."""
    if path["module"] not in READS:
        details = {"providedValue": shown_value(path["module"]), "accepted": list(READS)}
        raise refusal("NOT_FOUND", "There is no such module to export.", "module", details=details)
    return READS[path["module"]].access(path)


SITE: Final = _SiteExportDemands(_access, query=SITE_EXPORT_QUERY, body=NoBody)
ORGANIZATION: Final = _ExportDemands(pl_rollup.READ.access, query=RollupExportQuery, body=NoBody)


def exports_router(base: str) -> APIRouter:
    """The resources of exports below `base`."""
    router = APIRouter(prefix=base, tags=["exports"])
    queued = {"model": Envelope[QueuedExport, Meta], "description": "More than 10,000 rows: the file is to follow"}
    for path, endpoint, summary in (
        ("/export/{module}/{siteId}/{period}", export_site, "A module of a site as a file"),
        ("/export/rollup/{organizationLevel}/{organizationId}", export_organization, "The P&L of an organization"),
    ):
        router.add_api_route(
            path,
            endpoint,
            methods=["GET"],
            response_class=Response,
            responses={200: DESCRIBED, 202: queued},
            summary=summary,
        )
    return router


def export_site(call: Annotated[AnyCall, Depends(SITE)]) -> Response:
    """The figures of the GET of the same name, for the same query."""
    query, period = call.query, call.period
    if isinstance(query, PayrollExportQuery):
        payroll.check_granularity(query.granularity, period)
    several = isinstance(query, MonthsQuery)
    periods = month_window(period, query.months, call.site.business_date) if several else [period]
    return _exported(call, call.path["module"], periods)


def export_organization(call: Annotated[AnyCall, Depends(ORGANIZATION)]) -> Response:
    """The current year by default, over the sites that the caller sees."""
    return _exported(call, ROLLUP, [pl_rollup.period_of(call.query, call.runtime)])


def _exported(call: AnyCall, module: str, periods: Sequence[Period]) -> Response:
    """The file, written down before it leaves; a long one is entered for the background."""
    query, runtime = call.query, call.runtime
    request = _request(call, module, periods)
    document = build_export(runtime, request)
    if document.row_count > jobs.MOST_ROWS_AT_ONCE:
        note_export(call, f"{module} {query.format}")
        queued = QueuedExport(export_id=jobs.queue_export(runtime, request), status="pending")
        return success(queued, "Export queued successfully", status=202)
    file = write_file(document, query.format)
    note_export(call, f"{module} {query.format}")
    if document.shows_pay:
        note_pay_read(call)
    size = file.seek(0, SEEK_END)
    file.seek(0)
    return answer_file(parts_of(file), size, query.format, request.file_name)


def _request(call: AnyCall, module: str, periods: Sequence[Period]) -> ExportRequest:
    return ExportRequest(
        module,
        call.query.format,
        call.caller.user_id,
        tuple(period.text for period in periods),
        site_id=None if call.found_site is None else call.found_site.site_id,
        organization_level=call.path.get("organizationLevel"),
        organization_id=call.path.get("organizationId"),
        options=options_of(call.query),
        filters=filters_of(call.query),
        reads_pay=call.caller.reads_pay,
        site_ids=_reached(call),
    )


def _reached(call: AnyCall) -> tuple[str, ...] | None:
    """The sites that the export may show; None for all."""
    if call.found_site is not None:
        return (call.found_site.site_id,)
    return None if call.scope.site_ids is None else tuple(sorted(call.scope.site_ids))
