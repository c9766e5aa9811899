"""Productivity of one site and period: vehicles, revenue and labor set against one another.

Source: Calculations, "Productivity".
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Context, Decimal
from enum import StrEnum
from fractions import Fraction

from shared_code.domain.metrics import Quotient
from shared_code.domain.rounding import ZERO, ratio

_HUNDRED = Decimal(100)
_PRECISE = Context(prec=60)


class VehicleScope(StrEnum):
    """The vehicles that a job family serves."""

    VALET = "valet"
    SELF = "self"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class FamilyHours:
    """Hours of one job code in the period; `productive` is the flag of the code."""

    job_code: str
    job_family: str | None
    hours: Decimal
    productive: bool = True


@dataclass(frozen=True, slots=True)
class Activity:
    """What happened at a site in a period: vehicles by side, dollars and hours.

    `valet_vehicles` and `self_vehicles` are without comps. `total_vehicles` is their sum.
    """

    valet_vehicles: Decimal = ZERO
    self_vehicles: Decimal = ZERO
    valet_comps: Decimal = ZERO
    self_comps: Decimal = ZERO
    net_external_revenue: Decimal = ZERO
    internal_revenue: Decimal = ZERO
    payroll_cost: Decimal = ZERO
    overtime_hours: Decimal = ZERO
    scheduled_hours: Decimal = ZERO
    labor: Sequence[FamilyHours] = ()

    @property
    def total_vehicles(self) -> Decimal:
        """Vehicles without comps."""
        return self.valet_vehicles + self.self_vehicles

    def vehicles_served(self, scope: VehicleScope = VehicleScope.ALL) -> Decimal:
        """Vehicles of a scope with the comps of that side."""
        if scope is VehicleScope.VALET:
            return self.valet_vehicles + self.valet_comps
        if scope is VehicleScope.SELF:
            return self.self_vehicles + self.self_comps
        return self.total_vehicles + self.valet_comps + self.self_comps


@dataclass(frozen=True, slots=True)
class Productivity:
    """The metrics of a period: counts, hours, units or dollars per unit, and percent points.

    Source: Calculations, "Productivity".
    """

    vehicles_served: Decimal
    productive_hours: Decimal
    vehicles_per_labor_hour: Quotient
    revenue_per_vehicle: Quotient
    labor_cost_per_vehicle: Quotient
    revenue_per_labor_hour: Quotient
    labor_to_external_revenue_percent: Quotient
    labor_to_internal_revenue_percent: Quotient
    overtime_percent: Quotient
    schedule_fill_rate: Quotient

    def value(self, metric: str) -> Decimal | None:
        """A metric by its name, unrounded; None where its denominator is 0."""
        figure: Decimal | Quotient = getattr(self, metric)
        return figure if isinstance(figure, Decimal) else figure.value


@dataclass(frozen=True, slots=True)
class FamilyProductivity:
    """Vehicles served of a job family's scope by its productive hours."""

    job_family: str
    hours: Decimal
    vehicles: Decimal

    @property
    def vehicles_per_hour(self) -> Decimal | None:
        """Vehicles per hour, unrounded; None without hours."""
        return Quotient(self.vehicles, self.hours).value


def measure_productivity(activity: Activity) -> Productivity:
    """All metrics of a period.

    Source: Calculations, "Productivity".
    """
    served = activity.vehicles_served()
    hours = sum((labor.hours for labor in activity.labor), ZERO)
    productive = sum((labor.hours for labor in activity.labor if labor.productive), ZERO)
    revenue, payroll = activity.net_external_revenue, activity.payroll_cost
    return Productivity(
        vehicles_served=served,
        productive_hours=productive,
        vehicles_per_labor_hour=Quotient(served, productive),
        revenue_per_vehicle=Quotient(revenue, activity.total_vehicles),
        labor_cost_per_vehicle=Quotient(payroll, served),
        revenue_per_labor_hour=Quotient(revenue, productive),
        labor_to_external_revenue_percent=Quotient(payroll * _HUNDRED, revenue),
        labor_to_internal_revenue_percent=Quotient(payroll * _HUNDRED, activity.internal_revenue),
        overtime_percent=Quotient(activity.overtime_hours * _HUNDRED, hours),
        schedule_fill_rate=Quotient(hours, activity.scheduled_hours),
    )


def measure_families(activity: Activity, scopes: Mapping[str, VehicleScope]) -> tuple[FamilyProductivity, ...]:
    """Vehicles and productive hours of every job family in `scopes`, in its order.

    Source: Calculations, "Productivity".
    """
    hours = dict.fromkeys(scopes, ZERO)
    for labor in activity.labor:
        if labor.productive and labor.job_family in hours:
            hours[labor.job_family] += labor.hours
    return tuple(
        FamilyProductivity(family, hours[family], activity.vehicles_served(scope)) for family, scope in scopes.items()
    )


def seasonally_adjusted(value: Decimal | None, seasonal_index: Decimal) -> Decimal | None:
    """The value without its season, unrounded; None without a value or when the index is 0.

    Source: Calculations, "Productivity".
    """
    return None if value is None or not seasonal_index else value / seasonal_index


def occupancy_impact(days: Iterable[tuple[Decimal | None, Decimal | None]]) -> Decimal | None:
    """Pearson correlation of (occupancy, vehicles) of the days that have both, 6 decimals, from -1 to 1.

    None with fewer than three days or when either does not vary.

    Source: Calculations, "Productivity".
    """
    # As fractions, because rounded sums of an occupancy such as 1/3 leave equal days a spread.
    pairs = [(Fraction(x), Fraction(y)) for x, y in days if x is not None and y is not None]
    count = len(pairs)
    if count < 3:
        return None
    sum_x, sum_y = _total(x for x, _ in pairs), _total(y for _, y in pairs)
    spread_x = count * _total(x * x for x, _ in pairs) - sum_x * sum_x
    spread_y = count * _total(y * y for _, y in pairs) - sum_y * sum_y
    if not spread_x or not spread_y:
        return None
    together = count * _total(x * y for x, y in pairs) - sum_x * sum_y
    squared = together * together / (spread_x * spread_y)
    correlation = _PRECISE.sqrt(_PRECISE.divide(squared.numerator, squared.denominator))
    return ratio(correlation if together > 0 else -correlation)


def _total(figures: Iterable[Fraction]) -> Fraction:
    return sum(figures, Fraction())
