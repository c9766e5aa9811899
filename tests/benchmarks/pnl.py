"""The P&L of all sites for a year: computed from the database and stored, on one core.

The baselines are the figures that are demanded. Where the time goes is told on standard error.
"""

import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event

from shared_code.services import refresh_pnl as refreshing
from shared_code.services.refresh_pnl import RefreshReport, refresh_pnl
from shared_code.services.runtime import Runtime
from shared_code.storage import pnl_inputs, pnl_results
from tests.benchmarks.measure import Measure, best_of, say, timed
from tests.benchmarks.pnl_world import YEAR, pnl_world, site_codes

SITES = 800
MORE_SITES = 4_000
DEMANDED_S = 10.0
ONE_SITE_S = 0.05
PEAK_MB = 300.0
SMALL_BATCH, LARGE_BATCH = 10, 200


def measures() -> list[Measure]:
    """Seconds of a full refresh and of one site, how they grow, statements of a batch, and peak memory."""
    say(f"refreshing {SITES:,} sites")
    with pnl_world(SITES) as runtime:
        seconds = _full(runtime, SITES)
        one = best_of(5, lambda: refresh_pnl(runtime, [("S0003", YEAR)], force=True))
        statements = [_statements(runtime, size) for size in (SMALL_BATCH, LARGE_BATCH)]
    say(f"refreshing {MORE_SITES:,} sites")
    with pnl_world(MORE_SITES) as runtime:
        more = _full(runtime, MORE_SITES)
    say(f"peak memory of refreshing {SITES:,} sites")
    peak = _peak(SITES)
    per_site, per_more = seconds / SITES * 1000, more / MORE_SITES * 1000
    few, many = statements
    return [
        Measure(
            f"P&L of {SITES} sites × 12 months, read, computed, stored",
            f"{seconds:.2f} s",
            f"{DEMANDED_S:g} s demanded",
            seconds / DEMANDED_S,
            at_most=1,
        ),
        Measure(
            f"the same per site: {MORE_SITES:,} sites against {SITES}",
            f"{per_more:.2f} ms",
            f"{per_site:.2f} ms",
            per_more / per_site,
            at_most=1.2,
        ),
        Measure(
            "P&L of one site and year, computed again",
            f"{one * 1000:.0f} ms",
            f"{ONE_SITE_S * 1000:.0f} ms demanded",
            one / ONE_SITE_S,
            at_most=1,
        ),
        Measure(
            f"statements of a batch: {LARGE_BATCH} sites against {SMALL_BATCH}",
            f"{many}",
            f"{few}",
            many / few,
            at_most=1,
        ),
        Measure(
            f"peak memory of a refresh of {SITES} sites",
            f"{peak:.0f} MB",
            f"{PEAK_MB:g} MB demanded",
            peak / PEAK_MB,
            at_most=1,
        ),
    ]


def _full(runtime: Runtime, count: int) -> float:
    """Seconds of a refresh of all sites, none of which is stored yet; says where they go."""
    with _stopwatches() as watches:
        seconds, report = timed(lambda: _refresh_all(runtime, count))
    assert (report.computed, report.errors) == (count, ()), report
    parts = ", ".join(f"{name} {spent / seconds:.0%}" for name, spent in watches.items())
    say(f"{seconds:.2f} s: {parts}")
    return seconds


def _refresh_all(runtime: Runtime, count: int) -> RefreshReport:
    return refresh_pnl(runtime, [(code, YEAR) for code in site_codes(count)])


def _statements(runtime: Runtime, count: int) -> int:
    """Statements of one batch, without bulk inserts."""
    seen: list[str] = []

    def note(_: Any, __: Any, text: str, *___: Any) -> None:
        if not text.startswith("INSERT"):
            seen.append(text)

    engine = runtime.database.engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        refresh_pnl(runtime, [(code, YEAR) for code in site_codes(count)], force=True, batch_sites=count)
    finally:
        event.remove(engine, "before_cursor_execute", note)
    return len(seen)


@contextmanager
def _stopwatches() -> Iterator[dict[str, float]]:
    """Seconds spent in reading, calculating, preparing rows and writing while the block runs."""
    spent = {"reading": 0.0, "calculating": 0.0, "preparing rows": 0.0, "writing": 0.0}
    watched = [
        (pnl_inputs, "site_year_inputs", "reading"),
        (refreshing, "compute_site_year", "calculating"),
        (pnl_results, "rows_of", "preparing rows"),
        (pnl_results, "store", "writing"),
    ]
    originals = [getattr(module, name) for module, name, _ in watched]

    def watch(work: Callable[..., Any], part: str) -> Callable[..., Any]:
        def timed_work(*arguments: Any, **options: Any) -> Any:
            seconds, result = timed(lambda: work(*arguments, **options))
            spent[part] += seconds
            return result

        return timed_work

    for (module, name, part), original in zip(watched, originals, strict=True):
        setattr(module, name, watch(original, part))
    try:
        yield spent
    finally:
        for (module, name, _), original in zip(watched, originals, strict=True):
            setattr(module, name, original)


def _peak(count: int) -> float:
    """Peak megabytes of the refresh in a process of its own."""
    child = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.pnl", str(count)], check=True, capture_output=True, text=True
    )
    return float(child.stdout)


def _refresh_alone(count: int) -> None:
    with pnl_world(count) as runtime:
        _refresh_all(runtime, count)
    sys.stdout.write(f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}\n")


if __name__ == "__main__":
    _refresh_alone(int(sys.argv[1]))
