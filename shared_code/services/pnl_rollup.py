"""The P&L of a district, a region, the company or a portfolio: the sum of the cells of its sites.

Source: REST API, "P&L" (GET /pl-view/rollup/{organizationLevel}/{organizationId}); Calculations, "Roll-up".
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from shared_code.clock import business_date
from shared_code.domain.months import MonthKind, months_of_year
from shared_code.domain.pnl import UnavailableCell, cell
from shared_code.domain.pnl_components import FigureSource
from shared_code.domain.pnl_rows import Cell, PnlRow
from shared_code.domain.site_scope import SiteScope
from shared_code.domain.site_year import Scenario
from shared_code.domain.variance import Variance, variance_of_row
from shared_code.errors import NotFoundError
from shared_code.services.periods import Period, require_available
from shared_code.services.pnl_families import (
    TREND,
    VIEWS,
    Family,
    comparison_named,
    default_comparison,
    family_named,
)
from shared_code.services.pnl_reading import FreshPnl
from shared_code.services.pnl_table import Column, PnlLine, SourceOf, ViewWarning, columns_of, kinds_of, pnl_lines
from shared_code.services.pnl_warnings import data_warnings
from shared_code.services.rollup_members import (
    PART_LEVELS,
    Level,
    Members,
    Organization,
    RollupFilters,
    find_organization,
    level_named,
    members_of,
)
from shared_code.services.rollup_sums import RollupSums
from shared_code.services.runtime import Runtime
from shared_code.services.variance_limits import limits_of
from shared_code.storage import pnl_results, site_history

SITES_NAMED = 100
"""Sites that a warning names at most."""


@dataclass(frozen=True, slots=True)
class FailedSite:
    """A site that could not be computed and is not in the sums."""

    site_id: str
    code: str


@dataclass(frozen=True, slots=True)
class OrganizationPart:
    """A region, district or site of an organisation over the whole period; `id` None: the sites that have none."""

    id: str | None
    name: str
    level: str
    flc: Cell
    flc_variance: Variance | None
    internal_revenue: Cell


@dataclass(frozen=True, slots=True)
class OrganizationPnl:
    """The P&L of an organisation. `sites_without_forecast` have the budget for their forecast internal revenue.

    `children` is one page of `children_total` parts in the order of their names, empty unless asked for.
    """

    organization_level: str
    organization_id: str
    name: str
    period: str
    view: str
    compare: str | None
    columns: tuple[Column, ...]
    lines: tuple[PnlLine, ...]
    site_count: int
    sites_without_forecast: tuple[str, ...]
    partial: bool
    failed_sites: tuple[FailedSite, ...]
    children: tuple[OrganizationPart, ...]
    children_total: int
    warnings: tuple[ViewWarning, ...]
    business_date: date


@dataclass(frozen=True, slots=True)
class PartsPage:
    """Which part of the children is asked for."""

    page: int = 1
    limit: int = 50


def organization_pnl(
    runtime: Runtime,
    scope: SiteScope,
    organization_level: str,
    organization_id: str,
    period: Period,
    *,
    view: str = TREND.name,
    compare: str | None = None,
    filters: RollupFilters | None = None,
    children: PartsPage | None = None,
) -> OrganizationPnl:
    """The sums over the sites of `scope` that belong to the organisation in the month concerned.

    What is behind is computed on the way. Raises InvalidInputError for a level, view or comparison that is not
    accepted, NotFoundError for an organisation that there is not or that has no site left after the filters
    (NOT_FOUND), for a period outside the horizon, or for a snapshot of which none is stored (PERIOD_NOT_AVAILABLE).
    """
    level = level_named(organization_level)
    organization = find_organization(runtime, level, organization_id)
    if organization is None:
        raise NotFoundError(f"There is no {level} {organization_id[:100]!r}", field="organizationId")
    today = business_date(runtime.clock, runtime.settings.business_time_zone)
    require_available(period, today)
    base = family_named(view, VIEWS, "view")
    comparison = default_comparison(base) if compare is None else comparison_named(compare, base, "compare")
    rollup = _Rollup(runtime, scope, organization, period, base, comparison, today)
    return rollup.answer(filters or RollupFilters(), children)


class _Rollup:
    """One roll-up: what is asked for."""

    def __init__(
        self,
        runtime: Runtime,
        scope: SiteScope,
        organization: Organization,
        period: Period,
        base: Family,
        comparison: Family | None,
        today: date,
    ) -> None:
        self._runtime = runtime
        self._scope = scope
        self._organization = organization
        self._period = period
        self._base = base
        self._comparison = comparison
        self._today = today
        self._shown = period.months
        self._months = base.months(self._shown)
        self._compared = None if comparison is None else comparison.months(self._shown)
        self._limits = limits_of(runtime.settings)

    def answer(self, filters: RollupFilters, children: PartsPage | None) -> OrganizationPnl:
        """The P&L of the organisation, with a page of its parts when that is asked for."""
        needed = {*self._months, *(self._compared or ()), *months_of_year(int(self._months[0][:4]))}
        members = members_of(self._runtime, self._scope, self._organization, needed, filters)
        counted = members.of_months(self._months)
        if not counted:
            raise NotFoundError(f"No site of {self._organization.name} is left to add up", field="organizationId")
        pnl = FreshPnl(self._runtime, SiteScope.of(members.of_months(needed)), {int(month[:4]) for month in needed})
        failed = {error.site_id: FailedSite(error.site_id, error.code) for error in pnl.errors}
        with self._runtime.database.reading() as connection:
            sums = RollupSums(pnl, connection, members, failed)
            lines, warnings = self._lines(sums)
            parts = [] if children is None else self._parts(sums, members)
            on_budget = pnl_results.sites_on_budget(
                connection, SiteScope.of(counted - failed.keys()), min(self._months), max(self._months)
            )
        return OrganizationPnl(
            self._organization.level.value,
            self._organization.id,
            self._organization.name,
            self._period.text,
            self._base.name,
            None if self._comparison is None else self._comparison.name,
            columns_of(self._shown, self._today),
            lines,
            len(counted),
            tuple(on_budget),
            bool(failed),
            tuple(failed[site_id] for site_id in sorted(failed)),
            _page(parts, children),
            len(parts),
            warnings,
            self._today,
        )

    def _lines(self, sums: RollupSums) -> tuple[tuple[PnlLine, ...], tuple[ViewWarning, ...]]:
        """The lines, and what is missing in them."""
        kinds = kinds_of(self._shown, self._today)
        base = sums.rows(self._base, self._months)
        compared = None
        if self._comparison is not None and self._compared is not None:
            compared = sums.rows(self._comparison, self._compared)
        lines = pnl_lines(
            columns_of(self._shown, self._today),
            kinds,
            base.rows,
            None if compared is None else compared.rows,
            sums.cumulative(self._months),
            self._source_of(),
            self._limits,
        )
        unavailable = {"value": base.unavailable, "comparison": () if compared is None else compared.unavailable}
        found = data_warnings(self._base, self._comparison, kinds, lines)
        return lines, tuple(_naming_sites(warning, unavailable) for warning in found)

    def _source_of(self) -> SourceOf:
        """Where a sum comes from: a column of several sites has one kind."""
        kinds = kinds_of(self._months, self._today)
        sources = [_SOURCES.get(self._base.scenario) or _TREND_SOURCES[kind] for kind in kinds]
        return lambda _, column: sources[column]

    def _parts(self, sums: RollupSums, members: Members) -> list[OrganizationPart]:
        """The parts of the organisation in the order of their names."""
        level = PART_LEVELS[self._organization.level]

        def part_of(site_id: str, month: str) -> str | None:
            if level is Level.SITE:
                return site_id
            belonging = members.sites[site_id].belonging(month)
            return None if belonging is None else getattr(belonging, level.value)

        compared: Mapping[str | None, Mapping[PnlRow, Cell]] = {}
        amounts = sums.parts(self._base, self._months, part_of)
        if self._comparison is not None and self._compared is not None:
            compared = sums.parts(self._comparison, self._compared, part_of)
        names = self._part_names(level, members)
        parts = [
            OrganizationPart(
                part,
                f"Without {level}" if part is None else names.get(part, part),
                level.value,
                cell(rows[PnlRow.FLC]),
                variance_of_row(
                    PnlRow.FLC, cell(rows[PnlRow.FLC]), cell(compared.get(part, {}).get(PnlRow.FLC)), self._limits
                ),
                cell(rows[PnlRow.INTERNAL_REVENUE]),
            )
            for part, rows in amounts.items()
        ]
        return sorted(parts, key=lambda part: (part.name.casefold(), part.id or ""))

    def _part_names(self, level: Level, members: Members) -> Mapping[str, str]:
        if level is Level.SITE:
            return {site_id: site.name for site_id, site in members.sites.items()}
        with self._runtime.database.reading() as connection:
            return site_history.organisation_names(connection, level.value)


def _page(parts: Sequence[OrganizationPart], page: PartsPage | None) -> tuple[OrganizationPart, ...]:
    if page is None:
        return ()
    start = (page.page - 1) * page.limit
    return tuple(parts[start : start + page.limit])


def _naming_sites(warning: ViewWarning, unavailable: Mapping[str, Sequence[UnavailableCell]]) -> ViewWarning:
    """A warning about missing cells, with the sites that lack them."""
    missing = unavailable.get(str(warning.details.get("side")), ())
    if not missing:
        return warning
    sites = sorted({part.site for part in missing if part.site is not None})
    return replace(warning, details={**warning.details, "siteCount": len(sites), "sites": sites[:SITES_NAMED]})


_SOURCES: Mapping[Scenario, FigureSource] = {
    Scenario.BUDGET: FigureSource.BUDGET,
    Scenario.ACTUAL: FigureSource.ACTUAL,
    Scenario.FORECAST: FigureSource.FORECAST,
}
_TREND_SOURCES = {
    MonthKind.ACTUAL: FigureSource.ACTUAL,
    MonthKind.CURRENT: FigureSource.TREND,
    MonthKind.FORECAST: FigureSource.FORECAST,
}
