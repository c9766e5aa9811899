"""The P&L line of an account: its summary category decides, account ranges only serve to warn.

Source: Source side, "P&L lines"; Calculations, "Accounts" and "Ledger figures".
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from shared_code.domain.parking_rates import REVENUE_ACCOUNTS
from shared_code.domain.pnl_rows import PnlRow
from shared_code.domain.statistics import OCCUPIED_ROOMS_ACCOUNT

UNMAPPED = "unmapped"
"""Line of an account that has no category of the P&L: kept, but counted in no row."""

STATISTIC = "statistic"
"""Line of an account that holds vehicles or the revenue of one parking category."""

LINE_OF_CATEGORY: Mapping[str, PnlRow] = {
    "EXTERNAL REVENUE": PnlRow.EXTERNAL_REVENUE,
    "INTERNAL REVENUE": PnlRow.INTERNAL_REVENUE,
    "PAYROLL": PnlRow.PAYROLL,
    "PTEB": PnlRow.PTEB,
    "CLAIMS": PnlRow.CLAIMS,
    "PARKING RENTS": PnlRow.PARKING_RENTS,
    "INSURANCE": PnlRow.INSURANCE,
    "OTHER EXPENSE": PnlRow.OTHER_EXPENSE,
}
"""P&L row of each summary category of the chart of accounts."""

EXTERNAL_REVENUE_ACCOUNT = "9410"
PTEB_ACCOUNTS = frozenset({"6200", "6399", "6500"})
CLAIMS_ACCOUNTS = frozenset({"7099", "7100", "7101", "7102"})
PARKING_RENTS_ACCOUNT = "7170"
VEHICLE_INSURANCE_ACCOUNT = "7082"
INSURANCE_ACCOUNTS = frozenset({"7080", VEHICLE_INSURANCE_ACCOUNT, "7085"})

FORECAST_ACCOUNTS = frozenset({"7045", "7075", "7113", "7115", "7170", "7175", "7178", "7180", "7185", "7205", "7220"})
"""Expense accounts that are forecast one by one; 7100, the twelfth that is shown, is read-only.

Source: Calculations, "Accounts".
"""

_CATEGORY_REVENUE_ACCOUNTS = frozenset(REVENUE_ACCOUNTS.values())


@dataclass(frozen=True, slots=True)
class AccountLine:
    """The line of an account: a P&L row, `statistic` or `unmapped`, and what there is to say about it.

    `factor` turns a stored balance into an amount of the line (-1 for internal revenue). `expected` is the line
    that the number of the account suggests, set only where the chart of accounts disagrees with it.
    """

    account: str
    line: str
    factor: int
    expected: str | None

    @property
    def is_unmapped(self) -> bool:
        """Whether the account counts in no row and has to be reported."""
        return self.line == UNMAPPED


def normalise_category(category: str | None) -> str:
    """A summary category as it is compared: without surrounding blanks, in upper case; "" for none."""
    return (category or "").strip().upper()


def expected_line(account: str) -> str | None:
    """The line that the number of an account suggests; None outside the ranges of the catalogue."""
    if account == OCCUPIED_ROOMS_ACCOUNT:
        return PnlRow.OCCUPIED_ROOMS
    if account == EXTERNAL_REVENUE_ACCOUNT:
        return PnlRow.EXTERNAL_REVENUE
    if is_category_statistic(account):
        return STATISTIC
    if account in PTEB_ACCOUNTS:
        return PnlRow.PTEB
    if account in CLAIMS_ACCOUNTS:
        return PnlRow.CLAIMS
    if account in INSURANCE_ACCOUNTS:
        return PnlRow.INSURANCE
    if account == PARKING_RENTS_ACCOUNT:
        return PnlRow.PARKING_RENTS
    thousands = {"4": PnlRow.INTERNAL_REVENUE, "6": PnlRow.PAYROLL, "7": PnlRow.OTHER_EXPENSE}
    return thousands.get(account[:1]) if _is_four_digits(account) else None


def is_category_statistic(account: str) -> bool:
    """Whether an account holds vehicles (95xx) or the revenue of one parking category (9411 to 9416)."""
    return account in _CATEGORY_REVENUE_ACCOUNTS or (_is_four_digits(account) and account.startswith("95"))


def is_count_account(account: str) -> bool:
    """Whether an account counts rooms (9440) or vehicles (95xx) and therefore has no currency.

    Source: Source side, "Budget normalisation, in this order".
    """
    return account == OCCUPIED_ROOMS_ACCOUNT or (_is_four_digits(account) and account.startswith("95"))


def line_of_account(account: str, category: str | None) -> AccountLine:
    """The line of `account`, whose summary category in the chart of accounts is `category` (None or blank: none).

    Source: Source side, "P&L lines".
    """
    suggested = expected_line(account)
    if account == OCCUPIED_ROOMS_ACCOUNT:
        return AccountLine(account, PnlRow.OCCUPIED_ROOMS, 1, None)
    row = LINE_OF_CATEGORY.get(normalise_category(category))
    if row is None:
        line = STATISTIC if is_category_statistic(account) else UNMAPPED
        return AccountLine(account, line, 1, suggested if suggested != line else None)
    return AccountLine(account, row, sign_factor(row), suggested if suggested != row else None)


def sign_factor(line: str) -> int:
    """What a stored balance is multiplied by: -1 for internal revenue, which the ledger keeps as a credit."""
    return -1 if line == PnlRow.INTERNAL_REVENUE else 1


def line_amount(line: str, balance: Decimal) -> Decimal:
    """A stored ledger balance with the sign of its line; the absolute value is never taken."""
    return -balance if line == PnlRow.INTERNAL_REVENUE else balance


def _is_four_digits(account: str) -> bool:
    return len(account) == 4 and account.isascii() and account.isdigit()
