"""A Redis that takes connections and never answers: nobody waits for it for long, and soon nobody asks it."""

import socket
import time
from collections.abc import Iterator

import pytest
from pydantic import SecretStr

from shared_code.cache import RedisCache
from shared_code.clock import SystemClock
from shared_code.security.rate_limit import RequestLimit
from shared_code.settings import Settings

NOT_LONG_S = 2.0


@pytest.fixture
def silent() -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"redis://127.0.0.1:{listener.getsockname()[1]}/0"


def test_an_answer_is_computed_instead(silent: str) -> None:
    cache, started = RedisCache(silent, "t:"), time.monotonic()
    assert cache.get("a") is None
    assert time.monotonic() - started < NOT_LONG_S
    started = time.monotonic()
    for _ in range(100):
        cache.put("a", b"x", 60)
        assert cache.get("a") is None
    assert time.monotonic() - started < NOT_LONG_S


def test_a_request_is_counted_by_the_instance_itself(silent: str) -> None:
    limit = RequestLimit(Settings(redis_url=SecretStr(silent), rate_limit_requests=2), SystemClock())
    started = time.monotonic()
    assert [limit.count("somebody").is_refused for _ in range(3)] == [False, False, True]
    assert time.monotonic() - started < NOT_LONG_S
