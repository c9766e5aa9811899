"""Freezing the P&L: in one piece, in few statements, and by itself on the tenth of a month."""

import hashlib
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from shared_code.domain.pnl_rows import PnlRow
from shared_code.domain.site_scope import SiteScope
from shared_code.errors import ConflictError, TransientError
from shared_code.services import snapshots as freezing
from shared_code.services.held_lease import held
from shared_code.services.periods import month_period
from shared_code.services.refresh_pnl import RefreshReport, behind, refresh_pnl
from shared_code.services.runtime import Runtime
from shared_code.services.snapshots import SnapshotOrder, close_month, take_snapshot
from shared_code.storage import snapshots
from shared_code.storage.snapshots import Snapshot
from shared_code.storage.tables.snapshots import pnl_snapshot_rows, pnl_snapshots
from shared_code.storage.versions import SiteYear
from tests.support.operational import executed_statements, t_sql
from tests.support.pnl_world import PnlWorld

MAY = month_period("2025-05")
ALL = SiteScope.all_sites()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[PnlWorld]:
    world = PnlWorld(tmp_path)
    world.add_sites("TP001", "TP002")
    world.budget(["TP001", "TP002"], {"4790": "-30000", "6000": "12000.25"})
    yield world
    world.close()


def order(name: str = "May", scope: SiteScope = ALL) -> SnapshotOrder:
    return SnapshotOrder(name, "manual", MAY, scope, "fa1@example.com")


def taken(world: PnlWorld, name: str = "May") -> Snapshot:
    return take_snapshot(world.runtime, order(name))


def test_the_hash_is_that_of_the_canonical_rows_and_can_be_computed_again(world: PnlWorld) -> None:
    snapshot = taken(world)
    columns = [column.name for column in pnl_snapshot_rows.c if column.name != "snapshot_id"]
    text = ""
    for row in world.rows(pnl_snapshot_rows, *columns):
        text += "\x1f".join("\x00" if value is None else str(value) for value in row) + "\n"
    assert "TP001\x1f2025-05\x1fbudget\x1f0.0000\x1f30000.0000\x1f12000.2500" in text
    assert snapshot.content_hash == hashlib.sha256(text.encode()).digest()
    with world.runtime.database.writing() as connection:
        assert snapshots.frozen_hash(connection, snapshot.snapshot_id) == snapshot.content_hash
        changed = update(pnl_snapshot_rows).where(pnl_snapshot_rows.c.site_id == "TP002")
        connection.execute(changed.values(flc=None))
        assert snapshots.frozen_hash(connection, snapshot.snapshot_id) != snapshot.content_hash


def test_as_many_statements_freeze_many_sites_as_one(world: PnlWorld) -> None:
    taken(world)
    with world.statements() as few:
        taken(world, "few")
    world.add_sites(*[f"S{number:03d}" for number in range(200)])
    taken(world, "computed")
    with world.statements() as many:
        assert taken(world, "many").site_count == 202
    assert len(many.texts) == len(few.texts)


def test_figures_that_change_while_they_are_frozen_are_frozen_again(
    world: PnlWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashes = iter([b"0" * 32])
    honest = snapshots.frozen_hash
    monkeypatch.setattr(snapshots, "frozen_hash", lambda *given: next(hashes, None) or honest(*given))
    snapshot = taken(world)
    assert world.rows(pnl_snapshots, "snapshot_id") == [(snapshot.snapshot_id,)]
    assert {row[0] for row in world.rows(pnl_snapshot_rows, "snapshot_id")} == {snapshot.snapshot_id}


def test_figures_that_keep_changing_are_not_frozen(world: PnlWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshots, "frozen_hash", lambda *_: b"0" * 32)
    monkeypatch.setattr(freezing, "retry_use_case", lambda use_case: use_case())
    with pytest.raises(TransientError):
        taken(world)
    assert world.rows(pnl_snapshots) == world.rows(pnl_snapshot_rows) == []


def test_whoever_was_a_moment_faster_has_the_name(world: PnlWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    taken(world)
    monkeypatch.setattr(snapshots, "is_named", lambda *_: False)
    with pytest.raises(ConflictError) as refusal:
        taken(world)
    assert (refusal.value.code, refusal.value.field) == ("DUPLICATE", "name")


def test_rows_are_read_like_stored_cells_within_scope(world: PnlWorld) -> None:
    snapshot = taken(world)
    with world.runtime.database.reading() as connection:
        reach = SiteScope.of(["TP002"])
        read = list(
            snapshots.months(connection, reach, snapshot.snapshot_id, ["budget", "trend"], "2025-01", "2025-12")
        )
    assert [(month.site_id, month.period, month.scenario) for month in read] == [
        ("TP002", "2025-05", "budget"),
        ("TP002", "2025-05", "trend"),
    ]
    assert str(read[0].cells[PnlRow.PAYROLL]) == "12000.2500"


def test_the_latest_snapshot_that_covers_a_site_holds_its_months_and_is_of_the_kind(world: PnlWorld) -> None:
    both = taken(world, "both")
    take_snapshot(world.runtime, order("one", SiteScope.of(["TP001"])))
    projection = SnapshotOrder("projection", "fpa_projection", MAY, ALL, "fa1@example.com")
    take_snapshot(world.runtime, projection)
    manual = {"manual", "month_close"}
    with world.runtime.database.reading() as connection:

        def latest(
            site: str, kinds: set[str], month: str = "2025-05", scope: SiteScope = ALL, last: str = ""
        ) -> str | None:
            found = snapshots.latest_covering(connection, scope.narrowed_to([site]), kinds, month, last or month)
            return found.name if found else None

        assert (latest("TP001", manual), latest("TP002", manual)) == ("one", "both")
        assert latest("TP002", {"fpa_projection"}) == "projection"
        assert latest("TP002", manual, "2025-06") is None
        assert latest("TP002", manual, last="2025-06") is None
        assert latest("TP002", manual, scope=SiteScope.of(["TP001"])) is None
        assert snapshots.find(connection, both.snapshot_id) == both


def closed(world: PnlWorld) -> list[tuple[str, str, int]]:
    with held(world.runtime.database, "job:month_close_snapshot", 300) as lease:
        assert lease is not None
        close_month(world.runtime, lease)
    rows = world.rows(pnl_snapshots, "name", "period", "kind", "site_count", "created_by", "is_all_sites")
    assert {row[2:3] + row[4:] for row in rows} == {("month_close", "system", True)}
    return [(name, period, count) for name, period, _, count, *_ in rows]


def test_the_tenth_of_a_month_closes_the_month_before(world: PnlWorld) -> None:
    world.clock.moment = datetime(2025, 7, 10, 12, tzinfo=UTC)
    assert closed(world) == [("Month close 2025-06", "2025-06", 2)]
    assert closed(world) == [("Month close 2025-06", "2025-06", 2)], "the slot may come twice"


def test_a_slot_that_is_made_up_for_closes_its_own_month(world: PnlWorld) -> None:
    world.clock.moment = datetime(2025, 7, 10, 11, 59, tzinfo=UTC)
    assert closed(world) == [("Month close 2025-05", "2025-05", 2)]


def test_what_lags_is_computed_before_a_month_is_closed_slice_by_slice(
    world: PnlWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slowly(runtime: Runtime, late: Sequence[SiteYear]) -> RefreshReport:
        world.clock.moment += timedelta(seconds=runtime.settings.job_slice_s)
        return refresh_pnl(runtime, late)

    world.clock.moment = datetime(2025, 7, 10, 12, tzinfo=UTC)
    everybody = SiteScope.all_sites()
    lagging = [len(behind(world.runtime, everybody, [2025]))]
    monkeypatch.setattr(freezing, "BATCH_SITES", 1)
    monkeypatch.setattr(freezing, "refresh_pnl", slowly)
    with held(world.runtime.database, "job:month_close_snapshot", 300) as lease:
        assert lease is not None
        for _ in range(3):
            freezing.prepare_closing(world.runtime, lease)
            lagging.append(len(behind(world.runtime, everybody, [2025])))

    assert lagging == [2, 1, 0, 0]
    assert world.rows(pnl_snapshots, "name") == []


def test_a_month_that_is_closed_is_not_prepared(world: PnlWorld) -> None:
    world.clock.moment = datetime(2025, 7, 10, 12, tzinfo=UTC)
    closed(world)
    world.inputs_changed("TP001")
    with held(world.runtime.database, "job:month_close_snapshot", 300) as lease:
        assert lease is not None
        freezing.prepare_closing(world.runtime, lease)
    assert len(behind(world.runtime, SiteScope.all_sites(), [2025])) == 1


def test_a_broken_site_does_not_keep_a_month_open(world: PnlWorld, caplog: pytest.LogCaptureFixture) -> None:
    world.add_sites("BROKEN", time_zone="Mars/Olympus")
    assert closed(world) == [("Month close 2025-06", "2025-06", 2)]
    assert "BROKEN" in caplog.text


def test_sql_server_copies_the_rows_in_one_statement(world: PnlWorld) -> None:
    with executed_statements(world.runtime.database) as seen:
        taken(world)
    [copy] = [t_sql(one) for one in seen if "pnl_snapshot_rows" in t_sql(one) and t_sql(one).startswith("INSERT")]
    assert copy.startswith("INSERT INTO forecasting.pnl_snapshot_rows (snapshot_id, site_id, period, scenario,")
    assert "FROM forecasting.pnl_results" in copy
