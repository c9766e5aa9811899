"""What the rules of alerts look at: one statement a question, whatever the number of feeds, queues and sites.

Source: Operations, "Monitoring and alerts".
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import Boolean, Connection, case, exists, func, select, type_coerce

from shared_code.sql.lists import in_list
from shared_code.storage.tables.facts import feed_versions
from shared_code.storage.tables.messages import job_slots
from shared_code.storage.tables.results import pnl_results
from shared_code.storage.tables.runs import sync_run_sources, sync_runs

GOOD_STATES = ("succeeded", "unchanged")
ENDED_STATES = (*GOOD_STATES, "failed", "aborted")

OF_SITES = " of sites"
"""What the slice of a run of named sites ends with."""


@dataclass(frozen=True, slots=True)
class EndedRun:
    """A run that has ended on its own; `position` 1 is the newest of its feed and slice.

    `slowest_ms` is its slowest read in milliseconds. `is_published`: a run of the feed and slice has succeeded before.
    """

    flow: str
    feed: str
    slice: str
    state: str
    started_at: datetime
    finished_at: datetime
    error_code: str | None
    rows_read: int | None
    position: int
    slowest_ms: int | None
    is_published: bool

    @property
    def is_good(self) -> bool:
        """Whether the run did what it was to do; a feed that never had a row is no fault."""
        never_had_rows = self.error_code == "EMPTY_FEED" and not self.rows_read and not self.is_published
        return self.state in GOOD_STATES or never_had_rows


def newest_runs(connection: Connection, since: datetime) -> list[EndedRun]:
    """The newest two runs of every feed and slice that began after `since` and have ended."""
    runs = sync_runs.c
    newest_first = func.row_number().over(
        partition_by=(runs.feed, runs.slice), order_by=(runs.started_at.desc(), runs.sync_run_id)
    )
    ranked = (
        select(sync_runs, newest_first.label("position"))
        .where(runs.started_at >= since, runs.state.in_(ENDED_STATES))
        .subquery("ranked")
    )
    slowest = (
        select(func.max(sync_run_sources.c.duration_ms))
        .where(sync_run_sources.c.sync_run_id == ranked.c.sync_run_id)
        .scalar_subquery()
    )
    published = exists(select(1).where(feed_versions.c.feed == ranked.c.feed, feed_versions.c.slice == ranked.c.slice))
    columns = [ranked.c[name] for name in EndedRun.__slots__[:-2]]
    rows = connection.execute(
        select(*columns, slowest, type_coerce(case((published, 1), else_=0), Boolean()))
        .where(ranked.c.position <= 2)
        .order_by(ranked.c.feed, ranked.c.slice, ranked.c.position)
    )
    return [EndedRun(*row) for row in rows]


def newest_error(connection: Connection, feeds: Collection[str], since: datetime) -> str | None:
    """The error of the run of `feeds` that began last, after `since`, and has ended; None when it had none."""
    runs = sync_runs.c
    error: str | None = connection.scalar(
        select(runs.error_code)
        .where(runs.started_at >= since, runs.state.in_(ENDED_STATES), in_list(runs.feed, feeds))
        .order_by(runs.started_at.desc(), runs.sync_run_id)
        .limit(1)
    )
    return error


def last_good_run(connection: Connection, feed: str) -> datetime | None:
    """When the newest run of all sites began that did what it was to do."""
    runs = sync_runs.c
    whole = (runs.feed == feed, runs.state.in_(GOOD_STATES), ~runs.slice.endswith(OF_SITES))
    found: datetime | None = connection.scalar(select(func.max(runs.started_at)).where(*whole))
    return found


def first_slot(connection: Connection, job: str) -> datetime | None:
    """The oldest slot of the job that is known."""
    found: datetime | None = connection.scalar(select(func.min(job_slots.c.slot)).where(job_slots.c.job == job))
    return found


def never_published(connection: Connection, since: datetime) -> dict[str, datetime]:
    """The feeds that have been tried after `since` and never succeeded, with their first try."""
    runs = sync_runs.c
    published = exists(select(1).where(feed_versions.c.feed == runs.feed))
    rows = connection.execute(
        select(runs.feed, func.min(runs.started_at))
        .where(runs.started_at >= since, runs.state.in_(ENDED_STATES), ~published)
        .group_by(runs.feed)
        .having(func.sum(case((runs.state.in_(GOOD_STATES), 1), else_=0)) == 0)
    )
    return {row[0]: row[1] for row in rows}


def flc_of_months(
    connection: Connection, site_ids: Collection[str], periods: Collection[str]
) -> dict[tuple[str, str], tuple[Decimal | None, Decimal | None]]:
    """FLC of the trend and of the budget in dollars, as stored, by site and month (`YYYY-MM`)."""
    results = pnl_results.c
    rows = connection.execute(
        select(
            results.site_id,
            results.period,
            func.max(case((results.scenario == "trend", results.flc))),
            func.max(case((results.scenario == "budget", results.flc))),
        )
        .where(in_list(results.site_id, site_ids), in_list(results.period, periods))
        .group_by(results.site_id, results.period)
    )
    return {(site_id, period): (trend, budget) for site_id, period, trend, budget in rows}
