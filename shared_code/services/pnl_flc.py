"""Front Line Contribution of one site: the figure, its budget, its parts and its running difference.

Source: REST API, "P&L" (GET /flc/{siteId}/{period}).
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from shared_code.domain.flc import flc_margin
from shared_code.domain.pnl_rows import Cell, PnlRow
from shared_code.domain.site_scope import SiteScope
from shared_code.domain.variance import Variance
from shared_code.services.periods import Period, PeriodType, require_available
from shared_code.services.pnl_families import BUDGET, TREND, VIEWS, family_named
from shared_code.services.pnl_site_cells import open_site
from shared_code.services.pnl_table import ViewWarning
from shared_code.services.pnl_view import SitePnl, pnl_of_families
from shared_code.services.pnl_warnings import needs_review
from shared_code.services.runtime import Runtime


@dataclass(frozen=True, slots=True)
class FlcComponents:
    """What FLC is made of, in dollars of the period; None where a line is unavailable."""

    internal_revenue: Cell
    payroll: Cell
    claims: Cell
    parking_rents: Cell
    other_expense: Cell
    pteb: Cell
    insurance: Cell


@dataclass(frozen=True, slots=True)
class FlcMonth:
    """FLC of one month, with the cumulative difference to budget from January to it."""

    period: str
    month: int
    flc: Cell
    flc_budget: Cell
    flc_variance: Variance | None
    flc_margin: Decimal | None
    cumulative_variance_ytd: Cell


@dataclass(frozen=True, slots=True)
class SiteFlc:
    """FLC of a site in a period. `flc_margin` in percent of internal revenue; `months` of a quarter or year only."""

    site_id: str
    site_name: str
    period: str
    period_type: str
    view: str
    flc: Cell
    flc_budget: Cell
    flc_variance: Variance | None
    flc_margin: Decimal | None
    cumulative_variance_ytd: Cell
    components: FlcComponents
    review_required: bool
    months: tuple[FlcMonth, ...]
    warnings: tuple[ViewWarning, ...]
    business_date: date


def site_flc(runtime: Runtime, scope: SiteScope, site_id: str, period: Period, *, view: str = TREND.name) -> SiteFlc:
    """FLC of a site of `scope` against its budget. Raises as `site_pnl`."""
    site = open_site(runtime, scope, site_id)
    require_available(period, site.business_date)
    pnl = pnl_of_families(runtime, site, period, family_named(view, VIEWS, "view"), BUDGET)
    flc, revenue = pnl.line(PnlRow.FLC).total, pnl.line(PnlRow.INTERNAL_REVENUE).total
    return SiteFlc(
        pnl.site_id,
        pnl.site_name,
        pnl.period,
        pnl.period_type,
        pnl.view,
        flc.value,
        flc.comparison,
        flc.variance,
        flc_margin(flc.value, revenue.value),
        pnl.line(PnlRow.FLC_TO_BUDGET_CUMULATIVE).total.value,
        _components(pnl),
        needs_review(flc.variance, runtime.settings),
        () if period.type is PeriodType.MONTH else _months(pnl),
        pnl.warnings,
        pnl.business_date,
    )


def _components(pnl: SitePnl) -> FlcComponents:
    return FlcComponents(**{name: pnl.line(PnlRow(name)).total.value for name in FlcComponents.__slots__})


def _months(pnl: SitePnl) -> tuple[FlcMonth, ...]:
    lines = (PnlRow.FLC, PnlRow.INTERNAL_REVENUE, PnlRow.FLC_TO_BUDGET_CUMULATIVE)
    columns = zip(*[pnl.line(row).values for row in lines], strict=True)
    return tuple(
        FlcMonth(
            flc.period,
            flc.month,
            flc.value,
            flc.comparison,
            flc.variance,
            flc_margin(flc.value, revenue.value),
            cumulative.value,
        )
        for flc, revenue, cumulative in columns
    )
