"""What happens with a message: parsed, done once, or set aside when it can never be done.

Source: Operations, "Flow" and "Retries and dead letters".
"""

import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from shared_code.domain.site_scope import SiteScope
from shared_code.errors import ForecastError, LastingError, TransientError
from shared_code.messaging.events import SCHEMA_VERSION, refresh_message
from shared_code.messaging.message import ALERTS, JOBS, PAYROLL_CALCULATE, PL_REFRESH, STATISTICS_UPDATE, TREND, Message
from shared_code.messaging.received import ReceivedMessage
from shared_code.services import rate_jobs, scheduled_jobs
from shared_code.services.refresh_pnl import refresh_pnl
from shared_code.services.runtime import Runtime, runtime
from shared_code.storage import alerts, inbox, outbox, sites, trend_results, versions

MAX_BODY_BYTES = 64 * 1024
"""Larger content is stored and referred to; such a message is not one of ours."""


class PoisonError(ForecastError):
    """A message that can never succeed. `code` is the reason that operators see."""

    code = "INVALID_BODY"


def handle(queue: str, message: ReceivedMessage) -> None:
    """Work one message off. Returns when it is done or can never be; raises when a later try may succeed."""
    handle_with(runtime(), queue, message)


def handle_with(app: Runtime, queue: str, message: ReceivedMessage) -> None:
    """`handle` on a given runtime."""
    with app.database.reading() as connection:
        if inbox.is_processed(connection, queue, message.message_id):
            return
    try:
        body = _parsed(queue, message.body)
        HANDLERS[queue](app, queue, message.message_id, body)
    except LastingError:
        if not _hand_on(app, queue, message):
            raise
    except TransientError:
        raise
    except ForecastError as error:
        _set_aside(app, queue, message, error)


def _refresh(app: Runtime, queue: str, message_id: str, body: Mapping[str, Any]) -> None:
    """Compute the P&L of the site-year where the stored one is behind."""
    site_id, year = _site_year(body)
    report = refresh_pnl(app, [(site_id, year)])
    for error in report.errors:
        raise PoisonError(error.message, code=error.code)
    with app.database.writing() as connection:
        inbox.record(connection, queue, message_id, "done", app.clock.now())


def _request_refresh(app: Runtime, queue: str, message_id: str, body: Mapping[str, Any]) -> None:
    """Nothing stored is recomputed here: the P&L of the site-year is asked for."""
    site_id, year = _site_year(body)
    scope = SiteScope.of([site_id])
    with app.database.writing() as connection:
        if sites.find(connection, scope, site_id) is None:
            raise PoisonError(f"There is no site {site_id!r}", code="UNKNOWN_SITE")
        now = app.clock.now()
        version = versions.inputs_versions(connection, scope, [(site_id, year)])[site_id, year]
        request_id = str(body.get("requestId", message_id))
        outbox.append(connection, [refresh_message("RefreshRequested", site_id, year, version, now, request_id)], now)
        inbox.record(connection, queue, message_id, "done", now)


def _raise_flc_alert(app: Runtime, consumer: str, message_id: str, body: Mapping[str, Any]) -> None:
    """The FLC of a site-month is far from its budget: raised until a later refresh finds it near."""
    site_id, _ = _site_year(body)
    period, now = str(body["period"]), app.clock.now()
    details = {name: str(body.get(name))[:40] for name in ("period", "flc", "variance")}
    with app.database.writing() as connection:
        alerts.enter(connection, "flc_variance", f"{site_id} {period}", holds=True, details=details, now=now)
        inbox.record(connection, consumer, message_id, "done", now)


def _overtake_trends(app: Runtime, consumer: str, message_id: str, body: Mapping[str, Any]) -> None:
    """The trend analyses of the site that the changed month reaches into are stale."""
    site_id, _ = _site_year(body)
    with app.database.writing() as connection:
        trend_results.mark_stale(connection, [site_id], str(body["period"])[:7])
        inbox.record(connection, consumer, message_id, "done", app.clock.now())


def _work_slice(app: Runtime, queue: str, message_id: str, body: Mapping[str, Any]) -> None:
    """One slice of a scheduled job, or a background job."""
    if isinstance(job_id := body.get("jobId"), str):
        rate_jobs.work_rate_job(app, queue, message_id, job_id)
        return
    job, slice_no = body.get("job"), body.get("slice")
    if not isinstance(job, str) or job not in scheduled_jobs.STEPS or not isinstance(slice_no, int):
        raise PoisonError(f"There is no slice {slice_no!r} of a job {job!r}", code="UNKNOWN_JOB")
    if not 1 <= slice_no <= len(scheduled_jobs.STEPS[job]):
        raise PoisonError(f"Job {job} has no slice {slice_no}", code="UNKNOWN_JOB")
    scheduled_jobs.work_slice(app, queue, message_id, job, _moment(body.get("slot")), slice_no)


HANDLERS: Final[Mapping[str, Callable[[Runtime, str, str, Mapping[str, Any]], None]]] = {
    STATISTICS_UPDATE: _request_refresh,
    PAYROLL_CALCULATE: _request_refresh,
    PL_REFRESH: _refresh,
    JOBS: _work_slice,
    ALERTS.source: _raise_flc_alert,
    TREND.source: _overtake_trends,
}
"""The work of each queue and subscription."""

EVENT_TYPES: Final[Mapping[str, frozenset[str]]] = {
    STATISTICS_UPDATE: frozenset({"StatisticsUpdated"}),
    PAYROLL_CALCULATE: frozenset({"PayrollCalculated", "JobRatesUpdated"}),
    PL_REFRESH: frozenset(
        {"RatesUpdated", "ForecastUpdated", "BudgetLoaded", "ActualsLoaded", "ContractChanged", "RefreshRequested"}
    ),
    JOBS: frozenset({"JobSlice"}),
    ALERTS.source: frozenset({"PLViewRefreshed"}),
    TREND.source: frozenset({"StatisticsUpdated"}),
}
"""What each queue and subscription receives."""

DELAYS: Final = tuple(timedelta(seconds=seconds) for seconds in (30, 60, 120, 300))
"""How long a message waits for its next attempt while its fault lasts."""

_SITE_YEAR = re.compile(r"([12]\d{3})(-\d{2})?", re.ASCII)
_ATTEMPT = re.compile(r":r\d$")


def _parsed(queue: str, body: bytes) -> Mapping[str, Any]:
    if len(body) > MAX_BODY_BYTES:
        raise PoisonError(f"The body has {len(body)} bytes; at most {MAX_BODY_BYTES} are accepted")
    try:
        parsed = json.loads(body, parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise PoisonError("The body is not JSON") from None
    if not isinstance(parsed, dict):
        raise PoisonError("The body is not a JSON object")
    if parsed.get("schemaVersion") != SCHEMA_VERSION:
        raise PoisonError(
            f"Schema version {parsed.get('schemaVersion')!r} is not known; {SCHEMA_VERSION} is", code="UNKNOWN_VERSION"
        )
    event_type = parsed.get("eventType")
    if not isinstance(event_type, str) or event_type not in EVENT_TYPES[queue]:
        raise PoisonError(f"Queue {queue} knows no {event_type!r}", code="UNKNOWN_TYPE")
    return parsed


def _no_number(text: str) -> None:
    raise ValueError(f"{text} is no number in JSON")


def _site_year(body: Mapping[str, Any]) -> tuple[str, int]:
    site_id, period = body.get("siteId"), body.get("period")
    named = _SITE_YEAR.fullmatch(period) if isinstance(site_id, str) and isinstance(period, str) else None
    if named is None:
        raise PoisonError(f"siteId {site_id!r} and period {period!r} name no year of a site")
    return str(site_id), int(named[1])


def _moment(text: object) -> datetime:
    try:
        moment = datetime.fromisoformat(str(text))
        if moment.tzinfo is not None:
            return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise PoisonError(f"{text!r} is not a moment") from None
    raise PoisonError(f"{text!r} lacks its zone")


def _hand_on(app: Runtime, queue: str, message: ReceivedMessage) -> bool:
    """Leave a copy that comes after a while, and let this message end; False when that has been done often enough."""
    attempt = message.properties.get("attempt", 1)
    if not isinstance(attempt, int) or not 1 <= attempt <= len(DELAYS):
        return False
    with app.database.writing() as connection:
        now = app.clock.now()
        copy = Message(
            queue,
            message.subject or "",
            message.session_id or "",
            f"{_ATTEMPT.sub('', message.message_id)}:r{attempt}",
            json.loads(message.body),
            {**message.properties, "attempt": attempt + 1},
            now + DELAYS[attempt - 1],
        )
        outbox.append(connection, [copy], now)
        inbox.record(connection, queue, message.message_id, "delayed", now)
    return True


def _set_aside(app: Runtime, queue: str, message: ReceivedMessage, error: ForecastError) -> None:
    """Keep the message with its reason and let it end: nothing that a later delivery could mend."""
    with app.database.writing() as connection:
        now = app.clock.now()
        inbox.record_poison(
            connection,
            destination=queue,
            message_id=message.message_id,
            subject=message.subject,
            body=message.body[:MAX_BODY_BYTES].decode("utf-8", "replace"),
            reason_code=error.code,
            detail=error.message,
            delivery_count=message.delivery_count,
            now=now,
        )
        inbox.record(connection, queue, message.message_id, "poison", now)
