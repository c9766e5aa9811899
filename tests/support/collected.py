"""What telemetry tells, kept in memory for a test to look at."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import HistogramDataPoint, InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter, SpanExportResult

from shared_code import telemetry


class _Kept(SpanExporter):
    def __init__(self) -> None:
        self.spans: list[ReadableSpan] = []

    def export(self, spans: Any) -> SpanExportResult:
        self.spans += spans
        return SpanExportResult.SUCCESS


@contextmanager
def collected_spans(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[ReadableSpan]]:
    """The spans of the block in the order in which they ended."""
    kept, provider = _Kept(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(kept))
    with monkeypatch.context() as patch:
        patch.setattr(telemetry, "_tracer", lambda: provider.get_tracer("test"))
        yield kept.spans
    provider.shutdown()


@contextmanager
def collected_metrics(
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Callable[[], dict[str, list[tuple[dict[str, Any], float]]]]]:
    """Reads, by name, attributes and value of what was measured in the block: of distributions the sum."""
    reader = InMemoryMetricReader()
    provider = MeterProvider([reader])
    meter = provider.get_meter("test")

    def read() -> dict[str, list[tuple[dict[str, Any], float]]]:
        found: dict[str, list[tuple[dict[str, Any], float]]] = {}
        data = reader.get_metrics_data()
        for resource in data.resource_metrics if data else ():
            for scope in resource.scope_metrics:
                for metric in scope.metrics:
                    found[metric.name] = [
                        (
                            dict(point.attributes or {}),
                            point.sum if isinstance(point, HistogramDataPoint) else point.value,
                        )
                        for point in metric.data.data_points
                        if not hasattr(point, "scale")
                    ]
        return found

    histograms: dict[str, Any] = {}
    gauges: dict[str, Any] = {}
    with monkeypatch.context() as patch:
        patch.setattr(telemetry, "_histogram", lambda name: histograms.setdefault(name, meter.create_histogram(name)))
        patch.setattr(telemetry, "_gauge", lambda name: gauges.setdefault(name, meter.create_gauge(name)))
        yield read
    provider.shutdown()
