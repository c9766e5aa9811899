"""A small Functions app and a queue in memory, for tests of the local host."""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import azure.functions as func

NEVER_NOW = "0 0 0 29 2 *"
"""A schedule that leaves a test alone."""
MAX_DELIVERIES = 5


@dataclass(frozen=True)
class Queued:
    """A message in the store below."""

    message_id: str
    session_id: str | None = "0123"
    subject: str | None = "RefreshRequested"
    body: bytes = b"{}"
    delivery_count: int = 0
    enqueued_at: datetime | None = datetime(2025, 6, 10, 12, tzinfo=UTC)
    correlation_id: str | None = "req_abc123"
    properties: Mapping[str, object] = field(default_factory=dict)


class Store:
    """A queue in memory: one holder per session, dead letters after the last delivery."""

    def __init__(self, *messages: Queued) -> None:
        self.waiting = list(messages)
        self.held: set[str | None] = set()
        self.completed: list[str] = []
        self.abandoned: list[tuple[str, int, str]] = []
        self.dead: list[str] = []
        self.looks = 0
        self._lock = threading.Lock()

    def receive(self, destination: str, now: datetime) -> Queued | None:
        assert destination == "orders"
        assert now.tzinfo is UTC
        with self._lock:
            self.looks += 1
            for message in self.waiting:
                if message.session_id not in self.held:
                    self.waiting.remove(message)
                    self.held.add(message.session_id)
                    return replace(message, delivery_count=message.delivery_count + 1)
            return None

    def complete(self, message: Queued) -> None:
        with self._lock:
            self.held.remove(message.session_id)
            self.completed.append(message.message_id)

    def abandon(self, message: Queued, reason: str) -> None:
        with self._lock:
            self.held.remove(message.session_id)
            self.abandoned.append((message.message_id, message.delivery_count, reason))
            if message.delivery_count < MAX_DELIVERIES:
                self.waiting.insert(0, message)
            else:
                self.dead.append(message.message_id)


@dataclass
class Seen:
    """What the functions of the small app received."""

    requests: list[func.HttpRequest] = field(default_factory=list)
    messages: list[func.ServiceBusMessage] = field(default_factory=list)
    fired: list[datetime] = field(default_factory=list)
    at_once: int = 0
    most_at_once: int = 0
    work: Callable[[func.ServiceBusMessage], None] = lambda message: None


def small_app(seen: Seen, schedule: str = NEVER_NOW) -> func.FunctionApp:
    app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)

    @app.route(route="echo/{name}", methods=["POST", "GET"])
    async def echo(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
        seen.requests.append(req)
        body = f"{req.route_params['name']}:".encode() + req.get_body()
        return func.HttpResponse(body, status_code=201, headers={"X-Invocation": context.invocation_id})

    @app.route(route="fails")
    def fails(req: func.HttpRequest) -> func.HttpResponse:
        raise ValueError("not for clients")

    @app.timer_trigger(arg_name="timer", schedule=schedule, run_on_startup=False)
    def tick(timer: func.TimerRequest) -> None:
        seen.at_once += 1
        seen.most_at_once = max(seen.most_at_once, seen.at_once)
        seen.fired.append(datetime.now(UTC))
        time.sleep(0.3)
        seen.at_once -= 1
        raise RuntimeError("the timer goes on")

    @app.service_bus_queue_trigger(arg_name="message", connection="SERVICEBUS", queue_name="orders")
    def order(message: func.ServiceBusMessage) -> None:
        seen.messages.append(message)
        seen.work(message)

    return app


def until(condition: Callable[[], object], timeout_s: float = 10.0) -> None:
    """Waits for what happens in another thread."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)
