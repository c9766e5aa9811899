"""Several modules are saved in one transaction: all of them, or none."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from shared_code.domain.site_scope import SiteScope
from shared_code.errors import VersionConflictError
from shared_code.services.forecast.author import Author, Precondition
from shared_code.services.forecast.monthly_section import MonthlyValues, SentValue
from shared_code.services.forecast.other_expenses_saving import OtherExpensesRequest
from shared_code.services.forecast.other_revenue_saving import OtherRevenueRequest
from shared_code.services.forecast.save_all import save_all
from shared_code.services.forecast.saving import SavedSection
from shared_code.services.periods import parse_period
from shared_code.services.pnl_site_cells import open_site
from shared_code.storage import monthly_writing
from shared_code.storage.tables.forecasts import other_expenses, other_revenues
from tests.support.monthly_world import MonthlyWorld


@pytest.fixture
def world(tmp_path: Path) -> Iterator[MonthlyWorld]:
    world = MonthlyWorld(tmp_path)
    world.add_sites("TP001")
    yield world
    world.close()


def save(world: MonthlyWorld, amount: int, user_id: str = "am1") -> dict[str, SavedSection]:
    """Other revenue and other expenses of May, based on version 0."""
    site = open_site(world.runtime, SiteScope.all_sites(), "TP001")
    never_saved = Precondition(0)
    credit = MonthlyValues((SentValue("2025-05", "miscellaneous", Decimal(amount)),))
    uniforms = MonthlyValues((SentValue("2025-05", "uniforms", Decimal(amount)),))
    parts = {
        "otherRevenue": OtherRevenueRequest(never_saved, credit),
        "otherExpenses": OtherExpensesRequest(never_saved, uniforms),
    }
    return save_all(world.runtime, site, parse_period("2025-05"), Author(user_id), parts)


def test_a_fault_while_the_last_part_is_stored_takes_the_first_one_back(
    world: MonthlyWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = world.saved()

    def fail(*_: Any) -> None:
        raise RuntimeError("the disk is full")

    monkeypatch.setattr(monthly_writing, "write_other_expenses", fail)
    with pytest.raises(RuntimeError):
        save(world, 5)
    assert world.saved() == before


def test_of_two_who_save_at_the_same_moment_one_is_told_what_the_other_changed(world: MonthlyWorld) -> None:
    def attempt(amount: int) -> VersionConflictError | None:
        try:
            save(world, amount, f"am{amount}")
        except VersionConflictError as error:
            return error
        return None

    with ThreadPoolExecutor(2) as people:
        outcomes = list(people.map(attempt, (1, 2)))
    (refused,) = [outcome for outcome in outcomes if outcome is not None]
    winner = 1 + outcomes.index(None)
    assert (refused.field, refused.details["updatedBy"]) == ("otherRevenue.version", f"am{winner}")
    assert refused.details["conflictingKeys"] == ["2025-05.miscellaneous"]
    assert world.rows(other_revenues, "amount") == world.rows(other_expenses, "amount") == [(Decimal(winner),)]


def test_each_part_says_what_became_of_it(world: MonthlyWorld) -> None:
    saved = save(world, 5)
    assert {name: (part.version, part.changes.created) for name, part in saved.items()} == {
        "otherRevenue": (1, 1),
        "otherExpenses": (1, 1),
    }
