"""Parking rates: dollars per vehicle of a category in a month.

Source: Calculations, "Parking rates".
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from shared_code.domain.rounding import ZERO, money
from shared_code.domain.statistics import VEHICLE_ACCOUNTS, Category

REVENUE_ACCOUNTS = {
    Category.VALET_DAILY: "9411",
    Category.VALET_OVERNIGHT: "9412",
    Category.VALET_MONTHLY: "9413",
    Category.SELF_DAILY: "9414",
    Category.SELF_OVERNIGHT: "9415",
    Category.SELF_MONTHLY: "9416",
}
"""The revenue account behind the budget rate of a category; aggregators have none.

Source: Calculations, "Accounts".
"""


class RateSource(StrEnum):
    """Where the rate of a category comes from."""

    FORECAST = "forecast"
    BUDGET = "budget"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class ParkingRate:
    """The rate in force for a category in a month, dollars per vehicle, and where it comes from."""

    rate: Decimal
    source: RateSource


NO_RATE = ParkingRate(ZERO, RateSource.NONE)
"""What a category has that was neither saved nor budgeted."""


def budget_rate(revenue: Decimal | None, vehicles: Decimal | None) -> Decimal | None:
    """Budget dollars per vehicle with 2 decimals; None where the revenue is missing or there are no vehicles."""
    if revenue is None or not vehicles:
        return None
    return money(revenue / vehicles)


def budget_rates(balances: Mapping[str, Decimal]) -> dict[Category, Decimal]:
    """Budget rates of the categories that have one, from the ledger balances of a month by account."""
    rates = {}
    for category, revenue_account in REVENUE_ACCOUNTS.items():
        rate = budget_rate(balances.get(revenue_account), balances.get(VEHICLE_ACCOUNTS[category]))
        if rate is not None:
            rates[category] = rate
    return rates


def parking_rate(saved: Decimal | None, budget: Decimal | None) -> ParkingRate:
    """The saved rate, else the budget rate, else 0; a saved 0 is a rate."""
    if saved is not None:
        return ParkingRate(saved, RateSource.FORECAST)
    return NO_RATE if budget is None else ParkingRate(budget, RateSource.BUDGET)


def actual_rate(net_revenue: Decimal | None, vehicles: Decimal | None) -> Decimal | None:
    """Actual net external revenue per vehicle with 2 decimals; None without revenue or where vehicles are 0 or less."""
    if net_revenue is None or vehicles is None or vehicles <= 0:
        return None
    return money(net_revenue / vehicles)
