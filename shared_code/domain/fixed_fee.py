"""Fixed fees of a contract in one month.

Source: Calculations, "Fixed fee".
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from shared_code.domain.contract import Contract, ContractType, FeeRow, is_active
from shared_code.domain.escalation import Increment, apply_increment, percent_of_step
from shared_code.domain.rounding import ZERO


@dataclass(frozen=True, slots=True)
class FixedFeeRow:
    """What one fee row gives: its fee in dollars, its increments so far and the amount, 0 while it is not active.

    An increment adds `step_percent` points.
    """

    name: str
    start: date
    fee: Decimal
    active: bool
    steps: int
    amount: Decimal
    step_percent: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class FixedFee:
    """Fixed fees in unrounded dollars: `base` as agreed, `escalation` added by increments, `total` of both."""

    base: Decimal
    escalation: Decimal
    total: Decimal
    rows: tuple[FixedFeeRow, ...]


NO_FIXED_FEE = FixedFee(ZERO, ZERO, ZERO, ())
"""What a contract without the type gives."""


def fixed_fee(contract: Contract, period: str) -> FixedFee:
    """The fixed fees due for `period` (`YYYY-MM`); 0 without the contract type."""
    if not contract.pays_for(ContractType.FIXED_FEE):
        return NO_FIXED_FEE
    rows = tuple(_price(row, contract.increment, period) for row in contract.fees)
    base = sum((row.fee for row in rows if row.active), ZERO)
    total = sum((row.amount for row in rows), ZERO)
    return FixedFee(base, total - base, total, rows)


def _price(row: FeeRow, increment: Increment | None, period: str) -> FixedFeeRow:
    """The fee of one row in `period`."""
    if not is_active(row.start, row.end, period):
        return FixedFeeRow(row.name, row.start, row.fee, active=False, steps=0, amount=ZERO)
    escalated = apply_increment(row.fee, row.start, increment, period)
    return FixedFeeRow(
        row.name,
        row.start,
        row.fee,
        active=True,
        steps=escalated.steps,
        amount=escalated.value,
        step_percent=percent_of_step(increment),
    )
