"""A real HTTP server on 127.0.0.1 that answers what a test has written down for it."""

import json
import socket
import time
from collections import defaultdict, deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Literal
from urllib.parse import parse_qs, urlsplit

Behaviour = Literal[
    "answer", "silent", "trickle_headers", "trickle_body", "half_then_silent", "cut_half_way", "half_close"
]


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer: a body that is not bytes is sent as JSON."""

    body: object = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    behaviour: Behaviour = "answer"

    def payload(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


@dataclass(frozen=True, slots=True)
class Received:
    """One request as it came in; `connection` is the client's port."""

    method: str
    path: str
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]
    form: Mapping[str, list[str]]
    connection: int


class ScriptedServer(ThreadingHTTPServer):
    """Answers each path with its replies in order; a request beyond them gets status 500 and is recorded too."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.replies: dict[str, deque[Reply]] = defaultdict(deque)
        self.received: list[Received] = []
        self.closing = Event()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def answer(self, path: str, *replies: Reply) -> None:
        self.replies[path].extend(replies)

    def requests_to(self, path: str) -> list[Received]:
        return [request for request in self.received if request.path == path]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: ScriptedServer

    def do_GET(self) -> None:
        self._serve({})

    def do_POST(self) -> None:
        text = self.rfile.read(int(self.headers.get("Content-Length", "0"))).decode()
        self._serve(parse_qs(text))

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it
        """Say nothing."""

    def _serve(self, form: Mapping[str, list[str]]) -> None:
        parts = urlsplit(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.received.append(
            Received(self.command, parts.path, parse_qs(parts.query), headers, form, self.client_address[1])
        )
        waiting = self.server.replies[parts.path]
        reply = waiting.popleft() if waiting else Reply(status=500)
        with suppress(ConnectionError):
            self._send(reply)

    def _send(self, reply: Reply) -> None:
        payload = reply.payload()
        if reply.behaviour == "silent":
            self.server.closing.wait(20)
        elif reply.behaviour == "half_close":
            self.connection.shutdown(socket.SHUT_WR)
            self.server.closing.wait(0.2)
        elif reply.behaviour == "trickle_headers":
            self._trickle(b"HTTP/1.1 200 OK\r\nX-Filler: " + b"x" * 1000)
        else:
            self.send_response(reply.status)
            for name, value in {"Content-Type": "application/json", **reply.headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(payload)))
            self.end_headers()
            self._send_body(reply, payload)
        if reply.behaviour != "answer":
            self.close_connection = True

    def _send_body(self, reply: Reply, payload: bytes) -> None:
        if reply.behaviour == "trickle_body":
            self._trickle(payload)
        elif reply.behaviour in {"cut_half_way", "half_then_silent"}:
            self.wfile.write(payload[: len(payload) // 2])
            if reply.behaviour == "half_then_silent":
                self.server.closing.wait(20)
        else:
            self.wfile.write(payload)

    def _trickle(self, payload: bytes) -> None:
        """One byte every 20 ms: never silent for long, never done."""
        for byte in payload:
            self.wfile.write(bytes([byte]))
            self.wfile.flush()
            if self.server.closing.is_set():
                return
            time.sleep(0.02)


@contextmanager
def scripted_server() -> Iterator[ScriptedServer]:
    """A server that runs until the block ends."""
    server = ScriptedServer()
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.closing.set()
        server.shutdown()
        server.server_close()
        thread.join(5)


def unused_address() -> str:
    """An address of this machine at which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}"
