"""States of alerts: raised when a rule begins to hold for a subject, cleared when it holds no longer.

Source: Data model, "Audit, messages, leases, cache"; Operations, "Monitoring and alerts".
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select, update

from shared_code.json_text import json_bytes
from shared_code.storage.tables.alerts import alert_states

RAISED, CLEARED = "raised", "cleared"


@dataclass(frozen=True, slots=True)
class AlertState:
    """Whether a rule holds for a subject, since when, and when somebody was last told."""

    rule: str
    subject: str
    state: str
    since: datetime
    last_notified_at: datetime | None


def states(connection: Connection, rule: str | None = None) -> list[AlertState]:
    """All states, or those of one rule, by rule and subject."""
    table = alert_states
    statement = select(*[table.c[name] for name in AlertState.__slots__]).order_by(table.c.rule, table.c.subject)
    if rule is not None:
        statement = statement.where(table.c.rule == rule)
    return [AlertState(*row) for row in connection.execute(statement)]


def enter(
    connection: Connection, rule: str, subject: str, *, holds: bool, details: Mapping[str, Any], now: datetime
) -> bool:
    """Write down whether `rule` holds for `subject`; `since` stays while that does not change. True: it changed.

    A subject for which a rule never held has no row.
    """
    table = alert_states
    key = (table.c.rule == rule, table.c.subject == subject[:200])
    text = json_bytes(details).decode()
    wanted = RAISED if holds else CLEARED
    known = connection.execute(select(table.c.state).where(*key)).scalar()
    if known is None:
        if holds:
            values = {"rule": rule, "subject": subject[:200], "state": wanted, "since": now, "details": text}
            connection.execute(insert(table).values(values))
        return holds
    changed: bool = known != wanted
    moved = {"state": wanted, "since": now, "last_notified_at": None} if changed else {}
    if changed or holds:
        connection.execute(update(table).where(*key).values(details=text, **moved))
    return changed


def mark_notified(connection: Connection, rule: str, subject: str, now: datetime) -> None:
    """Somebody has been told of the alert."""
    table = alert_states
    connection.execute(
        update(table).where(table.c.rule == rule, table.c.subject == subject).values(last_notified_at=now)
    )
