"""Ledger balances as cells, and the bounds of a query."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from shared_code.domain.ledger import Balance, QueryBounds, ledger_cells, other_expense_accounts, query_bounds
from shared_code.domain.pnl_rows import CELL_ROWS, PnlRow
from tests.domain.strategies import MONEY

BALANCES = st.lists(
    st.builds(
        Balance,
        account=st.sampled_from(["4790", "6000", "7113", "7115"]),
        line=st.sampled_from([*(row.value for row in CELL_ROWS), "statistic", "unmapped"]),
        balance=MONEY,
    ),
    max_size=12,
)


def test_every_row_has_a_cell_and_missing_balances_are_0() -> None:
    assert ledger_cells([]) == dict.fromkeys(CELL_ROWS, Decimal(0))


def test_unmapped_accounts_and_statistics_count_in_no_row() -> None:
    balances = [Balance("8100", "unmapped", Decimal(900)), Balance("9510", "statistic", Decimal(77))]
    assert not any(ledger_cells(balances).values())


def test_balances_are_added_before_they_are_rounded() -> None:
    balances = [Balance("6000", "payroll", Decimal("0.004")), Balance("6010", "payroll", Decimal("0.004"))]
    assert ledger_cells(balances)[PnlRow.PAYROLL] == Decimal("0.01")


def test_a_rounded_cell_of_zero_has_no_sign() -> None:
    assert str(ledger_cells([Balance("4790", "internal_revenue", Decimal("0.001"))])[PnlRow.INTERNAL_REVENUE]) == "0.00"


@given(BALANCES, st.randoms())
def test_the_order_of_the_balances_does_not_matter(balances: Sequence[Balance], random: Random) -> None:
    shuffled = list(balances)
    random.shuffle(shuffled)
    assert ledger_cells(shuffled) == ledger_cells(balances)


@given(BALANCES)
def test_the_accounts_of_other_expense_add_up_to_its_cell(balances: Sequence[Balance]) -> None:
    accounts = other_expense_accounts(balances)
    assert sum(accounts.values(), Decimal(0)) == ledger_cells(balances)[PnlRow.OTHER_EXPENSE]
    assert list(accounts) == sorted(accounts)


def test_the_current_month_is_queried_to_the_business_date() -> None:
    assert query_bounds("2025-04", date(2025, 4, 15)) == QueryBounds(date(2025, 4, 1), date(2025, 4, 15))


def test_the_first_day_of_a_month_is_queried_alone() -> None:
    assert query_bounds("2025-04", date(2025, 4, 1)) == QueryBounds(date(2025, 4, 1), date(2025, 4, 1))


def test_a_month_that_has_not_begun_is_not_queried() -> None:
    assert query_bounds("2026-01", date(2025, 12, 31)) is None
