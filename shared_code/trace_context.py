"""The trace that a piece of work belongs to: from a request through its messages to whatever follows from them.

Source: Operations, "Message form".
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

TRACEPARENT: Final = "traceparent"
"""The header of a request and the property of a message that name the trace, as W3C Trace Context has it."""

_FORM = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")

_current: ContextVar[str | None] = ContextVar(TRACEPARENT, default=None)


def accepted_traceparent(given: object) -> str | None:
    """`given` where it has the form `version-trace-parent-flags`; None for anything else, which names no trace."""
    return given if isinstance(given, str) and _FORM.fullmatch(given) else None


def current_traceparent() -> str | None:
    """The trace that this code works for, in whichever thread; None outside of one."""
    return _current.get()


@contextmanager
def traced(given: object) -> Iterator[None]:
    """Ties the block, and threads that inherit its context, to the trace `given`; to none where it is malformed."""
    token = _current.set(accepted_traceparent(given))
    try:
        yield
    finally:
        _current.reset(token)


__all__ = ["TRACEPARENT", "accepted_traceparent", "current_traceparent", "traced"]
