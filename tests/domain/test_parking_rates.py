"""Parking rates: saved, else budget, else none."""

from decimal import Decimal

from hypothesis import given

from shared_code.domain.parking_rates import (
    NO_RATE,
    ParkingRate,
    RateSource,
    actual_rate,
    budget_rate,
    budget_rates,
    parking_rate,
)
from shared_code.domain.statistics import Category
from tests.domain.strategies import RATES


def test_a_budget_rate_is_revenue_per_vehicle_with_2_decimals() -> None:
    assert budget_rate(Decimal("30150.00"), Decimal(670)) == Decimal("45.00")
    assert budget_rate(Decimal("10.05"), Decimal(2)) == Decimal("5.03")


def test_there_is_no_budget_rate_without_revenue_or_vehicles() -> None:
    assert budget_rate(None, Decimal(5)) is None
    assert budget_rate(Decimal(5), None) is None
    assert budget_rate(Decimal(5), Decimal(0)) is None


def test_a_budget_revenue_of_0_is_a_rate_of_0() -> None:
    assert budget_rate(Decimal(0), Decimal(5)) == 0


def test_aggregators_have_no_budget_rate() -> None:
    every_account = {str(account): Decimal(100) for account in range(9400, 9600)}
    rates = budget_rates(every_account)
    assert set(Category) - set(rates) == {Category.VALET_AGGREGATOR, Category.SELF_AGGREGATOR}
    assert set(rates.values()) == {Decimal(1)}


@given(RATES)
def test_a_saved_rate_wins_over_the_budget_also_when_it_is_0(saved: Decimal) -> None:
    assert parking_rate(saved, Decimal("9.99")) == ParkingRate(saved, RateSource.FORECAST)


def test_without_any_rate_the_rate_is_0_of_no_source() -> None:
    assert parking_rate(None, None) == NO_RATE
    assert parking_rate(None, Decimal(0)) == ParkingRate(Decimal(0), RateSource.BUDGET)


def test_there_is_no_actual_rate_without_vehicles() -> None:
    assert actual_rate(Decimal(100), Decimal(0)) is None
    assert actual_rate(Decimal(100), Decimal(-2)) is None
    assert actual_rate(None, Decimal(2)) is None
    assert actual_rate(Decimal("-5.01"), Decimal(2)) == Decimal("-2.51")
