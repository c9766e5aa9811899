"""The local host: HTTP, timers and queues of the registered functions on one machine.

Source: Architecture, "The command line".
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from threading import Event
from types import TracebackType
from typing import Any, Self

from cli.host.docs import DOCS_PATH
from cli.host.functions import RegisteredFunction, TriggerKind, registered_functions, route_prefix
from cli.host.http import HttpServer
from cli.host.queues import QueuePump, QueueStore
from cli.host.timers import TimerPool
from shared_code.clock import Clock, SystemClock

DEFAULT_PORT = 7071
"""The port that the platform's own tools use."""
_GRACE_S = 30.0
"""Seconds that timers and messages under way have to end when the host stops."""
_HOST_FILE = Path(__file__).resolve().parents[2] / "host.json"
_HEALTH = "/api/v1/forecasting/health"


@dataclass(frozen=True, slots=True)
class ServedFunction:
    """One line of what the host serves; `next_run` (UTC) for timers, `is_idle` for a queue without a store."""

    name: str
    kind: TriggerKind
    source: str
    next_run: datetime | None
    is_idle: bool


class LocalHost(AbstractContextManager["LocalHost"]):
    """Serves `functions`, by default those of `function_app`.

    `queue_store` None leaves the queues alone: their messages come from elsewhere. `address` 127.0.0.1 is reached from
    this machine only. `port` 0 takes any free port. Raises `ConfigurationError` when the port is taken, or a timer's
    schedule or a route cannot be read.
    """

    def __init__(
        self,
        queue_store: QueueStore[Any] | None,
        *,
        address: str = "127.0.0.1",
        port: int = DEFAULT_PORT,
        workers: int = 4,
        functions: Sequence[RegisteredFunction] | None = None,
        prefix: str | None = None,
        clock: Clock | None = None,
    ) -> None:
        clock = clock or SystemClock()
        self._functions = registered_functions() if functions is None else functions
        self._timers = TimerPool(self._functions, clock)
        self._pump = QueuePump(self._functions, queue_store, clock, workers) if queue_store is not None else None
        self._http = HttpServer(self._functions, route_prefix(_HOST_FILE) if prefix is None else prefix, address, port)
        self._stopped = Event()

    @property
    def url(self) -> str:
        """Where HTTP is served, without a slash at the end."""
        address = self._http.address
        return f"http://{f'[{address}]' if ':' in address else address}:{self._http.port}"

    @property
    def health_url(self) -> str:
        """The address that says whether the app is well."""
        return self.url + _HEALTH

    @property
    def docs_url(self) -> str:
        """The page that describes the API."""
        return self.url + DOCS_PATH

    def served(self) -> list[ServedFunction]:
        """The functions, HTTP first, then timers by their next run, then queues."""
        next_runs = self._timers.next_runs()
        functions = [
            ServedFunction(
                name=function.name,
                kind=function.kind,
                source=function.source,
                next_run=next_runs.get(function.name),
                is_idle=function.kind == "queue" and self._pump is None,
            )
            for function in self._functions
        ]
        order = ("http", "timer", "queue")
        return sorted(functions, key=lambda one: (order.index(one.kind), str(one.next_run or ""), one.name))

    def start(self) -> None:
        """Serves from now on, in threads of its own."""
        self._http.start()
        self._timers.start()
        if self._pump:
            self._pump.start()

    def wait(self) -> None:
        """Returns when the host has been stopped; Ctrl+C stops it, and a second one ends the process at once."""
        try:
            while not self._stopped.wait(1.0):
                pass
        except KeyboardInterrupt:
            self.stop()

    def stop(self) -> None:
        """Takes nothing new, lets what is under way end, and closes the port. May be called again."""
        self._http.stop()
        self._timers.stop()
        if self._pump:
            self._pump.stop()
            self._pump.join(_GRACE_S)
        self._timers.join(_GRACE_S)
        self._http.join()
        self._stopped.set()

    def __enter__(self) -> Self:
        """Starts the host."""
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stops the host."""
        self.stop()
