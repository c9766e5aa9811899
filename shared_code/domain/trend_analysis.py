"""What a series of points says: its direction, how good a forecast was, and short gaps filled.

Source: Calculations, "Trend analysis".
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from shared_code.domain.metrics import change_percent, is_lower_better
from shared_code.domain.rounding import ZERO, percent, ratio, settled

_HUNDRED = Decimal(100)
_LONGEST_FILLED_GAP = 6

DEFAULT_STABLE_PERCENT = Decimal(2)
"""The largest change in percent that still counts as stable.

Source: Calculations, "Settings".
"""


class Direction(StrEnum):
    """Whether a metric gets better or worse."""

    STABLE = "stable"
    IMPROVING = "improving"
    DEGRADING = "degrading"


@dataclass(frozen=True, slots=True)
class Trend:
    """The direction of a series: percent points with 2 decimals, slope per point with 6; None where undefined."""

    change_percent: Decimal | None
    slope_per_period: Decimal | None
    direction: Direction | None
    yoy_percent: Decimal | None


@dataclass(frozen=True, slots=True)
class Accuracy:
    """How near a forecast came, in percent points with 2 decimals; None without an actual that is not 0."""

    mape: Decimal | None
    bias: Decimal | None


@dataclass(frozen=True, slots=True)
class Gap:
    """A run of missing points by its first and last position, and whether it was filled."""

    first: int
    last: int
    interpolated: bool


@dataclass(frozen=True, slots=True)
class FilledSeries:
    """A series with its short gaps filled; `interpolated` flags the filled positions. Values are unrounded."""

    values: tuple[Decimal | None, ...]
    interpolated: tuple[bool, ...]
    gaps: tuple[Gap, ...]


NO_TREND = Trend(None, None, None, None)
"""The trend of fewer than two points."""


def find_trend(
    metric: str,
    points: Sequence[Decimal | None],
    same_period_last_year: Decimal | None = None,
    stable_percent: Decimal = DEFAULT_STABLE_PERCENT,
) -> Trend:
    """The trend of `metric` over the points of a window; points without a value are skipped, but keep their position.

    Source: Calculations, "Direction".
    """
    known = [(position, value) for position, value in enumerate(points) if value is not None]
    if len(known) < 2:
        return NO_TREND
    first, last = known[0][1], known[-1][1]
    change = change_percent(last, first)
    yoy = change_percent(last, same_period_last_year)
    return Trend(
        change_percent=None if change is None else percent(change),
        slope_per_period=ratio(_slope(known)),
        direction=None if change is None else _direction(metric, change, stable_percent),
        yoy_percent=None if yoy is None else percent(yoy),
    )


def measure_accuracy(points: Iterable[tuple[Decimal | None, Decimal | None]]) -> Accuracy:
    """Mean absolute percent error and bias of (forecast, actual) pairs; pairs without both are skipped.

    Source: Calculations, "Forecast accuracy".
    """
    pairs = [(forecast, actual) for forecast, actual in points if forecast is not None and actual is not None]
    errors = [abs(forecast - actual) * _HUNDRED / abs(actual) for forecast, actual in pairs if actual]
    if not errors:
        return Accuracy(None, None)
    difference = sum((forecast - actual for forecast, actual in pairs), ZERO)
    size = sum((abs(actual) for _, actual in pairs), ZERO)
    return Accuracy(percent(sum(errors, ZERO) / len(errors)), percent(difference * _HUNDRED / size))


def fill_gaps(values: Sequence[Decimal | None]) -> FilledSeries:
    """Fills every run of fewer than seven missing values between two known ones on a straight line.

    Longer runs and runs at either end stay empty.

    Source: Calculations, "Gaps".
    """
    filled = list(values)
    interpolated = [False] * len(filled)
    gaps = []
    for first, last in _missing_runs(values):
        before = values[first - 1] if first else None
        after = values[last + 1] if last + 1 < len(values) else None
        length = last - first + 1
        fills = before is not None and after is not None and length <= _LONGEST_FILLED_GAP
        gaps.append(Gap(first, last, fills))
        if before is None or after is None or not fills:
            continue
        for step in range(1, length + 1):
            filled[first + step - 1] = before + (after - before) * step / (length + 1)
            interpolated[first + step - 1] = True
    return FilledSeries(tuple(filled), tuple(interpolated), tuple(gaps))


def _direction(metric: str, change: Decimal, stable_percent: Decimal) -> Direction:
    if abs(settled(change)) <= stable_percent:
        return Direction.STABLE
    return Direction.IMPROVING if (change < 0) == is_lower_better(metric) else Direction.DEGRADING


def _slope(points: Sequence[tuple[int, Decimal]]) -> Decimal:
    """Least-squares slope of at least two points with different positions."""
    count = len(points)
    sum_x = sum(x for x, _ in points)
    sum_y = sum((y for _, y in points), ZERO)
    sum_xy = sum((x * y for x, y in points), ZERO)
    return (count * sum_xy - sum_x * sum_y) / (count * sum(x * x for x, _ in points) - sum_x * sum_x)


def _missing_runs(values: Sequence[Decimal | None]) -> list[tuple[int, int]]:
    """First and last position of every run of missing values."""
    runs: list[tuple[int, int]] = []
    for position, value in enumerate(values):
        if value is not None:
            continue
        if runs and runs[-1][1] == position - 1:
            runs[-1] = (runs[-1][0], position)
        else:
            runs.append((position, position))
    return runs
