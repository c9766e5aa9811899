"""What a client sees, and what is stored, when something under the API fails: pool, disk, locks, cache, clock."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import stamina
from sqlalchemy import Connection, event, func, select
from sqlalchemy.exc import OperationalError

from shared_code.api.app import create_app
from shared_code.clock import FixedClock
from shared_code.services.outbox_relay import relay_outbox, unsent
from shared_code.sql.sqlite import WRITES
from shared_code.storage.tables.forecasts import forecast_versions, other_expenses
from shared_code.storage.tables.messages import audit_events, outbox_messages
from tests.api.serving import BASE, Api, served
from tests.support.monthly_world import MonthlyWorld
from tests.support.small_functions import until

SITE = "TP001"
PATH = f"{BASE}/other-expenses/{SITE}/2025-06"
WRITTEN = (other_expenses, forecast_versions, audit_events, outbox_messages)


@contextmanager
def serving(folder: Path, **settings: Any) -> Iterator[tuple[MonthlyWorld, Api]]:
    world = MonthlyWorld(folder, **settings)
    world.add_sites(SITE)
    with served(create_app(lambda: world.runtime)) as api:
        yield world, api
    world.close()


def rows_written(world: MonthlyWorld) -> dict[str, int]:
    with world.runtime.database.reading() as connection:
        return {table.name: connection.scalar(select(func.count()).select_from(table)) or 0 for table in WRITTEN}


@contextmanager
def writing_elsewhere(folder: Path) -> Iterator[sqlite3.Connection]:
    """Another process in the middle of a write, until it rolls back."""
    with closing(sqlite3.connect(folder / "forecasting.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield other


def refused_for_now(answer: httpx.Response) -> None:
    """503 in the envelope, with the time of the next try, and nothing from inside."""
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) >= 1
    document = answer.json()
    assert [error["code"] for error in document["errors"]] == ["DATABASE_ERROR"]
    assert "sqlite" not in answer.text.lower()


def test_a_request_that_finds_no_free_connection_is_asked_to_come_again(tmp_path: Path) -> None:
    with serving(tmp_path, db_pool_min=1, db_pool_max=1, db_pool_acquire_s=1) as (world, api):
        assert api.get(PATH).status_code == 200
        with world.runtime.database.reading():
            refused_for_now(api.get(PATH))
        assert api.get(PATH).status_code == 200


def test_a_save_that_another_process_holds_up_is_stored_when_it_lets_go(tmp_path: Path) -> None:
    with serving(tmp_path) as (world, api), writing_elsewhere(tmp_path) as other:
        answers: list[httpx.Response] = []
        saving = threading.Thread(target=lambda: answers.append(api.put(PATH, {"uniforms": 350})))
        saving.start()
        saving.join(0.3)
        assert not answers, "the save waits"
        other.execute("ROLLBACK")
        saving.join(20)
        assert answers[0].status_code == 200
        assert rows_written(world)["other_expenses"] == 1


def test_a_save_that_is_held_up_for_too_long_is_refused_and_nothing_of_it_is_stored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared_code.sql.sqlite._AT_CONNECT", ("PRAGMA busy_timeout = 50", "PRAGMA journal_mode = WAL"))
    with serving(tmp_path) as (world, api), writing_elsewhere(tmp_path) as other:
        before = rows_written(world)
        with stamina.set_testing(True, attempts=2):
            refused_for_now(api.put(PATH, {"uniforms": 350}))
        assert rows_written(world) == before
        other.execute("ROLLBACK")
        assert api.put(PATH, {"uniforms": 350}).status_code == 200


@contextmanager
def full_disk(world: MonthlyWorld) -> Iterator[None]:
    """The file may not grow any more."""

    def limit(connection: Connection) -> None:
        connection.exec_driver_sql("PRAGMA max_page_count = 1")

    def lift(connection: Connection) -> None:
        connection.exec_driver_sql("PRAGMA max_page_count = 1073741823")

    engine = world.runtime.database.engine
    event.listen(engine, "begin", limit)
    try:
        yield
    finally:
        event.remove(engine, "begin", limit)
        event.listen(engine, "begin", lift)


def test_a_save_on_a_full_disk_is_refused_and_nothing_of_it_is_stored(tmp_path: Path) -> None:
    with serving(tmp_path) as (world, api):
        with full_disk(world):
            good = 0
            while (refused := api.put(PATH, {"uniforms": 1 + good})).status_code == 200:
                good += 1
                assert good < 100, "the disk is to be full at last"
            assert (refused.status_code, refused.json()["errors"][0]["code"]) == (500, "DATABASE_ERROR")
            assert "disk" not in refused.text
            assert api.get(PATH).json()["data"]["version"] == good, "what is there can be read"
        after = api.put(PATH, {"uniforms": 999})
        assert (after.status_code, after.json()["data"]["version"]) == (200, good + 1)
        assert rows_written(world)["audit_events"] == good + 1


def test_a_cache_that_is_gone_is_read_past(tmp_path: Path) -> None:
    with serving(tmp_path, redis_url="redis://127.0.0.1:1/0") as (_, api):
        view = f"{BASE}/pl-view/{SITE}/2025"
        assert api.get(view).status_code == 200
        assert api.put(PATH, {"uniforms": 350}).status_code == 200
        assert api.get(view).status_code == 200


def test_what_follows_from_a_save_is_sent_soon_after_it(tmp_path: Path) -> None:
    with serving(tmp_path) as (world, api):
        world.runtime.relay_promptly()
        assert api.put(PATH, {"uniforms": 350}).status_code == 200
        until(lambda: unsent(world.runtime) == [])


@pytest.mark.parametrize("jump", [timedelta(hours=-2), timedelta(hours=2)])
def test_a_clock_that_jumps_keeps_nobody_from_saving(jump: timedelta, tmp_path: Path) -> None:
    with serving(tmp_path) as (world, api):
        assert api.put(PATH, {"uniforms": 1}).status_code == 200
        assert isinstance(world.clock, FixedClock)
        world.clock.moment += jump
        assert api.put(PATH, {"uniforms": 2}).status_code == 200
        assert relay_outbox(world.runtime) > 0
        world.clock.moment -= jump
        found = api.put(PATH, {"uniforms": 3}).json()["data"]
        assert (found["version"], found["months"][0]["forecast"]["uniforms"]) == (3, 3.0)
        relay_outbox(world.runtime)
        assert unsent(world.runtime) == []


def test_a_deadlock_is_tried_again_as_a_whole(tmp_path: Path) -> None:
    with serving(tmp_path) as (world, api):
        victims = iter([True, True, False])

        def deadlock(connection: Connection) -> None:
            if connection.get_execution_options().get(WRITES) and next(victims, False):
                raise OperationalError("UPDATE", {}, busy())

        event.listen(world.runtime.database.engine, "commit", deadlock)
        with stamina.set_testing(True, attempts=3):
            answer = api.put(PATH, {"uniforms": 350})
        event.remove(world.runtime.database.engine, "commit", deadlock)
        assert answer.status_code == 200
        assert rows_written(world)["audit_events"] == 1


def busy() -> sqlite3.OperationalError:
    """What SQLite says in place of a deadlock."""
    error = sqlite3.OperationalError("database is locked")
    error.sqlite_errorcode = sqlite3.SQLITE_BUSY
    return error
