"""The company's share of the profit of a management agreement.

Source: Calculations, "Management agreement".
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from shared_code.domain.accumulation import accumulate, earlier_months
from shared_code.domain.contract import ProfitShareTerm
from shared_code.domain.escalation import apply_escalator
from shared_code.domain.rounding import ZERO
from shared_code.domain.tiers import TierShare, effective_tiers, share_of_tiers


@dataclass(frozen=True, slots=True)
class ProfitShare:
    """Profit of the month, profit accumulated before it, and the share band by band, in unrounded dollars."""

    profit: Decimal
    accumulated: Decimal
    tiers: tuple[TierShare, ...]
    total: Decimal


def accumulated_profit(
    term: ProfitShareTerm, contract_start: date, period: str, profits: Mapping[str, Decimal]
) -> Decimal:
    """Profit accumulated before `period`, from the trend figures of months (`YYYY-MM`)."""
    return accumulate(earlier_months(term.accumulation, contract_start, period), profits)


def share_profit(
    term: ProfitShareTerm, contract_start: date, period: str, profit: Decimal, accumulated: Decimal
) -> ProfitShare:
    """The share in the `profit` of `period`, with `accumulated` before it; tier percentages are escalated."""
    if not term.enabled:
        return ProfitShare(profit, accumulated, (), ZERO)
    start = term.start or contract_start
    tiers = [
        replace(tier, percent=apply_escalator(tier.percent, start, term.escalator, period).value)
        for tier in effective_tiers(term.tiers, period)
    ]
    tiered = share_of_tiers(profit, accumulated, tiers)
    return ProfitShare(profit, accumulated, tiered.tiers, tiered.total)


def share_profit_by_month(
    term: ProfitShareTerm, contract_start: date, profits: Mapping[str, Decimal]
) -> dict[str, ProfitShare]:
    """The share in the `profits` of each month (`YYYY-MM`), in the order of the months."""
    return {
        month: share_profit(
            term, contract_start, month, profits[month], accumulated_profit(term, contract_start, month, profits)
        )
        for month in sorted(profits)
    }
