"""The stored cells and components that the P&L, FLC and variances of one site are read from.

Source: REST API, "P&L"; Data model, "Results and snapshots".
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfoNotFoundError

from shared_code.clock import business_date
from shared_code.domain.flc import cumulative_flc
from shared_code.domain.months import months_of_year
from shared_code.domain.pnl_rows import CELL_ROWS, Cell, PnlRow
from shared_code.domain.site_scope import SiteScope
from shared_code.domain.site_year import Scenario
from shared_code.errors import CalculationRefusedError, NotFoundError
from shared_code.services.frozen_figures import frozen_months
from shared_code.services.periods import Period
from shared_code.services.pnl_families import Family
from shared_code.services.pnl_reading import FreshPnl
from shared_code.services.runtime import Runtime
from shared_code.storage import sites
from shared_code.storage.pnl_results import StoredComponent, StoredMonth

SCENARIOS = tuple(Scenario)

CellKey = tuple[str, str]
"""Scenario and month."""

PartsKey = tuple[str, str, str]
"""Scenario, month and row."""


@dataclass(frozen=True, slots=True)
class OpenSite:
    """A site that a caller may see, and today's date there; `scope` is the site alone."""

    scope: SiteScope
    site_id: str
    name: str
    business_date: date


@dataclass(frozen=True, slots=True)
class SiteCells:
    """Everything stored that a P&L of one site needs, fresh as of `business_date`; `frozen` are cells of a snapshot."""

    business_date: date
    months: Mapping[CellKey, StoredMonth]
    components: Mapping[PartsKey, Sequence[StoredComponent]]
    frozen: Mapping[CellKey, StoredMonth]

    def parts(self, scenario: Scenario, month: str, row: PnlRow) -> Sequence[StoredComponent]:
        """The components of a row."""
        return self.components.get((scenario, month, row), ())

    def rows(self, family: Family, shown: Sequence[str]) -> dict[PnlRow, tuple[Cell, ...]]:
        """The cells of a family in the columns of the months `shown`; None where there are none."""
        known = self.months if family.snapshot is None else self.frozen
        found = [known.get((family.scenario, month)) for month in family.months(shown)]
        return {row: tuple(None if month is None else month.cells[row] for month in found) for row in CELL_ROWS}

    def flc(self, scenario: Scenario, months: Sequence[str]) -> list[Cell]:
        """FLC of each of `months`."""
        found = [self.months.get((scenario, month)) for month in months]
        return [None if month is None else month.cells[PnlRow.FLC] for month in found]

    def cumulative(self, months: Sequence[str]) -> list[Cell]:
        """FLC of the trend less that of the budget, summed from January to each of `months` (of one year).

        Source: Calculations, "FLC to budget, cumulative".
        """
        year = months_of_year(int(months[0][:4]))
        running = cumulative_flc(self.flc(Scenario.TREND, year), self.flc(Scenario.BUDGET, year))
        return [running[int(month[5:]) - 1] for month in months]


def open_site(runtime: Runtime, scope: SiteScope, site_id: str) -> OpenSite:
    """The site of this code in `scope`; raises NotFoundError (SITE_NOT_FOUND) when there is none."""
    own = scope.narrowed_to([site_id])
    with runtime.database.reading() as connection:
        site = sites.find(connection, own, site_id)
    if site is None:
        raise NotFoundError(
            f"There is no site {site_id}", code="SITE_NOT_FOUND", field="siteId", details={"providedValue": site_id}
        )
    return opened(runtime, site_id, site["name"], site["time_zone"])


def opened(runtime: Runtime, site_id: str, name: str, time_zone: str | None) -> OpenSite:
    """A site whose name and time zone are known, for somebody who may see it."""
    return OpenSite(SiteScope.of([site_id]), site_id, name, _today(runtime, time_zone))


def _today(runtime: Runtime, zone: str | None) -> date:
    """Today's date in `zone`; a site whose zone does not exist has the company's until it is refused for that."""
    company = runtime.settings.business_time_zone
    try:
        return business_date(runtime.clock, zone or company)
    except (ZoneInfoNotFoundError, ValueError):
        return business_date(runtime.clock, company)


def read_site_cells(runtime: Runtime, site: OpenSite, period: Period, families: Sequence[Family]) -> SiteCells:
    """The cells of `families` for `period`, with trend and budget of their years for the cumulative line.

    What is behind is computed. Raises CalculationRefusedError where the figures of the site cannot be, and
    NotFoundError (PERIOD_NOT_AVAILABLE) for a snapshot of which none is stored.
    """
    needed = [month for family in families for month in family.months(period.months)]
    years = {int(month[:4]) for month in needed}
    pnl = FreshPnl(runtime, site.scope, years)
    for error in pnl.errors:
        raise CalculationRefusedError(
            error.message, code=error.code, details={"siteId": error.site_id, "year": error.year}
        )
    first, last = f"{min(years)}-01", f"{max(years)}-12"
    components: defaultdict[PartsKey, list[StoredComponent]] = defaultdict(list)
    with runtime.database.reading() as connection:
        months = {(month.scenario, month.period): month for month in pnl.months(connection, SCENARIOS, first, last)}
        for part in pnl.components(connection, SCENARIOS, min(needed), max(needed)):
            components[part.scenario, part.period, part.line].append(part)
        frozen = {
            (month.scenario, month.period): month
            for family in families
            if family.snapshot is not None
            for month in frozen_months(connection, site.scope, family.snapshot, period.months)
        }
    return SiteCells(site.business_date, months, components, frozen)
