"""Where sites belonged in which month, and what else a roll-up chooses them by.

Source: Data model, "Organisation, access, accounts" (site_organizations).
"""

from collections import defaultdict
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, Table, exists, func, or_, select, true

from shared_code.domain.site_scope import SiteScope
from shared_code.storage.database import within
from shared_code.storage.tables.organisation import districts, regions, site_organizations, sites


@dataclass(frozen=True, slots=True)
class Belonging:
    """Where a site belongs from one month to another (`YYYY-MM`, both included; None: until further notice)."""

    effective_from: str
    effective_to: str | None
    district: str | None
    region: str | None
    legal_entity: str | None

    def covers(self, month: str) -> bool:
        """Whether the site belongs there in `month`."""
        return self.effective_from <= month and (self.effective_to is None or month <= self.effective_to)


@dataclass(frozen=True, slots=True)
class SiteHistory:
    """A site with the attributes of its master and where it belonged when."""

    site_id: str
    name: str
    contract_type: str | None
    pl_category: str | None
    cog_segment: str | None
    business_segment: str | None
    belongings: tuple[Belonging, ...]

    def belonging(self, month: str) -> Belonging | None:
        """Where the site belongs in `month`; None where nothing is known."""
        return next((belonging for belonging in self.belongings if belonging.covers(month)), None)


def site_histories(
    connection: Connection, scope: SiteScope, *, district: str | None = None, region: str | None = None
) -> list[SiteHistory]:
    """The sites of `scope` in order; with `district` or `region` (codes) those that ever belonged to it."""
    chosen = within(scope, sites.c.site_id) & _ever_in(district, region)
    belongings: defaultdict[str, list[Belonging]] = defaultdict(list)
    rows = connection.execute(
        select(site_organizations.c.site_id, *[site_organizations.c[name] for name in _BELONGING_COLUMNS])
        .join_from(site_organizations, sites, sites.c.site_id == site_organizations.c.site_id)
        .where(chosen)
        .order_by(site_organizations.c.site_id, site_organizations.c.effective_from)
    )
    for site_id, first, last, its_district, its_region, entity in rows:
        belongings[site_id].append(Belonging(first, last, its_district, its_region, entity))
    masters = connection.execute(
        select(*[sites.c[name] for name in _MASTER_COLUMNS]).where(chosen).order_by(sites.c.site_id)
    )
    return [
        SiteHistory(site_id, name, contract, pl, cog, business, tuple(belongings[site_id]))
        for site_id, name, contract, pl, cog, business in masters
    ]


def organisation_named(connection: Connection, level: str, text: str) -> tuple[str, str] | None:
    """Code and name of the `district` or `region` that `text` names by code, else by name, in any case."""
    table = _LEVEL_TABLES[level]
    code = table.c[f"{level}_code"]
    wanted = " ".join(text.upper().split())
    rows = connection.execute(
        select(code, table.c.name)
        .where(or_(func.upper(code) == wanted, func.upper(table.c.name) == wanted))
        .order_by(code)
    ).all()
    exact = [row for row in rows if row[0].upper() == wanted]
    return next(((row[0], row[1]) for row in (*exact, *rows)), None)


def organisation_names(connection: Connection, level: str) -> dict[str, str]:
    """The name of every `district` or `region` by its code."""
    table = _LEVEL_TABLES[level]
    rows = connection.execute(select(table.c[f"{level}_code"].label("code"), table.c.name))
    return {row.code: row.name for row in rows}


def _ever_in(district: str | None, region: str | None) -> ColumnElement[bool]:
    own = site_organizations.alias("ever")
    conditions = [
        own.c[f"{level}_code"] == code for level, code in (("district", district), ("region", region)) if code
    ]
    if not conditions:
        return true()
    return exists(select(1).where(own.c.site_id == sites.c.site_id, *conditions))


_BELONGING_COLUMNS = ("effective_from", "effective_to", "district_code", "region_code", "legal_entity")
_MASTER_COLUMNS = ("site_id", "name", "contract_type_text", "pl_category", "cog_segment", "business_segment")
_LEVEL_TABLES: dict[str, Table] = {"district": districts, "region": regions}
