"""The data flows: whether each works, when it ran last and when it runs next, and its history.

Source: REST API, "Operations"; Operations, "Schedules".
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final, Literal

from shared_code.ncrontab import Schedule
from shared_code.services.day_window import day_window
from shared_code.services.runtime import Runtime
from shared_code.services.scheduled_jobs import LIMITS
from shared_code.storage import flow_runs
from shared_code.storage.flow_runs import BAD_STATES, RUNNING, FlowRun, RunFilter
from shared_code.timetable import JOBS, schedule_of

FlowState = Literal["ok", "running", "failed", "late", "never_run"]

_IN_USE = timedelta(days=2)
"""A feed that was last tried so long before the others of its flow is not read any more."""
_USUAL_LIMIT = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class DataFlow:
    """A flow as the contract names it; `owner` is the system that its data comes from, `job` the timer's name.

    `has_ledger`: its runs are in the run ledger, feed by feed; otherwise its job's slots are all there is.
    """

    name: str
    owner: str
    job: str
    has_ledger: bool = True


FLOWS: Final = (
    DataFlow("job-code-rates", "warehouse", "sync_job_code_rates"),
    DataFlow("sites", "warehouse", "sync_sites"),
    DataFlow("users-roles", "Workday", "sync_users_roles"),
    DataFlow("budget", "warehouse", "sync_budget"),
    DataFlow("actuals-ledger", "warehouse", "sync_ledger"),
    DataFlow("actuals-daily", "warehouse", "sync_daily"),
    DataFlow("payroll", "warehouse", "sync_payroll"),
    DataFlow("pl-refresh", "forecasting", "refresh_pnl_all", has_ledger=False),
    DataFlow("trend-analysis", "forecasting", "trend_analysis", has_ledger=False),
    DataFlow("data-validation", "forecasting", "data_validation"),
)
"""The flows that are shown, in the order of the contract."""

_FLOW_OF_JOB: Final = {flow.job: flow.name for flow in FLOWS if not flow.has_ledger}


@dataclass(frozen=True, slots=True)
class LastRun:
    """What the newest run of each feed of a flow came to, taken together; counts are rows.

    `error_code` and `error_text` are those of the first feed that failed.
    """

    started_at: datetime
    finished_at: datetime | None
    created: int
    updated: int
    failed: int
    error_code: str | None
    error_text: str | None


@dataclass(frozen=True, slots=True)
class FlowStatus:
    """Whether a flow works; `schedule` is NCRONTAB in UTC, None when its timer is switched off."""

    flow: DataFlow
    schedule: str | None
    state: FlowState
    last_run: LastRun | None
    next_run: datetime | None


def flow_statuses(runtime: Runtime) -> list[FlowStatus]:
    """The state of every flow, in the order of `FLOWS`."""
    with runtime.database.reading() as connection:
        latest = [
            *flow_runs.latest_of_feeds(connection),
            *flow_runs.latest_of_jobs(connection, _FLOW_OF_JOB),
        ]
    by_flow: defaultdict[str, list[FlowRun]] = defaultdict(list)
    for run in latest:
        by_flow[run.flow].append(run)
    now = runtime.clock.now()
    return [_status(flow, by_flow[flow.name], now) for flow in FLOWS]


def flow_history(
    runtime: Runtime,
    *,
    flow: str | None = None,
    first: date | None = None,
    last: date | None = None,
    offset: int = 0,
    limit: int = 50,
) -> tuple[list[FlowRun], int]:
    """A page of the runs of `flow`, or of all, the newest first, and how many there are in all.

    `first` and `last` are days as `day_window` takes them, and raises for them.
    """
    names = [one.name for one in FLOWS] if flow is None else [flow]
    wanted = RunFilter(names, *day_window(runtime, first, last))
    with runtime.database.reading() as connection:
        return flow_runs.page(connection, wanted, _FLOW_OF_JOB, offset=offset, limit=limit)


def _status(flow: DataFlow, runs: Sequence[FlowRun], now: datetime) -> FlowStatus:
    schedule = schedule_of(flow.job) if flow.job in JOBS else None
    newest = max((run.started_at for run in runs), default=now)
    used = sorted((run for run in runs if run.started_at >= newest - _IN_USE), key=lambda run: run.started_at)
    return FlowStatus(
        flow,
        None if schedule is None else schedule.text,
        _state(flow, used, schedule, now),
        _together(used) if used else None,
        None if schedule is None else schedule.next_after(now),
    )


def _state(flow: DataFlow, runs: Sequence[FlowRun], schedule: Schedule | None, now: datetime) -> FlowState:
    if not runs:
        return "never_run"
    if any(run.state == RUNNING for run in runs):
        return "running"
    if any(run.state in BAD_STATES for run in runs):
        return "failed"
    due_by = now - LIMITS.get(flow.job, _USUAL_LIMIT)
    return "late" if schedule is not None and runs[-1].started_at < schedule.latest_at(due_by) else "ok"


def _together(runs: Sequence[FlowRun]) -> LastRun:
    ends = [run.finished_at for run in runs]
    failure = next((run for run in runs if run.state in BAD_STATES), None)
    return LastRun(
        runs[0].started_at,
        None if None in ends else max(end for end in ends if end is not None),
        sum(run.created for run in runs),
        sum(run.updated for run in runs),
        sum(run.failed for run in runs),
        failure.error_code if failure else None,
        failure.error_text if failure else None,
    )
