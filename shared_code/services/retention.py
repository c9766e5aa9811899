"""The nightly deletion of what is due, and the monthly move of closed years to the archive.

Both work in batches, each a transaction of its own, for as long as a slice of a job may take. A slice takes up what the
ones before it have left, killed or not. What the identity of the process may not delete is left to the other one.

Source: Data model, "Retention and archive"; Operations, "Schedules" and "Operational database".
"""

import logging
from collections.abc import Callable, Iterable
from datetime import timedelta
from functools import partial
from typing import Final

from sqlalchemy import Connection, Table

from shared_code.services.held_lease import HeldLease
from shared_code.services.runtime import Runtime
from shared_code.storage import archiving, retention

RETENTION_SLICES: Final = 7
ARCHIVE_SLICES: Final = 30
"""Slices of at most 4 minutes that fill the time which the jobs may take: 30 minutes and 2 hours."""

_log = logging.getLogger(__name__)

Batch = Callable[[Connection], int]
"""Works off the next rows within a transaction; returns how many there were."""


def delete_due(runtime: Runtime, lease: HeldLease) -> bool:
    """One slice: delete what is due; True when nothing is left that this identity may delete."""
    now = runtime.clock.now()
    work = [(rule.table, partial(retention.delete_batch, rule=rule, now=now)) for rule in retention.RULES]
    return _work_off(runtime, lease, "deleted", work)


def archive_closed(runtime: Runtime, lease: HeldLease) -> bool:
    """One slice: move what is due to the archive; True when nothing is left that this identity may move."""
    now = runtime.clock.now()
    work = [(rule.table, partial(archiving.move_batch, rule=rule, now=now)) for rule in archiving.RULES]
    return _work_off(runtime, lease, "archived", work)


def _work_off(runtime: Runtime, lease: HeldLease, done: str, work: Iterable[tuple[Table, Batch]]) -> bool:
    """Batch after batch, table after table, until the time of a slice is over; True when all is done before."""
    ends_at = runtime.clock.now() + timedelta(seconds=runtime.settings.job_slice_s)
    for table, batch in work:
        if not _is_permitted(runtime, table):
            continue
        total, rows = 0, 1
        while rows and runtime.clock.now() < ends_at:
            lease.renew_when_due()
            with runtime.database.writing() as connection:
                rows = batch(connection)
                if rows:
                    lease.confirm(connection)
            total += rows
        if total:
            _log.info("%s: %s rows %s", table.name, total, done)
        if rows:
            return False
    return True


def _is_permitted(runtime: Runtime, table: Table) -> bool:
    with runtime.database.reading() as connection:
        permitted = retention.may_delete(connection, table)
    if not permitted:
        _log.info("%s is left to the identity that may delete from it", table.name)
    return permitted
