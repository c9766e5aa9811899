"""Staged rows: how they are changed, and how long they are kept.

Source: Data model, "Retention and archive"; Operations, "Operational database".
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, delete, func, insert, or_, select

from shared_code.storage.tables.runs import sync_runs

GOOD_RUNS_KEPT = 3
GOOD_RUNS_AGE = timedelta(days=14)
OTHER_RUNS_AGE = timedelta(days=30)


def discard(connection: Connection, staging: Table, sync_run_id: str) -> None:
    """Remove what a run has staged so far: its source has begun anew."""
    connection.execute(delete(staging).where(staging.c.sync_run_id == sync_run_id))


def restage(
    connection: Connection,
    staging: Table,
    sync_run_id: str,
    which: ColumnElement[bool],
    values: Mapping[str, ColumnElement[Any]],
) -> int:
    """Put rows with other `values` in the place of the staged ones that satisfy `which`; returns how many.

    The app may insert and delete staged rows, but not update them.
    """
    run = staging.c.sync_run_id == sync_run_id
    last = connection.execute(select(func.max(staging.c.row_no)).where(run)).scalar_one() or 0
    renewed = {"row_no": staging.c.row_no + last, **values}
    columns = [renewed.get(column.name, column) for column in staging.c]
    written = connection.execute(
        insert(staging).from_select(staging.c.keys(), select(*columns).where(run, which, staging.c.row_no <= last))
    )
    connection.execute(delete(staging).where(run, which, staging.c.row_no <= last))
    return written.rowcount


def tidy(connection: Connection, staging: Table, feed: str, now: datetime) -> int:
    """Remove the staged rows of `feed` whose time is over; returns how many."""
    return connection.execute(delete(staging).where(overdue(staging, now, sync_runs.c.feed == feed))).rowcount


def overdue(staging: Table, now: datetime, *runs: ColumnElement[bool]) -> ColumnElement[bool]:
    """The rows of a staging table whose time is over; `runs` narrows down the runs that are looked at."""
    is_good = sync_runs.c.state.in_(("succeeded", "unchanged"))
    place = func.row_number().over(partition_by=sync_runs.c.feed, order_by=sync_runs.c.started_at.desc())
    good = (
        select(sync_runs.c.sync_run_id, place.label("place"))
        .where(is_good, sync_runs.c.started_at > now - GOOD_RUNS_AGE, *runs)
        .subquery("good")
    )
    others = select(sync_runs.c.sync_run_id).where(~is_good, sync_runs.c.started_at > now - OTHER_RUNS_AGE, *runs)
    return ~or_(
        staging.c.sync_run_id.in_(select(good.c.sync_run_id).where(good.c.place <= GOOD_RUNS_KEPT)),
        staging.c.sync_run_id.in_(others),
    )
