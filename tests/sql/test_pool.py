"""Connections that are kept, and those that are closed when nobody needs them."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from shared_code.sql.engine import operational_engine
from shared_code.sql.pool import TrimmedPool
from tests.support.operational import settings_of


@pytest.fixture
def tick(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that the pool sees."""
    seconds = [0.0]
    monkeypatch.setattr("shared_code.sql.pool.monotonic", lambda: seconds[0])
    return seconds


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    """At most four connections, two of them for long, the others for 30 s."""
    limits = {"db_pool_min": 2, "db_pool_max": 4, "db_pool_idle_s": 30, "db_pool_acquire_s": 1}
    made = operational_engine(settings_of(tmp_path / "a.db", **limits))
    yield made
    made.dispose()


def use(engine: Engine, at_once: int) -> None:
    """So many connections at one time, all given back."""
    with ExitStack() as opened:
        for _ in range(at_once):
            opened.enter_context(engine.connect()).execute(text("SELECT 1"))


def kept(engine: Engine) -> int:
    assert isinstance(engine.pool, TrimmedPool)
    assert engine.pool.checkedout() == 0
    return engine.pool.checkedin()


def test_connections_of_a_busy_moment_are_there_for_the_next(engine: Engine, tick: list[float]) -> None:
    use(engine, 4)
    tick[0] = 30
    use(engine, 1)
    assert kept(engine) == 4


def test_those_that_idle_for_long_are_closed_but_for_a_few(engine: Engine, tick: list[float]) -> None:
    use(engine, 4)
    tick[0] = 30.1
    use(engine, 1)
    assert kept(engine) == 2
    tick[0] = 3600
    use(engine, 1)
    assert kept(engine) == 2


def test_those_that_are_used_stay(engine: Engine, tick: list[float]) -> None:
    use(engine, 4)
    for moment in (20, 40, 60):
        tick[0] = moment
        use(engine, 3)
    assert kept(engine) == 3


def test_what_was_closed_makes_place_for_new_ones_and_the_most_is_never_passed(
    engine: Engine, tick: list[float]
) -> None:
    for moment in (0, 100, 200):
        tick[0] = moment
        use(engine, 4)
        tick[0] += 40
        use(engine, 1)
        assert kept(engine) == 2
    with ExitStack() as opened:
        for _ in range(4):
            opened.enter_context(engine.connect())
        with pytest.raises(PoolTimeoutError):
            engine.connect()


def test_a_pool_that_starts_anew_goes_by_the_same_limits(engine: Engine, tick: list[float]) -> None:
    engine.dispose()
    use(engine, 4)
    tick[0] = 31
    use(engine, 1)
    assert kept(engine) == 2
