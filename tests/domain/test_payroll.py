"""Payroll of a month: budget or forecast, salaries, rates and their gaps."""

from datetime import date, timedelta
from decimal import Decimal
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared_code.domain.labor_hours import LaborDay
from shared_code.domain.months import days_of
from shared_code.domain.payroll import (
    PayrollInputs,
    PayrollSource,
    SiteJobCode,
    forecast_payroll,
    forecast_payroll_after,
)
from shared_code.domain.rates_in_force import RateMethod, RateRow

HOURS = st.decimals(min_value=0, max_value=24, places=2)
VAL = SiteJobCode("VAL", default_rate=Decimal("16.40"))
MANAGER = SiteJobCode("MGR", salaried=True, allocated_salary=Decimal("73000"))
CHANGING = SiteJobCode(
    "GSA",
    default_rate=Decimal(14),
    rates=(
        RateRow(Decimal(15), RateMethod.WEIGHTED_AVERAGE, date(2025, 4, 6)),
        RateRow(Decimal(18), RateMethod.FIXED, date(2025, 4, 11), date(2025, 4, 20)),
    ),
)
SAVED = st.lists(
    st.builds(
        LaborDay,
        job_code=st.sampled_from(["VAL", "GSA", "mgr"]),
        day=st.sampled_from(list(days_of("2025-04"))),
        regular_hours=st.none() | HOURS,
        overtime_hours=st.none() | HOURS,
    ),
    max_size=20,
)


def inputs(
    saved: list[LaborDay],
    budget_hours: dict[str, Decimal] | None = None,
    codes: tuple[SiteJobCode, ...] = (VAL, MANAGER),
) -> PayrollInputs:
    """Inputs with a budget payroll of 26,000."""
    return PayrollInputs(codes, saved, budget_hours or {}, Decimal(26_000))


def test_without_a_saved_value_the_budget_counts_and_salaries_are_not_added() -> None:
    forecast = forecast_payroll("2025-04", inputs([LaborDay("VAL", date(2025, 4, 1))], {"VAL": Decimal(900)}))
    assert (forecast.source, forecast.total) == (PayrollSource.BUDGET, Decimal(26_000))
    assert (forecast.hourly_cost, forecast.salaried_cost, forecast.codes) == (None, None, ())


def test_a_saved_zero_makes_it_a_forecast() -> None:
    forecast = forecast_payroll("2025-04", inputs([LaborDay("VAL", date(2025, 4, 1), Decimal(0))]))
    assert (forecast.source, forecast.total) == (PayrollSource.FORECAST, Decimal(6_000))


@pytest.mark.parametrize(("period", "salary"), [("2024-02", "5784.15"), ("2025-02", "5600.00")])
def test_a_salary_is_spread_over_the_days_of_its_year(period: str, salary: str) -> None:
    saved = [LaborDay("VAL", date(int(period[:4]), 2, 1), Decimal(0))]
    forecast = forecast_payroll(period, inputs(saved))
    assert forecast.salaried_cost is not None
    assert round(forecast.salaried_cost, 2) == Decimal(salary)


def test_hours_of_a_salaried_code_cost_nothing() -> None:
    forecast = forecast_payroll("2025-04", inputs([LaborDay("MGR", date(2025, 4, 1), Decimal(8))]))
    assert (forecast.hourly_cost, forecast.missing_rates) == (Decimal(0), ())


def test_saved_hours_are_priced_at_the_rate_of_their_day() -> None:
    saved = [LaborDay("gsa ", day, Decimal(1)) for day in days_of("2025-04")]
    forecast = forecast_payroll("2025-04", inputs(saved, codes=(CHANGING,)))
    assert forecast.total == 5 * 14 + 5 * 15 + 10 * 18 + 10 * 15


def test_budget_hours_are_spread_over_the_days_before_they_are_priced() -> None:
    saved = [LaborDay("VAL", date(2025, 4, 1), Decimal(0))]
    forecast = forecast_payroll("2025-04", inputs(saved, {"GSA": Decimal(30)}, codes=(VAL, CHANGING)))
    assert forecast.total == 5 * 14 + 5 * 15 + 10 * 18 + 10 * 15


def test_hours_without_a_rate_are_named_and_never_priced() -> None:
    new = SiteJobCode("NEW")
    forecast = forecast_payroll("2025-04", inputs([LaborDay("NEW", date(2025, 4, 1), Decimal(6))], codes=(VAL, new)))
    assert (forecast.total, forecast.missing_rates, forecast.is_complete) == (Decimal(0), ("NEW",), False)
    assert [code.cost for code in forecast.codes] == [Decimal(0), None]


def test_a_rate_that_begins_within_the_month_leaves_the_days_before_unpriced() -> None:
    late = SiteJobCode("NEW", rates=(RateRow(Decimal(20), RateMethod.MANUAL, date(2025, 4, 16)),))
    saved = [LaborDay("NEW", day, Decimal(1)) for day in days_of("2025-04")]
    (code,) = forecast_payroll("2025-04", inputs(saved, codes=(late,))).codes
    assert (code.cost, code.unpriced_hours) == (Decimal(300), Decimal(15))


def test_hours_of_a_code_that_the_site_does_not_have_are_named() -> None:
    saved = [LaborDay("VAL", date(2025, 4, 1), Decimal(1)), LaborDay("gone", date(2025, 4, 1), Decimal(2))]
    assert forecast_payroll("2025-04", inputs(saved)).missing_rates == ("GONE",)


def test_zero_hours_need_no_rate() -> None:
    saved = [LaborDay("NEW", date(2025, 4, 1), Decimal(0))]
    assert forecast_payroll("2025-04", inputs(saved, codes=(SiteJobCode("NEW"),))).is_complete


def test_after_the_last_day_of_the_month_nothing_is_left() -> None:
    saved = [LaborDay("GSA", day, Decimal(3)) for day in days_of("2025-04")]
    last = date(2025, 4, 30)
    rest = forecast_payroll_after(last, inputs(saved, {"VAL": Decimal(60)}, codes=(VAL, MANAGER, CHANGING)))
    assert rest.total == 0
    assert forecast_payroll_after(last, inputs([])).total == 0


@given(SAVED)
def test_the_days_add_up_to_the_month(saved: list[LaborDay]) -> None:
    payroll = inputs(saved, {"VAL": Decimal(60), "GSA": Decimal(90)}, codes=(VAL, MANAGER, CHANGING))
    whole = forecast_payroll("2025-04", payroll).total
    parts = [
        forecast_payroll_after(day - timedelta(days=1), payroll).total - forecast_payroll_after(day, payroll).total
        for day in days_of("2025-04")
        if day.day > 1
    ]
    first = whole - forecast_payroll_after(date(2025, 4, 1), payroll).total
    assert all(part > Decimal("-0.000001") for part in [first, *parts])
    assert round(first + sum(parts), 10) == round(whole, 10)


@given(SAVED, st.randoms())
def test_the_order_of_saved_days_and_codes_does_not_matter(saved: list[LaborDay], random: Random) -> None:
    codes = [VAL, MANAGER, CHANGING]
    expected = forecast_payroll("2025-04", inputs(saved, {"VAL": Decimal(7)}, tuple(codes))).total
    random.shuffle(codes)
    random.shuffle(saved)
    assert forecast_payroll("2025-04", inputs(saved, {"VAL": Decimal(7)}, tuple(codes))).total == expected
