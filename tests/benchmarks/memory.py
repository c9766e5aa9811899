"""Peak memory of an extraction at one and at four million rows, each in a process of its own."""

import resource
import subprocess
import sys

from shared_code.services.extraction.extract import extract
from shared_code.services.extraction.feed import SliceRequest
from tests.benchmarks.measure import Measure, say
from tests.benchmarks.payroll_world import BUSINESS_DATE, payroll_world

MILLION = 1_000_000


def measures() -> list[Measure]:
    """Peak megabytes of both sizes; flat means that four times the rows take at most a fifth more."""
    peaks = []
    for rows in (MILLION, 4 * MILLION):
        say(f"peak memory of extracting {rows:,} rows")
        peaks.append(_peak_of(rows))
    small, large = peaks
    what = "peak memory of an extraction: 4,000,000 rows against 1,000,000"
    return [Measure(what, f"{large:.0f} MB", f"{small:.0f} MB", large / small, at_most=1.2)]


def _peak_of(rows: int) -> float:
    child = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.memory", str(rows)], check=True, capture_output=True, text=True
    )
    return float(child.stdout)


def _extract(rows: int) -> None:
    with payroll_world(rows) as runtime:
        report = extract(runtime, SliceRequest(BUSINESS_DATE), feeds=["paid_hours"])
        assert report.outcomes[0].end.state == "succeeded", report
    sys.stdout.write(f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}\n")


if __name__ == "__main__":
    _extract(int(sys.argv[1]))
