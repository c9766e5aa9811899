"""The circuit breaker of a source: a source that keeps failing is left alone for a while.

Source: Operations, "Retries and dead letters".
"""

from datetime import datetime, timedelta
from threading import Lock

from shared_code.clock import Clock

FAILURES_TO_OPEN = 5
OPEN_FOR = timedelta(seconds=60)


class CircuitBreaker:
    """Opens after 5 consecutive failures for 60 s, then lets one trial call through.

    Whoever calls the source asks `may_call` first and reports with `succeeded` or `failed`. Safe between threads;
    share one per source and process.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = Lock()
        self._failures = 0
        self._closed_again_at: datetime | None = None

    def may_call(self) -> bool:
        """Whether the source may be called now; the first `True` after an open time is the trial call."""
        with self._lock:
            if self._closed_again_at is None:
                return True
            now = self._clock.now()
            # A clock that was put back would prolong the open time by as much.
            if now < self._closed_again_at <= now + OPEN_FOR:
                return False
            # A trial that never reports must not block the source for ever: the next one is due in 60 s.
            self._closed_again_at = now + OPEN_FOR
            return True

    @property
    def is_open(self) -> bool:
        """Whether the source has failed too often and not answered since; asking changes nothing."""
        with self._lock:
            return self._closed_again_at is not None

    def succeeded(self) -> None:
        """The source answered."""
        with self._lock:
            self._failures = 0
            self._closed_again_at = None

    def failed(self) -> None:
        """The source could not be reached, did not answer in time, or answered that it cannot serve."""
        with self._lock:
            self._failures += 1
            if self._failures >= FAILURES_TO_OPEN:
                self._closed_again_at = self._clock.now() + OPEN_FOR
