"""Short fault runs: hosts are killed while clients save and feeds load. `make faults` runs the long ones.

Each in a process of its own: what is killed leaves sockets behind, which are not to trouble other tests.
"""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.service_bus_emulator import reason_to_skip

ROOT = Path(__file__).parents[2]


def figures_of_run(*arguments: str) -> dict[str, int]:
    """What a run prints, when it ends well."""
    command = [sys.executable, "-m", "tests.faults", "--seed", "20250415", *arguments]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=540)
    assert run.returncode == 0, run.stdout[-4000:] + run.stderr[-4000:]
    lines = [line.rpartition(" ") for line in run.stdout.splitlines()]
    return {name.strip(): int(figure.replace(",", "")) for name, _, figure in lines if figure[-1:].isdigit()}


@pytest.mark.slow
def test_nothing_is_lost_and_nothing_is_done_twice_when_hosts_are_killed() -> None:
    figures = figures_of_run("--kills", "6")
    assert figures["values_stored"] > 0, "clients are to get something saved between two kills"


@pytest.mark.slow
@pytest.mark.skipif(reason_to_skip() is not None, reason=str(reason_to_skip()))
def test_nothing_is_lost_when_the_broker_is_killed_repeats_and_reorders_messages() -> None:
    figures = figures_of_run("--broker", "--kills", "5")
    assert (figures["poisoned"], figures["replayed"]) == (5, 1)
