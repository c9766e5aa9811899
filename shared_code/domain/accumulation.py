"""Accumulation periods: which earlier months a tiered share or a claims cap adds up.

Source: Calculations, "Tiers".
"""

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from enum import StrEnum

from shared_code.domain.months import add_months, months_between
from shared_code.domain.rounding import ZERO, money


class Accumulation(StrEnum):
    """How long an amount accumulates before it starts again at 0."""

    MONTHLY = "monthly"
    ANNUAL_CALENDAR = "annual_calendar"
    ANNUAL_ANNIVERSARY = "annual_anniversary"


def earlier_months(accumulation: Accumulation, contract_start: date, period: str) -> list[str]:
    """The months (`YYYY-MM`) of the accumulation period of `period` that lie before it, in order.

    A period by anniversary begins in the calendar month of `contract_start` and may reach into the year before.
    """
    if accumulation is Accumulation.MONTHLY:
        return []
    return months_between(_first_month(accumulation, contract_start, period), add_months(period, -1))


def accumulate(months: Iterable[str], series: Mapping[str, Decimal]) -> Decimal:
    """Sum of the figures of `months` in `series`; a month without a figure counts as 0.

    What is carried from month to month is carried in whole cents.

    Source: Calculations, "Tiers" and "Rounding".
    """
    return sum((money(series[month]) for month in months if month in series), ZERO)


def _first_month(accumulation: Accumulation, contract_start: date, period: str) -> str:
    """The month in which the annual period that contains `period` begins."""
    year, month = int(period[:4]), int(period[5:7])
    if accumulation is Accumulation.ANNUAL_CALENDAR:
        return f"{year:04d}-01"
    return f"{year if contract_start.month <= month else year - 1:04d}-{contract_start.month:02d}"
