"""How many requests of this instance fail: counted in the process, entered as an alert while there are too many.

Each instance counts its own requests, since the one that evaluates the rules need not serve any.

Source: Operations, "Monitoring and alerts" (API errors).
"""

import hashlib
import logging
import os
import platform
import threading
from collections import deque
from contextvars import copy_context
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from shared_code.services.runtime import Runtime
from shared_code.storage import alerts

RULE: Final = "api_errors"
WINDOW: Final = timedelta(minutes=5)
"""Over how long requests are counted."""
MOST_FAILING_PERCENT: Final = 5
"""Percent of the requests that may end with 500 or above."""
FEWEST_ERRORS: Final = 3
"""Fewer are single failures, which the log tells: at a quiet hour one of them would be all there is."""
ENTERED_EVERY: Final = timedelta(minutes=1)
"""How often an instance enters its count at most."""

_SLOT_S: Final = 10

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Slot:
    """The requests of a few seconds."""

    number: int
    requests: int = 0
    errors: int = 0


@dataclass(frozen=True, slots=True)
class ErrorCount:
    """Requests of the window, and those of them that ended with 500 or above."""

    requests: int
    errors: int

    @property
    def is_too_high(self) -> bool:
        """Whether more fail than may."""
        return self.errors >= FEWEST_ERRORS and self.errors * 100 > self.requests * MOST_FAILING_PERCENT


class ErrorWindow:
    """The requests of the last five minutes. Safe between threads."""

    def __init__(self) -> None:
        self._slots: deque[_Slot] = deque()
        self._lock = threading.Lock()

    def count(self, status: int, now: datetime) -> ErrorCount:
        """Count a request that was answered with `status`; 0 is one without an answer."""
        number = int(now.timestamp()) // _SLOT_S
        with self._lock:
            if self._slots and self._slots[-1].number > number:
                self._slots.clear()  # the clock was put back: nothing of before would ever be old
            if not self._slots or self._slots[-1].number < number:
                self._slots.append(_Slot(number))
            self._slots[-1].requests += 1
            self._slots[-1].errors += status >= 500 or status == 0
            while self._slots[0].number <= number - WINDOW.total_seconds() // _SLOT_S:
                self._slots.popleft()
            return ErrorCount(sum(slot.requests for slot in self._slots), sum(slot.errors for slot in self._slots))


class ErrorWatch:
    """Enters how many requests of this instance fail when those are too many, and when they are no longer.

    From the latter the evaluation of the rules takes the end of the alert.
    """

    def __init__(self, instance: str | None = None) -> None:
        self._instance = instance or instance_name()
        self._window = ErrorWindow()
        self._lock = threading.Lock()
        self._entered_at: datetime | None = None
        self._is_raised = False

    def answered(self, runtime: Runtime, status: int) -> None:
        """A request was answered. The database is written to in a thread of its own: nobody waits for it."""
        now = runtime.clock.now()
        count = self._window.count(status, now)
        with self._lock:
            is_due = self._entered_at is None or abs(now - self._entered_at) >= ENTERED_EVERY
            if not is_due or not (count.is_too_high or self._is_raised):
                return
            self._entered_at, self._is_raised = now, count.is_too_high
        work = copy_context()
        threading.Thread(target=work.run, args=(self._enter, runtime, count, now), daemon=True).start()

    def _enter(self, runtime: Runtime, count: ErrorCount, now: datetime) -> None:
        details = {"requests": count.requests, "errors": count.errors, "measuredAt": now}
        try:
            with runtime.database.writing() as connection:
                alerts.enter(connection, RULE, self._instance, holds=True, details=details, now=now)
        except Exception as error:  # noqa: BLE001 - a database that is away is what makes requests fail
            _log.error("The alert of failing requests could not be entered", exc_info=error)


def instance_name() -> str:
    """What stands for this process in alerts: the same while it lives, no name of a machine."""
    host = os.environ.get("WEBSITE_INSTANCE_ID") or platform.node()
    return f"instance {hashlib.sha256(host.encode()).hexdigest()[:8]}-{os.getpid()}"
