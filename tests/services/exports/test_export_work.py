"""Exports in the background: written once, again after a crash, and ended whatever happens."""

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from shared_code.errors import NotFoundError
from shared_code.messaging.message import JOBS
from shared_code.services.background_work import work_background_job
from shared_code.services.exports import jobs
from shared_code.services.exports.jobs import export_job, file_parts, queue_export, status_of
from shared_code.services.exports.request import ExportRequest
from shared_code.storage import export_files
from shared_code.storage.tables.background_jobs import background_jobs
from shared_code.storage.tables.export_files import export_file_parts
from shared_code.storage.tables.messages import outbox_messages, processed_messages
from tests.support.export_world import fresh_world, read_csv
from tests.support.payroll_world import PayrollWorld

REQUEST = ExportRequest("other-expenses", "csv", "admin", ("2025-05", "2025-06"), site_id="TP001", site_ids=("TP001",))
UNKNOWN = "0196f3a0-0000-7000-8000-000000000000"


class KilledError(BaseException):
    """The end of a process in the middle of its work."""


@pytest.fixture
def world(tmp_path: Path) -> Iterator[PayrollWorld]:
    world = fresh_world(tmp_path)
    yield world
    world.close()


def work(world: PayrollWorld, job_id: str, message_id: str = "m1") -> None:
    work_background_job(world.runtime, JOBS, message_id, job_id)


def status(world: PayrollWorld, job_id: str) -> str:
    return status_of(export_job(world.runtime, "admin", job_id)).value


def content(world: PayrollWorld, job_id: str) -> bytes:
    return b"".join(file_parts(world.runtime, export_job(world.runtime, "admin", job_id)))


def failing(error: BaseException, after: int) -> Callable[..., None]:
    """Storing that ends with `error` when `after` parts are written."""
    store = export_files.store

    def fail(connection: Any, job_id: str, parts: Iterator[bytes]) -> None:
        store(connection, job_id, (part for _, part in zip(range(after), parts, strict=False)))
        raise error

    return fail


def test_the_wish_and_its_message_are_one_transaction(world: PayrollWorld) -> None:
    job_id = queue_export(world.runtime, REQUEST)
    assert world.rows(outbox_messages, "destination", "session_id") == [(JOBS, job_id)]
    assert ExportRequest.of(export_job(world.runtime, "admin", job_id).parameters) == REQUEST


def test_a_message_that_comes_again_changes_nothing(world: PayrollWorld) -> None:
    job_id = queue_export(world.runtime, REQUEST)
    work(world, job_id)
    first, ended = content(world, job_id), world.rows(background_jobs)
    work(world, job_id, "m2")
    assert (content(world, job_id), world.rows(background_jobs)) == (first, ended)
    assert read_csv(first).facts["Period"] == "2025-05 to 2025-06"
    assert world.rows(processed_messages, "message_id", "outcome") == [("m1", "done"), ("m2", "done")]


@pytest.mark.parametrize("after", [0, 1, 3])
def test_an_export_whose_worker_is_killed_is_written_when_its_message_comes_again(
    after: int, world: PayrollWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "PART_BYTES", 500)
    job_id = queue_export(world.runtime, REQUEST)
    with monkeypatch.context() as broken:
        broken.setattr(export_files, "store", failing(KilledError(), after))
        with pytest.raises(KilledError):
            work(world, job_id)
    assert world.rows(background_jobs, "status") == [("running",)]
    assert (status(world, job_id), world.rows(export_file_parts), world.rows(processed_messages)) == ("pending", [], [])
    work(world, job_id)
    assert status(world, job_id) == "ready"
    assert len(read_csv(content(world, job_id)).table("Other expenses")) == 8


def test_a_fault_of_the_database_that_may_pass_leaves_the_job_for_the_next_delivery(
    world: PayrollWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = queue_export(world.runtime, REQUEST)
    busy = sqlite3.OperationalError("database is locked")
    busy.sqlite_errorcode = sqlite3.SQLITE_BUSY
    with monkeypatch.context() as broken:
        broken.setattr(export_files, "store", failing(OperationalError("INSERT", {}, busy), 1))
        with pytest.raises(OperationalError):
            work(world, job_id)
    assert world.rows(background_jobs, "status", "error_code") == [("running", None)]
    work(world, job_id)
    assert status(world, job_id) == "ready"


def test_an_unforeseen_error_ends_the_job_and_is_let_through(
    world: PayrollWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = queue_export(world.runtime, REQUEST)
    with monkeypatch.context() as broken:
        broken.setattr(export_files, "store", failing(ZeroDivisionError(), 1))
        with pytest.raises(ZeroDivisionError):
            work(world, job_id)
    assert world.rows(background_jobs, "status", "error_code") == [("failed", "INTERNAL_ERROR")]
    assert world.rows(export_file_parts) == []
    work(world, job_id, "m2")
    assert status(world, job_id) == "failed"


def test_a_site_that_is_gone_fails_the_export(world: PayrollWorld) -> None:
    gone = ExportRequest("pl-view", "csv", "admin", ("2025",), site_id="TP009", site_ids=("TP009",))
    job_id = queue_export(world.runtime, gone)
    work(world, job_id)
    assert world.rows(background_jobs, "status", "error_code") == [("failed", "SITE_NOT_FOUND")]
    assert world.rows(processed_messages, "outcome") == [("done",)]


@pytest.mark.parametrize("job_id", ["", "1", UNKNOWN, UNKNOWN + "\n", "' OR 1=1 --"])
def test_there_is_no_work_for_a_job_that_there_is_not(job_id: str, world: PayrollWorld) -> None:
    with pytest.raises(NotFoundError):
        work(world, job_id)
