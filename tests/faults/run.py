"""A fault run: hosts are killed at random moments while clients save and feeds load; then everything is counted.

Source: Operations, "Retries and dead letters" and "Flow".
"""

import random
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Final

from shared_code.clock import Clock
from shared_code.services import dead_letters
from shared_code.services.dead_letters import DeadLetterFilter
from shared_code.services.runtime import Runtime
from shared_code.timetable import JOBS
from tests.faults.hosts import KillableHost
from tests.faults.savers import Savers
from tests.faults.verdict import Verdict, judge
from tests.faults.world import FaultWorld, extract_everything, make_world, savers_of
from tests.support.killed_extraction import MovingClock

LONGEST_LIFE_S = 2.0
"""A host lives for a random part of this after it was started."""
BUSY: Final[Mapping[str, str]] = {
    "RATE_LIMIT_REQUESTS": "1000000",
    "SCHEDULE_OUTBOX_RELAY": "* * * * * *",
    "SCHEDULE_REAPER": "*/2 * * * * *",
    "SCHEDULE_SYNC_DAILY": "*/2 * * * * *",
    "SCHEDULE_SYNC_BUDGET": "*/3 * * * * *",
    "SCHEDULE_SYNC_PAYROLL": "*/3 * * * * *",
    "SCHEDULE_SYNC_JOB_CODE_RATES": "*/4 * * * * *",
    "SCHEDULE_REFRESH_PNL_ALL": "*/5 * * * * *",
}
"""The settings of the hosts that are killed: feeds load all the time."""
QUIET: Final[Mapping[str, str]] = {
    "SCHEDULE_OUTBOX_RELAY": "* * * * * *",
    "SCHEDULE_REAPER": "*/2 * * * * *",
    **{f"SCHEDULE_{job.upper()}": "" for job in JOBS},
}
"""The settings of the hosts that work off what is left: no job begins."""
DRAINED_WITHIN_S: Final = 120.0
"""How long the hosts after the last kill may take to work off what is left."""

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class FaultReport:
    """How a run went: `figures` in the order in which they are worth reading, `faults` in sentences."""

    figures: Mapping[str, object]
    faults: tuple[str, ...]


def run_faults(folder: Path, kills: int, seed: int, progress: Progress = lambda _: None) -> FaultReport:
    """Kill `kills` hosts on a new world in `folder`, let the next ones work off what is left, and judge."""
    started = time.monotonic()
    chance = random.Random(seed)
    world = make_world(folder)
    with KillableHost(folder, BUSY) as host:
        savers = savers_of(world, host, chance)
        kinds = _kill(world, host, savers, kills, chance, progress)
        ahead = host.ahead
    progress("working off what is left")
    with KillableHost(folder, QUIET, ahead) as host:
        clock = MovingClock(host.ahead)
        extract_everything(world.database, world.warehouse, clock)
        world.ask_for_refreshes(clock)
        starts = _drain(world, host)
        clock = MovingClock(host.ahead)
        if given_up := _replay(world, clock):
            starts += _drain(world, host)
            clock = MovingClock(host.ahead)
        progress("judging")
        verdict = judge(world, savers.all, clock)
    kinds |= {"hosts needed afterwards": starts, "dead letters replayed": given_up}
    return figures_of(world, seed, kinds, savers, verdict, started)


def figures_of(
    world: FaultWorld, seed: int, done: Counter[str], savers: Savers, verdict: Verdict, started: float
) -> FaultReport:
    """What a run that began at `started` (monotonic seconds) came to."""
    figures: dict[str, object] = {
        "seed": seed,
        **dict(sorted(done.items())),
        **{f"answers {status}": number for status, number in sorted(savers.answers.items())},
        **_what_happened(world.database),
        **verdict.figures,
        "seconds": round(time.monotonic() - started),
    }
    return FaultReport(figures, tuple(verdict.faults))


def _kill(
    world: FaultWorld, host: KillableHost, savers: Savers, kills: int, chance: random.Random, progress: Progress
) -> Counter[str]:
    """Hosts one after the other, each for a random while, under clients and a changing warehouse."""
    kinds: Counter[str] = Counter()
    host.start()
    with savers:
        for number in range(kills):
            life = chance.uniform(0, LONGEST_LIFE_S)
            if chance.random() < 0.9:
                host.wait_until_ready()
                kinds["killed at work"] += 1
            else:
                kinds["killed while starting"] += 1
            time.sleep(life / 2)
            world.change_warehouse(chance)
            time.sleep(life / 2)
            host.kill()
            host.start()
            progress(f"{number + 1} of {kills} kills")
        host.wait_until_ready()
    host.kill()
    return kinds


def _drain(world: FaultWorld, host: KillableHost) -> int:
    """Start hosts until nothing is left to do; returns how many it took. Raises `TimeoutError` when it never ends."""
    deadline = time.monotonic() + DRAINED_WITHIN_S
    for starts in count(1):
        host.start()
        host.wait_until_ready()
        until = min(deadline, time.monotonic() + 10)
        while time.monotonic() < until:
            time.sleep(0.5)
            if not _left(world.database):
                host.kill()
                return starts
        host.kill()
        if time.monotonic() >= deadline:
            raise TimeoutError(f"still to be done: {_left(world.database)}")
    raise AssertionError("count() never ends")


def _replay(world: FaultWorld, clock: Clock) -> int:
    """Do what an operator does with messages whose hosts were killed once too often: send them again; how many."""
    runtime = Runtime(world.settings(), clock)
    letters = [letter.dead_letter_id for letter in dead_letters.every_letter(runtime, DeadLetterFilter())]
    report = dead_letters.replay(runtime, letters, by="townepark")
    runtime.close()
    assert not report.refused, report
    return len(report.replayed)


def _left(database: Path) -> dict[str, int]:
    """What is still to be done, by table; slots of jobs that come again all the time do not count."""
    queries = {
        "outbox": "SELECT COUNT(*) FROM outbox_messages WHERE sent_at IS NULL",
        "queues": "SELECT COUNT(*) FROM queue_messages WHERE is_dead_letter = 0",
    }
    with closing(sqlite3.connect(database, timeout=60)) as connection:
        found = {name: int(connection.execute(query).fetchone()[0]) for name, query in queries.items()}
    return {name: number for name, number in found.items() if number}


def _what_happened(database: Path) -> dict[str, int]:
    """How much of everything the hosts did before they were killed."""
    queries = {
        "feed runs good": "SELECT COUNT(*) FROM sync_runs WHERE state = 'succeeded'",
        "feed runs that died": "SELECT COUNT(*) FROM sync_runs WHERE state IN ('failed', 'aborted')",
        "job slots done": "SELECT COUNT(*) FROM job_slots WHERE state = 'done'",
        "messages handled": "SELECT COUNT(*) FROM processed_messages",
    }
    with closing(sqlite3.connect(database)) as connection:
        return {name: int(connection.execute(query).fetchone()[0]) for name, query in queries.items()}
