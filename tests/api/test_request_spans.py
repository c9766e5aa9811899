"""A request as traces and metrics show it: a part of the caller's trace, named by the template of its path."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from shared_code.api.app import create_app
from tests.api.serving import BASE, Api, served
from tests.support.collected import collected_metrics, collected_spans
from tests.support.pnl_world import PnlWorld

GIVEN = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Api]:
    world = PnlWorld(tmp_path)
    world.add_sites("TP001")
    with served(create_app(lambda: world.runtime)) as api:
        yield api
    world.close()


def test_a_request_goes_on_with_the_trace_of_its_caller(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    with collected_spans(monkeypatch) as spans, collected_metrics(monkeypatch) as read:
        api.get(f"{BASE}/pl-view/TP001/2025-07?secret=SECRET1", headers={"traceparent": GIVEN, "X-Request-Id": "req_a"})
        [(told, seconds)] = read()["townepark.api.duration"]
    span = spans[-1]
    endpoint = f"{BASE}/pl-view/{{siteId}}/{{period}}"
    assert span.name.lower() == f"GET {endpoint}".lower()
    assert span.context is not None
    assert span.parent is not None
    assert (f"{span.context.trace_id:032x}", f"{span.parent.span_id:016x}") == tuple(GIVEN.split("-")[1:3])
    assert (span.attributes or {})["requestId"] == "req_a"
    assert told["status"] == (span.attributes or {})["http.response.status_code"]
    assert seconds > 0
    assert "SECRET1" not in span.to_json()


def test_a_request_that_fails_is_an_error_and_a_refused_one_is_not(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: object) -> None:
        raise KeyError("a slip of ours")

    monkeypatch.setattr("shared_code.api.health.check_health", broken)
    with collected_spans(monkeypatch) as spans:
        assert api.get(f"{BASE}/health").status_code == 503
        assert api.get(f"{BASE}/nowhere").status_code == 404
    assert [span.status.is_ok for span in spans] == [False, True]
