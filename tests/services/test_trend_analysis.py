"""Trends from the database, against sums that are made here by hand."""

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest

from shared_code.domain.months import days_in, days_of, months_between, months_of_year
from shared_code.domain.site_scope import SiteScope
from shared_code.errors import InvalidInputError, NotFoundError
from shared_code.services.metric_codes import METRIC_OF_CODE
from shared_code.services.periods import parse_period
from shared_code.services.pnl_view import site_pnl
from tests.support.analysis_world import AnalysisWorld
from tests.support.trend_world import MISSING, SITE, TODAY, days, month_sum, one, points, trend, trend_world, valets


@pytest.fixture
def world(tmp_path: Path) -> Iterator[AnalysisWorld]:
    world = trend_world(tmp_path)
    yield world
    world.close()


def two(value: Fraction) -> Decimal:
    """A fraction rounded to 2 decimals."""
    return Decimal(round(value * 100)) / 100


def test_months_are_sums_of_their_days_beside_forecast_budget_and_the_year_before(world: AnalysisWorld) -> None:
    found = points(trend(world, "12m"), "vehicles_served")
    assert list(found) == months_between("2024-08", "2025-07")
    for month in months_between("2024-08", "2025-06"):
        assert found[month].actual == month_sum(month)
        assert [found[month].forecast, found[month].budget] == [1550, 1550]
    assert found["2025-04"].prior_year == month_sum("2024-04")
    assert found["2024-08"].prior_year is None


def test_the_running_month_is_not_compared_with_whole_ones(world: AnalysisWorld) -> None:
    series = one(trend(world, "3m"), "vehicles_served")
    assert [point.actual for point in series.points] == [month_sum("2025-05"), month_sum("2025-06"), None]
    assert series.points[2].forecast == 1550
    may, june = month_sum("2025-05"), month_sum("2025-06")
    assert series.trend.change_percent == two(Fraction(100 * (june - may), may))
    assert series.trend.slope_per_period == june - may
    assert series.trend.direction == "degrading"
    last_year = month_sum("2024-06")
    assert series.trend.yoy_percent == two(Fraction(100 * (june - last_year), last_year))


def test_the_accuracy_of_the_forecast_is_that_of_the_points_with_an_actual(world: AnalysisWorld) -> None:
    accuracy = one(trend(world, "3m"), "vehicles_served").accuracy
    actual = [month_sum("2025-05"), month_sum("2025-06")]
    errors = [Fraction(100 * abs(1550 - value), value) for value in actual]
    assert accuracy.mape == two(sum(errors, Fraction()) / 2)
    assert accuracy.bias == two(Fraction(100 * (2 * 1550 - sum(actual)), sum(actual)))


def test_the_rows_of_the_pnl_are_those_of_the_pnl(world: AnalysisWorld) -> None:
    found = trend(world, "3m")
    for view, family in (("actual", "actual"), ("forecast", "forecast"), ("budget", "budget")):
        pnl = site_pnl(world.runtime, SiteScope.of([SITE]), SITE, parse_period("2025-06"), view=view)
        for line in pnl.lines:
            metric = METRIC_OF_CODE.get(line.code)
            if metric is not None:
                shown = getattr(points(found, metric)["2025-06"], family)
                if metric != "occupied_rooms" or family != "actual":
                    assert shown == line.values[0].value, (view, metric)


def test_cost_that_rises_is_a_degradation(world: AnalysisWorld) -> None:
    assert one(trend(world, "12m"), "payroll").trend.direction == "degrading"
    assert one(trend(world, "12m"), "internal_revenue").trend.direction == "stable"
    lenient = world.with_settings(trend_stable_percent=Decimal(90))
    with lenient.database.writing() as connection:
        connection.exec_driver_sql("DELETE FROM trend_results")
    assert one(trend(world, "12m", lenient), "payroll").trend.direction == "stable"


def test_quarters_and_years_consist_of_the_months_of_the_window(world: AnalysisWorld) -> None:
    quarters = points(trend(world, "Quarterly"), "vehicles_served")
    assert list(quarters)[:2] == ["2023-Q3", "2023-Q4"]
    assert quarters["2025-Q2"].actual == sum(month_sum(month) for month in months_between("2025-04", "2025-06"))
    assert quarters["2025-Q2"].prior_year == sum(month_sum(month) for month in months_between("2024-04", "2024-06"))
    assert quarters["2025-Q3"].actual is None
    assert quarters["2023-Q3"].actual is None
    years = trend(world, "annual")
    assert (years.window.granularity, years.labels) == ("year", ("2022", "2023", "2024", "2025"))
    whole = points(years, "vehicles_per_labor_hour")["2024"].actual
    months = months_between("2024-04", "2024-12")
    hours = sum(20 * days_in(month) for month in months)
    assert whole is not None
    assert abs(Fraction(whole) - Fraction(sum(map(month_sum, months)), hours)) < Fraction(1, 10**6)


def test_dollars_of_a_quarter_are_unknown_where_a_month_of_them_is(world: AnalysisWorld) -> None:
    for account in ("4790", "6000", "9410"):
        world.forget_account(SITE, "2025-05", account)
    quarter = points(trend(world, "quarterly"), "internal_revenue")["2025-Q2"]
    assert [quarter.actual, quarter.budget] == [None, 93000]


def test_days_are_those_of_the_records_with_short_gaps_filled_on_a_straight_line(world: AnalysisWorld) -> None:
    found = trend(world, "90d")
    shown = points(found, "vehicles_served")
    assert shown["2025-07-01"].actual == valets(date(2025, 7, 1))
    first, last = valets(date(2025, 7, 1)), valets(date(2025, 7, 4))
    assert shown["2025-07-02"].actual == two(Fraction(first) + Fraction(last - first, 3))
    assert shown["2025-06-12"].actual is None
    assert shown["2025-07-16"].actual is None
    gaps = [(gap.first, gap.last, gap.interpolated) for gap in one(found, "vehicles_served").gaps]
    assert gaps == [("2025-06-10", "2025-06-16", False), ("2025-07-02", "2025-07-03", True)]
    assert shown["2025-05-05"].prior_year == valets(date(2024, 5, 5))


def test_the_days_of_forecast_and_budget_are_their_share_of_the_month(world: AnalysisWorld) -> None:
    found = trend(world, "30d")
    for metric, value in (
        ("vehicles_served", 50),
        ("external_revenue", 1500),
        ("payroll", 500),
        ("occupied_rooms", 40),
    ):
        point = points(found, metric)["2025-07-10"]
        assert [point.forecast, point.budget] == [value, value], metric


def test_a_day_of_payroll_is_its_dollars_and_a_day_of_every_salary(world: AnalysisWorld) -> None:
    assert points(trend(world, "30d"), "payroll")["2025-07-10"].actual == 350 + 100


def test_saved_days_show_in_the_forecast_of_their_days(world: AnalysisWorld) -> None:
    world.save_days(
        SITE, "2025-07", {date(2025, 7, 20): {"valet_daily": "100"}, date(2025, 7, 5): {"valet_daily": "0"}}
    )
    world.save_hours(SITE, "2025-07", "VLT1", [date(2025, 7, 5)], "31")
    world.inputs_changed(SITE)
    found = trend(world, "30d")
    assert points(found, "vehicles_served")["2025-07-05"].forecast == 0
    assert points(found, "vehicles_served")["2025-07-06"].forecast == 50
    hours = {label: point.forecast for label, point in points(found, "productive_hours").items()}
    assert [hours["2025-07-05"], hours["2025-07-06"]] == [31, 0]
    assert points(found, "payroll")["2025-07-05"].forecast == 100, "no rate: the salary alone"


def test_weeks_are_whole_and_are_compared_with_the_week_52_weeks_before(world: AnalysisWorld) -> None:
    found = trend(world, "weekly")
    assert (found.window.start, found.window.end) == (date(2025, 4, 20), date(2025, 7, 19))
    shown = points(found, "vehicles_served")
    assert list(shown)[-2:] == ["2025-07-12", "2025-07-19"]
    week = days(date(2025, 7, 6), date(2025, 7, 12))
    assert shown["2025-07-12"].actual == sum(map(valets, week))
    assert shown["2025-07-12"].prior_year == sum(valets(day - timedelta(weeks=52)) for day in week)
    assert shown["2025-07-19"].actual is None, "the week is not over"
    partial = [day for day in days(date(2025, 6, 29), date(2025, 7, 5)) if day not in MISSING]
    assert shown["2025-07-05"].actual == sum(map(valets, partial)), "days without a record are left out"


@pytest.mark.parametrize(
    ("timeframe", "first", "count"),
    [("mtd", "2025-07-01", 16), ("qtd", "2025-07", 1), ("ytd", "2025-01", 7), ("MONTHLY", "2024-08", 12)],
)
def test_windows_to_date_begin_with_their_month_quarter_or_year(
    timeframe: str, first: str, count: int, world: AnalysisWorld
) -> None:
    found = trend(world, timeframe)
    assert (found.labels[0], len(found.labels)) == (first, count)


def test_an_earlier_month_is_seen_from_its_last_day(world: AnalysisWorld) -> None:
    found = trend(world, "3m", as_of="2025-05")
    assert found.labels == ("2025-03", "2025-04", "2025-05")
    assert points(found, "vehicles_served")["2025-05"].actual == month_sum("2025-05")
    assert trend(world, "30d", as_of="2025-05").labels[-1] == "2025-05-31"
    assert trend(world, "30d", as_of="2025-12").labels[-1] == TODAY.isoformat()


@pytest.mark.parametrize("month", ["2022-06", "2027-01"])
def test_a_month_out_of_reach_is_refused(month: str, world: AnalysisWorld) -> None:
    with pytest.raises(NotFoundError) as refused:
        trend(world, "12m", as_of=month)
    assert (refused.value.code, refused.value.details["earliest"]) == ("PERIOD_NOT_AVAILABLE", "2022-07")


@pytest.mark.parametrize("timeframe", ["", "7d", "12M ", "yearly'--", "x" * 500])
def test_a_time_frame_that_there_is_not_is_refused_with_those_that_there_are(
    timeframe: str, world: AnalysisWorld
) -> None:
    with pytest.raises(InvalidInputError) as refused:
        trend(world, timeframe)
    assert (refused.value.code, refused.value.field) == ("INVALID_PERIOD", "timeframe")
    assert "quarterly" in refused.value.details["accepted"]
    assert len(refused.value.details["providedValue"]) <= 100


def test_a_metric_that_days_do_not_have_is_refused(world: AnalysisWorld) -> None:
    with pytest.raises(InvalidInputError) as refused:
        trend(world, "30d", metrics=["payroll", "flc"])
    assert refused.value.field == "metrics"
    assert "flc" not in refused.value.details["accepted"]
    shown = trend(world, "30d", metrics=["payroll", "vehiclesServed"]).metrics
    assert [series.metric for series in shown] == ["vehicles_served", "payroll"]


def _years(world: AnalysisWorld, site_id: str) -> None:
    for year in (2022, 2023):
        for month in months_of_year(year):
            world.traffic(site_id, days_of(month), valet_daily=60 if month.endswith("06") else 50)
    for month in months_between("2024-01", "2024-03" if site_id == SITE else "2024-12"):
        world.traffic(site_id, days_of(month), valet_daily=60 if month.endswith("06") else 50)


def test_seasons_come_from_the_complete_years_of_the_site(world: AnalysisWorld) -> None:
    _years(world, SITE)
    season = one(trend(world, "12m"), "vehicles_served").seasonal
    shares = []
    for year in (2022, 2023, 2024):
        months = {month: sum(_vehicles(day) for day in days_of(month)) for month in months_of_year(year)}
        shares.append(Fraction(months[f"{year}-06"] * 12, sum(months.values())))
    assert season.source == "site"
    assert abs(Fraction(season.factors[5]) - sum(shares, Fraction()) / 3) < Fraction(1, 10**6)


def _vehicles(day: date) -> int:
    if day < date(2024, 4, 1):
        return 60 if day.month == 6 else 50
    return valets(day)


def test_seasons_come_from_the_region_and_no_other_site_shows(world: AnalysisWorld) -> None:
    world.add_districts(alpha="east")
    world.add_sites("TP002", region_code="east")
    with world.runtime.database.writing() as connection:
        connection.exec_driver_sql("UPDATE sites SET region_code = 'east' WHERE site_id = 'TP001'")
    _years(world, "TP002")
    found = trend(world, "12m")
    assert one(found, "vehicles_served").seasonal.source == "region"
    assert one(found, "vehicles_per_labor_hour").seasonal.source == "none", "nobody has three years of hours"
    assert points(found, "vehicles_served")["2025-06"].actual == month_sum("2025-06")
