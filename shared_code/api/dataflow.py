"""The data flows, for administrators and services.

Source: REST API, "Operations".
"""

from datetime import datetime
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Depends
from pydantic import Field
from starlette.responses import Response

from shared_code.api.caller import Access
from shared_code.api.envelope import CamelModel, Envelope, Meta, success
from shared_code.api.fields import Day
from shared_code.api.gate import Call, Demands, NoBody, NoQuery
from shared_code.api.paging import PageQuery
from shared_code.services.data_flows import FlowState, FlowStatus, LastRun, flow_history, flow_statuses
from shared_code.storage.flow_runs import FlowRun

FlowName = Literal[
    "job-code-rates", "sites", "users-roles", "budget", "actuals-ledger", "actuals-daily", "payroll", "pl-refresh",
    "trend-analysis", "data-validation",
]  # fmt: skip


class FlowErrorShape(CamelModel):
    """Why a run failed: a code and a sentence."""

    code: str
    message: str


class RunShape(CamelModel):
    """A run; `created`, `updated` and `failed` are rows."""

    started_at: datetime
    finished_at: datetime | None
    created: int
    updated: int
    failed: int
    error: FlowErrorShape | None


class FlowShape(CamelModel):
    """A flow; `schedule` is NCRONTAB in UTC (second first), null when its timer is switched off."""

    name: FlowName
    owner: str
    schedule: str | None
    status: FlowState
    last_run: RunShape | None
    next_run: datetime | None


class FlowsShape(CamelModel):
    """All flows, in the order of the contract."""

    flows: list[FlowShape]


class HistoricRunShape(RunShape):
    """A run of one feed of a flow; `feed` and `runId` are null where the flow keeps no ledger."""

    flow: FlowName
    feed: str | None
    run_id: str | None
    status: Literal["running", "succeeded", "unchanged", "failed", "aborted", "skipped"]


class RunsQuery(PageQuery):
    """Which runs are wanted; the days are those of the company's time zone, both included."""

    flow: FlowName | None = None
    first: Day | None = Field(None, alias="from")
    last: Day | None = Field(None, alias="to")


_READERS: Final = Access(roles=("forecasting_admin", "service"))
STATUS: Final = Demands(_READERS, query=NoQuery, body=NoBody)
RUNS: Final = Demands(_READERS, query=RunsQuery, body=NoBody)


def dataflow_router(base: str) -> APIRouter:
    """The resources of the data flows below `base`."""
    router = APIRouter(prefix=base, tags=["operations"])
    router.add_api_route(
        "/dataflow/status",
        dataflow_status,
        methods=["GET"],
        response_model=Envelope[FlowsShape, Meta],
        summary="Whether the data flows work",
    )
    router.add_api_route(
        "/dataflow/runs",
        dataflow_runs,
        methods=["GET"],
        response_model=Envelope[list[HistoricRunShape], Meta],
        summary="Runs of the data flows, the newest first",
    )
    return router


def dataflow_status(call: Annotated[Call[NoQuery, NoBody], Depends(STATUS)]) -> Response:
    """A flow that is late has not begun although its schedule and its limit have passed."""
    flows = [_flow(status) for status in flow_statuses(call.runtime)]
    return success(FlowsShape(flows=flows), "Data flows retrieved successfully")


def dataflow_runs(call: Annotated[Call[RunsQuery, NoBody], Depends(RUNS)]) -> Response:
    """The last 30 days by default."""
    query = call.query
    found, total = flow_history(
        call.runtime, flow=query.flow, first=query.first, last=query.last, offset=query.offset, limit=query.limit
    )
    return success([_historic(run) for run in found], "Runs retrieved successfully", meta=query.meta(total))


def _flow(status: FlowStatus) -> FlowShape:
    return FlowShape.model_validate(
        {
            "name": status.flow.name,
            "owner": status.flow.owner,
            "schedule": status.schedule,
            "status": status.state,
            "last_run": None if status.last_run is None else RunShape(**_members(status.last_run)),
            "next_run": status.next_run,
        }
    )


def _historic(run: FlowRun) -> HistoricRunShape:
    own = {"flow": run.flow, "feed": run.feed, "run_id": run.run_id, "status": run.state}
    return HistoricRunShape.model_validate({**own, **_members(run)})


def _members(run: LastRun | FlowRun) -> dict[str, object]:
    code, text = run.error_code, run.error_text
    return {
        "started_at": run.started_at,
        "finished_at": run.finished_at,
        "created": run.created,
        "updated": run.updated,
        "failed": run.failed,
        "error": None if code is None else FlowErrorShape(code=code, message=text or "The run failed."),
    }
