"""What a write has left in the outbox is sent soon after it, while nobody waits: by one thread a process.

The timer sends whatever this thread did not: where it failed, where another process was sending, where the process
ended before.

Source: Operations, "Schedules" (`outbox_relay`) and "Flow".
"""

import logging
from collections.abc import Callable
from threading import Event, Lock, Thread
from typing import Final

GATHER_S: Final = 0.5
"""Seconds after a write in which others may join it: a burst of saves is sent in a few rounds."""

REST_S: Final = 2.0
"""Seconds of rest after a round that sent nothing: the broker is away, or another process is sending."""

CLOSED_WITHIN_S: Final = 30.0
"""Seconds that a round under way has to end when the process does; a broker that is away takes 20."""

_log = logging.getLogger(__name__)


class PromptRelay:
    """Calls `relay`, which returns how many messages it sent, after every `nudge`; many nudges are one call.

    The thread starts with the first nudge and ends with `close`. `gather_s` and `rest_s` are in seconds.
    """

    def __init__(self, relay: Callable[[], int], gather_s: float = GATHER_S, rest_s: float = REST_S) -> None:
        self._relay = relay
        self._gather_s = gather_s
        self._rest_s = rest_s
        self._wanted = Event()
        self._closing = Event()
        self._starting = Lock()
        self._thread: Thread | None = None

    def nudge(self) -> None:
        """There is something to send. Returns at once and raises nothing, also when no thread can be had."""
        self._wanted.set()
        if self._thread is None:
            self._start()

    def close(self) -> None:
        """Send nothing more; a round under way ends first, within `CLOSED_WITHIN_S`."""
        with self._starting:
            self._closing.set()
            self._wanted.set()
        if self._thread is not None:
            self._thread.join(CLOSED_WITHIN_S)

    def _start(self) -> None:
        with self._starting:
            if self._thread is not None or self._closing.is_set():
                return
            thread = Thread(target=self._run, name="prompt-relay", daemon=True)
            try:
                thread.start()
            except RuntimeError:  # the process is at its limit or at its end: the timer sends
                return
            self._thread = thread

    def _run(self) -> None:
        while True:
            self._wanted.wait()
            if self._closing.wait(self._gather_s):
                return
            # Whoever nudges from here on has committed too late for this round, and gets another.
            self._wanted.clear()
            if not self._round() and self._closing.wait(self._rest_s):
                return

    def _round(self) -> int:
        try:
            return self._relay()
        except Exception as error:  # noqa: BLE001 - whatever it was, nothing is lost and the timer comes
            _log.warning(
                "The outbox could not be relayed at once, which leaves it to the timer: %s", type(error).__name__
            )
            return 0
