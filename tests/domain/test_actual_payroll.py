"""Recorded payroll of the running month and its blend."""

from datetime import date
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from shared_code.domain.actual_payroll import (
    RecordedLabor,
    actual_hours,
    actual_payroll,
    blend_payroll,
    last_payroll_day,
)
from shared_code.domain.labor_hours import LaborDay
from shared_code.domain.months import days_of
from shared_code.domain.payroll import PayrollInputs, SiteJobCode, forecast_payroll

BUSINESS_DATE = date(2025, 4, 20)
VAL = SiteJobCode("VAL", default_rate=Decimal(15))
MANAGER = SiteJobCode("MGR", True, Decimal(73_000))


def recorded(day: int, dollars: str, hours: str = "8", code: str = "VAL") -> RecordedLabor:
    """Labor of a day in April 2025."""
    return RecordedLabor(code, date(2025, 4, day), Decimal(hours), Decimal(0), Decimal(dollars))


def inputs(saved: list[LaborDay]) -> PayrollInputs:
    """A valet and a manager with a budget of 30,000."""
    return PayrollInputs((VAL, MANAGER), saved, {}, Decimal(30_000))


def test_a_day_with_dollars_alone_is_a_payroll_day() -> None:
    assert last_payroll_day([recorded(3, "0"), recorded(5, "12", hours="0")], BUSINESS_DATE) == date(2025, 4, 5)


def test_a_day_of_zeros_or_of_canceling_rows_is_none() -> None:
    rows = [recorded(2, "100"), recorded(4, "0", "0"), recorded(6, "80", "8"), recorded(6, "-80", "-8", "GSA")]
    assert last_payroll_day(rows, BUSINESS_DATE) == date(2025, 4, 2)


def test_a_day_after_the_business_date_does_not_count() -> None:
    assert last_payroll_day([recorded(21, "100")], BUSINESS_DATE) is None


def test_recorded_dollars_of_a_salaried_code_are_not_added_to_its_salary() -> None:
    rows = [recorded(1, "100"), recorded(1, "999", code="mgr "), recorded(11, "5")]
    assert actual_payroll(rows, (VAL, MANAGER), date(2025, 4, 10)) == 100 + 10 * 200


def test_recorded_hours_end_with_the_last_day() -> None:
    hours = actual_hours([recorded(1, "1"), recorded(2, "1"), recorded(3, "1")], date(2025, 4, 2))
    assert hours["VAL"].regular == 16


def test_the_month_is_recorded_to_the_last_day_and_forecast_after_it() -> None:
    saved = [LaborDay("VAL", day, Decimal(10)) for day in days_of("2025-04")]
    blended = blend_payroll("2025-04", BUSINESS_DATE, [recorded(5, "100"), recorded(18, "60")], inputs(saved))
    assert blended.last_day == date(2025, 4, 18)
    assert (blended.actual_part, blended.forecast_part) == (
        Decimal(160 + 18 * 200),
        Decimal(12 * 150 + 12 * 200),
    )


def test_without_saved_hours_the_rest_of_the_month_is_the_budget_by_days() -> None:
    blended = blend_payroll("2025-04", BUSINESS_DATE, [recorded(10, "100")], inputs([]))
    assert (blended.actual_part, blended.forecast_part) == (Decimal(100 + 10 * 200), Decimal(20_000))


def test_a_month_without_a_payroll_day_is_all_forecast() -> None:
    blended = blend_payroll("2025-04", BUSINESS_DATE, [], inputs([]))
    assert (blended.last_day, blended.actual_part, blended.value) == (None, Decimal(0), Decimal(30_000))


def test_a_missing_rate_of_the_forecast_days_is_named() -> None:
    saved = [LaborDay("NEW", date(2025, 4, 25), Decimal(5))]
    blended = blend_payroll("2025-04", BUSINESS_DATE, [recorded(3, "1")], inputs(saved))
    assert blended.missing_rates == ("NEW",)


@given(st.integers(1, 30), st.decimals(min_value=0, max_value=24, places=2))
def test_days_recorded_as_they_were_forecast_leave_the_month_as_it_was(last: int, hours: Decimal) -> None:
    saved = [LaborDay("VAL", day, hours) for day in days_of("2025-04")]
    rows = [recorded(day, str(hours * 15), str(hours)) for day in range(1, last + 1)]
    blended = blend_payroll("2025-04", date(2025, 4, 30), rows, inputs(saved))
    assert round(blended.value, 10) == round(forecast_payroll("2025-04", inputs(saved)).total, 10)
