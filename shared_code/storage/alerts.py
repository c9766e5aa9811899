"""States of alerts: raised when a rule holds for a subject, cleared when it holds no longer.

Source: Data model, "Audit, messages, leases, cache"; Operations, "Monitoring and alerts".
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, insert, or_, select, update

from shared_code.json_text import json_bytes
from shared_code.sql.bulk import insert_rows
from shared_code.sql.lists import in_list
from shared_code.storage.tables.alerts import alert_states

RAISED, CLEARED = "raised", "cleared"
LONGEST_SUBJECT = 200

HOLDING_SINCE = "holdingSince"
"""Member of the details of a state that is going to be raised if its rule holds for long enough."""

RAISED_SINCE = "raisedSince"
"""Member of the details of a state that has been cleared, while somebody who was told of it does not know that yet."""


@dataclass(frozen=True, slots=True)
class AlertState:
    """Whether a rule holds for a subject, since when, when somebody was last told, and what is known of it."""

    rule: str
    subject: str
    state: str
    since: datetime
    last_notified_at: datetime | None
    details: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_raised(self) -> bool:
        """Whether the rule holds."""
        return self.state == RAISED


def states(connection: Connection, rule: str | None = None, *, raised_only: bool = False) -> list[AlertState]:
    """All states, or those of one rule, by rule and subject."""
    table = alert_states
    statement = select(*[table.c[name] for name in AlertState.__slots__]).order_by(table.c.rule, table.c.subject)
    if rule is not None:
        statement = statement.where(table.c.rule == rule)
    if raised_only:
        statement = statement.where(table.c.state == RAISED)
    return _read(connection.execute(statement))


def states_to_judge(connection: Connection, told_since: datetime) -> list[AlertState]:
    """The states that the next judgement depends on: raised, about to be, told since then, or with an untold end."""
    table = alert_states
    matters = or_(
        table.c.state == RAISED,
        table.c.last_notified_at >= told_since,
        table.c.details.contains(f'"{HOLDING_SINCE}"'),
        table.c.details.contains(f'"{RAISED_SINCE}"'),
    )
    chosen = select(*[table.c[name] for name in AlertState.__slots__]).where(matters)
    return _read(connection.execute(chosen))


def store(connection: Connection, changed: Sequence[AlertState]) -> None:
    """Write states down, each the only one of its rule and subject: one statement for those that are known already."""
    if not changed:
        return
    table = alert_states
    rows = [
        (one.rule, one.subject[:LONGEST_SUBJECT], one.state, one.since, one.last_notified_at, _text(one.details))
        for one in changed
    ]
    names = AlertState.__slots__
    found = select(table.c.rule, table.c.subject).where(in_list(table.c.subject, {row[1] for row in rows}))
    known = {(row.rule, row.subject) for row in connection.execute(found)}
    later = [dict(zip([f"new_{name}" for name in names], row, strict=True)) for row in rows if row[:2] in known]
    if later:
        of_row = (table.c.rule == bindparam("new_rule"), table.c.subject == bindparam("new_subject"))
        values: dict[str, Any] = {name: bindparam(f"new_{name}") for name in names[2:]}
        connection.execute(update(table).where(*of_row).values(values), later)
    insert_rows(connection, table, names, [row for row in rows if row[:2] not in known])


def enter(
    connection: Connection, rule: str, subject: str, *, holds: bool, details: Mapping[str, Any], now: datetime
) -> bool:
    """Write down whether `rule` holds for `subject`; `since` stays while that does not change. True: it changed.

    A subject for which a rule never held has no row. When somebody was last told is remembered: the same alert, raised
    again soon, is told once.
    """
    table = alert_states
    key = (table.c.rule == rule, table.c.subject == subject[:LONGEST_SUBJECT])
    wanted = RAISED if holds else CLEARED
    known = connection.execute(select(table.c.state).where(*key)).scalar()
    if known is None:
        if holds:
            values = {"rule": rule, "subject": subject[:LONGEST_SUBJECT], "state": wanted, "since": now}
            connection.execute(insert(table).values(**values, details=_text(details)))
        return holds
    changed: bool = known != wanted
    moved = {"state": wanted, "since": now} if changed else {}
    if changed or holds:
        connection.execute(update(table).where(*key).values(details=_text(details), **moved))
    return changed


def _read(rows: Iterable[Any]) -> list[AlertState]:
    return [replace(AlertState(*row), details=json.loads(row.details)) for row in rows]


def _text(details: Mapping[str, Any]) -> str:
    return json_bytes(details).decode()
