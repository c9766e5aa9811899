"""Counters of fixed windows in the memory of this process: exact under threads, bounded, on the injected clock.

In place of the library's own memory storage, which loses counts between threads and starts a thread a request.

Source: REST API, "Rate limit".
"""

import threading
from collections import OrderedDict
from typing import Final

from limits.storage import Storage

from shared_code.clock import Clock

_MOST: Final = 100_000
"""Windows that are kept; beyond that the oldest go, so that nobody fills the memory with addresses."""


class MemoryWindows(Storage):
    """Counters that begin with their first request and end when their window does."""

    STORAGE_SCHEME = None

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock
        self._lock = threading.Lock()
        self._windows: OrderedDict[str, tuple[float, int]] = OrderedDict()

    @property
    def base_exceptions(self) -> type[Exception]:
        """Nothing fails here."""
        return ValueError

    def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        """Count `amount` in the window of `key`, which ends `expiry` seconds after its first one; the sum."""
        now = self._clock.now().timestamp()
        with self._lock:
            ends_at, count = self._windows.get(key, (0.0, 0))
            if ends_at <= now:
                ends_at, count = now + expiry, 0
                self._windows.pop(key, None)
            self._windows[key] = ends_at, count + amount
            self._forget(now)
            return count + amount

    def get(self, key: str) -> int:
        """The count of the window under way; 0 where none is."""
        ends_at, count = self._windows.get(key, (0.0, 0))
        return count if ends_at > self._clock.now().timestamp() else 0

    def get_expiry(self, key: str) -> float:
        """When the window ends, in Unix seconds; now where none is under way."""
        now = self._clock.now().timestamp()
        return max(self._windows.get(key, (now, 0))[0], now)

    def check(self) -> bool:
        """It is always there."""
        return True

    def reset(self) -> int:
        """Forget every window; how many there were."""
        with self._lock:
            count = len(self._windows)
            self._windows.clear()
        return count

    def clear(self, key: str) -> None:
        """Forget the window of `key`."""
        with self._lock:
            self._windows.pop(key, None)

    def _forget(self, now: float) -> None:
        """Windows stand in the order of their beginning, and all are equally long: the first ones end first."""
        while self._windows:
            oldest = next(iter(self._windows))
            if len(self._windows) <= _MOST and self._windows[oldest][0] > now:
                return
            del self._windows[oldest]
