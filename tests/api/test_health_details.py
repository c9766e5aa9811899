"""Parts of the app that hang, and those that are not in the database: keys, cache, warehouse."""

import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import text

from shared_code.api.app import create_app
from shared_code.cache import open_cache
from shared_code.security.errors import KeysUnavailableError
from shared_code.security.keys import KeySetState, MissingKeySet, RemoteKeySet
from shared_code.services import health
from shared_code.services.health import check_components
from shared_code.sql.types import new_identifier
from shared_code.storage import feed_versions, runs
from shared_code.storage.publication import RunStamp
from shared_code.storage.runs import RunEnd, RunStart
from tests.api.serving import BASE, Api, served
from tests.sources.scripted_server import Reply, scripted_server, unused_address
from tests.support.issuer import Issuer
from tests.support.pnl_world import PnlWorld

DETAILS = f"{BASE}/health/details"
FINE = ("ok", None)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[PnlWorld]:
    (tmp_path / "warehouse.db").touch()
    world = PnlWorld(tmp_path, edw_sample_path=tmp_path / "warehouse.db")
    yield world
    world.close()


@pytest.fixture
def api(world: PnlWorld) -> Iterator[Api]:
    with served(create_app(lambda: world.runtime)) as api:
        yield api


@pytest.fixture
def hang(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The part `cache` never answers."""
    release = threading.Event()
    monkeypatch.setitem(health._CHECKS, "cache", lambda _: release.wait(20) and None)
    yield
    release.set()


def shown(world: PnlWorld) -> dict[str, tuple[str, str | None]]:
    return {part.name: (part.status, part.code) for part in check_components(world.runtime)}


def test_an_answer_comes_within_two_seconds_although_a_part_hangs(hang: None, api: Api) -> None:
    started = time.monotonic()
    components = api.get(DETAILS).json()["data"]["components"]
    assert time.monotonic() - started < 2
    states = {part["name"]: (part["status"], part["code"]) for part in components}
    assert states.pop("cache") == ("failed", "NO_ANSWER")
    assert set(states.values()) == {FINE}


def test_a_part_that_hangs_holds_no_more_than_a_few_threads(
    hang: None, world: PnlWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "LONGEST_CHECK", health.LONGEST_CHECK / 10)
    monkeypatch.setattr(health, "_PLACES", threading.BoundedSemaphore(9))
    before = threading.active_count()
    for _ in range(3):
        check_components(world.runtime, health.LONGEST_CHECK)
    assert threading.active_count() - before <= 3


def test_too_many_threads_that_hang_leave_no_place(world: PnlWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "_PLACES", threading.BoundedSemaphore(1))
    health._PLACES.acquire()
    assert set(shown(world).values()) == {("failed", "NO_ANSWER")}


@pytest.mark.parametrize(
    ("state", "part"),
    [
        ("current", FINE),
        ("outdated", ("degraded", "KEY_SET_OUTDATED")),
        ("unknown", ("failed", "KEY_SET_UNAVAILABLE")),
    ],
)
def test_keys_that_are_known_are_good_while_the_issuer_is_away(
    state: KeySetState, part: tuple[str, str | None], world: PnlWorld
) -> None:
    class Keys(Issuer):
        @property
        def state(self) -> KeySetState:
            return state

    world.runtime.key_set = Keys()
    assert shown(world)["keys"] == part


def test_a_key_set_tells_how_well_it_is_known() -> None:
    seconds = 0.0
    told: list[KeySetState] = []
    with scripted_server() as server:
        keys = RemoteKeySet(f"{server.address}/keys", tick=lambda: seconds)
        told.append(keys.state)
        for moment, status in ((0.0, 200), (600.0, 500), (611.0, 200)):
            seconds = moment
            server.answer("/keys", Reply({"keys": [Issuer().jwk()]}, status))
            assert keys.find(Issuer().key_id) is not None
            told.append(keys.state)
    assert told == ["current", "current", "outdated", "current"]


def test_a_key_set_that_was_never_reached_is_unknown() -> None:
    keys = RemoteKeySet(f"{unused_address()}/keys")
    with pytest.raises(KeysUnavailableError):
        keys.find("a")
    assert (keys.state, MissingKeySet().state) == ("unknown", "unknown")


def test_a_cache_that_is_away_degrades_and_fails_nothing(world: PnlWorld) -> None:
    address = unused_address().replace("http", "redis")
    world.runtime.cache = open_cache(world.runtime.settings.model_copy(update={"redis_url": SecretStr(address)}))
    assert shown(world)["cache"] == ("degraded", "CACHE_ERROR")


def test_a_warehouse_that_is_left_alone_degrades(world: PnlWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    assert shown(world)["warehouse"] == FINE
    world.runtime.warehouse_reader()
    breaker: Any = world.runtime._warehouse[1]
    for _ in range(5):
        breaker.failed()
    assert shown(world)["warehouse"] == ("degraded", "SOURCE_UNAVAILABLE")
    assert breaker.is_open
    breaker.succeeded()
    assert shown(world)["warehouse"] == FINE


@pytest.mark.parametrize(
    ("feed", "error", "hours_ago", "part"),
    [
        ("ledger", "SOURCE_UNAVAILABLE", 1, ("degraded", "SOURCE_UNAVAILABLE")),
        ("job_code_rates", "SOURCE_TIMEOUT", 1, ("degraded", "SOURCE_UNAVAILABLE")),
        ("ledger", "SOURCE_UNAVAILABLE", 3, FINE),
        ("ledger", "EMPTY_FEED", 1, FINE),
        ("budget_api", "SOURCE_UNAVAILABLE", 1, FINE),
    ],
)
def test_a_warehouse_that_the_newest_run_of_any_process_did_not_reach_degrades(
    feed: str, error: str, hours_ago: int, part: tuple[str, str | None], world: PnlWorld
) -> None:
    ran(world, "sites", "succeeded", hours_ago=2)
    ran(world, feed, "failed", hours_ago=hours_ago, error_code=error)
    ran(world, "shifts", "running", hours_ago=0)
    assert shown(world)["warehouse"] == part


def ran(world: PnlWorld, feed: str, state: str, *, hours_ago: int, error_code: str | None = None) -> None:
    """A run of a feed, in whichever process."""
    moment, run_id = world.clock.now() - timedelta(hours=hours_ago), new_identifier()
    with world.runtime.database.writing() as connection:
        start = RunStart(run_id, "flow", feed, "full", "timer", None, None, None, None, 1)
        runs.open_run(connection, start, moment)
        if state != "running":
            runs.close_run(connection, run_id, RunEnd(state, error_code=error_code), moment)


BAD: dict[str, tuple[tuple[str, ...], str, str]] = {
    "database": (("ALTER TABLE feed_versions RENAME TO lost",), "failed", "DATABASE_ERROR"),
    "schema": (("UPDATE alembic_version SET version_num = '0003'",), "failed", "SCHEMA_NOT_CURRENT"),
    "outbox": (("ALTER TABLE outbox_messages RENAME TO lost",), "failed", "DATABASE_ERROR"),
    "queue": (("ALTER TABLE queue_messages RENAME TO lost",), "failed", "DATABASE_ERROR"),
}
"""Parts of the database, how each is made bad, and what is shown then; the other parts have tests of their own."""


@pytest.mark.parametrize("name", BAD)
def test_a_part_that_is_bad_shows(name: str, world: PnlWorld) -> None:
    assert shown(world)[name] == FINE
    statements, status, code = BAD[name]
    with world.runtime.database.writing() as connection:
        for statement in statements:
            connection.execute(text(statement))
    assert shown(world)[name] == (status, code)


def test_a_feed_that_is_older_than_it_may_be_degrades_the_feeds(world: PnlWorld) -> None:
    with world.runtime.database.writing() as connection:
        feed_versions.record(
            connection,
            feed="ledger",
            slice_="full",
            run=RunStamp(new_identifier(), world.clock.now()),
            row_count=1,
            content_through=None,
            content_hash=b"",
            watermark=None,
            status="ok",
        )
    assert shown(world)["feeds"] == FINE
    world.clock.moment += timedelta(hours=24, seconds=1)
    assert shown(world)["feeds"] == ("degraded", "STALE_SOURCE")
