"""How the statistics of a site are saved: cells of days, the aggregates of their month, and the event that tells.

Source: REST API, "Statistics" (PUT /statistics/{siteId}/{period}); Data model, "Forecast input".
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Any, Final

from shared_code.domain.months import first_day, last_day
from shared_code.domain.rounding import ZERO, money, ratio
from shared_code.domain.statistics import StatisticsDay, aggregate_days
from shared_code.services.forecast.cells import Cell, CellChange, CellValue, Module
from shared_code.services.forecast.saving import Section
from shared_code.services.forecast.statistics_months import MonthStatistics, has_values
from shared_code.services.forecast.statistics_reading import SiteStatistics, read_statistics
from shared_code.services.pnl_table import line_code
from shared_code.storage.statistics_writing import MonthAggregate, SavedStatistics, save_statistics

NOTE: Final = "note"
SAVED_FIELDS: Final = tuple(name for name in StatisticsDay.__dataclass_fields__ if name != "day")
"""The figures of a day that can be saved."""

FIELD_NAMES: Final[Mapping[str, str]] = {name: line_code(name) for name in (*SAVED_FIELDS, NOTE)}
"""The fields of a day and their names in JSON."""

_BY_JSON_NAME: Final = {shown: name for name, shown in FIELD_NAMES.items()}

Values = Mapping[str, CellValue]
"""What is wanted for fields of a day; None: nothing is to be saved."""


class StatisticsSection(Section):
    """A write of statistics. Subclasses say which cells are wanted."""

    module = Module.STATISTICS

    @cached_property
    def statistics(self) -> SiteStatistics:
        """What is known of the months at stake, as this transaction sees it."""
        months = self.months_at_stake()
        return read_statistics(self.unit.connection, self.unit.site, min(months), max(months))

    @cached_property
    def saved_cells(self) -> dict[Cell, CellValue]:
        """Everything that is saved in the months at stake."""
        found: dict[Cell, CellValue] = {}
        for month in self.statistics.months.values():
            for day in month.entered.statistics:
                values = {name: getattr(day, name) for name in SAVED_FIELDS}
                found |= cells_of(day.day, {name: value for name, value in values.items() if value is not None})
            for noted, note in month.notes.items():
                found |= cells_of(noted, {NOTE: note})
        return found

    def store(self, changes: Sequence[CellChange]) -> None:
        """Put the changed days of each month in place, with the aggregates of the month."""
        by_month: defaultdict[str, list[CellChange]] = defaultdict(list)
        for change in changes:
            by_month[change.cell.period].append(change)
        months = [self._saved_month(period, of_month) for period, of_month in by_month.items()]
        unit = self.unit
        save_statistics(unit.connection, unit.site.scope, unit.site.site_id, months, unit.author.user_id, unit.now)

    def edit(self, month: str, changes: Sequence[CellChange]) -> tuple[str, Mapping[str, Any]]:
        """`StatisticsUpdated` with the effective figures of the month."""
        before = self.statistics.months[month]
        after = before.with_saved(changed_days(before, changes))
        figures = after.effective_figures(first_day(month), last_day(month))
        return "StatisticsUpdated", {
            "statistics": {
                "occupancy": _rounded_ratio(figures.occupancy),
                "occupiedRooms": money(figures.occupied_rooms or ZERO),
                "valetVehicles": money(figures.valet_vehicles),
                "selfParkVehicles": money(figures.self_park_vehicles),
                "driveInRatio": _rounded_ratio(figures.drive_in_ratio),
                "captureRatio": _rounded_ratio(figures.capture_ratio),
            }
        }

    def _saved_month(self, period: str, changes: Sequence[CellChange]) -> SavedStatistics:
        month = self.statistics.months[period]
        days = changed_days(month, changes)
        notes = dict(month.notes)
        for change in changes:
            if change.cell.field == NOTE:
                notes.pop(date.fromisoformat(change.cell.key), None)
                if isinstance(change.new, str):
                    notes[date.fromisoformat(change.cell.key)] = change.new
        return SavedStatistics(period, days, notes, aggregate_of(days, self.statistics.available_rooms))


def cells_of(day: date, values: Values) -> dict[Cell, CellValue]:
    """The cells of a day that hold `values`."""
    key = day.isoformat()
    return {
        Cell(key[:7], key, FIELD_NAMES[name]): plain(value) if isinstance(value, Decimal) else value
        for name, value in values.items()
    }


def changed_days(month: MonthStatistics, changes: Iterable[CellChange]) -> list[StatisticsDay]:
    """The days of a month of which a value is saved once `changes` are made, in order."""
    days = {day.day: day for day in month.entered.statistics}
    for change in changes:
        if change.cell.field != NOTE:
            day = date.fromisoformat(change.cell.key)
            named = {_BY_JSON_NAME[change.cell.field]: change.new}
            days[day] = with_values(days.get(day, StatisticsDay(day)), named)
    return [days[day] for day in sorted(days) if has_values(days[day])]


def with_values(day: StatisticsDay, values: Values) -> StatisticsDay:
    """A day with other values; a note is none of them."""
    return replace(day, **{name: value for name, value in values.items() if name != NOTE})  # type: ignore[arg-type]


def aggregate_of(days: Sequence[StatisticsDay], available_rooms: int) -> MonthAggregate:
    """The saved days of a month as one: counts are sums, ratios weighted over the days on which they are known.

    A ratio above 1 is left out: the number of rooms must have changed since, or more cars than rooms were entered.

    Source: Data model, "Forecast input".
    """
    with_rooms = [day for day in days if day.rooms(available_rooms) is not None]
    with_cars = [day for day in days if _is_counted(day) or _is_derived(day, available_rooms)]
    vehicles, rooms = aggregate_days(days, available_rooms), aggregate_days(with_rooms, available_rooms)
    cars = aggregate_days(with_cars, available_rooms)
    return MonthAggregate(
        occupancy=_fraction(rooms.occupancy) if with_rooms else None,
        valet_vehicles=money(vehicles.valet_vehicles) if days else None,
        self_park_vehicles=money(vehicles.self_vehicles) if days else None,
        drive_in_ratio=_fraction(cars.drive_in_ratio) if cars.occupied_rooms else None,
        capture_ratio=_fraction(cars.capture_ratio) if cars.overnight else None,
        occupied_rooms=money(rooms.occupied_rooms) if with_rooms else None,
    )


def _is_counted(day: StatisticsDay) -> bool:
    """Whether overnight cars are saved as counts."""
    return day.valet_overnight is not None or day.self_overnight is not None


def _is_derived(day: StatisticsDay, available_rooms: int) -> bool:
    """Whether overnight cars follow from what is saved."""
    return None not in (day.rooms(available_rooms), day.drive_in_ratio, day.capture_ratio)


def _fraction(value: Decimal) -> Decimal | None:
    return ratio(value) if value <= 1 else None


def _rounded_ratio(value: Decimal | None) -> Decimal:
    return ratio(value or ZERO)


def plain(number: Decimal) -> Decimal:
    """A number without trailing zeros, as it is compared and written down."""
    short = number.normalize()
    return short.quantize(Decimal(1)) if int(short.as_tuple().exponent) > 0 else short
