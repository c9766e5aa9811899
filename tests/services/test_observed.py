"""One trace and one request from a timer through its messages to the refresh, in the spans and in the log."""

import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.sdk.trace import ReadableSpan

from cli.host.embedded_store import EmbeddedStore
from cli.host.queues import service_bus_message
from functions.messages import received
from shared_code.logs import JsonFormatter, invoked
from shared_code.messaging.message import QUEUES
from shared_code.messaging.received import ReceivedMessage
from shared_code.services import messages, schedules
from shared_code.services.observed import observed_message, observed_timer
from shared_code.services.outbox_relay import relay_outbox
from tests.support.collected import collected_metrics, collected_spans
from tests.support.pnl_world import PnlWorld

SLOT = datetime(2025, 7, 16, 11, tzinfo=UTC)
GIVEN = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


class Lines(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(JsonFormatter())
        self.lines: list[dict[str, Any]] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(json.loads(self.format(record)))


@pytest.fixture
def lines() -> Iterator[list[dict[str, Any]]]:
    handler, log = Lines(), logging.getLogger("shared_code.services.observed")
    level = log.level
    log.addHandler(handler)
    log.setLevel("INFO")
    yield handler.lines
    log.removeHandler(handler)
    log.setLevel(level)


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[PnlWorld]:
    world = PnlWorld(tmp_path)
    world.add_sites("TP001")
    world.budget("TP001", {"9410": "100", "7185": "10"})
    world.inputs_changed("TP001")
    monkeypatch.setattr(schedules, "serving_runtime", lambda: world.runtime)
    yield world
    world.close()


def work_off(world: PnlWorld) -> list[str]:
    """Deliver what the outbox holds, as the functions do, until nothing is left; the queues of the messages."""
    store, done = EmbeddedStore(world.runtime.database), []
    while relay_outbox(world.runtime):
        for queue in QUEUES:
            while message := store.receive(queue, world.clock.now()):
                messages.handle_with(world.runtime, queue, received(service_bus_message(message)))
                store.complete(message)
                done.append(queue)
    return done


def test_a_timer_its_message_and_the_refresh_are_one_trace(
    world: PnlWorld, monkeypatch: pytest.MonkeyPatch, lines: list[dict[str, Any]]
) -> None:
    with collected_spans(monkeypatch) as spans, collected_metrics(monkeypatch) as read:
        schedules.propose("refresh_pnl_all", SLOT)
        assert set(work_off(world)) == {"forecasting.jobs", "forecasting.pl.refresh"}
        durations = read()["townepark.refresh.duration"]
    assert len(durations) == 1
    assert path_of("refresh P&L", spans) == [
        "refresh P&L", "process forecasting.pl.refresh", "process forecasting.jobs", "timer refresh_pnl_all",
    ]  # fmt: skip
    assert len({span.context.trace_id for span in spans if span.context}) == 1
    assert {line["trace_id"] for line in lines} == {f"{spans[0].context.trace_id:032x}" if spans[0].context else ""}
    assert [(line["method"], line["endpoint"]) for line in lines][:2] == [
        ("TIMER", "refresh_pnl_all"),
        ("MESSAGE", "forecasting.jobs"),
    ]
    assert all({"timestamp", "level", "service", "request_id", "duration_ms"} <= line.keys() for line in lines)


def path_of(name: str, spans: list[ReadableSpan]) -> list[str]:
    """The names of a span and of those around it, outwards."""
    by_id = {span.context.span_id: span for span in spans if span.context}
    names, span = [], next((one for one in spans if one.name == name and one.attributes), None)
    while span is not None:
        names.append(span.name)
        span = by_id.get(span.parent.span_id) if span.parent else None
    return names


def test_without_a_collector_the_log_names_one_trace_all_the_same(world: PnlWorld, lines: list[dict[str, Any]]) -> None:
    schedules.propose("refresh_pnl_all", SLOT)
    work_off(world)
    assert {line["endpoint"] for line in lines} == {"refresh_pnl_all", "forecasting.jobs", "forecasting.pl.refresh"}
    assert len({line["trace_id"] for line in lines}) == 1


def message(**changes: Any) -> ReceivedMessage:
    members: dict[str, Any] = {
        "message_id": "m-1", "session_id": "TP001", "subject": "RefreshRequested", "body": b"{}", "delivery_count": 2,
        "enqueued_at": None, "correlation_id": "req_abc", "properties": {"siteId": "TP001", "requestId": "req_other"},
    }  # fmt: skip
    return ReceivedMessage(**(members | changes))


@pytest.mark.parametrize(
    ("changes", "request_id"),
    [({}, "req_abc"), ({"correlation_id": None}, "req_other"), ({"correlation_id": None, "properties": {}}, "m-1")],
)
def test_a_message_goes_on_with_the_request_that_caused_it(
    changes: dict[str, Any], request_id: str, lines: list[dict[str, Any]]
) -> None:
    with observed_message("forecasting.pl.refresh", message(**changes)):
        pass
    [line] = lines
    assert (line["request_id"], line["method"], line["level"]) == (request_id, "MESSAGE", "info")
    assert line["message"].startswith("MESSAGE forecasting.pl.refresh done in ")


def test_work_that_fails_leaves_a_line_with_the_kind_of_its_error(lines: list[dict[str, Any]]) -> None:
    with pytest.raises(ConnectionError), observed_timer("outbox_relay", often=True):
        raise ConnectionError("password=SECRET1")
    [line] = lines
    assert (line["level"], line["error_code"]) == ("warning", "ConnectionError")
    assert "SECRET1" not in json.dumps(line)


def test_a_timer_that_fires_often_leaves_no_line_while_it_works(lines: list[dict[str, Any]]) -> None:
    with observed_timer("outbox_relay", often=True):
        pass
    assert lines == []


def test_lines_name_the_invocation_that_they_belong_to(lines: list[dict[str, Any]]) -> None:
    class Storage:
        invocation_id = None

    with invoked("invocation-7", Storage()), observed_timer("reaper"):
        pass
    assert [line["invocation_id"] for line in lines] == ["invocation-7"]


def test_what_a_message_says_of_itself_in_another_form_is_not_told(
    monkeypatch: pytest.MonkeyPatch, lines: list[dict[str, Any]]
) -> None:
    with (
        collected_spans(monkeypatch) as spans,
        observed_message("q", message(properties={"siteId": 7, "period": None})),
    ):
        pass
    [span] = spans
    assert dict(span.attributes or {}) == {"messageId": "m-1", "deliveryCount": 2}


def test_alerts_are_looked_after_even_when_the_reaper_fails(world: PnlWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    evaluated: list[object] = []

    def failing(_: object) -> None:
        raise ConnectionError("away")

    monkeypatch.setattr("shared_code.services.reap.reap", failing)
    monkeypatch.setattr(schedules, "evaluate_alerts", evaluated.append)
    with pytest.raises(ConnectionError):
        schedules.reap()
    assert evaluated == [world.runtime]
