"""Rooms, vehicles and external revenue of a day or a stretch of days, as they are shown.

Source: REST API, "Statistics" and "Shapes used in several places"; Calculations, "Aggregation".
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import date
from decimal import Decimal
from enum import StrEnum
from operator import attrgetter

from shared_code.domain.external_revenue import RevenueSource, external_revenue, net_revenue_of_days
from shared_code.domain.month_external import ExternalForecast
from shared_code.domain.rounding import ZERO
from shared_code.domain.statistics import VOLUMES_OF, Statistics, StatisticsDay, Volumes, divide_or_zero


class Basis(StrEnum):
    """What a net external revenue is made of; of several, the first one that occurs is named."""

    OVERRIDE = "override"
    CALCULATED = "calculated"
    BUDGET = "budget"
    ACTUAL = "actual"


class Source(StrEnum):
    """Where the values of a day or of several days come from."""

    ACTUAL = "actual"
    FORECAST = "forecast"
    BUDGET = "budget"
    NONE = "none"
    TREND = "trend"
    """Actual days together with others."""
    MIXED = "mixed"
    """Saved and budget values together."""


@dataclass(frozen=True, slots=True)
class ExternalAmount:
    """External revenue in dollars; what `net` was calculated from is None where it was not calculated."""

    net: Decimal
    basis: Basis
    gross: Decimal | None = None
    adjustments: Decimal | None = None
    adjustment_percent: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Counts:
    """Rooms and vehicles; None where there is no value."""

    occupied_rooms: Decimal | None = None
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

    @property
    def known(self) -> Volumes:
        """The counts, 0 for what there is no value of."""
        return Volumes(*[value or ZERO for value in COUNTS_OF(self)])


@dataclass(frozen=True, slots=True)
class Figures(Counts):
    """Counts with the ratios (fractions) and the external revenue that belong to them.

    `available_rooms` are those that could have been sold on the days whose rooms are known, `overnight_of_rooms` the
    overnight cars of these days: those of a day whose rooms are not known have no part in the drive-in ratio.
    """

    available_rooms: int = field(default=0, kw_only=True)
    overnight_of_rooms: Decimal = field(default=ZERO, kw_only=True)
    occupancy: Decimal | None = field(default=None, kw_only=True)
    drive_in_ratio: Decimal | None = field(default=None, kw_only=True)
    capture_ratio: Decimal | None = field(default=None, kw_only=True)
    external_revenue: ExternalAmount | None = field(default=None, kw_only=True)

    @property
    def valet_vehicles(self) -> Decimal:
        """Valet vehicles without comps."""
        return self.known.valet_vehicles

    @property
    def self_park_vehicles(self) -> Decimal:
        """Self-parked vehicles without comps."""
        return self.known.self_vehicles

    @property
    def total_vehicles(self) -> Decimal:
        """Vehicles without comps."""
        return self.known.total_vehicles


COUNT_NAMES = tuple(one.name for one in fields(Counts))
"""Rooms and counts, in the order of `Volumes`."""

COUNTS_OF = attrgetter(*COUNT_NAMES)


def figures_of(statistics: Statistics, amount: ExternalAmount | None) -> Figures:
    """Statistics in which every count has a value."""
    return Figures(
        *VOLUMES_OF(statistics),
        available_rooms=statistics.available_rooms,
        overnight_of_rooms=statistics.overnight,
        occupancy=statistics.occupancy,
        drive_in_ratio=statistics.drive_in_ratio,
        capture_ratio=statistics.capture_ratio,
        external_revenue=amount,
    )


def figures_of_counts(counts: Counts | StatisticsDay, available_rooms: int, amount: ExternalAmount | None) -> Figures:
    """Counts of which some may have no value; a ratio whose counts have none has none either."""
    values = Counts(*COUNTS_OF(counts))
    known, has_rooms = values.known, values.occupied_rooms is not None
    has_overnight = values.valet_overnight is not None or values.self_overnight is not None
    return Figures(
        *COUNTS_OF(values),
        available_rooms=available_rooms if has_rooms else 0,
        overnight_of_rooms=known.overnight if has_rooms else ZERO,
        occupancy=divide_or_zero(known.occupied_rooms, available_rooms) if has_rooms else None,
        drive_in_ratio=known.drive_in_ratio if has_rooms and has_overnight else None,
        capture_ratio=known.capture_ratio if has_overnight else None,
        external_revenue=amount,
    )


def combine(parts: Iterable[Figures]) -> Figures:
    """Several days or months as one: counts and revenue add up, ratios follow from the sums.

    Source: Calculations, "Aggregation".
    """
    listed = list(parts)
    if len(listed) == 1:
        return listed[0]
    counts = Counts(*[_sum([getattr(part, name) for part in listed]) for name in COUNT_NAMES])
    rooms = sum(part.available_rooms for part in listed)
    whole = figures_of_counts(counts, rooms, combine_amounts([part.external_revenue for part in listed]))
    if whole.drive_in_ratio is None:
        return whole
    overnight = sum([part.overnight_of_rooms for part in listed], ZERO)
    drive_in = divide_or_zero(overnight, whole.known.occupied_rooms)
    return replace(whole, overnight_of_rooms=overnight, drive_in_ratio=drive_in)


def combine_amounts(amounts: Iterable[ExternalAmount | None]) -> ExternalAmount | None:
    """The sum of the amounts that there are; gross and adjustments are known where they are in all of them."""
    known = [amount for amount in amounts if amount is not None]
    if len(known) < 2:
        return known[0] if known else None
    net = sum((amount.net for amount in known), ZERO)
    bases = {amount.basis for amount in known}
    basis = next(basis for basis in Basis if basis in bases)
    gross, adjustments = _sum_of_all([of.gross for of in known]), _sum_of_all([of.adjustments for of in known])
    if gross is None or adjustments is None:
        return ExternalAmount(net, basis)
    percents = {amount.adjustment_percent for amount in known}
    percent = percents.pop() if len(percents) == 1 else divide_or_zero(adjustments, gross)
    return ExternalAmount(net, basis, gross, adjustments, percent)


def combine_sources(sources: Iterable[Source]) -> Source:
    """Where the values of several days come from, of which those without any value say nothing."""
    found = {source for source in sources if source is not Source.NONE}
    if len(found) < 2:
        return found.pop() if found else Source.NONE
    return Source.TREND if found & {Source.ACTUAL, Source.TREND} else Source.MIXED


def forecast_amount(forecast: ExternalForecast, statistics: Statistics, first: date, last: date) -> ExternalAmount:
    """The forecast revenue of the days from `first` to `last` of a month, whose `statistics` are given.

    Source: Calculations, "External revenue".
    """
    month, levers, revenue = forecast.statistics, forecast.levers, forecast.revenue
    assert month is not None, "the categories were not asked for"
    assert levers is not None, "the categories were not asked for"
    assert revenue is not None, "the categories were not asked for"
    net = net_revenue_of_days(month, levers, revenue, first, last)
    if revenue.source is RevenueSource.BUDGET:
        return ExternalAmount(net, Basis.OVERRIDE if revenue.overridden else Basis.BUDGET)
    part = external_revenue(month, statistics, levers)
    basis = Basis.OVERRIDE if revenue.overridden else Basis.CALCULATED
    return ExternalAmount(net, basis, part.gross, part.adjustments, part.adjustment_percent)


def _sum(values: Sequence[Decimal | None]) -> Decimal | None:
    """The sum of the values that there are; None without any."""
    known = [value for value in values if value is not None]
    return sum(known, ZERO) if known else None


def _sum_of_all(values: Sequence[Decimal | None]) -> Decimal | None:
    """The sum; None where one of the values is not known."""
    known = [value for value in values if value is not None]
    return sum(known, ZERO) if len(known) == len(values) else None
