"""What a whole day of requests leaves in the log: lines with known fields, and nothing that is nobody's business."""

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from shared_code.logs import OWN_LOGGERS, JsonFormatter
from tests.api.serving import BASE, ISSUER, Api
from tests.support.pnl_world import PnlWorld
from tests.support.whole_company import OWN, whole_company

FIELDS = {
    "timestamp", "level", "service", "logger", "message", "request_id", "user_id", "endpoint", "method", "status",
    "duration_ms", "error_code", "exception", "invocation_id", "trace_id",
}  # fmt: skip
OF_EVERY_REQUEST = FIELDS - {"user_id", "endpoint", "error_code", "exception"}
SECRET = "hunter2"
PAY = ("987.65", "73000", "200.00", "61234.56")
"""An hourly rate that is entered, a salary, its pay a day, and a cost."""


class Lines(logging.Handler):
    """Everything that any logger says, as it is sent."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.setFormatter(JsonFormatter())
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


@pytest.fixture
def lines() -> Iterator[list[str]]:
    handler, loggers = Lines(), [logging.getLogger(name) for name in OWN_LOGGERS]
    before = [log.level for log in loggers]
    logging.getLogger().addHandler(handler)
    for log in loggers:
        log.setLevel(logging.DEBUG)
    yield handler.lines
    logging.getLogger().removeHandler(handler)
    for log, level in zip(loggers, before, strict=True):
        log.setLevel(level)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[PnlWorld]:
    world = whole_company(tmp_path)
    yield world
    world.close()


def call_everything(api: Api) -> int:
    """Requests that carry pay, reasons, names and tokens, good ones and bad ones; how many there were."""
    month = f"{OWN}/2025-05"
    rate: dict[str, Any] = {"site_id": OWN, "hourly_rate": 987.65, "effective_date": "2025-05-01"}
    rate |= {"calculation_method": "fixed", "reason": f"{SECRET} of a person"}
    entry = {"jobCode": "VLT1", "hours": 10, "rate": 987.65}
    answers = [
        api.put("/api/jobcodes/VLT1/rates", rate),
        api.put("/api/jobcodes/VLT1/rates", rate | {"hourly_rate": SECRET}),
        api.get(f"/api/jobcodes/{OWN}/rates"),
        api.get(f"{BASE}/payroll/{month}"),
        api.get(f"{BASE}/payroll/{OWN}/job-codes"),
        api.post(f"{BASE}/payroll/{OWN}/calculate", {"period": "2025-05", "entries": [entry]}),
        api.put(f"{BASE}/payroll/{month}", {"inputMode": "cost", "entries": [entry | {"cost": 61234.56}]}),
        api.post(f"{BASE}/notes/{month}", {"text": f"{SECRET} about Jo Doe, jo.doe@example.com"}),
        api.put(f"{BASE}/other-expenses/{month}", {"uniforms": 61234.56, "reason": SECRET}),
        api.put(f"{BASE}/other-expenses/{month}", {SECRET: 61234.56}),
        api.get(f"{BASE}/sites?search={SECRET}&access_token={SECRET}"),
        api.get(f"{BASE}/pl-view/{OWN}/{SECRET}"),
        api.get(f"{BASE}/{SECRET}"),
        api.get(f"{BASE}/export/payroll/{month}?format=csv"),
        api.client.post(f"{BASE}/notes/{month}", content=SECRET, headers={"Content-Type": "application/json"}),
        api.get(f"{BASE}/me", headers={"X-Api-Key": SECRET, "Cookie": SECRET}),
        *[api.get(f"{BASE}/me", headers={"Authorization": value}) for value in (SECRET, f"Bearer {SECRET}.{SECRET}.x")],
        api.with_token(sub="stranger", name=SECRET).get(f"{BASE}/me"),
    ]
    assert {200, 201, 400, 401, 403, 404} <= {answer.status_code for answer in answers}
    return len(answers)


def test_no_pay_secret_token_or_note_is_in_the_log(
    api: Api, lines: list[str], capfd: pytest.CaptureFixture[str]
) -> None:
    sent = call_everything(api)
    written = "\n".join([*lines, *capfd.readouterr()])
    assert len(lines) >= sent
    token = ISSUER.token(api.runtime.clock.now())
    for private in (SECRET, *PAY, "Jo Doe", "jo.doe", "Bearer", *token.split(".")[1:]):
        assert private not in written


def test_every_line_has_the_known_fields_and_those_of_a_request_name_it(api: Api, lines: list[str]) -> None:
    sent = call_everything(api)
    told = [json.loads(line) for line in lines]
    assert [line.keys() - FIELDS for line in told if line.keys() - FIELDS] == []
    ended = [line for line in told if "status" in line]
    assert len(ended) == sent
    assert all(line.keys() >= OF_EVERY_REQUEST for line in ended)
    assert all(("error_code" in line) == (line["status"] >= 400) for line in ended)


def test_a_fault_tells_where_it_happened_and_nothing_that_it_says(
    api: Api, lines: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise RuntimeError(f"password={SECRET} of 10.0.0.7, rate 987.65")

    monkeypatch.setattr("shared_code.api.caller.identify", fails)
    answer = api.get(f"{BASE}/me", headers={"X-Request-Id": "req_fault"})
    assert answer.status_code == 500
    assert SECRET not in answer.text
    faults = [json.loads(line) for line in lines if "exception" in line]
    assert [fault["request_id"] for fault in faults] == ["req_fault"]
    assert faults[0]["exception"][0]["type"] == "builtins.RuntimeError"
    assert not any(SECRET in line or "10.0.0.7" in line or "987.65" in line for line in lines)
