"""Effective dating of the rate history."""

import random
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from shared_code.domain.rates_in_force import RateMethod
from shared_code.domain.site_scope import SiteScope
from shared_code.storage import rates
from shared_code.storage.rate_history import NewRate, RatePlan, RatesWritten
from shared_code.storage.tables.job_codes import site_job_code_rates
from tests.support.rate_world import RateWorld

CALCULATED, FIXED, MANUAL = RateMethod.WEIGHTED_AVERAGE, RateMethod.FIXED, RateMethod.MANUAL


@pytest.fixture
def world(tmp_path: Path) -> Iterator[RateWorld]:
    world = RateWorld(tmp_path)
    world.add_sites("TP001")
    world.add_code("VLT1")
    world.add_pair("TP001", "VLT1")
    yield world
    world.close()


def _enter(world: RateWorld, rate: str, method: RateMethod, effective: str) -> tuple[bool, RatesWritten]:
    """Enter one rate as a run or a person does: whether it changed anything, and the rows written."""
    day = date.fromisoformat(effective)
    with world.runtime.database.writing() as connection:
        (pair,) = rates.pair_rates(connection, SiteScope.all_sites(), day)
        is_entered = method in {FIXED, MANUAL}
        current = pair.entered if is_entered else pair.calculated
        following = pair.next_entered if is_entered else pair.next_calculated
        plan = RatePlan(day)
        changed = plan.place(NewRate("TP001", "VLT1", Decimal(rate), method), current, following)
        return changed, plan.write(connection, None, "tester", world.clock.now())


def test_a_new_value_ends_the_one_before_it_on_the_day_before(world: RateWorld) -> None:
    _enter(world, "16", CALCULATED, "2025-06-01")
    changed, written = _enter(world, "17", CALCULATED, "2025-06-10")
    assert (changed, written) == (True, RatesWritten(inserted=1, updated=1))
    assert world.history() == [
        ("16.000000", "weighted_average", "2025-06-01", "2025-06-09"),
        ("17.000000", "weighted_average", "2025-06-10", None),
    ]


def test_a_back_dated_row_ends_on_the_day_before_the_next_one(world: RateWorld) -> None:
    _enter(world, "16", CALCULATED, "2025-06-01")
    _enter(world, "18", CALCULATED, "2025-06-20")
    _enter(world, "17", CALCULATED, "2025-06-10")
    assert world.history() == [
        ("16.000000", "weighted_average", "2025-06-01", "2025-06-09"),
        ("17.000000", "weighted_average", "2025-06-10", "2025-06-19"),
        ("18.000000", "weighted_average", "2025-06-20", None),
    ]


def test_a_row_before_all_others_ends_before_the_first(world: RateWorld) -> None:
    _enter(world, "18", CALCULATED, "2025-06-20")
    _enter(world, "17", CALCULATED, "2025-06-10")
    assert world.history() == [
        ("17.000000", "weighted_average", "2025-06-10", "2025-06-19"),
        ("18.000000", "weighted_average", "2025-06-20", None),
    ]


def test_a_second_row_of_a_date_replaces_the_first_which_stays_superseded(world: RateWorld) -> None:
    _enter(world, "16", CALCULATED, "2025-06-01")
    _enter(world, "18", CALCULATED, "2025-06-20")
    _enter(world, "17", CALCULATED, "2025-06-01")
    assert world.history() == [
        ("17.000000", "weighted_average", "2025-06-01", "2025-06-19"),
        ("18.000000", "weighted_average", "2025-06-20", None),
    ]
    (old,) = [row for row in world.rows_of(site_job_code_rates) if row.superseded_at is not None]
    assert (old.hourly_rate, old.superseded_at) == (Decimal(16), world.clock.now())


def test_an_equal_value_adds_nothing_and_moves_the_as_of_date_forward_only(world: RateWorld) -> None:
    _enter(world, "16", CALCULATED, "2025-06-01")
    assert _enter(world, "16", CALCULATED, "2025-06-10") == (False, RatesWritten(inserted=0, updated=1))
    assert _enter(world, "16", CALCULATED, "2025-06-10") == (False, RatesWritten(inserted=0, updated=0))
    assert _enter(world, "16", CALCULATED, "2025-06-05") == (False, RatesWritten(inserted=0, updated=0))
    (row,) = world.rows_of(site_job_code_rates)
    assert (row.effective_date, row.as_of_date, row.end_date) == (date(2025, 6, 1), date(2025, 6, 10), None)


def test_entered_and_calculated_rates_have_histories_of_their_own(world: RateWorld) -> None:
    _enter(world, "16", CALCULATED, "2025-06-01")
    _enter(world, "19", FIXED, "2025-06-05")
    _enter(world, "17", CALCULATED, "2025-06-05")
    assert world.history() == [
        ("16.000000", "weighted_average", "2025-06-01", "2025-06-04"),
        ("17.000000", "weighted_average", "2025-06-05", None),
        ("19.000000", "fixed", "2025-06-05", None),
    ]


def test_an_entered_rate_of_another_method_is_a_new_rate_even_when_the_value_is_equal(world: RateWorld) -> None:
    _enter(world, "19", FIXED, "2025-06-05")
    assert _enter(world, "19", MANUAL, "2025-06-05")[0]
    assert not _enter(world, "19", MANUAL, "2025-06-05")[0]
    assert world.history() == [("19.000000", "manual", "2025-06-05", None)]


def test_an_equal_value_after_one_that_has_ended_is_a_new_row(world: RateWorld) -> None:
    world.add_rate("TP001", "VLT1", "19", "contract", "2025-05-01", "2025-05-31")
    _enter(world, "19", FIXED, "2025-06-15")
    assert world.history() == [
        ("19.000000", "contract", "2025-05-01", "2025-05-31"),
        ("19.000000", "fixed", "2025-06-15", None),
    ]


@pytest.mark.parametrize("seed", range(5))
def test_whatever_the_order_no_day_is_covered_twice_and_the_last_word_of_each_date_holds(
    world: RateWorld, seed: int
) -> None:
    chance = random.Random(seed)
    last_word: dict[str, str] = {}
    for _ in range(25):
        day = f"2025-06-{chance.randrange(1, 13):02d}"
        rate = str(chance.randrange(10, 14))
        changed, _ = _enter(world, rate, CALCULATED, day)
        if changed:
            last_word[day] = rate
    rows = world.history()
    assert {first: str(int(Decimal(rate))) for rate, _, first, _ in rows} == last_word
    ends = [end for _, _, _, end in rows]
    starts = [date.fromisoformat(first) for _, _, first, _ in rows]
    assert ends[-1] is None
    assert [date.fromisoformat(end).toordinal() + 1 for end in ends[:-1] if end] == [
        day.toordinal() for day in starts[1:]
    ]
