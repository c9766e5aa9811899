"""Checks of the stored P&L: no orphans, no version that was never given, and the sums of sites.

Source: Data model, "Results and snapshots"; Calculations, "Roll-up".
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    Select,
    String,
    and_,
    cast,
    exists,
    func,
    literal,
    or_,
    select,
)

from shared_code.domain import quality_rules as rules
from shared_code.domain.months import months_of_year
from shared_code.domain.pnl_rows import Cell, PnlRow
from shared_code.domain.site_scope import SiteScope
from shared_code.storage.database import within
from shared_code.storage.pnl_results import MEASURES
from shared_code.storage.quality.check import Check, Terms, offending
from shared_code.storage.tables.messages import cache_versions
from shared_code.storage.tables.organisation import districts, regions, site_organizations, sites
from shared_code.storage.tables.results import calculation_requests, pnl_results, pnl_site_years

SOURCE = "pnl_results"
"""What answers for breaches of our own data."""

_TAG = String(200)


def _results_without_site_year(terms: Terms) -> Select[Any]:  # noqa: ARG001 - of all times
    year = cast(func.substring(pnl_results.c.period, 1, 4, type_=String(4)), Integer())
    stamped = exists(select(1).where(pnl_site_years.c.site_id == pnl_results.c.site_id, pnl_site_years.c.year == year))
    return offending(
        pnl_results, SOURCE, site=pnl_results.c.site_id, period=pnl_results.c.period, field="pnl_site_years"
    ).where(~stamped)


def _site_years_without_results(terms: Terms) -> Select[Any]:  # noqa: ARG001 - of all times
    year = _year_of(pnl_site_years.c.year)
    stored = exists(
        select(1).where(
            pnl_results.c.site_id == pnl_site_years.c.site_id, pnl_results.c.period.between(year + "-01", year + "-12")
        )
    )
    return _of_site_years("pnl_results").where(~stored)


def _site_years_without_site(terms: Terms) -> Select[Any]:  # noqa: ARG001 - of all times
    return _of_site_years("sites").where(~exists(select(1).where(sites.c.site_id == pnl_site_years.c.site_id)))


def _of_site_years(field: str) -> Select[Any]:
    return offending(
        pnl_site_years, SOURCE, site=pnl_site_years.c.site_id, period=_year_of(pnl_site_years.c.year), field=field
    )


def _results_ahead(terms: Terms) -> Select[Any]:  # noqa: ARG001 - of all times
    known = _version_of(pnl_site_years.c.site_id, pnl_site_years.c.year)
    return _of_site_years("inputs_version").where(pnl_site_years.c.inputs_version > known)


def _requests_ahead(terms: Terms) -> Select[Any]:  # noqa: ARG001 - of all times
    request = calculation_requests.c
    return offending(
        calculation_requests, SOURCE, site=request.site_id, period=_year_of(request.year), field="computed_version"
    ).where(request.computed_version > _version_of(request.site_id, request.year))


def _version_of(site_id: ColumnElement[Any], year: ColumnElement[Any]) -> ColumnElement[Any]:
    """The version of the inputs of a site-year; 0 where nothing has ever been counted."""
    tag = literal("inputs:", _TAG) + site_id + literal(":", _TAG) + _year_of(year)
    version = select(cache_versions.c.version).where(cache_versions.c.tag == tag).scalar_subquery()
    return func.coalesce(version, 0)


def _year_of(year: ColumnElement[Any]) -> ColumnElement[Any]:
    return cast(year, String(4))


RESULT_CHECKS = (
    Check("pnl_results.site_year", SOURCE, rules.ORPHAN, _results_without_site_year),
    Check("pnl_site_years.results", SOURCE, rules.ORPHAN, _site_years_without_results),
    Check("pnl_site_years.site", SOURCE, rules.ORPHAN, _site_years_without_site),
    Check("pnl_site_years.version", SOURCE, rules.VERSION_AHEAD, _results_ahead),
    Check("calculation_requests.version", SOURCE, rules.VERSION_AHEAD, _requests_ahead),
)


@dataclass(frozen=True, slots=True)
class OrganisationMonth:
    """The stored cells of the members of an organisation in a month, added up; None where a member lacks its cell."""

    period: str
    members: int
    sums: Mapping[PnlRow, Cell]


def organisation_sums(
    connection: Connection, scope: SiteScope, level: str, code: str, scenario: str, year: int
) -> list[OrganisationMonth]:
    """The sums over the sites of `scope` that belong to `code` of `level` (`district`, `region` or `company`)."""
    table = pnl_results
    months = (
        select(table.c.period)
        .where(table.c.scenario == scenario, table.c.period.in_(months_of_year(year)))
        .distinct()
        .subquery("months")
    )
    cells = and_(table.c.site_id == sites.c.site_id, table.c.period == months.c.period, table.c.scenario == scenario)
    joined = sites.join(months, literal(1) == 1).outerjoin(table, cells)
    names = [measure.value for measure in MEASURES]
    rows = connection.execute(
        select(
            months.c.period,
            func.count().label("members"),
            *[func.sum(table.c[name], type_=table.c[name].type).label(name) for name in names],
            *[func.count(table.c[name]).label(f"known_{name}") for name in names],
        )
        .select_from(joined)
        .where(within(scope, sites.c.site_id), _belongs(level, code, months.c.period))
        .group_by(months.c.period)
        .order_by(months.c.period)
    ).mappings()
    return [
        OrganisationMonth(
            row["period"],
            row["members"],
            {PnlRow(name): row[name] if row[f"known_{name}"] == row["members"] else None for name in names},
        )
        for row in rows
    ]


def _belongs(level: str, code: str, month: ColumnElement[Any]) -> ColumnElement[bool]:
    if level == "company":
        return literal(1) == 1
    own = site_organizations
    return exists(
        select(1).where(
            own.c.site_id == sites.c.site_id,
            own.c[f"{level}_code"] == code,
            own.c.effective_from <= month,
            or_(own.c.effective_to.is_(None), own.c.effective_to >= month),
        )
    )


def organisations_with(connection: Connection, scope: SiteScope, level: str, month: str) -> list[str]:
    """The codes of the organisations of `level` (`district` or `region`) to which a site of `scope` belongs then."""
    code = {"district": districts.c.district_code, "region": regions.c.region_code}[level]
    own = site_organizations.c
    belongs = exists(
        select(1).where(
            own[f"{level}_code"] == code,
            within(scope, own.site_id),
            own.effective_from <= month,
            or_(own.effective_to.is_(None), own.effective_to >= month),
        )
    )
    return list(connection.scalars(select(code).where(belongs).order_by(code)))


__all__ = ["RESULT_CHECKS", "SOURCE", "OrganisationMonth", "organisation_sums", "organisations_with"]
