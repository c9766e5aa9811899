"""Days of the statistics filled from the budget, from earlier days, or from the pattern of a week.

Source: REST API, "Statistics" (POST /statistics/{siteId}/{period}/copy).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Final

from shared_code.domain.months import period_of
from shared_code.domain.rounding import money, ratio
from shared_code.services.forecast.author import Author, Precondition
from shared_code.services.forecast.cells import Cell, CellChange, CellValue, ChangeCount, count_changes, differences
from shared_code.services.forecast.saving import Plan, Section, Unit, WriteRequest, save
from shared_code.services.forecast.statistics_buckets import moved_back
from shared_code.services.forecast.statistics_figures import Figures
from shared_code.services.forecast.statistics_months import ENTERED_COUNTS, stretch
from shared_code.services.forecast.statistics_reading import read_statistics
from shared_code.services.forecast.statistics_saving import SAVED_FIELDS, StatisticsSection, Values, cells_of
from shared_code.services.periods import Period
from shared_code.services.pnl_site_cells import OpenSite
from shared_code.services.pnl_table import ViewWarning
from shared_code.services.runtime import Runtime

BUDGET: Final = "budget"
MONTHS_BACK: Final[Mapping[str, int]] = {"prior-year": 12, "prior-month": 1}
MOST_VEHICLES: Final = Decimal(99_999)


class Skip(StrEnum):
    """Why a day is not filled."""

    LOCKED = "locked"
    EXISTING_FORECAST = "existing_forecast"
    NO_SOURCE = "no_source"
    OUT_OF_RANGE = "out_of_range"
    """The source has values that may not be saved: a negative count, or more rooms than the site has."""


@dataclass(frozen=True, slots=True)
class CopyRequest(WriteRequest):
    """What is to be copied: `source` is `budget`, `prior-year`, `prior-month` or `week-pattern`.

    `dates` None: every day of the period. `source_week` is the Saturday of the week that is the pattern. `overwrite`:
    also over days that have a forecast.
    """

    precondition: Precondition | None
    source: str
    dates: frozenset[date] | None = None
    source_week: date | None = None
    overwrite: bool = False
    opened: list["CopySection"] = field(default_factory=list, compare=False)
    """The sections that were opened for it, the one that counts last."""

    def open(self, unit: Unit) -> Section:
        """The section that saves the days."""
        section = CopySection(unit, self)
        self.opened.append(section)
        return section


@dataclass(frozen=True, slots=True)
class Copied:
    """What was copied, or would be: the changed cells, the days left out and why, the version of the period."""

    cells: tuple[CellChange, ...]
    skipped: Mapping[date, Skip]
    changes: ChangeCount
    version: int
    warnings: tuple[ViewWarning, ...] = ()


class CopySection(StatisticsSection):
    """A write of copied days. Days that cannot be filled are left out, not refused."""

    def __init__(self, unit: Unit, request: CopyRequest) -> None:
        super().__init__(unit, request.precondition)
        self._request = request
        self.skipped: dict[date, Skip] = {}

    def plan(self) -> Plan:
        """The cells of the days that can be filled."""
        period = self.unit.period
        days = [
            day
            for day in stretch(period.first, period.last)
            if self._request.dates is None or day in self._request.dates
        ]
        source_of = self._source(days)
        wanted: dict[Cell, CellValue] = {}
        for day in days:
            values = self._values(day, source_of)
            if isinstance(values, Skip):
                self.skipped[day] = values
            else:
                wanted |= cells_of(day, values)
        return Plan(differences(self.saved_cells, wanted), frozenset(wanted))

    def _values(self, day: date, source_of: Callable[[date], Figures | None]) -> Values | Skip:
        """What a day is filled with, or why it is not."""
        statistics = self.statistics
        if statistics.lock(day) is not None:
            return Skip.LOCKED
        if day in statistics.month_of(day).saved and not self._request.overwrite:
            return Skip.EXISTING_FORECAST
        source = source_of(day)
        if source is None:
            return Skip.NO_SOURCE
        return copied_values(source, statistics.available_rooms)

    def _source(self, days: list[date]) -> Callable[[date], Figures | None]:
        """The figures that a day is filled with."""
        if self._request.source == BUDGET:
            return lambda day: self.statistics.budget(day, day)
        origins = {day: origin for day in days if (origin := self._origin(day)) is not None}
        if not origins:
            return lambda _: None
        first, last = period_of(min(origins.values())), period_of(max(origins.values()))
        statistics = read_statistics(self.unit.connection, self.unit.site, first, last)
        return lambda day: statistics.trend(origins[day], origins[day]) if day in origins else None

    def _origin(self, day: date) -> date | None:
        """The day that a day is filled from."""
        saturday = self._request.source_week
        if self._request.source in MONTHS_BACK:
            moved = moved_back(day, day, MONTHS_BACK[self._request.source])
            return None if moved is None else moved[0]
        assert saturday is not None, "the pattern of a week needs its Saturday"
        return saturday - timedelta(days=(saturday.weekday() - day.weekday()) % 7)


def copy_statistics(
    runtime: Runtime, site: OpenSite, period: Period, author: Author, request: CopyRequest, *, dry_run: bool
) -> Copied:
    """Fill the days of `period`, or say what would be filled.

    Raises VersionConflictError and PreconditionRequiredError like any write; a dry run asks for no version.
    """
    if dry_run:
        with runtime.database.reading() as connection:
            section = CopySection(Unit(runtime, connection, site, period, author, runtime.clock.now()), request)
            changes = section.planned.changes
            return Copied(changes, section.skipped, count_changes(changes), section.version)
    (saved,) = save(runtime, site, period, author, [request])
    section = request.opened[-1]
    return Copied(section.planned.changes, section.skipped, saved.changes, saved.version, saved.warnings)


def copied_values(source: Figures, available_rooms: int) -> Values | Skip:
    """What is saved of the figures of another day; a count that they do not have stays as it is.

    Rooms and ratios where they can be saved, else overnight counts.
    """
    values: dict[str, CellValue] = {}
    rooms = source.occupied_rooms
    for name in ENTERED_COUNTS:
        if (count := getattr(source, name)) is not None:
            values[name] = money(count)
    if available_rooms and rooms is not None:
        values |= {"occupied_rooms": money(rooms), "occupancy": None}
    if available_rooms and _are_fractions(source.drive_in_ratio, source.capture_ratio):
        values |= {"valet_overnight": None, "self_overnight": None}
        values |= _rounded_ratios(source)
    elif source.valet_overnight is not None or source.self_overnight is not None:
        values |= {"drive_in_ratio": None, "capture_ratio": None}
        values |= {"valet_overnight": _cents(source.valet_overnight), "self_overnight": _cents(source.self_overnight)}
    if not values:
        return Skip.NO_SOURCE
    limits = {name: available_rooms if name == "occupied_rooms" else MOST_VEHICLES for name in SAVED_FIELDS}
    fits = all(0 <= value <= limits[name] for name, value in values.items() if isinstance(value, Decimal))
    return values if fits else Skip.OUT_OF_RANGE


def _rounded_ratios(source: Figures) -> dict[str, CellValue]:
    found = {"drive_in_ratio": source.drive_in_ratio, "capture_ratio": source.capture_ratio}
    return {name: ratio(value) for name, value in found.items() if value is not None}


def _are_fractions(*ratios: Decimal | None) -> bool:
    return all(value is not None and 0 <= value <= 1 for value in ratios)


def _cents(value: Decimal | None) -> Decimal | None:
    return None if value is None else money(value)
