"""A message on its way out, and the queues and topics there are.

Source: Operations, "Messaging (Azure Service Bus, Standard tier or above)".
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

STATISTICS_UPDATE = "forecasting.statistics.update"
PAYROLL_CALCULATE = "forecasting.payroll.calculate"
PL_REFRESH = "forecasting.pl.refresh"
UNIT_ACCOUNTS = "forecasting.unit-accounts"
JOBS = "forecasting.jobs"
QUEUES = (STATISTICS_UPDATE, PAYROLL_CALCULATE, PL_REFRESH, UNIT_ACCOUNTS, JOBS)
"""Queues that this app works off."""

FORECASTING_EVENTS = "forecasting-events"
STATISTICS_EVENTS = "statistics-events"
TOPICS = (FORECASTING_EVENTS, STATISTICS_EVENTS)
"""Topics for those who listen."""

DAYS_TO_LIVE: Final = {FORECASTING_EVENTS: 7, STATISTICS_EVENTS: 3}
"""Days that a topic's message waits for a subscriber; in a queue it is one."""


@dataclass(frozen=True, slots=True)
class Subscription:
    """A part of a topic's messages: those with this `subject` (None: any) and these `properties`.

    Without sessions every message may be worked off at once.
    """

    topic: str
    name: str
    has_sessions: bool = True
    subject: str | None = None
    properties: tuple[tuple[str, str], ...] = ()

    @property
    def source(self) -> str:
        """Where a consumer finds its messages, as dead letters name it."""
        return f"{self.topic}/{self.name}"

    def wants(self, subject: str, properties: Mapping[str, Any]) -> bool:
        """Whether a message belongs to the subscription."""
        if self.subject is not None and subject != self.subject:
            return False
        return all(properties.get(name) == value for name, value in self.properties)


ALERTS = Subscription(
    FORECASTING_EVENTS, "alerts", has_sessions=False, subject="PLViewRefreshed", properties=(("severity", "high"),)
)
TREND = Subscription(STATISTICS_EVENTS, "trend")
SUBSCRIPTIONS = (ALERTS, TREND)
"""Subscriptions that this app works off; `reporting` is for readers outside the product."""


@dataclass(frozen=True, slots=True)
class Message:
    """What goes to a queue or topic. `dedup_id` makes two messages the same one; order holds within a session."""

    destination: str
    subject: str
    session_id: str
    dedup_id: str
    payload: Mapping[str, Any]
    properties: Mapping[str, Any] = field(default_factory=dict)
    not_before: datetime | None = None
