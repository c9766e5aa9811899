"""What goes wrong in a run: published data stays as it was, and the other feeds go on."""

import logging
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import stamina
from sqlalchemy.exc import IntegrityError, OperationalError

from shared_code.services.extraction.extract import extract
from shared_code.services.extraction.feed import Batch, Feed, Reading, Slice, SliceRequest
from shared_code.services.extraction.feeds.account_balances import LEDGER_FEED
from shared_code.services.runtime import Runtime
from shared_code.sources.warehouse.objects import shift_entity
from shared_code.storage.tables.facts import feed_versions
from shared_code.storage.tables.runs import sync_runs
from shared_code.storage.tables.staging import stg_ledger
from tests.services.extraction.posted_balances import failing_ledger, post, published_balances, run_ledger
from tests.services.extraction.world import TUESDAY, World


@pytest.fixture(autouse=True)
def _no_waiting() -> Iterator[None]:
    with stamina.set_testing(True, attempts=4):
        yield


def _state(world: World) -> list[Any]:
    """What readers depend on."""
    return [
        published_balances(world),
        world.inputs_versions(),
        world.events(),
        world.published(feed_versions, *feed_versions.c.keys()),
    ]


def _constraint() -> IntegrityError:
    return IntegrityError("INSERT INTO salaries VALUES (?)", {"salary": "91250"}, sqlite3.IntegrityError("pk 91250"))


def _locked() -> OperationalError:
    error = sqlite3.OperationalError("database is locked")
    error.sqlite_errorcode = sqlite3.SQLITE_BUSY
    return OperationalError("BEGIN IMMEDIATE", None, error)


@pytest.mark.parametrize(
    ("error", "code"), [(lambda: KeyError("91250"), "INTERNAL_ERROR"), (_constraint, "DATABASE_ERROR")]
)
def test_an_error_during_publication_takes_everything_back(
    company: World, caplog: pytest.LogCaptureFixture, error: Callable[[], Exception], code: str
) -> None:
    post(company, 2)
    company.run("ledger")
    before = _state(company)
    post(company, 2, first=2)

    with caplog.at_level(logging.ERROR):
        outcome = run_ledger(company, failing_ledger(error))

    assert (outcome.end.state, outcome.end.error_code) == ("failed", code)
    assert _state(company) == before
    staged = company.published(stg_ledger, "main_account", where=stg_ledger.c.sync_run_id == outcome.sync_run_id)
    assert len(staged) == 4, "staging is kept for diagnosis"
    assert company.published(sync_runs, "state", where=sync_runs.c.sync_run_id == outcome.sync_run_id) == ["failed"]
    assert "91250" not in f"{outcome.end.error_text} {caplog.text}".replace(outcome.sync_run_id, "")
    assert f"run {outcome.sync_run_id} of feed ledger ended by {type(error()).__name__}" in caplog.text
    assert company.run("ledger").end.state == "succeeded", "the feed is free for the next run"


def test_a_busy_database_is_asked_again_and_nothing_happens_twice(company: World) -> None:
    post(company, 2)

    outcome = run_ledger(company, failing_ledger(_locked, times=2))

    assert (outcome.end.state, outcome.end.rows_inserted) == ("succeeded", 2)
    assert company.inputs_versions() == {"0001:2025": 1}
    assert len(company.events()) == 2


def test_a_database_that_stays_busy_fails_the_run(company: World) -> None:
    post(company, 2)

    outcome = run_ledger(company, failing_ledger(_locked, times=9))

    assert (outcome.end.state, outcome.end.error_code) == ("failed", "DATABASE_ERROR")
    assert published_balances(company) == []


@dataclass
class _Lossy:
    """A reading that loses rows on the way."""

    reading: Reading
    lost: int

    @property
    def columns(self) -> Sequence[str]:
        return self.reading.columns

    def control(self) -> Any:
        return self.reading.control()

    def parts(self) -> Iterator[Batch]:
        for batch in self.reading.parts():
            yield replace(batch, rows=batch.rows[self.lost :])

    def sources(self, content_hash: bytes) -> Any:
        return self.reading.sources(content_hash)


def _losing(lost: int) -> Feed:
    @contextmanager
    def opened(runtime: Runtime, slice_: Slice) -> Iterator[Reading]:
        with LEDGER_FEED.open(runtime, slice_) as reading:
            yield _Lossy(reading, lost)

    return replace(LEDGER_FEED, open=opened)


def test_a_read_that_does_not_bring_what_the_source_announced_is_not_published(company: World) -> None:
    post(company, 5)
    assert run_ledger(company, _losing(0)).end.state == "succeeded"
    post(company, 1, first=5)

    outcome = run_ledger(company, _losing(1))

    assert (outcome.end.state, outcome.end.error_code) == ("failed", "INCOMPLETE_READ")
    assert outcome.end.error_text == "ledger: balance adds up to 50.00000, the source says 60.00000"
    assert len(published_balances(company)) == 5


def _lose_warehouse(world: World) -> Path:
    path = world.runtime.settings.edw_sample_path
    path.rename(path.with_name("gone.db"))
    return path


def test_a_source_that_is_away_fails_the_run_and_published_data_stays(company: World) -> None:
    post(company, 5)
    company.run("ledger")
    before = _state(company)
    path = _lose_warehouse(company)

    outcome = company.run("ledger")

    assert (outcome.end.state, outcome.end.error_code) == ("failed", "SOURCE_UNAVAILABLE")
    assert _state(company) == before
    path.with_name("gone.db").rename(path)
    assert company.run("ledger").end.state == "unchanged"


def test_the_failure_of_one_feed_does_not_stop_the_others(company: World) -> None:
    post(company, 5)
    with company._warehouse.begin() as connection:
        connection.exec_driver_sql(f'DROP TABLE "{shift_entity.name}"')

    report = extract(company.runtime, SliceRequest(TUESDAY), feeds=["shifts", "ledger"])

    assert [(outcome.feed, outcome.end.state) for outcome in report.outcomes] == [
        ("shifts", "failed"),
        ("ledger", "succeeded"),
    ]
    assert report.outcomes[0].end.error_code == "SOURCE_SCHEMA_MISMATCH"
    assert "SHIFT_ENTITY" in str(report.outcomes[0].end.error_text)
    assert not report.is_good


def test_when_the_warehouse_is_away_every_feed_is_tried_and_written_down(company: World) -> None:
    _lose_warehouse(company)

    report = extract(company.runtime, SliceRequest(TUESDAY))

    assert {outcome.end.state for outcome in report.outcomes} == {"failed"}
    assert {outcome.end.error_code for outcome in report.outcomes} == {"SOURCE_UNAVAILABLE"}
    assert len(company.published(sync_runs, "feed", where=sync_runs.c.state == "failed")) == len(report.outcomes) > 10
