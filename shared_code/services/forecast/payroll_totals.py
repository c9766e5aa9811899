"""The payroll of a whole site in a period, as the P&L has it: hours of every code, their cost, and salaries.

Source: Calculations, "Payroll forecast", "Current month" and "Rounding".
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

from shared_code.domain.months import MonthKind, month_kind
from shared_code.domain.payroll_days import CodeDay, Labor
from shared_code.domain.pnl_components import FigureSource
from shared_code.domain.rounding import ZERO, money
from shared_code.services.forecast.payroll_months import PayrollMonth, SitePayroll
from shared_code.services.forecast.payroll_rows import Figures, figures_of
from shared_code.services.periods import Period, PeriodType

CodeDays = Mapping[str, Sequence[CodeDay]]
"""Days by job code key."""


def period_days(payroll: SitePayroll, period: Period) -> CodeDays:
    """The days of the period of every job code of any of its months."""
    found: defaultdict[str, list[CodeDay]] = defaultdict(list)
    for month in payroll.months:
        for key, days in month.days.items():
            found[key] += [day for day in days if period.first <= day.day <= period.last]
    return found


def period_figures(payroll: SitePayroll, period: Period, days: CodeDays) -> Figures:
    """The figures of the site.

    What the forecast and the trend cost is what the P&L has for the month; that of several months is the sum of their
    rounded figures. `entered` is the forecast with all that counts in it, None where nothing is saved.
    """
    figures = figures_of(day for of_code in days.values() for day in of_code)
    if period.type is PeriodType.DAY:
        return _of_day(payroll.months[0], figures)
    months = payroll.months
    forecast = replace(figures.forecast, cost=_sum([month.forecast_cost for month in months]))
    source = figures.source
    if any(month_kind(month.period, month.labor.business_date) is MonthKind.ACTUAL for month in months):
        source = FigureSource.ACTUAL if _all_closed(months) else FigureSource.TREND
    return replace(
        figures,
        entered=forecast if any(month.inputs.has_saved_hours for month in months) else None,
        forecast=forecast,
        budget=replace(figures.budget, cost=_sum([month.budget_payroll or ZERO for month in months])),
        effective=replace(figures.effective, cost=_sum([month.trend_cost for month in months])),
        source=source,
    )


def _of_day(month: PayrollMonth, figures: Figures) -> Figures:
    """A day of a month in which nothing is saved costs its part of the budget payroll."""
    budget = replace(figures.budget, cost=month.inputs.budget_payroll / _days_of(month))
    if month.inputs.has_saved_hours:
        return replace(figures, entered=figures.forecast, budget=budget)
    is_paid = figures.source is FigureSource.ACTUAL
    effective = figures.effective if is_paid else replace(figures.effective, cost=budget.cost)
    return replace(
        figures, entered=None, budget=budget, forecast=_priced_by(figures.forecast, budget), effective=effective
    )


def _priced_by(labor: Labor, budget: Labor) -> Labor:
    return replace(labor, cost=budget.cost)


def _days_of(month: PayrollMonth) -> int:
    return max((len(days) for days in month.days.values()), default=1)


def _all_closed(months: Sequence[PayrollMonth]) -> bool:
    return all(month_kind(month.period, month.labor.business_date) is MonthKind.ACTUAL for month in months)


def _sum(costs: Sequence[Decimal | None]) -> Decimal | None:
    """The sum of monthly cells; None with a part that is not known."""
    cells = [money(cost) for cost in costs if cost is not None]
    return sum(cells, ZERO) if len(cells) == len(costs) else None
