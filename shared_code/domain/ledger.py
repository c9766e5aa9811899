"""Ledger balances as cells of the P&L, and the dates for which the warehouse is asked.

Source: Calculations, "Ledger figures" and "Reading the warehouse".
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from shared_code.domain.months import first_day, last_day
from shared_code.domain.pnl_lines import line_amount
from shared_code.domain.pnl_rows import CELL_ROWS, PnlRow
from shared_code.domain.rounding import ZERO, money


@dataclass(frozen=True, slots=True)
class Balance:
    """The balance of one account of a site and month, as the ledger stores it (internal revenue negative).

    `line` is a P&L row, `statistic` or `unmapped`; dollars, or a count for statistics.
    """

    account: str
    line: str
    balance: Decimal


@dataclass(frozen=True, slots=True)
class QueryBounds:
    """First and last day (both included) of a warehouse query for one month."""

    first: date
    last: date


def ledger_cells(balances: Iterable[Balance]) -> dict[PnlRow, Decimal]:
    """The budget or actual cells of one site and month: every row that has cells, 0 where no balance exists.

    Balances are added before they are rounded to 2 decimals; accounts of no row count nowhere.

    Source: Calculations, "Ledger figures".
    """
    sums = dict.fromkeys(CELL_ROWS, ZERO)
    for entry in balances:
        row = _ROW_OF_LINE.get(entry.line)
        if row is not None:
            sums[row] += line_amount(row, entry.balance)
    return {row: money(amount) for row, amount in sums.items()}


def other_expense_accounts(balances: Iterable[Balance]) -> dict[str, Decimal]:
    """Dollars (unrounded) of every account of other expense, by account number in ascending order.

    Source: Calculations, "Reading the warehouse".
    """
    sums: dict[str, Decimal] = {}
    for entry in balances:
        if entry.line == PnlRow.OTHER_EXPENSE:
            sums[entry.account] = sums.get(entry.account, ZERO) + entry.balance
    return dict(sorted(sums.items()))


def query_bounds(period: str, business_date: date) -> QueryBounds | None:
    """The days that a query for `period` covers; None for a month that has not begun, which is not queried.

    Source: Calculations, "Reading the warehouse".
    """
    first = first_day(period)
    if first > business_date:
        return None
    return QueryBounds(first, min(last_day(period), business_date))


_ROW_OF_LINE = {row.value: row for row in CELL_ROWS}
