"""Extractions in processes of their own, each of which may be killed at a moment that a test chooses.

Run as a program it imports everything once, then forks a process for every order that it reads from its input: a fork
costs milliseconds where a new interpreter costs a second. It has no threads, so that forking is safe.
"""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import IO

from shared_code.services.extraction.extract import extract
from shared_code.services.extraction.feed import SliceRequest
from shared_code.services.runtime import Runtime
from tests.support.operational import settings_of

ROOT = Path(__file__).parents[2]
AS_OF = date(2025, 6, 10)
START = datetime(2025, 6, 10, 12, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class MovingClock:
    """The machine's clock, set to another hour."""

    ahead: timedelta

    @classmethod
    def starting_at(cls, moment: datetime) -> "MovingClock":
        """A clock that shows `moment` now."""
        return cls(moment - datetime.now(UTC))

    def now(self) -> datetime:
        """The present moment of this clock."""
        return datetime.now(UTC) + self.ahead


class Extractor:
    """Extracts `feeds` into the operational database at `database`, one process after the other."""

    def __init__(self, database: Path, feeds: list[str]) -> None:
        command = [sys.executable, "-m", "tests.support.killed_extraction", str(database), *feeds]
        self._program = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._runs = 0

    def run(self, *warehouses: Path, kill_after_s: float | None = None) -> tuple[str, float]:
        """Extract from one warehouse after the other: what became of it, and the seconds that it took.

        `killed`, when the process was still at work after `kill_after_s` seconds; otherwise `good` or `bad`, as the
        reports of the extractions say. A minute passes between two runs, so that leases of the dead have run out.
        """
        self._runs += 1
        order = {"warehouses": list(map(str, warehouses)), "minute": self._runs, "kill_after_s": kill_after_s}
        orders = self._pipe(self._program.stdin)
        orders.write(json.dumps(order) + "\n")
        orders.flush()
        outcome, seconds = json.loads(self._pipe(self._program.stdout).readline())
        return outcome, seconds

    def __enter__(self) -> "Extractor":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pipe(self._program.stdin).close()
        self._pipe(self._program.stdout).close()
        self._program.wait(timeout=10)

    @staticmethod
    def _pipe(pipe: IO[str] | None) -> IO[str]:
        assert pipe is not None
        return pipe


def main(database: str, *feeds: str) -> None:
    """Carry out the orders of the standard input, one a line."""
    for line in sys.stdin:
        order = json.loads(line)
        started = time.perf_counter()
        child = os.fork()
        if child == 0:
            os._exit(_extract(Path(database), list(feeds), order["warehouses"], order["minute"]))
        outcome = _outcome(child, order["kill_after_s"], started)
        sys.stdout.write(json.dumps([outcome, time.perf_counter() - started]) + "\n")
        sys.stdout.flush()


def _extract(database: Path, feeds: list[str], warehouses: list[str], minute: int) -> int:
    clock = MovingClock.starting_at(START + timedelta(minutes=minute))
    runtimes = {
        path: Runtime(settings_of(database, edw_sample_path=Path(path), lease_ttl_s=1), clock)
        for path in set(warehouses)
    }
    try:
        reports = [extract(runtimes[path], SliceRequest(AS_OF), feeds=feeds) for path in warehouses]
        return 0 if all(report.is_good for report in reports) else 1
    finally:
        for runtime in runtimes.values():
            runtime.close()


def _outcome(child: int, kill_after_s: float | None, started: float) -> str:
    status = 0
    while kill_after_s is not None:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            break
        if time.perf_counter() - started >= kill_after_s:
            os.kill(child, signal.SIGKILL)
            _, status = os.waitpid(child, 0)
            break
        time.sleep(0.0005)
    else:
        _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return "killed"
    return "good" if status == 0 else "bad"


if __name__ == "__main__":
    main(*sys.argv[1:])
