"""The trend lines of the running month, without internal revenue: recorded days, posted balances and the forecast.

Source: Calculations, "Current month".
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from shared_code.domain.actual_payroll import blend_payroll
from shared_code.domain.ledger import Balance, other_expense_accounts
from shared_code.domain.month_budget import BudgetMonth
from shared_code.domain.month_forecast import ForecastMonth, insurance_line, pteb_line
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
from shared_code.domain.site_year_inputs import RecordedDays
from shared_code.domain.trend import BlendedAccount, BlendedSeries, blend, blend_other_expense, greater_of


@dataclass(frozen=True, slots=True)
class PostedMonth:
    """What the ledger has of a month, of the running one to date: balances, by account too, and their lines."""

    balances: Sequence[Balance]
    accounts: Mapping[str, Decimal]
    lines: Mapping[PnlRow, Line]


@dataclass(frozen=True, slots=True)
class BlendedMonth:
    """The trend of the running month, and what its contract takes from it.

    `lines` has all rows but internal revenue. `payroll_through` is the last payroll day, `actual_through` the last day
    with any recorded figure. `missing_rates` names the job codes whose hours have no rate.
    """

    lines: Mapping[PnlRow, Line]
    external: BlendedSeries
    rooms: BlendedSeries
    payroll_through: date | None
    actual_through: date | None
    missing_rates: tuple[str, ...]


def blend_month(
    business_date: date,
    budget: BudgetMonth,
    posted: PostedMonth | None,
    forecast: ForecastMonth,
    recorded: RecordedDays,
    insurance_percent: Decimal,
) -> BlendedMonth:
    """The trend of the month of `business_date`; `insurance_percent` are percent points of payroll.

    What needs a ledger that was never published (`posted` None) is unavailable.

    Source: Calculations, "Current month".
    """
    period, external = period_of(business_date), forecast.external
    revenue = blend(recorded.external_revenue, period, business_date, external.net_from)
    rooms = blend(recorded.occupied_rooms, period, business_date, external.rooms_from)
    payroll = blend_payroll(period, business_date, recorded.labor, forecast.payroll)
    lines = dict(forecast.lines) | _weigh_posted(posted, forecast)
    lines[PnlRow.EXTERNAL_REVENUE] = _series(revenue, forecast.lines[PnlRow.EXTERNAL_REVENUE])
    lines[PnlRow.OCCUPIED_ROOMS] = _series(rooms, forecast.lines[PnlRow.OCCUPIED_ROOMS])
    wages = BlendedSeries(payroll.last_day, payroll.actual_part, payroll.forecast_part)
    lines[PnlRow.PAYROLL] = _series(wages, forecast.lines[PnlRow.PAYROLL])
    lines[PnlRow.PTEB] = pteb_line(payroll.value, budget)
    lines[PnlRow.INSURANCE] = insurance_line(payroll.value, budget, insurance_percent)
    last_days = [day for day in (revenue.last_day, rooms.last_day, payroll.last_day) if day is not None]
    through = max(last_days, default=None)
    return BlendedMonth(lines, revenue, rooms, payroll.last_day, through, payroll.missing_rates)


def posted_to_date(posted: PostedMonth | None) -> dict[PnlRow, Line]:
    """The only row that is known of a running month without a budget: nothing of claims is forecast."""
    return {PnlRow.CLAIMS: UNAVAILABLE if posted is None else posted.lines[PnlRow.CLAIMS]}


def _weigh_posted(posted: PostedMonth | None, forecast: ForecastMonth) -> dict[PnlRow, Line]:
    """The rows in which balances posted to date count."""
    if posted is None:
        return dict.fromkeys((PnlRow.CLAIMS, PnlRow.PARKING_RENTS, PnlRow.OTHER_EXPENSE), UNAVAILABLE)
    return {
        **posted_to_date(posted),
        PnlRow.PARKING_RENTS: _greater_rents(posted, forecast.lines[PnlRow.PARKING_RENTS]),
        PnlRow.OTHER_EXPENSE: _greater_accounts(posted, forecast),
    }


def _greater_rents(posted: PostedMonth, forecast: Line) -> Line:
    """The greater of the balance to date and the forecast."""
    rents = posted.lines[PnlRow.PARKING_RENTS]
    return forecast if greater_of(rents.amount, forecast.amount) == forecast.amount else rents


def _greater_accounts(posted: PostedMonth, forecast: ForecastMonth) -> Line:
    """Account by account the greater of the balance to date and the forecast."""
    line = forecast.lines[PnlRow.OTHER_EXPENSE]
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


def _series(blended: BlendedSeries, forecast: Line) -> Line:
    """A line of recorded and forecast days; the `forecast` of the month where nothing is recorded."""
    last_day = blended.last_day
    if last_day is None:
        return forecast
    through = {"through": last_day.isoformat()}
    parts = [
        Component(ACTUAL_DAYS, f"Actual through {last_day}", blended.actual_part, FigureSource.ACTUAL, through),
        Component(FORECAST_DAYS, f"Forecast after {last_day}", blended.forecast_part, forecast.source),
    ]
    return line_of_parts(blended.value, parts)
