"""The statistics of one site and month: budget, saved and recorded days, and the figures that they make together.

Source: REST API, "Statistics"; Calculations, "Statistics", "External revenue" and "Current month".
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from functools import cached_property

from shared_code.domain.blended_vehicles import blend_vehicles
from shared_code.domain.effective_statistics import (
    StatisticsMonth,
    effective_days,
    effective_statistics,
    share_of_month,
)
from shared_code.domain.month_budget import BudgetMonth
from shared_code.domain.month_external import ExternalForecast, forecast_external
from shared_code.domain.months import MonthKind, days_in, first_day, last_day, month_kind
from shared_code.domain.site_year_inputs import SavedMonth
from shared_code.domain.statistics import VOLUMES_OF, Statistics, StatisticsDay
from shared_code.domain.trend import blend
from shared_code.services.forecast.statistics_figures import (
    COUNT_NAMES,
    Basis,
    Counts,
    ExternalAmount,
    Figures,
    Source,
    combine,
    combine_sources,
    figures_of,
    figures_of_counts,
    forecast_amount,
)
from shared_code.storage.statistics_inputs import RecordedDay

ENTERED_COUNTS = (
    "valet_daily",
    "valet_monthly",
    "valet_aggregator",
    "valet_comps",
    "self_daily",
    "self_monthly",
    "self_aggregator",
    "self_comps",
)
"""The counts that are entered on every day."""

_NOTHING = StatisticsDay(date.min)


@dataclass(frozen=True)
class MonthStatistics:
    """What is known of the statistics of a month (`YYYY-MM`), and the figures of its days.

    `available_rooms` are those of a day. `budget` is empty unless the month `has_budget`, `entered` holds the saved
    days, rates, adjustment and override. `recorded` are the days whose actual figures have loaded, none after the
    business date. Stretches of days lie within the month, both ends included.
    """

    period: str
    available_rooms: int
    has_budget: bool
    budget: BudgetMonth
    entered: SavedMonth
    recorded: Mapping[date, RecordedDay]
    notes: Mapping[date, str]

    def with_saved(self, days: Sequence[StatisticsDay]) -> "MonthStatistics":
        """The month as it would be if just these days were saved."""
        return replace(self, entered=replace(self.entered, statistics=days))

    @cached_property
    def forecast(self) -> ExternalForecast:
        """The forecast of external revenue, by category."""
        return forecast_external(self.budget, self.entered, self.available_rooms, by_category=True)

    @cached_property
    def drivers(self) -> StatisticsMonth:
        """Budget, saved days and available rooms."""
        assert self.forecast.statistics is not None, "the categories were not asked for"
        return self.forecast.statistics

    @cached_property
    def saved(self) -> Mapping[date, StatisticsDay]:
        """The days of which a value is saved."""
        return {day.day: day for day in self.entered.statistics if has_values(day)}

    @cached_property
    def forecast_days(self) -> Mapping[date, Figures]:
        """Every day as it is forecast: saved values over the budget, whatever was recorded."""
        return {
            one.day: replace(
                figures_of(one.volumes, forecast_amount(self.forecast, one.volumes, one.day, one.day)),
                drive_in_ratio=one.drive_in_ratio,
                capture_ratio=one.capture_ratio,
            )
            for one in effective_days(self.drivers)
        }

    def forecast_figures(self, first: date, last: date) -> Figures:
        """Saved values over the budget."""
        if first == last:
            return self.forecast_days[first]
        statistics = effective_statistics(self.drivers, first, last)
        return figures_of(statistics, forecast_amount(self.forecast, statistics, first, last))

    def budget_figures(self, first: date, last: date) -> Figures | None:
        """The part of the monthly budget that falls on the days; None without a budget."""
        if not self.has_budget:
            return None
        days, month_days = (last - first).days + 1, days_in(self.period)
        shares = [share_of_month(value, days, month_days) for value in VOLUMES_OF(self.budget.volumes)]
        statistics = Statistics(*shares, available_rooms=self.available_rooms * days)
        revenue = share_of_month(self.budget.external_revenue, days, month_days)
        return figures_of(statistics, ExternalAmount(revenue, Basis.BUDGET))

    def actual_figures(self, first: date, last: date) -> Figures | None:
        """The recorded days; None where there are none."""
        found = [self._actual_day(day) for day in self.recorded if first <= day <= last]
        return combine(found) if found else None

    def saved_figures(self, day: date) -> Figures | None:
        """What is saved for a day, with what follows from it; None where nothing is saved."""
        saved = self.saved.get(day)
        if saved is None:
            return None
        derived = self.forecast_days[day]
        has_rooms = saved.occupied_rooms is not None or saved.occupancy is not None
        is_counted = saved.valet_overnight is not None or saved.self_overnight is not None
        return replace(
            derived,
            occupied_rooms=derived.occupied_rooms if has_rooms else None,
            occupancy=derived.occupancy if has_rooms else None,
            valet_overnight=saved.valet_overnight if is_counted else derived.valet_overnight,
            self_overnight=saved.self_overnight if is_counted else derived.self_overnight,
            drive_in_ratio=derived.drive_in_ratio if is_counted else saved.drive_in_ratio,
            capture_ratio=derived.capture_ratio if is_counted else saved.capture_ratio,
            **{name: getattr(saved, name) for name in ENTERED_COUNTS},
        )

    def effective_figures(self, first: date, last: date) -> Figures:
        """Field by field and day by day: recorded, else saved, else budget, else 0."""
        if not any(first <= day <= last for day in self.recorded):
            return self.forecast_figures(first, last)
        if first == last:
            return self._effective_day(first)
        return combine(self._effective_day(day) for day in stretch(first, last))

    def trend_figures(self, first: date, last: date, business_date: date) -> Figures | None:
        """Recorded days of a closed month, forecast of a later one, and both of the running one.

        None for closed days of which nothing was recorded.
        """
        kind = month_kind(self.period, business_date)
        if kind is MonthKind.ACTUAL:
            return self.actual_figures(first, last)
        if kind is MonthKind.FORECAST or not self.recorded:
            return self.forecast_figures(first, last)
        if (first, last) == (first_day(self.period), last_day(self.period)):
            return self._blended(business_date)
        return self.effective_figures(first, last)

    def source(self, day: date) -> Source:
        """Where the effective values of a day come from."""
        if day in self.recorded:
            return Source.ACTUAL
        saved = self.saved.get(day)
        if saved is None:
            return Source.BUDGET if self.has_budget else Source.NONE
        is_whole = not self.has_budget or _is_complete(saved, has_rooms=self.available_rooms > 0)
        return Source.FORECAST if is_whole else Source.MIXED

    def sources(self, first: date, last: date) -> Source:
        """Where the effective values of several days come from."""
        return combine_sources(self.source(day) for day in stretch(first, last))

    def _actual_day(self, day: date) -> Figures:
        found = self.recorded[day]
        amount = None if found.net_revenue is None else ExternalAmount(found.net_revenue, Basis.ACTUAL)
        return figures_of_counts(found.counts, self.available_rooms, amount)

    def _effective_day(self, day: date) -> Figures:
        forecast = self.forecast_days[day]
        if day not in self.recorded:
            return forecast
        actual = self._actual_day(day)
        counts = Counts(*[_first_of(getattr(actual, name), getattr(forecast, name)) for name in COUNT_NAMES])
        amount = actual.external_revenue or forecast.external_revenue
        return figures_of_counts(counts, self.available_rooms, amount)

    def _blended(self, business_date: date) -> Figures:
        """Each series recorded to its last day with data, and forecast after it."""
        actual = {day: self._actual_day(day) for day in self.recorded}
        vehicles = blend_vehicles({day: figures.known for day, figures in actual.items()}, self.drivers)
        rooms = {day: figures.occupied_rooms for day, figures in actual.items() if figures.occupied_rooms is not None}
        slept = blend(rooms, self.period, business_date, self.forecast.rooms_from)
        amount = self.forecast_figures(first_day(self.period), last_day(self.period)).external_revenue
        revenues = {day: one.net_revenue for day, one in self.recorded.items() if one.net_revenue is not None}
        if amount is not None and any(revenues.values()):
            net = blend(revenues, self.period, business_date, self.forecast.net_from).value
            amount = ExternalAmount(net, amount.basis)
        counts = Counts(*VOLUMES_OF(replace(vehicles, occupied_rooms=slept.value)))
        return figures_of_counts(counts, self.available_rooms * days_in(self.period), amount)


def has_values(day: StatisticsDay) -> bool:
    """Whether any value of a day is saved; a saved 0 is one."""
    return replace(day, day=_NOTHING.day) != _NOTHING


def stretch(first: date, last: date) -> Iterator[date]:
    """The days from `first` to `last`, both included."""
    return (first + timedelta(days=offset) for offset in range((last - first).days + 1))


def _is_complete(saved: StatisticsDay, *, has_rooms: bool) -> bool:
    """Whether nothing of a day falls back to the budget."""
    rooms = not has_rooms or saved.occupied_rooms is not None or saved.occupancy is not None
    counted = saved.valet_overnight is not None and saved.self_overnight is not None
    derived = saved.drive_in_ratio is not None and saved.capture_ratio is not None
    return rooms and (counted or derived) and all(getattr(saved, name) is not None for name in ENTERED_COUNTS)


def _first_of(value: Decimal | None, fallback: Decimal | None) -> Decimal | None:
    return fallback if value is None else value
