"""How a figure is divided among days: in proportion to weights, within limits, in hundredths.

Source: REST API, "Statistics" (PUT /statistics/{siteId}/{period}).
"""

from collections.abc import Sequence
from decimal import Decimal

from shared_code.domain.rounding import ZERO, money, round_half_up

STORED_PLACES = 4
"""Decimals of a count that is kept."""


def exact(value: Decimal) -> Decimal:
    """A figure without the last digits of quotients that never end, so that nothing left is nothing."""
    return round_half_up(value, 12)


def allocate(total: Decimal, weights: Sequence[Decimal], limit: Decimal | None = None) -> list[Decimal]:
    """`total` in proportion to `weights`; what a day cannot take above `limit` goes to the others.

    A weight of 0 gets something only when nothing else can take it. `total` must fit within the limits.
    """
    shares = [ZERO] * len(weights)
    open_days = list(range(len(weights)))
    rest = total
    while open_days and rest > 0:
        whole = sum((weights[day] for day in open_days), ZERO)
        parts = {day: rest * weights[day] / whole if whole else rest / len(open_days) for day in open_days}
        full = [day for day, part in parts.items() if limit is not None and shares[day] + part > limit]
        if not full:
            for day, part in parts.items():
                shares[day] += part
            return shares
        for day in full:
            rest -= (limit or ZERO) - shares[day]
            shares[day] = limit or ZERO
        open_days = [day for day in open_days if day not in full]
    return shares


def settle(shares: Sequence[Decimal], total: Decimal, limits: Sequence[Decimal] | None = None) -> list[Decimal]:
    """`shares` with 2 decimals; the last day takes the difference to `total`, as far as it can.

    What it cannot take without falling below 0 or rising above its limit, the day before takes.
    """
    settled = [money(share) for share in shares[:-1]]
    settled.append(round_half_up(total, STORED_PLACES) - sum(settled, ZERO))
    for day in reversed(range(1, len(settled))):
        fitting = max(settled[day], ZERO)
        if limits is not None:
            fitting = min(fitting, limits[day])
        settled[day - 1] += settled[day] - fitting
        settled[day] = fitting
    return settled
