"""The local host as a fault run sees it: started, killed, started again, each time with a later clock."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import IO

import httpx

ROOT = Path(__file__).parents[2]
STEP = timedelta(minutes=6)
"""How much later the clock of each host is than that of the one before: longer than any lock or lease."""
READY_WITHIN_S = 60.0


class KillableHost:
    """One local host after the other on the database in `folder`, all on the same port."""

    def __init__(self, folder: Path, settings: Mapping[str, str], ahead: timedelta = timedelta()) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = int(free.getsockname()[1])
        self.ahead = ahead
        self._log = (folder / "host.log").open("ab")
        self._program = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.host_program", str(folder), str(self.port)],
            cwd=ROOT,
            env={**os.environ, **settings},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
        )
        self._pid: int | None = None

    @property
    def url(self) -> str:
        """Where the API is served."""
        return f"http://127.0.0.1:{self.port}/api/v1/forecasting"

    def now(self) -> datetime:
        """The moment that the host's clock shows."""
        return datetime.now(UTC) + self.ahead

    def start(self) -> None:
        """Start the next host; it may not answer yet."""
        self.ahead += STEP
        orders = _pipe(self._program.stdin)
        orders.write(json.dumps({"ahead_s": self.ahead.total_seconds()}) + "\n")
        orders.flush()
        self._pid = int(_pipe(self._program.stdout).readline())

    def wait_until_ready(self) -> None:
        """Return when the host answers. Raises `TimeoutError` when it does not within a minute."""
        deadline = time.monotonic() + READY_WITHIN_S
        while time.monotonic() < deadline:
            try:
                if httpx.get(self.url + "/health", timeout=READY_WITHIN_S).status_code == httpx.codes.OK:
                    return
            except httpx.TransportError:
                time.sleep(0.02)
        raise TimeoutError("the host does not answer")

    def kill(self) -> None:
        """End the host as a power cut would. Raises `AssertionError` when it had ended by itself."""
        assert self._pid is not None
        os.kill(self._pid, signal.SIGKILL)
        status = int(_pipe(self._program.stdout).readline())
        assert status == -signal.SIGKILL, f"the host had ended by itself with status {status}"
        self._pid = None

    def __enter__(self) -> "KillableHost":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._pid is not None:
            os.kill(self._pid, signal.SIGKILL)
        _pipe(self._program.stdin).close()
        self._program.wait(timeout=10)
        _pipe(self._program.stdout).close()
        self._log.close()


def _pipe(pipe: IO[str] | None) -> IO[str]:
    assert pipe is not None
    return pipe
