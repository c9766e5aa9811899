"""Other expenses of a site: twelve accounts, saved, budgeted, posted, and what counts of them.

Source: Calculations, "Expense rows" and "Current month"; REST API, "Other expenses — GET, PUT
/other-expenses/{siteId}/{period}".
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

from sqlalchemy import Connection

from shared_code.domain.account_figures import AccountAmount, AccountBasis, AccountFigures
from shared_code.domain.expense_rows import FORECAST_CLAIMS
from shared_code.domain.ledger import Balance, other_expense_accounts
from shared_code.domain.months import MonthKind, month_kind, period_of
from shared_code.domain.pnl_lines import PARKING_RENTS_ACCOUNT
from shared_code.domain.pnl_rows import PnlRow
from shared_code.domain.rounding import ZERO, money
from shared_code.services.forecast.cells import Module
from shared_code.services.forecast.header import Header, edit_window, period_lock, read_headers, role_lock
from shared_code.services.forecast.locks import LockReason
from shared_code.services.forecast.monthly_warnings import together, without_budget
from shared_code.services.forecast.other_expense_warnings import above_budget, months_without_revenue
from shared_code.services.periods import Period
from shared_code.services.pnl_site_cells import OpenSite
from shared_code.services.runtime import Runtime
from shared_code.storage import forecast_inputs, month_ledger, pnl_inputs

CLAIMS_FIELD: Final = "lossAndDamageClaims"
"""The field that is shown but never entered: claims are never forecast."""

ACCOUNT_FIELDS: Final[Mapping[str, str]] = {
    "employeeRelations": "7045",
    "fuelVehicles": "7075",
    CLAIMS_FIELD: "7100",
    "officeSupplies": "7113",
    "outsideServices": "7115",
    "rentsParking": PARKING_RENTS_ACCOUNT,
    "repairsAndMaintenance": "7175",
    "repairsAndMaintenanceVehicle": "7178",
    "signage": "7180",
    "suppliesAndEquipment": "7185",
    "ticketsAndPrintedMaterial": "7205",
    "uniforms": "7220",
}
"""The accounts under their names in JSON.

Source: Calculations, "Accounts".
"""

ENTERED_FIELDS: Final[Mapping[str, str]] = {
    name: account for name, account in ACCOUNT_FIELDS.items() if name != CLAIMS_FIELD
}
"""The accounts that users forecast."""

Amounts = Mapping[str, Decimal]
"""Dollars by field."""


@dataclass(frozen=True, slots=True)
class OtherExpensesMonth:
    """The twelve accounts of a month (`YYYY-MM`) in dollars by field.

    `forecast` has the saved ones, None without any; `actual` is None where the ledger was not read. `source` says where
    each of the `effective` amounts comes from: `actual`, `forecast`, `budget` or `none`.
    """

    month: str
    lock: LockReason | None
    forecast: Amounts | None
    budget: Amounts
    actual: Amounts | None
    effective: Amounts
    source: Mapping[str, str]

    @property
    def total(self) -> Decimal:
        """The effective amounts together."""
        return sum(self.effective.values(), ZERO)


@dataclass(frozen=True, slots=True)
class OtherExpensesView:
    """Other expenses of a period by month."""

    header: Header
    months: tuple[OtherExpensesMonth, ...]

    @property
    def by_account(self) -> Amounts:
        """The effective amounts of each account over all months."""
        return {name: sum((month.effective[name] for month in self.months), ZERO) for name in ACCOUNT_FIELDS}


def read_other_expenses(
    runtime: Runtime, connection: Connection, site: OpenSite, periods: Sequence[Period], *, may_write: bool
) -> list[OtherExpensesView]:
    """Other expenses of each of `periods`, in a few statements however many they are."""
    window = edit_window(connection, site)
    locks = [(period, period_lock(window, period, may_write=may_write)) for period in periods]
    headers = read_headers(connection, site, locks, Module.OTHER_EXPENSES)
    months = sorted({month for period in periods for month in period.months})
    facts = read_expense_facts(connection, site, months)
    by_month = {month: facts.month(month, role_lock(window.month_lock(month), may_write=may_write)) for month in months}
    idle = months_without_revenue(
        runtime, connection, site, {month for month, figures in by_month.items() if figures.total > 0}
    )
    views = []
    for period, header in zip(periods, headers, strict=True):
        shown = tuple(by_month[month] for month in period.months)
        saved = {
            (figures.month, name): amount for figures in shown for name, amount in (figures.forecast or {}).items()
        }
        warnings = together(
            above_budget(saved, facts.budget, runtime.settings),
            [idle[month] for month in period.months if month in idle],
            without_budget(period.months, facts.budgeted),
        )
        views.append(OtherExpensesView(replace(header, warnings=warnings), shown))
    return views


@dataclass(frozen=True, slots=True)
class ExpenseFacts:
    """What other expenses of some months follow from: saved, budgeted and posted dollars by month and field.

    A month is among the `budgeted` ones when any budget is loaded for it, and absent from `posted` when the ledger was
    not read for it.
    """

    current_month: str
    saved: Mapping[str, Amounts]
    budget: Mapping[str, Amounts]
    budgeted: Collection[str]
    posted: Mapping[str, Amounts]

    def month(self, month: str, lock: LockReason | None) -> OtherExpensesMonth:
        """The accounts of `month`."""
        saved, budget, posted = self.saved.get(month), self.budget.get(month, {}), self.posted.get(month)
        is_current = month == self.current_month
        figures = AccountFigures(
            budget, saved or {}, posted or {}, AccountBasis.CURRENT if is_current else AccountBasis.FORECAST
        )
        counted = {
            name: _claims(posted if is_current else None) if name == CLAIMS_FIELD else figures.expense(name)
            for name in ACCOUNT_FIELDS
        }
        return OtherExpensesMonth(
            month,
            lock,
            saved,
            _all_fields(budget),
            None if posted is None else _all_fields(posted),
            {name: amount.amount for name, amount in counted.items()},
            {name: _source(amount, budget) for name, amount in counted.items()},
        )


def read_expense_facts(connection: Connection, site: OpenSite, months: Sequence[str]) -> ExpenseFacts:
    """What other expenses of `months` (`YYYY-MM`, in order) follow from. Five statements."""
    asked = connection, site.scope, site.site_id, months[0], months[-1]
    balances, posted = month_ledger.budget_balances(*asked), month_ledger.posted_balances(*asked)
    published = pnl_inputs.published_months(connection, {int(month[:4]) for month in months})
    current = period_of(site.business_date)
    return ExpenseFacts(
        current,
        read_saved_amounts(connection, site, months[0], months[-1]),
        {month: amounts_of(entries) for month, entries in balances.items()},
        balances.keys(),
        {
            month: amounts_of(posted.get(month, ()))
            for month in months
            if month_kind(month, site.business_date) is not MonthKind.FORECAST and published.has_ledger(month, current)
        },
    )


def read_saved_amounts(connection: Connection, site: OpenSite, first: str, last: str) -> dict[str, dict[str, Decimal]]:
    """The saved amounts by field of the months from `first` to `last`; a month without any has none."""
    found = forecast_inputs.saved_other_expenses(connection, site.scope, [site.site_id], first, last)
    shown = {
        month: {name: money(saved[account]) for name, account in ENTERED_FIELDS.items() if account in saved}
        for (_, month), saved in found.items()
    }
    return {month: amounts for month, amounts in shown.items() if amounts}


def amounts_of(balances: Sequence[Balance]) -> dict[str, Decimal]:
    """Ledger balances by field, as the lines of the P&L take them; a field without a balance is absent.

    Parking rents are those of their line, other expenses the accounts of theirs.

    Source: Calculations, "Parking rents" and "Other expense".
    """
    accounts = other_expense_accounts(balances)
    claims = ACCOUNT_FIELDS[CLAIMS_FIELD]
    accounts |= {entry.account: entry.balance for entry in balances if entry.account == claims}
    rents = [entry.balance for entry in balances if entry.line == PnlRow.PARKING_RENTS]
    accounts.pop(PARKING_RENTS_ACCOUNT, None)
    if rents:
        accounts[PARKING_RENTS_ACCOUNT] = sum(rents, ZERO)
    return {name: accounts[account] for name, account in ACCOUNT_FIELDS.items() if account in accounts}


def _claims(posted: Amounts | None) -> AccountAmount:
    """Claims are never forecast; the running month has what is posted to date.

    Source: Calculations, "Claims" and "Current month".
    """
    if posted is None:
        return AccountAmount(CLAIMS_FIELD, FORECAST_CLAIMS, "none")
    return AccountAmount(CLAIMS_FIELD, posted.get(CLAIMS_FIELD, ZERO), "posted")


def _source(counted: AccountAmount, budget: Amounts) -> str:
    """Where an amount comes from, in the words of the contract."""
    if counted.source == "budget":
        return "budget" if counted.account in budget else "none"
    return _SOURCES[counted.source]


def _all_fields(amounts: Amounts) -> dict[str, Decimal]:
    return {name: amounts.get(name, ZERO) for name in ACCOUNT_FIELDS}


_SOURCES = {"saved": "forecast", "posted": "actual", "none": "none"}
