"""Periods as clients write them."""

from datetime import date

import pytest

from shared_code.errors import InvalidInputError, NotFoundError
from shared_code.services.periods import (
    MONTHLY_FORMS,
    PeriodType,
    horizon,
    month_period,
    parse_period,
    require_available,
)

ALL_FORMS = frozenset(PeriodType)


@pytest.mark.parametrize(
    ("text", "shown", "kind", "first", "last", "months"),
    [
        ("2025-04", "2025-04", "month", "2025-04-01", "2025-04-30", ["2025-04"]),
        ("2024-02", "2024-02", "month", "2024-02-01", "2024-02-29", ["2024-02"]),
        ("2025-Q2", "2025-Q2", "quarter", "2025-04-01", "2025-06-30", ["2025-04", "2025-05", "2025-06"]),
        ("2025-q4", "2025-Q4", "quarter", "2025-10-01", "2025-12-31", ["2025-10", "2025-11", "2025-12"]),
        ("2025-04-15", "2025-04-15", "day", "2025-04-15", "2025-04-15", ["2025-04"]),
        ("2024-02-29", "2024-02-29", "day", "2024-02-29", "2024-02-29", ["2024-02"]),
    ],
)
def test_every_form_of_a_period_has_its_days_and_months(
    text: str, shown: str, kind: str, first: str, last: str, months: list[str]
) -> None:
    period = parse_period(text, ALL_FORMS)
    assert (period.text, str(period), period.type.value) == (shown, shown, kind)
    assert (period.first.isoformat(), period.last.isoformat(), period.months) == (first, last, months)


def test_a_year_has_twelve_months() -> None:
    period = parse_period("2025")
    assert (period.type, period.year) == (PeriodType.YEAR, 2025)
    assert (period.months[0], period.months[-1], len(period.months)) == ("2025-01", "2025-12", 12)


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "25", "2025-", "2025-4", "2025-13", "2025-00", "2025-04-31", "2025-02-29", "2025-04-00", "2025-Q5",
        "2025-Q0", "2025Q2", "2025-Q", "2025-Q22", "1999", "1999-12", "2100-01", "0000", "2025-04-15T00:00", "20250415",
        "2025-04\n", " 2025-04", "２０２５-04", "2025-٠4", "-2025", "2025-04-15-01", "calculate", "' OR 1=1 --",
        "2025%2D04", "9" * 500,
    ],
)  # fmt: skip
def test_anything_else_is_refused_with_the_accepted_formats(text: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        parse_period(text, ALL_FORMS)
    error = refused.value
    assert (error.code, error.status, error.field) == ("INVALID_PERIOD", 400, "period")
    assert error.details["acceptedFormats"] == ["YYYY-MM", "YYYY-Qn", "YYYY", "YYYY-MM-DD"]
    assert error.details["providedValue"] == text[:100]


def test_a_day_is_refused_where_only_months_quarters_and_years_are_served() -> None:
    with pytest.raises(InvalidInputError) as refused:
        parse_period("2025-04-15", MONTHLY_FORMS)
    assert refused.value.details["acceptedFormats"] == ["YYYY-MM", "YYYY-Qn", "YYYY"]


def test_a_form_that_cannot_be_written_is_refused_with_the_writable_formats() -> None:
    writable = {PeriodType.MONTH, PeriodType.DAY}
    with pytest.raises(InvalidInputError) as refused:
        parse_period("2025-Q2", writable, is_written=True)
    assert refused.value.details["writableFormats"] == ["YYYY-MM", "YYYY-MM-DD"]
    assert "acceptedFormats" not in refused.value.details


def test_a_text_that_is_no_period_at_all_is_refused_for_its_format_also_in_a_write() -> None:
    with pytest.raises(InvalidInputError) as refused:
        parse_period("soon", {PeriodType.MONTH}, is_written=True)
    assert refused.value.details["acceptedFormats"] == ["YYYY-MM"]


def test_the_horizon_runs_from_the_year_before_to_the_year_after_the_business_date() -> None:
    assert horizon(date(2025, 7, 16)) == (date(2024, 1, 1), date(2026, 12, 31))


@pytest.mark.parametrize("text", ["2024", "2024-01", "2024-01-01", "2025-Q3", "2026-12-31", "2026-Q4", "2026"])
def test_a_period_within_the_horizon_is_available(text: str) -> None:
    require_available(parse_period(text, ALL_FORMS), date(2025, 7, 16))


@pytest.mark.parametrize("text", ["2023", "2023-12", "2023-12-31", "2023-Q4", "2027", "2027-01", "2027-01-01"])
def test_a_period_outside_the_horizon_is_not_available_and_the_error_says_what_is(text: str) -> None:
    with pytest.raises(NotFoundError) as refused:
        require_available(parse_period(text, ALL_FORMS), date(2025, 7, 16))
    error = refused.value
    assert (error.code, error.status) == ("PERIOD_NOT_AVAILABLE", 404)
    assert error.details == {"providedValue": text, "earliest": "2024-01-01", "latest": "2026-12-31"}


def test_the_horizon_moves_with_the_year_of_the_business_date() -> None:
    with pytest.raises(NotFoundError):
        require_available(month_period("2024-12"), date(2026, 1, 1))
    require_available(month_period("2024-12"), date(2025, 12, 31))
