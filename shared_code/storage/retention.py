"""What is deleted when its time is over: one rule a table, worked off in batches.

Rows of the node migration stay for good.

Source: Data model, "Retention and archive".
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, Connection, Delete, Table, delete, exists, func, select, tuple_

from shared_code.storage import archiving
from shared_code.storage.ages import by_moment, by_parent, months_before
from shared_code.storage.ended_sites import Due, agreed_with_ended_sites
from shared_code.storage.staged_rows import overdue
from shared_code.storage.tables.archive import ARCHIVES
from shared_code.storage.tables.base import STAGING, metadata
from shared_code.storage.tables.idempotency import idempotency_keys
from shared_code.storage.tables.messages import job_slots, outbox_messages, poison_messages, processed_messages
from shared_code.storage.tables.runs import sync_rejects, sync_runs
from shared_code.storage.tables.trends import trend_results

BATCH_ROWS = 10_000

MESSAGE_AGE: Final = timedelta(days=14)
"""Longer than any message can live."""

POISON_AGE: Final = timedelta(days=90)
TREND_MONTHS = 36


@dataclass(frozen=True, slots=True)
class RetentionRule:
    """The rows of `table` that are deleted."""

    table: Table
    due: Due


def _older(table: Table, column: str, age: timedelta) -> RetentionRule:
    """Rows whose moment `column` lies further back than `age`; a null is no moment."""
    return RetentionRule(table, lambda now: table.c[column] < now - age)


def _staged(table: Table) -> RetentionRule:
    return RetentionRule(table, lambda now: overdue(table, now))


def _archived(rule: archiving.ArchiveRule) -> RetentionRule:
    return RetentionRule(ARCHIVES[rule.table], lambda now: rule.outlived(now.date()))


def _old_slots(now: datetime) -> ColumnElement[bool]:
    """Not the last slot of a job, however old: without it, it would be proposed anew."""
    later = job_slots.alias("later")
    is_last = ~exists(select(1).where(later.c.job == job_slots.c.job, later.c.slot > job_slots.c.slot))
    return (job_slots.c.proposed_at < now - MESSAGE_AGE) & ~is_last


_of_old_run = by_parent(sync_runs, "sync_run_id", by_moment("started_at"))

RULES: Final = (
    *[_staged(table) for table in metadata.sorted_tables if table.schema == STAGING],
    RetentionRule(sync_rejects, lambda now: _of_old_run(sync_rejects, archiving.old_runs(now.date()))),
    _older(outbox_messages, "sent_at", MESSAGE_AGE),
    _older(processed_messages, "processed_at", MESSAGE_AGE),
    RetentionRule(job_slots, _old_slots),
    _older(poison_messages, "stored_at", POISON_AGE),
    _older(idempotency_keys, "expires_at", timedelta()),
    RetentionRule(trend_results, lambda now: trend_results.c.as_of < months_before(now.date(), TREND_MONTHS)),
    *map(_archived, archiving.RULES),
    *[RetentionRule(table, due) for table, due in agreed_with_ended_sites()],
)
"""In this order: what belongs to a row goes before it."""


def delete_batch(connection: Connection, rule: RetentionRule, now: datetime) -> int:
    """Delete the next rows of a rule; returns how many there were, 0 when none is due."""
    return connection.execute(deletion(rule.table, rule.due(now), connection.dialect.name)).rowcount


def deletion(table: Table, due: ColumnElement[bool], dialect: str) -> Delete:
    """The statement that deletes at most a batch of the rows that are `due`."""
    if dialect == "mssql":
        return delete(table).prefix_with(f"TOP ({BATCH_ROWS})").where(due)
    key = list(table.primary_key)
    named = tuple_(*key) if len(key) > 1 else key[0]
    return delete(table).where(named.in_(select(*key).where(due).limit(BATCH_ROWS)))


def may_delete(connection: Connection, table: Table) -> bool:
    """Whether this process's identity may delete rows of `table`.

    The app may not touch the trail, the snapshots and the archive; the archiver may touch nothing else. The embedded
    database has one identity, which may do everything.

    Source: Operations, "Operational database".
    """
    if connection.dialect.name != "mssql":
        return True
    right = func.has_perms_by_name(f"{table.schema}.{table.name}", "OBJECT", "DELETE")
    return bool(connection.execute(select(right)).scalar_one())
