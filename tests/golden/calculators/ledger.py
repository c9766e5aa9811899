"""Cases of ledger figures."""

from datetime import date
from decimal import Decimal
from typing import Any

from shared_code.domain.flc import front_line_contribution
from shared_code.domain.ledger import Balance, ledger_cells, other_expense_accounts, query_bounds
from shared_code.domain.pnl import SiteRows, roll_up
from shared_code.domain.pnl_lines import line_of_account
from shared_code.domain.pnl_rows import PnlRow
from shared_code.domain.rounding import ZERO
from tests.golden.case_values import Given, read_amount


def answer(given: dict[str, Any]) -> dict[str, Any]:
    """The answer to one of four tasks."""
    return _TASKS[given["task"]](given)


def _read_balances(given: Given) -> list[Balance]:
    return [
        Balance(row["account"], line_of_account(row["account"], row.get("category")).line, read_amount(row, "balance"))
        for row in given["balances"]
    ]


def _with_flc(cells: dict[PnlRow, Decimal]) -> dict[str, Any]:
    return {**{row.value: cell for row, cell in cells.items()}, "flc": front_line_contribution(cells)}


def _rows(given: Given) -> dict[str, Any]:
    return _with_flc(ledger_cells(_read_balances(given)))


def _sites(given: Given) -> dict[str, Any]:
    sites = [ledger_cells(_read_balances(site)) for site in given["sites"]]
    summed = roll_up((SiteRows("", {row: (cell,) for row, cell in cells.items()}) for cells in sites), columns=1)
    return _with_flc({row: cell for row, (cell,) in summed.rows.items() if cell is not None})


def _other_expense(given: Given) -> dict[str, Any]:
    accounts = other_expense_accounts(_read_balances(given))
    return {"accounts": accounts, "total": sum(accounts.values(), ZERO)}


def _query_bounds(given: Given) -> dict[str, Any]:
    bounds = query_bounds(given["month"], date.fromisoformat(given["business_date"]))
    if bounds is None:
        return {"from": None, "to": None, "empty": True}
    return {"from": bounds.first, "to": bounds.last, "empty": False}


_TASKS = {"rows": _rows, "sites": _sites, "other_expense": _other_expense, "query_bounds": _query_bounds}
