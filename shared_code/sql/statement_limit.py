"""How long a statement of SQL Server may take: a request waits for an answer, a job for much longer.

SQLite knows no such limit.

Source: Data model, "Access and performance"; Operations, "Settings".
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from sqlalchemy import Connection, Engine, event

_longest: ContextVar[int | None] = ContextVar("longest_statement", default=None)


@contextmanager
def statements_within(seconds: int) -> Iterator[None]:
    """Let each statement of the block, and of threads that inherit its context, take so many seconds."""
    token = _longest.set(seconds)
    try:
        yield
    finally:
        _longest.reset(token)


def let_statements_take(seconds: int) -> None:
    """As `statements_within`, for the rest of a process that serves nobody: a command."""
    _longest.set(seconds)


def limit_of_statements(otherwise_s: int) -> int:
    """Seconds that a statement may take here, `otherwise_s` where no block says so."""
    return _longest.get() or otherwise_s


def limit_statements(engine: Engine, otherwise_s: int) -> None:
    """Hold the statements of every transaction on `engine` to the limit of their block, or to `otherwise_s`."""

    def limit(connection: Connection) -> None:
        driver: Any = connection.connection.driver_connection
        seconds = limit_of_statements(otherwise_s)
        if driver.timeout != seconds:
            driver.timeout = seconds

    event.listen(engine, "begin", limit)


__all__ = ["let_statements_take", "limit_of_statements", "limit_statements", "statements_within"]
