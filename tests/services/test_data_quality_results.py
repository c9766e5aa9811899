"""What must hold of the stored P&L: stored is computed, and an organisation is the sum of its sites."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Table, delete, update

from shared_code.domain.pnl_rows import PnlRow
from shared_code.domain.quality_rules import Severity
from shared_code.services.quality import result_invariants
from shared_code.services.quality.result_invariants import recalculated_sample, rolled_up_sums
from shared_code.services.refresh_pnl import refresh_pnl
from shared_code.storage import pnl_inputs
from shared_code.storage.quality import result_checks
from shared_code.storage.quality.check import Finding
from shared_code.storage.tables.facts import actual_account_months
from shared_code.storage.tables.results import pnl_components, pnl_results, pnl_site_years
from tests.support.operational import executed_statements, t_sql
from tests.support.pnl_world import PnlWorld

SITES = ("TP001", "TP002", "TP003")
FIGURES = {"4790": "-1000", "6000": "400.25", "7113": "30", "9410": "5000", "9440": "90"}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[PnlWorld]:
    """It is 16 July 2025; three sites in two districts of a region, with budget and ledger, up to date."""
    world = PnlWorld(tmp_path)
    world.add_sites(*SITES)
    world.add_districts(NORTH="EAST", SOUTH="EAST")
    for site_id, district in zip(SITES, ("NORTH", "NORTH", "SOUTH"), strict=True):
        world.belongs(site_id, district, "EAST")
    world.budget(SITES, FIGURES)
    world.ledger(SITES, FIGURES, "2025-01", "2025-02", "2025-06")
    _refresh(world)
    yield world
    world.close()


def _refresh(world: PnlWorld) -> None:
    refresh_pnl(world.runtime, [(site_id, year) for site_id in SITES for year in (2025, 2026)])


def _change(world: PnlWorld, table: Table, values: dict[str, Any], **key: str) -> None:
    with world.runtime.database.writing() as connection:
        changed = connection.execute(update(table).filter_by(**key).values(**values))
        assert changed.rowcount, "the test changes something"


def _keys(found: list[Finding]) -> list[tuple[str | None, str | None, str | None]]:
    return [(finding.site_id, finding.period, finding.field) for finding in found]


def test_what_is_stored_is_what_its_inputs_give(world: PnlWorld) -> None:
    assert recalculated_sample(world.runtime, "a") == []


@pytest.mark.parametrize(
    ("table", "values", "key", "field"),
    [
        (pnl_results, {"payroll": Decimal("400.26")}, {"scenario": "actual"}, "actual.payroll"),
        (pnl_results, {"flc": None}, {"scenario": "budget"}, "budget.flc"),
        (pnl_results, {"data_status": "partial"}, {"scenario": "forecast"}, "forecast"),
        (pnl_components, {"label": "Another"}, {"scenario": "budget", "line": "other_expense"}, "budget.other_expense"),
    ],
)
def test_a_row_that_was_changed_behind_the_back_is_named_with_its_site_month_and_cell(
    table: Table, values: dict[str, Any], key: dict[str, str], field: str, world: PnlWorld
) -> None:
    _change(world, table, values, site_id="TP002", period="2025-02", **key)

    found = recalculated_sample(world.runtime, "a")

    assert _keys(found) == [("TP002", "2025-02", field)]
    assert (found[0].code, found[0].severity) == ("STORED_RESULT_DIFFERS", Severity.BLOCK)


def test_a_row_that_is_gone_is_missed_in_every_cell(world: PnlWorld) -> None:
    with world.runtime.database.writing() as connection:
        connection.execute(delete(pnl_results).filter_by(site_id="TP001", period="2025-02", scenario="actual"))
    found = recalculated_sample(world.runtime, "a")
    assert {(site_id, period) for site_id, period, _ in _keys(found)} == {("TP001", "2025-02")}
    assert "actual.payroll" in {finding.field for finding in found}


def test_an_input_that_changed_without_its_version_shows(world: PnlWorld) -> None:
    _change(
        world, actual_account_months, {"balance": Decimal(500)}, site_id="TP001", period="2025-02", main_account="6000"
    )
    assert ("TP001", "2025-02", "actual.payroll") in _keys(recalculated_sample(world.runtime, "a"))


def test_what_is_behind_is_not_judged(world: PnlWorld) -> None:
    _change(world, pnl_results, {"payroll": Decimal(1)}, site_id="TP002", period="2025-02", scenario="actual")
    world.inputs_changed("TP002")
    assert recalculated_sample(world.runtime, "a") == []
    assert rolled_up_sums(world.runtime, "a") == []


def test_what_moves_on_while_it_is_looked_at_is_not_judged(world: PnlWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    _change(world, pnl_results, {"payroll": Decimal(1)}, site_id="TP002", period="2025-02", scenario="actual")
    inputs_of = pnl_inputs.site_year_inputs

    def overtaken(*arguments: Any) -> Any:
        found = inputs_of(*arguments)
        world.inputs_changed("TP002")
        return found

    monkeypatch.setattr(pnl_inputs, "site_year_inputs", overtaken)
    assert recalculated_sample(world.runtime, "a") == []


def test_the_same_seed_chooses_the_same_site_years(world: PnlWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(result_invariants, "SAMPLE_SITE_YEARS", 2)
    _change(world, pnl_results, {"payroll": Decimal(1)}, period="2025-02", scenario="actual")
    _change(world, pnl_results, {"payroll": Decimal(1)}, period="2026-02", scenario="budget")

    by_seed = {seed: _keys(recalculated_sample(world.runtime, seed)) for seed in "abcdefgh"}

    assert {len(found) for found in by_seed.values()} == {2}
    assert by_seed["a"] == _keys(recalculated_sample(world.runtime, "a"))
    assert len({tuple(found) for found in by_seed.values()}) > 1


def test_nothing_is_stored_by_looking(world: PnlWorld) -> None:
    before = world.rows(pnl_results), world.rows(pnl_site_years)
    world.clock.moment += timedelta(hours=1)
    with world.statements() as seen:
        recalculated_sample(world.runtime, "a")
        rolled_up_sums(world.runtime, "a")
    assert (world.rows(pnl_results), world.rows(pnl_site_years)) == before
    assert not [text for text in seen.texts if text.startswith(("INSERT", "UPDATE", "DELETE"))]


def test_statements_do_not_grow_with_sites(world: PnlWorld) -> None:
    def counted() -> int:
        with world.statements() as seen:
            recalculated_sample(world.runtime, "a")
            rolled_up_sums(world.runtime, "a")
        return len(seen.texts)

    few = counted()
    more = [f"TP1{number:02d}" for number in range(30)]
    world.add_sites(*more)
    for site_id in more:
        world.belongs(site_id, "NORTH", "EAST")
    world.budget(more, FIGURES)
    refresh_pnl(world.runtime, [(site_id, year) for site_id in more for year in (2025, 2026)])
    assert counted() == few


def test_organisations_are_the_sums_of_their_sites(world: PnlWorld) -> None:
    assert [rolled_up_sums(world.runtime, seed) for seed in "abc"] == [[], [], []]


def test_a_site_that_changed_its_district_counts_where_it_belonged(world: PnlWorld) -> None:
    world.add_sites("TP009")
    world.belongs("TP009", "NORTH", "EAST", last="2025-03")
    world.belongs("TP009", "SOUTH", "EAST", first="2025-04")
    world.budget("TP009", FIGURES)
    refresh_pnl(world.runtime, [("TP009", 2025)])
    assert [rolled_up_sums(world.runtime, seed) for seed in "abcdef"] == [[]] * 6


def test_a_cell_that_is_missing_is_missing_in_both_sums(world: PnlWorld) -> None:
    _change(world, pnl_results, {"payroll": None, "flc": None}, site_id="TP002", period="2025-02", scenario="actual")
    assert [rolled_up_sums(world.runtime, seed) for seed in "abcdef"] == [[]] * 6


def test_a_roll_up_that_is_not_the_sum_is_named_with_its_month_and_line(
    world: PnlWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    sums_of = result_checks.organisation_sums

    def wrong(connection: Any, scope: Any, level: str, code: str, scenario: str, year: int) -> Any:
        months = sums_of(connection, scope, level, code, scenario, year)
        if (level, scenario) != ("company", "budget"):
            return months
        march = months[2]
        months[2] = type(march)(march.period, march.members, {**march.sums, PnlRow.CLAIMS: Decimal(7)})
        return months

    monkeypatch.setattr(result_invariants, "organisation_sums", wrong)
    assert _keys(rolled_up_sums(world.runtime, "a")) == [(None, "2025-03", "company all claims")]


def test_a_company_without_anything_current_is_not_added_up(tmp_path: Path) -> None:
    world = PnlWorld(tmp_path)
    world.add_sites(*SITES)
    assert rolled_up_sums(world.runtime, "a") == recalculated_sample(world.runtime, "a") == []
    world.close()


def test_sql_server_adds_up_organisations_in_one_statement_each(world: PnlWorld) -> None:
    with executed_statements(world.runtime.database) as seen:
        rolled_up_sums(world.runtime, "a")
    sums = [text for text in map(t_sql, seen) if "members" in text]
    assert sums
    assert all("CROSS JOIN" not in text and "||" not in text for text in sums)
    assert "GROUP BY months.period" in sums[0]
