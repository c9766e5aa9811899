"""Days of the statistics as they are sent, and what is saved of them.

Source: REST API, "Statistics" (PUT /statistics/{siteId}/{period}); Calculations, "Records".
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

from shared_code.domain.statistics import StatisticsDay
from shared_code.errors import ForecastError, RuleViolationError, together
from shared_code.services.forecast.author import Precondition
from shared_code.services.forecast.cells import Cell, CellValue, differences
from shared_code.services.forecast.locks import LockedKey
from shared_code.services.forecast.saving import Plan, Section, Unit, WriteRequest
from shared_code.services.forecast.statistics_saving import (
    FIELD_NAMES,
    StatisticsSection,
    Values,
    cells_of,
    with_values,
)

MOST_APART: Final = Decimal("0.5")
"""Rooms by which a number of rooms and an occupancy may differ when both are sent."""

RATIOS: Final = ("drive_in_ratio", "capture_ratio")
OVERNIGHT: Final = ("valet_overnight", "self_overnight")


@dataclass(frozen=True, slots=True)
class DayEntry:
    """What is sent for a day: values by field, None for one that is to be saved no more."""

    day: date
    values: Mapping[str, CellValue]

    def number(self, name: str) -> Decimal | None:
        """A value that is sent as a number; None where it is not."""
        value = self.values.get(name)
        return value if isinstance(value, Decimal) else None


@dataclass(frozen=True, slots=True)
class DaysRequest(WriteRequest):
    """Days to be saved; `is_replacing` clears every other editable day of the period."""

    precondition: Precondition | None
    entries: tuple[DayEntry, ...]
    is_replacing: bool = False

    def open(self, unit: Unit) -> Section:
        """The section that saves the days."""
        return DaysSection(unit, self)


class DaysSection(StatisticsSection):
    """A write of single days."""

    def __init__(self, unit: Unit, request: DaysRequest) -> None:
        super().__init__(unit, request.precondition)
        self._request = request

    def plan(self) -> Plan:
        """The cells of the days that are sent, and of those that a replacement clears."""
        wanted: dict[Cell, CellValue] = {}
        locked: list[LockedKey] = []
        problems: list[ForecastError] = []
        rooms = self.statistics.available_rooms
        for place, entry in enumerate(self._request.entries):
            if (reason := self.statistics.lock(entry.day)) is not None:
                locked.append(LockedKey(entry.day, f"days[{place}].date", reason))
            saved = self._saved(entry.day)
            values = kept_values(entry)
            problems += broken_rules(entry, with_values(saved, values), rooms, f"days[{place}]")
            wanted |= cells_of(entry.day, values)
        wanted = {**dict.fromkeys(self._cleared()), **wanted}
        return Plan(
            () if problems else differences(self.saved_cells, wanted),
            frozenset(wanted),
            tuple(locked),
            together(problems),
        )

    def _saved(self, day: date) -> StatisticsDay:
        return self.statistics.month_of(day).saved.get(day, StatisticsDay(day))

    def _cleared(self) -> Iterator[Cell]:
        """The saved cells of the editable days that are not sent."""
        if not self._request.is_replacing:
            return
        sent = {entry.day for entry in self._request.entries}
        for cell in self.saved_cells:
            day = date.fromisoformat(cell.key)
            inside = self.unit.period.first <= day <= self.unit.period.last
            if inside and day not in sent and self.statistics.lock(day) is None:
                yield cell


def kept_values(entry: DayEntry) -> Values:
    """What is saved of an entry: of rooms and occupancy, which say the same, only one.

    The rooms are kept when both are sent; a null that stands alone removes both.
    """
    values = dict(entry.values)
    if "occupied_rooms" in values or "occupancy" in values:
        rooms = entry.number("occupied_rooms")
        values["occupied_rooms"] = rooms
        values["occupancy"] = entry.number("occupancy") if rooms is None else None
    return values


def broken_rules(entry: DayEntry, merged: StatisticsDay, available_rooms: int, field: str) -> Iterator[ForecastError]:
    """What is wrong with an entry together with what else is saved for the day (`merged`).

    `field` is the path of the entry in the request.
    """
    yield from _broken_room_rules(entry, available_rooms, field)
    has_ratio = any(getattr(merged, name) is not None for name in RATIOS)
    has_counts = any(getattr(merged, name) is not None for name in OVERNIGHT)
    if has_ratio and has_counts:
        sent = [name for name in (*OVERNIGHT, *RATIOS) if entry.number(name) is not None]
        other = "ratios" if sent and sent[0] in OVERNIGHT else "overnight counts"
        message = f"The day has {other}, from which the others follow: clear them with null, or send them instead."
        if sent:
            yield _broken(message, f"{field}.{FIELD_NAMES[sent[0]]}", providedValue=entry.number(sent[0]))
        else:
            yield _broken(message, f"{field}.date", providedValue=entry.day)


def _broken_room_rules(entry: DayEntry, available_rooms: int, field: str) -> Iterator[ForecastError]:
    rooms, occupancy = entry.number("occupied_rooms"), entry.number("occupancy")
    if not available_rooms:
        for name, value in (("occupied_rooms", rooms), ("occupancy", occupancy)):
            if value:
                message = "The site has no rooms: only 0 can be occupied."
                yield _broken(message, f"{field}.{FIELD_NAMES[name]}", providedValue=value, maximum=0)
        return
    if rooms is not None and rooms > available_rooms:
        message = f"{rooms} occupied rooms are more than the {available_rooms} that the site has."
        yield _broken(message, f"{field}.occupiedRooms", providedValue=rooms, maximum=available_rooms)
    elif rooms is not None and occupancy is not None and abs(rooms - occupancy * available_rooms) > MOST_APART:
        message = (
            f"{rooms} occupied rooms and an occupancy of {occupancy} do not agree: the occupancy gives "
            f"{occupancy * available_rooms:f} of {available_rooms} rooms."
        )
        yield _broken(message, f"{field}.occupiedRooms", providedValue=rooms, occupancy=occupancy)


def _broken(message: str, field: str, **details: Any) -> RuleViolationError:
    return RuleViolationError(message, field=field, details=details)
