"""The budget of one site and month, as the forecast reads it.

Source: Calculations, "Accounts" and "Ledger figures".
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from shared_code.domain.ledger import Balance
from shared_code.domain.parking_rates import REVENUE_ACCOUNTS, budget_rates
from shared_code.domain.pnl_components import Line
from shared_code.domain.pnl_lines import EXTERNAL_REVENUE_ACCOUNT, VEHICLE_INSURANCE_ACCOUNT
from shared_code.domain.pnl_rows import PnlRow
from shared_code.domain.rounding import ZERO
from shared_code.domain.statistics import Category, Volumes, budget_volumes


@dataclass(frozen=True, slots=True)
class BudgetMonth:
    """The budget of one site and month (`YYYY-MM`): its balances, by account too, and the lines that they make."""

    period: str
    balances: Sequence[Balance]
    accounts: Mapping[str, Decimal]
    lines: Mapping[PnlRow, Line]

    def amount(self, row: PnlRow) -> Decimal:
        """The unrounded budget of a row."""
        return self.lines[row].amount or ZERO

    @property
    def external_revenue(self) -> Decimal:
        """The balance of account 9410 in dollars."""
        return self.accounts.get(EXTERNAL_REVENUE_ACCOUNT, ZERO)

    @property
    def vehicle_insurance(self) -> Decimal:
        """The budget of account 7082, whatever line the chart of accounts gives it."""
        return self.accounts.get(VEHICLE_INSURANCE_ACCOUNT, ZERO)

    @property
    def volumes(self) -> Volumes:
        """Rooms and vehicles."""
        return budget_volumes(self.accounts)

    @property
    def rates(self) -> dict[Category, Decimal]:
        """Dollars per vehicle of the categories that have a budget."""
        return budget_rates(self.accounts)

    @property
    def adjustment_percent(self) -> Decimal:
        """By what part external revenue differs from the sum of its categories, a signed fraction; 0 without a sum.

        Source: Source side, "Account catalogue".
        """
        gross = sum((self.accounts.get(account, ZERO) for account in REVENUE_ACCOUNTS.values()), ZERO)
        return (self.external_revenue - gross) / gross if gross else ZERO


def budget_month(period: str, balances: Sequence[Balance], lines: Mapping[PnlRow, Line]) -> BudgetMonth:
    """The budget of `period` from its `balances`, one entry an account, and their `lines`."""
    return BudgetMonth(period, balances, accounts_of(balances), lines)


def accounts_of(balances: Sequence[Balance]) -> dict[str, Decimal]:
    """Balances as the ledger stores them, by account number."""
    return {entry.account: entry.balance for entry in balances}
