"""A database with nothing in it on the morning of a job, and what becomes of the job's slots."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Table, select

from shared_code.clock import FixedClock
from shared_code.messaging.events import job_slice
from shared_code.messaging.message import JOBS
from shared_code.messaging.received import ReceivedMessage
from shared_code.services import scheduled_jobs
from shared_code.services.held_lease import HeldLease
from shared_code.services.messages import handle_with
from shared_code.services.outbox_relay import relay_outbox
from shared_code.services.runtime import Runtime
from shared_code.services.scheduled_jobs import STEPS
from shared_code.storage import embedded_queue, job_slots
from shared_code.storage.tables.messages import job_slots as slot_rows
from tests.support.operational import empty_database, settings_of

MORNING = datetime(2025, 6, 10, 5, 30, tzinfo=UTC)
NEXT = MORNING + timedelta(days=1)
JOB = "sync_ledger"


@contextmanager
def slot_runtime(folder: Path) -> Iterator[Runtime]:
    """A runtime in the morning of the job's slot."""
    path = folder / "forecasting.db"
    path.write_bytes(empty_database())
    app = Runtime(settings_of(path, edw_sample_path=folder / "warehouse.db"), FixedClock(MORNING))
    yield app
    app.close()


def numbered_steps(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The job gets the slices `1`, `2` and `3`, which are listed as they are worked off."""
    worked: list[str] = []

    def step(name: str) -> Callable[[Runtime, HeldLease], None]:
        return lambda runtime, lease: worked.append(name)

    monkeypatch.setattr(scheduled_jobs, "STEPS", {**STEPS, JOB: (step("1"), step("2"), step("3"))})
    return worked


def wait(app: Runtime, **much: float) -> None:
    assert isinstance(app.clock, FixedClock)
    app.clock.moment += timedelta(**much)


def work(app: Runtime, most: int = 20) -> list[str]:
    """Carry messages to the handlers as a host does, until none is left; the ids of those delivered."""
    delivered = []
    for _ in range(most):
        relay_outbox(app)
        with app.database.writing() as connection:
            message = embedded_queue.receive(connection, JOBS, app.clock.now())
        if message is None:
            break
        delivered.append(message.message_id)
        handle(app, message.body.encode(), message.message_id)
        with app.database.writing() as connection:
            embedded_queue.complete(connection, message)
    return delivered


def handle(app: Runtime, body: bytes, message_id: str) -> None:
    handle_with(app, JOBS, ReceivedMessage(message_id, JOB, "JobSlice", body, 1, app.clock.now(), None, {}))


def handle_slice(app: Runtime, slot: datetime, slice_no: int) -> None:
    message = job_slice(JOB, slot, slice_no)
    handle(app, json.dumps(message.payload).encode(), message.dedup_id)


def slots_of(app: Runtime, job: str = JOB) -> list[tuple[datetime, str]]:
    with app.database.reading() as connection:
        query = select(slot_rows.c.slot, slot_rows.c.state).where(slot_rows.c.job == job).order_by(slot_rows.c.slot)
        return [(slot, state) for slot, state in connection.execute(query)]


def rows_of(app: Runtime, table: Table, *columns: str) -> list[tuple[Any, ...]]:
    chosen = [table.c[name] for name in columns]
    with app.database.reading() as connection:
        return [tuple(row) for row in connection.execute(select(*chosen).order_by(*chosen))]


def begin(app: Runtime, slot: datetime) -> None:
    """A slot that a process began to work on and then died."""
    with app.database.writing() as connection:
        job_slots.propose(connection, JOB, slot, app.clock.now())
        job_slots.begin_slice(connection, JOB, slot, {"slice": 1, "of": 3}, app.clock.now())
