"""Budget rows brought to months, dollars and main accounts."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared_code.domain.budget_normalisation import (
    AccountMapping,
    BudgetAmount,
    BudgetReject,
    BudgetRow,
    NormalisationTables,
    RejectReason,
    align_period,
    normalise_budget_row,
    spread_over_months,
)
from tests.domain.strategies import MONEY, PERIODS

TABLES = NormalisationTables(
    chart={"6000", "9440"},
    account_mappings={
        "A-100": [
            AccountMapping("6000", 1, "2024-01", "2025-03"),
            AccountMapping("4790", -1, "2025-04"),
        ],
        "ROOMS": [AccountMapping("9440", 1, "2020-01")],
    },
    currency_rates={("CAD", "2025-04"): Decimal("0.73451234")},
)


@pytest.mark.parametrize(
    ("text", "period"),
    [
        ("202504", "2025-04"),
        (" 2025-04 ", "2025-04"),
        ("2025-04-30", "2025-04"),
        ("FY2025-P04", "2025-04"),
        ("fy2025-p12", "2025-12"),
    ],
)
def test_the_accepted_forms_of_a_period_are_aligned(text: str, period: str) -> None:
    assert align_period(text) == period


@pytest.mark.parametrize(
    "text", ["", "2025", "2025-13", "202500", "2025-02-30", "FY2025-P13", "FY2025-P1", "2025-Q2", "٢٠٢٥04", "2025-4"]
)
def test_any_other_period_is_refused(text: str) -> None:
    assert align_period(text) is None


def test_a_fiscal_year_begins_in_its_start_month() -> None:
    assert align_period("FY2025-P01", 7) == "2025-07"
    assert align_period("FY2025-P07", 7) == "2026-01"


@given(PERIODS, st.sampled_from(["month", "quarter", "year"]), MONEY, st.integers(1, 12))
def test_the_months_of_a_period_add_up_to_its_amount(period: str, kind: str, amount: Decimal, start: int) -> None:
    months = spread_over_months(period, kind, amount, start)
    assert sum(value for _, value in months) == amount
    assert period in [month for month, _ in months]
    assert len(months) == {"month": 1, "quarter": 3, "year": 12}[kind]


def test_the_last_month_takes_the_rounding_difference() -> None:
    assert spread_over_months("2025-05", "quarter", Decimal(100)) == [
        ("2025-04", Decimal("33.33333")),
        ("2025-05", Decimal("33.33333")),
        ("2025-06", Decimal("33.33334")),
    ]


def test_a_fiscal_year_is_spread_over_its_own_months() -> None:
    months = [month for month, _ in spread_over_months("2025-02", "year", Decimal(12), 7)]
    assert (months[0], months[-1]) == ("2024-07", "2025-06")


def test_an_account_of_the_chart_maps_to_itself() -> None:
    assert normalise_budget_row(BudgetRow("6000", "202504", Decimal("10.5")), TABLES) == (
        BudgetAmount("6000", "2025-04", Decimal("10.50000")),
    )


def test_a_foreign_amount_is_converted_at_the_rate_of_its_month() -> None:
    row = BudgetRow("6000", "2025-04", Decimal(1_000), currency="cad")
    assert normalise_budget_row(row, TABLES) == (BudgetAmount("6000", "2025-04", Decimal("734.51234")),)


def test_a_missing_rate_is_a_reject_and_never_1() -> None:
    row = BudgetRow("6000", "2025-04", Decimal(9), "quarter", "CAD")
    assert normalise_budget_row(row, TABLES) == BudgetReject(
        RejectReason.MISSING_CURRENCY_RATE, "currency", "CAD 2025-05"
    )


@pytest.mark.parametrize("account", ["9440", "ROOMS"])
def test_rooms_have_no_currency(account: str) -> None:
    row = BudgetRow(account, "2025-05", Decimal(310), currency="CAD")
    assert normalise_budget_row(row, TABLES) == (BudgetAmount("9440", "2025-05", Decimal("310.00000")),)


def test_a_mapping_holds_in_its_months_and_may_turn_the_sign() -> None:
    march, april = (
        normalise_budget_row(BudgetRow("A-100", period, Decimal(5)), TABLES) for period in ("202503", "202504")
    )
    assert march == (BudgetAmount("6000", "2025-03", Decimal(5)),)
    assert april == (BudgetAmount("4790", "2025-04", Decimal(-5)),)


@pytest.mark.parametrize(
    ("row", "reason", "field"),
    [
        (BudgetRow("6000", "soon", Decimal(1)), RejectReason.INVALID_PERIOD, "period"),
        (BudgetRow("6000", "202504", Decimal(1), "week"), RejectReason.INVALID_PERIOD_TYPE, "period_type"),
        (BudgetRow("6000", "202504", Decimal(1), currency="EUR"), RejectReason.MISSING_CURRENCY_RATE, "currency"),
        (BudgetRow("B-200", "202504", Decimal(1)), RejectReason.UNMAPPED_ACCOUNT, "account"),
        (BudgetRow("A-100", "202312", Decimal(1)), RejectReason.UNMAPPED_ACCOUNT, "account"),
    ],
)
def test_a_row_that_cannot_be_used_says_why(row: BudgetRow, reason: RejectReason, field: str) -> None:
    reject = normalise_budget_row(row, TABLES)
    assert isinstance(reject, BudgetReject)
    assert (reject.reason, reject.field) == (reason, field)
