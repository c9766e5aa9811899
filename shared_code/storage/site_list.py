"""Lists of sites: chosen by what the site master says of them, page by page.

Source: REST API, "Forecast, summary, sites, me"; Data model, "Organisation, access, accounts".
"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Select, and_, exists, func, or_, select
from sqlalchemy.sql.selectable import Join

from shared_code.domain.site_scope import SiteScope
from shared_code.sql.lists import in_list
from shared_code.storage.database import within
from shared_code.storage.tables.contracts import contract_types, contracts
from shared_code.storage.tables.organisation import districts, regions, sites

Names = Collection[str]


@dataclass(frozen=True, slots=True)
class SiteChoice:
    """Which sites are wanted: each filter that is set must hold, and one of its names is enough; case is ignored.

    `search` is part of the code or the name. Districts and regions are named by code or name, contract types by the
    type that a contract has or by the text of the site master. `is_active` None: both.
    """

    search: str | None = None
    districts: Names = ()
    regions: Names = ()
    legal_entities: Names = ()
    contract_types: Names = ()
    pl_categories: Names = ()
    cog_segments: Names = ()
    business_segments: Names = ()
    is_active: bool | None = None


ALL_SITES = SiteChoice()
"""No filter."""


@dataclass(frozen=True, slots=True)
class ListedSite:
    """A site as the master describes it; `district` and `region` are names."""

    site_id: str
    name: str
    district: str | None
    region: str | None
    legal_entity: str | None
    pl_category: str | None
    cog_segment: str | None
    business_segment: str | None
    total_rooms: int | None
    total_parking_spaces: int | None
    time_zone: str | None
    is_active: bool
    start_date: date | None
    close_date: date | None


@dataclass(frozen=True, slots=True)
class SiteSummary:
    """How many sites there are, and the first of them in order."""

    count: int
    first: str | None


def count_sites(connection: Connection, scope: SiteScope, choice: SiteChoice, day: date) -> int:
    """How many sites of `scope` are chosen; contract types are those of the contract that holds on `day`."""
    counted = select(func.count()).select_from(_SITES).where(_chosen(scope, choice, day))
    return connection.scalar(counted) or 0


def site_page(
    connection: Connection, scope: SiteScope, choice: SiteChoice, day: date, *, offset: int, limit: int
) -> list[ListedSite]:
    """`limit` of the chosen sites in the order of their codes, from the place `offset` (0 is the first) on."""
    page = _listed().where(_chosen(scope, choice, day)).order_by(sites.c.site_id).offset(offset).limit(limit)
    return [ListedSite(*row) for row in connection.execute(page)]


def listed_site(connection: Connection, scope: SiteScope, site_id: str) -> ListedSite | None:
    """One site; None when there is none of this code in `scope`."""
    row = connection.execute(_listed().where(within(scope.narrowed_to([site_id]), sites.c.site_id))).first()
    return None if row is None else ListedSite(*row)


def contract_types_on(
    connection: Connection, scope: SiteScope, site_ids: Iterable[str], day: date
) -> dict[str, frozenset[str]]:
    """The types of the contract that holds on `day`, by site; a site without such a contract has no entry."""
    rows = connection.execute(
        select(contracts.c.site_id, contract_types.c.contract_type)
        .join_from(contracts, contract_types, contract_types.c.contract_id == contracts.c.contract_id)
        .where(within(scope.narrowed_to(site_ids), contracts.c.site_id), _in_force(day))
    )
    found: defaultdict[str, set[str]] = defaultdict(set)
    for site_id, contract_type in rows:
        found[site_id].add(contract_type)
    return {site_id: frozenset(types) for site_id, types in found.items()}


def summary(connection: Connection, scope: SiteScope) -> SiteSummary:
    """How many sites `scope` holds that there are."""
    row = connection.execute(
        select(func.count(), func.min(sites.c.site_id)).where(within(scope, sites.c.site_id))
    ).one()
    return SiteSummary(*row)


def district_names(connection: Connection, scope: SiteScope) -> list[str]:
    """The districts to which the sites of `scope` belong now, by name in order."""
    return _names(connection, scope, sites.join(districts, _DISTRICT), districts.c.name)


def region_names(connection: Connection, scope: SiteScope) -> list[str]:
    """The regions to which the sites of `scope` belong now, by name in order."""
    return _names(connection, scope, sites.join(regions, _REGION), regions.c.name)


def _names(connection: Connection, scope: SiteScope, source: Join, name: Column[str]) -> list[str]:
    chosen = within(scope, sites.c.site_id)
    return list(connection.scalars(select(name).select_from(source).where(chosen).distinct().order_by(name)))


def _listed() -> Select[Any]:
    return select(
        sites.c.site_id,
        sites.c.name,
        func.coalesce(districts.c.name, sites.c.district_code),
        func.coalesce(regions.c.name, sites.c.region_code),
        *[sites.c[name] for name in ListedSite.__slots__[4:]],
    ).select_from(_SITES)


def _chosen(scope: SiteScope, choice: SiteChoice, day: date) -> ColumnElement[bool]:
    conditions = [within(scope, sites.c.site_id)]
    if choice.search:
        conditions.append(
            or_(
                sites.c.site_id.icontains(choice.search, autoescape=True),
                sites.c.name.icontains(choice.search, autoescape=True),
            )
        )
    conditions += [
        or_(*[_is_one_of(column, names) for column in columns])
        for columns, names in (
            ((districts.c.name, sites.c.district_code), choice.districts),
            ((regions.c.name, sites.c.region_code), choice.regions),
            ((sites.c.legal_entity,), choice.legal_entities),
            ((sites.c.pl_category,), choice.pl_categories),
            ((sites.c.cog_segment,), choice.cog_segments),
            ((sites.c.business_segment,), choice.business_segments),
        )
        if names
    ]
    if choice.contract_types:
        conditions.append(_has_contract_type(choice.contract_types, day))
    if choice.is_active is not None:
        conditions.append(sites.c.is_active == choice.is_active)
    return and_(*conditions)


def _has_contract_type(names: Names, day: date) -> ColumnElement[bool]:
    of_contract = exists(
        select(1)
        .select_from(contracts.join(contract_types, contract_types.c.contract_id == contracts.c.contract_id))
        .where(
            contracts.c.site_id == sites.c.site_id, _in_force(day), _is_one_of(contract_types.c.contract_type, names)
        )
    )
    return or_(of_contract, _is_one_of(sites.c.contract_type_text, names))


def _in_force(day: date) -> ColumnElement[bool]:
    """The contract is priced in a month that begins on `day`.

    Source: Calculations, "Active rows".
    """
    end = contracts.c.contract_end
    return and_(contracts.c.is_active, contracts.c.contract_start <= day, or_(end.is_(None), end >= day))


def _is_one_of(column: Column[str], names: Names) -> ColumnElement[bool]:
    return in_list(func.upper(column, type_=column.type), {" ".join(name.upper().split()) for name in names})


_DISTRICT = districts.c.district_code == sites.c.district_code
_REGION = regions.c.region_code == sites.c.region_code
_SITES = sites.outerjoin(districts, _DISTRICT).outerjoin(regions, _REGION)
"""Sites with their district and region, where they have one."""
