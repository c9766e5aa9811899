"""Escalation: the yearly increment of a contract's amounts and the escalators of single components.

Source: Calculations, "Escalation".
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from shared_code.domain.months import first_day
from shared_code.domain.rounding import ZERO, money


@dataclass(frozen=True, slots=True)
class Increment:
    """The yearly increment of fixed fees and labor rates: calendar month 1 to 12 and percent points."""

    month: int
    percent: Decimal


class EscalatorType(StrEnum):
    """Whether a step adds a percentage of the value or a fixed amount to it."""

    PERCENTAGE = "percentage"
    FIXED_AMOUNT = "fixed_amount"


@dataclass(frozen=True, slots=True)
class Escalator:
    """The yearly change of one component: calendar month 1 to 12, and percent points or an amount."""

    month: int
    type: EscalatorType
    value: Decimal


@dataclass(frozen=True, slots=True)
class Escalated:
    """A value before and after its `steps` changes."""

    base: Decimal
    steps: int
    value: Decimal


def percent_of_step(increment: Increment | None) -> Decimal:
    """Percent points that each increment adds; 0 where none is agreed."""
    return ZERO if increment is None else increment.percent


def increment_of(month: int | None, percent: Decimal | None) -> Increment | None:
    """The increment of a contract; None unless both parts are set and the percent is not 0."""
    return Increment(month, percent) if month is not None and percent else None


def steps_since(start: date, escalation_month: int, period: str) -> int:
    """The number of firsts of `escalation_month` after `start` and up to the first day of `period`.

    A value that starts exactly on such a day already contains that step.
    """
    month_start = first_day(period)
    last_year = month_start.year if escalation_month <= month_start.month else month_start.year - 1
    first_year = start.year if start < date(start.year, escalation_month, 1) else start.year + 1
    return max(0, last_year - first_year + 1)


def apply_increment(amount: Decimal, start: date, increment: Increment | None, period: str) -> Escalated:
    """`amount` of a row that starts on `start`, with the contract increments up to `period`, unrounded."""
    if increment is None:
        return Escalated(amount, 0, amount)
    steps = steps_since(start, increment.month, period)
    return Escalated(amount, steps, amount * (1 + increment.percent / 100) ** steps)


def apply_escalator(value: Decimal, start: date, escalator: Escalator | None, period: str) -> Escalated:
    """`value` of a component that starts on `start`, changed once a year up to `period`; each step has 2 decimals.

    Without an escalator the value stays as it is, also its decimals.
    """
    if escalator is None:
        return Escalated(value, 0, value)
    steps = steps_since(start, escalator.month, period)
    escalated = value
    for _ in range(steps):
        if escalator.type is EscalatorType.PERCENTAGE:
            escalated = money(escalated * (1 + escalator.value / 100))
        else:
            escalated = money(escalated + escalator.value)
    return Escalated(value, steps, escalated)
