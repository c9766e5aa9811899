"""What is known of a site in a stretch of time, and the metrics that it gives.

What is not known is None and makes every metric that needs it unknown: it is never counted as 0.

Source: Calculations, "Productivity", "Trend analysis" and "Benchmarks".
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from shared_code.domain.metrics import Quotient, pool
from shared_code.domain.pnl_rows import EXPENSE_ROWS, PnlRow
from shared_code.domain.productivity import Activity, FamilyHours, measure_productivity
from shared_code.domain.rounding import ZERO
from shared_code.domain.statistics import Volumes

ONE = Decimal(1)


class Basis(StrEnum):
    """Which figures of a month are meant."""

    ACTUAL = "actual"
    FORECAST = "forecast"
    BUDGET = "budget"
    TREND = "trend"


@dataclass(frozen=True, slots=True)
class RoomNights:
    """Occupied and available rooms of the days whose rooms are known, and the overnight cars of these days."""

    occupied: Decimal
    available: int
    overnight: Decimal


@dataclass(frozen=True, slots=True)
class Labor:
    """Hours by job family, each apart for codes that are flagged productive and those that are not."""

    hours: Sequence[FamilyHours] = ()
    overtime: Decimal = ZERO

    @property
    def total(self) -> Decimal:
        """All hours."""
        return sum((entry.hours for entry in self.hours), ZERO)


@dataclass(frozen=True, slots=True)
class SiteFigures:
    """The figures of a site in a day or month; `vehicles` are counts of vehicles, `money` dollars by row of the P&L.

    `fill` holds worked and scheduled hours of the same days.
    """

    vehicles: Volumes | None = None
    rooms: RoomNights | None = None
    labor: Labor | None = None
    fill: Quotient | None = None
    money: Mapping[PnlRow, Decimal | None] = field(default_factory=dict)

    @property
    def activity(self) -> Activity:
        """The figures as productivity takes them, 0 for what is not known."""
        vehicles = self.vehicles or Volumes()
        labor = self.labor or Labor()
        return Activity(
            valet_vehicles=vehicles.valet_vehicles,
            self_vehicles=vehicles.self_vehicles,
            valet_comps=vehicles.valet_comps,
            self_comps=vehicles.self_comps,
            net_external_revenue=self.money.get(PnlRow.EXTERNAL_REVENUE) or ZERO,
            internal_revenue=self.money.get(PnlRow.INTERNAL_REVENUE) or ZERO,
            payroll_cost=self.money.get(PnlRow.PAYROLL) or ZERO,
            overtime_hours=labor.overtime,
            labor=labor.hours,
        )


NOTHING_KNOWN = SiteFigures()
"""A stretch of time without any record."""

MONEY_METRICS: Mapping[str, PnlRow] = {
    row.value: row for row in (PnlRow.EXTERNAL_REVENUE, PnlRow.INTERNAL_REVENUE, *EXPENSE_ROWS, PnlRow.FLC)
}
"""The rows of the P&L that are metrics under their own names."""

_UNITS = {
    "vehicles_served": "count",
    "productive_hours": "hours",
    "vehicles_per_labor_hour": "number",
    "revenue_per_vehicle": "money",
    "labor_cost_per_vehicle": "money",
    "revenue_per_labor_hour": "money",
    "labor_to_external_revenue_percent": "percent",
    "labor_to_internal_revenue_percent": "percent",
    "overtime_percent": "percent",
    "schedule_fill_rate": "number",
    "occupied_rooms": "count",
    "occupancy": "fraction",
    "drive_in_ratio": "fraction",
    "capture_ratio": "fraction",
    **dict.fromkeys(MONEY_METRICS, "money"),
}
METRICS = tuple(_UNITS)
"""Every metric, in the order in which they are shown."""

DAY_METRICS = tuple(
    metric
    for metric in METRICS
    if metric not in MONEY_METRICS or MONEY_METRICS[metric] in {PnlRow.EXTERNAL_REVENUE, PnlRow.PAYROLL}
    if metric != "labor_to_internal_revenue_percent"
)
"""The metrics that a single day has; the ledger knows months only."""

SUMS = frozenset({"vehicles_served", "productive_hours", "occupied_rooms", *MONEY_METRICS})
"""Metrics that add up over time; the others are quotients, whose parts are added before they are divided."""

RATIO_METRICS = tuple(metric for metric in METRICS if metric not in SUMS)
"""Metrics in which sites of any size can be compared."""


def unit_of(metric: str) -> str:
    """What a metric is counted in: `count`, `hours`, `money`, `percent` (points), `fraction` or `number`."""
    return _UNITS[metric]


def metric_quotients(figures: SiteFigures) -> dict[str, Quotient]:
    """The metrics of which both parts are known; one that adds up has the denominator 1.

    Source: Calculations, "Productivity" and "Aggregation".
    """
    found: dict[str, Quotient] = {}
    known = _known_parts(figures)
    if known:
        measured = measure_productivity(figures.activity)
        for metric, needs in _NEEDS.items():
            if needs <= known:
                value: Decimal | Quotient = getattr(measured, metric)
                found[metric] = value if isinstance(value, Quotient) else Quotient(value, ONE)
    if figures.fill is not None:
        found["schedule_fill_rate"] = figures.fill
    if figures.rooms is not None:
        rooms = figures.rooms
        found["occupied_rooms"] = Quotient(rooms.occupied, ONE)
        found["occupancy"] = Quotient(rooms.occupied, Decimal(rooms.available))
        if figures.vehicles is not None:
            found["drive_in_ratio"] = Quotient(rooms.overnight, rooms.occupied)
    if figures.vehicles is not None:
        found["capture_ratio"] = Quotient(figures.vehicles.valet_overnight, figures.vehicles.overnight)
    for metric, row in MONEY_METRICS.items():
        if (amount := figures.money.get(row)) is not None:
            found[metric] = Quotient(amount, ONE)
    return found


def figure_of(metric: str, parts: Sequence[Quotient | None], *, needs_all: bool = False) -> Decimal | None:
    """A metric over several days or months together, unrounded: what adds up is added, the rest is pooled.

    Parts that are not known are left out; with `needs_all` a figure in dollars then is not known either.

    Source: Calculations, "Aggregation", "Totals and percent of internal revenue" and "Productivity".
    """
    known = [part for part in parts if part is not None]
    if not known or (needs_all and metric in MONEY_METRICS and len(known) < len(parts)):
        return None
    if metric in SUMS:
        return sum((part.numerator for part in known), ZERO)
    return pool(known).value


def _known_parts(figures: SiteFigures) -> frozenset[str]:
    known = {row.value for row in _PRODUCTIVE_MONEY if figures.money.get(row) is not None}
    if figures.vehicles is not None:
        known.add("vehicles")
    if figures.labor is not None:
        known.add("labor")
    return frozenset(known)


_PRODUCTIVE_MONEY = (PnlRow.EXTERNAL_REVENUE, PnlRow.INTERNAL_REVENUE, PnlRow.PAYROLL)
_NEEDS: Mapping[str, frozenset[str]] = {
    "vehicles_served": frozenset({"vehicles"}),
    "productive_hours": frozenset({"labor"}),
    "vehicles_per_labor_hour": frozenset({"vehicles", "labor"}),
    "revenue_per_vehicle": frozenset({"external_revenue", "vehicles"}),
    "labor_cost_per_vehicle": frozenset({"payroll", "vehicles"}),
    "revenue_per_labor_hour": frozenset({"external_revenue", "labor"}),
    "labor_to_external_revenue_percent": frozenset({"payroll", "external_revenue"}),
    "labor_to_internal_revenue_percent": frozenset({"payroll", "internal_revenue"}),
    "overtime_percent": frozenset({"labor"}),
}
"""What each metric of the productivity is made of."""
