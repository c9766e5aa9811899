"""Saved statistics in the database: heads with aggregates, days, and months that were reset."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from shared_code.domain.site_scope import SiteScope
from shared_code.domain.statistics import StatisticsDay
from shared_code.storage.forecast_inputs import saved_statistics
from shared_code.storage.statistics_inputs import budget_accounts, recorded_statistics, statistics_notes
from shared_code.storage.statistics_writing import MonthAggregate, SavedStatistics, save_statistics
from shared_code.storage.tables.forecasts import site_statistic_days, site_statistics
from tests.support.operational import executed_statements, t_sql
from tests.support.statistics_world import BUDGET_JUNE, StatisticsWorld, small_company

SCOPE = SiteScope.of(["TP001"])
NONE = MonthAggregate(None, None, None, None, None, None)
SOME = MonthAggregate(Decimal("0.8"), Decimal(12), Decimal(0), None, None, Decimal(160))
FIFTH = date(2025, 6, 5)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[StatisticsWorld]:
    world = small_company(StatisticsWorld(tmp_path))
    yield world
    world.close()


def save(world: StatisticsWorld, *months: SavedStatistics) -> None:
    with world.runtime.database.writing() as connection:
        save_statistics(connection, SCOPE, "TP001", months, "am1", world.clock.now())


def june(*days: StatisticsDay, note: str | None = None, aggregate: MonthAggregate = SOME) -> SavedStatistics:
    return SavedStatistics("2025-06", days, {} if note is None else {FIFTH: note}, aggregate)


def read(world: StatisticsWorld) -> list[StatisticsDay]:
    with world.runtime.database.reading() as connection:
        return saved_statistics(connection, SCOPE, ["TP001"], "2025-06", "2025-06").get(("TP001", "2025-06"), [])


def test_the_days_of_a_month_are_put_in_place_of_the_earlier_ones(world: StatisticsWorld) -> None:
    save(world, june(StatisticsDay(FIFTH, Decimal(120)), StatisticsDay(date(2025, 6, 6), valet_daily=Decimal(0))))
    save(world, june(StatisticsDay(FIFTH, occupancy=Decimal("0.8")), note="fair"))
    assert read(world) == [StatisticsDay(FIFTH, occupancy=Decimal("0.8"))]
    assert world.rows(site_statistic_days, "stat_date", "note") == [(FIFTH, "fair")]
    [head] = world.heads("period", "is_active", "version", "updated_by", "occupancy", "occupied_rooms")
    assert head == ("2025-06", True, 2, "am1", Decimal("0.8"), Decimal(160))


def test_a_month_without_days_goes_out_of_force_and_keeps_its_rows(world: StatisticsWorld) -> None:
    save(world, june(StatisticsDay(FIFTH, Decimal(120))))
    save(world, june(aggregate=NONE))
    assert read(world) == []
    assert world.rows(site_statistics, "is_active", "occupied_rooms") == [(False, Decimal(160))]
    assert len(world.rows(site_statistic_days)) == 1
    save(world, june(StatisticsDay(FIFTH, Decimal(90))))
    assert [day.occupied_rooms for day in read(world)] == [90]
    assert len(world.rows(site_statistics)) == 2


def test_months_and_sites_are_kept_apart(world: StatisticsWorld) -> None:
    july = SavedStatistics("2025-07", [StatisticsDay(date(2025, 7, 1), Decimal(7))], {}, SOME)
    save(world, june(StatisticsDay(FIFTH, Decimal(120))), july)
    with world.runtime.database.writing() as connection:
        other = SiteScope.of(["TP003"])
        save_statistics(connection, other, "TP003", [june(aggregate=NONE), july], "am1", world.clock.now())
    assert [day.occupied_rooms for day in read(world)] == [120]
    assert len(world.rows(site_statistics)) == 3


def test_budget_recorded_days_and_notes_are_those_of_the_site_and_months(world: StatisticsWorld) -> None:
    world.budget(["TP001", "TP003"], BUDGET_JUNE | {"6000": "100"}, ["2025-06", "2025-07"])
    world.record("TP001", "2025-06-01", "2025-06-02", occupied_rooms="0", total_net_revenue="12.5")
    world.record("TP003", "2025-06-01", "2025-06-02", occupied_rooms="99")
    save(world, june(StatisticsDay(FIFTH, Decimal(120)), note="fair"))
    with world.runtime.database.reading() as connection:
        budgets = budget_accounts(connection, SCOPE, "TP001", "2025-06", "2025-06")
        days = recorded_statistics(connection, SCOPE, "TP001", date(2025, 6, 2), date(2025, 6, 30))
        notes = statistics_notes(connection, SCOPE, "TP001", "2025-06", "2025-06")
        foreign = recorded_statistics(connection, SCOPE, "TP003", date(2025, 6, 1), date(2025, 6, 30))
    assert budgets == {"2025-06": {account: Decimal(balance) for account, balance in BUDGET_JUNE.items()}}
    [(day, found)] = days.items()
    assert (day, found.counts, found.net_revenue) == (
        date(2025, 6, 2), StatisticsDay(date(2025, 6, 2), Decimal(0)), Decimal("12.5"),
    )  # fmt: skip
    assert (notes, foreign) == ({FIFTH: "fair"}, {})


def test_statements_are_t_sql_too_and_take_any_number_of_months(world: StatisticsWorld) -> None:
    months = [
        SavedStatistics(f"2025-{number:02d}", [StatisticsDay(date(2025, number, 1), Decimal(1))], {}, SOME)
        for number in range(1, 13)
    ]
    save(world, *months[:6])
    with executed_statements(world.runtime.database) as seen:
        save(world, *months, SavedStatistics("2026-01", [], {}, NONE))
    texts = [t_sql(statement) for statement in seen]
    assert len(texts) == 5
    assert "UPDATE forecasting.site_statistics SET" in texts[0]
    assert "DELETE FROM forecasting.site_statistic_days" in texts[-1]
    assert all("IN (SELECT CAST(" in text for text in (texts[0], texts[1], texts[-1]))
