"""How many requests somebody may make, in memory and in Redis."""

import logging
import shutil
import socket
import subprocess
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from time import perf_counter
from typing import Any

import pytest
from pydantic import SecretStr

from shared_code.clock import FixedClock, SystemClock
from shared_code.security import windows
from shared_code.security.rate_limit import RequestLimit, address_key, principal_key
from shared_code.settings import Settings

NOON = datetime(2025, 6, 16, 12, tzinfo=UTC)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOON)


def limit_of(clock: FixedClock | SystemClock, requests: int = 3, window_s: int = 900, **others: Any) -> RequestLimit:
    return RequestLimit(Settings(rate_limit_requests=requests, rate_limit_window_s=window_s, **others), clock)


def test_a_thousand_requests_in_a_quarter_of_an_hour_are_permitted(clock: FixedClock) -> None:
    limit = RequestLimit(Settings(), clock)
    counted = [limit.count("am1") for _ in range(1001)]
    assert Counter(one.is_refused for one in counted) == {False: 1000, True: 1}
    assert [counted[0].remaining, counted[999].remaining, counted[1000].remaining] == [999, 0, 0]
    assert counted[0].headers == {
        "X-RateLimit-Limit": "1000",
        "X-RateLimit-Remaining": "999",
        "X-RateLimit-Reset": str(int(NOON.timestamp()) + 900),
    }


def test_the_window_starts_with_the_first_request_and_ends_whatever_follows(clock: FixedClock) -> None:
    limit = limit_of(clock)
    ends = int(NOON.timestamp()) + 900
    for _ in range(3):
        assert limit.count("am1").reset == ends
    clock.moment += timedelta(seconds=899.5)
    refused = [limit.count("am1") for _ in range(500)]
    assert all(one.is_refused and one.reset == ends and one.retry_after_s == 1 for one in refused)
    clock.moment += timedelta(seconds=0.5)
    anew = limit.count("am1")
    assert (anew.is_refused, anew.remaining, anew.reset) == (False, 2, ends + 900)


def test_everybody_has_a_window_of_their_own(clock: FixedClock) -> None:
    limit = limit_of(clock, requests=1)
    assert not limit.count("am1").is_refused
    assert not limit.count("am2").is_refused
    assert limit.count("am1").is_refused


def test_threads_lose_no_count(clock: FixedClock) -> None:
    limit = limit_of(clock, requests=500)
    with ThreadPoolExecutor(16) as pool:
        counted = list(pool.map(lambda _: limit.count("am1").is_refused, range(800)))
    assert Counter(counted) == {False: 500, True: 300}


def test_windows_that_are_over_and_windows_beyond_the_most_are_forgotten(
    clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(windows, "_MOST", 100)
    kept = windows.MemoryWindows(clock)
    for number in range(1000):
        kept.incr(f"address:{number}", 900)
    assert kept.reset() == 100
    kept.incr("one", 900)
    clock.moment += timedelta(seconds=900)
    kept.incr("two", 900)
    assert kept.reset() == 1


def test_principals_are_those_of_their_issuer_and_are_not_stored_by_name() -> None:
    assert principal_key("a", "b") != principal_key("b", "a")
    assert principal_key("a", "b") == principal_key("a", "b")
    assert "am1@example.com" not in principal_key("townepark-auth", "am1@example.com")


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("203.0.113.7", "203.0.113.7", True), ("203.0.113.7", "203.0.113.8", False),
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True), ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("::ffff:203.0.113.7", "203.0.113.7", True), (None, "nonsense", True), (None, "203.0.113.7", False),
    ],
)  # fmt: skip
def test_a_client_is_its_address_or_its_network(one: str | None, other: str | None, is_same: bool) -> None:
    assert (address_key(one) == address_key(other)) is is_same


@pytest.fixture
def redis_url() -> Iterator[SecretStr]:
    command = shutil.which("redis-server")
    if command is None:
        pytest.skip("there is no redis-server on this machine")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with subprocess.Popen([command, "--port", str(port), "--save", ""], stdout=subprocess.DEVNULL) as server:
        yield SecretStr(f"redis://127.0.0.1:{port}/0")
        server.terminate()


def test_instances_count_together_in_redis(redis_url: SecretStr) -> None:
    one, other = (limit_of(SystemClock(), requests=4, redis_url=redis_url) for _ in range(2))
    counted = [limit.count("am1") for limit in (one, other, one, other, one, other)]
    assert [one.is_refused for one in counted] == [False] * 4 + [True] * 2
    assert [one.remaining for one in counted] == [3, 2, 1, 0, 0, 0]
    assert all(895 <= one.retry_after_s <= 901 for one in counted)
    assert not other.count("am2").is_refused


def test_a_window_in_redis_ends_whatever_follows(redis_url: SecretStr) -> None:
    limit = limit_of(SystemClock(), requests=1, window_s=1, redis_url=redis_url)
    assert not limit.count("am1").is_refused
    started = perf_counter()
    while limit.count("am1").is_refused:
        assert perf_counter() - started < 5
    assert perf_counter() - started > 0.5


@pytest.mark.parametrize("url", ["redis://127.0.0.1:1/0", "redis://[", "nonsense", "redis://nobody.invalid:1/0"])
def test_a_broken_redis_refuses_nobody_and_is_left_alone_for_a_while(
    url: str, clock: FixedClock, caplog: pytest.LogCaptureFixture
) -> None:
    limit = limit_of(clock, redis_url=SecretStr(url))
    assert [limit.count("am1").is_refused for _ in range(5)] == [False] * 3 + [True] * 2
    assert [record.levelno for record in caplog.records] == [logging.ERROR]
    assert url not in caplog.text
    clock.moment += timedelta(seconds=31)
    limit.count("am1")
    assert len(caplog.records) == 2
