"""Contracts of messages: what is sent satisfies them, and what does not satisfy them is refused with its reason."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from shared_code.json_text import json_bytes
from shared_code.messaging.contracts import (
    CONTRACTS,
    EVENT_TYPES,
    JobRatesUpdated,
    JobSlice,
    PLViewRefreshed,
    PoisonError,
    SiteYearBody,
    parse_body,
)
from shared_code.messaging.events import (
    Edit,
    background_slice,
    discovery_events,
    edit_messages,
    job_slice,
    load_messages,
    rates_messages,
    refresh_anyway,
    refresh_message,
    refreshed_event,
    snapshot_event,
)
from shared_code.messaging.message import ALERTS, JOBS, PL_REFRESH, QUEUES, STATISTICS_UPDATE, Message
from tests.support.message_world import OWN_FIELDS, body_of

MOMENT = datetime(2025, 7, 18, 19, 47, 33, 976000, UTC)
JOB_ID = "0196f3a0-0000-7000-8000-000000000000"
EDITS = ("StatisticsUpdated", "PayrollCalculated", "RatesUpdated", "ForecastUpdated")


def _edits(event_type: str) -> list[Message]:
    fields = {**OWN_FIELDS[event_type], "userId": "u", "totalCost": Decimal("10.50")}
    if "statistics" in fields:
        fields["statistics"] = {"occupancy": Decimal("0.8512"), "driveInRatio": None}
    return edit_messages(Edit(event_type, "0046", "2025-07", fields, 7), MOMENT, "req_1")


SENT = [
    *load_messages("BudgetLoaded", [("0046", "2025-01")], {("0046", 2025): 1}, MOMENT, "run"),
    *load_messages("ActualsLoaded", [("0046", "2025-01")], {("0046", 2025): 1}, MOMENT, "run"),
    *load_messages("ContractChanged", [("0046", "2025-01")], {("0046", 2025): 1}, MOMENT, "run"),
    *rates_messages("0046", ["VLT1"], date(2025, 7, 1), {2025: 3}, MOMENT, "u", "run"),
    *[message for event_type in EDITS for message in _edits(event_type)],
    refresh_message("RefreshRequested", "0046", 2025, 7, MOMENT, "a"),
    refresh_anyway("0046", 2025, 7, MOMENT, "a"),
    refreshed_event("0123", "2025-04", Decimal("-182340.11"), None, MOMENT, "req_1"),
    snapshot_event(JOB_ID, MOMENT, "req_1"),
    *discovery_events([("0046", "VLT1")], MOMENT, "run"),
    job_slice("sync_daily", MOMENT, 1),
    background_slice(JOB_ID, MOMENT),
]


@pytest.mark.parametrize("message", SENT, ids=lambda message: f"{message.subject} to {message.destination}")
def test_what_is_sent_satisfies_its_contract(message: Message) -> None:
    raw = json_bytes(message.payload)
    if message.destination in QUEUES:
        body = parse_body(message.destination, raw)
    else:
        contract = JobRatesUpdated if message.subject == "JobRatesUpdated" else CONTRACTS[message.subject]
        body = contract.model_validate_json(raw)
    assert (body.event_type, body.request_id) == (message.subject, message.payload["requestId"])
    assert message.properties["requestId"] == body.request_id, "what becomes the correlation id"


def test_every_type_of_message_has_a_contract_and_every_type_but_batches_a_sender() -> None:
    assert {event_type for types in EVENT_TYPES.values() for event_type in types} <= set(CONTRACTS)
    assert set(CONTRACTS) - {message.subject for message in SENT} == {"UnitAccountBatchRequested"}


def test_amounts_are_decimals_and_a_year_begins_in_january() -> None:
    refreshed = parse_body(ALERTS.source, json.dumps(body_of("PLViewRefreshed", siteId="1", period="2025-04")).encode())
    assert isinstance(refreshed, PLViewRefreshed)
    assert (refreshed.flc, refreshed.year, refreshed.from_period) == (Decimal("-12.25"), 2025, "2025-04")
    wish = parse_body(PL_REFRESH, json_bytes(refresh_message("BudgetLoaded", "1", 2025, 1, MOMENT, "a").payload))
    assert isinstance(wish, SiteYearBody)
    assert wish.from_period == "2025-01"


def test_members_that_a_contract_does_not_name_are_ignored() -> None:
    payload = {**job_slice("sync_daily", MOMENT, 2).payload, "addedLater": {"x": [1]}}
    body = parse_body(JOBS, json_bytes(payload))
    assert isinstance(body, JobSlice)
    assert (body.job, body.slot, body.slice) == ("sync_daily", MOMENT, 2)


STATISTICS = body_of("StatisticsUpdated", siteId="0046", period="2025-07", inputsVersion=1)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"siteId": 46}, "siteId"),
        ({"siteId": ""}, "siteId"),
        ({"siteId": "x" * 21}, "siteId"),
        ({"period": "2025"}, "period"),
        ({"period": "2025-7"}, "period"),
        ({"period": "2025-00"}, "period"),
        ({"period": "2025-07\n"}, "period"),
        ({"period": "٢٠٢٥-07"}, "period"),
        ({"statistics": []}, "statistics"),
        ({"statistics": {"occupancy": [1]}}, "statistics.occupancy"),
        ({"statistics": None}, "statistics"),
        ({"inputsVersion": -1}, "inputsVersion"),
        ({"inputsVersion": "1"}, "inputsVersion"),
        ({"inputsVersion": 1.5}, "inputsVersion"),
        ({"userId": None}, "userId"),
        ({"eventId": None}, "eventId"),
        ({"requestId": 5}, "requestId"),
        ({"timestamp": "2025-07-18T19:47:33"}, "timestamp"),
        ({"timestamp": "soon"}, "timestamp"),
        ({"timestamp": "9999-12-31T23:59:59-14:00"}, "timestamp"),
    ],
)
def test_a_member_that_is_not_accepted_is_named_without_its_value(changes: Mapping[str, Any], named: str) -> None:
    with pytest.raises(PoisonError, match=rf"StatisticsUpdated: .*{named}") as refused:
        parse_body(STATISTICS_UPDATE, json.dumps({**STATISTICS, **changes}).encode())
    assert refused.value.code == "INVALID_BODY"


@pytest.mark.parametrize("missing", ["eventId", "requestId", "timestamp", "siteId", "period", "statistics", "userId"])
def test_a_member_that_is_missing_is_named(missing: str) -> None:
    body = {name: value for name, value in STATISTICS.items() if name != missing}
    with pytest.raises(PoisonError, match=f"{missing}: Field required"):
        parse_body(STATISTICS_UPDATE, json.dumps(body).encode())


@pytest.mark.parametrize("version", [0, 2, "1", None, True, 1.5])
def test_another_schema_version_is_refused(version: object) -> None:
    with pytest.raises(PoisonError, match="is not known; 1 is") as refused:
        parse_body(STATISTICS_UPDATE, json.dumps({**STATISTICS, "schemaVersion": version}).encode())
    assert refused.value.code == "UNKNOWN_VERSION"


def test_a_type_of_another_queue_is_refused_with_those_that_are_known() -> None:
    wish = replace(refresh_message("RefreshRequested", "0046", 2025, 7, MOMENT, "a"), destination=JOBS)
    with pytest.raises(PoisonError, match="knows no 'RefreshRequested', only JobSlice") as refused:
        parse_body(wish.destination, json_bytes(wish.payload))
    assert refused.value.code == "UNKNOWN_TYPE"
