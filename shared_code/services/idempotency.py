"""A request that is sent again under the same key is answered again, and carried out once.

A key is new, running, done or abandoned:

* new → running: the first attempt claims it, before anything is done;
* running → done: the answer is kept, and given to whoever repeats the request within a day;
* running → new: an attempt that was refused or failed has created nothing, so it leaves nothing behind;
* running → abandoned: an attempt that has not ended after ten minutes died with its process; no request lives as long.
  The next one takes over, so a crash blocks nobody for ever.

A repetition with other content is refused in every state but new.

Source: REST API, "Repeating a POST"; Data model, "Audit, messages, leases, cache".
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.exc import SQLAlchemyError

from shared_code.errors import ConflictError
from shared_code.services.runtime import Runtime
from shared_code.sql.transient import retry_use_case
from shared_code.storage import idempotency
from shared_code.storage.idempotency import RequestName

KEPT: Final = timedelta(hours=24)
"""How long a key is remembered, from its first attempt."""

ABANDONED_AFTER: Final = timedelta(minutes=10)
"""How long an attempt may run; the platform ends every request before that."""

HEADER: Final = "Idempotency-Key"

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a request was answered with: HTTP status and JSON text; `is_replayed`: at an earlier attempt."""

    status: int
    body: str
    is_replayed: bool = False

    @property
    def is_success(self) -> bool:
        """Whether the request was carried out."""
        return self.status < 400


def carry_out_once(runtime: Runtime, name: RequestName, content_hash: bytes, action: Callable[[], Answer]) -> Answer:
    """What `action` answers, or what it answered when the request of this `name` was carried out before.

    `content_hash` is the SHA-256 of what the request asks for. Raises what `action` raises, and `ConflictError` with
    `reason` `idempotency_key_reused` (same key, other content) or `idempotency_key_in_use` (still running).
    """
    claim = retry_use_case(lambda: _claim(runtime, name, content_hash))
    if isinstance(claim, Answer):
        return claim
    try:
        answer = action()
    except BaseException:
        _settle(runtime, name, claim, None)
        raise
    _settle(runtime, name, claim, answer if answer.is_success else None)
    return answer


def _claim(runtime: Runtime, name: RequestName, content_hash: bytes) -> datetime | Answer:
    """The moment at which this attempt claimed the key, or the kept answer."""
    with runtime.database.writing() as connection:
        now = runtime.clock.now()
        known = idempotency.find(connection, name)
        if known is not None and now < known.expires_at:
            if known.request_hash != content_hash:
                raise _refused("idempotency_key_reused", "This key was used for a request with another content.")
            if known.status is not None and known.body is not None:
                return Answer(known.status, known.body, is_replayed=True)
            if now - known.claimed_at < ABANDONED_AFTER:
                raise _refused("idempotency_key_in_use", "The first request with this key is still being worked on.")
        if known is not None:
            idempotency.forget(connection, name)
        idempotency.enter(connection, name, content_hash, now, now + KEPT)
    return now


def _settle(runtime: Runtime, name: RequestName, claimed_at: datetime, answer: Answer | None) -> None:
    """Keep `answer`, or forget the attempt. What was done stays done, so a fault here is logged, not raised."""
    try:
        with runtime.database.writing() as connection:
            if answer is None:
                idempotency.forget(connection, name, claimed_at)
            else:
                idempotency.finish(connection, name, claimed_at, answer.status, answer.body)
    except SQLAlchemyError as error:
        _log.error("The answer of a request with a key could not be kept", exc_info=error)


def _refused(reason: str, message: str) -> ConflictError:
    return ConflictError(message, field=HEADER, details={"reason": reason})
