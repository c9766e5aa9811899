"""Timers propose slots, queues hand their message on: each with one call of a service."""

from datetime import UTC, datetime

import azure.functions as func
import pytest
import time_machine
from azure.functions.servicebus import ServiceBusMessage

from cli.host.functions import RegisteredFunction, index
from shared_code.messaging.received import ReceivedMessage
from shared_code.timetable import JOBS
from tests.support.function_app import ServiceCalls, fresh_function_app, record_services

NOW = datetime(2025, 6, 10, 12, 0, 3, tzinfo=UTC)


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> ServiceCalls:
    return record_services(monkeypatch)


@pytest.fixture
def functions(monkeypatch: pytest.MonkeyPatch) -> dict[str, RegisteredFunction]:
    return {function.name: function for function in index(fresh_function_app(monkeypatch))}


def timer_request() -> func.TimerRequest:
    from azure.functions.timer import TimerRequest  # noqa: PLC0415 - the class behind the SDK's interface

    return TimerRequest(past_due=True)


def message(**replaced: object) -> ServiceBusMessage:
    members: dict[str, object] = {
        "body": b'{"siteId": "0123"}',
        "message_id": "forecasting.pl.refresh:0123:2025:4711",
        "session_id": "0123",
        "subject": "RefreshRequested",
        "correlation_id": "req_abc123",
        "delivery_count": 2,
        "enqueued_time_utc": datetime(2025, 6, 10, 11, 59),  # noqa: DTZ001 - as the SDK gives it
        "application_properties": {"siteId": "0123", "attempt": 1},
        "user_properties": {},
        "sequence_number": 77,
    }
    return ServiceBusMessage(**(members | replaced))  # type: ignore[arg-type]


@pytest.mark.parametrize("job", JOBS)
def test_a_timer_proposes_the_slot_that_is_due_to_the_job_of_its_name(
    job: str, functions: dict[str, RegisteredFunction], calls: ServiceCalls
) -> None:
    with time_machine.travel(NOW, tick=False):
        functions[job].run(timer_request())
    due = {
        "sync_job_code_rates": datetime(2025, 6, 10, 12, tzinfo=UTC),
        "sync_payroll": datetime(2025, 6, 10, 8, 30, tzinfo=UTC),
        "sync_sites": datetime(2025, 6, 10, 3, tzinfo=UTC),
        "sync_users_roles": datetime(2025, 6, 10, 9, 30, tzinfo=UTC),
        "sync_budget": datetime(2025, 6, 10, 5, tzinfo=UTC),
        "sync_ledger": datetime(2025, 6, 10, 5, 30, tzinfo=UTC),
        "sync_daily": datetime(2025, 6, 10, 10, tzinfo=UTC),
        "refresh_pnl_all": datetime(2025, 6, 10, 11, tzinfo=UTC),
        "trend_analysis": datetime(2025, 6, 10, 2, tzinfo=UTC),
        "month_close_snapshot": datetime(2025, 6, 10, 12, tzinfo=UTC),
    }
    assert calls.proposed == [(job, due[job])]


def test_the_relay_and_the_reaper_work_in_their_timers(
    functions: dict[str, RegisteredFunction], calls: ServiceCalls
) -> None:
    functions["outbox_relay"].run(timer_request())
    functions["reaper"].run(timer_request())
    assert calls.chores == ["relay_outbox", "reap"]
    assert calls.proposed == []


@pytest.mark.parametrize(
    ("function", "queue"),
    [
        ("statistics_update", "forecasting.statistics.update"),
        ("payroll_calculate", "forecasting.payroll.calculate"),
        ("pl_refresh", "forecasting.pl.refresh"),
        ("jobs", "forecasting.jobs"),
    ],
)
def test_a_message_is_handed_on_with_the_queue_it_came_from(
    function: str, queue: str, functions: dict[str, RegisteredFunction], calls: ServiceCalls
) -> None:
    functions[function].run(message())
    assert functions[function].source == queue
    assert calls.handled == [
        (
            queue,
            ReceivedMessage(
                message_id="forecasting.pl.refresh:0123:2025:4711",
                session_id="0123",
                subject="RefreshRequested",
                body=b'{"siteId": "0123"}',
                delivery_count=2,
                enqueued_at=datetime(2025, 6, 10, 11, 59, tzinfo=UTC),
                correlation_id="req_abc123",
                properties={"siteId": "0123", "attempt": 1},
            ),
        )
    ]


def test_a_message_that_another_system_sent_bare_is_handed_on_too(
    functions: dict[str, RegisteredFunction], calls: ServiceCalls
) -> None:
    functions["jobs"].run(
        message(
            body=b"\xff\x00", message_id=None, session_id=None, subject=None, correlation_id=None, delivery_count=None,
            enqueued_time_utc=None, application_properties=None,
        )
    )  # fmt: skip
    [(_, received)] = calls.handled
    assert received == ReceivedMessage("sequence:77", None, None, b"\xff\x00", 1, None, None, {})


def test_an_error_of_the_service_leaves_the_function_so_that_the_broker_delivers_again(
    functions: dict[str, RegisteredFunction], calls: ServiceCalls
) -> None:
    calls.failure = ConnectionError("database is away")
    with pytest.raises(ConnectionError):
        functions["jobs"].run(message())
    with pytest.raises(ConnectionError):
        functions["sync_sites"].run(timer_request())
