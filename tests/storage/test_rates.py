"""The rate in force on a day, as the database finds it."""

import random
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy.dialects import mssql

from shared_code.domain.rates_in_force import RateMethod, RateRow, rate_in_force
from shared_code.domain.site_scope import SiteScope
from shared_code.storage import rates
from shared_code.storage.rates import PairRates, RateView
from tests.support.rate_world import RateWorld

ALL = SiteScope.all_sites()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[RateWorld]:
    world = RateWorld(tmp_path)
    world.add_sites("TP001", "TP002")
    world.add_code("VLT1")
    world.add_pair("TP001", "VLT1")
    yield world
    world.close()


def _pairs(world: RateWorld, day: date, scope: SiteScope = ALL) -> list[PairRates]:
    with world.runtime.database.reading() as connection:
        return rates.pair_rates(connection, scope, day)


def _in_force(world: RateWorld, day: date, scope: SiteScope = ALL) -> list[RateView]:
    with world.runtime.database.reading() as connection:
        return rates.rates_in_force(connection, scope, day, job_code_id=None, limit=50, offset=0)


def test_an_entered_rate_comes_first_while_it_is_in_force_and_the_calculated_one_after_it(world: RateWorld) -> None:
    world.add_rate("TP001", "VLT1", "16.10", "weighted_average", "2025-05-01")
    world.add_rate("TP001", "VLT1", "17.00", "fixed", "2025-06-01", "2025-06-30")
    found = {
        day: [(str(view.hourly_rate), view.calculation_method.value) for view in _in_force(world, day)]
        for day in (date(2025, 4, 30), date(2025, 5, 31), date(2025, 6, 1), date(2025, 6, 30), date(2025, 7, 1))
    }
    assert found == {
        date(2025, 4, 30): [],
        date(2025, 5, 31): [("16.100000", "weighted_average")],
        date(2025, 6, 1): [("17.000000", "fixed")],
        date(2025, 6, 30): [("17.000000", "fixed")],
        date(2025, 7, 1): [("16.100000", "weighted_average")],
    }


def test_a_superseded_row_is_never_in_force(world: RateWorld) -> None:
    world.add_rate("TP001", "VLT1", "16", "manual", "2025-06-01", superseded_at=world.clock.now())
    world.add_rate("TP001", "VLT1", "17", "average", "2025-06-01", superseded_at=world.clock.now())
    (pair,) = _pairs(world, date(2025, 6, 15))
    assert (pair.entered, pair.calculated) == (None, None)
    assert _in_force(world, date(2025, 6, 15)) == []


def test_the_first_later_row_of_either_class_is_found(world: RateWorld) -> None:
    world.add_rate("TP001", "VLT1", "16", "weighted_average", "2025-06-01", "2025-06-09")
    world.add_rate("TP001", "VLT1", "17", "weighted_average", "2025-06-10", "2025-06-19")
    world.add_rate("TP001", "VLT1", "18", "weighted_average", "2025-06-20")
    world.add_rate("TP001", "VLT1", "19", "manual", "2025-07-01")
    (pair,) = _pairs(world, date(2025, 6, 5))
    assert (pair.next_calculated, pair.next_entered, pair.entered) == (date(2025, 6, 10), date(2025, 7, 1), None)
    assert pair.calculated is not None
    assert (pair.calculated.rate.rate, pair.calculated.end_date) == (Decimal(16), date(2025, 6, 9))


def test_sites_outside_the_scope_are_not_read(world: RateWorld) -> None:
    world.add_pair("TP002", "VLT1")
    world.add_rate("TP001", "VLT1", "16", "fixed", "2025-06-01")
    world.add_rate("TP002", "VLT1", "17", "fixed", "2025-06-01")
    scope = SiteScope.of(["TP002"])
    assert [pair.site_id for pair in _pairs(world, date(2025, 6, 5), scope)] == ["TP002"]
    assert [view.site_id for view in _in_force(world, date(2025, 6, 5), scope)] == ["TP002"]
    assert _in_force(world, date(2025, 6, 5), SiteScope.of([])) == []


def test_a_code_is_salaried_only_with_the_flag_and_an_allocated_salary(world: RateWorld) -> None:
    for code, values in (
        ("FLAG", {"is_salaried": True}),
        ("PAID", {"allocated_annual_salary": Decimal(1)}),
        ("BOTH", {"is_salaried": True, "allocated_annual_salary": Decimal(1)}),
    ):
        world.add_code(code)
        world.add_pair("TP002", code, **values)
    pairs = _pairs(world, date(2025, 6, 5), SiteScope.of(["TP002"]))
    assert [pair.job_code_id for pair in pairs if pair.is_salaried] == ["BOTH"]


def test_the_database_finds_the_rate_that_the_rule_names_on_any_day_of_any_history(world: RateWorld) -> None:
    chance = random.Random(20250616)
    start = date(2025, 1, 1)
    histories: dict[str, list[RateRow]] = {}
    for number in range(40):
        code = f"C{number:02d}"
        world.add_code(code, "9.5" if number % 3 == 0 else None)
        world.add_pair("TP001", code)
        histories[code] = _random_history(chance, start)
        for row in histories[code]:
            end = None if row.end_date is None else str(row.end_date)
            world.add_rate("TP001", code, str(row.rate), row.method.value, str(row.effective_date), end)
    for offset in range(-2, 64, 3):
        day = start + timedelta(days=offset)
        found = {
            view.job_code_id: (view.hourly_rate, view.calculation_method, view.effective_date)
            for view in _in_force(world, day)
        }
        for number, (code, history) in enumerate(histories.items()):
            rule = rate_in_force(history, Decimal("9.5") if number % 3 == 0 else None, day)
            expected = None if rule is None else (rule.rate, rule.method, rule.rate_date)
            assert found.get(code) == expected, (code, day)


def _random_history(chance: random.Random, start: date) -> list[RateRow]:
    """Rows of both classes on different days; of a class no day twice, with gaps and open ends."""
    rows = []
    for methods in ((RateMethod.FIXED, RateMethod.MANUAL, RateMethod.CONTRACT), (RateMethod.WEIGHTED_AVERAGE,)):
        starts = sorted(chance.sample(range(60), chance.randrange(4)))
        for position, first in enumerate(starts):
            last = starts[position + 1] - 1 if position + 1 < len(starts) else None
            if chance.random() < 0.3:
                last = first + chance.randrange(3) if last is None else chance.randint(first, last)
            end = None if last is None else start + timedelta(days=last)
            rate = Decimal(chance.randrange(500, 3000)) / 100
            rows.append(RateRow(rate, chance.choice(methods), start + timedelta(days=first), end))
    return rows


def test_on_sql_server_the_row_in_force_is_one_lookup_by_key_per_job_code() -> None:
    dialect = mssql.dialect()  # type: ignore[no-untyped-call]
    text = str(rates.select_pairs(SiteScope.of(["TP001"]), date(2025, 6, 5), ["VLT1"]).compile(dialect=dialect))
    assert text.count("SELECT TOP") == 2
    assert "ORDER BY in_force_e.effective_date DESC" in text
    assert "OPENJSON(" in text
    assert "LIMIT" not in text
