"""Ledger accounts of a site-month as billing sees them: budget, saved and posted, and which of them counts.

Source: Calculations, "Billable accounts" and "Current month".
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from shared_code.domain.pnl_lines import PTEB_ACCOUNTS
from shared_code.domain.rounding import ZERO


class AccountBasis(StrEnum):
    """Which figure of an account counts."""

    FORECAST = "forecast"
    """Expenses: saved, else budget. Payroll: budget."""
    CURRENT = "current"
    """Expenses: the greater of posted to date and forecast. Payroll: budget."""
    POSTED = "posted"
    """Everything as posted: the rule of closed months."""


@dataclass(frozen=True, slots=True)
class AccountAmount:
    """The dollars that count for one account, and whether they were `saved`, `budget` or `posted`."""

    account: str
    amount: Decimal
    source: str


@dataclass(frozen=True, slots=True)
class AccountFigures:
    """Dollars of a site-month by account; an account without a figure is absent. `posted` is to date or final."""

    budget: Mapping[str, Decimal] = field(default_factory=dict)
    saved: Mapping[str, Decimal] = field(default_factory=dict)
    posted: Mapping[str, Decimal] = field(default_factory=dict)
    basis: AccountBasis = AccountBasis.FORECAST

    def payroll(self, account: str) -> AccountAmount:
        """The figure of a payroll account."""
        if self.basis is AccountBasis.POSTED:
            return AccountAmount(account, self.posted.get(account, ZERO), "posted")
        return AccountAmount(account, self.budget.get(account, ZERO), "budget")

    def expense(self, account: str) -> AccountAmount:
        """The figure of an expense account. An account with only one of two figures counts with it."""
        posted = self.posted.get(account)
        if self.basis is AccountBasis.POSTED:
            return AccountAmount(account, posted or ZERO, "posted")
        saved = self.saved.get(account)
        forecast, source = (saved, "saved") if saved is not None else (self.budget.get(account), "budget")
        if self.basis is AccountBasis.CURRENT and posted is not None and (forecast is None or posted > forecast):
            return AccountAmount(account, posted, "posted")
        return AccountAmount(account, forecast or ZERO, source)


def is_payroll_account(account: str) -> bool:
    """Whether the account belongs to payroll: 6000–6999 without PTEB."""
    return account.startswith("6") and len(account) == 4 and account not in PTEB_ACCOUNTS


def is_expense_account(account: str) -> bool:
    """Whether the account belongs to the 7000 series."""
    return account.startswith("7") and len(account) == 4
