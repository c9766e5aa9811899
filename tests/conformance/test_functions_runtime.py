"""The app under Microsoft's own engine: indexed and invoked as on Azure."""

import importlib.util
import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import time_machine

from shared_code.messaging.message import QUEUES, SUBSCRIPTIONS
from shared_code.messaging.received import ReceivedMessage
from shared_code.timetable import CHORES, JOBS
from tests.support.function_app import ServiceCalls, forget_function_app, record_services, replace_api
from tests.support.functions_engine import Engine, EngineError, TypedData

pytestmark = pytest.mark.skipif(
    sys.version_info < (3, 13) or importlib.util.find_spec("azure_functions_runtime") is None,
    reason="Microsoft's engine needs Python 3.13 and azure-functions-runtime",
)

ROOT = Path(__file__).resolve().parents[2]


async def small_api(scope: Any, receive: Any, send: Any) -> None:
    """Answers with what it was asked; fails where the path says so."""
    body = (await receive())["body"]
    if scope["path"] == "/fails":
        raise ValueError("not for clients")
    asked = {"method": scope["method"], "path": scope["path"], "body": body.decode(), "headers": len(scope["headers"])}
    headers = [(b"content-type", b"application/json"), (b"vary", b"origin"), (b"vary", b"accept")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(asked).encode()})


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> ServiceCalls:
    return record_services(monkeypatch)


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch, calls: ServiceCalls) -> Iterator[Engine]:
    forget_function_app(monkeypatch)
    replace_api(monkeypatch, small_api)
    engine = Engine(ROOT)
    yield engine
    engine.close()


def test_every_function_is_indexed_with_the_bindings_of_the_snapshot(engine: Engine) -> None:
    snapshot = json.loads((ROOT / "tests/functions/functions.snapshot.json").read_text(encoding="utf-8"))
    indexed = {name: [json.loads(raw) for raw in one.raw_bindings] for name, one in engine.functions.items()}
    assert indexed == snapshot
    assert len(indexed) == 1 + len(JOBS) + len(CHORES) + len(QUEUES) + len(SUBSCRIPTIONS)


def test_a_request_goes_to_the_api_and_its_answer_back(engine: Engine) -> None:
    answer = engine.http(
        "api", "PUT", "/api/v1/forecasting/statistics/0123", {"content-type": "application/json"}, b"{}"
    )
    assert answer.status_code == "200"
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["vary"] == "origin, accept"
    asked = json.loads(answer.body.bytes)
    assert asked == {"method": "PUT", "path": "/api/v1/forecasting/statistics/0123", "body": "{}", "headers": 1}


def test_a_path_that_is_not_utf_8_reaches_the_api(engine: Engine) -> None:
    assert engine.http("api", "GET", "/%FF", {}).status_code == "200"


def test_an_error_that_leaves_the_api_is_a_failed_invocation(engine: Engine) -> None:
    with pytest.raises(EngineError, match="ValueError"):
        engine.http("api", "GET", "/fails", {})


def test_a_timer_proposes_its_slot(engine: Engine, calls: ServiceCalls) -> None:
    with time_machine.travel(datetime(2025, 6, 10, 3, 0, 1, tzinfo=UTC), tick=False):
        engine.timer("sync_sites", past_due=True)
    assert calls.proposed == [("sync_sites", datetime(2025, 6, 10, 3, tzinfo=UTC))]


def test_a_message_arrives_with_the_brokers_properties_whatever_its_body_says(
    engine: Engine, calls: ServiceCalls
) -> None:
    body = b'{"messageId": "forged", "deliveryCount": "many", "siteId": "0123"}'
    engine.message(
        "pl_refresh",
        body,
        MessageId=TypedData(string="forecasting.pl.refresh:0123:2025:4711"),
        SessionId=TypedData(string="0123"),
        Subject=TypedData(string="RefreshRequested"),
        CorrelationId=TypedData(string="req_abc123"),
        DeliveryCount=TypedData(string="2"),
        EnqueuedTimeUtc=TypedData(json='"2025-06-10T11:59:00.5Z"'),
        ApplicationProperties=TypedData(json='{"siteId": "0123", "attempt": 1}'),
        UserProperties=TypedData(json="{}"),
    )
    [(queue, received)] = calls.handled
    assert queue == "forecasting.pl.refresh"
    assert received == ReceivedMessage(
        message_id="forecasting.pl.refresh:0123:2025:4711",
        session_id="0123",
        subject="RefreshRequested",
        body=body,
        delivery_count=2,
        enqueued_at=datetime(2025, 6, 10, 11, 59, 0, 500_000, tzinfo=UTC),
        correlation_id="req_abc123",
        properties={"siteId": "0123", "attempt": 1},
    )


def test_a_message_without_a_body_is_handed_on_empty(engine: Engine, calls: ServiceCalls) -> None:
    engine.message("jobs", b"", MessageId=TypedData(string="m1"), UserProperties=TypedData(json="{}"))
    assert calls.handled[0][1].body == b""


def test_a_message_whose_work_fails_is_a_failed_invocation(engine: Engine, calls: ServiceCalls) -> None:
    calls.failure = ConnectionError("database is away")
    with pytest.raises(EngineError, match="ConnectionError"):
        engine.message("jobs", b"{}", MessageId=TypedData(string="m1"), UserProperties=TypedData(json="{}"))
