"""The lease of a scheduled job while a feed of it takes long."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from shared_code.clock import FixedClock
from shared_code.messaging.message import JOBS
from shared_code.services import scheduled_jobs
from shared_code.services.extraction.run import Order
from shared_code.services.runtime import Runtime
from shared_code.services.scheduled_jobs import propose, work_slice
from shared_code.sql.types import new_identifier
from shared_code.storage import job_slots, leases
from tests.support.operational import empty_database, settings_of

SLOT = datetime(2025, 6, 10, 10, tzinfo=UTC)


def test_a_long_feed_keeps_the_lease_of_its_job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, clock = tmp_path / "forecasting.db", FixedClock(SLOT)
    path.write_bytes(empty_database())
    app = Runtime(settings_of(path), clock)
    taken_over: list[bool] = []

    def extract(runtime: Runtime, request: object, *, feeds: object, part: int, order: Order) -> None:
        for batch in range(1, 5):
            clock.moment += timedelta(seconds=110)
            order.progress("daily_revenue", batch, None)
            with app.database.writing() as connection:
                other = leases.acquire(connection, "job:sync_daily", new_identifier(), clock.now(), 300)
            taken_over.append(other is not None)

    monkeypatch.setattr(scheduled_jobs, "extract", extract)
    propose(app, "sync_daily", SLOT)

    work_slice(app, JOBS, "m-1", "sync_daily", SLOT, 1)

    assert taken_over == [False] * 4
    with app.database.reading() as connection:
        assert job_slots.state_of(connection, "sync_daily", SLOT) == "done"
    app.close()
