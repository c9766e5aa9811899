"""How many messages of a queue one process works on at once.

The host's own limits hold for all queues together; these are places within the process, for each queue by itself.

Source: Operations, "Parallelism".
"""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Semaphore

from shared_code.errors import LastingError
from shared_code.messaging.message import PAYROLL_CALCULATE, PL_REFRESH, STATISTICS_UPDATE
from shared_code.settings import Settings

LONGEST_WAIT_S = 60.0
"""Seconds that a message waits for a place before it is handed on."""


class HandlerPlaces:
    """The places of one process; queues without a setting have as many as the host allows."""

    def __init__(self, settings: Settings) -> None:
        self._places = {
            STATISTICS_UPDATE: Semaphore(settings.slots_statistics),
            PAYROLL_CALCULATE: Semaphore(settings.slots_payroll),
            PL_REFRESH: Semaphore(settings.slots_pl),
        }

    @contextmanager
    def held(self, source: str) -> Iterator[None]:
        """Hold a place of queue `source` while the block runs. Raises `LastingError` when none becomes free."""
        place = self._places.get(source)
        if place is None:
            yield
            return
        if not place.acquire(timeout=LONGEST_WAIT_S):
            raise LastingError(f"All places for messages of {source} were taken for {LONGEST_WAIT_S:g} s")
        try:
            yield
        finally:
            place.release()
