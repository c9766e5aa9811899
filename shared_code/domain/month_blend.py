"""The trend lines of the running month: recorded days and posted balances together with the forecast.

Source: Calculations, "Current month".
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from shared_code.domain.actual_payroll import RecordedLabor, blend_payroll
from shared_code.domain.ledger import Balance, other_expense_accounts
from shared_code.domain.month_forecast import BudgetMonth, ForecastMonth, insurance_line, payroll_inputs, pteb_line
from shared_code.domain.months import period_of
from shared_code.domain.pnl_components import (
    ACTUAL_DAYS,
    FORECAST_DAYS,
    UNAVAILABLE,
    Component,
    FigureSource,
    Line,
    figure_text,
    line_of_parts,
)
from shared_code.domain.pnl_rows import PnlRow
from shared_code.domain.rounding import ZERO
from shared_code.domain.site_year_inputs import RecordedDays, SiteTerms
from shared_code.domain.trend import BlendedAccount, blend_other_expense, blend_with_month, greater_of


@dataclass(frozen=True, slots=True)
class PostedMonth:
    """What the ledger has of the running month to date: its balances, and the lines that they make."""

    balances: Sequence[Balance]
    lines: Mapping[PnlRow, Line]


@dataclass(frozen=True, slots=True)
class BlendedMonth:
    """The trend lines of the running month; `actual_through` is the last day with any recorded figure."""

    lines: Mapping[PnlRow, Line]
    actual_through: date | None


def blend_month(
    business_date: date,
    budget: BudgetMonth | None,
    posted: PostedMonth | None,
    forecast: ForecastMonth,
    recorded: RecordedDays,
    terms: SiteTerms,
) -> BlendedMonth:
    """The trend of the month of `business_date`.

    What needs a source that was never published (`budget` or `posted` None) is unavailable.

    Source: Calculations, "Current month".
    """
    lines = dict(forecast.lines) | _weigh_posted(posted, forecast)
    external = _blend_days(recorded.external_revenue, forecast.lines[PnlRow.EXTERNAL_REVENUE], business_date)
    rooms = _blend_days(recorded.occupied_rooms, forecast.lines[PnlRow.OCCUPIED_ROOMS], business_date)
    payroll = _blend_labor(recorded.labor, forecast.lines[PnlRow.PAYROLL], business_date, budget, terms)
    lines[PnlRow.EXTERNAL_REVENUE] = external.line
    lines[PnlRow.OCCUPIED_ROOMS] = rooms.line
    lines[PnlRow.PAYROLL] = payroll.line
    if budget is not None and payroll.line.amount is not None:
        lines[PnlRow.PTEB] = pteb_line(payroll.line.amount, budget)
        lines[PnlRow.INSURANCE] = insurance_line(payroll.line.amount, budget, terms)
    last_days = [series.last_day for series in (external, rooms, payroll) if series.last_day is not None]
    return BlendedMonth(lines, max(last_days, default=None))


@dataclass(frozen=True, slots=True)
class _Series:
    """A blended line and the last day with data behind it."""

    line: Line
    last_day: date | None


def _weigh_posted(posted: PostedMonth | None, forecast: ForecastMonth) -> dict[PnlRow, Line]:
    """The rows in which balances posted to date count; nothing of claims is forecast."""
    if posted is None:
        return dict.fromkeys((PnlRow.CLAIMS, PnlRow.PARKING_RENTS, PnlRow.OTHER_EXPENSE), UNAVAILABLE)
    return {
        PnlRow.CLAIMS: posted.lines[PnlRow.CLAIMS],
        PnlRow.PARKING_RENTS: _greater_rents(posted, forecast.lines[PnlRow.PARKING_RENTS]),
        PnlRow.OTHER_EXPENSE: _greater_accounts(posted, forecast),
    }


def _greater_rents(posted: PostedMonth, forecast: Line) -> Line:
    """The greater of the balance to date and the forecast."""
    rents = posted.lines[PnlRow.PARKING_RENTS]
    if forecast.amount is None or greater_of(rents.amount, forecast.amount) == forecast.amount:
        return forecast
    return rents


def _greater_accounts(posted: PostedMonth, forecast: ForecastMonth) -> Line:
    """Account by account the greater of the balance to date and the forecast."""
    line = forecast.lines[PnlRow.OTHER_EXPENSE]
    if line.amount is None:
        return UNAVAILABLE
    known = {part.code: part for part in (*posted.lines[PnlRow.OTHER_EXPENSE].components, *line.components)}
    accounts = blend_other_expense(other_expense_accounts(posted.balances), forecast.other_expense)
    components = tuple(_weighed(account, known[account.account]) for account in accounts)
    return Line(sum([component.amount for component in components], ZERO), components)


def _weighed(account: BlendedAccount, known: Component) -> Component:
    """One account with the two figures of which the greater counts; `known` is its forecast, else its balance."""
    figures = {"posted": account.posted, "forecast": account.forecast}
    counts_posted = account.posted is not None and account.amount == account.posted
    return Component(
        account.account,
        known.label,
        account.amount,
        FigureSource.ACTUAL if counts_posted else known.source,
        {name: figure_text(amount) for name, amount in figures.items() if amount is not None},
    )


def _blend_days(actual: Mapping[date, Decimal], forecast: Line, business_date: date) -> _Series:
    """Recorded days, then the forecast of the month spread evenly over its remaining days."""
    if forecast.amount is None:
        return _Series(UNAVAILABLE, None)
    blended = blend_with_month(actual, forecast.amount, period_of(business_date), business_date)
    return _series(blended.last_day, blended.actual_part, blended.forecast_part, forecast)


def _blend_labor(
    labor: Sequence[RecordedLabor],
    forecast: Line,
    business_date: date,
    budget: BudgetMonth | None,
    terms: SiteTerms,
) -> _Series:
    """Recorded payroll, then the forecast of the remaining days."""
    if budget is None:
        return _Series(UNAVAILABLE, None)
    blended = blend_payroll(budget.period, business_date, labor, payroll_inputs(budget, terms))
    return _series(blended.last_day, blended.actual_part, blended.forecast_part, forecast)


def _series(last_day: date | None, actual: Decimal, later: Decimal, forecast: Line) -> _Series:
    """A line of recorded and forecast days; the `forecast` of the month where nothing is recorded."""
    if last_day is None:
        return _Series(forecast, None)
    through = {"through": last_day.isoformat()}
    parts = [
        Component(ACTUAL_DAYS, f"Actual through {last_day}", actual, FigureSource.ACTUAL, through),
        Component(FORECAST_DAYS, f"Forecast after {last_day}", later, forecast.source),
    ]
    return _Series(line_of_parts(actual + later, parts), last_day)
