"""The stored P&L: what SQL Server is asked, what is replaced, what is read back."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from shared_code.domain.pnl_rows import PnlRow
from shared_code.domain.site_scope import SiteScope
from shared_code.services.refresh_pnl import refresh_pnl
from shared_code.storage import pnl_inputs, pnl_results, site_history
from shared_code.storage.tables.results import pnl_components
from shared_code.storage.tables.results import pnl_results as results
from tests.support.operational import executed_statements, t_sql
from tests.support.pnl_world import PnlWorld

EVERYTHING = SiteScope.all_sites()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[PnlWorld]:
    world = PnlWorld(tmp_path)
    world.add_sites("TP001", "TP002")
    world.budget(["TP001", "TP002"], {"4790": "-30000", "6000": "9300.00001", "7113": "220"})
    world.ledger(["TP001", "TP002"], {"6000": "9000"}, "2025-06")
    yield world
    world.close()


def refresh(world: PnlWorld) -> None:
    refresh_pnl(world.runtime, [("TP001", 2025), ("TP002", 2025)])


def test_every_statement_of_a_refresh_can_be_said_to_sql_server(world: PnlWorld) -> None:
    refresh(world)
    world.ledger("TP001", {"7113": "5"}, "2025-06")
    world.inputs_changed("TP001")
    with executed_statements(world.runtime.database) as seen:
        refresh(world)
    texts = [t_sql(statement) for statement in seen]
    assert all("LIMIT" not in text and "json_each" not in text for text in texts)
    (stamps,) = [text for text in texts if "UPDLOCK" in text]
    assert "FROM forecasting.pnl_site_years WITH (UPDLOCK, HOLDLOCK)" in stamps
    (removal,) = [text for text in texts if text.startswith("DELETE FROM forecasting.pnl_results")]
    assert "CAST(anon_1.value AS VARCHAR(20))" in removal  # the key's own type, so that its index is used
    assert "CAST(anon_2.value AS VARCHAR(40))" in removal  # the whole key, which is longer than a site


def test_every_statement_of_a_read_can_be_said_to_sql_server(world: PnlWorld) -> None:
    with executed_statements(world.runtime.database) as seen, world.runtime.database.reading() as connection:
        pnl_inputs.published_months(connection, [2025])
        list(pnl_results.months(connection, EVERYTHING, ["trend"], "2025-01", "2025-12"))
        pnl_results.components(connection, EVERYTHING, ["trend"], "2025-01", "2025-12")
        pnl_results.sites_on_budget(connection, EVERYTHING, "2025-01", "2025-12")
        site_history.site_histories(connection, EVERYTHING, district="ALPHA")
        site_history.organisation_named(connection, "region", "East")
    texts = [t_sql(statement) for statement in seen]
    assert len(texts) == 9
    assert all("LIMIT" not in text and "json_each" not in text for text in texts)
    assert "OPENJSON(" in texts[1]


def test_a_replaced_result_takes_its_old_components_with_it(world: PnlWorld) -> None:
    refresh(world)
    before = world.rows(pnl_components, "site_id", "period", "scenario", "component")
    world.ledger("TP001", {"7113": "5"}, "2025-06")
    world.forget_account("TP001", "2025-06", "6000")
    world.inputs_changed("TP001")
    refresh(world)
    after = world.rows(pnl_components, "site_id", "period", "scenario", "component")
    assert set(before) - set(after) == {("TP001", "2025-06", "actual", "6000")}
    assert set(after) - set(before) == {("TP001", "2025-06", "actual", "7113")}


def test_a_result_that_does_not_exist_any_more_is_removed(world: PnlWorld) -> None:
    refresh(world)
    extra = pnl_results.ResultRow(("TP001", "2025-12", "actual"), (None,) * 12 + ("ok",), (), b"x" * 32)
    with world.runtime.database.reading() as connection:
        stamp = pnl_results.stamps(connection, EVERYTHING, [2025])["TP001", 2025]
    for rows in ((extra,), ()):
        with world.runtime.database.writing() as connection:
            computed = {"TP001": pnl_results.ComputedSiteYear(stamp, rows)}
            pnl_results.store(connection, EVERYTHING, 2025, computed, world.clock.now())
    assert [row for row in world.rows(results, "site_id") if row[0] == "TP001"] == []
    assert [row for row in world.rows(results, "site_id") if row[0] == "TP002"] != []


def test_cells_are_read_back_in_order_and_only_those_of_the_scope(world: PnlWorld) -> None:
    refresh(world)
    with world.runtime.database.reading() as connection:
        months = list(pnl_results.months(connection, SiteScope.of(["TP002"]), ["trend"], "2025-06", "2025-08"))
    assert [(month.site_id, month.period, month.scenario) for month in months] == [
        ("TP002", "2025-06", "trend"),
        ("TP002", "2025-07", "trend"),
        ("TP002", "2025-08", "trend"),
    ]
    assert str(months[2].cells[PnlRow.PAYROLL]) == "9300.0000"
    assert (months[0].internal_source, months[2].internal_source) == (None, "budget")


def test_the_empty_scope_reads_nothing(world: PnlWorld) -> None:
    refresh(world)
    nobody = SiteScope.of([])
    with world.runtime.database.reading() as connection:
        assert list(pnl_results.months(connection, nobody, ["trend"], "2025-01", "2025-12")) == []
        assert pnl_results.components(connection, nobody, ["trend"], "2025-01", "2025-12") == []
        assert pnl_results.stamps(connection, nobody, [2025]) == {}
        assert pnl_results.sites_on_budget(connection, nobody, "2025-01", "2025-12") == []
