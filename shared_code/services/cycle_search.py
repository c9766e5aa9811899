"""Pausing the search for reference cycles while many small objects are made that hold none.

The interpreter looks for cycles again and again while objects accumulate, which takes a fifth of the time of a bulk
calculation. Between two pauses it catches up with what other threads have left.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

_lock = Lock()
_pauses = 0
_was_on = True


@contextmanager
def no_cycle_search() -> Iterator[None]:
    """Pause the search until the block ends; where pauses of several threads overlap, until the last one ends."""
    global _pauses, _was_on  # noqa: PLW0603 - the search is a matter of the whole process
    with _lock:
        if _pauses == 0:
            _was_on = gc.isenabled()
            gc.disable()
        _pauses += 1
    try:
        yield
    finally:
        with _lock:
            _pauses -= 1
            if _pauses == 0 and _was_on:
                gc.enable()
