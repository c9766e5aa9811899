"""The sites that somebody may see, as lists show them.

Source: REST API, "Forecast, summary, sites, me".
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from shared_code.clock import business_date
from shared_code.domain.contract import ContractType
from shared_code.domain.months import first_day, period_of
from shared_code.domain.site_scope import SiteScope
from shared_code.services.runtime import Runtime
from shared_code.storage import site_list
from shared_code.storage.site_list import ListedSite, SiteChoice

GROUP_MODE, CODE_MODE = "group", "code"
"""Payroll is entered by job group, or by job code where the client pays per labor hour."""


@dataclass(frozen=True, slots=True)
class SiteEntry:
    """A site with the contract of this month.

    `contract_types` stand in the order of the contract's list, `available_rooms` are per day. `time_zone` is that of
    the company where the site has none of its own.
    """

    site_id: str
    site_name: str
    district: str | None
    region: str | None
    legal_entity: str | None
    pl_category: str | None
    cog_segment: str | None
    business_segment: str | None
    contract_types: tuple[str, ...]
    available_rooms: int
    available_parking: int | None
    time_zone: str
    is_active: bool
    start_date: date | None
    close_date: date | None
    payroll_mode: str


@dataclass(frozen=True, slots=True)
class SitePage:
    """One page of a list of sites, and how many there are in all."""

    sites: tuple[SiteEntry, ...]
    total: int


def list_sites(runtime: Runtime, scope: SiteScope, choice: SiteChoice, *, offset: int, limit: int) -> SitePage:
    """`limit` of the sites of `scope` that are chosen, from the place `offset` on, in the order of their codes."""
    day = first_of_this_month(runtime)
    with runtime.database.reading() as connection:
        total = site_list.count_sites(connection, scope, choice, day)
        found = site_list.site_page(connection, scope, choice, day, offset=offset, limit=limit)
        types = site_list.contract_types_on(connection, scope, [site.site_id for site in found], day)
    return SitePage(tuple(_entries(runtime, found, types)), total)


def find_site(runtime: Runtime, scope: SiteScope, site_id: str) -> SiteEntry | None:
    """One site of `scope`; None when there is none of this code."""
    day = first_of_this_month(runtime)
    with runtime.database.reading() as connection:
        found = site_list.listed_site(connection, scope, site_id)
        types = site_list.contract_types_on(connection, scope, [site_id], day)
    return None if found is None else next(_entries(runtime, [found], types))


def first_of_this_month(runtime: Runtime) -> date:
    """The day on which a contract has to hold to be the one of the company's current month."""
    return first_day(period_of(business_date(runtime.clock, runtime.settings.business_time_zone)))


def payroll_mode(contract_types: Iterable[str]) -> str:
    """How payroll is entered at a site whose contract has these types.

    Source: REST API, "Payroll".
    """
    return CODE_MODE if ContractType.PER_LABOR_HOUR in contract_types else GROUP_MODE


def _entries(runtime: Runtime, found: Iterable[ListedSite], types: Mapping[str, frozenset[str]]) -> Iterator[SiteEntry]:
    for site in found:
        own = types.get(site.site_id, frozenset())
        yield SiteEntry(
            site.site_id,
            site.name,
            site.district,
            site.region,
            site.legal_entity,
            site.pl_category,
            site.cog_segment,
            site.business_segment,
            tuple(kind.value for kind in ContractType if kind in own),
            site.total_rooms or 0,
            site.total_parking_spaces,
            site.time_zone or runtime.settings.business_time_zone,
            site.is_active,
            site.start_date,
            site.close_date,
            payroll_mode(own),
        )
