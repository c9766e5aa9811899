"""What is known of a site, and the metrics that it gives."""

from decimal import Decimal

import pytest

from shared_code.domain.metrics import Quotient, is_lower_better
from shared_code.domain.pnl_rows import PnlRow
from shared_code.domain.productivity import FamilyHours
from shared_code.domain.site_figures import (
    DAY_METRICS,
    METRICS,
    NOTHING_KNOWN,
    RATIO_METRICS,
    SUMS,
    Labor,
    RoomNights,
    SiteFigures,
    figure_of,
    metric_quotients,
    unit_of,
)
from shared_code.domain.statistics import Volumes

VEHICLES = Volumes(
    valet_daily=Decimal(90), valet_overnight=Decimal(6), self_overnight=Decimal(3), self_comps=Decimal(1)
)
LABOR = Labor(
    (FamilyHours("", "valets", Decimal(40)), FamilyHours("", "bell", Decimal(10), productive=False)), Decimal(5)
)


def test_a_metric_is_known_where_both_of_its_parts_are() -> None:
    assert metric_quotients(NOTHING_KNOWN) == {}
    assert set(metric_quotients(SiteFigures(vehicles=VEHICLES))) == {"vehicles_served", "capture_ratio"}
    found = metric_quotients(SiteFigures(vehicles=VEHICLES, labor=LABOR))
    assert found["vehicles_per_labor_hour"] == Quotient(Decimal(100), Decimal(40))
    assert found["overtime_percent"] == Quotient(Decimal(500), Decimal(50))
    assert "labor_cost_per_vehicle" not in found


def test_a_row_that_is_unavailable_makes_no_metric_and_one_that_is_zero_does() -> None:
    money = {PnlRow.EXTERNAL_REVENUE: None, PnlRow.PAYROLL: Decimal(0)}
    found = metric_quotients(SiteFigures(vehicles=VEHICLES, money=money))
    assert "revenue_per_vehicle" not in found
    assert found["labor_cost_per_vehicle"].value == 0
    assert found["payroll"] == Quotient(Decimal(0), Decimal(1))


def test_the_cars_of_the_days_with_rooms_are_set_against_these_rooms() -> None:
    rooms = RoomNights(Decimal(60), 80, Decimal(6))
    found = metric_quotients(SiteFigures(vehicles=VEHICLES, rooms=rooms))
    assert [found[name].value for name in ("drive_in_ratio", "occupancy", "occupied_rooms")] == [
        Decimal("0.1"),
        Decimal("0.75"),
        60,
    ]


def test_what_adds_up_is_added_and_the_rest_is_pooled() -> None:
    parts = [Quotient(Decimal(30), Decimal(10)), None, Quotient(Decimal(5), Decimal(5))]
    assert figure_of("vehicles_per_labor_hour", parts) == Decimal(35) / 15
    assert figure_of("vehicles_served", parts) == 35
    assert figure_of("vehicles_served", [None, None]) is None
    assert figure_of("vehicles_served", parts, needs_all=True) == 35
    assert figure_of("payroll", parts, needs_all=True) is None
    assert figure_of("payroll", parts) == 35


def test_no_metric_in_which_sites_are_compared_grows_with_a_site() -> None:
    assert not SUMS & set(RATIO_METRICS)
    assert set(RATIO_METRICS) | SUMS == set(METRICS)


@pytest.mark.parametrize("metric", ["flc", "internal_revenue", "claims", "labor_to_internal_revenue_percent"])
def test_what_only_the_ledger_knows_no_day_has(metric: str) -> None:
    assert metric not in DAY_METRICS


def test_every_metric_has_a_unit_and_cost_is_better_when_it_is_lower() -> None:
    units = {"count", "hours", "money", "percent", "fraction", "number"}
    assert {unit_of(metric) for metric in METRICS} == units
    assert is_lower_better("payroll")
    assert not is_lower_better("flc")
