"""What is published of each feed: by which run, through which day, with which content.

Source: Data model, "Where the data lives" and "Published source facts".
"""

from collections.abc import Iterable
from datetime import date
from typing import Final

from sqlalchemy import Connection, RowMapping, insert, select, update

from shared_code.storage.publication import RunStamp
from shared_code.storage.tables.facts import feed_versions

BUDGET_FEEDS: Final = ("budget", "budget_api")
"""The feeds that bring balances of the budget, a year at a time."""


def watermark(connection: Connection, feed: str, slice_: str) -> str | None:
    """How far the last good read of this kind went; None for a feed that is read by window."""
    return connection.execute(
        select(feed_versions.c.watermark).where(feed_versions.c.feed == feed, feed_versions.c.slice == slice_)
    ).scalar_one_or_none()


def record(
    connection: Connection,
    *,
    feed: str,
    slice_: str,
    run: RunStamp,
    row_count: int,
    content_through: date | None,
    content_hash: bytes,
    watermark: str | None,
    status: str,
) -> None:
    """Write down what is published now; belongs into the publishing transaction."""
    values = {
        "sync_run_id": run.sync_run_id,
        "as_of": run.loaded_at,
        "content_through": content_through,
        "row_count": row_count,
        "content_hash": content_hash,
        "watermark": watermark,
        "status": status,
        "published_at": run.loaded_at,
    }
    known = connection.execute(
        update(feed_versions).where(feed_versions.c.feed == feed, feed_versions.c.slice == slice_).values(**values)
    )
    if known.rowcount == 0:
        connection.execute(insert(feed_versions).values(feed=feed, slice=slice_, **values))


def budget_years(connection: Connection, years: Iterable[int]) -> set[int]:
    """Those of `years` whose budget has been read, if only to find that there is none yet."""
    slice_of = {f"year-{year}": year for year in years}
    found = connection.scalars(
        select(feed_versions.c.slice)
        .where(feed_versions.c.feed.in_(BUDGET_FEEDS), feed_versions.c.slice.in_(slice_of))
        .distinct()
    )
    return {slice_of[name] for name in found}


def published(connection: Connection) -> list[RowMapping]:
    """Every slice of every feed that has been published."""
    return list(
        connection.execute(select(feed_versions).order_by(feed_versions.c.feed, feed_versions.c.slice)).mappings()
    )
