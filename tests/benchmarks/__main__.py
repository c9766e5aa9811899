"""`make bench`: every measurement, as a ratio to a baseline of the same run.

`python -m tests.benchmarks NAME …` takes some of them; the exit status is 1 when a ratio misses its limit.
"""

import sys
from collections.abc import Callable

from rich.console import Console
from rich.table import Table

from tests.benchmarks import analysis, api, extraction, import_time, memory, messages, pnl, rates
from tests.benchmarks.measure import Measure

BENCHMARKS: dict[str, Callable[[], list[Measure]]] = {
    "import": import_time.measures,
    "extraction": extraction.measures,
    "rates": rates.measures,
    "pnl": pnl.measures,
    "analysis": analysis.measures,
    "messages": messages.measures,
    "memory": memory.measures,
    "api": api.measures,
}


def main(names: list[str]) -> int:
    """Run the benchmarks called `names`, or all, and print their lines."""
    unknown = sorted(set(names) - set(BENCHMARKS))
    if unknown:
        sys.stderr.write(f"There is no benchmark {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}\n")
        return 2
    measures = [measure for name in names or BENCHMARKS for measure in BENCHMARKS[name]()]
    report = Table("What", "Ours", "Baseline", "Ratio", "Demanded", "", box=None, header_style="bold", pad_edge=False)
    for measure in measures:
        verdict = "" if measure.demanded == "–" else "holds" if measure.holds else "MISSED"
        ratio = f"{measure.ratio:,.2f} ×"
        report.add_row(measure.what, measure.ours, measure.baseline, ratio, measure.demanded, verdict)
    Console(width=170 if not sys.stdout.isatty() else None, highlight=False).print(report)
    return 0 if all(measure.holds for measure in measures) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
