"""Budget, ledger and recorded parking of some months of a site."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from shared_code.domain.ledger import Balance
from shared_code.domain.site_scope import SiteScope
from shared_code.domain.statistics import Category
from shared_code.storage import month_ledger
from shared_code.storage.month_ledger import ParkedMonth
from shared_code.storage.tables.accounts import accounts
from tests.support.monthly_world import MonthlyWorld
from tests.support.operational import executed_statements, t_sql

EVERYWHERE = SiteScope.all_sites()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[MonthlyWorld]:
    world = MonthlyWorld(tmp_path)
    world.add_sites("TP001", "TP002")
    yield world
    world.close()


def test_the_entities_of_an_account_are_added_and_its_line_is_that_of_the_chart(world: MonthlyWorld) -> None:
    world.ledger("TP001", {"7045": "10.5", "4790": "-1000"}, "2025-03")
    world.ledger("TP001", {"7045": "4.5"}, "2025-03", entity="02")
    world.ledger("TP002", {"7045": "99"}, "2025-03")
    with world.runtime.database.reading() as connection:
        found = month_ledger.posted_balances(connection, EVERYWHERE, "TP001", "2025-02", "2025-04")
    assert found == {
        "2025-03": [
            Balance("4790", "internal_revenue", Decimal(-1000)),
            Balance("7045", "other_expense", Decimal(15)),
        ]
    }


def test_an_account_that_the_chart_does_not_list_has_no_line(world: MonthlyWorld) -> None:
    world.budget("TP001", {"7220": "5"}, ["2025-05"])
    world.forget(accounts, main_account="7220")
    with (
        executed_statements(world.runtime.database) as seen,
        world.runtime.database.reading() as connection,
    ):
        found = month_ledger.budget_balances(connection, EVERYWHERE, "TP001", "2025-05", "2025-05")
    assert found == {"2025-05": [Balance("7220", "unmapped", Decimal(5))]}
    assert "LEFT OUTER JOIN forecasting.accounts" in t_sql(seen[-1])


def test_nothing_is_read_outside_the_scope(world: MonthlyWorld) -> None:
    world.budget("TP001", {"7045": "5"}, ["2025-05"])
    with world.runtime.database.reading() as connection:
        assert month_ledger.budget_balances(connection, SiteScope.of(["TP002"]), "TP001", "2025-05", "2025-05") == {}


def test_recorded_parking_is_by_month_and_category(world: MonthlyWorld) -> None:
    world.parked("TP001", "2025-03", "valet_daily", "2100.50", "100")
    with world.runtime.database.reading() as connection:
        found = month_ledger.parked_months(connection, EVERYWHERE, "TP001", "2025-03", "2025-03")
    assert found == {("2025-03", Category.VALET_DAILY): ParkedMonth(Decimal("2100.5"), Decimal(100))}
