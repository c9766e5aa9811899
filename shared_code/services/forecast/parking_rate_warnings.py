"""Rates that lie far from what was last earned.

Source: REST API, "Parking rates — GET, PUT /parking-rates/{siteId}/{period}" and "Warning codes".
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from shared_code.domain.parking_rates import actual_rate
from shared_code.domain.rounding import percent
from shared_code.domain.statistics import Category
from shared_code.services.forecast.warning_limits import limit
from shared_code.services.pnl_table import ViewWarning, line_code
from shared_code.settings import Settings
from shared_code.storage.month_ledger import ParkedMonth

RATE_DEVIATION: Final = "RATE_DEVIATION"

SavedRate = tuple[str, Category, Decimal]
"""Month, category and dollars per vehicle."""


@dataclass(frozen=True, slots=True)
class RateReferences:
    """What a rate is held against: the actual rate of the last `closed_month`, else the budget rate of its own month.

    `closed` are actual rates by category, `budget` budget rates by month and category.
    """

    closed_month: str
    closed: Mapping[Category, Decimal]
    budget: Mapping[str, Mapping[Category, Decimal]]


def closed_rates(parked: Mapping[tuple[str, Category], ParkedMonth], month: str) -> dict[Category, Decimal]:
    """The actual rates of `month` (`YYYY-MM`)."""
    found = {}
    for category in Category:
        rate = recorded_rate(parked.get((month, category)))
        if rate is not None:
            found[category] = rate
    return found


def recorded_rate(parked: ParkedMonth | None) -> Decimal | None:
    """The actual rate of a month and category."""
    return None if parked is None else actual_rate(parked.revenue, parked.vehicles)


def deviation_warnings(
    rates: Iterable[SavedRate], references: RateReferences, settings: Settings
) -> tuple[ViewWarning, ...]:
    """A warning for each of `rates` that lies further from its reference than the threshold allows."""
    allowed = limit(settings, RATE_DEVIATION)
    found = (_deviation(rate, references, allowed) for rate in rates)
    return tuple(warning for warning in found if warning is not None)


def _deviation(saved: SavedRate, references: RateReferences, allowed: Decimal) -> ViewWarning | None:
    month, category, rate = saved
    reference, basis = references.closed.get(category), f"the actual rate of {references.closed_month}"
    if reference is None:
        reference, basis = references.budget.get(month, {}).get(category), "budget"
    if not reference:
        return None
    points = (rate - reference) * 100 / abs(reference)
    if abs(points) <= allowed:
        return None
    name = line_code(category)
    return ViewWarning(
        RATE_DEVIATION,
        f"The rate {rate} of {name} in {month} differs by {percent(points)} % from {basis}, {reference}; check it.",
        f"{month}.{name}",
        {"month": month, "category": name, "rate": rate, "comparison": reference, "percent": percent(points)},
    )
