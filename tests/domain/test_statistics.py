"""Statistics: derivation of a day, ratios, and the combination of days and sites."""

from datetime import date
from decimal import Decimal

from shared_code.domain.statistics import (
    Category,
    Statistics,
    StatisticsDay,
    Volumes,
    aggregate_days,
    budget_volumes,
    combine_statistics,
    derive_day,
)

DAY = date(2025, 4, 1)


def test_overnight_cars_follow_from_occupancy_and_both_ratios() -> None:
    derived = derive_day(
        StatisticsDay(DAY, occupancy=Decimal("0.65"), drive_in_ratio=Decimal("0.40"), capture_ratio=Decimal("0.70")),
        available_rooms=240,
    )
    assert (derived.occupied_rooms, derived.overnight) == (Decimal(156), Decimal("62.4"))
    assert (derived.valet_overnight, derived.self_overnight) == (Decimal("43.68"), Decimal("18.72"))


def test_nothing_is_rounded_in_the_derivation() -> None:
    derived = derive_day(StatisticsDay(DAY, occupied_rooms=Decimal(133), drive_in_ratio=Decimal("0.55")), 200)
    assert derived.overnight == Decimal("73.15")


def test_occupancy_is_0_at_a_site_without_rooms() -> None:
    assert derive_day(StatisticsDay(DAY, occupied_rooms=Decimal(5)), 0).occupancy == 0


def test_ratios_of_days_are_weighted_not_averaged() -> None:
    days = [
        StatisticsDay(DAY, occupied_rooms=Decimal(90), drive_in_ratio=Decimal("0.5")),
        StatisticsDay(date(2025, 4, 2), occupied_rooms=Decimal(210), drive_in_ratio=Decimal("0.2")),
    ]
    assert aggregate_days(days, 300).drive_in_ratio == Decimal("0.29")


def test_a_day_without_a_record_adds_neither_rooms_sold_nor_rooms_to_sell() -> None:
    week = aggregate_days([StatisticsDay(DAY, occupied_rooms=Decimal(60))], available_rooms=80, days_in_period=7)
    assert (week.occupancy, week.available_rooms, week.missing_days) == (Decimal("0.75"), 80, 6)


def test_no_record_at_all_gives_zeros_and_only_missing_days() -> None:
    assert aggregate_days([], available_rooms=80, days_in_period=7) == Statistics(missing_days=7)


def test_comps_are_reported_apart_from_vehicles() -> None:
    volumes = Volumes(valet_daily=Decimal(3), self_monthly=Decimal(2), valet_comps=Decimal(7), self_comps=Decimal(1))
    assert (volumes.total_vehicles, volumes.comps) == (Decimal(5), Decimal(8))


def test_two_sites_combine_to_sums_and_weighted_ratios() -> None:
    small = Statistics(Decimal(50), valet_overnight=Decimal(10), available_rooms=100, missing_days=1)
    large = Statistics(Decimal(150), self_overnight=Decimal(30), available_rooms=300)
    both = combine_statistics([small, large])
    assert both == Statistics(
        Decimal(200), valet_overnight=Decimal(10), self_overnight=Decimal(30), available_rooms=400, missing_days=1
    )
    assert (both.occupancy, both.drive_in_ratio, both.capture_ratio) == (
        Decimal("0.5"),
        Decimal("0.2"),
        Decimal("0.25"),
    )


def test_no_sites_combine_to_nothing() -> None:
    assert combine_statistics([]) == Statistics()


def test_budget_statistics_are_read_from_their_accounts() -> None:
    balances = {
        "9440": Decimal(3000),
        "9510": Decimal(240),
        "9560": Decimal(300),
        "9580": Decimal(4),
        "9411": Decimal(1),
    }
    assert budget_volumes(balances) == Volumes(
        occupied_rooms=Decimal(3000), valet_daily=Decimal(240), self_overnight=Decimal(300), self_comps=Decimal(4)
    )


def test_every_priced_category_is_a_count() -> None:
    volumes = Volumes(*(Decimal(number) for number in range(11)))
    counts = [volumes.count(category) for category in Category]
    assert counts == [1, 2, 3, 4, 6, 7, 8, 9]
