"""Structured logs: what a line holds, what it never holds, and to which invocation it belongs."""

import asyncio
import json
import logging
import threading
from collections.abc import Iterator
from contextvars import copy_context

import pytest

from shared_code.errors import InvalidInputError
from shared_code.logs import JsonFormatter, RequestNote, configure_logging, current_request, noted

SECRET = "hunter2"


class Lines(logging.Handler):
    """Keeps what the platform's handler would send, with the invocation it would send it for."""

    def __init__(self, storage: threading.local) -> None:
        super().__init__()
        self.storage = storage
        self.lines: list[tuple[str | None, str]] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append((getattr(self.storage, "invocation_id", None), self.format(record)))


@pytest.fixture
def storage() -> threading.local:
    return threading.local()


@pytest.fixture
def lines(storage: threading.local) -> Iterator[Lines]:
    root, own = logging.getLogger(), logging.getLogger("shared_code")
    factory, level = logging.getLogRecordFactory(), own.level
    handler = Lines(storage)
    root.addHandler(handler)
    configure_logging("info")
    yield handler
    root.removeHandler(handler)
    own.setLevel(level)
    logging.setLogRecordFactory(factory)


log = logging.getLogger("shared_code.services.example")


def only(lines: Lines) -> dict[str, object]:
    [(_, line)] = lines.lines
    assert "\n" not in line
    result: dict[str, object] = json.loads(line)
    return result


def test_a_line_of_a_request_names_it(lines: Lines) -> None:
    note = RequestNote(
        "req_1", "PUT", endpoint="/api/jobcodes/{job_code_id}/rates", user_id="dm", error_code="CONFLICT"
    )
    with noted(note, None, None):
        log.warning("%s items\nin two lines", 3, extra={"status": 409, "duration_ms": 12})
    line = only(lines)
    assert line.pop("timestamp")
    assert line == {
        "level": "warning", "service": "townepark-forecasting", "logger": "shared_code.services.example",
        "message": "3 items\nin two lines", "request_id": "req_1", "user_id": "dm",
        "endpoint": "/api/jobcodes/{job_code_id}/rates", "method": "PUT", "status": 409, "duration_ms": 12,
        "error_code": "CONFLICT",
    }  # fmt: skip


def test_a_line_outside_of_a_request_names_none(lines: Lines) -> None:
    log.info("started")
    assert only(lines).keys() == {"timestamp", "level", "service", "logger", "message"}
    assert current_request() is None


def test_what_a_foreign_exception_says_is_left_out(lines: Lines) -> None:
    try:
        try:
            raise ValueError(SECRET)
        except ValueError as error:
            raise ConnectionError(f"password={SECRET}") from error
    except ConnectionError:
        log.exception("reading failed")
    line = only(lines)
    assert SECRET not in json.dumps(line)
    chain = line["exception"]
    assert isinstance(chain, list)
    assert [told["type"] for told in chain] == ["builtins.ConnectionError", "builtins.ValueError"]
    assert "test_logs.py" in chain[0]["at"][0]


def test_the_products_own_errors_are_quoted(lines: Lines) -> None:
    try:
        raise InvalidInputError("2025-13 is no month")
    except InvalidInputError:
        log.exception("refused")
    chain = only(lines)["exception"]
    assert isinstance(chain, list)
    assert (chain[0]["code"], chain[0]["message"]) == ("INVALID_DATA_TYPE", "2025-13 is no month")


@pytest.mark.parametrize(("level", "expected"), [("debug", 2), ("info", 1), ("error", 0)])
def test_the_setting_decides_from_which_level_on_our_loggers_speak(level: str, expected: int, lines: Lines) -> None:
    configure_logging(level)
    log.debug("detail")
    log.info("news")
    assert len(lines.lines) == expected


def test_a_handler_with_a_format_of_its_own_keeps_it(lines: Lines) -> None:
    lines.setFormatter(logging.Formatter("%(levelname)s %(message)s"))
    configure_logging("info")
    log.info("plain")
    assert lines.lines == [(None, "INFO plain")]


def test_a_record_of_any_thread_of_a_request_carries_its_invocation(lines: Lines, storage: threading.local) -> None:
    async def endpoint() -> None:
        with noted(RequestNote("req_1", "GET"), "invocation-7", storage):
            log.info("in the loop")
            await asyncio.to_thread(log.info, "in a thread")
            context = copy_context()
            thread = threading.Thread(target=lambda: context.run(log.info, "in a thread of one's own"))
            thread.start()
            thread.join()

    asyncio.run(endpoint())
    assert [invocation for invocation, _ in lines.lines] == ["invocation-7"] * 3


def test_two_requests_at_once_do_not_mix(lines: Lines, storage: threading.local) -> None:
    async def endpoint(number: int) -> None:
        with noted(RequestNote(f"req_{number}", "GET"), f"invocation-{number}", storage):
            for _ in range(5):
                await asyncio.to_thread(log.info, "work of %d", number)

    async def both() -> None:
        await asyncio.gather(*(endpoint(number) for number in range(4)))

    asyncio.run(both())
    assert len(lines.lines) == 20
    for invocation, line in lines.lines:
        told = json.loads(line)
        number = told["message"].rpartition(" ")[2]
        assert (invocation, told["request_id"]) == (f"invocation-{number}", f"req_{number}")


def test_configuring_again_wraps_nothing_twice(lines: Lines) -> None:
    factory = logging.getLogRecordFactory()
    configure_logging("info")
    assert logging.getLogRecordFactory() is factory
    assert isinstance(lines.formatter, JsonFormatter)
