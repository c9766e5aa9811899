"""What the client of a site has agreed to pay: the prices behind the budget of internal revenue and the contract.

Every price covers the cost of an average month of 2024 with a margin. Cents and hundredths of hours, as everywhere.

Source: Calculations, "Contract types".
"""

from cli.sample.chance import per_mille
from cli.sample.sites import SampleSite
from cli.sample.volumes import Volume

BURDEN = {"6200": 85, "6399": 20, "6500": 85}
"""Taxes and benefits by account, per mille of payroll."""

INSURANCE = {"7080": 12, "7085": 30}
"""Insurance by account, per mille of payroll."""

_DAYS = 30
_MARGIN = 1150
_MANAGEMENT_FEE = 90
_LOWEST_SHARE, _HIGHEST_SHARE = 15, 30  # percent of external revenue


def monthly_price(site: SampleSite) -> int:
    """Cents a month."""
    return per_mille(_usual_cost(site), _MARGIN)


def management_fee(site: SampleSite) -> int:
    """Cents a month on top of the costs, which are passed through."""
    return per_mille(_usual_cost(site), _MANAGEMENT_FEE)


def revenue_share(site: SampleSite) -> int:
    """Percent of external revenue."""
    return min(_HIGHEST_SHARE, max(_LOWEST_SHARE, 100 * monthly_price(site) // usual_revenue(site)))


def room_price(site: SampleSite) -> int:
    """Cents a night of an occupied room."""
    return monthly_price(site) // (_DAYS * site.occupied_rooms)


def hour_price(site: SampleSite) -> int:
    """Cents an hour of labor."""
    return 100 * monthly_price(site) // usual_hours(site)


def usual_hours(site: SampleSite) -> int:
    """Hundredths of hours in an average month."""
    return _DAYS * sum(position.hours for position in site.positions)


def usual_revenue(site: SampleSite) -> int:
    """Cents of external revenue in an average month."""

    def of_month(volume: Volume) -> int:
        return _DAYS * volume.vehicles * volume.rate

    return sum(of_month(volume) for volume in site.volumes)


def _usual_cost(site: SampleSite) -> int:
    payroll = _DAYS * sum(position.hours * position.rate // 100 for position in site.positions)
    burden = sum(BURDEN.values()) + sum(INSURANCE.values())
    return per_mille(payroll, 1000 + burden) + sum(site.expenses.values()) + site.rent
