"""A process that is killed in the middle of an extraction leaves every feed as it was, or as it was to become."""

import random
import sqlite3
from contextlib import closing
from pathlib import Path
from shutil import copyfile
from typing import Any

import pytest

from cli.sample.generation import generate
from tests.support.killed_extraction import AS_OF, Extractor
from tests.support.operational import empty_database

KILLS = 50
"""How many extractions are killed."""

SEED = 20250610

MASTERS = ["sites", "chart_of_accounts", "wage_rates"]
FEEDS = ["budget_payroll", "daily_revenue", "paid_hours", "shifts"]
PUBLISHED = {
    "budget_payroll 2025": {"budget_payroll_months": "period < '2026'", "budget_payroll_job_months": "period < '2026'"},
    "budget_payroll 2026": {
        "budget_payroll_months": "period >= '2026'",
        "budget_payroll_job_months": "period >= '2026'",
    },
    "daily_revenue": {"actual_statistic_days": "1"},
    "paid_hours": {"actual_payroll_days": "1"},
    "shifts": {"schedule_payroll_days": "1"},
}
"""What is published at once: the facts of a feed, of a budget those of a year."""

CHANGES = """
    UPDATE BUDGET_DATATAB_PR SET BALANCE = BALANCE * 2 WHERE MONTH = 6;
    UPDATE REVENUE_DAILY_DETAIL SET NETEXTERNALREVENUE = NETEXTERNALREVENUE + 10000;
    UPDATE vwPAYROLL_SUMMARY SET TITLE = 'NEW ' || TITLE WHERE rowid % 3 = 0 AND TITLE > '' AND WORK_LOCATION > '';
    UPDATE SHIFT_ENTITY SET REGULAR_MINUTES = REGULAR_MINUTES + 15 WHERE rowid % 2 = 0;
"""
"""What makes the other state of the warehouse."""

UNALIKE = {"sync_run_id", "loaded_at", "created_at", "updated_at", "as_of", "published_at", "first_seen_at"}
"""Columns that no two runs have alike."""

Rows = list[tuple[Any, ...]]


@pytest.fixture(scope="module")
def warehouses(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two states of one warehouse, that differ in every feed."""
    folder = tmp_path_factory.mktemp("warehouses")
    one, other = folder / "one.db", folder / "other.db"
    generate(one, business_date=AS_OF, sites=2, years=1)
    copyfile(one, other)
    with closing(sqlite3.connect(other)) as connection:
        connection.executescript(CHANGES)
    return one, other


@pytest.fixture
def databases(tmp_path: Path, warehouses: tuple[Path, Path]) -> tuple[Path, Path]:
    """Two operational databases with the masters: one for kills, one that is left in peace."""
    both = tmp_path / "disturbed.db", tmp_path / "undisturbed.db"
    for path in both:
        path.write_bytes(empty_database())
        with Extractor(path, MASTERS) as extractor:
            assert extractor.run(warehouses[0])[0] == "good"
    return both


def _rows(database: Path, table: str, which: str = "1", without: frozenset[str] = frozenset()) -> Rows:
    """The rows of a table in order, without what is never alike."""
    with closing(sqlite3.connect(database)) as connection:
        names = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
        chosen = ", ".join(f'"{name}"' for name in names if name not in UNALIKE | without)
        return sorted(connection.execute(f"SELECT {chosen} FROM {table} WHERE {which}").fetchall(), key=repr)


def _facts(database: Path) -> dict[str, list[Rows]]:
    return {
        part: [_rows(database, table, which) for table, which in tables.items()] for part, tables in PUBLISHED.items()
    }


def _what_depends_on_them(database: Path) -> dict[str, Rows]:
    """What publication writes beside the facts; messages without their identifiers."""
    return {
        "cutoffs": _rows(database, "actual_cutoffs"),
        "job codes": _rows(database, "job_codes"),
        "aliases": _rows(database, "job_code_aliases"),
        "site job codes": _rows(database, "site_job_codes", without=frozenset({"version"})),
        "feed versions": _rows(database, "feed_versions"),
        "inputs versions": _rows(database, "cache_versions", "tag <> 'shared'"),
        "messages": _messages(database),
    }


def _messages(database: Path) -> Rows:
    """Messages to topics with the month that they tell of, messages to queues with what makes them the same one."""
    with closing(sqlite3.connect(database)) as connection:
        query = """
            SELECT destination, subject, session_id, json_extract(properties, '$.period'),
                   CASE WHEN destination LIKE 'forecasting.%' THEN dedup_id END
            FROM outbox_messages ORDER BY 1, 2, 3, 4, 5
        """
        return connection.execute(query).fetchall()


def _open_runs(database: Path) -> Rows:
    with closing(sqlite3.connect(database)) as connection:
        return connection.execute("SELECT feed, state FROM sync_runs WHERE state = 'running'").fetchall()


@pytest.mark.slow
def test_killed_extractions_leave_the_old_facts_or_the_new_ones(
    warehouses: tuple[Path, Path], databases: tuple[Path, Path]
) -> None:
    chance = random.Random(SEED)
    disturbed, undisturbed = databases
    with Extractor(undisturbed, FEEDS) as peaceful, Extractor(disturbed, FEEDS) as extractor:
        states = _states_of(peaceful, undisturbed, warehouses)
        _states_of(extractor, disturbed, warehouses)
        longest = max(seconds for _, seconds in map(extractor.run, warehouses))
        assert peaceful.run(*warehouses)[0] == "good"
        turns = killed = halfway = 0
        while killed < KILLS:
            warehouse, before, after = warehouses[turns % 2], states[1 - turns % 2], states[turns % 2]
            outcome, _ = extractor.run(warehouse, kill_after_s=chance.uniform(0, longest))
            turns += 1
            killed += outcome == "killed"
            found = _facts(disturbed)
            assert [part for part in PUBLISHED if found[part] not in (before[part], after[part])] == []
            halfway += found not in (before, after)

            assert extractor.run(warehouse)[0] == "good", "the next run succeeds"
            assert _facts(disturbed) == after
            assert _open_runs(disturbed) == []
            assert turns < 3 * KILLS, "most orders to kill are to come in time"
        assert peaceful.run(*[warehouses[turn % 2] for turn in range(turns)])[0] == "good"

    assert halfway >= KILLS // 5, "kills are to fall between the publications of two feeds, too"
    assert _facts(disturbed) == _facts(undisturbed)
    assert _what_depends_on_them(disturbed) == _what_depends_on_them(undisturbed)


def _states_of(extractor: Extractor, database: Path, warehouses: tuple[Path, Path]) -> list[dict[str, list[Rows]]]:
    """The facts that each warehouse makes, once both have been extracted: job codes have become known then."""
    states = []
    for warehouse in (*warehouses, *warehouses):
        assert extractor.run(warehouse)[0] == "good"
        states.append(_facts(database))
    assert all(states[2][part] != states[3][part] for part in PUBLISHED)
    return states[2:]
