"""A site compared with a group of sites: average, median, rank, and how far it lies from the average.

Source: Calculations, "Benchmarks".
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum

from shared_code.domain.metrics import Quotient, change_percent, is_lower_better, pool
from shared_code.domain.rounding import percent, ratio, settled

_HUNDRED = Decimal(100)


class Flag(StrEnum):
    """Where a site lies by value, not by merit."""

    ABOVE = "above"
    IN_LINE = "in-line"
    BELOW = "below"


@dataclass(frozen=True, slots=True)
class Member:
    """A site of a group with its metric in the period; None when it has none."""

    site: str
    metric: Quotient | None

    @property
    def value(self) -> Decimal | None:
        """The metric of the site, unrounded; None when it has none."""
        return None if self.metric is None else self.metric.value


@dataclass(frozen=True, slots=True)
class BenchmarkLimits:
    """The smallest group that is shown, and the deviation in percent up to which a site is in line.

    Source: Calculations, "Settings".
    """

    fewest_sites: int = 3
    in_line_percent: Decimal = Decimal(5)


DEFAULT_LIMITS = BenchmarkLimits()


@dataclass(frozen=True, slots=True)
class Benchmark:
    """A site against a group of `of` sites. Values have 6 decimals, percentages 2.

    Of a suppressed group nothing but its size is known. A site without a value has no rank, percentile, deviation and
    flag.
    """

    suppressed: bool
    of: int
    site_value: Decimal | None
    average: Decimal | None = None
    median: Decimal | None = None
    rank: int | None = None
    percentile: Decimal | None = None
    deviation_percent: Decimal | None = None
    flag: Flag | None = None


def benchmark(metric: str, site: str, members: Iterable[Member], limits: BenchmarkLimits = DEFAULT_LIMITS) -> Benchmark:
    """`site` against the members of a group that have the metric, the site itself included.

    Source: Calculations, "Benchmarks".
    """
    values: dict[str, Decimal] = {}
    quotients: list[Quotient] = []
    for member in members:
        value = member.value
        if member.metric is not None and value is not None:
            values[member.site] = settled(value)
            quotients.append(member.metric)
    own = values.get(site)
    site_value = None if own is None else ratio(own)
    if len(values) < limits.fewest_sites:
        return Benchmark(suppressed=True, of=len(values), site_value=site_value)
    average = pool(quotients).value
    group = Benchmark(
        suppressed=False,
        of=len(values),
        site_value=site_value,
        average=None if average is None else ratio(average),
        median=ratio(median(list(values.values()))),
    )
    if own is None:
        return group
    better, worse = _better_and_worse(metric, own, values.values())
    deviation = change_percent(own, average)
    return replace(
        group,
        rank=1 + better,
        percentile=percent(_HUNDRED * worse / (group.of - 1)) if group.of > 1 else None,
        deviation_percent=None if deviation is None else percent(deviation),
        flag=None if deviation is None else _flag(deviation, limits.in_line_percent),
    )


def median(values: Sequence[Decimal]) -> Decimal:
    """The middle value, or the mean of the two middle ones; `values` is not empty.

    Source: Calculations, "Benchmarks".
    """
    ordered = sorted(values)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def _better_and_worse(metric: str, own: Decimal, values: Collection[Decimal]) -> tuple[int, int]:
    """How many sites are better than one whose value is `own`, and how many are worse."""
    higher = sum(value > own for value in values)
    lower = sum(value < own for value in values)
    return (lower, higher) if is_lower_better(metric) else (higher, lower)


def _flag(deviation: Decimal, in_line_percent: Decimal) -> Flag:
    if abs(settled(deviation)) <= in_line_percent:
        return Flag.IN_LINE
    return Flag.ABOVE if deviation > 0 else Flag.BELOW
