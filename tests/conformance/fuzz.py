"""`make fuzz`: thousands of requests that are made from the OpenAPI document, with two tokens.

`python -m tests.conformance.fuzz --requests 20000 --seed 7` sends more, and others. The exit status is 1 when an answer
does not keep to the document, or when an operation was never carried out.
"""

import argparse
import logging
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.conformance.contract_run import Report, send_generated, served_company

AT_LEAST = 5000
EXAMPLES_A_ROUND = 10
"""Requests for each operation and caller before the next seed."""
SHOWN_FAULTS = 20


def main(arguments: list[str]) -> int:
    """Send the requests, print what came back, and say whether all of it keeps to the document."""
    parser = argparse.ArgumentParser(prog="make fuzz")
    parser.add_argument("--requests", type=int, default=AT_LEAST, help="how many at least")
    parser.add_argument("--seed", type=int, default=0, help="another seed makes other requests")
    chosen = parser.parse_args(arguments)
    logging.disable(logging.CRITICAL)
    report = Report()
    with tempfile.TemporaryDirectory() as folder, served_company(Path(folder)) as callers:
        seed = chosen.seed
        while report.sent < chosen.requests:
            report.add(send_generated(callers, EXAMPLES_A_ROUND, seed))
            seed += 1
            sys.stdout.write(f"{report.sent:,} requests, {len(report.faults):,} faults\n")
            sys.stdout.flush()
    show(report)
    return 1 if report.faults or report.never_carried_out() else 0


def show(report: Report) -> None:
    """Print the answers by operation and status, and the faults."""
    statuses = list(report.by_status())
    table = Table("Operation", *map(str, statuses), box=None, header_style="bold", pad_edge=False)
    for operation, found in report.by_operation().items():
        table.add_row(operation, *[str(found.get(status, "")) for status in statuses])
    table.add_row("", *[str(count) for count in report.by_status().values()])
    console = Console(width=170 if not sys.stdout.isatty() else None, highlight=False, markup=False)
    console.print(table)
    for operation in report.never_carried_out():
        console.print(f"Never carried out: {operation}")
    for fault in report.faults[:SHOWN_FAULTS]:
        console.print(f"\n{fault}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
