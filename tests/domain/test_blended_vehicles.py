"""Vehicles of the running month: recorded to the last day with any, forecast after it."""

from datetime import date
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from shared_code.domain.blended_vehicles import blend_vehicles
from shared_code.domain.effective_statistics import StatisticsMonth, effective_statistics
from shared_code.domain.statistics import VOLUMES_OF, Volumes
from tests.domain.strategies import VOLUMES

JUNE = StatisticsMonth("2025-06", budget=Volumes(valet_daily=Decimal(300), valet_monthly=Decimal(60)))
"""10 daily and 2 monthly cars a day."""


def june(day: int) -> date:
    return date(2025, 6, day)


def test_cars_that_are_recorded_on_the_first_are_not_forecast_again_for_the_recorded_days() -> None:
    recorded = {june(1): Volumes(valet_daily=Decimal(9), valet_monthly=Decimal(50))}
    recorded |= {june(day): Volumes(valet_daily=Decimal(9)) for day in range(2, 11)}
    blended = blend_vehicles(recorded, JUNE)
    assert (blended.valet_daily, blended.valet_monthly) == (Decimal(290), Decimal(90))


def test_a_gap_is_zero_and_days_of_zeros_after_the_last_car_are_forecast() -> None:
    recorded = {june(4): Volumes(valet_comps=Decimal(1)), june(5): Volumes(occupied_rooms=Decimal(70))}
    blended = blend_vehicles(recorded, JUNE)
    assert (blended.valet_daily, blended.valet_comps) == (Decimal(260), Decimal(1))


def test_a_month_that_is_recorded_to_its_end_has_nothing_of_the_forecast() -> None:
    assert blend_vehicles({june(30): Volumes(self_daily=Decimal(7))}, JUNE) == Volumes(self_daily=Decimal(7))


def test_without_a_recorded_car_the_month_is_its_forecast() -> None:
    assert blend_vehicles({}, JUNE) == effective_statistics(JUNE)
    assert blend_vehicles({june(3): Volumes(occupied_rooms=Decimal(70))}, JUNE) == effective_statistics(JUNE)


@given(st.integers(1, 30), VOLUMES)
@settings(deadline=None, max_examples=30)
def test_days_recorded_as_they_were_forecast_change_nothing(last: int, budget: Volumes) -> None:
    month = StatisticsMonth("2025-06", budget=budget)
    recorded = {june(day): effective_statistics(month, june(day), june(day)) for day in range(1, last + 1)}
    blended = VOLUMES_OF(blend_vehicles(recorded, month))
    assert all(abs(one - other) < Decimal("1e-15") for one, other in zip(blended, VOLUMES_OF(budget), strict=True))
