"""A message on its way out, and the queues and topics there are.

Source: Operations, "Messaging (Azure Service Bus, Standard tier or above)".
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

STATISTICS_UPDATE = "forecasting.statistics.update"
PAYROLL_CALCULATE = "forecasting.payroll.calculate"
PL_REFRESH = "forecasting.pl.refresh"
JOBS = "forecasting.jobs"
QUEUES = (STATISTICS_UPDATE, PAYROLL_CALCULATE, PL_REFRESH, JOBS)
"""Queues that this app works off."""

FORECASTING_EVENTS = "forecasting-events"
STATISTICS_EVENTS = "statistics-events"
TOPICS = (FORECASTING_EVENTS, STATISTICS_EVENTS)
"""Topics for those who listen; the embedded queue has no subscribers and drops their messages."""


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
