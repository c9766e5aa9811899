"""Effective statistics of a month: the saved days over the budget of the month, field by field and day by day.

A month is kept as its budget figures and the few days that were saved. Sums of days never visit the days on which
nothing was saved: their share of the budget is month value × days ÷ days of the month, and the division comes last.

Source: Calculations, "Budget per day and fallback".
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from operator import attrgetter

from shared_code.domain.months import days_in, days_of, first_day, last_day
from shared_code.domain.rounding import ZERO
from shared_code.domain.statistics import VOLUMES_OF, Statistics, StatisticsDay, Volumes, divide_or_zero

NO_VOLUMES = Volumes()
"""A month without a budget."""


class RoomsSource(StrEnum):
    """Where the occupied rooms of a month come from."""

    FORECAST = "forecast"
    """Rooms or occupancy are saved for every day."""
    BUDGET = "budget"
    """They are saved for no day."""
    MIXED = "mixed"
    ACTUAL = "actual"
    BLENDED = "blended"
    """Actual rooms to the last day with data, forecast rooms after it."""


@dataclass(frozen=True, slots=True)
class StatisticsMonth:
    """What the effective statistics of one site-month (`YYYY-MM`) are made of.

    `available_rooms` is per day, `budget` holds figures of the whole month, `saved` the days with saved values, at
    most one per date and in any order.
    """

    period: str
    available_rooms: int = 0
    budget: Volumes = NO_VOLUMES
    saved: Sequence[StatisticsDay] = ()

    @property
    def has_saved_value(self) -> bool:
        """Whether any statistics value of the month is saved; a saved 0 is one."""
        return any(_SAVED_VALUES_OF(day) != _NOTHING_SAVED for day in self.saved)

    @property
    def rooms_source(self) -> RoomsSource:
        """Whether the rooms of the month come from saved days, from the budget, or from both."""
        days = sum(day.occupied_rooms is not None or day.occupancy is not None for day in self.saved)
        if not days:
            return RoomsSource.BUDGET
        return RoomsSource.FORECAST if days == days_in(self.period) else RoomsSource.MIXED


@dataclass(frozen=True, slots=True)
class EffectiveDay:
    """The effective values of one day. `is_saved` tells whether any value of the day was saved."""

    day: date
    is_saved: bool
    volumes: Statistics
    drive_in_ratio: Decimal
    capture_ratio: Decimal


def share_of_month(month_value: Decimal, days: int, days_of_month: int) -> Decimal:
    """The part of a monthly figure that falls on `days` of its days.

    Source: Calculations, "Conventions".
    """
    return month_value if days == days_of_month else month_value * days / days_of_month


def effective_statistics(month: StatisticsMonth, first: date | None = None, last: date | None = None) -> Statistics:
    """The effective statistics of `month`, or of its days from `first` to `last`, both included.

    Source: Calculations, "Budget per day and fallback" and "Aggregation".
    """
    start, end = first or first_day(month.period), last or last_day(month.period)
    days = max(0, (end - start).days + 1)
    month_days = days_in(month.period)
    saved = [day for day in month.saved if start <= day.day <= end]
    if not saved:
        budget = (share_of_month(value, days, month_days) for value in VOLUMES_OF(month.budget))
        return Statistics(*budget, available_rooms=month.available_rooms * days)
    rooms = [day.rooms(month.available_rooms) for day in saved]
    valet, self_parked = _overnight_cars(month, saved, rooms, days)

    def total(field: str) -> Decimal:
        return _with_budget([getattr(day, field) for day in saved], getattr(month.budget, field), days, month_days)

    return Statistics(
        occupied_rooms=_with_budget(rooms, month.budget.occupied_rooms, days, month_days),
        valet_daily=total("valet_daily"),
        valet_overnight=valet,
        valet_monthly=total("valet_monthly"),
        valet_aggregator=total("valet_aggregator"),
        valet_comps=total("valet_comps"),
        self_daily=total("self_daily"),
        self_overnight=self_parked,
        self_monthly=total("self_monthly"),
        self_aggregator=total("self_aggregator"),
        self_comps=total("self_comps"),
        available_rooms=month.available_rooms * days,
    )


def effective_day(month: StatisticsMonth, day: date) -> EffectiveDay:
    """The effective values of one day of `month`."""
    saved = [candidate for candidate in month.saved if candidate.day == day]
    volumes = effective_statistics(month, day, day)
    drive_in, capture = volumes.drive_in_ratio, volumes.capture_ratio
    if saved and not _has_counted_overnight(saved[0]) and _has_derived_overnight(saved[0]):
        drive_in = _saved_or(saved[0].drive_in_ratio, month.budget.drive_in_ratio)
        capture = _saved_or(saved[0].capture_ratio, month.budget.capture_ratio)
    is_saved = any(_SAVED_VALUES_OF(candidate) != _NOTHING_SAVED for candidate in saved)
    return EffectiveDay(day, is_saved, volumes, drive_in, capture)


def effective_days(month: StatisticsMonth) -> Iterator[EffectiveDay]:
    """The effective values of each day of `month`, in order."""
    return (effective_day(month, day) for day in days_of(month.period))


def _overnight_cars(
    month: StatisticsMonth, saved: Sequence[StatisticsDay], rooms: Sequence[Decimal | None], days: int
) -> tuple[Decimal, Decimal]:
    """Valet and self-parked overnight cars of `days` days, of which `saved` (with their saved `rooms`) have values."""
    month_days = days_in(month.period)
    counted = [day for day in saved if _has_counted_overnight(day)]
    derived = [
        (day, day_rooms)
        for day, day_rooms in zip(saved, rooms, strict=True)
        if not _has_counted_overnight(day) and _has_derived_overnight(day)
    ]
    own = days - len(derived)
    budget = month.budget
    valet = _with_budget([day.valet_overnight for day in counted], budget.valet_overnight, own, month_days)
    self_parked = _with_budget([day.self_overnight for day in counted], budget.self_overnight, own, month_days)
    derived_valet, derived_self = _derived_overnight_cars(budget, derived, month_days)
    return valet + derived_valet, self_parked + derived_self


def _derived_overnight_cars(
    budget: Volumes, derived: Sequence[tuple[StatisticsDay, Decimal | None]], month_days: int
) -> tuple[Decimal, Decimal]:
    """Valet and self-parked overnight cars of days whose cars follow from rooms and ratios.

    A ratio that is not saved is that of the budget counts. To divide last, the days are summed by which of their
    ratios are saved, with rooms in units of 1 ÷ days of the month; each sum is then divided once.
    """
    sums: dict[tuple[bool, bool], list[Decimal]] = {}
    for day, rooms in derived:
        overnight = budget.occupied_rooms if rooms is None else rooms * month_days
        if day.drive_in_ratio is not None:
            overnight *= day.drive_in_ratio
        valet = overnight * _saved_or(day.capture_ratio, ZERO)
        pattern = (day.drive_in_ratio is not None, day.capture_ratio is not None)
        total = sums.setdefault(pattern, [ZERO, ZERO])
        total[0] += overnight
        total[1] += valet
    valet_up, self_up, capture_down = budget.valet_overnight, budget.self_overnight, budget.overnight
    if not capture_down:
        valet_up, self_up, capture_down = ZERO, Decimal(1), Decimal(1)
    valet_cars = self_cars = ZERO
    for (drive_in_saved, capture_saved), (overnight, valet) in sums.items():
        cars, per_rooms = (Decimal(1), Decimal(1)) if drive_in_saved else (budget.overnight, budget.occupied_rooms)
        if capture_saved:
            valet_cars += divide_or_zero(valet * cars, per_rooms * month_days)
            self_cars += divide_or_zero((overnight - valet) * cars, per_rooms * month_days)
        else:
            whole = per_rooms * month_days * capture_down
            valet_cars += divide_or_zero(overnight * cars * valet_up, whole)
            self_cars += divide_or_zero(overnight * cars * self_up, whole)
    return valet_cars, self_cars


def _with_budget(values: Sequence[Decimal | None], month_budget: Decimal, days: int, month_days: int) -> Decimal:
    """Sum of the saved `values` plus the budget of the remaining ones of `days` days."""
    saved = [value for value in values if value is not None]
    total = sum(saved, ZERO)
    unsaved = days - len(saved)
    return total + share_of_month(month_budget, unsaved, month_days) if unsaved and month_budget else total


def _has_counted_overnight(day: StatisticsDay) -> bool:
    """Whether an overnight count was saved for the day."""
    return day.valet_overnight is not None or day.self_overnight is not None


def _has_derived_overnight(day: StatisticsDay) -> bool:
    """Whether rooms, occupancy or a ratio were saved for the day."""
    return (
        day.occupied_rooms is not None
        or day.occupancy is not None
        or day.drive_in_ratio is not None
        or day.capture_ratio is not None
    )


def _saved_or(saved: Decimal | None, fallback: Decimal) -> Decimal:
    """The saved value, else the fallback; a saved 0 is a value."""
    return fallback if saved is None else saved


_SAVED_FIELDS = tuple(field for field in StatisticsDay.__dataclass_fields__ if field != "day")
_SAVED_VALUES_OF = attrgetter(*_SAVED_FIELDS)
_NOTHING_SAVED = (None,) * len(_SAVED_FIELDS)
