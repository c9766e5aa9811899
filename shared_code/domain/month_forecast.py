"""The forecast lines of one site and month.

Source: Calculations, "Cells", "Payroll forecast" and "Expense rows".
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from shared_code.domain.expense_rows import (
    FORECAST_CLAIMS,
    AccountForecast,
    forecast_insurance,
    forecast_other_expense,
    forecast_parking_rents,
    forecast_pteb,
    sum_of_accounts,
)
from shared_code.domain.internal_revenue import InternalRevenueSource, internal_revenue
from shared_code.domain.ledger import Balance, other_expense_accounts
from shared_code.domain.payroll import PayrollInputs, forecast_payroll
from shared_code.domain.pnl_components import (
    BUDGET,
    NOTHING,
    PAYROLL_PERCENT,
    PAYROLL_RATIO,
    UNAVAILABLE,
    VEHICLE_INSURANCE,
    Component,
    FigureSource,
    Line,
    figure_text,
    line_of_parts,
)
from shared_code.domain.pnl_lines import VEHICLE_INSURANCE_ACCOUNT
from shared_code.domain.pnl_rows import CELL_ROWS, ROW_LABELS, PnlRow
from shared_code.domain.rounding import ZERO
from shared_code.domain.site_year_inputs import SiteTerms


@dataclass(frozen=True, slots=True)
class BudgetMonth:
    """The budget of one site and month (`YYYY-MM`): its balances, and the lines that they make."""

    period: str
    balances: Sequence[Balance]
    lines: Mapping[PnlRow, Line]

    def amount(self, row: PnlRow) -> Decimal:
        """The unrounded budget of a row."""
        return self.lines[row].amount or ZERO

    @property
    def vehicle_insurance(self) -> Decimal:
        """The budget of account 7082, whatever line the chart of accounts gives it."""
        return sum((entry.balance for entry in self.balances if entry.account == VEHICLE_INSURANCE_ACCOUNT), ZERO)


@dataclass(frozen=True, slots=True)
class ForecastMonth:
    """The forecast lines of one site and month.

    `other_expense` are the accounts of that line, `internal_source` says where internal revenue comes from.
    """

    lines: Mapping[PnlRow, Line]
    other_expense: tuple[AccountForecast, ...]
    internal_source: InternalRevenueSource


def forecast_month(budget: BudgetMonth | None, terms: SiteTerms) -> ForecastMonth:
    """The forecast of a month in which nothing is saved; without a published budget only claims are known.

    Source: Calculations, "Month without any saved driver", "Payroll forecast" and "Expense rows".
    """
    if budget is None:
        lines = dict.fromkeys(CELL_ROWS, UNAVAILABLE) | {PnlRow.CLAIMS: NOTHING}
        return ForecastMonth(lines, (), InternalRevenueSource.BUDGET)
    revenue = internal_revenue(None, budget.amount(PnlRow.INTERNAL_REVENUE))
    accounts = forecast_other_expense({}, other_expense_accounts(budget.balances))
    payroll = forecast_payroll(budget.period, payroll_inputs(budget, terms)).total
    lines = {
        PnlRow.EXTERNAL_REVENUE: budget_line(budget, PnlRow.EXTERNAL_REVENUE),
        PnlRow.INTERNAL_REVENUE: _from_budget(PnlRow.INTERNAL_REVENUE, revenue.total),
        PnlRow.PAYROLL: _from_budget(PnlRow.PAYROLL, payroll),
        PnlRow.CLAIMS: Line(FORECAST_CLAIMS),
        PnlRow.PARKING_RENTS: parking_rents_line(budget),
        PnlRow.OTHER_EXPENSE: other_expense_line(accounts, budget),
        PnlRow.PTEB: pteb_line(payroll, budget),
        PnlRow.INSURANCE: insurance_line(payroll, budget, terms),
        PnlRow.OCCUPIED_ROOMS: budget_line(budget, PnlRow.OCCUPIED_ROOMS),
    }
    return ForecastMonth(lines, accounts, revenue.source)


def payroll_inputs(budget: BudgetMonth, terms: SiteTerms) -> PayrollInputs:
    """What the payroll forecast of the month is made of; nothing is saved."""
    return PayrollInputs(terms.job_codes, (), {}, budget.amount(PnlRow.PAYROLL))


def budget_line(budget: BudgetMonth, row: PnlRow) -> Line:
    """A forecast line that is the budget of its row as it stands.

    Source: Calculations, "Month without any saved driver".
    """
    return _from_budget(row, budget.amount(row))


def parking_rents_line(budget: BudgetMonth) -> Line:
    """Parking rents: the budget of the row, with its accounts.

    Source: Calculations, "Parking rents".
    """
    rents = budget.lines[PnlRow.PARKING_RENTS]
    return Line(forecast_parking_rents(None, rents.amount or ZERO), rents.components)


def other_expense_line(accounts: Sequence[AccountForecast], budget: BudgetMonth) -> Line:
    """Other expense from the forecast of its accounts, each of which has a budget.

    Source: Calculations, "Other expense".
    """
    budgeted = {component.code: component for component in budget.lines[PnlRow.OTHER_EXPENSE].components}
    return Line(sum_of_accounts(accounts), tuple(budgeted[entry.account] for entry in accounts))


def pteb_line(payroll: Decimal, budget: BudgetMonth) -> Line:
    """PTEB on `payroll` (dollars, forecast or blended).

    Source: Calculations, "PTEB".
    """
    budget_pteb, budget_payroll = budget.amount(PnlRow.PTEB), budget.amount(PnlRow.PAYROLL)
    amount = forecast_pteb(payroll, budget_pteb, budget_payroll)
    if not budget_payroll:
        return _from_budget(PnlRow.PTEB, amount)
    inputs = {
        "payroll": figure_text(payroll),
        "budgetPteb": figure_text(budget_pteb),
        "budgetPayroll": figure_text(budget_payroll),
    }
    formula = Component(PAYROLL_RATIO, "Payroll × budget PTEB ÷ budget payroll", amount, None, inputs)
    return line_of_parts(amount, [formula])


def insurance_line(payroll: Decimal, budget: BudgetMonth, terms: SiteTerms) -> Line:
    """Insurance on `payroll` (dollars, forecast or blended).

    Source: Calculations, "Insurance".
    """
    rate, vehicles = terms.insurance_rates.for_contract(terms.contract_types), budget.vehicle_insurance
    amount = forecast_insurance(payroll, rate, vehicles)
    inputs = {"payroll": figure_text(payroll), "ratePercent": figure_text(rate)}
    parts = [
        Component(
            VEHICLE_INSURANCE, "Budget of vehicle insurance", vehicles, None, {"account": VEHICLE_INSURANCE_ACCOUNT}
        ),
        Component(PAYROLL_PERCENT, "Percent of payroll", amount - vehicles, None, inputs),
    ]
    return line_of_parts(amount, parts)


def _from_budget(row: PnlRow, amount: Decimal) -> Line:
    return Line(amount, (Component(BUDGET, f"Budget: {ROW_LABELS[row]}", amount, FigureSource.BUDGET),))
