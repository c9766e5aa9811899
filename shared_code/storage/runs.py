"""The run ledger: every run with its counts, its sources and its rejects.

Source: Source side, "Run history, lineage, failure"; Data model, "Integration and staging".
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, RowMapping, case, delete, exists, func, insert, select, update

from shared_code.sql.bulk import insert_rows
from shared_code.storage.tables.messages import resource_leases
from shared_code.storage.tables.runs import sync_rejects, sync_run_sources, sync_runs

MAX_REJECTS_KEPT = 10_000
"""Rejects of one run that are kept in full; all are counted."""


_OPEN = sync_runs.c.state == "running"
_ABANDONED = {
    "state": "failed",
    "error_code": "ABANDONED",
    "error_text": "The process ended before the run did; published data stayed as it was.",
}


@dataclass(frozen=True, slots=True)
class RunStart:
    """What is known of a run when it starts."""

    sync_run_id: str
    flow: str
    feed: str
    slice: str
    trigger_kind: str
    requested_by: str | None
    window_from: str | None
    window_to: str | None
    watermark_before: str | None
    fencing_token: int


@dataclass(frozen=True, slots=True)
class RunEnd:
    """What a run came to; counts are rows, `completeness` is a fraction 0–1."""

    state: str
    rows_read: int | None = None
    rows_accepted: int | None = None
    rows_inserted: int | None = None
    rows_updated: int | None = None
    rows_deleted: int | None = None
    rows_rejected: int | None = None
    rows_ignored: int | None = None
    completeness: Decimal | None = None
    watermark_after: str | None = None
    error_code: str | None = None
    error_text: str | None = None


@dataclass(frozen=True, slots=True)
class RunSource:
    """One read of a source: which query, with which parameters, how much, how long, and what it contained."""

    query_id: str
    query_hash: bytes
    node_alias: str
    object_name: str
    parameters: Mapping[str, Any]
    row_count: int
    duration_ms: int
    content_hash: bytes | None


@dataclass(frozen=True, slots=True)
class Reject:
    """A row that was not taken: why, which field, and the row as it was read."""

    reason_code: str
    field: str | None
    raw_row: Mapping[str, Any]
    business_key: str | None = None


def open_run(connection: Connection, start: RunStart, now: datetime) -> None:
    """Write the run down as running."""
    connection.execute(
        insert(sync_runs).values(
            sync_run_id=start.sync_run_id,
            flow=start.flow,
            feed=start.feed,
            slice=start.slice,
            trigger_kind=start.trigger_kind,
            state="running",
            window_from=start.window_from,
            window_to=start.window_to,
            started_at=now,
            watermark_before=start.watermark_before,
            fencing_token=start.fencing_token,
            requested_by=start.requested_by,
        )
    )


def close_run(connection: Connection, sync_run_id: str, end: RunEnd, now: datetime) -> None:
    """Write down what the run came to."""
    values = {name: getattr(end, name) for name in RunEnd.__slots__}
    if end.error_text is not None:
        values["error_text"] = end.error_text[:2000]
    connection.execute(
        update(sync_runs).where(sync_runs.c.sync_run_id == sync_run_id).values(finished_at=now, **values)
    )


def close_orphans(connection: Connection, feed: str, now: datetime) -> int:
    """Close what a process left open when it died; only the holder of the feed's lease may ask."""
    closed = connection.execute(
        update(sync_runs).where(_OPEN, sync_runs.c.feed == feed).values(finished_at=now, **_ABANDONED)
    )
    return closed.rowcount


def add_source(connection: Connection, sync_run_id: str, seq: int, source: RunSource) -> None:
    """Write down one read of a source."""
    connection.execute(
        insert(sync_run_sources).values(
            sync_run_id=sync_run_id,
            seq=seq,
            query_id=source.query_id,
            query_hash=source.query_hash,
            node_alias=source.node_alias,
            object_name=source.object_name,
            parameters=json.dumps(source.parameters, default=str, sort_keys=True),
            row_count=source.row_count,
            duration_ms=source.duration_ms,
            content_hash=source.content_hash,
        )
    )


def add_rejects(connection: Connection, sync_run_id: str, rejects: Sequence[Reject]) -> None:
    """Keep rejected rows as they were read."""
    insert_rows(
        connection,
        sync_rejects,
        ("sync_run_id", "business_key", "reason_code", "field", "raw_row"),
        [
            (
                sync_run_id,
                None if reject.business_key is None else reject.business_key[:200],
                reject.reason_code,
                reject.field,
                json.dumps(reject.raw_row, default=str),
            )
            for reject in rejects
        ],
    )


def discard_rejects(connection: Connection, sync_run_id: str) -> None:
    """Forget the refused rows of a run whose source has begun anew."""
    connection.execute(delete(sync_rejects).where(sync_rejects.c.sync_run_id == sync_run_id))


def refused_rows(connection: Connection, sync_run_id: str) -> list[dict[str, Any]]:
    """The rows that a run has refused, as they were read, as far as they are kept."""
    found = connection.scalars(select(sync_rejects.c.raw_row).where(sync_rejects.c.sync_run_id == sync_run_id))
    return [json.loads(raw_row) for raw_row in found]


def last_successful_rows_read(connection: Connection, feed: str, slice_: str) -> int | None:
    """Rows that the previous good run of this feed and kind of slice read; None when there was none."""
    return connection.execute(
        select(sync_runs.c.rows_read)
        .where(sync_runs.c.feed == feed, sync_runs.c.slice == slice_, sync_runs.c.state.in_(("succeeded", "unchanged")))
        .order_by(sync_runs.c.started_at.desc())
        .limit(1)
    ).scalar_one_or_none()


def has_run(connection: Connection, feed: str) -> bool:
    """Whether the feed has ever succeeded, or ended without a change."""
    return (
        connection.execute(
            select(sync_runs.c.sync_run_id)
            .where(sync_runs.c.feed == feed, sync_runs.c.state.in_(("succeeded", "unchanged")))
            .limit(1)
        ).first()
        is not None
    )


def recent_runs(connection: Connection, *, feed: str | None, limit: int) -> list[RowMapping]:
    """The newest runs first."""
    query = select(sync_runs).order_by(sync_runs.c.started_at.desc(), sync_runs.c.sync_run_id.desc()).limit(limit)
    if feed is not None:
        query = query.where(sync_runs.c.feed == feed)
    return list(connection.execute(query).mappings())


def latest_finished(connection: Connection) -> list[RowMapping]:
    """Of every feed and kind of slice the newest run that has ended on its own."""
    ended = sync_runs.c.state.in_(("succeeded", "unchanged", "failed", "aborted"))
    newest = (
        select(sync_runs.c.feed, sync_runs.c.slice, func.max(sync_runs.c.started_at).label("started_at"))
        .where(ended)
        .group_by(sync_runs.c.feed, sync_runs.c.slice)
        .subquery("newest")
    )
    return list(
        connection.execute(
            select(sync_runs)
            .join_from(
                sync_runs,
                newest,
                (newest.c.feed == sync_runs.c.feed)
                & (newest.c.slice == sync_runs.c.slice)
                & (newest.c.started_at == sync_runs.c.started_at),
            )
            .where(ended)
        ).mappings()
    )


def close_abandoned(connection: Connection, now: datetime, leases: Mapping[str, str]) -> int:
    """Close the open runs whose lease nobody holds any more: that of their feed, or the one that `leases` names."""
    lease = case(leases, value=sync_runs.c.feed, else_="feed:" + sync_runs.c.feed)
    held = (
        select(1)
        .where(resource_leases.c.resource_id == lease)
        .where(resource_leases.c.owner_id.is_not(None), resource_leases.c.expires_at > now)
    )
    closed = connection.execute(update(sync_runs).where(_OPEN, ~exists(held)).values(finished_at=now, **_ABANDONED))
    return closed.rowcount
