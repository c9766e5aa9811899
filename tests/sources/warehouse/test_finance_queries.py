"""E02 to E06: budget, ledger, chart of accounts, other expense, payroll budget."""

from decimal import Decimal
from pathlib import Path

import pytest

from shared_code.sources.warehouse.catalogue import OTHER_EXPENSE, QUERIES
from shared_code.sources.warehouse.objects import account_summary, budget_datatab_pr, budget_final, chart_of_account
from shared_code.sources.warehouse.window import Window
from tests.sources.warehouse.sample_rows import assert_sums_add_up, flaws, read, reader_on

YEAR = Window.of_year(2025)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "warehouse.db"


def test_budget_rows_of_one_account_are_added_up_with_all_their_decimals(path: Path) -> None:
    reader = reader_on(
        path,
        {
            budget_final: [
                ("0046", "202504", "9410", 100.00001),
                ("0046", "202504", "9410", 0.00002),
                ("0046", "202504", "4785", -279663.89),
                ("0012", "202504", "9410", 1.0),
            ]
        },
    )
    rows = read(reader, QUERIES["budget"], YEAR)
    assert rows == [
        ("0012", "202504", "9410", Decimal("1.00000")),
        ("0046", "202504", "4785", Decimal("-279663.89000")),
        ("0046", "202504", "9410", Decimal("100.00003")),
    ]
    assert [str(row[3]) for row in rows] == ["1.00000", "-279663.89000", "100.00003"]


def test_budget_months_are_bounded_on_both_sides(path: Path) -> None:
    rows = [("0046", period, "9410", 1.0) for period in ("202412", "202501", "202502", "202503")]
    reader = reader_on(path, {budget_final: rows})
    window = Window.of_periods("2025-01", "2025-02")
    assert [row[1] for row in read(reader, QUERIES["budget"], window)] == ["202501", "202502"]


def test_a_site_is_found_in_every_spelling_and_no_other_site_with_it(path: Path) -> None:
    sites = ["0046", "046", " 46", "46", "46  ", "0460", "TP46", "0047"]
    reader = reader_on(path, {budget_final: [(site, "202501", "9410", 1.0) for site in sites]})
    found = read(reader, QUERIES["budget"], Window.of_year(2025, sites=["0046"]))
    assert sorted((row[0], row[3]) for row in found) == [
        ("0046", Decimal(1)),
        ("046", Decimal(1)),
        ("46", Decimal(1)),  # with its leading blank a group of its own, trimmed on receipt
        ("46", Decimal(2)),
    ]


def test_a_code_that_is_not_in_the_products_form_finds_nothing(path: Path) -> None:
    reader = reader_on(path, {budget_final: [("0046", "202501", "9410", 1.0), ("46", "202501", "9410", 1.0)]})
    assert read(reader, QUERIES["budget"], Window.of_year(2025, sites=["46"])) == []


def test_no_site_at_all_is_not_every_site(path: Path) -> None:
    reader = reader_on(path, {budget_final: [("0046", "202501", "9410", 1.0)]})
    assert read(reader, QUERIES["budget"], Window.of_year(2025, sites=[])) == []


def test_incomplete_budget_rows_are_counted_summed_and_named(path: Path) -> None:
    reader = reader_on(
        path,
        {
            budget_final: [
                ("0046", "202504", "9410", 10.0),
                ("0046", "202504", "9411", None),
                ("  ", "202504", "9410", 5.0),
                (None, "202504", "9410", 7.0),
                ("0046", "202504", "", 3.0),
            ]
        },
    )
    totals = assert_sums_add_up(reader, QUERIES["budget"], YEAR)
    assert (totals.rows, totals.complete_rows) == (5, 1)
    assert totals.sums == {"balance": Decimal(25)}
    assert totals.incomplete_sums == {"balance": Decimal(15)}
    assert sorted(flaws(reader, QUERIES["budget"], YEAR)) == [
        ("balance", None),
        ("main_account", None),
        ("site", None),
        ("site", None),
    ]
    assert len(read(reader, QUERIES["budget"], YEAR)) == 1


def test_posted_balances_keep_their_entities_apart(path: Path) -> None:
    reader = reader_on(
        path,
        {
            account_summary: [
                ("0046", 202504, "7045", 10.5, "01", 1),
                ("0046", 202504, "7045", -0.5, "01", 2),
                ("0046", 202504, "7045", 3.0, "02", 1),
                ("0046", 202505, "7045", 9.0, "01", 1),
            ]
        },
    )
    window = Window.of_periods("2025-04", "2025-04")
    assert read(reader, QUERIES["ledger"], window) == [
        ("0046", 202504, "7045", "01", Decimal("10.00000")),
        ("0046", 202504, "7045", "02", Decimal("3.00000")),
    ]
    assert_sums_add_up(reader, QUERIES["ledger"], window)


@pytest.mark.parametrize(
    ("scenario", "period"),
    [("budget", "202504"), ("actual", 202504)],
)
def test_other_expense_takes_the_accounts_that_the_chart_puts_there(
    path: Path, scenario: str, period: str | int
) -> None:
    reader = reader_on(
        path,
        {
            chart_of_account: [
                ("7045", "Employee relations", "Other Expense "),
                ("7170", "Parking rents", "PARKING RENTS"),
            ],
            budget_final: [("0046", "202504", account, 12.5) for account in ("7045", "7170", "7999")],
            account_summary: [("0046", 202504, account, 12.5, "01", 1) for account in ("7045", "7170", "7999")],
        },
    )
    window = Window.of_periods("2025-04", "2025-04", sites=["0046"])
    assert read(reader, OTHER_EXPENSE[scenario], window) == [(period, "7045", Decimal("12.50000"))]


def test_an_account_twice_in_the_chart_does_not_double_its_expense(path: Path) -> None:
    reader = reader_on(
        path,
        {
            chart_of_account: [("7045", "A", "OTHER EXPENSE"), ("7045", "B", "OTHER EXPENSE")],
            budget_final: [("0046", "202504", "7045", 12.5)],
        },
    )
    assert read(reader, OTHER_EXPENSE["budget"], YEAR) == [("202504", "7045", Decimal("12.50000"))]


def test_payroll_budget_parts_hours_from_dollars_and_ignores_other_descriptions(path: Path) -> None:
    reader = reader_on(
        path,
        {
            budget_datatab_pr: [
                ("0046", 2025, 4, "X", "GSA1", "PR Hours", 160.5),
                ("0046", 2025, 4, "X", "gsa1", "pr hours", 1.0),
                ("0046", 2025, 4, "X", "GSA1", "Payroll", 3000.25),
                ("0046", 2025, 4, "X", "GSA1", "Head Count", 9.0),
                ("0046", 2025, 5, "X", "VLT1", "Payroll", 10.0),
                ("0046", 2026, 4, "X", "GSA1", "Payroll", 99.0),
            ]
        },
    )
    assert read(reader, QUERIES["budget_payroll"], YEAR) == [
        ("0046", 2025, 4, "GSA1", Decimal("161.50000"), Decimal("3000.25000")),
        ("0046", 2025, 5, "VLT1", Decimal("0.00000"), Decimal("10.00000")),
    ]
    april = Window.of_periods("2025-04", "2025-04")
    assert [row[2] for row in read(reader, QUERIES["budget_payroll"], april)] == [4]
    totals = assert_sums_add_up(reader, QUERIES["budget_payroll"], YEAR)
    assert totals.rows == 4


def test_the_chart_is_listed_with_its_incomplete_rows(path: Path) -> None:
    reader = reader_on(
        path, {chart_of_account: [("9410 ", "External Revenue ", "external revenue"), (" ", "Lost", None)]}
    )
    assert read(reader, QUERIES["chart_of_accounts"], Window()) == [
        (None, "Lost", None),
        ("9410", "External Revenue", "EXTERNAL REVENUE"),
    ]
    totals = reader.read_control(QUERIES["chart_of_accounts"], Window())
    assert totals is not None
    assert (totals.rows, totals.complete_rows) == (2, 1)
    assert flaws(reader, QUERIES["chart_of_accounts"], Window()) == [("main_account", None)]
