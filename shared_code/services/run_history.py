"""What operators see of the runs: the ledger, and the quality of what each feed last brought.

Source: Source side, "Run history, lineage, failure" and "Data-quality rules"; REST API, "Operations".
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import RowMapping

from shared_code.errors import InvalidInputError
from shared_code.services.extraction.catalogue import FEEDS
from shared_code.services.extraction.quality import age_of, is_fresh
from shared_code.services.runtime import Runtime
from shared_code.storage import feed_versions, runs

MOST_RUNS = 200


def recent_runs(runtime: Runtime, *, feed: str | None = None, limit: int = 50) -> list[RowMapping]:
    """The newest runs first; of one feed, or of all."""
    if not 1 <= limit <= MOST_RUNS:
        raise InvalidInputError(
            f"A limit of {limit} is not possible; 1 to {MOST_RUNS} is", code="VALUE_OUT_OF_RANGE", field="limit"
        )
    with runtime.database.reading() as connection:
        return runs.recent_runs(connection, feed=feed, limit=limit)


@dataclass(frozen=True, slots=True)
class SourceQuality:
    """What the last finished run of a feed's slice was worth. Shares are fractions 0–1, ages hours."""

    source: str
    slice: str
    run_id: str
    state: str
    rows: int
    completeness: Decimal | None
    threshold: Decimal
    rejected: int
    newest_at: datetime | None
    age_hours: int | None
    fresh: bool
    status: str
    error_code: str | None
    issues: tuple[dict[str, Any], ...]


def quality(runtime: Runtime) -> list[SourceQuality]:
    """The quality of every feed, by its last finished run of each kind of slice."""
    with runtime.database.reading() as connection:
        latest = runs.latest_finished(connection)
        rejects = runs.reject_summary(connection, [row["sync_run_id"] for row in latest])
        ages = _ages(runtime, feed_versions.published(connection))
    issues: dict[str, list[dict[str, Any]]] = {}
    for reject in rejects:
        issue = {"field": reject["field"], "rule": reject["reason_code"], "count": reject["rows"]}
        issues.setdefault(reject["sync_run_id"], []).append(issue)
    order = {name: position for position, name in enumerate(FEEDS)}
    threshold = runtime.settings.dq_completeness
    report = [
        _judged(row, ages.get(row["feed"], _NEVER), tuple(issues.get(row["sync_run_id"], ())), threshold)
        for row in latest
    ]
    return sorted(report, key=lambda item: (order.get(item.source, len(order)), item.slice))


@dataclass(frozen=True, slots=True)
class _Age:
    """How old the newest content of a feed is, over all of its slices; hours since its day ended, or since its read."""

    newest_at: datetime | None
    hours: int | None
    is_fresh: bool


_NEVER = _Age(None, None, is_fresh=True)
"""The age of a feed of which nothing was ever published: its runs say what is wrong, not its age."""


def _ages(runtime: Runtime, published: Iterable[RowMapping]) -> dict[str, _Age]:
    """The age of every feed: of its newest day where it brings days, otherwise of its last good read."""
    now, settings = runtime.clock.now(), runtime.settings
    days: dict[str, date] = {}
    reads: dict[str, datetime] = {}
    for row in published:
        feed, through, read_at = row["feed"], row["content_through"], row["published_at"]
        reads[feed] = max(reads.get(feed, read_at), read_at)
        if through is not None:
            days[feed] = max(days.get(feed, through), through)
    longest = timedelta(hours=settings.dq_max_age_hours)
    ages = {feed: _Age(at, _hours(now - at), now - at <= longest) for feed, at in reads.items()}
    for feed, through in days.items():
        newest_at = datetime.combine(through, time(), UTC)
        ages[feed] = _Age(newest_at, _hours(age_of(through, now)), is_fresh(through, now, settings))
    return ages


def _hours(age: timedelta) -> int:
    return max(0, int(age.total_seconds() // 3600))


def _judged(row: RowMapping, age: _Age, issues: tuple[dict[str, Any], ...], threshold: Decimal) -> SourceQuality:
    return SourceQuality(
        row["feed"],
        row["slice"],
        row["sync_run_id"],
        row["state"],
        row["rows_read"] or 0,
        row["completeness"],
        threshold,
        row["rows_rejected"] or 0,
        age.newest_at,
        age.hours,
        age.is_fresh,
        _status(row, fresh=age.is_fresh, has_issues=bool(issues)),
        row["error_code"],
        issues,
    )


def _status(row: RowMapping, *, fresh: bool, has_issues: bool) -> str:
    """`fail` when nothing was published, `warn` when something was refused or is old, else `pass`."""
    if row["state"] in {"failed", "aborted"}:
        return "fail"
    return "warn" if has_issues or not fresh else "pass"
