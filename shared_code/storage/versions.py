"""Versions of what others depend on: the inputs of a site-year's P&L, and cached answers.

Source: Data model, "Results and snapshots" (inputs version) and "Audit, messages, leases, cache".
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, Connection, Select, bindparam, case, func, or_, select, union, update

from shared_code.domain.accumulation import Accumulation
from shared_code.domain.contract import ClaimsType
from shared_code.domain.site_scope import SiteScope
from shared_code.sql.bulk import insert_rows
from shared_code.sql.lists import in_list
from shared_code.storage.tables.contracts import contract_management, contract_shares, contracts
from shared_code.storage.tables.messages import cache_versions

SiteYear = tuple[str, int]

AnswerVersions = tuple[int, int]
"""How often a site, or any site, and what all sites share were changed."""

SITE_TAGS = "site:"
"""What the tags of sites begin with."""

SHARED_TAG = "shared"
"""The tag of what all sites share: organisation, job codes, categories, snapshots, mappings."""


def inputs_tag(site_id: str, year: int) -> str:
    """The tag that counts the changes of what the P&L of a site-year is computed from."""
    return f"inputs:{site_id}:{year}"


def site_tag(site_id: str) -> str:
    """The tag that counts the changes of anything that an answer about a site may show."""
    return f"{SITE_TAGS}{site_id}"


def answer_versions(connection: Connection, site_id: str | None) -> AnswerVersions:
    """What an answer about a site, or about any number of sites (None), depends on: two counters that only grow.

    The first counts the changes of the site or of all sites, the second those of what all sites share.
    """
    if site_id is None:
        of_sites, shared = connection.execute(_OF_ALL_SITES).one()
    else:
        of_sites, shared = connection.execute(_OF_A_SITE, {"tag": site_tag(site_id)}).one()
    return int(of_sites), int(shared)


def _counters(tags: ColumnElement[bool]) -> Select[int, int]:
    """The sum of the versions of `tags`, and the version of what all sites share."""
    shared, version = cache_versions.c.tag == SHARED_TAG, cache_versions.c.version
    return select(
        func.coalesce(func.sum(case((shared, 0), else_=version)), 0),
        func.coalesce(func.sum(case((shared, version), else_=0)), 0),
    ).where(or_(tags, shared))


# Every read needs one of the two: built once, they take a third of the time.
_OF_A_SITE: Final = _counters(cache_versions.c.tag == bindparam("tag", type_=cache_versions.c.tag.type))
_OF_ALL_SITES: Final = _counters(cache_versions.c.tag.like(f"{SITE_TAGS}%"))


def raise_inputs_versions(connection: Connection, site_years: Iterable[SiteYear], now: datetime) -> dict[SiteYear, int]:
    """Count one change of the inputs of all `years_concerned` by `site_years`, and say which versions that made.

    Belongs into the transaction that changes the inputs.
    """
    by_tag = {inputs_tag(*site_year): site_year for site_year in years_concerned(connection, site_years)}
    raise_versions(connection, {*by_tag, *{site_tag(site_id) for site_id, _ in by_tag.values()}}, now)
    return {by_tag[tag]: version for tag, version in versions_of(connection, by_tag).items()}


def years_concerned(connection: Connection, site_years: Iterable[SiteYear]) -> set[SiteYear]:
    """`site_years`, and the next year of the sites in whose contract a share or a cap accumulates by anniversary.

    Source: Data model, "Results and snapshots" (inputs version).
    """
    changed = set(site_years)
    if not changed:
        return changed
    of_sites = contracts.c.is_active, in_list(contracts.c.site_id, {site_id for site_id, _ in changed})
    by_anniversary = union(
        select(contracts.c.site_id)
        .join(contract_shares, contract_shares.c.contract_id == contracts.c.contract_id)
        .where(*of_sites, contract_shares.c.accumulation == Accumulation.ANNUAL_ANNIVERSARY.value),
        select(contracts.c.site_id)
        .join(contract_management, contract_management.c.contract_id == contracts.c.contract_id)
        .where(*of_sites, contract_management.c.claims_type == ClaimsType.ANNUAL_ANNIVERSARY.value),
    )
    carrying = set(connection.scalars(by_anniversary))
    return changed | {(site_id, year + 1) for site_id, year in changed if site_id in carrying}


def inputs_versions(connection: Connection, scope: SiteScope, site_years: Iterable[SiteYear]) -> dict[SiteYear, int]:
    """The version of the inputs of each site-year in `scope`; 0 where nothing has ever been counted."""
    by_tag = {inputs_tag(*site_year): site_year for site_year in site_years if scope.covers(site_year[0])}
    found = versions_of(connection, by_tag)
    return {site_year: found.get(tag, 0) for tag, site_year in by_tag.items()}


def raise_versions(connection: Connection, tags: Iterable[str], now: datetime) -> None:
    """Raise the version of every tag by one; a tag never seen before becomes version 1."""
    wanted = set(tags)
    if not wanted:
        return
    connection.execute(
        update(cache_versions)
        .where(in_list(cache_versions.c.tag, wanted))
        .values(version=cache_versions.c.version + 1, updated_at=now)
    )
    known = connection.scalars(select(cache_versions.c.tag).where(in_list(cache_versions.c.tag, wanted)))
    new = sorted(wanted.difference(known))
    insert_rows(connection, cache_versions, ("tag", "version", "updated_at"), [(tag, 1, now) for tag in new])


def versions_of(connection: Connection, tags: Iterable[str]) -> dict[str, int]:
    """The version of every tag that has one."""
    rows = connection.execute(
        select(cache_versions.c.tag, cache_versions.c.version).where(in_list(cache_versions.c.tag, tags))
    )
    return {row.tag: row.version for row in rows}
