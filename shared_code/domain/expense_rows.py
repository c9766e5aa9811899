"""The forecast of the expense rows other than payroll, for one site and month, in unrounded dollars.

Source: Calculations, "Expense rows".
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal

from shared_code.domain.contract import ContractType
from shared_code.domain.pnl_lines import CLAIMS_ACCOUNTS, INSURANCE_ACCOUNTS, PARKING_RENTS_ACCOUNT
from shared_code.domain.rounding import ZERO

OTHER_EXPENSE_EXCLUDED = CLAIMS_ACCOUNTS | INSURANCE_ACCOUNTS | {PARKING_RENTS_ACCOUNT}
"""Accounts that belong to other rows and never count in other expense, saved or budgeted."""

FORECAST_CLAIMS = ZERO
"""Claims of every forecast month, whatever the budget says.

Source: Calculations, "Claims".
"""


@dataclass(frozen=True, slots=True)
class InsuranceRates:
    """Insurance in percent of payroll, by kind of contract.

    Source: Calculations, "Settings".
    """

    management_agreement: Decimal = Decimal("5.77")
    other: Decimal = Decimal("4.45")

    def for_contract(self, contract_types: Collection[str]) -> Decimal:
        """The rate of a site with these contract types; none of them without a contract."""
        return self.management_agreement if ContractType.MANAGEMENT_AGREEMENT in contract_types else self.other


DEFAULT_INSURANCE_RATES = InsuranceRates()


@dataclass(frozen=True, slots=True)
class AccountForecast:
    """Forecast of one expense account in dollars: the saved amount, else the budget."""

    account: str
    amount: Decimal
    is_saved: bool


def forecast_pteb(payroll: Decimal, budget_pteb: Decimal, budget_payroll: Decimal) -> Decimal:
    """PTEB at the ratio of the budget; the budget PTEB when the budget payroll is 0.

    Source: Calculations, "PTEB".
    """
    return payroll * budget_pteb / budget_payroll if budget_payroll else budget_pteb


def forecast_insurance(payroll: Decimal, rate_percent: Decimal, budget_7082: Decimal) -> Decimal:
    """Insurance as percent points of payroll plus the budget of vehicle insurance.

    Source: Calculations, "Insurance".
    """
    return payroll * rate_percent / 100 + budget_7082


def forecast_parking_rents(saved_rent: Decimal | None, budget_rents: Decimal) -> Decimal:
    """The saved amount of account 7170, else the budget of the parking rents row.

    Source: Calculations, "Parking rents".
    """
    return budget_rents if saved_rent is None else saved_rent


def forecast_other_expense(saved: Mapping[str, Decimal], budget: Mapping[str, Decimal]) -> tuple[AccountForecast, ...]:
    """The forecast of every account that counts in other expense, by account number; their sum is the row.

    `saved` holds the saved amounts by account, `budget` the budget of the accounts of category OTHER EXPENSE.

    Source: Calculations, "Other expense".
    """
    accounts = sorted((saved.keys() | budget.keys()) - OTHER_EXPENSE_EXCLUDED)
    return tuple(
        AccountForecast(account, saved[account], is_saved=True)
        if account in saved
        else AccountForecast(account, budget[account], is_saved=False)
        for account in accounts
    )


def sum_of_accounts(accounts: Collection[AccountForecast]) -> Decimal:
    """Dollars of `accounts` together."""
    return sum((account.amount for account in accounts), ZERO)
