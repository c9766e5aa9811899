"""Productivity metrics, baselines, changes and correlation."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared_code.domain.metrics import Quotient, change_percent, is_lower_better, pool, round_metric
from shared_code.domain.productivity import (
    Activity,
    FamilyHours,
    VehicleScope,
    measure_families,
    measure_productivity,
    occupancy_impact,
    seasonally_adjusted,
)
from tests.domain.strategies import COUNTS, MONEY

METRICS = ("vehicles_per_labor_hour", "revenue_per_vehicle", "overtime_percent", "schedule_fill_rate")
QUOTIENTS = st.lists(st.builds(Quotient, MONEY, COUNTS), max_size=6)


def test_a_site_without_activity_has_no_metric_and_no_zero() -> None:
    productivity = measure_productivity(Activity())
    assert [productivity.value(metric) for metric in METRICS] == [None] * 4
    assert productivity.value("vehicles_served") == 0


def test_comps_are_served_but_earn_nothing() -> None:
    activity = Activity(
        valet_vehicles=Decimal(90),
        valet_comps=Decimal(10),
        net_external_revenue=Decimal(900),
        payroll_cost=Decimal(200),
    )
    productivity = measure_productivity(activity)
    assert productivity.value("revenue_per_vehicle") == 10
    assert productivity.value("labor_cost_per_vehicle") == 2


def test_a_family_counts_the_vehicles_of_its_scope_and_its_productive_hours() -> None:
    labor = [FamilyHours("A", "Valet", Decimal(10)), FamilyHours("B", "Valet", Decimal(5), productive=False)]
    activity = Activity(Decimal(30), Decimal(8), Decimal(2), Decimal(1), labor=labor)
    scopes = {"Valet": VehicleScope.VALET, "Self": VehicleScope.SELF, "Lead": VehicleScope.ALL}
    families = measure_families(activity, scopes)
    assert [(family.vehicles, family.hours) for family in families] == [
        (Decimal(32), Decimal(10)),
        (Decimal(9), Decimal(0)),
        (Decimal(41), Decimal(0)),
    ]
    assert [family.vehicles_per_hour for family in families] == [Decimal("3.2"), None, None]


def test_percent_metrics_are_percent_points() -> None:
    activity = Activity(payroll_cost=Decimal(25), internal_revenue=Decimal(200), net_external_revenue=Decimal(-50))
    productivity = measure_productivity(activity)
    assert productivity.value("labor_to_internal_revenue_percent") == Decimal("12.5")
    assert productivity.value("labor_to_external_revenue_percent") == -50


@given(QUOTIENTS, QUOTIENTS)
def test_months_are_pooled_in_any_grouping(first: list[Quotient], second: list[Quotient]) -> None:
    assert pool([pool(first), pool(second)]) == pool([*second, *first])


def test_a_baseline_is_pooled_and_not_the_mean_of_its_months() -> None:
    months = [Quotient(Decimal(3_000), Decimal(1_000)), Quotient(Decimal(500), Decimal(500))]
    assert round_metric("vehicles_per_labor_hour", pool(months).value) == Decimal("2.333333")


@pytest.mark.parametrize(
    ("value", "earlier"), [(None, Decimal(1)), (Decimal(1), None), (Decimal(1), Decimal(0)), (None, None)]
)
def test_a_change_needs_both_values_and_something_to_compare_with(
    value: Decimal | None, earlier: Decimal | None
) -> None:
    assert change_percent(value, earlier) is None


@given(MONEY, MONEY.filter(bool))
def test_a_change_has_the_sign_of_the_difference(value: Decimal, earlier: Decimal) -> None:
    change = change_percent(value, earlier)
    assert change is not None
    assert change * (value - earlier) >= 0


def test_a_value_is_divided_by_its_seasonal_index() -> None:
    assert seasonally_adjusted(Decimal("4.2"), Decimal("1.05")) == 4
    assert seasonally_adjusted(None, Decimal(1)) is None


@given(st.lists(st.tuples(st.integers(0, 100), st.integers(0, 500)), min_size=3, max_size=31))
def test_a_correlation_lies_between_minus_1_and_1_and_is_symmetric(days: list[tuple[int, int]]) -> None:
    forward = occupancy_impact((Decimal(x) / 100, Decimal(y)) for x, y in days)
    backward = occupancy_impact((Decimal(y), Decimal(x) / 100) for x, y in days)
    assert forward == backward
    assert forward is None or -1 <= forward <= 1


def test_fewer_than_three_complete_days_have_no_correlation() -> None:
    days = [(Decimal("0.5"), Decimal(1)), (Decimal("0.6"), Decimal(2)), (None, Decimal(3)), (Decimal("0.7"), None)]
    assert occupancy_impact(days) is None


@pytest.mark.parametrize("days", [3, 5, 28, 30, 31])
def test_days_that_do_not_vary_have_no_correlation_however_many_decimals_they_have(days: int) -> None:
    thirds = [Decimal(1) / 3] * days
    vehicles = [Decimal(7 + number % 5) for number in range(days)]
    assert occupancy_impact(zip(thirds, vehicles, strict=True)) is None
    assert occupancy_impact(zip(vehicles, thirds, strict=True)) is None


def test_less_is_better_for_cost_metrics_and_expense_rows() -> None:
    assert is_lower_better("labor_cost_per_vehicle")
    assert is_lower_better("pteb")
    assert not is_lower_better("revenue_per_vehicle")


def test_fractions_and_units_per_hour_have_six_decimals_and_money_two() -> None:
    third = Decimal(1) / 3
    assert round_metric("schedule_fill_rate", third) == Decimal("0.333333")
    assert round_metric("revenue_per_labor_hour", third) == Decimal("0.33")
    assert round_metric("occupancy", None) is None
