"""The figures of a batch of sites day by day: as they were recorded, forecast and budgeted.

The days of the budget are equal parts of their month. The ledger knows months only, so that a day has external revenue
and payroll and no other row of the P&L.

Source: Calculations, "Budget per day and fallback", "External revenue", "Payroll forecast" and "Scheduled and actual
hours".
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal

from sqlalchemy import Connection

from shared_code.domain.effective_statistics import StatisticsMonth, effective_statistics
from shared_code.domain.labor_hours import HoursSource, LaborDay, forecast_hours, job_code_key
from shared_code.domain.month_budget import BudgetMonth, budget_month
from shared_code.domain.month_external import ExternalForecast
from shared_code.domain.month_forecast import forecast_month
from shared_code.domain.months import days_in, days_of, first_day, last_day
from shared_code.domain.payroll import SiteJobCode
from shared_code.domain.pnl_components import FigureSource, ledger_lines
from shared_code.domain.pnl_rows import PnlRow
from shared_code.domain.rounding import ZERO
from shared_code.domain.salaries import salary_of_days
from shared_code.domain.site_figures import RoomNights, SiteFigures
from shared_code.domain.site_scope import SiteScope
from shared_code.domain.site_year_inputs import MonthInputs, SiteYearInputs
from shared_code.domain.statistics import Statistics, Volumes
from shared_code.services.activity_months import fill_of, labor_of
from shared_code.storage import analysis_inputs
from shared_code.storage.analysis_inputs import CodeLabor, JobCatalogue, SiteDay

_DAY = timedelta(days=1)

Hours = Mapping[str, tuple[Decimal, Decimal]]
"""Hours and the overtime among them by job code."""


def recorded_days(
    connection: Connection, scope: SiteScope, catalogue: JobCatalogue, first: date, last: date
) -> dict[SiteDay, SiteFigures]:
    """What is recorded of the days from `first` to `last`, of the sites and days that have a record.

    Five statements, however many sites and days.
    """
    statistics = analysis_inputs.statistics_by_day(connection, scope, first, last)
    labor = analysis_inputs.labor_by_day(connection, scope, first, last)
    minutes = analysis_inputs.scheduled_minutes_by_day(connection, scope, first, last)
    salaries = analysis_inputs.salaries(connection, scope)
    rooms = analysis_inputs.rooms_of_sites(connection, scope)
    found = {}
    for key in {*statistics, *labor}:
        site_id, day = key
        recorded = statistics.get(key)
        worked = labor_of({code.job_code: (code.hours, code.overtime) for code in labor.get(key, ())}, catalogue)
        money: dict[PnlRow, Decimal | None] = {}
        nights = None
        if recorded is not None:
            money[PnlRow.EXTERNAL_REVENUE] = recorded.net_revenue
            if recorded.room_days:
                nights = RoomNights(recorded.occupied_rooms, rooms.get(site_id, 0), recorded.overnight)
        if worked is not None:
            money[PnlRow.PAYROLL] = _paid(labor[key], salaries.get(site_id, {}), day)
        found[key] = SiteFigures(
            None if recorded is None else recorded.vehicles,
            nights,
            worked,
            None if worked is None or not minutes.get(key) else fill_of(worked.total, minutes[key]),
            money,
        )
    return found


def _paid(labor: Sequence[CodeLabor], salaries: Mapping[str, Decimal], day: date) -> Decimal:
    """Dollars of the hourly codes and a day of every salary.

    Source: Calculations, "Scheduled and actual hours".
    """
    hourly = sum((code.dollars for code in labor if code.job_code not in salaries), ZERO)
    return hourly + sum((salary_of_days(salary, 1, day.year) for salary in salaries.values()), ZERO)


class PlannedMonth:
    """The days of one site and month as they are forecast and budgeted; nothing without a published budget."""

    def __init__(self, month: MonthInputs, inputs: SiteYearInputs, catalogue: JobCatalogue) -> None:
        self._month = month
        self._inputs = inputs
        self._catalogue = catalogue
        self._days = days_in(month.period)
        self._budget: BudgetMonth | None = None
        if month.budget is not None:
            lines = ledger_lines(month.budget, inputs.account_names, FigureSource.BUDGET)
            self._budget = budget_month(month.period, month.budget, lines)

    def budget_day(self) -> SiteFigures | None:
        """Any day of the budget."""
        if self._budget is None:
            return None
        hours = {code: (total / self._days, ZERO) for code, total in self._month.budget_hours.items()}
        revenue, payroll = self._budget.external_revenue, self._budget.amount(PnlRow.PAYROLL)
        return self._figures(
            self._statistics(self._budget.volumes, first_day(self._month.period), saved=False),
            hours,
            revenue / self._days,
            payroll / self._days,
        )

    def forecast_days(self) -> Iterator[tuple[date, SiteFigures]]:
        """Every day of the forecast: what is saved, else the budget."""
        budget = self._budget
        if budget is None:
            return
        external = forecast_month(self._month, budget, self._inputs.terms, self._inputs.account_names).external
        plain = None if external.statistics is not None else self._statistics(budget.volumes, first_day(budget.period))
        labor = _DailyLabor(self._month, self._inputs.terms.job_codes, budget.amount(PnlRow.PAYROLL))
        revenue = _daily_revenue(external)
        for day in days_of(budget.period):
            hours = labor.hours_on(day)
            statistics = plain or self._statistics(budget.volumes, day)
            yield day, self._figures(statistics, hours, revenue[day], labor.cost_on(day, hours))

    def _statistics(self, volumes: Volumes, day: date, *, saved: bool = True) -> Statistics:
        days = self._month.saved.statistics if saved else ()
        month = StatisticsMonth(self._month.period, self._inputs.terms.available_rooms, volumes, days)
        return effective_statistics(month, day, day)

    def _figures(self, statistics: Statistics, hours: Hours, revenue: Decimal, payroll: Decimal) -> SiteFigures:
        rooms = RoomNights(statistics.occupied_rooms, statistics.available_rooms, statistics.overnight)
        money = {PnlRow.EXTERNAL_REVENUE: revenue, PnlRow.PAYROLL: payroll}
        return SiteFigures(statistics, rooms, labor_of(hours, self._catalogue), None, money)


class _DailyLabor:
    """The forecast hours and payroll of the days of a month.

    Source: Calculations, "Current month" (forecast of a day).
    """

    def __init__(self, month: MonthInputs, job_codes: Sequence[SiteJobCode], budget_payroll: Decimal) -> None:
        self._days = days_in(month.period)
        self._budget_payroll = budget_payroll
        self._codes = {job_code_key(code.job_code): code for code in job_codes}
        self._month_hours = forecast_hours(month.saved.hours, month.budget_hours)
        self._saved: dict[date, list[LaborDay]] = {}
        for saved in month.saved.hours:
            self._saved.setdefault(saved.day, []).append(saved)

    def hours_on(self, day: date) -> Hours:
        """Saved hours; of a code without a saved day its part of the budget."""
        hours: dict[str, tuple[Decimal, Decimal]] = {}
        for code, month in self._month_hours.items():
            budgeted = month.total / self._days if month.source is HoursSource.BUDGET else ZERO
            hours[code] = (budgeted, ZERO)
        for saved in self._saved.get(day, ()):
            regular, overtime = saved.regular_hours or ZERO, saved.overtime_hours or ZERO
            known = hours.get(job_code_key(saved.job_code), (ZERO, ZERO))
            hours[job_code_key(saved.job_code)] = (known[0] + regular + overtime, known[1] + overtime)
        return hours

    def cost_on(self, day: date, hours: Hours) -> Decimal:
        """Hours at their rates and a day of every salary; the budget's part where no hours are saved."""
        if not self._saved:
            return self._budget_payroll / self._days
        cost = ZERO
        for key, code in self._codes.items():
            if code.is_salaried:
                cost += salary_of_days(code.allocated_salary, 1, day.year)
            elif key in hours and (rate := code.rate_on(day)) is not None:
                cost += hours[key][0] * rate
        return cost


def _daily_revenue(external: ExternalForecast) -> dict[date, Decimal]:
    """The forecast of net external revenue by day: what falls on the days from it less what falls on those after it."""
    from_day = {day: external.net_from(day) for day in days_of(external.period)}
    end = last_day(external.period)
    return {day: value - (from_day[day + _DAY] if day < end else ZERO) for day, value in from_day.items()}
