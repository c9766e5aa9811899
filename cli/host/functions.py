"""What `function_app` registers: the only list of functions that the local host knows.

Source: Architecture, "The command line"; Azure Functions, "Indexing is all or nothing".
"""

import inspect
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

import azure.functions as func

from shared_code.errors import ConfigurationError

TriggerKind = Literal["http", "timer", "queue"]

_KINDS: Mapping[str, TriggerKind] = {"httpTrigger": "http", "timerTrigger": "timer", "serviceBusTrigger": "queue"}


@dataclass(frozen=True, slots=True)
class RegisteredFunction:
    """One function: its name, what triggers it, its bindings as the platform reads them, and its code.

    `trigger` is the binding of the trigger, one of `bindings`.
    """

    name: str
    kind: TriggerKind
    trigger: Mapping[str, Any]
    bindings: tuple[Mapping[str, Any], ...]
    run: Callable[..., Any]

    @property
    def is_async(self) -> bool:
        """Whether the function is a coroutine function."""
        return inspect.iscoroutinefunction(self.run)

    @property
    def takes_context(self) -> bool:
        """Whether the function asks for the context of its invocation."""
        return "context" in inspect.signature(self.run).parameters

    @property
    def source(self) -> str:
        """What the function listens to: a route, a schedule, a queue or `topic/subscription`."""
        match self.kind:
            case "http":
                return str(self.trigger["route"])
            case "timer":
                return str(self.trigger["schedule"])
            case "queue":
                if "queueName" in self.trigger:
                    return str(self.trigger["queueName"])
                return f"{self.trigger['topicName']}/{self.trigger['subscriptionName']}"


@cache
def registered_functions() -> tuple[RegisteredFunction, ...]:
    """The functions of this app, by name. Read once a process: the SDK refuses a second time."""
    import function_app  # noqa: PLC0415 - reads SCHEDULE_* settings, which a command may still set

    return index(function_app.app)


def index(app: func.FunctionApp) -> tuple[RegisteredFunction, ...]:
    """The functions of `app`, by name, in which order the platform tries the routes.

    Raises `ConfigurationError` for a trigger that the local host cannot serve, and what the SDK raises for two
    functions of one name.
    """
    return tuple(sorted(map(_registered, app.get_functions()), key=lambda function: function.name))


def _registered(function: func.Function) -> RegisteredFunction:
    bindings = tuple(json.loads(binding) for binding in function.get_raw_bindings())
    trigger = next(binding for binding in bindings if binding["type"].endswith("Trigger"))
    name = str(function.get_function_name())
    if trigger["type"] not in _KINDS:
        raise ConfigurationError(f"Function {name}: no {trigger['type']} on the local host, only {', '.join(_KINDS)}")
    return RegisteredFunction(name, _KINDS[trigger["type"]], trigger, bindings, function.get_user_function())


def route_prefix(host_file: Path) -> str:
    """The route prefix that `host.json` sets; the platform's own is `api`."""
    host = json.loads(host_file.read_text(encoding="utf-8"))
    return str(host.get("extensions", {}).get("http", {}).get("routePrefix", "api"))
