"""Balances of a site's month by account: from the same figures for the budget, and for the ledger once they happened.

Balances are cents in the ledger's sign: internal revenue negative, expenses positive; statistics in hundredths.

Source: Source side, "P&L lines" and "Account catalogue".
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from cli.sample.chance import per_mille
from cli.sample.parking import ParkingTotals
from cli.sample.seasons import price_level
from cli.sample.sites import SampleSite
from cli.sample.volumes import Volume

Vary = Callable[[int], int]
"""Makes an actual figure of an expected one; for a budget it changes nothing."""

_DAYS = 30
_BURDEN = {"6200": 85, "6399": 20, "6500": 85}  # per mille of payroll
_INSURANCE = {"7080": 12, "7085": 30}
_MARGIN = 1150
_MANAGEMENT_FEE = 90
_LOWEST_SHARE, _HIGHEST_SHARE = 15, 30  # percent of external revenue


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
        **_shares(sum(figures.payroll.values()), _BURDEN, vary),
        **_shares(sum(figures.payroll.values()), _INSURANCE, vary),
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
    usual_cost = _usual_cost(site)
    price = per_mille(usual_cost, _MARGIN)
    if site.contract == "Management Agreement":
        return {"4790": per_mille(per_mille(usual_cost, _MANAGEMENT_FEE), level), "4791": sum(costs.values())}
    if site.contract == "Revenue Share":
        share = min(_HIGHEST_SHARE, max(_LOWEST_SHARE, 100 * price // _usual_revenue(site)))
        return {"4790": figures.parking.external_revenue * share // 100}
    if site.contract == "Per Occupied Room":
        return {"4790": figures.parking.occupied_rooms * per_mille(price // (_DAYS * site.occupied_rooms), level)}
    if site.contract == "Per Labor Hour":
        usual_hours = _DAYS * sum(position.hours for position in site.positions)
        return {"4790": figures.hours * per_mille(100 * price // usual_hours, level) // 100}
    return {"4790": per_mille(price, level)}


def _usual_cost(site: SampleSite) -> int:
    payroll = _DAYS * sum(position.hours * position.rate // 100 for position in site.positions)
    burden = sum(_BURDEN.values()) + sum(_INSURANCE.values())
    return per_mille(payroll, 1000 + burden) + sum(site.expenses.values()) + site.rent


def _usual_revenue(site: SampleSite) -> int:
    def of_month(volume: Volume) -> int:
        return _DAYS * volume.vehicles * volume.rate

    return sum(of_month(volume) for volume in site.volumes)


def _vehicle_insurance(site: SampleSite, year: int) -> int:
    return per_mille(25_000 + 150 * sum(v.vehicles for v in site.volumes if v.is_valet), price_level(year))
