"""A cache of answers: in process, or in Redis where one is configured. A broken Redis is a cache that holds nothing.

Source: Architecture, "Rules"; REST API, "Caching and freshness".
"""

import logging
import threading
import time
from collections.abc import Callable
from typing import Final, Protocol

from shared_code.settings import Settings

LARGEST_ENTRY: Final = 2 * 1024 * 1024
"""Bytes of an answer that is worth keeping."""

MEMORY_BYTES: Final = 64 * 1024 * 1024
"""Bytes that a process keeps at most."""

PAUSE_S: Final = 30.0
"""Seconds for which a Redis that failed is left alone."""

REDIS_TIMEOUT_S: Final = 0.25
"""Seconds that a request waits for Redis: an answer is computed in less."""

CACHE_ERROR: Final = "CACHE_ERROR"

_log = logging.getLogger(__name__)


class Cache(Protocol):
    """Keeps bytes for a while; may forget them at any time."""

    def get(self, key: str) -> bytes | None:
        """What was put under `key`, None where nothing is kept."""
        ...

    def put(self, key: str, value: bytes, ttl_s: int) -> None:
        """Keep `value` for `ttl_s` seconds at most."""
        ...

    def works(self) -> bool:
        """Whether anything can be kept now."""
        ...


class MemoryCache:
    """The cache of one process: the entries used last, up to a number of bytes."""

    def __init__(self, largest: int = MEMORY_BYTES, timer: Callable[[], float] = time.monotonic) -> None:
        from cachetools import TLRUCache  # noqa: PLC0415 - nothing is cached before the first request

        self._entries: TLRUCache[str, tuple[bytes, int]] = TLRUCache(
            largest, ttu=lambda _key, entry, now: now + entry[1], timer=timer, getsizeof=lambda entry: len(entry[0])
        )
        self._lock = threading.Lock()

    def get(self, key: str) -> bytes | None:
        """What was put under `key`, None where nothing is kept."""
        with self._lock:
            entry = self._entries.get(key)
        return None if entry is None else entry[0]

    def put(self, key: str, value: bytes, ttl_s: int) -> None:
        """Keep `value` for `ttl_s` seconds at most; one that is too large is not kept."""
        if len(value) > LARGEST_ENTRY:
            return
        with self._lock:
            self._entries[key] = (value, ttl_s)

    def works(self) -> bool:
        """It does as long as the process lives."""
        return True


class RedisCache:
    """A cache that all instances share. Fails open: while Redis is out of reach nothing is found and nothing kept."""

    def __init__(self, url: str, prefix: str, timer: Callable[[], float] = time.monotonic) -> None:
        from redis import Redis  # noqa: PLC0415 - only where one is configured

        self._redis: Redis = Redis.from_url(
            url, socket_timeout=REDIS_TIMEOUT_S, socket_connect_timeout=REDIS_TIMEOUT_S, retry_on_timeout=False
        )
        self._prefix = prefix
        self._timer = timer
        self._closed_until = 0.0

    def get(self, key: str) -> bytes | None:
        """What was put under `key`, None where nothing is kept or Redis cannot say."""
        found = self._tried(lambda: self._redis.get(self._prefix + key))
        return found if isinstance(found, bytes) else None

    def put(self, key: str, value: bytes, ttl_s: int) -> None:
        """Keep `value` for `ttl_s` seconds at most, where Redis can."""
        if len(value) <= LARGEST_ENTRY:
            self._tried(lambda: self._redis.set(self._prefix + key, value, ex=ttl_s))

    def works(self) -> bool:
        """Whether Redis answers, and is not left alone."""
        return self._tried(self._redis.ping) is True

    def _tried(self, command: Callable[[], object]) -> object:
        from redis import RedisError  # noqa: PLC0415 - only where one is configured

        if self._timer() < self._closed_until:
            return None
        try:
            return command()
        except (RedisError, OSError) as error:
            self._closed_until = self._timer() + PAUSE_S
            _log.warning("%s: Redis failed (%s); it is left alone for %d s", CACHE_ERROR, type(error).__name__, PAUSE_S)
            return None


def open_cache(settings: Settings) -> Cache:
    """The cache that the settings call for."""
    url = settings.redis_url.get_secret_value()
    return RedisCache(url, f"townepark:{settings.environment_name}:") if url else MemoryCache()
