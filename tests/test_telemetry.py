"""Traces and metrics: what is told of a piece of work, to whom, and that nothing is loaded for nobody."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from opentelemetry.sdk.trace import ReadableSpan

from shared_code import telemetry
from shared_code.trace_context import current_traceparent, traced
from tests.support.collected import collected_metrics, collected_spans

ROOT = Path(__file__).resolve().parents[1]
GIVEN = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[ReadableSpan]]:
    with collected_spans(monkeypatch) as spans:
        yield spans


def ids(span: ReadableSpan) -> tuple[str, str | None]:
    """The span and its parent."""
    parent = span.parent and f"{span.parent.span_id:016x}"
    assert span.context is not None
    return f"{span.context.span_id:016x}", parent


def test_a_span_goes_on_with_the_trace_that_a_message_brought(spans: list[ReadableSpan]) -> None:
    with traced(GIVEN), telemetry.span("outer"), telemetry.span("inner"):
        inside = current_traceparent()
    inner, outer = spans
    assert [span.name for span in spans] == ["inner", "outer"]
    assert ids(outer)[1] == "b7ad6b7169203331"
    assert ids(inner)[1] == ids(outer)[0]
    assert inside == f"00-0af7651916cd43dd8448eb211c80319c-{ids(inner)[0]}-01"


def test_a_span_without_surroundings_begins_a_trace_and_leaves_none_behind(spans: list[ReadableSpan]) -> None:
    with telemetry.span("first"):
        pass
    with telemetry.span("second"):
        pass
    assert current_traceparent() is None
    assert len({span.context.trace_id for span in spans if span.context}) == 2


def test_of_an_error_only_its_type_is_told(spans: list[ReadableSpan]) -> None:
    with pytest.raises(ValueError, match="SECRET1"), telemetry.span("work"):
        raise ValueError("SECRET1")
    [span] = spans
    assert span.status.description == "ValueError"
    assert "SECRET1" not in span.to_json()


def test_without_a_collector_a_trace_is_named_all_the_same() -> None:
    with telemetry.span("outer"):
        outer = current_traceparent()
        with telemetry.span("inner"):
            inner = current_traceparent()
    with telemetry.span("another"):
        another = current_traceparent()
    assert outer is not None
    assert inner is not None
    assert another is not None
    assert inner.split("-")[1] == outer.split("-")[1] != another.split("-")[1]
    with traced(GIVEN), telemetry.span("work"):
        assert (current_traceparent() or "").split("-")[1] == GIVEN.split("-")[1]


def test_measurements_are_told_with_their_attributes(monkeypatch: pytest.MonkeyPatch) -> None:
    with collected_metrics(monkeypatch) as read:
        telemetry.record(telemetry.FEED_ROWS, 5, {"feed": "budget"})
        telemetry.record(telemetry.FEED_ROWS, 7, {"feed": "budget"})
        telemetry.show(telemetry.OUTBOX_SIZE, 3)
        telemetry.show(telemetry.OUTBOX_SIZE, 2)
        with telemetry.timed(telemetry.REFRESH_DURATION):
            pass
        told = read()
    assert told["townepark.feed.rows"] == [({"feed": "budget"}, 12)]
    assert told["townepark.outbox.size"] == [({}, 2)]
    [(_, seconds)] = told["townepark.refresh.duration"]
    assert 0 <= seconds < 1


class Distribution(ModuleType):
    """In the place of the collector's package; it remembers with what it was started."""

    def __init__(self, failure: Exception | None = None) -> None:
        super().__init__("azure.monitor.opentelemetry")
        self.failure = failure
        self.started: list[dict[str, Any]] = []

    def configure_azure_monitor(self, **options: Any) -> None:
        self.started.append(options)
        if self.failure:
            raise self.failure


@pytest.fixture(autouse=True)
def _start_anew(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("OTEL_LOGS_EXPORTER", "none")
    monkeypatch.setenv("OTEL_SERVICE_NAME", "test")
    telemetry._start_exporter.cache_clear()
    yield
    telemetry._start_exporter.cache_clear()


def test_a_connection_string_starts_the_collector_once(monkeypatch: pytest.MonkeyPatch) -> None:
    distribution = Distribution()
    monkeypatch.setitem(sys.modules, distribution.__name__, distribution)
    telemetry.export_to("")
    assert distribution.started == []
    telemetry.export_to("InstrumentationKey=1")
    telemetry.export_to("InstrumentationKey=1")
    [options] = distribution.started
    assert options["connection_string"] == "InstrumentationKey=1"
    assert all(not one["enabled"] for one in options["instrumentation_options"].values())


def test_a_collector_that_cannot_start_is_logged_without_its_address(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    distribution = Distribution(ValueError("InstrumentationKey=SECRET1"))
    monkeypatch.setitem(sys.modules, distribution.__name__, distribution)
    telemetry.export_to("InstrumentationKey=SECRET1")
    assert "Telemetry is not exported (ValueError)" in caplog.text
    assert "SECRET1" not in caplog.text


def test_without_a_connection_string_no_collector_is_loaded(tmp_path: Path) -> None:
    script = (
        "import json, sys\n"
        "from shared_code.services import schedules, messages\n"
        "from shared_code.services.runtime import runtime\n"
        "runtime()\n"
        "print(json.dumps([name for name in sys.modules if name.startswith(('opentelemetry.sdk', 'azure.monitor'))]))"
    )
    environment = {"PYTHONPATH": str(ROOT), "PATH": "", "DB_PRIMARY_CONNECTION": f"sqlite:///{tmp_path}/x.db"}
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, env=environment, check=True, capture_output=True, text=True
    )
    assert json.loads(done.stdout) == []
