"""The forecast of external revenue and occupied rooms of one site and month, whole and by stretches of days.

Source: Calculations, "External revenue" and "Budget per day and fallback".
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from shared_code.domain.effective_statistics import (
    RoomsSource,
    StatisticsMonth,
    effective_statistics,
    share_of_month,
)
from shared_code.domain.external_revenue import (
    CategoryRevenue,
    ExternalRevenue,
    RevenueLevers,
    RevenueSource,
    external_revenue,
    net_revenue_of_days,
)
from shared_code.domain.month_budget import BudgetMonth
from shared_code.domain.months import days_in, last_day
from shared_code.domain.parking_rates import RateSource
from shared_code.domain.pnl_components import (
    ADJUSTMENT,
    OVERRIDE,
    Component,
    FigureSource,
    Line,
    budget_part,
    figure_text,
    line_of_parts,
)
from shared_code.domain.pnl_rows import PnlRow
from shared_code.domain.rounding import ZERO
from shared_code.domain.site_year_inputs import SavedMonth
from shared_code.domain.statistics import Category


@dataclass(frozen=True, slots=True)
class ExternalForecast:
    """External revenue (`net`, dollars) and occupied rooms of a month.

    `statistics`, `levers` and `revenue` are None in a month in which nothing is saved and no category is asked for: its
    figures are the budget as it stands.
    """

    period: str
    net: Decimal
    rooms: Decimal
    line: Line
    rooms_line: Line
    statistics: StatisticsMonth | None = None
    levers: RevenueLevers | None = None
    revenue: ExternalRevenue | None = None

    @property
    def rooms_source(self) -> RoomsSource:
        """Whether rooms are saved, budgeted or both."""
        return RoomsSource.BUDGET if self.statistics is None else self.statistics.rooms_source

    @property
    def category_amounts(self) -> Mapping[Category, Decimal]:
        """Gross dollars by category, where they were asked for or something is saved."""
        return {} if self.revenue is None else self.revenue.category_amounts

    def net_from(self, first: date) -> Decimal:
        """The part of the revenue that falls on the days from `first` to the end of the month."""
        if self.statistics is None or self.levers is None or self.revenue is None:
            return self._share(self.net, first)
        return net_revenue_of_days(self.statistics, self.levers, self.revenue, first, last_day(self.period))

    def rooms_from(self, first: date) -> Decimal:
        """The rooms of the days from `first` to the end of the month."""
        if self.statistics is None:
            return self._share(self.rooms, first)
        return effective_statistics(self.statistics, first).occupied_rooms

    def _share(self, figure: Decimal, first: date) -> Decimal:
        days = days_in(self.period)
        return share_of_month(figure, days - first.day + 1, days)


def forecast_external(
    budget: BudgetMonth, saved: SavedMonth, available_rooms: int, *, by_category: bool
) -> ExternalForecast:
    """The forecast of a month; `by_category` asks for the amounts of the categories also where nothing is saved.

    Source: Calculations, "Formula", "Month without any saved driver" and "Override".
    """
    if not (saved.drives_external_revenue or by_category):
        rooms = budget.amount(PnlRow.OCCUPIED_ROOMS)
        net = budget.external_revenue
        return ExternalForecast(budget.period, net, rooms, _budget_line(net), _rooms_line(rooms, RoomsSource.BUDGET))
    month = StatisticsMonth(budget.period, available_rooms, budget.volumes, saved.statistics)
    levers = RevenueLevers(
        saved.rates,
        budget.rates,
        saved.adjustment_percent,
        budget.adjustment_percent,
        saved.override,
        budget.external_revenue,
    )
    statistics = effective_statistics(month)
    revenue = external_revenue(month, statistics, levers)
    rooms = statistics.occupied_rooms
    return ExternalForecast(
        budget.period,
        revenue.net,
        rooms,
        revenue_line(revenue),
        _rooms_line(rooms, month.rooms_source),
        month,
        levers,
        revenue,
    )


def revenue_line(revenue: ExternalRevenue) -> Line:
    """External revenue with the categories, the adjustment and the override that make it up.

    An override shows as what it adds to the calculated figure, so that the parts still add up.
    """
    if revenue.source is RevenueSource.BUDGET:
        parts = [budget_part(PnlRow.EXTERNAL_REVENUE, revenue.calculated_net)]
    else:
        parts = [_category_part(priced) for priced in revenue.components if priced.count or priced.amount]
        parts.append(_adjustment_part(revenue))
    if revenue.override is not None:
        detail = {
            "override": figure_text(revenue.net),
            "calculatedNet": figure_text(revenue.calculated_net),
            "reason": revenue.override.reason,
        }
        added = revenue.net - revenue.calculated_net
        parts.append(Component(OVERRIDE, "Override, less the calculated figure", added, FigureSource.FORECAST, detail))
    return line_of_parts(revenue.net, parts)


def _category_part(priced: CategoryRevenue) -> Component:
    label = priced.category.replace("_", " ").capitalize()
    detail = {"vehicles": figure_text(priced.count), "rate": figure_text(priced.rate)}
    return Component(priced.category.value, label, priced.amount, _SOURCES[priced.rate_source], detail)


def _adjustment_part(revenue: ExternalRevenue) -> Component:
    gross, percent = revenue.gross or ZERO, revenue.adjustment_percent or ZERO
    detail = {"gross": figure_text(gross), "adjustmentPercent": f"{figure_text(percent * 100)} %"}
    return Component(ADJUSTMENT, "Adjustment", revenue.adjustments or ZERO, None, detail)


def _budget_line(net: Decimal) -> Line:
    return Line(net, (budget_part(PnlRow.EXTERNAL_REVENUE, net),))


def _rooms_line(rooms: Decimal, source: RoomsSource) -> Line:
    """The occupied rooms of a forecast month; saved and budget days are `mixed`."""
    if source is RoomsSource.BUDGET:
        return Line(rooms, (budget_part(PnlRow.OCCUPIED_ROOMS, rooms),))
    part = Component("occupied_rooms", "Occupied rooms of the days", rooms, FigureSource(source.value))
    return line_of_parts(rooms, [part])


_SOURCES = {
    RateSource.FORECAST: FigureSource.FORECAST,
    RateSource.BUDGET: FigureSource.BUDGET,
    RateSource.NONE: FigureSource.NONE,
}
