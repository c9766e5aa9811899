"""The Functions app for a test: imported anew, with recorded services behind it."""

import importlib
import sys
from dataclasses import dataclass, field
from datetime import datetime
from types import ModuleType
from typing import Any

import azure.functions as func
import pytest

import shared_code.api
import shared_code.services
from shared_code.messaging.received import ReceivedMessage


def fresh_function_app(monkeypatch: pytest.MonkeyPatch) -> func.FunctionApp:
    """`function_app.app` as a new process would have it: an app can be indexed only once."""
    forget_function_app(monkeypatch)
    app: func.FunctionApp = importlib.import_module("function_app").app
    return app


def forget_function_app(monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes the next import of `function_app` build the app anew; undone after the test."""
    for name in [name for name in sys.modules if name.partition(".")[0] in {"function_app", "functions"}]:
        monkeypatch.delitem(sys.modules, name)


@dataclass
class ServiceCalls:
    """What the triggers asked of the services; `failure` is what a call raises after it was recorded."""

    proposed: list[tuple[str, datetime]] = field(default_factory=list)
    handled: list[tuple[str, ReceivedMessage]] = field(default_factory=list)
    chores: list[str] = field(default_factory=list)
    failure: Exception | None = None

    def propose(self, job: str, moment: datetime) -> None:
        self.proposed.append((job, moment))
        self._end()

    def handle(self, queue: str, message: ReceivedMessage) -> None:
        self.handled.append((queue, message))
        self._end()

    def relay_outbox(self) -> None:
        self.chores.append("relay_outbox")
        self._end()

    def reap(self) -> None:
        self.chores.append("reap")
        self._end()

    def monitor_dead_letters(self) -> None:
        self.chores.append("monitor_dead_letters")
        self._end()

    def _end(self) -> None:
        if self.failure:
            raise self.failure


def record_services(monkeypatch: pytest.MonkeyPatch) -> ServiceCalls:
    """Puts recorders in the place of the services that the triggers call."""
    calls = ServiceCalls()
    _replace(
        monkeypatch, shared_code.services, "schedules",
        propose=calls.propose, relay_outbox=calls.relay_outbox, reap=calls.reap,
        monitor_dead_letters=calls.monitor_dead_letters,
    )  # fmt: skip
    _replace(monkeypatch, shared_code.services, "messages", handle=calls.handle)
    return calls


def replace_api(monkeypatch: pytest.MonkeyPatch, app: Any) -> None:
    """Puts `app` in the place of the API's application."""
    _replace(monkeypatch, shared_code.api, "app", asgi_app=lambda: app)


def _replace(monkeypatch: pytest.MonkeyPatch, package: ModuleType, name: str, **members: Any) -> None:
    module = ModuleType(f"{package.__name__}.{name}")
    module.__dict__.update(members)
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setattr(package, name, module, raising=False)
