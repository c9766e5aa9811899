"""`python -m tests.faults`: a fault run with its figures; ends with 1 when anything was lost or done twice."""

import argparse
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from rich.console import Console

from tests.faults.run import FaultReport, Progress, run_faults
from tests.support.service_bus_emulator import reason_to_skip


def main() -> int:
    """Read the arguments, run, print."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=20261121)
    parser.add_argument("--broker", action="store_true", help="on Service Bus: hosts and the emulator are killed")
    parser.add_argument("--keep", type=Path, help="work in this new folder and keep it")
    arguments = parser.parse_args()
    if arguments.broker and (reason := reason_to_skip()):
        sys.stdout.write(f"The run on Service Bus is left out: {reason}\n")
        return 0
    console = Console()
    with tempfile.TemporaryDirectory() as folder, console.status("making the world") as status:
        work = arguments.keep or Path(folder)
        work.mkdir(exist_ok=True)
        report = _run(on_broker=arguments.broker)(work, arguments.kills, arguments.seed, status.update)
    for name, figure in report.figures.items():
        console.print(f"{name:28}{figure:>12,}" if isinstance(figure, int) else f"{name:28}{figure:>12}")
    for fault in report.faults[:50]:
        console.print(f"[red]{fault}[/red]", soft_wrap=True)
    console.print(f"[red]{len(report.faults)} faults[/red]" if report.faults else "nothing lost, nothing done twice")
    return 1 if report.faults else 0


def _run(*, on_broker: bool) -> Callable[[Path, int, int, Progress], FaultReport]:
    if not on_broker:
        return run_faults
    from tests.faults.broker_run import run_broker_faults  # noqa: PLC0415 - heavy, and only here

    return run_broker_faults


if __name__ == "__main__":
    sys.exit(main())
