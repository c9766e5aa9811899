"""Balances of a site's month by account: from the same figures for the budget, and for the ledger once they happened.

Balances are cents in the ledger's sign: internal revenue negative, expenses positive; statistics in hundredths.

Source: Source side, "P&L lines" and "Account catalogue".
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from cli.sample import agreed_prices
from cli.sample.agreed_prices import BURDEN, INSURANCE
from cli.sample.chance import per_mille
from cli.sample.parking import ParkingTotals
from cli.sample.seasons import price_level
from cli.sample.sites import SampleSite

Vary = Callable[[int], int]
"""Makes an actual figure of an expected one; for a budget it changes nothing."""


@dataclass(frozen=True, slots=True)
class MonthFigures:
    """What the balances of a month follow from: cars and rooms, payroll in cents by account, hundredths of hours."""

    parking: ParkingTotals
    payroll: Mapping[str, int]
    hours: int


def balances(site: SampleSite, year: int, figures: MonthFigures, vary: Vary) -> dict[str, int]:
    """Every balance of the month but claims, by account, in account order."""
    costs = {
        **figures.payroll,
        **_shares(sum(figures.payroll.values()), BURDEN, vary),
        **_shares(sum(figures.payroll.values()), INSURANCE, vary),
        **expenses(site, year, vary),
    }
    if site.has_valet:
        costs["7082"] = _vehicle_insurance(site, year)
    result = {account: -cents for account, cents in _internal_revenue(site, year, figures, costs).items()}
    if site.number % 5 == 2:
        result["4910"] = 50_000
    result |= costs | figures.parking.statistics()
    return dict(sorted(result.items()))


def expenses(site: SampleSite, year: int, vary: Vary) -> dict[str, int]:
    """Cents by other-expense account, and the rent of the car park where there is one."""
    level = price_level(year)
    amounts = {account: vary(per_mille(cents, level)) for account, cents in site.expenses.items()}
    if site.rent:
        amounts["7170"] = per_mille(site.rent, level)
    return amounts


def expected_claims(site: SampleSite) -> int:
    """Cents a month that a budget sets aside for damaged cars (7100)."""
    return 600 * sum(volume.vehicles for volume in site.volumes if volume.is_valet)


def _shares(payroll: int, shares: Mapping[str, int], vary: Vary) -> dict[str, int]:
    return {account: vary(per_mille(payroll, share)) for account, share in shares.items()}


def _internal_revenue(site: SampleSite, year: int, figures: MonthFigures, costs: Mapping[str, int]) -> dict[str, int]:
    """Cents that the client owes by the site's contract, whose terms cover the cost of an average month of 2024."""
    level = price_level(year)
    if site.contract == "Management Agreement":
        return {"4790": per_mille(agreed_prices.management_fee(site), level), "4791": sum(costs.values())}
    if site.contract == "Revenue Share":
        return {"4790": figures.parking.external_revenue * agreed_prices.revenue_share(site) // 100}
    if site.contract == "Per Occupied Room":
        return {"4790": figures.parking.occupied_rooms * per_mille(agreed_prices.room_price(site), level)}
    if site.contract == "Per Labor Hour":
        return {"4790": figures.hours * per_mille(agreed_prices.hour_price(site), level) // 100}
    return {"4790": per_mille(agreed_prices.monthly_price(site), level)}


def _vehicle_insurance(site: SampleSite, year: int) -> int:
    return per_mille(25_000 + 150 * sum(v.vehicles for v in site.volumes if v.is_valet), price_level(year))
