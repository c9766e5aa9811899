"""Waiting for the threads of the local host."""

import threading
import time
from collections.abc import Iterable


def join_all(threads: Iterable[threading.Thread], timeout_s: float) -> None:
    """Waits for the end of all started `threads`, at most `timeout_s` seconds together."""
    deadline = time.monotonic() + timeout_s
    for thread in threads:
        if thread.is_alive():
            thread.join(max(0.0, deadline - time.monotonic()))
