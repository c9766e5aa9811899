"""Variance of a figure against a comparison: amount, percent, merit and severity.

Source: Calculations, "Variance".
"""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from shared_code.domain.pnl_rows import ROW_KINDS, Cell, PnlRow, RowKind
from shared_code.domain.rounding import percent as round_percent

_HUNDRED = Decimal(100)


class Severity(StrEnum):
    """How far a figure lies from its comparison."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


@dataclass(frozen=True, slots=True)
class VarianceLimits:
    """The absolute percent from which a variance is medium and from which it is high.

    Source: Calculations, "Settings".
    """

    medium: Decimal = Decimal(5)
    high: Decimal = Decimal("7.5")


DEFAULT_LIMITS = VarianceLimits()


@dataclass(frozen=True, slots=True)
class Variance:
    """Base less comparison: dollars (or a count), percent points with 2 decimals, merit and severity.

    `percent` and `severity` are None when the comparison is 0.
    """

    amount: Decimal
    percent: Decimal | None
    favorable: bool
    severity: Severity | None


def variance_of_row(
    row: PnlRow, base: Cell, comparison: Cell, limits: VarianceLimits = DEFAULT_LIMITS
) -> Variance | None:
    """The variance of a P&L row, where less is better for the six expense rows; None if a side is unavailable.

    Source: Calculations, "Variance".
    """
    if base is None or comparison is None:
        return None
    return variance(base, comparison, lower_is_better=ROW_KINDS[row] is RowKind.EXPENSE, limits=limits)


def variance(
    base: Decimal, comparison: Decimal, *, lower_is_better: bool, limits: VarianceLimits = DEFAULT_LIMITS
) -> Variance:
    """The variance of `base` against `comparison`. Severity is decided before the percent is rounded.

    Source: Calculations, "Variance".
    """
    amount = base - comparison
    favorable = amount <= 0 if lower_is_better else amount >= 0
    if not comparison:
        return Variance(amount, None, favorable, None)
    points = amount * _HUNDRED / abs(comparison)
    return Variance(amount, round_percent(points), favorable, severity(points, limits))


def severity(points: Decimal, limits: VarianceLimits = DEFAULT_LIMITS) -> Severity:
    """The class of a variance of `points` percent, whatever its sign; a limit belongs to the higher class.

    Source: Calculations, "Variance".
    """
    size = abs(points)
    if size >= limits.high:
        return Severity.HIGH
    return Severity.MEDIUM if size >= limits.medium else Severity.LOW
