"""Effective statistics: saved days over the budget, field by field and day by day."""

from datetime import date, timedelta
from decimal import Decimal
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from shared_code.domain.effective_statistics import (
    RoomsSource,
    StatisticsMonth,
    effective_day,
    effective_days,
    effective_statistics,
    share_of_month,
)
from shared_code.domain.months import days_in, first_day, last_day
from shared_code.domain.statistics import VOLUMES_OF, StatisticsDay, Volumes, combine_statistics
from tests.domain.strategies import PERIODS, VOLUMES, statistics_days

JUNE = StatisticsMonth(
    "2025-06",
    available_rooms=150,
    budget=Volumes(occupied_rooms=Decimal(3000), valet_overnight=Decimal(900), self_overnight=Decimal(300)),
)
TOLERANCE = Decimal("1e-15")


def june(*saved: StatisticsDay) -> StatisticsMonth:
    return StatisticsMonth(JUNE.period, JUNE.available_rooms, JUNE.budget, saved)


@st.composite
def months(draw: st.DrawFn) -> StatisticsMonth:
    period = draw(PERIODS)
    return StatisticsMonth(period, draw(st.integers(0, 2000)), draw(VOLUMES), draw(statistics_days(period)))


def test_saved_rooms_move_the_overnight_cars_at_the_ratios_of_the_budget() -> None:
    month = june(StatisticsDay(date(2025, 6, 5), occupied_rooms=Decimal(120)))
    day = effective_day(month, date(2025, 6, 5)).volumes
    assert (day.overnight, day.valet_overnight, day.self_overnight) == (Decimal(48), Decimal(36), Decimal(12))
    other = effective_day(month, date(2025, 6, 6)).volumes
    assert (other.occupied_rooms, other.valet_overnight, other.self_overnight) == (
        Decimal(100),
        Decimal(30),
        Decimal(10),
    )


def test_typed_overnight_counts_win_over_rooms_and_ratios() -> None:
    saved = StatisticsDay(
        date(2025, 6, 5), occupied_rooms=Decimal(120), capture_ratio=Decimal(1), self_overnight=Decimal(7)
    )
    day = effective_day(june(saved), saved.day)
    assert (day.volumes.valet_overnight, day.volumes.self_overnight) == (Decimal(30), Decimal(7))
    assert day.capture_ratio == Decimal(30) / 37


def test_saved_ratios_are_shown_also_on_a_day_without_rooms() -> None:
    saved = StatisticsDay(date(2025, 6, 5), occupied_rooms=Decimal(0), drive_in_ratio=Decimal("0.6"))
    day = effective_day(june(saved), saved.day)
    assert (day.drive_in_ratio, day.capture_ratio, day.volumes.overnight) == (
        Decimal("0.6"),
        Decimal("0.75"),
        Decimal(0),
    )


def test_a_saved_zero_is_a_value_and_a_note_alone_is_not() -> None:
    month = june(StatisticsDay(date(2025, 6, 1), valet_comps=Decimal(0)), StatisticsDay(date(2025, 6, 2)))
    assert month.has_saved_value
    assert not june(StatisticsDay(date(2025, 6, 2))).has_saved_value
    assert [day.is_saved for day in effective_days(month)][:3] == [True, False, False]


def test_rooms_are_mixed_until_every_day_is_saved() -> None:
    first = StatisticsDay(date(2025, 6, 1), occupancy=Decimal(0))
    assert june().rooms_source is RoomsSource.BUDGET
    assert june(first).rooms_source is RoomsSource.MIXED
    every_day = [StatisticsDay(date(2025, 6, number), occupied_rooms=Decimal(1)) for number in range(1, 31)]
    assert june(*every_day).rooms_source is RoomsSource.FORECAST


def test_a_share_of_a_month_divides_last() -> None:
    assert share_of_month(Decimal(100), 3, 30) == Decimal(10)
    assert share_of_month(Decimal("0.1"), 0, 31) == 0


def test_thirds_that_come_out_even_stay_even() -> None:
    month = StatisticsMonth(
        "2025-06",
        budget=Volumes(occupied_rooms=Decimal(3000), valet_overnight=Decimal(700), self_overnight=Decimal(300)),
        saved=[StatisticsDay(date(2025, 6, number), occupied_rooms=Decimal(50)) for number in (1, 2, 3)],
    )
    whole = effective_statistics(month, date(2025, 6, 1), date(2025, 6, 3))
    assert (whole.valet_overnight, whole.self_overnight) == (Decimal(35), Decimal(15))


def test_a_stretch_that_ends_before_it_begins_is_empty() -> None:
    nothing = effective_statistics(JUNE, date(2025, 7, 1), date(2025, 6, 30))
    assert (nothing.occupied_rooms, nothing.overnight) == (Decimal(0), Decimal(0))
    assert nothing.available_rooms == 0


@given(months())
@settings(deadline=None, max_examples=60)
def test_days_sum_to_the_month(month: StatisticsMonth) -> None:
    days = combine_statistics(day.volumes for day in effective_days(month))
    whole = effective_statistics(month)
    assert days.available_rooms == whole.available_rooms
    for of_days, of_month in zip(VOLUMES_OF(days), VOLUMES_OF(whole), strict=True):
        assert abs(of_days - of_month) < TOLERANCE


@given(months(), st.integers(1, 28))
@settings(deadline=None, max_examples=60)
def test_two_parts_of_a_month_sum_to_the_month(month: StatisticsMonth, cut: int) -> None:
    middle = first_day(month.period).replace(day=cut)
    parts = [
        effective_statistics(month, last=middle),
        effective_statistics(month, first=middle + timedelta(days=1)),
    ]
    whole = effective_statistics(month)
    for of_parts, of_month in zip(VOLUMES_OF(combine_statistics(parts)), VOLUMES_OF(whole), strict=True):
        assert abs(of_parts - of_month) < TOLERANCE


@given(months(), st.randoms(use_true_random=False))
@settings(deadline=None, max_examples=60)
def test_the_order_of_the_saved_days_does_not_matter(month: StatisticsMonth, random: Random) -> None:
    shuffled = list(month.saved)
    random.shuffle(shuffled)
    again = StatisticsMonth(month.period, month.available_rooms, month.budget, shuffled)
    for left, right in zip(
        VOLUMES_OF(effective_statistics(again)), VOLUMES_OF(effective_statistics(month)), strict=True
    ):
        assert abs(left - right) < TOLERANCE


@given(PERIODS, VOLUMES)
@settings(deadline=None)
def test_a_month_without_saved_days_is_its_budget(period: str, budget: Volumes) -> None:
    month = StatisticsMonth(period, 10, budget)
    whole = effective_statistics(month, first_day(period), last_day(period))
    assert VOLUMES_OF(whole) == VOLUMES_OF(budget)
    assert whole.available_rooms == 10 * days_in(period)


@given(months())
@settings(deadline=None, max_examples=60)
def test_each_day_agrees_with_the_rule_taken_word_for_word(month: StatisticsMonth) -> None:
    month_days = days_in(month.period)
    for saved in month.saved:
        day = effective_day(month, saved.day)
        rooms = saved.occupied_rooms
        if rooms is None and saved.occupancy is not None:
            rooms = saved.occupancy * month.available_rooms
        effective_rooms = month.budget.occupied_rooms / month_days if rooms is None else rooms
        if saved.valet_overnight is not None or saved.self_overnight is not None:
            valet = (
                month.budget.valet_overnight / month_days if saved.valet_overnight is None else saved.valet_overnight
            )
            cars = valet + (
                month.budget.self_overnight / month_days if saved.self_overnight is None else saved.self_overnight
            )
        elif rooms is not None or saved.drive_in_ratio is not None or saved.capture_ratio is not None:
            drive_in = month.budget.drive_in_ratio if saved.drive_in_ratio is None else saved.drive_in_ratio
            capture = month.budget.capture_ratio if saved.capture_ratio is None else saved.capture_ratio
            cars = drive_in * effective_rooms
            valet = cars * capture
        else:
            valet, cars = month.budget.valet_overnight / month_days, month.budget.overnight / month_days
        assert abs(day.volumes.occupied_rooms - effective_rooms) < TOLERANCE
        assert abs(day.volumes.valet_overnight - valet) < TOLERANCE
        assert abs(day.volumes.overnight - cars) < TOLERANCE
