"""How values by month are saved: new, changed and cleared rows, in a few statements that SQL Server takes too."""

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from shared_code.domain.site_scope import SiteScope
from shared_code.storage.monthly_writing import Values, write_other_expenses, write_parking_rates
from shared_code.storage.tables.forecasts import other_expenses, parking_rates
from tests.support.monthly_world import MonthlyWorld
from tests.support.operational import executed_statements, t_sql

EVERYWHERE = SiteScope.all_sites()
LATER = datetime(2025, 4, 16, 9, tzinfo=UTC)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[MonthlyWorld]:
    world = MonthlyWorld(tmp_path)
    world.add_sites("TP001", "TP002")
    yield world
    world.close()


def write(world: MonthlyWorld, site_id: str, rates: Values, user_id: str = "am1", now: datetime | None = None) -> None:
    with world.runtime.database.writing() as connection:
        write_parking_rates(connection, EVERYWHERE, site_id, rates, user_id, now or world.clock.now())


def test_only_the_rows_that_are_named_change(world: MonthlyWorld) -> None:
    rates = {
        ("2025-05", "valet_daily"): Decimal("20.5"),
        ("2025-06", "valet_daily"): Decimal(21),
        ("2025-05", "self_daily"): Decimal(0),
    }
    write(world, "TP001", rates)
    write(world, "TP002", rates)
    write(world, "TP001", {("2025-05", "valet_daily"): Decimal(30), ("2025-06", "valet_daily"): None}, "dm1", LATER)
    columns = ("site_id", "period", "category", "rate", "created_by", "updated_by", "version")
    assert [tuple(map(str, row)) for row in world.rows(parking_rates, *columns)] == [
        ("TP001", "2025-05", "self_daily", "0.000000", "am1", "am1", "1"),
        ("TP001", "2025-05", "valet_daily", "30.000000", "am1", "dm1", "2"),
        ("TP002", "2025-05", "self_daily", "0.000000", "am1", "am1", "1"),
        ("TP002", "2025-05", "valet_daily", "20.500000", "am1", "am1", "1"),
        ("TP002", "2025-06", "valet_daily", "21.000000", "am1", "am1", "1"),
    ]


def test_a_site_out_of_scope_is_not_touched(world: MonthlyWorld) -> None:
    write(world, "TP001", {("2025-05", "valet_daily"): Decimal(20)})
    with world.runtime.database.writing() as connection:
        write_parking_rates(
            connection, SiteScope.of(["TP002"]), "TP001", {("2025-05", "valet_daily"): None}, "am1", LATER
        )
    assert len(world.rows(parking_rates)) == 1


def test_the_statements_are_those_of_sql_server(world: MonthlyWorld) -> None:
    write(world, "TP001", {("2025-05", "valet_daily"): Decimal(20)})
    with executed_statements(world.runtime.database) as seen:
        write(world, "TP001", {("2025-05", "valet_daily"): None})
    found, removed = (t_sql(statement) for statement in seen)
    assert "forecasting.parking_rates.period + " in found
    assert "OPENJSON" in found
    assert removed.startswith("DELETE FROM forecasting.parking_rates")
    assert "MERGE" not in found + removed


def test_hundreds_of_values_take_as_many_statements_as_two(world: MonthlyWorld) -> None:
    def statements(months: int, amount: int) -> int:
        values = {
            (f"2025-{month:02d}", account): Decimal(amount)
            for month in range(1, months + 1)
            for account in ("7045", "7113", "7185", "7220")
        }
        with world.statements() as seen, world.runtime.database.writing() as connection:
            write_other_expenses(connection, EVERYWHERE, "TP001", values, "am1", LATER)
        return len(seen.texts)

    statements(12, 1)
    assert statements(1, 2) == statements(12, 3)
    assert len(world.rows(other_expenses)) == 48
