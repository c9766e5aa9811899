"""Statements that took long are told in the log, by their text, which holds no value, and its hash.

The server's own hash of a plan is not the app's to read; the hash of the text finds it in the server's query store.

Source: Data model, "Access and performance".
"""

import hashlib
import logging
import time
from typing import Any, Final

from sqlalchemy import Connection, Engine, event

SLOW_S: Final = 1.0
"""Seconds that a statement may take without a word; what a reader fetches of it afterwards does not count."""

_TOLD: Final = 200
"""Characters of a statement that are told."""

_log = logging.getLogger(__name__)


def log_slow_statements(engine: Engine) -> None:
    """Tell of every statement of `engine` that takes longer than `SLOW_S`."""

    def begin(_: Connection, _cursor: Any, _statement: str, _parameters: Any, context: Any, _many: bool) -> None:
        context.began_at = time.perf_counter()

    def end(_: Connection, _cursor: Any, statement: str, _parameters: Any, context: Any, _many: bool) -> None:
        seconds = time.perf_counter() - context.began_at
        if seconds > SLOW_S:
            digest = hashlib.sha256(statement.encode()).hexdigest()[:16]
            _log.warning("A statement took %.1f s (%s): %s", seconds, digest, " ".join(statement.split())[:_TOLD])

    event.listen(engine, "before_cursor_execute", begin)
    event.listen(engine, "after_cursor_execute", end)


__all__ = ["SLOW_S", "log_slow_statements"]
