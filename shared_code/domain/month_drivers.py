"""What a month feeds into its contract: forecast, blended in the running month, posted in a closed one.

Source: Calculations, "Order of dependencies", "Current month" and "Management agreement".
"""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from shared_code.domain.account_figures import AccountBasis, AccountFigures
from shared_code.domain.actual_payroll import actual_hours
from shared_code.domain.contract import Contract
from shared_code.domain.contract_drivers import ContractDrivers
from shared_code.domain.effective_statistics import RoomsSource
from shared_code.domain.labor_hours import JobHours, blend_hours, forecast_hours, forecast_hours_after
from shared_code.domain.management_claims import posted_claims
from shared_code.domain.month_blend import BlendedMonth, PostedMonth
from shared_code.domain.month_budget import BudgetMonth
from shared_code.domain.month_forecast import ForecastMonth
from shared_code.domain.pnl_components import Line
from shared_code.domain.pnl_rows import PnlRow
from shared_code.domain.revenue_share import MonthRevenue, closed_month_revenue, forecast_month_revenue
from shared_code.domain.rounding import ZERO
from shared_code.domain.site_year_inputs import MonthInputs, RecordedDays
from shared_code.domain.statistics import Category
from shared_code.domain.trend_figures import Accumulated


def forecast_drivers(
    month: MonthInputs, budget: BudgetMonth, forecast: ForecastMonth, before: Accumulated
) -> ContractDrivers:
    """The drivers of a month from its forecast alone; a forecast month has no claims."""
    return ContractDrivers(
        external_revenue=forecast_revenue(forecast),
        accumulated_shares=before.shares,
        occupied_rooms=forecast.external.rooms,
        rooms_source=forecast.external.rooms_source,
        hours=forecast_hours(month.saved.hours, month.budget_hours),
        accounts=AccountFigures(budget.accounts, month.saved.other_expenses),
        site_pteb=budget.amount(PnlRow.PTEB),
        insurance_row=_amount(forecast.lines, PnlRow.INSURANCE),
        accumulated_claims=before.claims,
        accumulated_profit=before.profit,
        other_revenue=month.saved.other_revenue,
    )


def blended_drivers(
    month: MonthInputs,
    budget: BudgetMonth,
    posted: PostedMonth | None,
    forecast: ForecastMonth,
    blended: BlendedMonth,
    recorded: RecordedDays,
    before: Accumulated,
) -> ContractDrivers:
    """The drivers of the running month: recorded to the last day with data, forecast after it.

    Source: Calculations, "Current month".
    """
    balances = {} if posted is None else posted.accounts
    rooms_source = forecast.external.rooms_source if blended.rooms.last_day is None else RoomsSource.BLENDED
    return ContractDrivers(
        external_revenue=blended_revenue(forecast, blended, recorded),
        accumulated_shares=before.shares,
        occupied_rooms=blended.rooms.value,
        rooms_source=rooms_source,
        hours=_blended_hours(month, recorded, blended.payroll_through),
        accounts=AccountFigures(budget.accounts, month.saved.other_expenses, balances, AccountBasis.CURRENT),
        site_pteb=budget.amount(PnlRow.PTEB),
        insurance_row=_amount(blended.lines, PnlRow.INSURANCE),
        claims=_claims(month.contract, balances),
        accumulated_claims=before.claims,
        accumulated_profit=before.profit,
        other_revenue=month.saved.other_revenue,
    )


def closed_drivers(month: MonthInputs, posted: PostedMonth, before: Accumulated) -> ContractDrivers:
    """The drivers of a closed month as they were posted: its profit accumulates in the months after it.

    Source: Calculations, "Management agreement".
    """
    return ContractDrivers(
        external_revenue=closed_revenue(month, posted),
        accumulated_shares=before.shares,
        occupied_rooms=_amount(posted.lines, PnlRow.OCCUPIED_ROOMS),
        rooms_source=RoomsSource.ACTUAL,
        hours=month.recorded.hours,
        accounts=AccountFigures(posted=posted.accounts, basis=AccountBasis.POSTED),
        site_pteb=_amount(posted.lines, PnlRow.PTEB),
        insurance_row=_amount(posted.lines, PnlRow.INSURANCE),
        claims=_claims(month.contract, posted.accounts),
        accumulated_claims=before.claims,
        accumulated_profit=before.profit,
        other_revenue=month.saved.other_revenue,
    )


def forecast_revenue(forecast: ForecastMonth) -> MonthRevenue:
    """External revenue of a forecast month as shares see it."""
    return forecast_month_revenue(forecast.external.net, forecast.external.category_amounts)


def blended_revenue(forecast: ForecastMonth, blended: BlendedMonth, recorded: RecordedDays) -> MonthRevenue:
    """External revenue of the running month: recorded categories to the last day, the forecast share after it."""
    series, by_category = blended.external, dict[Category, Decimal]()
    for day, amounts in recorded.revenue_by_category.items():
        if series.last_day is not None and day <= series.last_day:
            for category, amount in amounts.items():
                by_category[category] = by_category.get(category, ZERO) + amount
    return MonthRevenue(series.value, series.forecast_part, forecast.external.category_amounts, by_category)


def closed_revenue(month: MonthInputs, posted: PostedMonth) -> MonthRevenue:
    """External revenue of a closed month: the ledger's figure, and what was recorded by category."""
    net = _amount(posted.lines, PnlRow.EXTERNAL_REVENUE)
    return closed_month_revenue(net, month.recorded.revenue_by_category)


def _blended_hours(month: MonthInputs, recorded: RecordedDays, through: date | None) -> dict[str, JobHours]:
    """Hours to the last payroll day as recorded, forecast after it; all forecast where nothing is recorded."""
    saved, budget = month.saved.hours, month.budget_hours
    if through is None:
        return forecast_hours(saved, budget)
    return blend_hours(actual_hours(recorded.labor, through), forecast_hours_after(through, saved, budget))


def _claims(contract: Contract | None, posted: Mapping[str, Decimal]) -> Decimal:
    """Posted dollars of the claims accounts that the contract bills."""
    return ZERO if contract is None else posted_claims(contract.billable.enabled_accounts, posted)


def _amount(lines: Mapping[PnlRow, Line], row: PnlRow) -> Decimal:
    return lines[row].amount or ZERO
