"""Tiered shares of an accumulating amount (revenue share, profit share).

Source: Calculations, "Tiers".
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from shared_code.domain.months import first_day
from shared_code.domain.rounding import ZERO


@dataclass(frozen=True, slots=True)
class Tier:
    """One band of a tiered share.

    `upper_limit` is its upper end in dollars, 0 means unlimited; `percent` is in percent points. The band holds for
    months whose first day lies from `effective_from` to `effective_to`, None meaning open.
    """

    upper_limit: Decimal
    percent: Decimal
    effective_from: date | None = None
    effective_to: date | None = None


@dataclass(frozen=True, slots=True)
class TierShare:
    """What one band contributed: dollars from `lower` to `upper` (None: unlimited) that fell into it, and the share."""

    lower: Decimal
    upper: Decimal | None
    percent: Decimal
    amount_in_tier: Decimal
    share: Decimal


@dataclass(frozen=True, slots=True)
class TieredShare:
    """Dollars due on `amount`, which starts where `accumulated` ended, band by band."""

    accumulated: Decimal
    amount: Decimal
    tiers: tuple[TierShare, ...]
    total: Decimal


def effective_tiers(tiers: Iterable[Tier], period: str) -> list[Tier]:
    """The tiers in force on the first day of `period`, lowest limit first, the unlimited one last."""
    day = first_day(period)
    in_force = [
        tier
        for tier in tiers
        if (tier.effective_from is None or tier.effective_from <= day)
        and (tier.effective_to is None or tier.effective_to >= day)
    ]
    return sorted(in_force, key=lambda tier: (not tier.upper_limit, tier.upper_limit))


def share_of_tiers(amount: Decimal, accumulated: Decimal, tiers: Sequence[Tier]) -> TieredShare:
    """Dollars due on `amount`, which starts where `accumulated` ended; `tiers` in ascending order, all effective.

    Beyond the last limited tier nothing is due. A negative amount earns 0, and a negative accumulated amount is worked
    off first.
    """
    end = accumulated + amount
    bands = []
    lower = ZERO
    for tier in tiers:
        upper = tier.upper_limit or None
        reached = end if upper is None else min(end, upper)
        amount_in_tier = max(ZERO, reached - max(lower, accumulated))
        share = amount_in_tier * tier.percent / 100
        bands.append(TierShare(lower, upper, tier.percent, amount_in_tier, share))
        if upper is None:
            break
        lower = upper
    return TieredShare(accumulated, amount, tuple(bands), sum((band.share for band in bands), ZERO))
