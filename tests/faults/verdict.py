"""What must be true after any number of kills: nothing acknowledged is lost, nothing had its effect twice.

Every check returns sentences about what is wrong; none means that it holds.
"""

import shutil
import sqlite3
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from shared_code.clock import Clock
from shared_code.domain.site_scope import SiteScope
from shared_code.messaging.message import QUEUES, SUBSCRIPTIONS
from shared_code.services.refresh_pnl import behind, refresh_pnl
from shared_code.services.runtime import Runtime
from tests.faults.savers import Cell, Saver
from tests.faults.world import FaultWorld, extract_everything, settings_on

RESULTS = ("pnl_results", "pnl_components")
FACTS = ("actual_statistic_days", "actual_payroll_days", "budget_payroll_months", "budget_payroll_job_months")
UNALIKE = {"sync_run_id", "loaded_at", "created_at", "updated_at", "as_of", "calculated_at", "created_by", "updated_by"}
"""Columns that no two runs have alike."""

Rows = list[tuple[Any, ...]]


@dataclass(slots=True)
class Verdict:
    """What was compared, and what was found wrong."""

    figures: dict[str, int] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)

    def add(self, faults: Iterable[str], **figures: int) -> None:
        """Note the outcome of a check."""
        self.faults.extend(faults)
        self.figures.update(figures)


def judge(world: FaultWorld, savers: Sequence[Saver], clock: Clock, poisoned: Collection[str] = frozenset()) -> Verdict:
    """Hold the database against what the clients were told, against the warehouse and against a clean calculation.

    `poisoned`: ids of the messages that can never succeed; they alone are to be found among the poison messages.
    """
    verdict = Verdict()
    trail = _trail(world.database)
    cells = {cell: history for saver in savers for cell, history in saver.cells.items()}
    verdict.add(_lost_saves(trail, savers), cells=len(cells), values_stored=sum(map(len, trail.values())))
    verdict.add(_wrong_versions(world.database))
    verdict.add(_wrong_announcements(world.database, savers))
    verdict.add(unhandled_messages(world.database), messages=_count(world.database, "outbox_messages"))
    verdict.add(_dead_letters(world.database, poisoned), poisoned=len(poisoned))
    facts = _facts(world.database)
    clean = _clean_extraction(world, clock)
    verdict.add(_differences("facts", facts, clean), fact_rows=sum(map(len, facts.values())))
    stored = _results(world.database)
    verdict.add(_differences("P&L", stored, _clean_calculation(world, clock)), pnl_rows=sum(map(len, stored.values())))
    return verdict


def _trail(database: Path) -> dict[Cell, list[Decimal]]:
    """The values that each cell of a client got, in order."""
    query = """
        SELECT site_id, period, module, item_key, field, new_value FROM audit_events
        WHERE user_id LIKE 'client-%' AND module <> 'security' ORDER BY audit_id
    """
    trail: dict[Cell, list[Decimal]] = {}
    with closing(sqlite3.connect(database)) as connection:
        for site_id, period, module, key, item, value in connection.execute(query):
            trail.setdefault(Cell(site_id, period, module, key, item), []).append(Decimal(value))
    return trail


def _lost_saves(trail: dict[Cell, list[Decimal]], savers: Sequence[Saver]) -> Iterator[str]:
    for saver in savers:
        yield from saver.surprises
        for cell, history in saver.cells.items():
            scale = Decimal(100) if cell.module == "parking-rates" else Decimal(1)
            stored = [int(value * scale) for value in trail.get(cell, [])]
            if stored != sorted(set(stored)):
                yield f"{cell}: stored twice or out of order: {stored}"
            if lost := set(history.acknowledged) - set(stored):
                yield f"{cell}: acknowledged and not stored: {sorted(lost)}"
            if half := set(stored) & set(history.refused):
                yield f"{cell}: refused and stored: {sorted(half)}"
            if alien := set(stored) - set(history.sent):
                yield f"{cell}: stored and never sent: {sorted(alien)}"


def _wrong_versions(database: Path) -> Iterator[str]:
    """A version is one save: they are numbered without a gap, and the trail knows each."""
    query = """
        SELECT v.site_id, v.module, v.period, v.version, COUNT(DISTINCT a.version), MIN(a.version), MAX(a.version)
        FROM forecast_versions v LEFT JOIN audit_events a
          ON a.site_id = v.site_id AND a.period = v.period AND REPLACE(a.module, '-', '_') = v.module
        GROUP BY v.site_id, v.module, v.period, v.version
    """
    with closing(sqlite3.connect(database)) as connection:
        for site_id, module, period, version, known, lowest, highest in connection.execute(query):
            if (known, lowest, highest) != (version, 1, version):
                yield f"{site_id} {module} {period}: version {version}, the trail knows {known}: {lowest} to {highest}"


def _wrong_announcements(database: Path, savers: Sequence[Saver]) -> Iterator[str]:
    """Each acknowledged save is announced once for each module that it changed, on its queue and on its topics."""
    query = "SELECT json_extract(payload, '$.requestId'), destination, subject FROM outbox_messages"
    found: Counter[tuple[str, str]] = Counter()
    with closing(sqlite3.connect(database)) as connection:
        for request_id, destination, subject in connection.execute(query):
            if subject not in {"RefreshRequested", "PLViewRefreshed"}:
                found[request_id, destination.partition(".")[0]] += 1
    for saver in savers:
        for request_id, modules in saver.requests.items():
            for destination in ("forecasting", "forecasting-events"):
                if (times := found[request_id, destination]) != modules:
                    yield f"{request_id}: {modules} modules changed, announced {times} times to {destination}"


def unhandled_messages(database: Path) -> Iterator[str]:
    """Every message was sent, and every one that somebody waits for was handled, or a copy of it takes its place."""
    subscribed = {one.topic: one for one in SUBSCRIPTIONS if not one.properties}
    consumers = {name: name for name in QUEUES} | {topic: one.source for topic, one in subscribed.items()}
    query = """
        SELECT o.destination, o.subject, o.dedup_id, o.sent_at, p.outcome FROM outbox_messages o
        LEFT JOIN processed_messages p ON p.message_id = o.dedup_id AND p.consumer = ?
        WHERE o.destination = ? AND (o.sent_at IS NULL OR p.outcome IS NULL OR p.outcome = 'poison')
          AND o.dedup_id NOT IN (SELECT old_value FROM audit_events WHERE module = 'dead-letters' AND field = 'replay')
    """
    with closing(sqlite3.connect(database)) as connection:
        for destination, consumer in consumers.items():
            for row in connection.execute(query, (consumer, destination)):
                yield f"message not handled: {row}"


def _dead_letters(database: Path, poisoned: Collection[str]) -> Iterator[str]:
    """What is poison was recorded once, with its reason; nothing else was given up."""
    with closing(sqlite3.connect(database)) as connection:
        found = connection.execute(
            "SELECT message_id, reason_code, destination FROM poison_messages WHERE replayed_at IS NULL"
        ).fetchall()
        left = connection.execute("SELECT destination, subject, message_id, delivery_count FROM queue_messages")
        yield from (f"left in its queue: {row}" for row in left)
    for message_id, times in Counter(row[0] for row in found).items():
        if message_id not in poisoned or times > 1:
            yield f"set aside {times} times: {message_id}"
    yield from (f"not set aside: {message_id}" for message_id in sorted(set(poisoned) - {row[0] for row in found}))
    yield from (f"without a reason: {row}" for row in found if not row[1])


def _facts(database: Path) -> dict[str, Rows]:
    return {table: _rows(database, table) for table in FACTS}


def _results(database: Path) -> dict[str, Rows]:
    return {table: _rows(database, table) for table in RESULTS}


def _clean_extraction(world: FaultWorld, clock: Clock) -> dict[str, Rows]:
    """The facts of a database that nobody killed, extracted from the same warehouse."""
    extract_everything(world.untouched, world.warehouse, clock)
    return _facts(world.untouched)


def _clean_calculation(world: FaultWorld, clock: Clock) -> dict[str, Rows]:
    """The results of the same inputs, calculated once, with nothing stored before."""
    copy = world.folder / "clean.db"
    shutil.copyfile(world.database, copy)
    with closing(sqlite3.connect(copy)) as connection, connection:
        years = connection.execute("SELECT site_id, year FROM pnl_site_years ORDER BY 1, 2").fetchall()
        for table in (*RESULTS, "pnl_site_years"):
            connection.execute(f"DELETE FROM {table}")
    runtime = Runtime(settings_on(copy, world.warehouse), clock)
    assert not refresh_pnl(runtime, years).errors
    assert not behind(runtime, SiteScope.all_sites(), sorted({year for _, year in years}))
    runtime.close()
    return _results(copy)


def _differences(what: str, found: dict[str, Rows], expected: dict[str, Rows]) -> Iterator[str]:
    for table, rows in found.items():
        if wrong := set(rows) ^ set(expected[table]):
            yield f"{what}: {table} differs in {len(wrong)} rows, the first is {min(wrong, key=repr)}"
        if not rows:
            yield f"{what}: {table} is empty, nothing was compared"


def _rows(database: Path, table: str) -> Rows:
    with closing(sqlite3.connect(database)) as connection:
        names = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
        chosen = ", ".join(f'"{name}"' for name in names if name not in UNALIKE)
        return connection.execute(f"SELECT {chosen} FROM {table}").fetchall()


def _count(database: Path, table: str) -> int:
    with closing(sqlite3.connect(database)) as connection:
        return int(connection.execute(f"SELECT COUNT(*) FROM {table}").fetchone()[0])
