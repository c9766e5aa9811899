"""What the platform indexes: every function with its bindings, and the rules that indexing breaks on."""

import inspect
import json
import re
from pathlib import Path
from typing import Any

import pytest

from cli.host.functions import RegisteredFunction, index
from shared_code.errors import ConfigurationError
from shared_code.messaging.message import ALERTS, QUEUES, SUBSCRIPTIONS
from shared_code.timetable import CHORES, JOBS
from tests.support.function_app import fresh_function_app

SNAPSHOT = Path(__file__).with_name("functions.snapshot.json")


@pytest.fixture
def functions(monkeypatch: pytest.MonkeyPatch) -> dict[str, RegisteredFunction]:
    return {function.name: function for function in index(fresh_function_app(monkeypatch))}


def test_every_function_has_the_bindings_of_the_snapshot(functions: dict[str, RegisteredFunction]) -> None:
    indexed: dict[str, Any] = {name: list(function.bindings) for name, function in functions.items()}
    assert indexed == json.loads(SNAPSHOT.read_text(encoding="utf-8"))


def test_every_timer_and_every_queue_of_the_app_has_its_function(functions: dict[str, RegisteredFunction]) -> None:
    assert {name for name, function in functions.items() if function.kind == "timer"} == {*JOBS, *CHORES}
    sources = {function.source for function in functions.values() if function.kind == "queue"}
    assert sources == {*QUEUES, *[subscription.source for subscription in SUBSCRIPTIONS]}


def test_one_http_function_takes_every_path_and_method_without_a_key(functions: dict[str, RegisteredFunction]) -> None:
    [http] = [function for function in functions.values() if function.kind == "http"]
    assert http.trigger["route"] == "{*route}"
    assert http.trigger["authLevel"] == "ANONYMOUS"
    assert "methods" not in http.trigger


def test_names_are_such_as_the_platform_takes(functions: dict[str, RegisteredFunction]) -> None:
    for name, function in functions.items():
        assert re.fullmatch(r"[a-z][a-z0-9_-]{0,127}", name)
        for binding in function.bindings:
            assert re.fullmatch(r"\$return|[a-zA-Z][a-zA-Z0-9]{0,127}", binding["name"])


def test_every_parameter_is_bound_annotated_and_without_a_default(functions: dict[str, RegisteredFunction]) -> None:
    for function in functions.values():
        parameters = inspect.signature(function.run).parameters
        bound = {binding["name"] for binding in function.bindings if binding["name"] != "$return"}
        assert set(parameters) - {"context"} == bound
        for parameter in parameters.values():
            assert isinstance(parameter.annotation, type)
            assert parameter.default is inspect.Parameter.empty
            assert parameter.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD


def test_messages_come_one_at_a_time_in_binary_within_sessions(functions: dict[str, RegisteredFunction]) -> None:
    for function in functions.values():
        if function.kind == "queue":
            assert function.trigger["dataType"] == "BINARY"
            assert function.trigger["cardinality"] == "ONE"
            assert function.trigger["isSessionsEnabled"] is (function.source != ALERTS.source)
            assert function.trigger["connection"] == "SERVICEBUS"


def test_no_timer_runs_at_startup(functions: dict[str, RegisteredFunction]) -> None:
    assert all(function.trigger["runOnStartup"] is False for function in functions.values() if function.kind == "timer")


def test_a_setting_replaces_the_schedule_of_a_timer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCHEDULE_SYNC_SITES", "0 15 4 * * *")
    [sites] = [function for function in index(fresh_function_app(monkeypatch)) if function.name == "sync_sites"]
    assert sites.source == "0 15 4 * * *"


def test_a_timer_with_an_empty_schedule_is_not_registered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCHEDULE_SYNC_SITES", "")
    names = {function.name for function in index(fresh_function_app(monkeypatch))}
    assert "sync_sites" not in names
    assert "sync_budget" in names


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("SCHEDULE_SYNC_SITES", "at three", r"Setting SCHEDULE_SYNC_SITES: 'at three' is not a schedule"),
        ("SCHEDULE_OUTBOX_RELEY", "", r"Setting SCHEDULE_OUTBOX_RELEY names no timer; .*SCHEDULE_OUTBOX_RELAY"),
    ],
)
def test_a_wrong_schedule_stops_the_start_by_its_name(
    name: str, value: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ConfigurationError, match=said):
        fresh_function_app(monkeypatch)
