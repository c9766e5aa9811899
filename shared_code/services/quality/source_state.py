"""How much a source last brought, how complete that was, and how old its newest content is.

Source: REST API, "Operations" (GET /data-quality); Source side, "Data-quality rules" (freshness).
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Final

from sqlalchemy import Connection, RowMapping

from shared_code.domain.rounding import round_half_up
from shared_code.services.extraction.quality import age_of, is_fresh
from shared_code.services.quality.terms import IN_USE
from shared_code.services.runtime import Runtime
from shared_code.storage import feed_versions, runs

_HOUR = Decimal(3600)


@dataclass(frozen=True, slots=True)
class SourceState:
    """Rows of the last read of each kind of slice, the lowest share of complete ones, and the age in hours."""

    rows: int = 0
    completeness: Decimal | None = None
    newest_at: datetime | None = None
    age_hours: Decimal | None = None
    is_fresh: bool = True


NEVER_READ: Final = SourceState()
"""A source of which nothing was ever published: its runs say what is wrong, not its age."""


def source_states(runtime: Runtime, connection: Connection, feeds: Collection[str]) -> dict[str, SourceState]:
    """The state of every feed; `NEVER_READ` for one that has not been read."""
    since = runtime.clock.now() - IN_USE
    newest = [row for row in runs.latest_finished(connection) if row["started_at"] >= since]
    ages = _ages(runtime, feed_versions.published(connection))
    return {feed: _state([row for row in newest if row["feed"] == feed], ages.get(feed, NEVER_READ)) for feed in feeds}


def _state(newest: Collection[RowMapping], age: SourceState) -> SourceState:
    shares = [row["completeness"] for row in newest if row["completeness"] is not None]
    return SourceState(
        sum(row["rows_read"] or 0 for row in newest),
        min(shares, default=None),
        age.newest_at,
        age.age_hours,
        age.is_fresh,
    )


def _ages(runtime: Runtime, published: Iterable[RowMapping]) -> Mapping[str, SourceState]:
    """The age of every feed: of its newest day where it brings days, otherwise of its last good read."""
    now, settings = runtime.clock.now(), runtime.settings
    longest = timedelta(hours=settings.dq_max_age_hours)
    ages: dict[str, SourceState] = {}
    days: dict[str, date] = {}
    reads: dict[str, datetime] = {}
    for row in published:
        feed, through, read_at = row["feed"], row["content_through"], row["published_at"]
        reads[feed] = max(reads.get(feed, read_at), read_at)
        if through is not None:
            days[feed] = max(days.get(feed, through), through)
    for feed, read_at in reads.items():
        if feed in days:
            newest = datetime.combine(days[feed], time(), UTC)
            ages[feed] = _aged(newest, age_of(days[feed], now), fresh=is_fresh(days[feed], now, settings))
        else:
            ages[feed] = _aged(read_at, now - read_at, fresh=now - read_at <= longest)
    return ages


def _aged(newest_at: datetime, age: timedelta, *, fresh: bool) -> SourceState:
    seconds = Decimal(max(0, age // timedelta(seconds=1)))
    return SourceState(newest_at=newest_at, age_hours=round_half_up(seconds / _HOUR, 2), is_fresh=fresh)


__all__ = ["NEVER_READ", "SourceState", "source_states"]
