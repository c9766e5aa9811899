"""One line a request in the log."""

import logging
from collections.abc import Iterator

import pytest

from shared_code.logs import JsonFormatter
from tests.api.serving import BASE, Api

ACCESS = "shared_code.api.middleware"


class Lines(logging.Handler):
    """The lines of the log."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []
        self.setFormatter(JsonFormatter())

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


@pytest.fixture
def lines() -> Iterator[list[str]]:
    handler, log = Lines(), logging.getLogger(ACCESS)
    level = log.level
    log.addHandler(handler)
    log.setLevel("INFO")
    yield handler.lines
    log.removeHandler(handler)
    log.setLevel(level)


def test_a_request_leaves_one_line_with_what_was_asked_and_what_became_of_it(api: Api, lines: list[str]) -> None:
    api.get("/api/jobcodes/TP001/rates?job_code=SECRET1", headers={"X-Request-Id": "req_a"})
    [line] = lines
    assert '"request_id": "req_a"' in line
    assert '"user_id": "local"' in line
    assert '"endpoint": "/api/jobcodes/{site_id}/rates"' in line
    assert '"method": "GET"' in line
    assert '"status": 200' in line
    assert '"duration_ms": ' in line
    assert "error_code" not in line


def test_a_refused_request_leaves_its_code(api: Api, lines: list[str]) -> None:
    api.get("/api/jobcodes/T@/rates")
    [line] = lines
    assert '"status": 400' in line
    assert '"error_code": "INVALID_SITE_ID"' in line


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/api/jobcodes/SECRET1/rates?as_of=SECRET1", {"Authorization": "Bearer SECRET1"}),
        ("/SECRET1?token=SECRET1", {"Cookie": "SECRET1"}),
        (f"{BASE}/pl-view/TP001/SECRET1", {"X-Api-Key": "SECRET1"}),
    ],
)
def test_nothing_that_a_client_sends_is_in_the_line(
    path: str, headers: dict[str, str], api: Api, lines: list[str]
) -> None:
    api.get(path, headers=headers)
    [line] = lines
    assert "SECRET1" not in line


def test_pay_and_reasons_of_a_body_are_not_in_the_line(api: Api, lines: list[str]) -> None:
    body = {
        "site_id": "TP001",
        "hourly_rate": 987.65,
        "effective_date": "2025-07-01",
        "calculation_method": "fixed",
        "reason": "SECRET1 of a person",
    }
    assert api.put("/api/jobcodes/VLT1/rates", body).status_code == 200
    [line] = lines
    assert "987.65" not in line
    assert "SECRET1" not in line
