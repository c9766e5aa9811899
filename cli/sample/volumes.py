"""What is parked where: the kinds of sites, the kinds of parking, and their volumes and prices.

Source: Source side, "Revenue codes" and "Account catalogue".
"""

from dataclasses import dataclass
from enum import StrEnum
from random import Random

from cli.sample.chance import per_mille
from cli.sample.seasons import Pattern


class Kind(StrEnum):
    """What stands on the site, with the text of its P&L category."""

    HOTEL = "Hospitality"
    HOSPITAL = "Healthcare"
    OTHER = "Commercial"


@dataclass(frozen=True, slots=True)
class Category:
    """A kind of parking: its text and code in the daily revenue, its accounts in the ledger (None for aggregators)."""

    text: str
    code: str
    revenue_account: str | None
    vehicle_account: str | None


VALET_DAILY = Category("Valet Daily", "VD", "9411", "9510")
VALET_OVERNIGHT = Category("Valet Overnight", "VO", "9412", "9520")
VALET_MONTHLY = Category("Valet Monthly", "VM", "9413", "9530")
VALET_AGGREGATOR = Category("Valet Aggregator", "VA", None, None)
SELF_DAILY = Category("Self Daily", "SD", "9414", "9550")
SELF_OVERNIGHT = Category("Self Overnight", "SO", "9415", "9560")
SELF_MONTHLY = Category("Self Monthly", "SM", "9416", "9570")
SELF_AGGREGATOR = Category("Self Aggregator", "SA", None, None)


@dataclass(frozen=True, slots=True)
class Volume:
    """What is parked in one category: vehicles on an average day, and cents a vehicle at the prices of 2024."""

    category: Category
    pattern: Pattern
    vehicles: int
    rate: int

    @property
    def is_valet(self) -> bool:
        """Whether the company's own people park the cars."""
        return self.category.code.startswith("V")


def volumes_of(kind: Kind, occupied_rooms: int, chance: Random) -> tuple[Volume, ...]:
    """The volumes of a site of this kind; overnight cars of a hotel follow from its rooms of an average night."""
    if kind is Kind.HOTEL:
        return _hotel_volumes(occupied_rooms, chance)
    return _hospital_volumes(chance) if kind is Kind.HOSPITAL else _garage_volumes(chance)


def _hotel_volumes(occupied: int, chance: Random) -> tuple[Volume, ...]:
    overnight = per_mille(occupied, 280 + chance.randrange(180))
    valet_only = chance.randrange(4) == 0
    capture = 1000 if valet_only else 500 + chance.randrange(300)
    valet_overnight = per_mille(overnight, capture)
    day_cars = 12 + occupied // 10 + chance.randrange(15)
    volumes = [
        Volume(VALET_DAILY, Pattern.LEISURE, day_cars, 1900 + 50 * chance.randrange(24)),
        Volume(VALET_OVERNIGHT, Pattern.LODGING, valet_overnight, 3400 + 100 * chance.randrange(20)),
        Volume(VALET_MONTHLY, Pattern.WORK, 6 + chance.randrange(8), 900 + 25 * chance.randrange(16)),
        Volume(VALET_AGGREGATOR, Pattern.LEISURE, 6 + chance.randrange(6), 1700 + 50 * chance.randrange(12)),
    ]
    if not valet_only:
        volumes += [
            Volume(SELF_DAILY, Pattern.LEISURE, day_cars + chance.randrange(25), 1000 + 50 * chance.randrange(14)),
            Volume(SELF_OVERNIGHT, Pattern.LODGING, overnight - valet_overnight, 2000 + 50 * chance.randrange(20)),
            Volume(SELF_MONTHLY, Pattern.WORK, 8 + chance.randrange(16), 700 + 25 * chance.randrange(12)),
            Volume(SELF_AGGREGATOR, Pattern.LEISURE, 7 + chance.randrange(9), 1000 + 50 * chance.randrange(10)),
        ]
    return tuple(volumes)


def _hospital_volumes(chance: Random) -> tuple[Volume, ...]:
    return (
        Volume(VALET_DAILY, Pattern.CARE, 60 + chance.randrange(100), 900 + 50 * chance.randrange(8)),
        Volume(SELF_DAILY, Pattern.CARE, 280 + chance.randrange(420), 450 + 25 * chance.randrange(12)),
        Volume(SELF_MONTHLY, Pattern.WORK, 90 + chance.randrange(160), 350 + 25 * chance.randrange(6)),
    )


def _garage_volumes(chance: Random) -> tuple[Volume, ...]:
    return (
        Volume(SELF_DAILY, Pattern.WORK, 140 + chance.randrange(180), 1100 + 50 * chance.randrange(12)),
        Volume(SELF_OVERNIGHT, Pattern.LODGING, 12 + chance.randrange(20), 1900 + 50 * chance.randrange(10)),
        Volume(SELF_MONTHLY, Pattern.WORK, 70 + chance.randrange(120), 800 + 25 * chance.randrange(12)),
        Volume(SELF_AGGREGATOR, Pattern.LEISURE, 18 + chance.randrange(30), 900 + 50 * chance.randrange(10)),
    )
