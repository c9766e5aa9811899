"""How old the figures are: when each kind of source was last read.

Source: REST API, "Envelope" and "Caching and freshness".
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import RowMapping

from shared_code.services.runtime import Runtime
from shared_code.storage import feed_versions

FEEDS_OF_KIND: Final[Mapping[str, frozenset[str]]] = {
    "budget": frozenset({"budget", "budget_payroll", "budget_api"}),
    "actual": frozenset({"ledger", "daily_revenue", "parking_rates_actual", "paid_hours"}),
    "schedule": frozenset({"shifts", "schedule_cost"}),
}
"""The feeds that bring the figures of each kind. Contracts come from no feed."""


STALE_SOURCE: Final = "STALE_SOURCE"
STALE_MESSAGE: Final = "Some figures are older than a day: find out in the runs why their source was not read since."
"""What is told while a source lags."""


@dataclass(frozen=True, slots=True)
class SourceAge:
    """When the feeds of each kind were last read, of several the one longest ago; None where none ever was.

    `stale` says that one of them is older than the freshness rule allows, or brought only old content.
    """

    budget: datetime | None
    actual: datetime | None
    schedule: datetime | None
    stale: bool


def source_age(runtime: Runtime) -> SourceAge:
    """The age of what is published now.

    Source: REST API, "Caching and freshness".
    """
    latest = _latest(runtime)
    read_at: dict[str, datetime | None] = {}
    for kind, feeds in FEEDS_OF_KIND.items():
        read_at[kind] = min((latest[feed]["as_of"] for feed in feeds if feed in latest), default=None)
    oldest = runtime.clock.now() - timedelta(hours=runtime.settings.dq_max_age_hours)
    shown = _shown(latest)
    return SourceAge(
        read_at["budget"],
        read_at["actual"],
        read_at["schedule"],
        stale=any(row["as_of"] < oldest or row["status"] == "stale" for row in shown),
    )


def seconds_until_stale(runtime: Runtime, at_most: int) -> int:
    """Whole seconds, `at_most` so many, for which nothing that is published becomes older than the rule allows."""
    allowed, now = timedelta(hours=runtime.settings.dq_max_age_hours), runtime.clock.now()
    left = [row["as_of"] + allowed - now for row in _shown(_latest(runtime))]
    return min((int(time.total_seconds()) for time in left if time >= timedelta(0)), default=at_most)


def _latest(runtime: Runtime) -> dict[str, RowMapping]:
    """What was published last of each feed."""
    with runtime.database.reading() as connection:
        published = feed_versions.published(connection)
    return {row["feed"]: row for row in sorted(published, key=lambda row: row["as_of"])}


def _shown(latest: Mapping[str, RowMapping]) -> list[RowMapping]:
    """The feeds whose age shows."""
    return [latest[feed] for feeds in FEEDS_OF_KIND.values() for feed in feeds if feed in latest]
