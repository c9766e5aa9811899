"""What happened, as messages: once to the queue that works on it, once to the topic that tells others.

Source: REST API, "Events"; Operations, "Message form".
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from shared_code.domain.variance import Variance
from shared_code.messaging.message import (
    FORECASTING_EVENTS,
    JOBS,
    PAYROLL_CALCULATE,
    PL_REFRESH,
    STATISTICS_EVENTS,
    STATISTICS_UPDATE,
    Message,
)
from shared_code.sql.types import new_identifier, timestamp_text

SCHEMA_VERSION = 1
"""Version of the message bodies of this module."""


def load_messages(
    event_type: str,
    touched: Iterable[tuple[str, str]],
    versions: Mapping[tuple[str, int], int],
    moment: datetime,
    request_id: str,
) -> list[Message]:
    """`BudgetLoaded` or `ActualsLoaded`: an event per site and month, a refresh per site-year.

    `touched` are sites and months (`YYYY-MM`), `versions` the new inputs version of each site-year.
    """
    messages = [
        _event(event_type, site_id, {"siteId": site_id, "period": period}, moment, request_id)
        for site_id, period in sorted(touched)
    ]
    messages += [
        refresh_message(event_type, site_id, year, version, moment, request_id)
        for (site_id, year), version in sorted(versions.items())
    ]
    return messages


def contract_messages(
    touched: Iterable[tuple[str, str]],
    versions: Mapping[tuple[str, int], int],
    moment: datetime,
    request_id: str,
) -> list[Message]:
    """`ContractChanged`: an event per site and month that may be priced otherwise, a refresh per site-year.

    `touched` are sites and months (`YYYY-MM`), `versions` the new inputs version of each site-year.
    """
    return load_messages("ContractChanged", touched, versions, moment, request_id)


def rates_messages(
    site_id: str,
    job_codes: Iterable[str],
    effective_date: date,
    versions: Mapping[int, int],
    moment: datetime,
    user_id: str,
    request_id: str,
) -> list[Message]:
    """`JobRatesUpdated` of one site: the event, and the queue that reacts to it once per year.

    `versions` is the new inputs version of each year concerned.
    """
    fields = {
        "siteId": site_id,
        "jobCodes": sorted(job_codes),
        "effectiveDate": effective_date.isoformat(),
        "userId": user_id,
    }
    messages = [_event("JobRatesUpdated", site_id, fields, moment, request_id)]
    for year, version in sorted(versions.items()):
        of_year = {**fields, "period": str(year), "inputsVersion": version}
        messages.append(
            Message(
                PAYROLL_CALCULATE,
                "JobRatesUpdated",
                site_id,
                f"{PAYROLL_CALCULATE}:{site_id}:{year}:{version}",
                _body("JobRatesUpdated", of_year, moment, request_id),
                {"siteId": site_id, "period": str(year), "requestId": request_id},
            )
        )
    return messages


def refresh_message(
    event_type: str, site_id: str, year: int, version: int, moment: datetime, request_id: str
) -> Message:
    """The wish for a fresh P&L of a site-year; two wishes for one version of the inputs are one message."""
    fields = {"siteId": site_id, "period": str(year), "inputsVersion": version}
    return Message(
        PL_REFRESH,
        event_type,
        site_id,
        f"{PL_REFRESH}:{site_id}:{year}:{version}",
        _body(event_type, fields, moment, request_id),
        {"siteId": site_id, "period": str(year), "requestId": request_id},
    )


def refresh_anyway(site_id: str, year: int, version: int, moment: datetime, request_id: str) -> Message:
    """The wish for a fresh P&L of a site-year whose inputs need not have changed: a month has ended, say.

    It is a message of its own, however often that version of the inputs has been asked for.
    """
    wish = refresh_message("RefreshRequested", site_id, year, version, moment, request_id)
    return replace(wish, dedup_id=f"{PL_REFRESH}:{site_id}:{year}:{wish.payload['eventId']}")


def refreshed_event(
    site_id: str, period: str, flc: Decimal | None, variance: Variance | None, moment: datetime, request_id: str
) -> Message:
    """`PLViewRefreshed`: the P&L of a site and month was stored.

    `flc` is that of the trend in dollars, `variance` its distance to the budget; listeners filter by its severity.
    """
    amount = None if variance is None else variance.amount
    fields = {"siteId": site_id, "period": period, "flc": flc, "variance": amount}
    event = _event("PLViewRefreshed", site_id, fields, moment, request_id)
    if variance is None or variance.severity is None:
        return event
    return replace(event, properties={**event.properties, "severity": variance.severity.value})


def snapshot_event(snapshot_id: str, moment: datetime, request_id: str) -> Message:
    """`SnapshotTaken`: figures were frozen. It is told once, and to listeners only."""
    body = _body("SnapshotTaken", {"snapshotId": snapshot_id}, moment, request_id)
    return Message(
        FORECASTING_EVENTS, "SnapshotTaken", snapshot_id, str(body["eventId"]), body, {"requestId": request_id}
    )


def discovery_events(found: Iterable[tuple[str, str]], moment: datetime, request_id: str) -> list[Message]:
    """`JobCodeDiscovered`: a source named job codes that were not known, at these sites; to listeners only.

    `found` are sites and job codes.
    """
    return [
        _event("JobCodeDiscovered", site_id, {"jobCode": job_code, "siteId": site_id}, moment, request_id)
        for site_id, job_code in found
    ]


@dataclass(frozen=True, slots=True)
class Edit:
    """A write that changed a month of a site: the event that tells of it, and its own `fields`.

    `inputs_version` is the one of the site-year that the write produced.
    """

    event_type: str
    site_id: str
    period: str
    fields: Mapping[str, Any]
    inputs_version: int


def edit_messages(edit: Edit, moment: datetime, request_id: str) -> list[Message]:
    """An edit for the queue that works on it, and for every topic that lists its event.

    Source: REST API, "Events"; Operations, "Message form".
    """
    named = {"siteId": edit.site_id, "period": edit.period}
    properties = {**named, "requestId": request_id}
    queue, topics = EDIT_ROUTES[edit.event_type]
    work = _body(edit.event_type, {**named, **edit.fields, "inputsVersion": edit.inputs_version}, moment, request_id)
    dedup_id = f"{queue}:{edit.site_id}:{edit.period}:{edit.inputs_version}"
    told = {**work, "eventId": new_identifier()}
    return [
        Message(queue, edit.event_type, edit.site_id, dedup_id, work, properties),
        *[Message(topic, edit.event_type, edit.site_id, str(told["eventId"]), told, properties) for topic in topics],
    ]


EDIT_ROUTES: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = {
    "StatisticsUpdated": (STATISTICS_UPDATE, (FORECASTING_EVENTS, STATISTICS_EVENTS)),
    "PayrollCalculated": (PAYROLL_CALCULATE, (FORECASTING_EVENTS,)),
    "RatesUpdated": (PL_REFRESH, (FORECASTING_EVENTS,)),
    "ForecastUpdated": (PL_REFRESH, (FORECASTING_EVENTS,)),
}
"""The queue and the topics of each event of an edit."""


def job_slice(job: str, slot: datetime, slice_no: int) -> Message:
    """One slice of a scheduled job."""
    slot_text = timestamp_text(slot)
    request_id = f"{job}:{slot_text}"
    body = _body("JobSlice", {"job": job, "slot": slot_text, "slice": slice_no}, slot, request_id)
    return Message(JOBS, "JobSlice", job, f"{request_id}:{slice_no}", body, {"requestId": request_id})


def background_slice(job_id: str, moment: datetime) -> Message:
    """The one slice of a background job."""
    body = _body("JobSlice", {"jobId": job_id, "slice": 1}, moment, job_id)
    return Message(JOBS, "JobSlice", job_id, f"{JOBS}:{job_id}:1", body, {"requestId": job_id})


def _event(event_type: str, site_id: str, fields: Mapping[str, Any], moment: datetime, request_id: str) -> Message:
    body = _body(event_type, fields, moment, request_id)
    properties = {"siteId": site_id, "period": fields.get("period"), "requestId": request_id}
    return Message(FORECASTING_EVENTS, event_type, site_id, str(body["eventId"]), body, properties)


def _body(event_type: str, fields: Mapping[str, Any], moment: datetime, request_id: str) -> dict[str, Any]:
    return {
        "eventId": new_identifier(),
        "eventType": event_type,
        "schemaVersion": SCHEMA_VERSION,
        "requestId": request_id,
        **fields,
        "timestamp": timestamp_text(moment),
    }
