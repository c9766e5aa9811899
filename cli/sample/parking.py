"""What happens in the car parks and rooms of a site: the days as they come, and the month that the budget expects.

Source: Source side, "Revenue and vehicles (`TP_EDW.dbo`)".
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from random import Random

from cli.sample.chance import one_in, per_mille, stream, varied
from cli.sample.seasons import Pattern, day_weight, month_weight, price_level
from cli.sample.sites import SampleSite
from cli.sample.volumes import SELF_DAILY, VALET_DAILY, Category, Volume

NET_OF_DISCOUNTS = 985
"""What is left of the list price after validations and discounts, per mille."""

OTHER_REVENUE = 12
"""Revenue that no car brings (events, keys, car wash), per mille of the rest."""

COMPS = 20
"""Free parking, per mille of the daily cars of the same side."""

_COMPS_ACCOUNTS = {VALET_DAILY: "9540", SELF_DAILY: "9580"}


@dataclass(frozen=True, slots=True)
class Parked:
    """One category on one day: vehicles, and net revenue in cents. A correction is negative."""

    category: Category
    vehicles: int
    revenue: int


@dataclass(frozen=True, slots=True)
class ParkingDay:
    """One day of a site; nothing at all on a day whose report never came. Other revenue is in cents."""

    day: date
    occupied_rooms: int
    parked: tuple[Parked, ...]
    other_revenue: int


@dataclass(frozen=True, slots=True)
class ParkingTotals:
    """A month: net revenue in cents and vehicles by category, other revenue in cents, occupied rooms."""

    revenue: dict[Category, int]
    vehicles: dict[Category, int]
    other_revenue: int
    occupied_rooms: int

    @property
    def external_revenue(self) -> int:
        """Cents of every category and of other revenue."""
        return sum(self.revenue.values()) + self.other_revenue

    def statistics(self) -> dict[str, int]:
        """The figures by statistics account, in hundredths: dollars of 9410-9416, counts of 9440 and 95xx."""
        figures = {"9410": self.external_revenue}
        for category, vehicles in self.vehicles.items():
            if category.revenue_account and category.vehicle_account:
                figures[category.revenue_account] = self.revenue[category]
                figures[category.vehicle_account] = 100 * vehicles
            if category in _COMPS_ACCOUNTS:
                figures[_COMPS_ACCOUNTS[category]] = 100 * per_mille(vehicles, COMPS)
        if self.occupied_rooms:
            figures["9440"] = 100 * self.occupied_rooms
        return figures

    def scaled(self, share: int) -> "ParkingTotals":
        """The same month with `share` per mille of its demand."""
        vehicles = {category: per_mille(count, share) for category, count in self.vehicles.items()}
        revenue = {
            category: cents * vehicles[category] // (self.vehicles[category] or 1)
            for category, cents in self.revenue.items()
        }
        rooms = per_mille(self.occupied_rooms, share)
        return ParkingTotals(revenue, vehicles, per_mille(self.other_revenue, share), rooms)


def parking_days(site: SampleSite, period: str, days: Iterable[date], seed: int) -> list[ParkingDay]:
    """The `days` of the month `period`, from its first, as they happen; one in 250 has no report."""
    chance = stream(seed, site.number, period, "parking")
    demand = varied(1000, 40, chance)
    prices = [(volume, _price(volume, period)) for volume in site.volumes]
    return [_parking_day(site, day, prices, demand, chance) for day in days]


def totals_of(days: Sequence[ParkingDay]) -> ParkingTotals:
    """The sums that the ledger shows for the month."""
    revenue: dict[Category, int] = {}
    vehicles: dict[Category, int] = {}
    for day in days:
        for parked in day.parked:
            revenue[parked.category] = revenue.get(parked.category, 0) + parked.revenue
            vehicles[parked.category] = vehicles.get(parked.category, 0) + parked.vehicles
    other_revenue = sum(day.other_revenue for day in days)
    return ParkingTotals(revenue, vehicles, other_revenue, sum(day.occupied_rooms for day in days))


def expected_totals(site: SampleSite, period: str) -> ParkingTotals:
    """The month `period` without chance: what a budget is made of."""
    vehicles = {v.category: per_mille(v.vehicles, month_weight(v.pattern, period)) for v in site.volumes}
    revenue = {v.category: per_mille(vehicles[v.category] * _price(v, period), NET_OF_DISCOUNTS) for v in site.volumes}
    other_revenue = per_mille(sum(revenue.values()), OTHER_REVENUE)
    rooms = per_mille(site.occupied_rooms, month_weight(Pattern.LODGING, period))
    return ParkingTotals(revenue, vehicles, other_revenue, rooms)


def _parking_day(
    site: SampleSite, day: date, prices: Sequence[tuple[Volume, int]], demand: int, chance: Random
) -> ParkingDay:
    if one_in(250, chance):
        return ParkingDay(day, 0, (), 0)
    parked = []
    for volume, price in prices:
        busy = varied(day_weight(volume.pattern, day) * demand // 1000, 60, chance)
        cars = per_mille(volume.vehicles, busy)
        parked.append(Parked(volume.category, cars, per_mille(cars * price, varied(NET_OF_DISCOUNTS, 15, chance))))
    if one_in(150, chance):
        volume, price = prices[0]
        parked.append(Parked(volume.category, -1, -price))
    nights = day_weight(Pattern.LODGING, day) * demand // 1000
    rooms = min(site.rooms, per_mille(site.occupied_rooms, varied(nights, 40, chance)))
    other_revenue = per_mille(sum(p.revenue for p in parked), varied(OTHER_REVENUE, 500, chance))
    return ParkingDay(day, rooms, tuple(parked), other_revenue)


def _price(volume: Volume, period: str) -> int:
    return per_mille(volume.rate, price_level(int(period[:4])))
