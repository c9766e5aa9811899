"""Figures of a whole period, spread over the days of it that can still be edited.

The figures describe the whole period: what the other days contribute is deducted, and the rest is spread.

Source: REST API, "Statistics" (PUT /statistics/{siteId}/{period}).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from shared_code.errors import ForecastError
from shared_code.services.forecast.author import Precondition
from shared_code.services.forecast.cells import Cell, CellValue, differences
from shared_code.services.forecast.locks import LockedKey, existing_forecast
from shared_code.services.forecast.saving import Plan, Section, Unit, WriteRequest
from shared_code.services.forecast.statistics_months import stretch
from shared_code.services.forecast.statistics_saving import StatisticsSection, cells_of
from shared_code.services.forecast.statistics_targets import Spreading
from shared_code.services.forecast.statistics_weights import Shape, read_shape
from shared_code.services.pnl_table import ViewWarning


@dataclass(frozen=True, slots=True)
class SpreadRequest(WriteRequest):
    """Figures that a period is to have, by field (`occupancy`, `valet_vehicles`, …), and the shape to spread them by.

    `overwrite`: also over days that have a forecast.
    """

    precondition: Precondition | None
    targets: Mapping[str, Decimal]
    spread: str
    overwrite: bool = False

    def open(self, unit: Unit) -> Section:
        """The section that saves the days."""
        return SpreadSection(unit, self)


class SpreadSection(StatisticsSection):
    """A write of figures of a whole period."""

    def __init__(self, unit: Unit, request: SpreadRequest) -> None:
        super().__init__(unit, request.precondition)
        self._request = request

    def plan(self) -> Plan:
        """The cells of the days that the figures are spread over.

        A spread that changes nothing is no conflict with what is saved: it may be sent again.
        """
        days, locked = self._days()
        unit = self.unit
        shape = read_shape(unit.connection, unit.site, self.statistics, self._request.spread, days)
        try:
            wanted = self._wanted(days, shape)
        except ForecastError as refusal:
            return Plan(locked=locked, problem=refusal)
        changes = differences(self.saved_cells, wanted)
        taken = [day for day in days if day in self.statistics.month_of(day).saved]
        problem = None
        if changes and taken and not self._request.overwrite:
            problem = existing_forecast([day.isoformat() for day in taken])
        return Plan(() if problem else changes, frozenset(wanted), locked, problem, _shape_warnings(shape))

    def _days(self) -> tuple[list[date], tuple[LockedKey, ...]]:
        """The days to spread over, and the locked ones where none is open.

        A day that was recorded shows its actual figures whatever is saved, so nothing is spread over it.
        """
        statistics, period = self.statistics, self.unit.period
        locks = {day: statistics.lock(day) for day in stretch(period.first, period.last)}
        open_days = [day for day, lock in locks.items() if lock is None]
        locked: tuple[LockedKey, ...] = ()
        if not open_days:
            open_days = list(locks)
            locked = tuple(LockedKey(day, "statistics", lock) for day, lock in locks.items() if lock is not None)
        return [day for day in open_days if day not in statistics.month_of(day).recorded], locked

    def _wanted(self, days: list[date], shape: Shape) -> dict[Cell, CellValue]:
        targets = self._request.targets
        spreading = Spreading(self.statistics, self.unit.period, days, shape)
        if "occupancy" in targets:
            spreading.occupy(targets["occupancy"])
        if "drive_in_ratio" in targets:
            spreading.drive_in(targets["drive_in_ratio"])
        if "capture_ratio" in targets:
            spreading.capture(targets["capture_ratio"])
        if "valet_vehicles" in targets:
            spreading.fill("valet", "valetVehicles", targets["valet_vehicles"])
        if "self_park_vehicles" in targets:
            spreading.fill("self", "selfParkVehicles", targets["self_park_vehicles"])
        wanted: dict[Cell, CellValue] = {}
        for day, values in spreading.wanted().items():
            wanted |= cells_of(day, values)
        return wanted


def _shape_warnings(shape: Shape) -> tuple[ViewWarning, ...]:
    if not shape.gaps:
        return ()
    fields = list(dict.fromkeys(shape.gaps))
    message = (
        f"There are no data for the {shape.name} of {', '.join(fields)}: it was spread evenly over the days. "
        "Check the days, or choose another spread."
    )
    return (ViewWarning("SHAPE_UNAVAILABLE", message, "spread", {"spread": shape.name, "fields": fields}),)
