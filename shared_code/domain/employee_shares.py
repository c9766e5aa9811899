"""An amount split over job codes in proportion to their active employees.

Source: Calculations, "Entry by group or by cost" and "Budget payroll by job code".
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from shared_code.domain.labor_hours import job_code_key
from shared_code.domain.rounding import ZERO, round_half_up


@dataclass(frozen=True, slots=True)
class Headcount:
    """A job code and its active employees at a site."""

    job_code: str
    active_employees: Decimal = ZERO


def employee_weights(codes: Sequence[Headcount]) -> list[Decimal]:
    """The weight of each code: its active employees, or 1 for every code when none has any."""
    weights = [code.active_employees for code in codes]
    return weights if sum(weights, ZERO) else [Decimal(1)] * len(codes)


def split_by_employees(amount: Decimal, codes: Sequence[Headcount], places: int) -> list[Decimal]:
    """The share of each code, in the order of `codes`, with `places` decimals; none when there are no codes.

    The last code in code order that receives a share takes the rounding difference, so the shares add up to `amount`
    rounded to `places`. Where it is too small for that, the code before it takes the rest: no share changes sides.
    """
    if not codes:
        return []
    weights = employee_weights(codes)
    total = sum(weights, ZERO)
    size = abs(amount)
    shares = [round_half_up(size * weight / total, places) for weight in weights]
    difference = round_half_up(size, places) - sum(shares, ZERO)
    receiving = [index for index, weight in enumerate(weights) if weight]
    for index in sorted(receiving, key=lambda index: job_code_key(codes[index].job_code), reverse=True):
        taken = max(difference, -shares[index])
        shares[index] += taken
        difference -= taken
    return shares if amount >= 0 else [-share for share in shares]
