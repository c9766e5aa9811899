"""The statistics of a site as one transaction sees them, for any stretch of days.

Source: REST API, "Statistics"; Calculations, "Aggregation".
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from sqlalchemy import Connection

from shared_code.domain.month_budget import BudgetMonth
from shared_code.domain.months import first_day, last_day, months_between, period_of
from shared_code.domain.rounding import money
from shared_code.domain.site_year_inputs import SavedMonth
from shared_code.services.forecast.locks import EditWindow, LockReason
from shared_code.services.forecast.statistics_figures import Figures, Source, combine, combine_sources
from shared_code.services.forecast.statistics_months import MonthStatistics
from shared_code.services.pnl_site_cells import OpenSite
from shared_code.storage import sites, statistics_inputs
from shared_code.storage.forecast_inputs import saved_levers, saved_parking_rates, saved_statistics


@dataclass(frozen=True, slots=True)
class SiteStatistics:
    """The statistics of a site by month; rooms and parking spaces are those of one day."""

    window: EditWindow
    available_rooms: int
    available_parking: int | None
    months: Mapping[str, MonthStatistics]

    def lock(self, day: date) -> LockReason | None:
        """Why a day cannot be edited."""
        return self.window.statistics_lock(day, self.month_of(day).recorded)

    def month_of(self, day: date) -> MonthStatistics:
        """The month that a day lies in."""
        return self.months[period_of(day)]

    def effective(self, first: date, last: date) -> Figures:
        """Recorded, else saved, else budget."""
        return _sum_of_months([month.effective_figures(*part) for month, part in self.parts(first, last)])

    def forecast(self, first: date, last: date) -> Figures:
        """Saved, else budget, whatever was recorded."""
        return _sum_of_months([month.forecast_figures(*part) for month, part in self.parts(first, last)])

    def budget(self, first: date, last: date) -> Figures | None:
        """The budget; None where none is loaded."""
        return _combined(month.budget_figures(*part) for month, part in self.parts(first, last))

    def actual(self, first: date, last: date) -> Figures | None:
        """The recorded days; None where there are none."""
        return _combined(month.actual_figures(*part) for month, part in self.parts(first, last))

    def trend(self, first: date, last: date) -> Figures | None:
        """Recorded days of closed months, the running month blended, the forecast of later ones.

        None for closed days of which nothing was recorded.
        """
        today = self.window.business_date
        return _combined(month.trend_figures(*part, today) for month, part in self.parts(first, last))

    def source(self, first: date, last: date) -> Source:
        """Where the effective values come from."""
        return combine_sources(month.sources(*part) for month, part in self.parts(first, last))

    def parts(self, first: date, last: date) -> Iterator[tuple[MonthStatistics, tuple[date, date]]]:
        """The months that a stretch of days touches, each with its own days of it."""
        for period in months_between(period_of(first), period_of(last)):
            yield self.months[period], (max(first, first_day(period)), min(last, last_day(period)))


def read_statistics(connection: Connection, site: OpenSite, first: str, last: str) -> SiteStatistics:
    """The statistics of the months from `first` to `last` (`YYYY-MM`); seven statements, however many months."""
    scope, site_id, today = site.scope, site.site_id, site.business_date
    row = sites.find(connection, scope, site_id)
    rooms = (row["total_rooms"] or 0) if row else 0
    asked = (connection, scope, [site_id], first, last)
    saved, rates, levers = saved_statistics(*asked), saved_parking_rates(*asked), saved_levers(*asked)
    budgets = statistics_inputs.budget_accounts(connection, scope, site_id, first, last)
    notes = statistics_inputs.statistics_notes(connection, scope, site_id, first, last)
    until = min(last_day(last), today)
    recorded = statistics_inputs.recorded_statistics(connection, scope, site_id, first_day(first), until)

    def month(period: str) -> MonthStatistics:
        key, balances = (site_id, period), budgets.get(period, {})
        lever = levers.get(key)
        entered = SavedMonth(
            saved.get(key, ()),
            rates.get(key, {}),
            lever.adjustment_percent if lever else None,
            lever.override if lever else None,
        )
        return MonthStatistics(
            period,
            rooms,
            period in budgets,
            BudgetMonth(period, (), balances, {}),
            entered,
            {day: found for day, found in recorded.items() if period_of(day) == period},
            {day: note for day, note in notes.items() if period_of(day) == period},
        )

    return SiteStatistics(
        EditWindow(today, row["close_date"] if row else None),
        rooms,
        row["total_parking_spaces"] if row else None,
        {period: month(period) for period in months_between(first, last)},
    )


def _combined(parts: Iterable[Figures | None]) -> Figures | None:
    """The sum of the parts that there are; None without any."""
    known = [part for part in parts if part is not None]
    return _sum_of_months(known) if known else None


def _sum_of_months(parts: Sequence[Figures]) -> Figures:
    """Parts of one month each as one figure.

    The revenue of several months is the sum of their rounded figures, as the P&L adds them: a quarter shows one net
    wherever it is looked at.

    Source: Calculations, "Rounding"; REST API, "Revenue".
    """
    return combine(parts if len(parts) == 1 else [_with_rounded_net(part) for part in parts])


def _with_rounded_net(figures: Figures) -> Figures:
    amount = figures.external_revenue
    return figures if amount is None else replace(figures, external_revenue=replace(amount, net=money(amount.net)))
