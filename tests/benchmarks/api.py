"""The API over real HTTP, beside a bare FastAPI endpoint that returns the same bytes in the same host.

Requests go over kept connections from this process to a server of its own; times are those that a client sees.
"""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from http.client import HTTPConnection
from urllib.parse import urlsplit

from tests.benchmarks.measure import Measure, say
from tests.benchmarks.pnl_world import YEAR

BASE = "/api/v1/forecasting"
SITE = "S0003"
MONTH = f"{YEAR}-09"
SECONDS = 3.0
WARM_UP = 5
MOST_TIMES_BARE = 3.0

Request = Callable[[int], tuple[str, str, bytes]]
"""Method, path and body of the request of a number."""


@dataclass(frozen=True, slots=True)
class Load:
    """What clients saw: milliseconds that half, and 99 of 100, of the requests took at most, and requests a second."""

    p50: float
    p99: float
    per_second: float

    def __str__(self) -> str:
        return f"p50 {self.p50:.2f}, p99 {self.p99:.2f} ms, {self.per_second:,.0f}/s"


def measures() -> list[Measure]:
    """Cached and uncached reads of a P&L year and writes of a month of statistics, over 1 and 16 connections."""
    say(f"the API over HTTP, {SECONDS:g} s each")
    pnl = f"{BASE}/pl-view/{SITE}/{YEAR}"
    result = []
    with _server("ours") as ours, _server("uncached") as uncached:
        content = _fetch(ours, "GET", pnl)
        with _server("bare", content) as bare:
            for connections in (1, 16):
                plain = _load(bare, connections, lambda _: ("GET", "/x", b""))
                for what, server, request, limit in (
                    ("GET of a P&L year, kept", ours, lambda _: ("GET", pnl, b""), MOST_TIMES_BARE),
                    ("GET of a P&L year, not kept", uncached, lambda _: ("GET", pnl, b""), None),
                    ("PUT of a month of statistics", ours, _month_of_statistics, None),
                ):
                    load = _load(server, connections, request)
                    result.append(
                        Measure(
                            f"{what}, {connections} connection{'s' if connections > 1 else ''}",
                            str(load),
                            str(plain),
                            load.p50 / plain.p50,
                            at_most=limit,
                        )
                    )
    return result


def _month_of_statistics(number: int) -> tuple[str, str, bytes]:
    """Every day of a month with values that differ from request to request."""
    first = date(YEAR, 9, 1)
    days = [
        {
            "date": (first + timedelta(days=day)).isoformat(),
            "occupancy": (number % 90 + 1) / 100,
            "valetDaily": number % 50 + day,
            "selfDaily": 3,
        }
        for day in range(30)
    ]
    return "PUT", f"{BASE}/statistics/{SITE}/{MONTH}", json.dumps({"days": days}).encode()


@dataclass(frozen=True, slots=True)
class Server:
    """Where a server listens, and the header that lets a request in."""

    host: str
    port: int
    authorization: str

    def connect(self) -> HTTPConnection:
        """A connection to it."""
        return HTTPConnection(self.host, self.port, timeout=30)

    def ask(self, connection: HTTPConnection, method: str, path: str, body: bytes) -> bytes:
        """The body of the answer; raises what no answer of a good request is."""
        headers = {"Authorization": self.authorization, "Content-Type": "application/json", "If-Match": "*"}
        connection.request(method, path, body or None, headers)
        response = connection.getresponse()
        content = response.read()
        if response.status != 200:
            raise RuntimeError(f"{method} {path} answered {response.status}: {content[:300]!r}")
        return content


@contextmanager
def _server(kind: str, content: bytes = b"") -> Iterator[Server]:
    command = [sys.executable, "-m", "tests.benchmarks.api_host", kind]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        if kind == "bare":
            process.stdin.write(f"{len(content)}\n".encode() + content)
            process.stdin.flush()
        told = json.loads(process.stdout.readline())
        address = urlsplit(told["url"])
        yield Server(address.hostname or "127.0.0.1", address.port or 0, told["authorization"])
        process.stdin.close()


def _fetch(server: Server, method: str, path: str) -> bytes:
    connection = server.connect()
    try:
        return server.ask(connection, method, path, b"")
    finally:
        connection.close()


def _load(server: Server, connections: int, request: Request) -> Load:
    """What `connections` clients see that ask one request after the other for some seconds."""
    numbers = iter(range(10**9))
    ready = threading.Barrier(connections)

    def ask() -> list[float]:
        connection = server.connect()
        for _ in range(WARM_UP):
            server.ask(connection, *request(next(numbers)))
        # The server does not keep a connection for as long as others may take to warm up.
        connection.close()
        ready.wait()
        connection.connect()
        taken: list[float] = []
        until = time.perf_counter() + SECONDS
        while time.perf_counter() < until:
            wanted = request(next(numbers))
            started = time.perf_counter()
            server.ask(connection, *wanted)
            taken.append(time.perf_counter() - started)
        connection.close()
        return taken

    with ThreadPoolExecutor(connections) as clients:
        asking = [clients.submit(ask) for _ in range(connections)]
        taken = sorted(duration for client in asking for duration in client.result())
    return Load(taken[len(taken) // 2] * 1000, taken[len(taken) * 99 // 100] * 1000, len(taken) / SECONDS)
