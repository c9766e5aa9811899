"""A fault run on Service Bus: hosts and broker are killed, messages come twice, out of order, and poisoned.

The broker holds nothing when it comes back, which is the case "Service Bus lost": what was sent is sent again, and the
inbox removes repeats.

Source: Operations, "Backup, restore, continuity" and "Retries and dead letters".
"""

import random
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Final

from shared_code.messaging.message import PL_REFRESH
from shared_code.services import dead_letters
from shared_code.services.dead_letters import DeadLetterFilter
from shared_code.services.runtime import Runtime
from tests.faults.hosts import KillableHost
from tests.faults.mischief import STRANGER, Mischief
from tests.faults.run import QUIET, FaultReport, Progress, figures_of
from tests.faults.savers import Savers
from tests.faults.verdict import judge, unhandled_messages
from tests.faults.world import FaultWorld, make_world, savers_of
from tests.support.killed_extraction import MovingClock
from tests.support.service_bus_emulator import Emulator

LOCK: Final = "PT8S"
"""Short, so that what a killed host held comes again during the run."""
LONGEST_LIFE_S: Final = 3.0
DRAINED_WITHIN_S: Final = 180.0


def run_broker_faults(folder: Path, kills: int, seed: int, progress: Progress = lambda _: None) -> FaultReport:
    """Kill hosts and broker `kills` times in all on a new world in `folder`, let everything end, and judge."""
    started = time.monotonic()
    chance = random.Random(seed)
    world = make_world(folder)
    emulator = Emulator(folder, LOCK)
    mischief = Mischief(world, emulator)
    try:
        broker = {"SERVICEBUS": emulator.connection_string}
        with KillableHost(folder, {**QUIET, **broker, "RATE_LIMIT_REQUESTS": "1000000"}) as host:
            savers = savers_of(world, host, chance)
            _kill(host, savers, mischief, kills, chance, progress)
            progress("working off what is left")
            world.ask_for_refreshes(MovingClock(host.ahead))
            _wait_until_handled(world, len(mischief.poison))
            verdict = judge(world, savers.all, MovingClock(host.ahead), mischief.poison)
            replayed = _replay(world, emulator, host)
            verdict.add(_not_replayed(world, replayed), replayed=replayed)
    finally:
        emulator.kill()
    return figures_of(world, seed, mischief.done, savers, verdict, started)


def _kill(
    host: KillableHost, savers: Savers, mischief: Mischief, kills: int, chance: random.Random, progress: Progress
) -> None:
    host.start()
    with savers:
        for number in range(kills):
            host.wait_until_ready()
            time.sleep(chance.uniform(0, LONGEST_LIFE_S))
            mischief.disturb()
            if chance.random() < 0.4:
                mischief.lose_broker(MovingClock(host.ahead))
            else:
                host.kill()
                mischief.done["hosts killed"] += 1
                host.start()
            progress(f"{number + 1} of {kills} kills")
        host.wait_until_ready()


def _wait_until_handled(world: FaultWorld, poisoned: int) -> None:
    """Return when every message was handled and every poisoned one set aside, or time is up: the verdict tells."""
    deadline = time.monotonic() + DRAINED_WITHIN_S
    while time.monotonic() < deadline:
        with closing(sqlite3.connect(world.database, timeout=60)) as connection:
            set_aside = connection.execute("SELECT COUNT(*) FROM poison_messages").fetchone()[0]
        if set_aside >= poisoned and not list(unhandled_messages(world.database)):
            return
        time.sleep(0.5)


def _replay(world: FaultWorld, emulator: Emulator, host: KillableHost) -> int:
    """Enter the site that there was not, and send what was set aside for its lack again; returns how many."""
    with closing(sqlite3.connect(world.database, timeout=60)) as connection, connection:
        names = [row[1] for row in connection.execute("PRAGMA table_info(sites)")]
        columns = ", ".join(names)
        values = ", ".join("?" if name == "site_id" else name for name in names)
        connection.execute(
            f"INSERT INTO sites ({columns}) SELECT {values} FROM sites WHERE site_id = ?", (STRANGER, world.site_ids[0])
        )
    runtime = Runtime(world.settings(servicebus=emulator.connection_string), MovingClock(host.ahead))
    wanted = DeadLetterFilter(queue=PL_REFRESH, reason="UNKNOWN_SITE")
    letters = [letter.dead_letter_id for letter in dead_letters.every_letter(runtime, wanted)]
    report = dead_letters.replay(runtime, letters, by="townepark")
    again = dead_letters.replay(runtime, letters, by="townepark")
    runtime.close()
    assert len(report.replayed) == len(letters), report
    assert not again.replayed, "a dead letter is sent again once"
    return len(letters)


def _not_replayed(world: FaultWorld, replayed: int) -> Iterator[str]:
    """The copies are handled like any message."""
    if not replayed:
        yield "nothing was replayed: no message about the unknown site was sent"
    deadline = time.monotonic() + DRAINED_WITHIN_S
    while (left := list(unhandled_messages(world.database))) and time.monotonic() < deadline:
        time.sleep(0.5)
    yield from left
    with closing(sqlite3.connect(world.database, timeout=60)) as connection:
        if not connection.execute("SELECT 1 FROM pnl_site_years WHERE site_id = ?", (STRANGER,)).fetchone():
            yield "the refresh that was sent again computed nothing"
