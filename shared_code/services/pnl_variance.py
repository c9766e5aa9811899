"""The variance of one site's P&L against budget, another scenario or an earlier period.

Source: REST API, "P&L" (GET /pl-view/{siteId}/variance/{comparisonType}).
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from shared_code.domain.months import period_of
from shared_code.domain.pnl_rows import Cell, PnlRow
from shared_code.domain.revenue_drivers import RevenueMonth, revenue_drivers
from shared_code.domain.rounding import ZERO
from shared_code.domain.site_scope import SiteScope
from shared_code.domain.variance import Variance
from shared_code.errors import InvalidInputError
from shared_code.services.periods import Period, month_period, require_available
from shared_code.services.pnl_families import BASES, TREND, Family, comparison_named, family_named
from shared_code.services.pnl_parts import read_parts
from shared_code.services.pnl_site_cells import OpenSite, open_site
from shared_code.services.pnl_table import PnlLine, ViewWarning, line_code
from shared_code.services.pnl_view import pnl_of_families
from shared_code.services.pnl_warnings import needs_review
from shared_code.services.runtime import Runtime

SORTS: Final = ("line", "amount")
"""In the order of the P&L, or the largest difference first."""


UNALLOCATED: Final = "unallocated"
"""The category of what no category of vehicles accounts for."""


@dataclass(frozen=True, slots=True)
class VarianceLine:
    """One line over the whole period; None with an unavailable part."""

    code: str
    name: str
    base: Cell
    comparison: Cell
    variance: Variance | None


@dataclass(frozen=True, slots=True)
class Driver:
    """What volume, rate and adjustments of a category do to external revenue, in dollars.

    `category` is `unallocated` for the part that no category accounts for.
    """

    category: str
    volume_effect: Decimal
    rate_effect: Decimal
    adjustment_effect: Decimal


@dataclass(frozen=True, slots=True)
class VarianceSummary:
    """How many lines of the P&L are favorable and unfavorable, and the variance of FLC."""

    favorable: int
    unfavorable: int
    flc: Variance | None
    review_required: bool


@dataclass(frozen=True, slots=True)
class SiteVariance:
    """The variance of a site's P&L in a period.

    The effects of the `drivers` add up to the amount of external revenue; there are none where that is unavailable.
    """

    site_id: str
    period: str
    base: str
    comparison_type: str
    lines: tuple[VarianceLine, ...]
    drivers: tuple[Driver, ...]
    summary: VarianceSummary
    warnings: tuple[ViewWarning, ...]
    business_date: date


def site_variance(
    runtime: Runtime,
    scope: SiteScope,
    site_id: str,
    comparison_type: str,
    period: Period | None = None,
    *,
    base: str = TREND.name,
    threshold: Decimal | None = None,
    sort: str = "line",
    snapshot_id: str | None = None,
) -> SiteVariance:
    """The P&L of a site of `scope` against `comparison_type`; `period` None is the month of the business date.

    `threshold` (percent points) leaves out lines whose variance is smaller or has no percent. `snapshot_id` None is the
    latest snapshot, where one is compared with. Raises as `site_pnl`, InvalidInputError also for a comparison with the
    base itself, NotFoundError (PERIOD_NOT_AVAILABLE) also for a snapshot of which none is stored.
    """
    site = open_site(runtime, scope, site_id)
    shown = month_period(period_of(site.business_date)) if period is None else period
    require_available(shown, site.business_date)
    base_family = family_named(base, BASES, "base")
    comparison = comparison_named(comparison_type, base_family, "comparisonType", snapshot_id)
    if sort not in SORTS:
        raise InvalidInputError(
            f"{sort[:100]!r} is not accepted for sort; accepted are {', '.join(SORTS)}",
            field="sort",
            details={"providedValue": sort[:100], "accepted": list(SORTS)},
        )
    pnl = pnl_of_families(runtime, site, shown, base_family, comparison)
    compared = [pnl.line(row) for row in PnlRow if row is not PnlRow.FLC_TO_BUDGET_CUMULATIVE]
    lines = [_line(line) for line in compared if threshold is None or _reaches(line.total.variance, threshold)]
    if sort == "amount":
        lines.sort(key=_size, reverse=True)
    known = [line.total.variance for line in compared if line.total.variance is not None]
    favorable = sum(variance.favorable for variance in known)
    flc = pnl.line(PnlRow.FLC).total.variance
    return SiteVariance(
        pnl.site_id,
        pnl.period,
        base_family.name,
        comparison.name,
        tuple(lines),
        _drivers(runtime, site, shown, base_family, comparison, pnl.line(PnlRow.EXTERNAL_REVENUE)),
        VarianceSummary(favorable, len(known) - favorable, flc, needs_review(flc, runtime.settings)),
        pnl.warnings,
        pnl.business_date,
    )


def _drivers(
    runtime: Runtime, site: OpenSite, period: Period, base: Family, comparison: Family, revenue: PnlLine
) -> tuple[Driver, ...]:
    """The effects behind the difference of external revenue, month by month and then added up."""
    nets = [(value.value, value.comparison) for value in revenue.values]
    known = [(net, compared) for net, compared in nets if net is not None and compared is not None]
    if len(known) < len(nets):
        return ()
    ours, theirs = base.months(period.months), comparison.months(period.months)
    parts = read_parts(runtime, site, [(base, ours), (comparison, theirs)])
    pairs = [
        (
            RevenueMonth(net, parts.categories(base, month)),
            RevenueMonth(compared, parts.categories(comparison, compared_month)),
        )
        for (net, compared), month, compared_month in zip(known, ours, theirs, strict=True)
    ]
    return tuple(
        Driver(
            UNALLOCATED if driver.category is None else line_code(driver.category),
            driver.volume_effect,
            driver.rate_effect,
            driver.adjustment_effect,
        )
        for driver in revenue_drivers(pairs)
    )


def _line(line: PnlLine) -> VarianceLine:
    return VarianceLine(line.code, line.name, line.total.value, line.total.comparison, line.total.variance)


def _reaches(variance: Variance | None, threshold: Decimal) -> bool:
    return variance is not None and variance.percent is not None and abs(variance.percent) >= threshold


def _size(line: VarianceLine) -> Decimal:
    return ZERO if line.variance is None else abs(line.variance.amount)
