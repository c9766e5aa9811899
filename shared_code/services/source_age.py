"""How old the figures are: when each kind of source was last read.

Source: REST API, "Envelope" and "Caching and freshness".
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from shared_code.services.runtime import Runtime
from shared_code.storage import feed_versions

FEEDS_OF_KIND: Final[Mapping[str, frozenset[str]]] = {
    "budget": frozenset({"budget", "budget_payroll", "budget_api"}),
    "actual": frozenset({"ledger", "daily_revenue", "parking_rates_actual", "paid_hours"}),
    "schedule": frozenset({"shifts", "schedule_cost"}),
}
"""The feeds that bring the figures of each kind. Contracts come from no feed."""


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
    with runtime.database.reading() as connection:
        published = feed_versions.published(connection)
    latest = {row["feed"]: row for row in sorted(published, key=lambda row: row["as_of"])}
    read_at: dict[str, datetime | None] = {}
    for kind, feeds in FEEDS_OF_KIND.items():
        read_at[kind] = min((latest[feed]["as_of"] for feed in feeds if feed in latest), default=None)
    oldest = runtime.clock.now() - timedelta(hours=runtime.settings.dq_max_age_hours)
    shown = [latest[feed] for feeds in FEEDS_OF_KIND.values() for feed in feeds if feed in latest]
    return SourceAge(
        read_at["budget"],
        read_at["actual"],
        read_at["schedule"],
        stale=any(row["as_of"] < oldest or row["status"] == "stale" for row in shown),
    )
