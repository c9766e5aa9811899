"""The forecast of PTEB, insurance, claims, rents and other expense."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from shared_code.domain.contract import ContractType
from shared_code.domain.expense_rows import (
    DEFAULT_INSURANCE_RATES,
    OTHER_EXPENSE_EXCLUDED,
    forecast_insurance,
    forecast_other_expense,
    forecast_parking_rents,
    forecast_pteb,
    sum_of_accounts,
)
from tests.domain.strategies import MONEY

ACCOUNTS = st.dictionaries(st.sampled_from(["7045", "7099", "7113", "7170", "7085", "7185"]), MONEY)


def test_pteb_follows_the_ratio_of_the_budget() -> None:
    assert forecast_pteb(Decimal(24_949), Decimal(4_420), Decimal(26_000)) == Decimal("4241.33")


def test_pteb_is_the_budget_where_no_payroll_is_budgeted() -> None:
    assert forecast_pteb(Decimal(12_000), Decimal(640), Decimal(0)) == 640


@given(MONEY.filter(bool), MONEY)
def test_payroll_as_budgeted_gives_pteb_as_budgeted(payroll: Decimal, pteb: Decimal) -> None:
    assert round(forecast_pteb(payroll, pteb, payroll), 10) == pteb


def test_the_insurance_rate_is_that_of_the_contract_or_the_other_one() -> None:
    rates = DEFAULT_INSURANCE_RATES
    assert rates.for_contract({ContractType.MANAGEMENT_AGREEMENT, ContractType.FIXED_FEE}) == Decimal("5.77")
    assert rates.for_contract({ContractType.FIXED_FEE}) == Decimal("4.45")
    assert rates.for_contract(()) == Decimal("4.45")


def test_insurance_adds_the_budget_of_vehicle_insurance() -> None:
    assert forecast_insurance(Decimal(24_949), Decimal("4.45"), Decimal(380)) == Decimal("1490.2305")


def test_a_saved_rent_of_0_replaces_the_budget() -> None:
    assert forecast_parking_rents(Decimal(0), Decimal(4_000)) == 0
    assert forecast_parking_rents(None, Decimal(4_000)) == 4_000


def test_a_saved_zero_replaces_the_budget_account_by_account() -> None:
    accounts = forecast_other_expense(
        {"7045": Decimal(0), "7185": Decimal(90)}, {"7045": Decimal(300), "7113": Decimal(220)}
    )
    assert [(entry.account, entry.amount, entry.is_saved) for entry in accounts] == [
        ("7045", Decimal(0), True),
        ("7113", Decimal(220), False),
        ("7185", Decimal(90), True),
    ]


@given(ACCOUNTS, ACCOUNTS)
def test_accounts_of_other_rows_never_count(saved: dict[str, Decimal], budget: dict[str, Decimal]) -> None:
    def without(accounts: dict[str, Decimal]) -> dict[str, Decimal]:
        return {account: amount for account, amount in accounts.items() if account not in OTHER_EXPENSE_EXCLUDED}

    accounts = forecast_other_expense(saved, budget)
    assert accounts == forecast_other_expense(without(saved), without(budget))
    assert sum_of_accounts(accounts) == sum({**without(budget), **without(saved)}.values())
