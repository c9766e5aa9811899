"""What happens with a message: read, done once, or set aside when it can never be done.

A handler that ends completes its message; one that raises gets it again. What can never succeed is therefore kept as
poison and ends; what fails for a while comes back as a delayed copy.

Source: Operations, "Flow" and "Retries and dead letters".
"""

import json
import logging
import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import Connection

from shared_code.dead_letter_reasons import PoisonReason
from shared_code.errors import ForecastError, LastingError, TransientError, TransientSourceError
from shared_code.messaging.contracts import Body, PoisonError, parse_body
from shared_code.messaging.message import (
    ALERTS,
    JOBS,
    PAYROLL_CALCULATE,
    PL_REFRESH,
    QUEUES,
    STATISTICS_UPDATE,
    TREND,
    UNIT_ACCOUNTS,
    Message,
)
from shared_code.messaging.received import ReceivedMessage
from shared_code.services.consumers import (
    flc_alerts,
    job_slices,
    pnl_refresh,
    pnl_requests,
    stale_trends,
    unit_accounts,
)
from shared_code.services.consumers.delivery import Delivery
from shared_code.services.held_lease import LeaseLostError
from shared_code.services.observed import observed_message
from shared_code.services.runtime import Runtime, serving_runtime
from shared_code.sql.statement_limit import statements_within
from shared_code.storage import inbox, outbox
from shared_code.storage.outbox import ATTEMPT, MAX_BODY_BYTES
from shared_code.trace_context import TRACEPARENT, traced

_log = logging.getLogger(__name__)

Handler = Callable[[Runtime, Delivery[Any]], None]

HANDLERS: Final[Mapping[str, Handler]] = {
    STATISTICS_UPDATE: pnl_requests.request_refresh,
    PAYROLL_CALCULATE: pnl_requests.request_refresh,
    PL_REFRESH: pnl_refresh.refresh,
    UNIT_ACCOUNTS: unit_accounts.refuse_unknown_batch,
    JOBS: job_slices.work_slice,
    ALERTS.source: flc_alerts.raise_flc_alert,
    TREND.source: stale_trends.overtake_trends,
}
"""The work of each queue and subscription."""

CLOSE_FAILED: Final[Mapping[str, Callable[[Connection, Runtime, Body, ForecastError], None]]] = {
    PL_REFRESH: pnl_refresh.fail_request,
    JOBS: job_slices.fail_job,
}
"""What is closed as failed with a message that can never succeed: the request that it was about."""

DELAYS: Final = tuple(timedelta(seconds=seconds) for seconds in (30, 60, 120, 300))
"""How long a message waits for its next attempt while its fault lasts."""

_ATTEMPT = re.compile(r":r\d$")


def handle(source: str, message: ReceivedMessage) -> None:
    """Work one message off. Returns when it is done or can never be; raises when a later try may succeed."""
    handle_with(serving_runtime(), source, message)


def handle_with(app: Runtime, source: str, message: ReceivedMessage) -> None:
    """`handle` on a given runtime."""
    with app.database.reading() as connection:
        if inbox.is_processed(connection, source, message.message_id):
            return
    limited = statements_within(app.settings.db_long_timeout_s)
    with traced(message.properties.get(TRACEPARENT)), observed_message(source, message), limited:
        body: Body | None = None
        try:
            body = _body_of(source, message)
            with app.places.held(source):
                HANDLERS[source](app, Delivery(source, message.message_id, body))
        except (LastingError, TransientSourceError) as error:
            if not _hand_on(app, source, message):
                raise
            _log.warning("Message %s of %s is tried again later: %s", message.message_id, source, error.code)
        except (TransientError, LeaseLostError):
            raise
        except ForecastError as error:
            _set_aside(app, source, message, body, error)
            _log.warning("Message %s of %s is set aside as poison: %s", message.message_id, source, error.code)


def _body_of(source: str, message: ReceivedMessage) -> Body:
    if len(message.body) > MAX_BODY_BYTES:
        raise PoisonError(f"The body has {len(message.body):,} bytes; at most {MAX_BODY_BYTES:,} are accepted")
    return parse_body(source, message.body)


def _hand_on(app: Runtime, source: str, message: ReceivedMessage) -> bool:
    """Leave a copy that comes after a while, and let this message end; False when that has been done often enough.

    A subscription has no sender but its topic, whose other subscribers have had the message: it cannot be copied.
    """
    attempt = message.properties.get(ATTEMPT, 1)
    if source not in QUEUES or not isinstance(attempt, int) or not 1 <= attempt <= len(DELAYS):
        return False
    with app.database.writing() as connection:
        now = app.clock.now()
        copy = Message(
            source,
            message.subject or "",
            message.session_id or "",
            f"{_ATTEMPT.sub('', message.message_id)}:r{attempt}",
            json.loads(message.body, parse_float=Decimal),
            {**message.properties, ATTEMPT: attempt + 1},
            now + DELAYS[attempt - 1],
        )
        outbox.append(connection, [copy], now)
        inbox.record(connection, source, message.message_id, "delayed", now)
    return True


def _set_aside(app: Runtime, source: str, message: ReceivedMessage, body: Body | None, error: ForecastError) -> None:
    """Keep the message with its reason and let it end: nothing that a later delivery could mend."""
    reason = PoisonReason.of(error.code)
    with app.database.writing() as connection:
        now = app.clock.now()
        inbox.record_poison(
            connection,
            destination=source,
            message_id=message.message_id,
            subject=message.subject,
            body=message.body[:MAX_BODY_BYTES].decode("utf-8", "replace"),
            reason_code=reason.value,
            detail=error.message if reason == error.code else f"{error.code}: {error.message}",
            delivery_count=message.delivery_count,
            now=now,
        )
        if body is not None and source in CLOSE_FAILED:
            CLOSE_FAILED[source](connection, app, body, error)
        inbox.record(connection, source, message.message_id, "poison", now)
