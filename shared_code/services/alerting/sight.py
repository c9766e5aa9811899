"""What one evaluation of the rules sees: facts of one moment, each read once, however many rules ask for it.

Source: Operations, "Monitoring and alerts".
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Final

from sqlalchemy import Connection, RowMapping

from shared_code.services.dead_letters import count_by_queue
from shared_code.services.runtime import Runtime
from shared_code.services.waiting_messages import oldest_waiting
from shared_code.storage import alert_facts, feed_versions, message_ages
from shared_code.storage.alert_facts import EndedRun
from shared_code.storage.alerts import AlertState

RUNS_OF: Final = timedelta(days=3)
"""How far back runs are looked at: two runs of a daily feed, and a stretch loaded by hand until it is forgotten."""


@dataclass(frozen=True)
class Sight:
    """The present as one evaluation sees it; `raised` are the alerts that are raised now."""

    runtime: Runtime
    connection: Connection
    now: datetime
    raised: Sequence[AlertState] = ()

    def raised_by(self, rule: str) -> list[AlertState]:
        """The alerts of `rule` that are raised now."""
        return [state for state in self.raised if state.rule == rule]

    @cached_property
    def newest_runs(self) -> Sequence[EndedRun]:
        """The newest two runs of every feed and slice."""
        return alert_facts.newest_runs(self.connection, self.now - RUNS_OF)

    @cached_property
    def published(self) -> Sequence[RowMapping]:
        """What is published of every slice of every feed."""
        return feed_versions.published(self.connection)

    @cached_property
    def dead_letters(self) -> Mapping[str, int]:
        """Dead letters and messages that were set aside, neither replayed nor removed, by queue."""
        return count_by_queue(self.runtime, self.connection)

    @cached_property
    def oldest_queued(self) -> Mapping[str, datetime]:
        """Since when the oldest message waits, by queue."""
        return oldest_waiting(self.runtime, self.connection, self.now)

    @cached_property
    def unsent(self) -> tuple[int, datetime | None]:
        """How many messages wait in the outbox, and when the oldest was written."""
        return message_ages.unsent(self.connection, self.now)
