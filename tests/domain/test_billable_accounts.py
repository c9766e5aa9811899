"""Billable accounts: which figure of an account counts, and the five components."""

from datetime import date
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from shared_code.domain.account_figures import AccountAmount, AccountBasis, AccountFigures
from shared_code.domain.billable_accounts import NOT_BILLED, billable_accounts
from shared_code.domain.contract import (
    AdditionalPayroll,
    BillableTerms,
    Contract,
    ContractType,
    PayrollType,
    PtebTerm,
    PtebType,
    SupportTerm,
    SupportType,
)
from shared_code.domain.escalation import Escalator, EscalatorType
from shared_code.domain.rounding import ZERO
from tests.domain.strategies import MONEY

START = date(2023, 1, 1)
TERMS = BillableTerms(
    enabled_accounts=frozenset({"6000", "6200", "7045", "7113", "9410"}),
    additional_payroll=(AdditionalPayroll(Decimal(1000)), AdditionalPayroll(Decimal(77), excluded=True)),
    pteb=PtebTerm(enabled=True, type=PtebType.PERCENTAGE, percent=Decimal(18)),
    support=SupportTerm(enabled=True, type=SupportType.PERCENTAGE, percent=Decimal(4), payroll_type=PayrollType.TOTAL),
)
ACCOUNTS = AccountFigures(
    budget={
        "6000": Decimal(42_000),
        "6010": Decimal(3_000),
        "6200": Decimal(3_500),
        "7045": Decimal(400),
        "7113": Decimal(250),
        "7185": Decimal(900),
        "9410": Decimal(99_999),
    },
    saved={"7045": ZERO, "7185": Decimal(700)},
)


def contract_of(terms: BillableTerms, *types: ContractType) -> Contract:
    return Contract(frozenset(types or {ContractType.BILLABLE_ACCOUNTS}), START, billable=terms)


def test_the_five_components_are_built_on_each_other() -> None:
    billed = billable_accounts(contract_of(TERMS), "2025-05", ACCOUNTS, ZERO)
    assert (billed.billable_payroll, billed.additional_payroll) == (Decimal(42_000), Decimal(1_000))
    assert (billed.pteb.total, billed.support.total) == (Decimal(7_740), Decimal("1989.60"))
    assert (billed.expense_accounts, billed.total) == (Decimal(250), Decimal("52979.60"))


def test_the_lines_show_each_account_with_its_source() -> None:
    billed = billable_accounts(contract_of(TERMS), "2025-05", ACCOUNTS, ZERO)
    assert billed.payroll_lines == (AccountAmount("6000", Decimal(42_000), "budget"),)
    assert billed.expense_lines == (
        AccountAmount("7045", ZERO, "saved"),
        AccountAmount("7113", Decimal(250), "budget"),
    )


def test_nothing_is_billed_beside_a_management_agreement_or_without_the_type() -> None:
    both = contract_of(TERMS, ContractType.BILLABLE_ACCOUNTS, ContractType.MANAGEMENT_AGREEMENT)
    assert billable_accounts(both, "2025-05", ACCOUNTS, ZERO) == NOT_BILLED
    assert billable_accounts(contract_of(TERMS, ContractType.FIXED_FEE), "2025-05", ACCOUNTS, ZERO) == NOT_BILLED


def test_actual_pteb_is_the_row_of_the_site_without_escalator() -> None:
    pteb = PtebTerm(True, PtebType.ACTUAL, Decimal(50), START, Escalator(1, EscalatorType.PERCENTAGE, Decimal(5)))
    billed = billable_accounts(contract_of(BillableTerms(pteb=pteb)), "2025-05", ACCOUNTS, Decimal("4321.09"))
    assert (billed.pteb.total, billed.pteb.percentage, billed.total) == (Decimal("4321.09"), None, Decimal("4321.09"))


def test_a_percentage_escalates_from_the_contract_start_where_it_has_no_start_of_its_own() -> None:
    pteb = PtebTerm(True, PtebType.PERCENTAGE, Decimal(10), None, Escalator(6, EscalatorType.FIXED_AMOUNT, Decimal(1)))
    terms = BillableTerms(enabled_accounts=frozenset({"6000"}), pteb=pteb)
    billed = billable_accounts(contract_of(terms), "2025-06", ACCOUNTS, ZERO)
    assert billed.pteb.percentage is not None
    assert (billed.pteb.percentage.steps, billed.pteb.percentage.value) == (3, Decimal("13.00"))
    assert billed.pteb.total == Decimal(5_460)


def test_support_without_an_amount_is_0() -> None:
    fixed = BillableTerms(support=SupportTerm(enabled=True, type=SupportType.FIXED))
    percentage = BillableTerms(frozenset({"6000"}), support=SupportTerm(enabled=True, type=SupportType.PERCENTAGE))
    assert billable_accounts(contract_of(fixed), "2025-05", ACCOUNTS, ZERO).support.total == 0
    assert billable_accounts(contract_of(percentage), "2025-05", ACCOUNTS, ZERO).support.total == 0


def test_in_the_current_month_the_greater_of_posted_and_forecast_counts_for_expenses() -> None:
    figures = AccountFigures(
        budget={"6000": Decimal(10), "7045": Decimal(100), "7113": Decimal(50)},
        saved={"7045": Decimal(80)},
        posted={"6000": Decimal(99), "7045": Decimal(95), "7113": Decimal(20), "7185": Decimal(-7)},
        basis=AccountBasis.CURRENT,
    )
    assert figures.expense("7045") == AccountAmount("7045", Decimal(95), "posted")
    assert figures.expense("7113") == AccountAmount("7113", Decimal(50), "budget")
    assert figures.expense("7185") == AccountAmount("7185", Decimal(-7), "posted")
    assert figures.expense("7205").amount == 0
    assert figures.payroll("6000") == AccountAmount("6000", Decimal(10), "budget")


def test_in_a_closed_month_everything_counts_as_posted() -> None:
    figures = AccountFigures(
        budget={"6000": Decimal(10), "7045": Decimal(100)},
        saved={"7045": Decimal(80)},
        posted={"6000": Decimal(9), "7045": Decimal(-3)},
        basis=AccountBasis.POSTED,
    )
    assert (figures.payroll("6000").amount, figures.expense("7045").amount) == (Decimal(9), Decimal(-3))
    assert figures.expense("7113") == AccountAmount("7113", ZERO, "posted")


@given(st.dictionaries(st.sampled_from(["6000", "6010", "7045", "7113", "7170"]), MONEY), MONEY)
def test_the_components_sum_to_the_total(budget: dict[str, Decimal], additional: Decimal) -> None:
    terms = BillableTerms(frozenset(budget), (AdditionalPayroll(additional),), TERMS.pteb, TERMS.support)
    billed = billable_accounts(contract_of(terms), "2025-05", AccountFigures(budget), ZERO)
    parts = (
        billed.billable_payroll,
        billed.additional_payroll,
        billed.pteb.total,
        billed.support.total,
        billed.expense_accounts,
    )
    assert sum(parts) == billed.total
    assert sum(line.amount for line in billed.expense_lines) == billed.expense_accounts
