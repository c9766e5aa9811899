"""Productivity from the database, against sums that are made here by hand."""

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from statistics import correlation
from typing import Any

import pytest

from shared_code.domain.months import days_in, days_of, months_of_year
from shared_code.domain.pnl_rows import PnlRow
from shared_code.domain.site_figures import Basis
from shared_code.domain.site_scope import SiteScope
from shared_code.services.periods import parse_period
from shared_code.services.pnl_site_cells import open_site
from shared_code.services.pnl_view import site_pnl
from shared_code.services.productivity import SiteProductivity, site_productivity
from tests.support.analysis_world import AnalysisWorld

SITE = "TP001"
BUDGET = {"4790": "-31000", "6000": "15500", "9410": "46500", "9440": "1240", "9510": "1550"}
LEDGER = {"4790": "-30000", "6000": "18000.50", "9410": "45000"}


def valets(day: date) -> int:
    """Daily valet vehicles, different from day to day."""
    return 20 + day.day % 7 + day.month


def rooms(day: date) -> int:
    return 50 + (3 * day.day) % 20


@pytest.fixture
def world(tmp_path: Path) -> Iterator[AnalysisWorld]:
    """Business date 16 July 2025; days are recorded from April to 14 July, the ledger is closed through June."""
    world = AnalysisWorld(tmp_path)
    world.know_codes()
    world.add_sites(SITE)
    with world.runtime.database.writing() as connection:
        connection.exec_driver_sql("UPDATE sites SET total_rooms = 80")
    world.use_codes(SITE)
    world.budget(SITE, BUDGET)
    world.ledger(SITE, LEDGER, "2025-04", "2025-05", "2025-06")
    for month in ("VLT1", "CASH"):
        world.budget_hours(SITE, month, "310", months_of_year(2025))
    for day in recorded():
        world.traffic(
            SITE,
            [day],
            valet_daily=valets(day),
            self_daily=5,
            valet_overnight=12,
            self_overnight=6,
            valet_comps=2,
            self_comps=1,
            occupied_rooms=rooms(day),
            total_net_revenue=1450,
        )
    world.work(SITE, "VLT1", recorded(), "20", "350", overtime="1")
    world.work(SITE, "CASH", recorded(), "8", "120")
    world.work(SITE, "DOOR", recorded(), "4", "60", overtime="0.5")
    world.shifts(SITE, "VLT1", [*recorded(), *days_after(date(2025, 7, 14), 10)], 30 * 60)
    yield world
    world.close()


def recorded() -> list[date]:
    return days_after(date(2025, 3, 31), 105)


def days_after(day: date, count: int) -> list[date]:
    return [day + timedelta(days=offset) for offset in range(1, count + 1)]


def measure(world: AnalysisWorld, period: str = "2025-06", **options: Any) -> SiteProductivity:
    site = open_site(world.runtime, SiteScope.of([SITE]), SITE)
    return site_productivity(world.runtime, site, parse_period(period), **options)


def exact(value: Fraction, places: int) -> Decimal:
    """A fraction rounded half up."""
    scaled = value * 10**places
    return Decimal(int(scaled + Fraction(1, 2))).scaleb(-places)


def served(month: str) -> int:
    return sum(valets(day) + 5 + 12 + 6 + 3 for day in days_of(month))


def test_the_metrics_of_a_closed_month_are_those_of_its_records_and_its_ledger(world: AnalysisWorld) -> None:
    figures = measure(world).metrics.figures
    vehicles, hours = served("2025-06"), 30 * 28
    assert figures == {
        "vehicles_served": vehicles,
        "productive_hours": hours,
        "vehicles_per_labor_hour": exact(Fraction(vehicles, hours), 6),
        "revenue_per_vehicle": exact(Fraction(45000, vehicles - 90), 2),
        "labor_cost_per_vehicle": exact(Fraction(1800050, 100 * vehicles), 2),
        "revenue_per_labor_hour": exact(Fraction(45000, hours), 2),
        "labor_to_external_revenue_percent": Decimal("40.00"),
        "labor_to_internal_revenue_percent": Decimal("60.00"),
        "overtime_percent": exact(Fraction(150, 32), 2),
        "schedule_fill_rate": exact(Fraction(32, 30), 6),
        "occupied_rooms": sum(rooms(day) for day in days_of("2025-06")),
        "drive_in_ratio": exact(Fraction(30 * 18, sum(rooms(day) for day in days_of("2025-06"))), 6),
        "capture_ratio": exact(Fraction(12, 18), 6),
    }


def test_a_family_serves_the_vehicles_of_its_scope_and_one_that_is_not_productive_none(world: AnalysisWorld) -> None:
    families = {one.job_family: (one.hours, one.vehicles) for one in measure(world).metrics.families}
    valet = sum(valets(day) + 12 + 2 for day in days_of("2025-06"))
    expected = {"Valets": (Decimal(600), Decimal(valet)), "Cashiers": (Decimal(240), Decimal(served("2025-06")))}
    assert families == expected


def test_the_baseline_pools_the_months_of_the_window_before_the_period(world: AnalysisWorld) -> None:
    baseline = measure(world, window=2).baseline
    vehicles = served("2025-04") + served("2025-05")
    assert baseline.figures["vehicles_per_labor_hour"] == exact(Fraction(vehicles, 61 * 28), 6)
    assert baseline.figures["labor_cost_per_vehicle"] == exact(Fraction(2 * 1800050, 100 * vehicles), 2)
    assert baseline.figures["vehicles_served"] == exact(Fraction(vehicles, 2), 2)
    assert {one.job_family: one.hours for one in baseline.families} == {"Valets": 610, "Cashiers": 244}
    assert measure(world, window=36).baseline.figures == baseline.figures, "months without a record do not count"


def test_changes_are_against_the_month_before_and_the_same_month_last_year(world: AnalysisWorld) -> None:
    found = measure(world)
    before, now = served("2025-05"), served("2025-06")
    change = Fraction(100 * (now - before), before)
    assert found.month_over_month["vehicles_served"] == -exact(-change, 2)
    assert set(found.year_over_year.values()) == {None}


def test_a_quarter_is_pooled_and_compared_with_the_quarter_before(world: AnalysisWorld) -> None:
    quarter = measure(world, "2025-Q2")
    vehicles = sum(served(month) for month in ("2025-04", "2025-05", "2025-06"))
    assert quarter.metrics.figures["vehicles_served"] == vehicles
    assert quarter.metrics.figures["vehicles_per_labor_hour"] == exact(Fraction(vehicles, 91 * 28), 6)
    assert quarter.metrics.figures["labor_cost_per_vehicle"] == exact(Fraction(3 * 1800050, 100 * vehicles), 2)
    assert set(quarter.month_over_month.values()) == {None}


def test_the_running_month_is_recorded_to_its_last_days_and_forecast_after_them(world: AnalysisWorld) -> None:
    found = measure(world, "2025-07")
    days = [day for day in recorded() if day.month == 7]
    vehicles = sum(valets(day) + 5 + 12 + 6 + 3 for day in days) + Fraction(1550 * 17, 31)
    hours = 14 * 28 + Fraction(620 * 17, 31)
    assert found.metrics.figures["vehicles_served"] == exact(Fraction(vehicles), 2)
    assert found.metrics.figures["vehicles_per_labor_hour"] == exact(vehicles / hours, 6)
    assert found.metrics.figures["schedule_fill_rate"] == exact(Fraction(32, 30), 6), "of the days that were worked"
    pnl = site_pnl(world.runtime, SiteScope.of([SITE]), SITE, parse_period("2025-07"))
    cells = {row: pnl.line(row).total.value for row in (PnlRow.EXTERNAL_REVENUE, PnlRow.PAYROLL, PnlRow.OCCUPIED_ROOMS)}
    revenue, payroll = cells[PnlRow.EXTERNAL_REVENUE], cells[PnlRow.PAYROLL]
    assert revenue is not None
    assert payroll is not None
    assert found.metrics.figures["occupied_rooms"] == cells[PnlRow.OCCUPIED_ROOMS]
    assert found.metrics.figures["labor_to_external_revenue_percent"] == exact(
        Fraction(100) * Fraction(payroll) / Fraction(revenue), 2
    )


def test_recorded_figures_of_the_running_month_are_those_to_date(world: AnalysisWorld) -> None:
    found = measure(world, "2025-07", basis=Basis.ACTUAL).metrics.figures
    days = [day for day in recorded() if day.month == 7]
    vehicles = sum(valets(day) + 26 for day in days)
    assert found["vehicles_served"] == vehicles
    assert found["revenue_per_vehicle"] == exact(Fraction(14 * 1450, vehicles - 42), 2)
    assert found["labor_cost_per_vehicle"] == exact(Fraction(14 * 530, vehicles), 2)
    assert found["labor_to_internal_revenue_percent"] is None, "the ledger of the month is not closed"


def test_the_forecast_is_what_is_saved_else_the_budget(world: AnalysisWorld) -> None:
    world.save_days(SITE, "2025-08", {date(2025, 8, 5): {"valet_daily": "100", "occupied_rooms": "60"}})
    world.save_hours(SITE, "2025-08", "VLT1", days_after(date(2025, 7, 31), 10), "24")
    world.inputs_changed(SITE)
    found = measure(world, "2025-08", basis=Basis.FORECAST).metrics.figures
    budget = measure(world, "2025-08", basis=Basis.BUDGET).metrics.figures
    assert found["vehicles_served"] == 100 + 50 * 30
    assert found["occupied_rooms"] == 60 + 40 * 30
    assert found["productive_hours"] == 240 + 310
    assert found["schedule_fill_rate"] is None
    assert [budget[name] for name in ("vehicles_served", "productive_hours", "revenue_per_vehicle")] == [1550, 620, 30]
    assert measure(world, "2025-08").metrics.figures == found, "the trend of a later month is its forecast"


def test_a_metric_without_a_denominator_is_null_and_named(world: AnalysisWorld) -> None:
    found = measure(world, "2025-08", basis=Basis.BUDGET)
    reasons = {warning.details["metric"]: warning.details["reason"] for warning in found.warnings}
    assert {warning.code for warning in found.warnings} == {"NULL_METRIC"}
    assert reasons == {"captureRatio": "zero_denominator", "scheduleFillRate": "no_data"}
    assert found.metrics.figures["capture_ratio"] is None


def test_nothing_that_is_not_known_is_taken_for_zero(world: AnalysisWorld) -> None:
    found = measure(world, "2025-03")
    assert set(found.metrics.figures.values()) == {None}
    assert {warning.details["reason"] for warning in found.warnings} == {"no_data"}
    assert found.occupancy_impact is None


def test_vehicles_that_no_day_has_are_those_that_the_ledger_counted(world: AnalysisWorld) -> None:
    world.ledger(SITE, {**LEDGER, "9440": "900", "9510": "1200"}, "2025-03")
    found = measure(world, "2025-03").metrics.figures
    assert [found["vehicles_served"], found["occupied_rooms"]] == [1200, 900]
    assert found["revenue_per_vehicle"] == Decimal("37.50")
    assert found["vehicles_per_labor_hour"] is None


def test_the_impact_of_occupancy_is_the_correlation_of_the_recorded_days(world: AnalysisWorld) -> None:
    days = list(days_of("2025-06"))
    expected = correlation([rooms(day) / 80 for day in days], [valets(day) + 23 for day in days])
    impact = measure(world).occupancy_impact
    assert impact is not None
    assert float(impact) == pytest.approx(expected, abs=1e-6)
    assert measure(world, "2025-08", basis=Basis.BUDGET).occupancy_impact is None, "no day differs from another"


def test_the_impact_of_occupancy_in_the_running_month_takes_each_day_once(world: AnalysisWorld) -> None:
    known = [day for day in recorded() if day.month == 7]
    occupied = [rooms(day) / 80 for day in known] + [40 / 80] * 17
    vehicles = [valets(day) + 23.0 for day in known] + [50.0] * 17
    impact = measure(world, "2025-07").occupancy_impact
    assert impact is not None
    assert float(impact) == pytest.approx(correlation(occupied, vehicles), abs=1e-6)


def test_without_three_complete_years_there_is_no_season(world: AnalysisWorld) -> None:
    found = measure(world)
    assert (found.seasonal_index, found.seasonal_source) == (Decimal(1), "none")
    assert found.seasonally_adjusted == found.metrics.figures


def _three_years(world: AnalysisWorld, site_id: str) -> None:
    """June has a tenth more vehicles than the other months, day by day."""
    for year in (2022, 2023, 2024):
        for month in months_of_year(year):
            count = Decimal(3300 if month.endswith("06") else 3000) / days_in(month)
            world.traffic(site_id, days_of(month), valet_daily=str(count.quantize(Decimal("0.0001"))))


def test_the_season_comes_from_the_years_of_the_site(world: AnalysisWorld) -> None:
    _three_years(world, SITE)
    found = measure(world)
    assert found.seasonal_source == "site"
    assert found.seasonal_index == pytest.approx(Decimal(3300 * 12) / (3000 * 11 + 3300), abs=Decimal("0.0001"))
    value = found.metrics.figures["labor_cost_per_vehicle"]
    adjusted = found.seasonally_adjusted["labor_cost_per_vehicle"]
    assert value is not None
    assert adjusted is not None
    assert adjusted == pytest.approx(value / found.seasonal_index, abs=Decimal("0.01"))


def test_the_season_comes_from_the_region_where_the_site_has_too_few_years(world: AnalysisWorld) -> None:
    world.add_districts(alpha="east")
    world.add_sites("TP002", region_code="east")
    with world.runtime.database.writing() as connection:
        connection.exec_driver_sql("UPDATE sites SET region_code = 'east' WHERE site_id = 'TP001'")
    _three_years(world, "TP002")
    found = measure(world)
    assert found.seasonal_source == "region"
    assert found.seasonal_index == pytest.approx(Decimal("1.0909"), abs=Decimal("0.0001"))


@pytest.mark.parametrize("scheduled", [date(2025, 5, 31), date(2025, 7, 14)])
def test_hours_of_days_without_a_shift_do_not_count_against_the_schedule(scheduled: date, world: AnalysisWorld) -> None:
    world.add_sites("0170")
    world.use_codes("0170")
    month = f"{scheduled:%Y-%m}"
    world.work("0170", "VLT1", [day for day in days_of(month) if day <= scheduled], "20", "350")
    world.shifts("0170", "VLT1", [scheduled], 25 * 60)
    site = open_site(world.runtime, SiteScope.of(["0170"]), "0170")
    found = site_productivity(world.runtime, site, parse_period(month))
    assert found.metrics.figures["schedule_fill_rate"] == Decimal("0.8")


def test_the_statements_do_not_grow_with_the_months(world: AnalysisWorld) -> None:
    counts = []
    measure(world, "2025", window=36)
    for window in (1, 36):
        with world.statements() as seen:
            measure(world, "2025-07", window=window)
        counts.append(seen.others)
    assert counts[0] == counts[1] <= 60
