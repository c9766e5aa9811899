"""The cache of answers: in process, in Redis, and with a Redis that fails in every way it can."""

import logging
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from shared_code.cache import LARGEST_ENTRY, PAUSE_S, MemoryCache, RedisCache, open_cache
from shared_code.settings import Settings

REDIS = shutil.which("redis-server")


class Seconds:
    """A timer that is set."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@contextmanager
def silent_server() -> Iterator[str]:
    """The address of a server that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"redis://127.0.0.1:{server.getsockname()[1]}/0"


@contextmanager
def nobody() -> Iterator[str]:
    """An address at which nobody listens."""
    yield "redis://127.0.0.1:1/0"


def test_an_entry_is_found_until_its_time_is_over() -> None:
    seconds = Seconds()
    cache = MemoryCache(timer=seconds)
    cache.put("answer", b"42", 300)
    seconds.now += 299
    assert cache.get("answer") == b"42"
    seconds.now += 2
    assert cache.get("answer") is None


def test_entries_have_times_of_their_own() -> None:
    seconds = Seconds()
    cache = MemoryCache(timer=seconds)
    cache.put("short", b"1", 10)
    cache.put("long", b"2", 1000)
    seconds.now += 11
    assert (cache.get("short"), cache.get("long")) == (None, b"2")


def test_a_process_keeps_no_more_than_it_may() -> None:
    cache = MemoryCache(largest=1000)
    for number in range(20):
        cache.put(f"answer {number}", bytes(100), 300)
    kept = [number for number in range(20) if cache.get(f"answer {number}") is not None]
    assert kept == list(range(10, 20))


def test_an_answer_that_is_too_large_is_not_kept() -> None:
    cache = MemoryCache()
    cache.put("export", bytes(LARGEST_ENTRY + 1), 300)
    assert cache.get("export") is None


def test_without_an_address_the_cache_is_in_process() -> None:
    assert isinstance(open_cache(Settings(redis_url="")), MemoryCache)
    assert isinstance(open_cache(Settings(redis_url="redis://127.0.0.1:1/0")), RedisCache)


@pytest.mark.parametrize("broken", [silent_server, nobody])
def test_a_broken_redis_holds_nothing_and_is_left_alone(
    broken: Callable[[], AbstractContextManager[str]], caplog: pytest.LogCaptureFixture
) -> None:
    seconds = Seconds()
    with broken() as url, caplog.at_level(logging.WARNING):
        cache = RedisCache(url, "test:", timer=seconds)
        started = time.perf_counter()
        assert cache.get("answer") is None
        cache.put("answer", b"42", 300)
        assert [cache.get("answer") for _ in range(100)] == [None] * 100
        assert time.perf_counter() - started < 2
        assert len(caplog.records) == 1
        assert "CACHE_ERROR" in caplog.text
        seconds.now += PAUSE_S + 1
        assert cache.get("answer") is None
        assert len(caplog.records) == 2


@pytest.mark.skipif(REDIS is None, reason="there is no redis-server on this machine")
def test_instances_share_what_redis_keeps(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [str(REDIS), "--port", str(port), "--save", "", "--dir", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as server:
        try:
            one, other = (RedisCache(f"redis://127.0.0.1:{port}/0", "test:", timer=Seconds()) for _ in range(2))
            deadline = time.monotonic() + 10
            while time.monotonic() < deadline and one.get("answer") is None:
                one = RedisCache(f"redis://127.0.0.1:{port}/0", "test:")
                one.put("answer", b"42", 60)
            assert other.get("answer") == b"42"
        finally:
            server.terminate()
