"""The local host as a whole: timers, what it says, how it ends."""

import io
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import azure.functions as func
import httpx
import pytest
from rich.console import Console

from cli.host.functions import RegisteredFunction, index, registered_functions, route_prefix
from cli.host.host import LocalHost
from cli.host.screen import show
from cli.host.timers import Timer
from shared_code.clock import FixedClock
from shared_code.errors import ConfigurationError
from tests.support.function_app import forget_function_app, fresh_function_app, record_services, replace_api
from tests.support.small_functions import Seen, small_app, until

ROOT = Path(__file__).resolve().parents[2]
EVERY_SECOND = "* * * * * *"


@pytest.fixture
def seen() -> Seen:
    return Seen()


@pytest.fixture
def functions(seen: Seen) -> tuple[RegisteredFunction, ...]:
    return index(small_app(seen, schedule=EVERY_SECOND))


def test_a_timer_fires_at_its_moments_one_run_at_a_time_and_goes_on_after_a_failure(
    functions: tuple[RegisteredFunction, ...], seen: Seen, caplog: pytest.LogCaptureFixture
) -> None:
    with LocalHost(None, port=0, functions=functions, prefix=""):
        until(lambda: len(seen.fired) >= 3)
    assert len({moment.replace(microsecond=0) for moment in seen.fired}) == len(seen.fired)
    assert seen.most_at_once == 1
    assert "Timer tick failed" in caplog.text


def test_a_moment_that_passes_during_a_run_is_left_out(seen: Seen) -> None:
    clock = FixedClock(datetime(2025, 6, 10, 11, 59, 30, tzinfo=UTC))
    app = func.FunctionApp()
    late: list[bool] = []

    @app.timer_trigger(arg_name="timer", schedule="0 * * * * *")
    def slow(timer: func.TimerRequest) -> None:
        late.append(timer.past_due)
        clock.moment = datetime(2025, 6, 10, 12, 4, 10, tzinfo=UTC)

    [function] = index(app)
    timer = Timer(function, clock)
    assert timer.next_run == datetime(2025, 6, 10, 12, 0, tzinfo=UTC)
    clock.moment = timer.next_run
    timer.fire()
    assert timer.next_run == datetime(2025, 6, 10, 12, 5, tzinfo=UTC)
    clock.moment = datetime(2025, 6, 10, 12, 30, tzinfo=UTC)
    timer.fire()
    assert late == [False, True]


def test_a_schedule_that_cannot_be_read_stops_the_start_with_the_name_of_the_timer(seen: Seen) -> None:
    functions = index(small_app(seen, schedule="every minute"))
    with pytest.raises(ConfigurationError, match="Timer tick: 'every minute' is not a schedule"):
        LocalHost(None, port=0, functions=functions, prefix="")


def test_waiting_ends_when_the_host_is_stopped_and_the_port_is_free_again(
    functions: tuple[RegisteredFunction, ...],
) -> None:
    host = LocalHost(None, port=0, functions=functions, prefix="")
    host.start()
    threading.Timer(0.2, host.stop).start()
    host.wait()
    host.stop()
    socket.create_server(("127.0.0.1", int(host.url.rpartition(":")[2]))).close()


def test_ctrl_c_ends_the_host_cleanly() -> None:
    script = (
        "import signal\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # a background job would ignore it
        "from cli.host.functions import index\n"
        "from cli.host.host import LocalHost\n"
        "from tests.support.small_functions import Seen, small_app\n"
        "host = LocalHost(None, port=0, functions=index(small_app(Seen())), prefix='')\n"
        "host.start()\n"
        "print(host.url, flush=True)\n"
        "host.wait()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        assert httpx.get(process.stdout.readline().strip() + "/echo/a").status_code == 201
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=20)
    assert (process.returncode, errors) == (0, "")


def test_the_screen_names_functions_triggers_next_runs_and_health(
    functions: tuple[RegisteredFunction, ...],
) -> None:
    host = LocalHost(
        None, port=0, functions=functions, prefix="", clock=FixedClock(datetime(2025, 6, 10, 12, tzinfo=UTC))
    )
    console = Console(record=True, width=140, file=io.StringIO())
    show(host, console)
    host.stop()
    lines = [line.split() for line in console.export_text().splitlines() if line.strip()]
    assert ["echo", "HTTP", "echo/{name}"] in lines
    assert ["tick", "timer", "*", "*", "*", "*", "*", "*", "2025-06-10", "12:00:01"] in lines
    assert ["order", "queue", "orders", "not", "pumped:", "Service", "Bus", "is", "set"] in lines
    assert any(f"{host.url}/api/v1/forecasting/health" in line for line in lines)


def test_the_prefix_of_paths_is_the_host_files(tmp_path: Path) -> None:
    host_file = tmp_path / "host.json"
    host_file.write_text('{"version": "2.0"}', encoding="utf-8")
    assert route_prefix(host_file) == "api"
    host_file.write_text('{"extensions": {"http": {"routePrefix": "v2"}}}', encoding="utf-8")
    assert route_prefix(host_file) == "v2"


def test_a_trigger_that_the_host_does_not_know_is_refused() -> None:
    app = func.FunctionApp()

    @app.blob_trigger(arg_name="blob", path="in/{name}", connection="STORAGE")
    def take(blob: func.InputStream) -> None:
        pass

    with pytest.raises(ConfigurationError, match="Function take: no blobTrigger on the local host"):
        index(app)


def test_a_route_that_the_host_does_not_know_is_refused(seen: Seen) -> None:
    app = func.FunctionApp()

    @app.route(route="items/{id:int}")
    def item(req: func.HttpRequest) -> str:
        return "one"

    with pytest.raises(ConfigurationError, match=r"Function item: .* route part '\{id:int\}'"):
        LocalHost(None, port=0, functions=index(app), prefix="")


def test_the_app_itself_is_served_with_its_catch_all_route(monkeypatch: pytest.MonkeyPatch) -> None:
    async def small_api(scope: dict[str, object], receive: object, send: Callable[[object], object]) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]})  # type: ignore[misc]
        await send({"type": "http.response.body", "body": str(scope["path"]).encode()})  # type: ignore[misc]

    calls = record_services(monkeypatch)
    replace_api(monkeypatch, small_api)
    monkeypatch.setenv("SCHEDULE_OUTBOX_RELAY", "* * * * * *")
    functions = index(fresh_function_app(monkeypatch))
    with LocalHost(None, port=0, functions=functions) as host:
        assert httpx.get(host.health_url).text == "/api/v1/forecasting/health"
        assert httpx.get(host.url).text == "/"
        until(lambda: calls.chores)
        assert {one.name for one in host.served()} == {function.name for function in functions}
    assert calls.chores[0] == "relay_outbox"


def test_the_app_is_indexed_once_a_process_because_the_sdk_refuses_a_second_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    forget_function_app(monkeypatch)
    registered_functions.cache_clear()
    first = registered_functions()
    assert registered_functions() is first
    registered_functions.cache_clear()
