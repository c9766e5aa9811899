"""Rooms and vehicles: records of days and stretches of days, their ratios, and how they add up.

Source: Calculations, "Statistics".
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from operator import attrgetter

from shared_code.domain.rounding import ZERO


class Category(StrEnum):
    """The eight priced categories of vehicles.

    Source: Calculations, "Enumerations".
    """

    VALET_DAILY = "valet_daily"
    VALET_OVERNIGHT = "valet_overnight"
    VALET_MONTHLY = "valet_monthly"
    VALET_AGGREGATOR = "valet_aggregator"
    SELF_DAILY = "self_daily"
    SELF_OVERNIGHT = "self_overnight"
    SELF_MONTHLY = "self_monthly"
    SELF_AGGREGATOR = "self_aggregator"


OCCUPIED_ROOMS_ACCOUNT = "9440"
"""The statistic account of occupied rooms.

Source: Calculations, "Accounts".
"""

VEHICLE_ACCOUNTS = {
    "valet_daily": "9510",
    "valet_overnight": "9520",
    "valet_monthly": "9530",
    "valet_comps": "9540",
    "self_daily": "9550",
    "self_overnight": "9560",
    "self_monthly": "9570",
    "self_comps": "9580",
}
"""The statistic account of each count that has a budget.

Source: Calculations, "Accounts".
"""


def divide_or_zero(numerator: Decimal, denominator: Decimal | int) -> Decimal:
    """A ratio of statistics: 0 where the denominator is 0."""
    return numerator / denominator if denominator else ZERO


@dataclass(frozen=True, slots=True)
class Volumes:
    """Occupied rooms and vehicles of any stretch of time, for example the budget of a month."""

    occupied_rooms: Decimal = ZERO
    valet_daily: Decimal = ZERO
    valet_overnight: Decimal = ZERO
    valet_monthly: Decimal = ZERO
    valet_aggregator: Decimal = ZERO
    valet_comps: Decimal = ZERO
    self_daily: Decimal = ZERO
    self_overnight: Decimal = ZERO
    self_monthly: Decimal = ZERO
    self_aggregator: Decimal = ZERO
    self_comps: Decimal = ZERO

    def count(self, category: Category) -> Decimal:
        """Vehicles of one priced category."""
        count: Decimal = getattr(self, category)
        return count

    @property
    def overnight(self) -> Decimal:
        """All overnight cars."""
        return self.valet_overnight + self.self_overnight

    @property
    def valet_vehicles(self) -> Decimal:
        """Valet vehicles without comps."""
        return self.valet_daily + self.valet_overnight + self.valet_monthly + self.valet_aggregator

    @property
    def self_vehicles(self) -> Decimal:
        """Self-parked vehicles without comps."""
        return self.self_daily + self.self_overnight + self.self_monthly + self.self_aggregator

    @property
    def total_vehicles(self) -> Decimal:
        """All vehicles without comps."""
        return self.valet_vehicles + self.self_vehicles

    @property
    def comps(self) -> Decimal:
        """Free parking of both sides, never priced."""
        return self.valet_comps + self.self_comps

    @property
    def drive_in_ratio(self) -> Decimal:
        """Overnight cars per occupied room, a fraction; 0 without rooms."""
        return divide_or_zero(self.overnight, self.occupied_rooms)

    @property
    def capture_ratio(self) -> Decimal:
        """Valet share of the overnight cars, a fraction; 0 without overnight cars."""
        return divide_or_zero(self.valet_overnight, self.overnight)


@dataclass(frozen=True, slots=True)
class Statistics(Volumes):
    """Volumes of a set of days and sites together with the rooms that could have been sold on them."""

    available_rooms: int = field(default=0, kw_only=True)
    missing_days: int = field(default=0, kw_only=True)

    @property
    def occupancy(self) -> Decimal:
        """Occupied ÷ available rooms, a fraction; 0 without available rooms."""
        return divide_or_zero(self.occupied_rooms, self.available_rooms)


@dataclass(frozen=True, slots=True)
class StatisticsDay:
    """Saved or recorded values of one day; None means that there is no value, 0 is a value.

    Rooms come from `occupied_rooms`, else from `occupancy` (a fraction); overnight cars from the ratios (fractions)
    or from typed counts.
    """

    day: date
    occupied_rooms: Decimal | None = None
    occupancy: Decimal | None = None
    drive_in_ratio: Decimal | None = None
    capture_ratio: Decimal | None = None
    valet_daily: Decimal | None = None
    valet_overnight: Decimal | None = None
    valet_monthly: Decimal | None = None
    valet_aggregator: Decimal | None = None
    valet_comps: Decimal | None = None
    self_daily: Decimal | None = None
    self_overnight: Decimal | None = None
    self_monthly: Decimal | None = None
    self_aggregator: Decimal | None = None
    self_comps: Decimal | None = None

    def rooms(self, available_rooms: int) -> Decimal | None:
        """Occupied rooms of the day; None where neither rooms nor occupancy have a value."""
        if self.occupied_rooms is not None:
            return self.occupied_rooms
        return None if self.occupancy is None else self.occupancy * available_rooms


@dataclass(frozen=True, slots=True)
class DerivedDay:
    """Rooms and overnight cars of a day, derived from its ratios."""

    occupied_rooms: Decimal
    occupancy: Decimal
    overnight: Decimal
    valet_overnight: Decimal
    self_overnight: Decimal


def derive_day(statistics_day: StatisticsDay, available_rooms: int) -> DerivedDay:
    """Rooms, occupancy and overnight cars from rooms or occupancy and both ratios; what is missing is 0.

    Source: Calculations, "Derivation for one day".
    """
    rooms = statistics_day.rooms(available_rooms) or ZERO
    overnight = (statistics_day.drive_in_ratio or ZERO) * rooms
    valet = overnight * (statistics_day.capture_ratio or ZERO)
    return DerivedDay(rooms, divide_or_zero(rooms, available_rooms), overnight, valet, overnight - valet)


def budget_volumes(balances: Mapping[str, Decimal]) -> Volumes:
    """The budget statistics of a month from its ledger balances by account; a missing account counts as 0.

    Source: Calculations, "Accounts".
    """
    counts = {field: balances.get(account, ZERO) for field, account in VEHICLE_ACCOUNTS.items()}
    return Volumes(occupied_rooms=balances.get(OCCUPIED_ROOMS_ACCOUNT, ZERO), **counts)


def aggregate_days(
    days: Iterable[StatisticsDay], available_rooms: int, days_in_period: int | None = None
) -> Statistics:
    """Recorded days of one site as one figure. `available_rooms` is per day.

    Overnight cars come from the ratios of a day that has them, else from its counts. A day of the period without a
    record adds nothing, neither rooms sold nor rooms to sell, and is counted in `missing_days`.

    Source: Calculations, "Aggregation".
    """
    records = list(days)
    rooms = valet = self_parked = ZERO
    for record in records:
        derived = derive_day(record, available_rooms)
        rooms += derived.occupied_rooms
        if record.drive_in_ratio is not None:
            valet += derived.valet_overnight
            self_parked += derived.self_overnight
        else:
            valet += record.valet_overnight or ZERO
            self_parked += record.self_overnight or ZERO
    return Statistics(
        occupied_rooms=rooms,
        valet_daily=sum_recorded(record.valet_daily for record in records),
        valet_overnight=valet,
        valet_monthly=sum_recorded(record.valet_monthly for record in records),
        valet_aggregator=sum_recorded(record.valet_aggregator for record in records),
        valet_comps=sum_recorded(record.valet_comps for record in records),
        self_daily=sum_recorded(record.self_daily for record in records),
        self_overnight=self_parked,
        self_monthly=sum_recorded(record.self_monthly for record in records),
        self_aggregator=sum_recorded(record.self_aggregator for record in records),
        self_comps=sum_recorded(record.self_comps for record in records),
        available_rooms=available_rooms * len(records),
        missing_days=0 if days_in_period is None else days_in_period - len(records),
    )


def combine_statistics(parts: Iterable[Statistics]) -> Statistics:
    """Statistics of several months or sites as one: counts add up, ratios follow from the sums.

    Source: Calculations, "Aggregation".
    """
    combined = list(parts)
    if not combined:
        return Statistics()
    counts = [sum(column, ZERO) for column in zip(*map(VOLUMES_OF, combined), strict=True)]
    return Statistics(
        *counts,
        available_rooms=sum(part.available_rooms for part in combined),
        missing_days=sum(part.missing_days for part in combined),
    )


def sum_recorded(values: Iterable[Decimal | None]) -> Decimal:
    """Sum of the values that there are."""
    return sum((value for value in values if value is not None), ZERO)


VOLUMES_OF = attrgetter(*Volumes.__dataclass_fields__)
"""Rooms and counts of a record as a tuple, in the order of `Volumes`."""
