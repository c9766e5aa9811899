"""Who works at a site: positions with their hours on an average day and their pay.

Source: Source side, "Labour (`TP_LEGION.dbo`)" and "Job family mapping".
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random

from cli.sample.chance import per_mille
from cli.sample.seasons import Pattern, price_level
from cli.sample.volumes import Kind, Volume

MANAGER = "SITEMGR"
"""The salaried title: a site manager, eight hours on every weekday."""

SHIFT_DIFFERENTIAL = "Shift Differential"
"""The budget profile of night premiums; no employee has it."""

JOBS = {
    "VLT1": ("Valet Attendant", "Valet"),
    "VLT2": ("Senior Valet Attendant", "Valet"),
    "GSA1": ("Guest Service Agent", "Guest Services"),
    "GSA2": ("Senior Guest Service Agent", "Guest Services"),
    "GSC1": ("Guest Service Coordinator", "Guest Services"),
    "CASH1": ("Cashier", "Parking"),
    "LOT ATTENDANT": ("Lot Attendant", "Parking"),
    "SHUTTLE DRIVER": ("Shuttle Driver", "Transportation"),
    "PATIENT TRANSPORT": ("Patient Transport", "Transportation"),
    MANAGER: ("Site Manager", "Management"),
}
"""Title to the job's text and its budget category."""


@dataclass(frozen=True, slots=True)
class Position:
    """One title at one site.

    `hours` are hundredths of an hour on an average day, `rate` cents an hour at the wages of 2024. The manager's
    rate is the annual salary over 2,080 hours.
    """

    title: str
    pattern: Pattern
    hours: int
    rate: int
    works_nights: bool = False

    @property
    def headcount(self) -> int:
        """People who share the position, at 32 hours a week."""
        return 1 if self.is_salaried else 1 + self.hours * 7 // 3200

    @property
    def is_salaried(self) -> bool:
        """Whether the position is paid by the year."""
        return self.title == MANAGER

    def rate_in(self, year: int) -> int:
        """Cents an hour at the wages of `year`."""
        return per_mille(self.rate, price_level(year))

    def salary_in(self, year: int) -> int:
        """Cents a year at the wages of `year`, for a full-time position."""
        return 2_080 * self.rate_in(year)


_WAGE_LEVEL = {"WEST": 1120, "EAST": 1060}  # per mille; elsewhere 1000


def positions_of(
    kind: Kind, volumes: Sequence[Volume], number: int, region: str, chance: Random
) -> tuple[Position, ...]:
    """The positions of site `number`: hours by the cars that are parked, pay by the region."""
    valet = sum(volume.vehicles for volume in volumes if volume.is_valet)
    self_parked = sum(volume.vehicles for volume in volumes) - valet
    if kind is Kind.HOTEL:
        positions = _hotel_positions(number, valet)
    elif kind is Kind.HOSPITAL:
        positions = _hospital_positions(number, valet, self_parked)
    else:
        positions = _garage_positions(self_parked)
    level = _WAGE_LEVEL.get(region, 1000)
    return tuple(replace(p, rate=per_mille(p.rate, level + chance.randrange(140))) for p in positions)


def _hotel_positions(number: int, valet: int) -> list[Position]:
    """Valets by the cars they move, agents at the door, a coordinator; at every fifth hotel a shuttle."""
    positions = [
        Position("VLT1", Pattern.LEISURE, 10 * valet, 1500, works_nights=True),
        Position("VLT2", Pattern.LODGING, 6 * valet, 1650),
        Position("GSA1", Pattern.LODGING, 750, 1600, works_nights=True),
        Position("GSC1", Pattern.LODGING, 450, 2000),
        Position(MANAGER, Pattern.WORK, 571, 2450),
    ]
    if valet > 90:
        positions.append(Position("GSA2", Pattern.LODGING, 400, 1750))
    if number % 5 == 4:
        positions.append(Position("SHUTTLE DRIVER", Pattern.LODGING, 800, 1800))
    return positions


def _hospital_positions(number: int, valet: int, self_parked: int) -> list[Position]:
    """Valets, agents who guide visitors, a staffed exit; at every other hospital patient transport."""
    positions = [
        Position("VLT1", Pattern.CARE, 13 * valet, 1500),
        Position("GSA1", Pattern.CARE, 900, 1600),
        Position("GSC1", Pattern.CARE, 500, 2000),
        Position("CASH1", Pattern.CARE, 800 + self_parked, 1520, works_nights=True),
        Position(MANAGER, Pattern.WORK, 571, 2500),
    ]
    if number % 2:
        positions.append(Position("PATIENT TRANSPORT", Pattern.CARE, 700, 1700))
    return positions


def _garage_positions(self_parked: int) -> list[Position]:
    """A staffed exit around the clock and attendants on the decks."""
    return [
        Position("CASH1", Pattern.LEISURE, 1200, 1520, works_nights=True),
        Position("LOT ATTENDANT", Pattern.WORK, 500 + 2 * self_parked, 1480),
        Position("GSA1", Pattern.WORK, 400, 1600),
        Position(MANAGER, Pattern.WORK, 571, 2400),
    ]
