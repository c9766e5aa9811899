"""Runs of the data flows as operators see them: the run ledger, and the slots of jobs that keep no ledger.

Source: REST API, "Operations"; Operations, "Schedules"; Source side, "Run history, lineage, failure".
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Connection, String, Unicode, case, cast, func, literal, null, select, union_all
from sqlalchemy.sql.expression import Select, Subquery

from shared_code.sql.types import Identifier
from shared_code.storage.tables.messages import job_slots
from shared_code.storage.tables.runs import sync_runs

RUNNING = "running"
BAD_STATES = frozenset({"failed", "aborted"})


@dataclass(frozen=True, slots=True)
class FlowRun:
    """A run of a flow; `feed` None: of the whole flow. `created`, `updated` and `failed` are rows.

    `state` is `running`, `succeeded`, `unchanged`, `failed`, `aborted` or `skipped`.
    """

    flow: str
    feed: str | None
    run_id: str | None
    state: str
    started_at: datetime
    finished_at: datetime | None
    created: int
    updated: int
    failed: int
    error_code: str | None
    error_text: str | None


@dataclass(frozen=True, slots=True)
class RunFilter:
    """Which runs are wanted: of `flows`, begun from `since` until before `until`."""

    flows: Collection[str]
    since: datetime
    until: datetime


def latest_of_feeds(connection: Connection) -> list[FlowRun]:
    """Of every feed in the ledger the newest run that was not skipped."""
    was_tried = sync_runs.c.state != "skipped"
    newest = (
        select(sync_runs.c.flow, sync_runs.c.feed, func.max(sync_runs.c.started_at).label("started_at"))
        .where(was_tried)
        .group_by(sync_runs.c.flow, sync_runs.c.feed)
        .subquery("newest")
    )
    of_newest = [newest.c[name] == sync_runs.c[name] for name in ("flow", "feed", "started_at")]
    rows = connection.execute(_ledger().join(newest, of_newest[0] & of_newest[1] & of_newest[2]).where(was_tried))
    return [FlowRun(*row) for row in rows]


def latest_of_jobs(connection: Connection, flow_of_job: Mapping[str, str]) -> list[FlowRun]:
    """Of every job that keeps no ledger the newest slot that was worked on."""
    newest = (
        select(job_slots.c.job, func.max(job_slots.c.slot).label("slot"))
        .where(job_slots.c.state.not_in(("proposed", "skipped")))
        .group_by(job_slots.c.job)
        .subquery("newest")
    )
    is_newest = (newest.c.job == job_slots.c.job) & (newest.c.slot == job_slots.c.slot)
    return [FlowRun(*row) for row in connection.execute(_slots(flow_of_job).join(newest, is_newest))]


def page(
    connection: Connection, wanted: RunFilter, flow_of_job: Mapping[str, str], *, offset: int, limit: int
) -> tuple[list[FlowRun], int]:
    """Runs, the newest first, from the `offset`-th on, and how many there are in all."""
    runs = _all_runs(flow_of_job)
    chosen = (
        runs.c.flow.in_(sorted(wanted.flows)),
        runs.c.started_at >= wanted.since,
        runs.c.started_at < wanted.until,
    )
    total = connection.execute(select(func.count()).select_from(runs).where(*chosen)).scalar_one()
    columns = [runs.c[name] for name in FlowRun.__slots__]
    rows = connection.execute(
        select(*columns)
        .where(*chosen)
        .order_by(runs.c.started_at.desc(), runs.c.flow, runs.c.feed, runs.c.run_id)
        .offset(offset)
        .limit(limit)
    )
    return [FlowRun(*row) for row in rows], total


def _all_runs(flow_of_job: Mapping[str, str]) -> Subquery:
    return union_all(_ledger(), _slots(flow_of_job)).subquery("runs")


def _ledger() -> Select[Any]:
    runs = sync_runs.c
    return select(
        runs.flow.label("flow"),
        runs.feed.label("feed"),
        runs.sync_run_id.label("run_id"),
        runs.state.label("state"),
        runs.started_at.label("started_at"),
        runs.finished_at.label("finished_at"),
        func.coalesce(runs.rows_inserted, 0).label("created"),
        func.coalesce(runs.rows_updated, 0).label("updated"),
        func.coalesce(runs.rows_rejected, 0).label("failed"),
        runs.error_code.label("error_code"),
        runs.error_text.label("error_text"),
    )


def _slots(flow_of_job: Mapping[str, str]) -> Select[Any]:
    slots = job_slots.c
    none = literal(0, BigInteger())
    return select(
        case(dict(flow_of_job), value=slots.job).label("flow"),
        cast(null(), String(40)).label("feed"),
        cast(null(), Identifier()).label("run_id"),
        case({"done": "succeeded"}, value=slots.state, else_=slots.state).label("state"),
        slots.proposed_at.label("started_at"),
        slots.finished_at.label("finished_at"),
        none.label("created"),
        none.label("updated"),
        none.label("failed"),
        cast(null(), String(50)).label("error_code"),
        cast(null(), Unicode(2000)).label("error_text"),
    ).where(slots.job.in_(sorted(flow_of_job)), slots.state != "proposed")
