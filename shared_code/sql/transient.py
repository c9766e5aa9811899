"""Database faults: what kind each is, and which of them are tried again.

A fault is known by the driver's numbers alone. Its text is never repeated: it can hold addresses, names and values.

Source: SQL Server through pyodbc and SQLAlchemy, "Connecting"; Operations, "Retries and dead letters".
"""

import logging
import re
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from random import SystemRandom
from typing import Any, TypeVar

import stamina
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from stamina.instrumentation import RetryDetails, set_on_retry_hooks

from shared_code.errors import TransientError

T = TypeVar("T")
_log = logging.getLogger(__name__)

RETRY_WAITS_S = (1.0, 2.0, 4.0)
"""Seconds before the second, third and fourth attempt; up to `JITTER` of each is added."""

JITTER = 0.25
TOTAL_RETRY_S = 60.0
"""No further attempt starts this many seconds after the first one started, unless a caller says otherwise."""

TIMEOUTS = frozenset({1222, 10060})
"""Lock timeout; no answer from the network."""

TRANSIENT_NUMBERS = (
    frozenset({40613, 40197, 40501, 49918, 49919, 49920, 10928, 10929})  # Azure SQL: moved, busy or throttled
    | frozenset({10053, 10054, 233, 64})  # connection lost
    | frozenset({4060})  # database not there while failing over
    | frozenset({42108, 42109})  # paused
    | frozenset({1205, 3960})  # deadlock, snapshot conflict
    | frozenset({37396})  # expired token
    | TIMEOUTS
)
"""SQL Server error numbers that may pass.

Source: SQL Server through pyodbc and SQLAlchemy, "Connecting".
"""

TIMEOUT_STATES = frozenset({"HYT00", "HYT01"})
TRANSIENT_STATES = TIMEOUT_STATES | {"08S01", "08001", "40001"}
"""SQLSTATEs that may pass: timeouts, lost or refused connections, serialisation failure."""

CONTENTION_NUMBERS = frozenset({1205, 1222, 3960})
"""Another session was in the way: the transaction is void and the whole use case may be repeated."""

EXPIRED_TOKEN = 37396

_CONNECTING = "(SQLDriverConnect)"
_PERMISSION_NUMBERS = frozenset({229, 230, 297, 300, 916})
_SCHEMA_NUMBERS = frozenset({207, 208, 2812})
_LOGIN_NUMBERS = frozenset({18456, 18452, 18470, 18486, 18487, 18488})
_LOGIN_STATES = frozenset({"28000"})
_NUMBER = re.compile(r"\((-?\d+)\)(?=\s*(?:\(SQL\w+\)|;|$))")


class FaultKind(StrEnum):
    """What a fault means to the caller."""

    TRANSIENT = "transient"
    PERMISSION = "permission"
    SCHEMA = "schema"
    LOGIN = "login"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class DatabaseFault:
    """A fault without its text: kind, SQL Server numbers, SQLSTATE.

    `is_timeout`: no answer in time. `is_contention`: another session was in the way. `is_uncommitted`: certain that
    nothing of the transaction was committed, so that repeating all of it does nothing twice.
    """

    kind: FaultKind
    numbers: frozenset[int] = frozenset()
    state: str = ""
    is_timeout: bool = False
    is_contention: bool = False
    is_uncommitted: bool = False

    @property
    def is_transient(self) -> bool:
        """Whether the same call may succeed later."""
        return self.kind is FaultKind.TRANSIENT


def fault_of(error: BaseException) -> DatabaseFault:
    """What `error` (of SQLAlchemy, pyodbc or sqlite3, or a `TransientError`) means; kind `other` when unknown.

    Source: SQL Server through pyodbc and SQLAlchemy, "Connecting".
    """
    if isinstance(error, TransientError):
        return _fault_behind(error)
    if isinstance(error, PoolTimeoutError):
        return DatabaseFault(FaultKind.TRANSIENT, is_timeout=True, is_uncommitted=True)
    in_statement = isinstance(error, DBAPIError) and error.statement is not None
    original = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(original, sqlite3.Error):
        return _sqlite_fault(original)
    if original is not None and type(original).__module__ == "pyodbc":
        return _sql_server_fault(original.args, in_statement=in_statement)
    return DatabaseFault(FaultKind.OTHER)


def _fault_behind(error: TransientError) -> DatabaseFault:
    """A fault already called transient; what it says of the transaction is in its cause."""
    cause = error.__cause__
    if isinstance(cause, DBAPIError | sqlite3.Error):
        return replace(fault_of(cause), kind=FaultKind.TRANSIENT)
    return DatabaseFault(FaultKind.TRANSIENT, is_uncommitted=True)


def _sqlite_fault(error: sqlite3.Error) -> DatabaseFault:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
        return DatabaseFault(FaultKind.TRANSIENT, is_timeout=True, is_contention=True, is_uncommitted=True)
    if code in {sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH, sqlite3.SQLITE_READONLY}:
        return DatabaseFault(FaultKind.PERMISSION)
    if code == sqlite3.SQLITE_ERROR and re.match(r"no such (table|column)", str(error)):
        return DatabaseFault(FaultKind.SCHEMA)
    return DatabaseFault(FaultKind.OTHER)


def _sql_server_fault(arguments: tuple[Any, ...], *, in_statement: bool) -> DatabaseFault:
    state = str(arguments[0]) if arguments else ""
    text = " ".join(str(argument) for argument in arguments[1:])
    numbers = frozenset(int(number) for number in _NUMBER.findall(text))
    is_contention = bool(numbers & CONTENTION_NUMBERS) or state == "40001"
    return DatabaseFault(
        _sql_server_kind(numbers, state),
        numbers,
        state,
        is_timeout=bool(numbers & TIMEOUTS) or state in TIMEOUT_STATES,
        is_contention=is_contention,
        # What is neither a statement nor the opening of the connection was the COMMIT: nobody knows its outcome.
        is_uncommitted=in_statement or is_contention or _CONNECTING in text,
    )


def _sql_server_kind(numbers: frozenset[int], state: str) -> FaultKind:
    # A failed login is often followed by a second record about the database that could not be opened: the number
    # that may pass decides, because it is the reason.
    if numbers & TRANSIENT_NUMBERS:
        return FaultKind.TRANSIENT
    if numbers & _LOGIN_NUMBERS or state in _LOGIN_STATES:
        return FaultKind.LOGIN
    if numbers & _PERMISSION_NUMBERS:
        return FaultKind.PERMISSION
    if numbers & _SCHEMA_NUMBERS or state == "42S02":
        return FaultKind.SCHEMA
    return FaultKind.TRANSIENT if state in TRANSIENT_STATES else FaultKind.OTHER


def retry(
    call: Callable[[], T],
    *,
    total_s: float = TOTAL_RETRY_S,
    may_retry: Callable[[DatabaseFault], bool] = lambda fault: fault.is_transient,
) -> T:
    """The result of `call`, which is repeated after a transient fault at most three times, after 1, 2 and 4 s.

    Up to 25 % is added to each wait, and no attempt starts after `total_s` seconds. `call` must be one that may be
    made again as a whole: opening a connection, a read that has returned nothing yet. The last error is let through.

    Source: Operations, "Retries and dead letters".
    """
    waits = iter(RETRY_WAITS_S)

    def wait_after(error: Exception) -> bool | float:
        fault = fault_of(error)
        if not (fault.is_transient and may_retry(fault)):
            return False
        wait = next(waits, None)
        return False if wait is None else wait * (1 + JITTER * SystemRandom().random())

    for attempt in stamina.retry_context(on=wait_after, attempts=1 + len(RETRY_WAITS_S), timeout=total_s):
        with attempt:
            return call()
    raise AssertionError("the last attempt returns or raises")


def retry_use_case(use_case: Callable[[], T], *, total_s: float = TOTAL_RETRY_S) -> T:
    """The result of `use_case`, one whole transaction, repeated where it is certain that nothing was committed.

    That is so after a deadlock, a lock timeout, a busy SQLite file, and a connection that could not be opened or was
    lost before the commit. An error of the commit itself is let through: what became of it is not known.

    Source: Operations, "Retries and dead letters".
    """
    return retry(use_case, total_s=total_s, may_retry=lambda fault: fault.is_uncommitted)


def _log_retry(details: RetryDetails) -> None:
    fault = fault_of(details.caused_by)
    _log.warning(
        "a %s fault (SQLSTATE %s, numbers %s): attempt %d follows in %.1f s",
        fault.kind,
        fault.state or "none",
        sorted(fault.numbers) or "none",
        details.retry_num + 1,
        details.wait_for,
    )


# The library's own hook would log the error's text and the call's arguments.
set_on_retry_hooks([_log_retry])

__all__ = [
    "EXPIRED_TOKEN",
    "RETRY_WAITS_S",
    "TRANSIENT_NUMBERS",
    "TRANSIENT_STATES",
    "DatabaseFault",
    "FaultKind",
    "fault_of",
    "retry",
    "retry_use_case",
]
