"""What has to be saved so that a period has the figures that somebody wants.

Figures build on each other: rooms, then the overnight cars of these rooms, then the vehicles beyond them.

Source: REST API, "Statistics" (PUT /statistics/{siteId}/{period}); Calculations, "Statistics".
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date
from decimal import ROUND_CEILING, Decimal
from typing import Any, Final

from shared_code.domain.effective_statistics import effective_day
from shared_code.domain.rounding import ZERO, ratio, round_half_up
from shared_code.domain.statistics import VOLUMES_OF, StatisticsDay, Volumes
from shared_code.errors import CalculationRefusedError, RuleViolationError
from shared_code.services.forecast.statistics_allocation import STORED_PLACES, allocate, exact, settle
from shared_code.services.forecast.statistics_months import stretch
from shared_code.services.forecast.statistics_reading import SiteStatistics
from shared_code.services.forecast.statistics_saving import Values, plain
from shared_code.services.forecast.statistics_weights import Shape
from shared_code.services.periods import Period

ONE: Final = Decimal(1)
MOST_VEHICLES: Final = Decimal(99_999)
BEYOND_OVERNIGHT: Final = ("daily", "monthly", "aggregator")


class Spreading:
    """The open days of a period on their way to its figures; `wanted` says what is to be saved for them.

    Every step raises CalculationRefusedError when the open days cannot make up for the others.
    """

    def __init__(self, statistics: SiteStatistics, period: Period, days: Sequence[date], shape: Shape) -> None:
        self._statistics = statistics
        self._period = period
        self._days = list(days)
        self._shape = shape
        self._rooms = Decimal(statistics.available_rooms)
        others = [day for day in stretch(period.first, period.last) if day not in set(days)]
        self._closed = _sum_of([statistics.effective(day, day).known for day in others])
        self._saved = {day: statistics.month_of(day).saved.get(day, StatisticsDay(day)) for day in self._days}
        self._touched: set[str] = set()

    def wanted(self) -> dict[date, Values]:
        """The values of every open day in the fields that a step has decided."""
        return {day: {name: getattr(self._saved[day], name) for name in sorted(self._touched)} for day in self._days}

    def occupy(self, occupancy: Decimal) -> None:
        """Give the period an occupancy (a fraction). Raises RuleViolationError where there is no room to occupy."""
        if not self._rooms:
            if occupancy:
                raise RuleViolationError(
                    "The site has no rooms: only an occupancy of 0 is possible.",
                    field="statistics.occupancy",
                    details={"providedValue": occupancy, "maximum": 0},
                )
            return
        days_of_period = (self._period.last - self._period.first).days + 1
        rest = exact(occupancy * self._rooms * days_of_period - self._closed.occupied_rooms)
        most = self._rooms * len(self._days)
        if not 0 <= rest <= most:
            raise _out_of_reach("occupancy", rest, ZERO, most)
        weights = self._shape.weights(self._days, ["occupied_rooms"], "occupancy")
        rooms = settle(allocate(rest, weights, self._rooms), rest, [self._rooms] * len(weights)) if weights else []
        for day, count in zip(self._days, rooms, strict=True):
            self._put(day, occupied_rooms=count, occupancy=None)
        if rooms and sum(rooms, ZERO) != rest:
            # Fewer decimals are kept of rooms than the rest may have; an occupancy keeps it.
            last = max(ZERO, min(ONE, (rest - sum(rooms[:-1], ZERO)) / self._rooms))
            self._put(self._days[-1], occupied_rooms=None, occupancy=ratio(last))

    def drive_in(self, drive_in_ratio: Decimal) -> None:
        """Give the period a drive-in ratio: the same one on all open days, in place of overnight counts."""
        now = self._volumes()
        rooms = _sum_of(now.values()).occupied_rooms
        whole = self._closed.occupied_rooms + rooms
        if not self._rooms:
            self._keep_drive_in(drive_in_ratio, whole)
            return
        needed = exact(drive_in_ratio * whole - self._closed.overnight)
        of_day = _ratio("driveInRatio", drive_in_ratio, needed, rooms, whole)
        if of_day is None:
            return
        for day in self._days:
            if _is_counted(self._saved[day]):
                captured = ratio(max(ZERO, min(ONE, now[day].capture_ratio)))
                self._put(day, valet_overnight=None, self_overnight=None, capture_ratio=captured)
            self._put(day, drive_in_ratio=of_day)

    def _keep_drive_in(self, drive_in_ratio: Decimal, budgeted_rooms: Decimal) -> None:
        """Accept the ratio that a site without rooms has: none, or that of rooms which its budget has nevertheless."""
        overnight = self._closed.overnight + _sum_of(self._volumes().values()).overnight
        only = ratio(overnight / budgeted_rooms) if budgeted_rooms else ZERO
        if drive_in_ratio != only:
            raise _out_of_reach("driveInRatio", drive_in_ratio, only, only)

    def capture(self, capture_ratio: Decimal) -> None:
        """Give the period a capture ratio: the same one on all open days; counted overnight cars are split anew."""
        now = self._volumes()
        counted = [day for day in self._days if not self._rooms or _is_counted(self._saved[day])]
        cars = {day: volumes.overnight for day, volumes in now.items()}
        cars |= {day: max(ZERO, round_half_up(cars[day], STORED_PLACES)) for day in counted}
        overnight = sum(cars.values(), ZERO)
        needed = exact(capture_ratio * (self._closed.overnight + overnight) - self._closed.valet_overnight)
        of_day = _ratio("captureRatio", capture_ratio, needed, overnight, self._closed.overnight + overnight)
        if of_day is None:
            return
        for day in self._days:
            if day not in counted:
                self._put(day, capture_ratio=of_day)
                needed -= cars[day] * of_day
        if counted:
            self._split(counted, [cars[day] for day in counted], of_day, needed)

    def fill(self, side: str, field: str, vehicles: Decimal) -> None:
        """Give the period vehicles of a side (`valet`, `self`), which a request calls `field`.

        Those beyond the overnight ones are daily, monthly and aggregator ones as in the budget; without one, daily.
        """
        overnight = _of(_sum_of(self._volumes().values()), f"{side}_overnight")
        closed = _of(self._closed, f"{side}_vehicles")
        rest = exact(vehicles - closed - overnight)
        if rest < 0 or (rest and not self._days):
            most = MOST_VEHICLES if self._days else ZERO
            # Rounded up: somebody who sends the minimum that is named must reach it.
            least = overnight.quantize(Decimal("0.01"), ROUND_CEILING)
            raise _out_of_reach(field, exact(vehicles - closed), least, most)
        names = [f"{side}_{kind}" for kind in BEYOND_OVERNIGHT]
        weights = self._shape.weights(self._days, names, field)
        for name, total in zip(names, self._divided(rest, names), strict=True):
            counts = settle(allocate(total, weights), total) if weights else []
            for day, count in zip(self._days, counts, strict=True):
                self._put(day, **{name: count})

    def _split(self, days: Sequence[date], cars: Sequence[Decimal], of_day: Decimal, valet: Decimal) -> None:
        """Split the counted overnight `cars` of `days` so that `valet` of them are valet ones."""
        shares = settle([count * of_day for count in cars], exact(max(ZERO, valet)), cars)
        for day, count, valet_count in zip(days, cars, shares, strict=True):
            self._put(day, valet_overnight=valet_count, self_overnight=count - valet_count)
            self._put(day, drive_in_ratio=None, capture_ratio=None)

    def _divided(self, rest: Decimal, names: Sequence[str]) -> list[Decimal]:
        """`rest` in the proportions of the budget; the largest part takes the difference of rounding."""
        months = [month for month, _ in self._statistics.parts(self._period.first, self._period.last)]
        budget = [sum((max(ZERO, getattr(month.budget.volumes, name)) for month in months), ZERO) for name in names]
        if not any(budget):
            return [rest, *[ZERO] * (len(names) - 1)]
        whole = sum(budget, ZERO)
        parts = [round_half_up(rest * part / whole, 2) for part in budget]
        largest = budget.index(max(budget))
        parts[largest] = rest - sum(parts[:largest] + parts[largest + 1 :], ZERO)
        return parts

    def _volumes(self) -> dict[date, Volumes]:
        """The open days as they would be now."""
        found = {}
        for month, (first, last) in self._statistics.parts(self._period.first, self._period.last):
            saved = {**month.saved, **{day: self._saved[day] for day in self._days if first <= day <= last}}
            drivers = replace(month.drivers, saved=list(saved.values()))
            for day in self._days:
                if first <= day <= last:
                    found[day] = Volumes(*VOLUMES_OF(effective_day(drivers, day).volumes))
        return found

    def _put(self, day: date, **values: Any) -> None:
        self._saved[day] = replace(self._saved[day], **values)
        self._touched |= values.keys()


def _ratio(field: str, target: Decimal, needed: Decimal, open_base: Decimal, whole_base: Decimal) -> Decimal | None:
    """The ratio of the open days that gives the period its `target`; None where there is nothing to have a ratio of.

    The open days have `open_base` of the `whole_base` of the period, and need `needed` of it.
    """
    if not whole_base:
        if target:
            raise _out_of_reach(field, target, ZERO, ZERO)
        return None
    if not open_base:
        if needed:
            raise _out_of_reach(field, needed, ZERO, ZERO)
        return target
    of_day = exact(needed / open_base)
    if not 0 <= of_day <= 1:
        raise _out_of_reach(field, of_day, ZERO, ONE)
    return ratio(of_day)


def _is_counted(day: StatisticsDay) -> bool:
    """Whether overnight cars are saved as counts."""
    return day.valet_overnight is not None or day.self_overnight is not None


def _sum_of(volumes: Iterable[Volumes]) -> Volumes:
    """Several days as one."""
    rows = [VOLUMES_OF(one) for one in volumes]
    return Volumes(*[sum(column, ZERO) for column in zip(*rows, strict=True)])


def _of(volumes: Volumes, name: str) -> Decimal:
    value: Decimal = getattr(volumes, name)
    return value


def _out_of_reach(field: str, required: Decimal, minimum: Decimal, maximum: Decimal) -> CalculationRefusedError:
    """What the days that can be edited would have to contribute, and what they can."""
    limits = {"required": plain(required), "minimum": plain(minimum), "maximum": plain(maximum)}
    return CalculationRefusedError(
        f"To give the period this {field}, the days that can be edited would need {limits['required']:f}; they can "
        f"have {limits['minimum']:f} to {limits['maximum']:f}.",
        field=f"statistics.{field}",
        details={"field": field, **limits},
    )
