"""The archive: closed years move there batch by batch, whole or not at all, and are read and deleted there in time."""

import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Table, event, select

from shared_code.domain.site_scope import SiteScope
from shared_code.services.audit_trail import read_trail
from shared_code.services.held_lease import held
from shared_code.services.retention import archive_closed, delete_due
from shared_code.storage import archiving
from shared_code.storage.archiving import ArchiveError
from shared_code.storage.tables import metadata
from shared_code.storage.tables.archive import ARCHIVES
from shared_code.storage.tables.facts import budget_account_months
from shared_code.storage.tables.forecasts import site_statistic_days, site_statistics
from shared_code.storage.tables.messages import audit_events
from shared_code.storage.tables.runs import sync_run_sources, sync_runs
from shared_code.storage.tables.snapshots import pnl_snapshot_rows, pnl_snapshots
from tests.support.aged_rows import AgedRuntime, aged_runtime
from tests.support.operational import executed_statements, t_sql
from tests.support.t_sql_rules import judged_statements

TODAY = datetime(2026, 2, 2, 1, 30, tzinfo=UTC)
OLD, YOUNG = "2022-12", "2023-01"
"""The last month that goes to the archive, and the first that stays."""

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def app(tmp_path: Path) -> Iterator[AgedRuntime]:
    with aged_runtime(tmp_path, TODAY) as app:
        yield app


def budget(app: AgedRuntime, *months: str, sites: int = 1) -> None:
    rows = [{"site_id": f"TP{site:03}", "period": month} for month in months for site in range(1, sites + 1)]
    app.put(budget_account_months, *rows)


def everywhere(app: AgedRuntime, table: Table) -> Counter[tuple[Any, ...]]:
    """The rows of a table and of its archive, however often each is there."""
    with app.database.reading() as connection:
        here = connection.execute(select(*table.columns)).all()
        there = connection.execute(select(*[ARCHIVES[table].c[column.name] for column in table.columns])).all()
    return Counter(tuple(row) for row in [*here, *there])


def archive(app: AgedRuntime) -> bool:
    with held(app.database, "job:archive", 300) as lease:
        assert lease is not None
        return archive_closed(app, lease)


def retain(app: AgedRuntime) -> None:
    with held(app.database, "job:retention", 300) as lease:
        assert lease is not None
        assert delete_due(app, lease)


def test_the_current_year_and_three_before_it_stay(app: AgedRuntime) -> None:
    budget(app, "2019-05", OLD, YOUNG, "2026-02")

    assert archive(app)

    with app.database.reading() as connection:
        kept = connection.execute(select(budget_account_months.c.period)).scalars().all()
        moved = connection.execute(select(ARCHIVES[budget_account_months])).mappings().all()
    assert kept == [YOUNG, "2026-02"]
    assert [(row["period"], row["archived_at"]) for row in moved] == [("2019-05", TODAY), (OLD, TODAY)]


def test_every_table_of_the_archive_takes_its_rows_as_they_were(app: AgedRuntime) -> None:
    originals = [table for table in metadata.sorted_tables if table.schema != "archive"]
    for table in originals:
        app.put(table, {"year": 2022} if "year" in table.c and table.name == "pnl_site_years" else {})
    before = {table: everywhere(app, table) for table in ARCHIVES}
    assert all(sum(rows.values()) == 1 for rows in before.values())
    app.clock.moment = datetime(2029, 2, 2, tzinfo=UTC)

    with judged_statements(app.database) as breaches:
        assert archive(app)

    assert breaches == {}, "SQL Server would refuse it"
    assert {table: everywhere(app, table) for table in ARCHIVES} == before
    stays = {table.name for table in ARCHIVES if app.count(table)}
    assert stays == {"sync_runs", "sync_run_sources"}, "sites, rates and others name the run as theirs"
    assert all(rule.table in ARCHIVES for rule in archiving.RULES)
    assert len(archiving.RULES) == len(ARCHIVES)


def test_batch_after_batch_is_moved_and_nothing_else(app: AgedRuntime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archiving, "BATCH_ROWS", 4)
    budget(app, OLD, YOUNG, sites=10)
    before = everywhere(app, budget_account_months)

    assert archive(app)

    assert everywhere(app, budget_account_months) == before
    assert (app.count(budget_account_months), app.count(ARCHIVES[budget_account_months])) == (10, 10)


class Killed(BaseException):
    """The end of a process."""


def test_killed_at_any_statement_it_goes_on_and_nothing_is_lost_or_doubled(
    app: AgedRuntime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archiving, "BATCH_ROWS", 4)
    budget(app, OLD, YOUNG, sites=10)
    before = everywhere(app, budget_account_months)
    left = 0

    def count_down(*_: Any) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            raise Killed

    event.listen(app.database.engine, "before_cursor_execute", count_down)
    kills = 0
    for step in range(3, 34, 2):
        left = step
        app.clock.moment += timedelta(minutes=6)  # the lease of a killed process runs out
        try:
            archive(app)
        except Killed:
            kills += 1
        left = 0
        assert everywhere(app, budget_account_months) == before, f"killed at statement {step}"
    app.clock.moment += timedelta(minutes=6)
    assert archive(app)
    assert kills > 10
    assert everywhere(app, budget_account_months) == before
    assert (app.count(budget_account_months), app.count(ARCHIVES[budget_account_months])) == (10, 10)


KILLED_BEFORE_COMMIT = """
import os, sys
from sqlalchemy import event
from shared_code.clock import SystemClock
from shared_code.services.held_lease import held
from shared_code.services.retention import archive_closed
from shared_code.services.runtime import Runtime
from shared_code.settings import Settings
app = Runtime(Settings(db_primary_connection=sys.argv[1]), SystemClock())
deleted = []
def note(connection, cursor, statement, *rest):
    if statement.startswith("DELETE"):
        deleted.append(statement)
event.listen(app.database.engine, "after_cursor_execute", note)
event.listen(app.database.engine, "commit", lambda connection: deleted and os._exit(9))
with held(app.database, "job:archive", 300) as lease:
    archive_closed(app, lease)
"""


def test_a_process_that_dies_between_deleting_and_committing_has_changed_nothing(
    app: AgedRuntime, tmp_path: Path
) -> None:
    budget(app, OLD, YOUNG, sites=3)
    address = f"sqlite:///{tmp_path / 'forecasting.db'}"

    died = subprocess.run([sys.executable, "-c", KILLED_BEFORE_COMMIT, address], cwd=ROOT, check=False)

    assert died.returncode == 9
    assert (app.count(budget_account_months), app.count(ARCHIVES[budget_account_months])) == (6, 0)


def test_a_copy_that_is_not_like_its_original_stops_the_move(app: AgedRuntime) -> None:
    budget(app, OLD, sites=2)
    with app.database.writing() as connection:
        connection.exec_driver_sql(
            "CREATE TRIGGER spoil AFTER INSERT ON archived_budget_account_months WHEN NEW.site_id = 'TP002' "
            "BEGIN UPDATE archived_budget_account_months SET amount = amount + 1 WHERE site_id = 'TP002'; END"
        )
    with pytest.raises(ArchiveError, match="budget_account_months, 2 rows were copied, 1 of them"):
        archive(app)
    assert (app.count(budget_account_months), app.count(ARCHIVES[budget_account_months])) == (2, 0)


def test_a_month_that_was_loaded_again_is_archived_again(app: AgedRuntime) -> None:
    budget(app, OLD)
    archive(app)
    budget(app, OLD)
    app.clock.moment += timedelta(days=28)

    assert archive(app)

    assert (app.count(budget_account_months), app.count(ARCHIVES[budget_account_months])) == (0, 2)


def test_a_slice_ends_with_its_time_and_the_next_goes_on(app: AgedRuntime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archiving, "BATCH_ROWS", 4)
    budget(app, OLD, sites=10)
    move, clock = archiving.move_batch, app.clock

    def slow(*arguments: Any, **named: Any) -> int:
        clock.moment += timedelta(seconds=150)
        return move(*arguments, **named)

    monkeypatch.setattr(archiving, "move_batch", slow)
    assert not archive(app)
    assert app.count(budget_account_months) == 2
    monkeypatch.setattr(archiving, "move_batch", move)
    assert archive(app)
    assert app.count(budget_account_months) == 0


def test_what_belongs_to_a_row_goes_before_it_and_a_row_with_belongings_stays(app: AgedRuntime) -> None:
    for table in ("regions", "districts", "sites"):
        app.put(metadata.tables[f"forecasting.{table}"], {})
    app.put(site_statistics, {"site_statistics_id": 7, "period": OLD})
    app.put(
        site_statistic_days,
        {"site_statistics_id": 7, "stat_date": date(2022, 12, 31)},
        {"site_statistics_id": 7, "stat_date": date(2023, 1, 1)},
    )

    assert archive(app)

    assert (app.count(site_statistic_days), app.count(ARCHIVES[site_statistic_days])) == (1, 1)
    assert (app.count(site_statistics), app.count(ARCHIVES[site_statistics])) == (1, 0)


def test_runs_go_after_400_days_unless_a_row_names_them_as_its_own(app: AgedRuntime) -> None:
    ids = [f"0196aaaa-0000-7000-8000-00000000000{number}" for number in (1, 2, 3)]
    ages = (401, 401, 399)
    for run_id, age in zip(ids, ages, strict=True):
        app.put(sync_runs, {"sync_run_id": run_id, "started_at": TODAY - timedelta(days=age)})
        app.put(sync_run_sources, {"sync_run_id": run_id})
    app.put(budget_account_months, {"period": YOUNG, "sync_run_id": ids[1]})

    assert archive(app)

    assert app.values(sync_runs, "sync_run_id") == ids[1:]
    assert app.values(sync_run_sources, "sync_run_id") == ids[1:]
    assert app.values(ARCHIVES[sync_run_sources], "sync_run_id") == ids[:1]


def test_snapshots_go_with_their_rows_after_two_years(app: AgedRuntime) -> None:
    for number, made in ((1, datetime(2024, 1, 31, 23, tzinfo=UTC)), (2, datetime(2024, 2, 1, tzinfo=UTC))):
        snapshot_id = f"0196aaaa-0000-7000-8000-00000000000{number}"
        app.put(pnl_snapshots, {"snapshot_id": snapshot_id, "name": f"Close {number}", "created_at": made})
        app.put(pnl_snapshot_rows, {"snapshot_id": snapshot_id})

    assert archive(app)

    assert (app.count(pnl_snapshots), app.count(ARCHIVES[pnl_snapshots])) == (1, 1)
    assert (app.count(pnl_snapshot_rows), app.count(ARCHIVES[pnl_snapshot_rows])) == (1, 1)


def test_the_audit_trail_reads_the_same_before_and_after(app: AgedRuntime) -> None:
    for number, moment in enumerate((datetime(2023, 5, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)), 1):
        app.put(audit_events, {"audit_id": number, "occurred_at": moment, "site_id": "TP001", "field": f"f{number}"})

    def trail() -> tuple[list[str | None], int]:
        scope = SiteScope.of(["TP001"])
        entries, total = read_trail(app, scope, first=date(2023, 1, 1), last=date(2026, 2, 1))
        return [entry.field for entry in entries], total

    assert trail() == (["f2", "f1"], 2)
    assert archive(app)
    assert (app.count(audit_events), app.count(ARCHIVES[audit_events])) == (1, 1)
    assert trail() == (["f2", "f1"], 2)


def test_the_archive_is_deleted_seven_years_after_the_end_of_the_year(app: AgedRuntime) -> None:
    rows = [{"period": month, "archived_at": TODAY} for month in ("2018-12", "2019-01")]
    app.put(ARCHIVES[budget_account_months], *rows)
    app.put(ARCHIVES[pnl_snapshots], {"created_at": datetime(2018, 12, 31, tzinfo=UTC)})
    app.put(ARCHIVES[pnl_snapshot_rows], {})

    retain(app)

    assert app.values(ARCHIVES[budget_account_months], "period") == ["2019-01"]
    assert (app.count(ARCHIVES[pnl_snapshots]), app.count(ARCHIVES[pnl_snapshot_rows])) == (0, 0)


def test_what_the_identity_may_not_delete_is_left_to_the_other_one(
    app: AgedRuntime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared_code.storage.retention.may_delete", lambda _, table: table is not audit_events)
    budget(app, OLD)
    app.put(audit_events, {"occurred_at": datetime(2020, 1, 1, tzinfo=UTC)})

    assert archive(app)

    assert (app.count(budget_account_months), app.count(audit_events)) == (0, 1)


def test_sql_server_gets_statements_that_it_knows(app: AgedRuntime) -> None:
    budget(app, OLD)
    with executed_statements(app.database) as seen:
        archive(app)
    statements = [t_sql(statement) for statement in seen if "archived_budget" in str(statement)]
    copied, compared, deleted = statements[:3]
    assert copied.startswith("INSERT INTO archive.archived_budget_account_months")
    assert "SELECT TOP " in copied
    assert "ORDER BY forecasting.budget_account_months.site_id" in copied
    assert "INTERSECT" in compared, "nulls are equal to nulls"
    assert deleted.startswith("DELETE FROM forecasting.budget_account_months WHERE EXISTS")
