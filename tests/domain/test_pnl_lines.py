"""The line of an account: category first, ranges as a warning, sign at load."""

from decimal import Decimal

import pytest

from shared_code.domain.pnl_lines import is_count_account, line_amount, line_of_account, sign_factor
from shared_code.domain.pnl_rows import PnlRow


@pytest.mark.parametrize(
    ("account", "category", "line"),
    [
        ("4790", "INTERNAL REVENUE", "internal_revenue"),
        ("6000", "PAYROLL", "payroll"),
        ("6399", "PTEB", "pteb"),
        ("7101", "CLAIMS", "claims"),
        ("7170", "PARKING RENTS", "parking_rents"),
        ("7085", "INSURANCE", "insurance"),
        ("7113", "OTHER EXPENSE", "other_expense"),
        ("9410", "EXTERNAL REVENUE", "external_revenue"),
        ("9440", None, "occupied_rooms"),
        ("9414", None, "statistic"),
        ("9580", "OTHER", "statistic"),
    ],
)
def test_an_account_of_the_catalogue_has_its_line_and_no_warning(account: str, category: str | None, line: str) -> None:
    mapped = line_of_account(account, category)
    assert (mapped.line, mapped.expected) == (line, None)


def test_the_category_is_compared_without_blanks_and_case() -> None:
    assert line_of_account("7113", "  other Expense ").line == PnlRow.OTHER_EXPENSE


def test_an_account_without_a_category_is_unmapped_and_names_the_line_that_its_number_suggests() -> None:
    mapped = line_of_account("6010", "  ")
    assert mapped.is_unmapped
    assert mapped.expected == PnlRow.PAYROLL


def test_an_unknown_number_without_a_category_suggests_nothing() -> None:
    assert line_of_account("8100", None).expected is None
    assert line_of_account("71130", None).expected is None


def test_the_category_wins_over_the_range_and_the_disagreement_is_told() -> None:
    mapped = line_of_account("7080", "OTHER EXPENSE")
    assert (mapped.line, mapped.expected) == (PnlRow.OTHER_EXPENSE, PnlRow.INSURANCE)


def test_occupied_rooms_are_their_account_whatever_its_category_says() -> None:
    assert line_of_account("9440", "OTHER EXPENSE").line == PnlRow.OCCUPIED_ROOMS


def test_a_credit_note_of_internal_revenue_becomes_negative() -> None:
    assert line_amount(PnlRow.INTERNAL_REVENUE, Decimal("500.00")) == Decimal("-500.00")
    assert line_amount(PnlRow.INTERNAL_REVENUE, Decimal("-279663.89")) == Decimal("279663.89")
    assert line_amount(PnlRow.PTEB, Decimal("-50")) == Decimal("-50")


def test_only_internal_revenue_is_turned_at_load() -> None:
    assert [row for row in PnlRow if sign_factor(row) != 1] == [PnlRow.INTERNAL_REVENUE]


def test_rooms_and_vehicles_are_counts_and_revenue_of_a_category_is_not() -> None:
    assert [is_count_account(account) for account in ("9440", "9510", "9580", "9411", "95")] == [
        True,
        True,
        True,
        False,
        False,
    ]
