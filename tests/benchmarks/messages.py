"""A burst of saves at all sites, drained by the local host: speed, calculations and memory of the consumer.

The baselines are the figures that are demanded: 10,000 site-years an hour, no message older than the alert allows, one
or two calculations for a burst.
"""

import json
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from cli.host.embedded_store import EmbeddedMessage, EmbeddedStore
from cli.host.functions import RegisteredFunction
from cli.host.queues import QueuePump
from functions.messages import received
from shared_code.messaging.events import refresh_message
from shared_code.messaging.message import PL_REFRESH
from shared_code.services.consumers import pnl_refresh
from shared_code.services.messages import handle_with
from shared_code.services.outbox_relay import relay_outbox
from shared_code.services.refresh_pnl import RefreshReport, refresh_pnl
from shared_code.services.runtime import Runtime
from shared_code.storage import outbox, versions
from tests.benchmarks.measure import Measure, say, timed
from tests.benchmarks.pnl_world import YEAR, pnl_world, site_codes

MESSAGES = 10_000
SITES = 800
WORKERS = 4
DEMANDED_PER_S = 10_000 / 3600
OLDEST_S = 15 * 60.0


def measures() -> list[Measure]:
    """Messages a second, the longest wait, calculations a site, and memory while the queue is drained."""
    say(f"draining {MESSAGES:,} wishes for the P&L of {SITES} sites")
    child = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.messages"], check=True, capture_output=True, text=True
    )
    drained = json.loads(child.stdout)
    per_s, seconds, computed = MESSAGES / drained["seconds"], drained["seconds"], drained["computed"]
    early, late = drained["early_mb"], drained["late_mb"]
    label = f"{MESSAGES:,} wishes for the P&L of {SITES} sites"
    demanded = f"{DEMANDED_PER_S:.1f} a second demanded"
    return [
        Measure(f"{label}: speed", f"{per_s:,.0f} a second", demanded, per_s / DEMANDED_PER_S, at_least=10),
        Measure("the same: age of the oldest", f"{seconds:.0f} s", "900 s alert", seconds / OLDEST_S, at_most=0.5),
        Measure("the same: calculations", f"{computed:,}", f"{SITES} sites", computed / SITES, at_most=2),
        Measure(
            "the same: memory of the consumer at the end against a tenth",
            f"{late:.0f} MB",
            f"{early:.0f} MB",
            late / early,
            at_most=1.2,
        ),
    ]


class CountingStore(EmbeddedStore):
    """The queue of the database; notes memory after a tenth of the messages, and tells when all are worked off."""

    def __init__(self, runtime: Runtime, expected: int) -> None:
        super().__init__(runtime.database)
        self._expected = expected
        self._completed = 0
        self._lock = threading.Lock()
        self.early_mb = 0.0
        self.is_drained = threading.Event()

    def complete(self, message: EmbeddedMessage) -> None:
        """Count the message when it is gone."""
        super().complete(message)
        with self._lock:
            self._completed += 1
            if self._completed == self._expected // 10:
                self.early_mb = memory_mb()
            if self._completed == self._expected:
                self.is_drained.set()

    def abandon(self, message: EmbeddedMessage, reason: str) -> None:
        """No message of the benchmark may fail."""
        raise AssertionError(reason)


def leave_burst(runtime: Runtime, messages: int, sites: int) -> None:
    """Saves at all sites in turn until there are `messages`: each raises the version and asks for the P&L."""
    codes = site_codes(sites)
    now: datetime = runtime.clock.now()
    for start in range(0, messages, sites):
        round_ = codes[: messages - start]
        with runtime.database.writing() as connection:
            raised = versions.raise_inputs_versions(connection, [(code, YEAR) for code in round_], now)
            wishes = [
                refresh_message("RefreshRequested", site_id, year, version, now, f"save-{start}")
                for (site_id, year), version in sorted(raised.items())
                if year == YEAR
            ]
            outbox.append(connection, wishes, now)
    relay_outbox(runtime)


def drain(runtime: Runtime, messages: int, workers: int = WORKERS) -> dict[str, float]:
    """Work the burst off as the local host does; seconds, calculations, memory after a tenth and at the end."""
    store = CountingStore(runtime, messages)
    function = RegisteredFunction(
        "pl_refresh",
        "queue",
        {"name": "message", "queueName": PL_REFRESH},
        (),
        lambda message: handle_with(runtime, PL_REFRESH, received(message)),
    )
    pump = QueuePump([function], store, runtime.clock, workers)
    computed, restore = _count_calculations()
    started = time.perf_counter()
    try:
        pump.start()
        assert store.is_drained.wait(OLDEST_S), "the queue was not drained in time"
        seconds = time.perf_counter() - started
    finally:
        pump.stop()
        pump.join(30)
        restore()
    return {"seconds": seconds, "computed": sum(computed), "early_mb": store.early_mb, "late_mb": memory_mb()}


def _count_calculations() -> tuple[list[int], Callable[[], None]]:
    original = refresh_pnl
    computed: list[int] = []

    def counted(*arguments: Any, **options: Any) -> RefreshReport:
        report = original(*arguments, **options)
        computed.append(report.computed)
        return report

    setattr(pnl_refresh, refresh_pnl.__name__, counted)

    def restore() -> None:
        setattr(pnl_refresh, refresh_pnl.__name__, original)

    return computed, restore


def memory_mb() -> float:
    """What the process holds now; where the system does not tell, the most that it ever held."""
    status = Path("/proc/self/status")
    if status.is_file():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmRSS:"))
        return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _main(messages: int, sites: int) -> None:
    with pnl_world(sites) as runtime:
        seconds, _ = timed(lambda: leave_burst(runtime, messages, sites))
        say(f"burst left and relayed in {seconds:.1f} s")
        sys.stdout.write(json.dumps(drain(runtime, messages)))


if __name__ == "__main__":
    _main(MESSAGES, SITES)
