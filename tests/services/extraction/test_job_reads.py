"""Feeds as scheduled jobs read them: one slice a message, in a time that fits into the platform's limits."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from shared_code.messaging.message import JOBS
from shared_code.services import scheduled_jobs
from shared_code.services.extraction import extract as extraction
from shared_code.services.extraction.catalogue import FEEDS, NAMED_ONLY
from shared_code.services.extraction.feed import Batch, Control, Feed, Reading, Slice, SliceRequest
from shared_code.services.extraction.feeds.account_balances import LEDGER_FEED
from shared_code.services.extraction.run import Order
from shared_code.services.runtime import Runtime
from shared_code.services.scheduled_jobs import STEPS, propose, work_slice
from shared_code.storage.runs import RunSource
from shared_code.storage.tables.messages import job_slots
from shared_code.storage.tables.runs import sync_runs
from tests.services.extraction.posted_balances import post, published_balances
from tests.services.extraction.world import NOON, TUESDAY, World

JOB = "sync_ledger"
PLATFORM_LIMIT_S = 600


@dataclass(frozen=True)
class Slow:
    """A reading that takes `control_s` seconds to count and `row_s` for each row, which comes alone."""

    reading: Reading
    world: World
    control_s: int
    row_s: int

    @property
    def columns(self) -> Sequence[str]:
        return self.reading.columns

    def control(self) -> Control | None:
        self.world.clock.moment += timedelta(seconds=self.control_s)
        return self.reading.control()

    def parts(self) -> Iterator[Batch]:
        for batch in self.reading.parts():
            for row in batch.rows:
                self.world.clock.moment += timedelta(seconds=self.row_s)
                yield Batch([row], 1)

    def sources(self, content_hash: bytes) -> Sequence[RunSource]:
        return self.reading.sources(content_hash)


def _slow_ledger(world: World, monkeypatch: pytest.MonkeyPatch, control_s: int, row_s: int) -> None:
    """The warehouse answers about the ledger, and about nothing else, that slowly."""

    @contextmanager
    def opened(runtime: Runtime, slice_: Slice) -> Iterator[Reading]:
        with LEDGER_FEED.open(runtime, slice_) as reading:
            yield Slow(reading, world, control_s, row_s)

    slow: dict[str, Feed] = {"ledger": replace(LEDGER_FEED, open=opened)}
    monkeypatch.setattr(extraction, "resolve", lambda name: slow.get(name, FEEDS[name]))


def _work_ledger(world: World, slot: datetime) -> float:
    """Propose a slot and work off its first slice; the seconds that it took."""
    began = world.clock.now()
    propose(world.runtime, JOB, slot)
    work_slice(world.runtime, JOBS, f"{slot:%Y%m%d}:1", JOB, slot, 1)
    return (world.clock.now() - began).total_seconds()


@pytest.mark.parametrize(
    ("control_s", "row_s", "said"),
    [
        (240, 0, "After 240 s, 0 of 5 rows of ledger had been read"),
        (0, 100, "After 480 s, 5 of 5 rows of ledger had been read"),
        (230, 150, "After 480 s, 2 of 5 rows of ledger had been read"),
    ],
)
def test_a_read_that_would_outlast_its_message_fails_and_the_job_goes_on(
    control_s: int, row_s: int, said: str, company: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    post(company, 5)
    with monkeypatch.context() as slow:
        _slow_ledger(company, slow, control_s, row_s)
        assert _work_ledger(company, NOON) < PLATFORM_LIMIT_S

    ((state, code, text),) = company.published(
        sync_runs, "state", "error_code", "error_text", where=sync_runs.c.feed == "ledger"
    )
    assert (state, code) == ("failed", "SOURCE_TIMEOUT")
    assert text.startswith(said)
    assert published_balances(company) == []
    assert company.published(job_slots, "job", "state") == [(JOB, "running")], "the next feed follows"

    next_day = NOON + timedelta(days=1)
    company.execute(job_slots.update().values(state="done"))
    _work_ledger(company, next_day)
    assert len(published_balances(company)) == 5, "the next slot catches up"


def test_a_read_may_take_longer_than_a_slice_once_its_rows_come(
    company: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    post(company, 5)
    _slow_ledger(company, monkeypatch, 0, 95)

    assert _work_ledger(company, NOON) == 475
    assert len(published_balances(company)) == 5


def test_a_read_by_hand_takes_as_long_as_it_takes(company: World, monkeypatch: pytest.MonkeyPatch) -> None:
    post(company, 5)
    _slow_ledger(company, monkeypatch, 3000, 3000)
    company.run("ledger")
    assert len(published_balances(company)) == 5


def test_every_slice_of_every_feed_has_a_message_of_its_own(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: dict[str, list[int]] = defaultdict(list)

    def record(runtime: Runtime, request: SliceRequest, *, feeds: Sequence[str], part: int, order: Order) -> None:
        asked[feeds[0]].append(part)

    monkeypatch.setattr(scheduled_jobs, "extract", record)
    lease: Any = None
    steps: list[Callable[..., Any]] = [
        step
        for job, steps in STEPS.items()
        if job.startswith("sync_") and job != "sync_job_code_rates"
        for step in steps
    ]
    for step in steps:
        step(world.runtime, lease)

    for name, parts in asked.items():
        slices = FEEDS[name].slices(world.runtime, SliceRequest(TUESDAY))
        assert parts == list(range(len(slices))), name
    assert set(asked) == set(FEEDS) - NAMED_ONLY
