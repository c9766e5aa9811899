"""How many requests somebody may make in a window of time.

The window starts with the first request that is counted; a refused one neither counts nor prolongs it. Windows are kept
in Redis where there is one, so that all instances count together. When it fails, this instance counts by itself for a
while: a limit that cannot be looked up is no reason to refuse anybody.

Source: REST API, "Rate limit".
"""

import hashlib
import ipaddress
import logging
import math
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from limits import RateLimitItemPerSecond
from limits.storage import Storage, storage_from_string
from limits.strategies import FixedWindowRateLimiter

from shared_code.clock import Clock
from shared_code.security.windows import MemoryWindows
from shared_code.settings import Settings

_REDIS_TIMEOUT_S: Final = 0.5
_REDIS_REST_S: Final = 30
"""Seconds for which a Redis that failed is left alone."""
_NETWORK_OF_IPV6: Final = 64
"""A subscriber has at least this prefix to himself: his addresses are one."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Counted:
    """What became of a request: `reset` is the end of the window in Unix seconds."""

    is_refused: bool
    limit: int
    remaining: int
    reset: int
    retry_after_s: int

    @property
    def headers(self) -> dict[str, str]:
        """As the response says it."""
        return {
            "X-RateLimit-Limit": str(self.limit),
            "X-RateLimit-Remaining": str(self.remaining),
            "X-RateLimit-Reset": str(self.reset),
        }


class RequestLimit:
    """Counts requests by who makes them."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._clock = clock
        self._item = RateLimitItemPerSecond(settings.rate_limit_requests, settings.rate_limit_window_s)
        self._own = FixedWindowRateLimiter(MemoryWindows(clock))
        self._redis_url = settings.redis_url
        self._rests_until = float("-inf")

    def count(self, who: str) -> Counted:
        """Count a request of `who` and say whether it may go on."""
        now = self._clock.now().timestamp()
        if self._redis_url.get_secret_value() and now >= self._rests_until:
            try:
                return self._count(self._shared, who)
            except Exception as error:  # noqa: BLE001 - whatever is wrong with Redis, the request goes on
                self._rests_until = now + _REDIS_REST_S
                _log.error("Redis failed (%s): this instance counts requests by itself", type(error).__name__)
        return self._count(self._own, who)

    @cached_property
    def _shared(self) -> FixedWindowRateLimiter:
        """The windows in Redis, which is loaded where it is used."""
        storage = storage_from_string(
            self._redis_url.get_secret_value(),
            socket_timeout=_REDIS_TIMEOUT_S,
            socket_connect_timeout=_REDIS_TIMEOUT_S,
        )
        assert isinstance(storage, Storage)
        return FixedWindowRateLimiter(storage)

    def _count(self, limiter: FixedWindowRateLimiter, who: str) -> Counted:
        is_allowed = limiter.hit(self._item, who)
        window = limiter.get_window_stats(self._item, who)
        left_s = window.reset_time - self._clock.now().timestamp()
        return Counted(
            not is_allowed,
            self._item.amount,
            max(0, window.remaining),
            math.ceil(window.reset_time),
            max(1, math.ceil(left_s)),
        )


def principal_key(issuer: str, subject: str) -> str:
    """Under which the requests of an authenticated caller are counted; no name is stored."""
    return "principal:" + hashlib.sha256(f"{issuer}\n{subject}".encode()).hexdigest()


def address_key(host: str | None) -> str:
    """Under which the requests that fail authentication are counted: the client's address, or its IPv6 network."""
    try:
        address = ipaddress.ip_address(host or "")
    except ValueError:
        return "address:unknown"
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return f"address:{address.ipv4_mapped}"
        return f"address:{ipaddress.IPv6Network((int(address), _NETWORK_OF_IPV6), strict=False)}"
    return f"address:{address}"
