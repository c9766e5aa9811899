"""Messages: done once, set aside when they can never be done, handed back when a later try may succeed."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, update

from shared_code.clock import FixedClock
from shared_code.errors import LastingError, TransientError, TransientSourceError
from shared_code.messaging.contracts import EVENT_TYPES
from shared_code.messaging.message import (
    ALERTS,
    JOBS,
    PAYROLL_CALCULATE,
    PL_REFRESH,
    QUEUES,
    STATISTICS_UPDATE,
    TREND,
    UNIT_ACCOUNTS,
)
from shared_code.services import messages, scheduled_jobs
from shared_code.services.held_lease import HeldLease, LeaseLostError
from shared_code.services.messages import HANDLERS, handle_with
from shared_code.services.runtime import Runtime
from shared_code.storage import job_slots, leases, versions
from shared_code.storage.outbox import MAX_BODY_BYTES
from shared_code.storage.tables.messages import (
    job_slots as slot_rows,
)
from shared_code.storage.tables.messages import (
    outbox_messages,
    poison_messages,
    processed_messages,
    resource_leases,
)
from shared_code.storage.tables.results import pnl_results, pnl_site_years
from tests.support.message_world import body_of, count_of, message_of, message_world, outcomes, rows_of
from tests.support.operational import NO_RUN, NOON

SLOT = datetime(2025, 6, 10, 10, tzinfo=UTC)


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Runtime]:
    with message_world(tmp_path) as app:
        yield app


def _wait(app: Runtime, **much: float) -> None:
    assert isinstance(app.clock, FixedClock)
    app.clock.moment += timedelta(**much)


REFRESH = body_of(siteId="0001", period="2025", inputsVersion=0)


def test_a_wish_for_a_fresh_pnl_stores_it_and_tells_of_it(app: Runtime) -> None:
    handle_with(app, PL_REFRESH, message_of(REFRESH))

    assert rows_of(app, pnl_site_years, "site_id", "year", "inputs_version") == [("0001", 2025, 0)]
    assert count_of(app, pnl_results) > 0
    assert outcomes(app) == [(PL_REFRESH, "m-1", "done")]
    assert {row[0] for row in rows_of(app, outbox_messages, "subject")} == {"PLViewRefreshed"}


def test_a_repeated_message_has_no_second_effect(app: Runtime) -> None:
    for queue, body in (
        (PL_REFRESH, REFRESH),
        (PAYROLL_CALCULATE, body_of("PayrollCalculated", siteId="0001", period="2025-06")),
    ):
        handle_with(app, queue, message_of(body))
        left = count_of(app, outbox_messages)

        for _ in range(3):
            handle_with(app, queue, message_of(body, delivery_count=2))

        assert count_of(app, outbox_messages) == left
    assert outcomes(app) == [(PAYROLL_CALCULATE, "m-1", "done"), (PL_REFRESH, "m-1", "done")]


def test_the_same_message_id_in_another_queue_is_anothermessage_of(app: Runtime) -> None:
    handle_with(app, PL_REFRESH, message_of(REFRESH))
    handle_with(app, STATISTICS_UPDATE, message_of(body_of("StatisticsUpdated", siteId="0001", period="2025-06")))

    assert [row[0] for row in outcomes(app)] == [PL_REFRESH, STATISTICS_UPDATE]


@pytest.mark.parametrize(
    ("queue", "event_type"),
    [
        (STATISTICS_UPDATE, "StatisticsUpdated"),
        (PAYROLL_CALCULATE, "PayrollCalculated"),
        (PAYROLL_CALCULATE, "JobRatesUpdated"),
    ],
)
def test_a_change_asks_for_the_pnl_of_its_year_at_the_version_in_force(
    app: Runtime, queue: str, event_type: str
) -> None:
    with app.database.writing() as connection:
        for _ in range(3):
            versions.raise_inputs_versions(connection, [("0001", 2025)], NOON)

    handle_with(app, queue, message_of(body_of(event_type, siteId="0001", period="2025-06")))

    assert rows_of(app, outbox_messages, "destination", "subject", "session_id", "dedup_id") == [
        (PL_REFRESH, "RefreshRequested", "0001", f"{PL_REFRESH}:0001:2025:3")
    ]


def test_changes_of_one_version_ask_once(app: Runtime) -> None:
    for number in range(3):
        body = body_of("StatisticsUpdated", siteId="0001", period=f"2025-0{number + 1}")
        handle_with(app, STATISTICS_UPDATE, message_of(body, f"m-{number}"))

    assert count_of(app, outbox_messages) == 1


HOSTILE: list[tuple[str, Any, str]] = [
    (PL_REFRESH, b"", "INVALID_BODY"),
    (PL_REFRESH, b"{", "INVALID_BODY"),
    (PL_REFRESH, b"\xff\xfe\x00", "INVALID_BODY"),
    (PL_REFRESH, b"[1]", "INVALID_BODY"),
    (PL_REFRESH, b'"text"', "INVALID_BODY"),
    (PL_REFRESH, b"[" * 60_000, "INVALID_BODY"),
    (PL_REFRESH, b'{"schemaVersion": NaN}', "INVALID_BODY"),
    (PL_REFRESH, b"1" * 10_000, "INVALID_BODY"),
    (PL_REFRESH, b" " * (MAX_BODY_BYTES + 1), "INVALID_BODY"),
    (PL_REFRESH, {}, "UNKNOWN_VERSION"),
    (PL_REFRESH, {**REFRESH, "schemaVersion": 2}, "UNKNOWN_VERSION"),
    (PL_REFRESH, {**REFRESH, "schemaVersion": "1"}, "UNKNOWN_VERSION"),
    (PL_REFRESH, {**REFRESH, "eventType": "PLViewRefreshed"}, "UNKNOWN_TYPE"),
    (PL_REFRESH, {**REFRESH, "eventType": ["RefreshRequested"]}, "UNKNOWN_TYPE"),
    (JOBS, REFRESH, "UNKNOWN_TYPE"),
    (PL_REFRESH, {**REFRESH, "siteId": 1}, "INVALID_BODY"),
    (PL_REFRESH, {**REFRESH, "siteId": None}, "INVALID_BODY"),
    (PL_REFRESH, {**REFRESH, "period": 2025}, "INVALID_BODY"),
    (PL_REFRESH, {**REFRESH, "period": "²025"}, "INVALID_BODY"),
    (PL_REFRESH, {**REFRESH, "period": "0000"}, "INVALID_BODY"),
    (PL_REFRESH, {**REFRESH, "period": "20251"}, "INVALID_BODY"),
    (PL_REFRESH, {**REFRESH, "period": "2025-13\n"}, "INVALID_BODY"),
    (STATISTICS_UPDATE, body_of("StatisticsUpdated", siteId="NONE", period="2025-01"), "UNKNOWN_SITE"),
    (STATISTICS_UPDATE, body_of("StatisticsUpdated", siteId="\x00'; --", period="2025-01"), "UNKNOWN_SITE"),
    (TREND.source, body_of("StatisticsUpdated", siteId="NONE", period="2025-01"), "UNKNOWN_SITE"),
    (ALERTS.source, body_of("PLViewRefreshed", siteId="NONE", period="2025-01"), "UNKNOWN_SITE"),
    (UNIT_ACCOUNTS, body_of("UnitAccountBatchRequested", period="2025-06"), "UNKNOWN_BATCH"),
    (UNIT_ACCOUNTS, body_of("UnitAccountBatchRequested", period="2025-06", batchId="other"), "INVALID_BODY"),
    (UNIT_ACCOUNTS, body_of("UnitAccountBatchRequested", period="2025"), "INVALID_BODY"),
    (JOBS, body_of("JobSlice", job="drop_tables", slice=1, slot="2025-06-10T10:00:00Z"), "UNKNOWN_JOB"),
    (JOBS, body_of("JobSlice", job=["sync_daily"], slice=1, slot="2025-06-10T10:00:00Z"), "INVALID_BODY"),
    (JOBS, body_of("JobSlice", job="sync_daily", slice=0, slot="2025-06-10T10:00:00Z"), "INVALID_BODY"),
    (JOBS, body_of("JobSlice", job="sync_daily", slice=99, slot="2025-06-10T10:00:00Z"), "UNKNOWN_JOB"),
    (JOBS, body_of("JobSlice", job="sync_daily", slice="1", slot="2025-06-10T10:00:00Z"), "INVALID_BODY"),
    (JOBS, body_of("JobSlice", job="sync_daily", slice=1), "INVALID_BODY"),
    (JOBS, body_of("JobSlice", slice=1), "INVALID_BODY"),
    (JOBS, body_of("JobSlice", jobId="1", slice=1), "INVALID_BODY"),
    (JOBS, body_of("JobSlice", job="sync_daily", slice=1, slot="yesterday"), "INVALID_BODY"),
    (JOBS, body_of("JobSlice", job="sync_daily", slice=1, slot="2025-06-10T10:00:00"), "INVALID_BODY"),
    (JOBS, body_of("JobSlice", job="sync_daily", slice=1, slot="0001-01-01T00:00:00+14:00"), "INVALID_BODY"),
]


@pytest.mark.parametrize(("queue", "body", "reason"), HOSTILE)
def test_a_message_that_can_never_succeed_is_set_aside_and_ends(
    app: Runtime, queue: str, body: Any, reason: str
) -> None:
    message = message_of(body, delivery_count=3)

    handle_with(app, queue, message)
    handle_with(app, queue, message)

    ((destination, message_id, code, deliveries, kept),) = rows_of(
        app, poison_messages, "destination", "message_id", "reason_code", "delivery_count", "body"
    )
    assert (destination, message_id, code, deliveries) == (queue, "m-1", reason, 3)
    assert kept == message.body[:MAX_BODY_BYTES].decode("utf-8", "replace")
    assert outcomes(app) == [(queue, "m-1", "poison")]
    assert count_of(app, outbox_messages) == 0


def test_a_site_that_there_is_not_has_no_pnl_to_refresh(app: Runtime, caplog: pytest.LogCaptureFixture) -> None:
    handle_with(app, PL_REFRESH, message_of({**REFRESH, "siteId": "NONE"}))

    assert "Message m-1 of forecasting.pl.refresh is set aside as poison: UNKNOWN_SITE" in caplog.messages
    assert count_of(app, poison_messages) == 1
    assert count_of(app, pnl_site_years) == 0


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
fields = st.sampled_from(
    ["eventType", "schemaVersion", "siteId", "period", "job", "slice", "slot", "jobId", "requestId"]
)
likely = st.sampled_from(["0001", "2025", "2025-06", "JobSlice", "RefreshRequested", "sync_daily", 1, 2])


@given(queue=st.sampled_from(QUEUES), changes=st.dictionaries(fields, json_values | likely, max_size=5))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_a_body_holds_its_message_ends(app: Runtime, queue: str, changes: Mapping[str, Any]) -> None:
    event_type = sorted(EVENT_TYPES[queue])[0]
    slot = "2025-06-10T10:00:00Z"
    known = body_of(event_type, siteId="0001", period="2025-06", inputsVersion=0, job="sync_daily", slice=1, slot=slot)
    body = {**known, **changes}
    message_id = f"m-{count_of(app, processed_messages)}"

    handle_with(app, queue, message_of(json.dumps(body).encode(), message_id))

    with app.database.reading() as connection:
        ended = select(processed_messages.c.outcome).where(processed_messages.c.message_id == message_id)
        outcome = connection.execute(ended).scalar_one()
    assert outcome in {"done", "poison", "skipped"}


def test_a_message_whose_fault_may_pass_is_handed_back(app: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    def busy(*_: Any) -> None:
        raise TransientError("The database is busy")

    monkeypatch.setattr(messages, "HANDLERS", {**HANDLERS, PL_REFRESH: busy})
    for _ in range(2):
        with pytest.raises(TransientError, match="busy"):
            handle_with(app, PL_REFRESH, message_of(REFRESH))

    assert outcomes(app) == []
    monkeypatch.undo()
    handle_with(app, PL_REFRESH, message_of(REFRESH, delivery_count=3))
    assert outcomes(app) == [(PL_REFRESH, "m-1", "done")]


def test_an_unforeseen_error_hands_the_message_back_too(app: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> None:
        raise KeyError("a slip of ours")

    monkeypatch.setattr(messages, "HANDLERS", {**HANDLERS, PL_REFRESH: broken})
    with pytest.raises(KeyError):
        handle_with(app, PL_REFRESH, message_of(REFRESH))

    assert (outcomes(app), count_of(app, poison_messages)) == ([], 0)


def _slice_of_a_running_slot(app: Runtime) -> dict[str, Any]:
    """A slice of a slot that another process works on; its message was delivered again."""
    with app.database.writing() as connection:
        job_slots.propose(connection, "sync_daily", SLOT, NOON)
        job_slots.begin_slice(connection, "sync_daily", SLOT, {"slice": 1, "of": 1}, app.clock.now())
        leases.acquire(connection, "job:sync_daily", NO_RUN, NOON, 3600)
    return body_of("JobSlice", job="sync_daily", slice=1, slot="2025-06-10T10:00:00.000Z")


def test_while_another_process_works_on_its_slot_a_slice_comes_again_later(app: Runtime) -> None:
    body = _slice_of_a_running_slot(app)
    said = {"siteId": None, "traceparent": f"00-{'a' * 32}-{'b' * 16}-01"}
    message = message_of(body, "sync_daily:1", session_id="sync_daily", subject="JobSlice", properties=said)
    waits = []
    for attempt in range(1, 5):
        handle_with(app, JOBS, message)
        ((dedup_id, next_attempt_at, payload, properties),) = [
            row
            for row in rows_of(app, outbox_messages, "dedup_id", "next_attempt_at", "payload", "properties")
            if row[0] == f"sync_daily:1:r{attempt}"
        ]
        waits.append((next_attempt_at - app.clock.now()).total_seconds())
        assert json.loads(payload) == body
        assert json.loads(properties) == said | {"attempt": attempt + 1}
        message = replace(message, message_id=dedup_id, properties=json.loads(properties))

    assert waits == [30, 60, 120, 300]
    with pytest.raises(TransientError, match="works on job sync_daily"):
        handle_with(app, JOBS, message)
    assert {row[2] for row in outcomes(app)} == {"delayed"}
    assert rows_of(app, slot_rows, "state") == [("running",)]


@pytest.mark.parametrize("attempt", ["2", 0, 9, None, 1.5])
def test_an_attempt_that_makes_no_sense_is_not_handed_on(app: Runtime, attempt: Any) -> None:
    message = message_of(_slice_of_a_running_slot(app), properties={"attempt": attempt})

    with pytest.raises(TransientError):
        handle_with(app, JOBS, message)
    assert count_of(app, outbox_messages) == 0


def test_when_the_other_process_has_died_the_slice_goes_on(app: Runtime) -> None:
    message = message_of(_slice_of_a_running_slot(app))
    handle_with(app, JOBS, message)
    with app.database.writing() as connection:
        connection.execute(update(resource_leases).values(expires_at=NOON))
    _wait(app, seconds=30)

    handle_with(app, JOBS, replace(message, message_id="m-1:r1", properties={"attempt": 2}))

    assert rows_of(app, slot_rows, "state") == [("done",)]
    assert outcomes(app) == [(JOBS, "m-1", "delayed"), (JOBS, "m-1:r1", "done")]


def test_a_source_that_is_down_delays_the_message_and_leaves_its_numbers_as_they_are(
    app: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(*_: Any) -> None:
        raise TransientSourceError("The warehouse does not answer")

    monkeypatch.setattr(messages, "HANDLERS", {PAYROLL_CALCULATE: down})
    text = json.dumps(body_of("PayrollCalculated", siteId="0001", period="2025-06"))
    message = message_of(text.replace("1234.5", "1234.50").encode())

    handle_with(app, PAYROLL_CALCULATE, message)

    ((payload,),) = rows_of(app, outbox_messages, "payload")
    assert '"totalCost":1234.50,' in payload
    assert outcomes(app) == [(PAYROLL_CALCULATE, "m-1", "delayed")]


def test_what_a_subscription_cannot_do_yet_is_handed_back_because_its_topic_has_other_listeners(
    app: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    def later(*_: Any) -> None:
        raise LastingError("Not now")

    monkeypatch.setattr(messages, "HANDLERS", {ALERTS.source: later})
    with pytest.raises(LastingError):
        handle_with(app, ALERTS.source, message_of(body_of("PLViewRefreshed", siteId="0001", period="2025-06")))
    assert (count_of(app, outbox_messages), outcomes(app)) == (0, [])


def test_a_process_that_lost_its_lease_writes_nothing_about_the_slot(
    app: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    def overtaken(runtime: Runtime, lease: HeldLease) -> None:
        with runtime.database.writing() as connection:
            connection.execute(update(resource_leases).values(owner_id=NO_RUN, fencing_token=lease.fencing_token + 1))

    with app.database.writing() as connection:
        job_slots.propose(connection, "sync_daily", SLOT, NOON)
    monkeypatch.setattr(scheduled_jobs, "STEPS", {"sync_daily": (overtaken,)})
    body = body_of("JobSlice", job="sync_daily", slice=1, slot="2025-06-10T10:00:00.000Z")

    with pytest.raises(LeaseLostError):
        handle_with(app, JOBS, message_of(body))

    assert rows_of(app, slot_rows, "state") == [("running",)]
    assert outcomes(app) == []
