"""Rows of the site master and of the people of a site. Ids are generic; there are no names of people.

Source: Source side, "Organisation and people (`TP_EDW.dbo`)".
"""

from collections.abc import Iterator
from datetime import date

from cli.sample.chance import stream
from cli.sample.labor_rows import employee_id
from cli.sample.sites import SampleSite
from cli.sample.staffing import JOBS, MANAGER
from cli.sample.volumes import Kind
from cli.sample.writing import SampleRow

_SEGMENTS = {
    Kind.HOTEL: ("Full Service Hotel", "Hotels"),
    Kind.HOSPITAL: ("Acute Care", "Healthcare"),
    Kind.OTHER: ("Mixed Use", "Commercial Parking"),
}
_ACCOUNT_MANAGER_PROFILES = ("ACCTMGR", "ASSOCM", "SRACCTMGR", "DOO")


def master_row(site: SampleSite, seed: int) -> SampleRow:
    """The row of `MASTER_NON_FINANCIAL`: totals are text, and "no value" is written in three ways."""
    chance = stream(seed, site.number, "master")
    segment, business = _SEGMENTS[site.kind]
    opened = date(2012 + chance.randrange(10), 1 + chance.randrange(12), 1)
    no_rooms = ("N/A", "NULL", " ")[site.number % 3]
    return (
        site.code,
        site.name,
        site.district,
        site.region,
        site.company.legal_entity,
        str(site.kind),
        segment,
        business,
        site.contract,
        f"{site.company.prefix}-{site.code}",
        opened.isoformat(),
        None,
        str(site.rooms) if site.rooms else no_rooms,
        str(site.parking_spaces),
    )


def manager_rows(site: SampleSite) -> Iterator[SampleRow]:
    """Rows of `WORKDAY_SITE_MANAGERS`, blank-padded; every eighth site has a second manager."""
    yield (f"{site.code:<10}", account_manager_id(site))
    if site.number % 8 == 7:
        yield (f"{site.code:<10}", f"M{site.number + 50_000:05d}")


def account_manager_id(site: SampleSite) -> str:
    """The employee id of the site's account manager."""
    return f"M{site.number:05d}"


def security_rows(site: SampleSite) -> Iterator[SampleRow]:
    """Rows of `WORKDAY_RLS_BISECURITY`: the account manager by cost center, the district manager by site.

    A few users have a job profile that gives no role.
    """
    user = f"am{site.number + 1}@example.com"
    profile = _ACCOUNT_MANAGER_PROFILES[site.number % len(_ACCOUNT_MANAGER_PROFILES)]
    yield (user, account_manager_id(site), profile, site.code, None, site.district)
    district_user = f"dm-{site.district.lower().replace(' ', '-')}@example.com"
    yield (district_user, f"D-{site.district.upper().replace(' ', '-')}", "DISTMGR", None, site.code, site.district)
    if site.number % 10 == 4:
        yield (f"user{site.number + 1}@example.com", employee_id(site, 0), "VLT1", site.code, site.code, site.district)


def salary_rows(site: SampleSite, neighbour: SampleSite | None, loaded: date) -> Iterator[SampleRow]:
    """Rows of `WORKDAY_SITE_SALARIES`: a site's manager works there alone, or in halves also at a `neighbour`."""
    manager = next(position for position in site.positions if position.is_salaried)
    annual = manager.salary_in(loaded.year)
    id_ = _site_manager_id(site)
    if neighbour is None:
        yield (id_, site.code, MANAGER, annual, annual, 10_000, loaded.isoformat())
    else:
        for code, amount in ((site.code, annual - annual // 2), (neighbour.code, annual // 2)):
            yield (id_, code, MANAGER, annual, amount, 5_000, loaded.isoformat())


def wage_rate_rows(site: SampleSite) -> Iterator[SampleRow]:
    """Rows of `WORKDAY_WAGE_RATE`: one per employee; locations of every third employee lack their zeros."""
    number = 0
    for position in site.positions:
        job = JOBS[position.title][0]
        for _ in range(position.headcount):
            id_ = _site_manager_id(site) if position.is_salaried else employee_id(site, number)
            location = site.code if number % 3 else site.unpadded_code
            yield (id_, location, site.code, job, position.title)
            number += 1


def _site_manager_id(site: SampleSite) -> str:
    return f"S{site.number:05d}"
