"""Metrics as quotients: how they are pooled, compared and rounded, and of which ones less is better.

Source: Calculations, "Productivity", "Direction" and "Rounding".
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from shared_code.domain.pnl_rows import EXPENSE_ROWS
from shared_code.domain.rounding import ZERO, round_half_up

_HUNDRED = Decimal(100)

LOWER_IS_BETTER: frozenset[str] = frozenset(
    {
        "labor_cost_per_vehicle",
        "labor_to_external_revenue_percent",
        "labor_to_internal_revenue_percent",
        "overtime_percent",
        *(row.value for row in EXPENSE_ROWS),
    }
)
"""Metrics of which less is better; of every other metric more is.

Source: Calculations, "Direction".
"""

_SIX_DECIMALS = frozenset(
    {
        "vehicles_per_labor_hour",
        "vehicles_per_hour",
        "schedule_fill_rate",
        "occupancy",
        "drive_in_ratio",
        "capture_ratio",
    }
)


@dataclass(frozen=True, slots=True)
class Quotient:
    """A metric as numerator and denominator, so that months and sites can be pooled before they are divided.

    The numerator of a metric in percent points is already multiplied by 100.
    """

    numerator: Decimal
    denominator: Decimal

    @property
    def value(self) -> Decimal | None:
        """Numerator ÷ denominator, unrounded; None when the denominator is 0."""
        return self.numerator / self.denominator if self.denominator else None


def is_lower_better(metric: str) -> bool:
    """Whether a fall of `metric` is an improvement."""
    return metric in LOWER_IS_BETTER


def round_metric(metric: str, value: Decimal | None) -> Decimal | None:
    """A value with the decimals of its metric: 6 for fractions and units per hour, 2 for everything else.

    Source: Calculations, "Rounding".
    """
    if value is None:
        return None
    return round_half_up(value, 6 if metric in _SIX_DECIMALS else 2)


def pool(quotients: Iterable[Quotient]) -> Quotient:
    """Several months or sites as one: numerators and denominators are added before they are divided.

    Source: Calculations, "Productivity".
    """
    parts = list(quotients)
    return Quotient(sum((part.numerator for part in parts), ZERO), sum((part.denominator for part in parts), ZERO))


def change_percent(value: Decimal | None, earlier: Decimal | None) -> Decimal | None:
    """The change from `earlier` to `value` in percent points, unrounded; None without both or when `earlier` is 0.

    Source: Calculations, "Productivity".
    """
    if value is None or not earlier:
        return None
    return (value - earlier) * _HUNDRED / abs(earlier)
