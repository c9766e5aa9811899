"""Fixed fees: active rows in full, increments per row."""

from datetime import date
from decimal import Decimal
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from shared_code.domain.contract import Contract, ContractType, FeeRow
from shared_code.domain.escalation import Increment
from shared_code.domain.fixed_fee import NO_FIXED_FEE, fixed_fee
from tests.domain.strategies import DATES, PERIODS, POSITIVE_MONEY

START = date(2023, 1, 1)
FEE_ROWS = st.lists(st.builds(FeeRow, POSITIVE_MONEY, DATES, st.none() | DATES), max_size=6)


def contract_of(*rows: FeeRow, increment: Increment | None = None) -> Contract:
    return Contract(frozenset({ContractType.FIXED_FEE}), START, increment, rows)


def test_each_row_counts_its_own_steps() -> None:
    fee = fixed_fee(
        contract_of(
            FeeRow(Decimal(4000), date(2023, 5, 1)),
            FeeRow(Decimal(1500), date(2024, 10, 1), date(2025, 9, 15)),
            increment=Increment(6, Decimal(4)),
        ),
        "2025-09",
    )
    assert [(row.steps, row.amount) for row in fee.rows] == [(3, Decimal("4499.456000")), (1, Decimal("1560.00"))]
    assert (fee.base, fee.total) == (Decimal(5500), Decimal("6059.456"))


def test_a_row_that_starts_on_the_second_counts_from_the_next_month() -> None:
    row = FeeRow(Decimal(3000), date(2025, 6, 2))
    assert fixed_fee(contract_of(row), "2025-06").total == 0
    assert fixed_fee(contract_of(row), "2025-07").total == Decimal(3000)


def test_a_row_that_ends_inside_the_month_counts_in_full() -> None:
    row = FeeRow(Decimal(3000), date(2024, 1, 1), date(2025, 6, 15))
    assert fixed_fee(contract_of(row), "2025-06").total == Decimal(3000)
    assert fixed_fee(contract_of(row), "2025-07").total == 0


def test_fee_rows_without_the_contract_type_give_nothing() -> None:
    contract = Contract(frozenset({ContractType.REVENUE_SHARE}), START, fees=(FeeRow(Decimal(1000), START),))
    assert fixed_fee(contract, "2025-05") == NO_FIXED_FEE


@given(FEE_ROWS, PERIODS, st.randoms(use_true_random=False))
def test_the_order_of_the_rows_does_not_matter(rows: list[FeeRow], period: str, random: Random) -> None:
    increment = Increment(6, Decimal("2.5"))
    shuffled = list(rows)
    random.shuffle(shuffled)
    left, right = (fixed_fee(contract_of(*order, increment=increment), period) for order in (rows, shuffled))
    assert abs(left.total - right.total) < Decimal("1e-15")
    assert left.base == right.base


@given(FEE_ROWS, PERIODS)
def test_base_and_escalation_sum_to_the_total(rows: list[FeeRow], period: str) -> None:
    fee = fixed_fee(contract_of(*rows, increment=Increment(1, Decimal(3))), period)
    assert abs(fee.base + fee.escalation - fee.total) < Decimal("1e-15")
    assert fee.escalation >= 0
