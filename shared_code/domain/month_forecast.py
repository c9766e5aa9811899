"""The forecast lines of one site and month, without internal revenue, which is built on them.

Source: Calculations, "Cells", "Payroll forecast" and "Expense rows".
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from shared_code.domain.contract import Contract
from shared_code.domain.expense_rows import (
    FORECAST_CLAIMS,
    AccountForecast,
    forecast_insurance,
    forecast_other_expense,
    forecast_parking_rents,
    forecast_pteb,
    sum_of_accounts,
)
from shared_code.domain.ledger import other_expense_accounts
from shared_code.domain.month_budget import BudgetMonth
from shared_code.domain.month_external import ExternalForecast, forecast_external
from shared_code.domain.payroll import CodePayroll, PayrollForecast, PayrollInputs, PayrollSource, forecast_payroll
from shared_code.domain.pnl_components import (
    HOURLY_COST,
    PAYROLL_PERCENT,
    PAYROLL_RATIO,
    SALARIED_COST,
    VEHICLE_INSURANCE,
    Component,
    FigureSource,
    Line,
    budget_part,
    figure_text,
    line_of_parts,
)
from shared_code.domain.pnl_lines import PARKING_RENTS_ACCOUNT, VEHICLE_INSURANCE_ACCOUNT
from shared_code.domain.pnl_rows import PnlRow
from shared_code.domain.rounding import ZERO
from shared_code.domain.site_year_inputs import MonthInputs, SiteTerms


@dataclass(frozen=True, slots=True)
class ForecastMonth:
    """The forecast of one site and month, and what the running month and the contract take from it.

    `lines` has all rows but internal revenue, `other_expense` the accounts of that line. `missing_rates` names the job
    codes whose hours have no rate: payroll is then incomplete.
    """

    lines: Mapping[PnlRow, Line]
    external: ExternalForecast
    other_expense: tuple[AccountForecast, ...]
    payroll: PayrollInputs
    missing_rates: tuple[str, ...]


def forecast_month(
    month: MonthInputs,
    budget: BudgetMonth,
    terms: SiteTerms,
    account_names: Mapping[str, str],
    *,
    by_category: bool = False,
) -> ForecastMonth:
    """The forecast of `month`: what is saved, else its budget.

    `by_category` asks for the revenue of the categories also where it makes no difference to the month itself.

    Source: Calculations, "Order of dependencies".
    """
    saved, contract = month.saved, month.contract
    external = forecast_external(budget, saved, terms.available_rooms, by_category=by_category)
    accounts = forecast_other_expense(saved.other_expenses, other_expense_accounts(budget.balances))
    payroll_inputs = PayrollInputs(terms.job_codes, saved.hours, month.budget_hours, budget.amount(PnlRow.PAYROLL))
    payroll = forecast_payroll(month.period, payroll_inputs)
    lines = {
        PnlRow.EXTERNAL_REVENUE: external.line,
        PnlRow.PAYROLL: payroll_line(payroll),
        PnlRow.CLAIMS: Line(FORECAST_CLAIMS),
        PnlRow.PARKING_RENTS: _parking_rents_line(saved.other_expenses, budget, account_names),
        PnlRow.OTHER_EXPENSE: _other_expense_line(accounts, budget, account_names),
        PnlRow.PTEB: pteb_line(payroll.total, budget),
        PnlRow.INSURANCE: insurance_line(payroll.total, budget, insurance_rate(contract, terms)),
        PnlRow.OCCUPIED_ROOMS: external.rooms_line,
    }
    return ForecastMonth(lines, external, accounts, payroll_inputs, payroll.missing_rates)


def insurance_rate(contract: Contract | None, terms: SiteTerms) -> Decimal:
    """Insurance in percent points of payroll; a management agreement has a rate of its own."""
    return terms.insurance_rates.for_contract(() if contract is None else contract.contract_types)


def payroll_line(payroll: PayrollForecast) -> Line:
    """Payroll: the budget, or the cost of hours and salaries with the hours and the cost of every code.

    Source: Calculations, "Payroll forecast".
    """
    if payroll.source is PayrollSource.BUDGET:
        return Line(payroll.total, (budget_part(PnlRow.PAYROLL, payroll.total),))
    hours = {code.job_code: _hours_text(code) for code in payroll.codes if code.hours.total or code.cost}
    if payroll.missing_rates:
        hours["missingRates"] = ", ".join(payroll.missing_rates)
    hourly, salaried = payroll.hourly_cost or ZERO, payroll.salaried_cost or ZERO
    parts = [Component(HOURLY_COST, "Hours at their rates", hourly, FigureSource.FORECAST, hours or None)]
    if salaried:
        parts.append(Component(SALARIED_COST, "Salaries", salaried, FigureSource.FORECAST))
    return line_of_parts(payroll.total, parts)


def pteb_line(payroll: Decimal, budget: BudgetMonth) -> Line:
    """PTEB on `payroll` (dollars, forecast or blended).

    Source: Calculations, "PTEB".
    """
    budget_pteb, budget_payroll = budget.amount(PnlRow.PTEB), budget.amount(PnlRow.PAYROLL)
    amount = forecast_pteb(payroll, budget_pteb, budget_payroll)
    if not budget_payroll:
        return Line(amount, (budget_part(PnlRow.PTEB, amount),))
    inputs = {
        "payroll": figure_text(payroll),
        "budgetPteb": figure_text(budget_pteb),
        "budgetPayroll": figure_text(budget_payroll),
    }
    formula = Component(PAYROLL_RATIO, "Payroll × budget PTEB ÷ budget payroll", amount, None, inputs)
    return line_of_parts(amount, [formula])


def insurance_line(payroll: Decimal, budget: BudgetMonth, rate_percent: Decimal) -> Line:
    """Insurance on `payroll` (dollars, forecast or blended) at `rate_percent` (percent points).

    Source: Calculations, "Insurance".
    """
    vehicles = budget.vehicle_insurance
    amount = forecast_insurance(payroll, rate_percent, vehicles)
    inputs = {"payroll": figure_text(payroll), "ratePercent": figure_text(rate_percent)}
    account = {"account": VEHICLE_INSURANCE_ACCOUNT}
    parts = [
        Component(VEHICLE_INSURANCE, "Budget of vehicle insurance", vehicles, None, account),
        Component(PAYROLL_PERCENT, "Percent of payroll", amount - vehicles, None, inputs),
    ]
    return line_of_parts(amount, parts)


def _parking_rents_line(saved: Mapping[str, Decimal], budget: BudgetMonth, account_names: Mapping[str, str]) -> Line:
    """Parking rents: the saved amount of account 7170, else the budget of the row with its accounts.

    Source: Calculations, "Parking rents".
    """
    rents = budget.lines[PnlRow.PARKING_RENTS]
    saved_rent = saved.get(PARKING_RENTS_ACCOUNT)
    amount = forecast_parking_rents(saved_rent, rents.amount or ZERO)
    if saved_rent is None:
        return Line(amount, rents.components)
    return Line(amount, (_account_part(PARKING_RENTS_ACCOUNT, amount, account_names),))


def _other_expense_line(
    accounts: Sequence[AccountForecast], budget: BudgetMonth, account_names: Mapping[str, str]
) -> Line:
    """Other expense from the forecast of its accounts.

    Source: Calculations, "Other expense".
    """
    budgeted = {component.code: component for component in budget.lines[PnlRow.OTHER_EXPENSE].components}
    parts = tuple(
        _account_part(entry.account, entry.amount, account_names) if entry.is_saved else budgeted[entry.account]
        for entry in accounts
    )
    return Line(sum_of_accounts(accounts), parts)


def _account_part(account: str, amount: Decimal, account_names: Mapping[str, str]) -> Component:
    """An account whose forecast a user saved."""
    return Component(account, account_names.get(account, account), amount, FigureSource.FORECAST)


def _hours_text(code: CodePayroll) -> str:
    """Hours of a code, where they come from and what they cost."""
    hours = f"{figure_text(code.hours.total)} h ({code.hours.source.value})"
    return f"{hours}, no rate" if code.cost is None else f"{hours} = {figure_text(code.cost)}"
