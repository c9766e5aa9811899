"""Which sites a roll-up adds up: those of the organisation in the month concerned, inside scope and filters.

Source: REST API, "P&L" (GET /pl-view/rollup/{organizationLevel}/{organizationId}).
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from shared_code.domain.site_scope import SiteScope
from shared_code.errors import InvalidInputError
from shared_code.services.runtime import Runtime
from shared_code.services.site_list import first_of_this_month
from shared_code.storage import site_history, site_list
from shared_code.storage.site_history import Belonging, SiteHistory


class Level(StrEnum):
    """The levels at which sites are added up; a portfolio is what the caller may see."""

    DISTRICT = "district"
    REGION = "region"
    COMPANY = "company"
    PORTFOLIO = "portfolio"
    SITE = "site"
    """Only the parts of a district or portfolio."""


LEVEL_NAMES: Mapping[str, Level] = {
    "district": Level.DISTRICT,
    "districts": Level.DISTRICT,
    "region": Level.REGION,
    "regional": Level.REGION,
    "svp-region": Level.REGION,
    "company": Level.COMPANY,
    "corporate": Level.COMPANY,
    "enterprise": Level.COMPANY,
    "organization": Level.COMPANY,
    "portfolio": Level.PORTFOLIO,
}
_ACCEPTED_LEVELS = ("district", "region", "company", "portfolio")
_WHOLE = {Level.COMPANY: ("all", "Company"), Level.PORTFOLIO: ("me", "Portfolio")}

PART_LEVELS: Mapping[Level, Level] = {
    Level.DISTRICT: Level.SITE,
    Level.REGION: Level.DISTRICT,
    Level.COMPANY: Level.REGION,
    Level.PORTFOLIO: Level.SITE,
}
"""What an organisation consists of."""


@dataclass(frozen=True, slots=True)
class Organization:
    """A district, a region, the company (`all`) or the caller's portfolio (`me`); `id` is its code."""

    level: Level
    id: str
    name: str

    def has(self, belonging: Belonging | None) -> bool:
        """Whether a site that belongs there is part of the organisation."""
        if self.level is Level.DISTRICT:
            return belonging is not None and belonging.district == self.id
        if self.level is Level.REGION:
            return belonging is not None and belonging.region == self.id
        return True


@dataclass(frozen=True, slots=True)
class RollupFilters:
    """Which sites of an organisation count, compared without regard to case; an empty filter chooses all.

    A site has to satisfy one of the first four filters, where any of them is set, and each of the others. District,
    region and legal entity are those of the month; contract types are those of the contract that holds now, or what
    the site master says of them.
    """

    site_ids: Collection[str] = ()
    legal_entities: Collection[str] = ()
    districts: Collection[str] = ()
    regions: Collection[str] = ()
    contract_types: Collection[str] = ()
    pl_categories: Collection[str] = ()
    cog_segments: Collection[str] = ()
    business_segments: Collection[str] = ()

    def choose(self, site: SiteHistory, belonging: Belonging | None, contract_types: Collection[str] = ()) -> bool:
        """Whether a site, whose contract is of `contract_types`, counts in a month in which it belongs there."""
        return self._has_one(site, belonging) and all(
            not wanted or any(_is_among(value, wanted) for value in values)
            for values, wanted in (
                ((site.contract_type, *contract_types), self.contract_types),
                ((site.pl_category,), self.pl_categories),
                ((site.cog_segment,), self.cog_segments),
                ((site.business_segment,), self.business_segments),
            )
        )

    def _has_one(self, site: SiteHistory, belonging: Belonging | None) -> bool:
        if not (self.site_ids or self.legal_entities or self.districts or self.regions):
            return True
        if _is_among(site.site_id, self.site_ids):
            return True
        return belonging is not None and (
            _is_among(belonging.legal_entity, self.legal_entities)
            or _is_among(belonging.district, self.districts)
            or _is_among(belonging.region, self.regions)
        )


@dataclass(frozen=True, slots=True)
class Members:
    """The sites of a roll-up by month (`YYYY-MM`), and each one's history."""

    by_month: Mapping[str, frozenset[str]]
    sites: Mapping[str, SiteHistory]

    def of_months(self, months: Iterable[str]) -> frozenset[str]:
        """The sites that belong to the organisation in any of `months`."""
        return frozenset().union(*[self.by_month[month] for month in months])


def level_named(text: str) -> Level:
    """The level that `text` names; raises InvalidInputError with the accepted ones."""
    if text not in LEVEL_NAMES:
        raise InvalidInputError(
            f"{text[:100]!r} is not a level of the organization; accepted are {', '.join(_ACCEPTED_LEVELS)}",
            field="organizationLevel",
            details={"providedValue": text[:100], "accepted": list(_ACCEPTED_LEVELS)},
        )
    return LEVEL_NAMES[text]


def find_organization(runtime: Runtime, level: Level, text: str) -> Organization | None:
    """The organisation that `text` names by code or name, in any case; None when there is none."""
    if level in _WHOLE:
        code, name = _WHOLE[level]
        return Organization(level, code, name) if text.lower() == code else None
    with runtime.database.reading() as connection:
        found = site_history.organisation_named(connection, level, text)
    return None if found is None else Organization(level, *found)


def members_of(
    runtime: Runtime, scope: SiteScope, organization: Organization, months: Collection[str], filters: RollupFilters
) -> Members:
    """The sites of `scope` that belong to `organization` in each of `months` and that `filters` choose."""
    with runtime.database.reading() as connection:
        histories = site_history.site_histories(
            connection,
            scope,
            district=organization.id if organization.level is Level.DISTRICT else None,
            region=organization.id if organization.level is Level.REGION else None,
        )
        types: Mapping[str, Collection[str]] = {}
        if filters.contract_types:
            site_ids = [site.site_id for site in histories]
            types = site_list.contract_types_on(connection, scope, site_ids, first_of_this_month(runtime))
    by_month: dict[str, set[str]] = {month: set() for month in months}
    for site in histories:
        counts: dict[Belonging | None, bool] = {}
        for month, members in by_month.items():
            belonging = site.belonging(month)
            if belonging not in counts:
                counts[belonging] = organization.has(belonging) and filters.choose(
                    site, belonging, types.get(site.site_id, ())
                )
            if counts[belonging]:
                members.add(site.site_id)
    return Members(
        {month: frozenset(members) for month, members in by_month.items()},
        {site.site_id: site for site in histories},
    )


def _is_among(value: str | None, wanted: Collection[str]) -> bool:
    return value is not None and _plain(value) in {_plain(name) for name in wanted}


def _plain(name: str) -> str:
    """A name without regard to case and the number of blanks."""
    return " ".join(name.split()).casefold()
