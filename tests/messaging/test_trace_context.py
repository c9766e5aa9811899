"""The trace of a request: carried by its messages, and by the messages that follow from those."""

import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from shared_code.api.middleware import traceparent_of
from shared_code.messaging.message import PAYROLL_CALCULATE, PL_REFRESH, Message
from shared_code.services.messages import handle_with
from shared_code.services.runtime import Runtime
from shared_code.storage import outbox
from shared_code.storage.outbox import MAX_BODY_BYTES, MessageTooLargeError
from shared_code.storage.tables.messages import outbox_messages
from shared_code.trace_context import accepted_traceparent, current_traceparent, traced
from tests.support.message_world import body_of, count_of, message_of, message_world, rows_of

TRACE = "0af7651916cd43dd8448eb211c80319c"
GIVEN = f"00-{TRACE}-b7ad6b7169203331-01"
MALFORMED = [
    "", "00", GIVEN.upper(), f"ff-{TRACE}-b7ad6b7169203331-01", f"00-{'0' * 32}-b7ad6b7169203331-01",
    f"00-{TRACE}-{'0' * 16}-01", GIVEN + "-extra", GIVEN + "\n", f" {GIVEN}", GIVEN.replace("-", "_"), GIVEN[:-1],
]  # fmt: skip


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Runtime]:
    with message_world(tmp_path) as app:
        yield app


def _traces(app: Runtime) -> list[str | None]:
    return [json.loads(text).get("traceparent") for (text,) in rows_of(app, outbox_messages, "properties")]


@pytest.mark.parametrize("given", [*MALFORMED, None, 7, b"x"])
def test_a_malformed_trace_is_none(given: object) -> None:
    assert accepted_traceparent(given) is None
    with traced(GIVEN), traced(given):
        assert current_traceparent() is None


def _scope(platform: object = None, *headers: str) -> dict[str, Any]:
    given = [(b"traceparent", value.encode()) for value in headers]
    return {"type": "http", "headers": given, "azure_functions.trace_context": platform}


def test_the_platforms_trace_goes_before_the_callers_and_one_of_several_is_none() -> None:
    own = f"00-{TRACE}-00f067aa0ba902b7-01"
    assert traceparent_of(_scope(SimpleNamespace(trace_parent=own), GIVEN)) == own
    assert traceparent_of(_scope(SimpleNamespace(trace_parent=""), GIVEN)) == GIVEN
    assert traceparent_of(_scope(None, GIVEN)) == GIVEN
    assert traceparent_of(_scope(None, GIVEN, GIVEN)) is None
    assert traceparent_of(_scope(None, "malformed")) is None
    assert traceparent_of(_scope()) is None


def test_a_message_carries_the_trace_of_the_work_that_leaves_it(app: Runtime) -> None:
    with app.database.writing() as connection:
        outbox.append(connection, [Message(PL_REFRESH, "E", "0001", "untraced", {})], app.clock.now())
        with traced(GIVEN):
            outbox.append(connection, [Message(PL_REFRESH, "E", "0001", "traced", {})], app.clock.now())
            kept = Message(PL_REFRESH, "E", "0001", "kept", {}, {"traceparent": "its own"})
            outbox.append(connection, [kept], app.clock.now())

    assert sorted(map(str, _traces(app))) == [GIVEN, "None", "its own"]


def test_what_follows_from_a_message_belongs_to_its_trace(app: Runtime) -> None:
    body = body_of("PayrollCalculated", siteId="0001", period="2025-06")

    handle_with(app, PAYROLL_CALCULATE, message_of(body, properties={"traceparent": GIVEN}))

    (trace,) = _traces(app)
    assert trace is not None
    assert trace.split("-")[1] == TRACE
    assert current_traceparent() is None


def test_a_message_with_a_malformed_trace_is_worked_off(app: Runtime) -> None:
    body = body_of("PayrollCalculated", siteId="0001", period="2025-06")

    handle_with(app, PAYROLL_CALCULATE, message_of(body, properties={"traceparent": "00-nonsense"}))

    assert "00-nonsense" not in _traces(app)
    assert count_of(app, outbox_messages) == 1


def test_a_body_that_no_broker_takes_is_refused_with_its_change(app: Runtime) -> None:
    fits = Message(PL_REFRESH, "E", "0001", "fits", {"text": "x" * (MAX_BODY_BYTES - len('{"text":""}'))})
    too_large = Message(PL_REFRESH, "E", "0001", "large", {"text": "x" * MAX_BODY_BYTES})
    said = r"E for forecasting.pl.refresh has 65,547 bytes; .* at most 65,536"
    with pytest.raises(MessageTooLargeError, match=said), app.database.writing() as connection:
        outbox.append(connection, [fits, too_large], app.clock.now())
    assert count_of(app, outbox_messages) == 0
    with app.database.writing() as connection:
        assert outbox.append(connection, [fits], app.clock.now()) == 1
