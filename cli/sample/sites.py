"""The sites of the sample: codes, names, districts, contracts, and what belongs to each.

Everything about a site follows from its number and the seed, so a larger sample contains the smaller one.

Source: Source side, "Organisation and people (`TP_EDW.dbo`)" and "Revenue codes".
"""

from dataclasses import dataclass

from cli.sample.accounts import monthly_expenses
from cli.sample.chance import per_mille, stream
from cli.sample.staffing import Position, positions_of
from cli.sample.volumes import Kind, Volume, volumes_of

MOST_SITES = 10_000
"""So many sites have codes of their own; it is also the size the product is planned for."""


@dataclass(frozen=True, slots=True)
class Company:
    """The company that operates a site: first characters of its account strings, its ledger, its legal name."""

    prefix: str
    db_source: str
    legal_entity: str


TOWNE = Company("10", "Towne", "TOWNE PARK LLC")
_ENC = Company("07", "ENC", "ENC SERVICES LLC")
_UPP = Company("22", "UPP", "UPP PARKING LLC")


@dataclass(frozen=True, slots=True)
class SampleSite:
    """One site. `rooms` sellable a night and `occupied_rooms` on an average night are 0 where nobody sleeps.

    `expenses` are cents a month by account, `rent` cents a month, both at the prices of 2024.
    """

    number: int
    code: str
    name: str
    kind: Kind
    district: str
    region: str
    company: Company
    contract: str
    rooms: int
    occupied_rooms: int
    parking_spaces: int
    volumes: tuple[Volume, ...]
    positions: tuple[Position, ...]
    expenses: dict[str, int]
    rent: int

    @property
    def has_valet(self) -> bool:
        """Whether the company drives customers' cars here, and so can damage them."""
        return any(volume.is_valet for volume in self.volumes)

    @property
    def unpadded_code(self) -> str:
        """The code as some source systems write it: `0046` without its zeros, `TP001` as it is."""
        return str(int(self.code)) if self.code.isdigit() else self.code

    def gl_string(self, account: str) -> str:
        """The account string of the site's company for `account`."""
        return f"{self.company.prefix}-{self.code}-{account}"


_KINDS = (
    Kind.HOTEL,
    Kind.HOTEL,
    Kind.HOSPITAL,
    Kind.HOTEL,
    Kind.HOTEL,
    Kind.OTHER,
    Kind.HOTEL,
    Kind.HOSPITAL,
    Kind.HOTEL,
    Kind.HOTEL,
    Kind.HOSPITAL,
    Kind.OTHER,
)
_NAMES = {
    Kind.HOTEL: ("Harbor Hotel", "Grand Plaza Hotel", "Lakeside Inn", "Union Station Hotel", "Summit Resort"),
    Kind.HOSPITAL: ("Mercy Hospital", "Valley Medical Center", "Children's Hospital", "University Clinic"),
    Kind.OTHER: ("Market Street Garage", "Convention Center", "Office Tower", "Riverfront Lot"),
}
_REGIONS = ("EAST", "WEST", "NORTH", "SOUTH", "CENTRAL", "MOUNTAIN")
_CONTRACTS = {
    Kind.HOTEL: ("Revenue Share", "Fixed Fee", "Management Agreement", "Revenue Share", "Per Occupied Room"),
    Kind.HOSPITAL: ("Management Agreement", "Per Labor Hour", "Management Agreement", "Fixed Fee"),
    Kind.OTHER: ("Revenue Share", "Fixed Fee", "Management Agreement"),
}


def site_of(number: int, seed: int) -> SampleSite:
    """Site `number` (from 0) of the sample with this `seed`."""
    kind = _KINDS[number % len(_KINDS)]
    chance = stream(seed, number, "site")
    rooms = 120 + 10 * chance.randrange(31) if kind is Kind.HOTEL else 0
    occupied = per_mille(rooms, 640 + chance.randrange(81))
    volumes = volumes_of(kind, occupied, chance)
    district, region = _organisation(number)
    contracts = _CONTRACTS[kind]
    return SampleSite(
        number=number,
        code=site_code(number),
        name=f"{_NAMES[kind][number // 2 % len(_NAMES[kind])]} {number + 1:02d}",
        kind=kind,
        district=district,
        region=region,
        company={7: _ENC, 9: _UPP}.get(number % 10, TOWNE),
        contract=contracts[number // 3 % len(contracts)],
        rooms=rooms,
        occupied_rooms=occupied,
        parking_spaces=10 * (sum(volume.vehicles for volume in volumes) // 8 + 5),
        volumes=volumes,
        positions=positions_of(kind, volumes, number, region, chance),
        expenses=monthly_expenses(number, seed),
        rent=100 * (2_000 + 100 * chance.randrange(30)) if kind is Kind.OTHER else 0,
    )


def site_code(number: int) -> str:
    """The code of site `number`: `0046`, `0170`, ..., every fourth one `TP001`, `TP002`, ..."""
    if number % 4 == 3:
        return f"TP{number // 4 + 1:03d}"
    numeric = number - number // 4
    return f"{1 + (45 + 124 * numeric) % 9973:04d}"  # 9973 is a prime: no code comes twice


def _organisation(number: int) -> tuple[str, str]:
    """District and region: twelve sites a district, two districts a region in every round of 48 sites."""
    district = number % 4 + 4 * (number // 48)
    region = _REGIONS[district // 2 % len(_REGIONS)]
    return f"{region.title()} {1 + district % 2 + 2 * (district // (2 * len(_REGIONS)))}", region
