"""The company of the user stories: three sites, three users, and a business date of 15 April 2025.

Statistics and paid hours of each day are recorded through 14 April; the ledger is closed through March. Nothing has
been saved, and what a site has budgeted is up to each story.

Source: User stories, "Fixture".
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from shared_code.domain.accumulation import Accumulation
from shared_code.domain.contract import Contract, ContractType, FeeRow, RevenueShareStructure
from shared_code.domain.tiers import Tier
from shared_code.security.roles import Role
from shared_code.services.development_access import development_token
from tests.support.payroll_world import PayrollWorld
from tests.support.statistics_world import MORE_ACCOUNTS

_START: Final = date(2024, 1, 1)
TENTH_OF_REVENUE: Final = Contract(
    frozenset({ContractType.REVENUE_SHARE}),
    _START,
    revenue_shares=(RevenueShareStructure(Accumulation.MONTHLY, (Tier(Decimal(0), Decimal(10)),)),),
)
FIXED_FEE: Final = Contract(frozenset({ContractType.FIXED_FEE}), _START, fees=(FeeRow(Decimal(20_000), _START),))


@dataclass(frozen=True, slots=True)
class StorySite:
    """Rooms, place and contract of a site; the hours of every site are planned by job group."""

    rooms: int
    district: str
    region: str
    contract: Contract


SITES: Final[Mapping[str, StorySite]] = {
    "TP001": StorySite(200, "Alpha", "East", TENTH_OF_REVENUE),
    "TP002": StorySite(120, "Alpha", "East", FIXED_FEE),
    "TP003": StorySite(300, "Beta", "West", FIXED_FEE),
}


class StoryWorld(PayrollWorld):
    """The database of the stories, and tokens of its users."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        super().__init__(folder, **settings)
        self.add_accounts(MORE_ACCOUNTS)
        self.add_districts(**{site.district: site.region for site in SITES.values()})
        self.add_code("CASH")
        for site_id, site in SITES.items():
            self.add_sites(site_id, total_rooms=site.rooms, district_code=site.district, region_code=site.region)
            self.belongs(site_id, site.district, site.region)
            self.agree(site_id, site.contract)
            self.ledger(site_id, {"9440": "3000"}, "2025-01", "2025-02", "2025-03")
            self.days(site_id, "2025-04-01", "2025-04-14", revenue="400", rooms="100")
            self.labor(site_id, "CASH", "2025-04-01", "2025-04-14", hours="8", dollars="120")

    def signed_in(self, user: str) -> dict[str, str]:
        """The headers of `am1`, `dm1` or `admin1`: a token of the development issuer; the database has their rights."""
        role, sites, districts = _USERS[user]
        granted = development_token(
            self.runtime, user, [role], site_ids=sites, district_names=districts, operator="operator"
        )
        return {"Authorization": f"Bearer {granted.token}"}


_USERS: Final[Mapping[str, tuple[Role, Sequence[str], Sequence[str]]]] = {
    "am1": (Role.ACCOUNT_MANAGER, ["TP001"], []),
    "dm1": (Role.DISTRICT_MANAGER, [], ["Alpha"]),
    "admin1": (Role.FORECASTING_ADMIN, [], []),
}
