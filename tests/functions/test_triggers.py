"""Timers propose slots, queues hand their message on: each with one call of a service."""

import json
import logging
import threading
from datetime import UTC, datetime
from types import SimpleNamespace

import azure.functions as func
import pytest
import time_machine
from azure.functions.servicebus import ServiceBusMessage

from cli.host.functions import RegisteredFunction, index
from cli.host.invocation import invoke
from shared_code.logs import JsonFormatter
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
        invoke(functions[job], timer_request())
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
        "data_validation": datetime(2025, 6, 10, 12, tzinfo=UTC),
        "month_close_snapshot": datetime(2025, 6, 10, 12, tzinfo=UTC),
        "retention": datetime(2025, 6, 10, 1, tzinfo=UTC),
        "archive": datetime(2025, 6, 2, 1, 30, tzinfo=UTC),
    }
    assert calls.proposed == [(job, due[job])]


def test_the_relay_the_reaper_and_the_monitor_work_in_their_timers(
    functions: dict[str, RegisteredFunction], calls: ServiceCalls
) -> None:
    invoke(functions["outbox_relay"], timer_request())
    invoke(functions["reaper"], timer_request())
    invoke(functions["dead_letter_monitor"], timer_request())
    assert calls.chores == ["relay_outbox", "reap", "monitor_dead_letters"]
    assert calls.proposed == []


@pytest.mark.parametrize(
    ("function", "queue"),
    [
        ("statistics_update", "forecasting.statistics.update"),
        ("payroll_calculate", "forecasting.payroll.calculate"),
        ("pl_refresh", "forecasting.pl.refresh"),
        ("unit_accounts", "forecasting.unit-accounts"),
        ("jobs", "forecasting.jobs"),
    ],
)
def test_a_message_is_handed_on_with_the_queue_it_came_from(
    function: str, queue: str, functions: dict[str, RegisteredFunction], calls: ServiceCalls
) -> None:
    invoke(functions[function], message())
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
    invoke(
        functions["jobs"],
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
        invoke(functions["jobs"], message())
    with pytest.raises(ConnectionError):
        invoke(functions["sync_sites"], timer_request())


@pytest.mark.parametrize(("function", "value"), [("reaper", timer_request()), ("pl_refresh", message())])
def test_what_the_work_of_a_function_logs_names_its_invocation_and_the_trace_of_the_platform(
    function: str,
    value: object,
    functions: dict[str, RegisteredFunction],
    calls: ServiceCalls,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lines: list[str] = []

    def note(*_: object) -> None:
        record = logging.makeLogRecord({"msg": "at work"})
        lines.append(JsonFormatter().format(record))

    monkeypatch.setattr("shared_code.services.schedules.reap", note)
    monkeypatch.setattr("shared_code.services.messages.handle", note)
    storage = threading.local()
    trace = SimpleNamespace(trace_parent=f"00-{'a' * 32}-{'b' * 16}-01")
    context = SimpleNamespace(invocation_id="i-7", thread_local_storage=storage, trace_context=trace)
    functions[function].run(value, context)
    [line] = lines
    told = json.loads(line)
    assert (told["invocation_id"], told["trace_id"]) == ("i-7", "a" * 32)
