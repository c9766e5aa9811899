"""What a reader of forecast revenue has to know: figures that look too high or too low, and sources that are missing.

Source: REST API, "Warning codes".
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from shared_code.domain.months import add_months, months_between, period_of
from shared_code.domain.pnl import cell
from shared_code.domain.pnl_rows import CELL_ROWS, Cell, PnlRow
from shared_code.domain.rounding import ZERO
from shared_code.domain.site_month import ComputedMonth
from shared_code.domain.site_year import Scenario
from shared_code.services.forecast.monthly_warnings import no_budget
from shared_code.services.forecast.site_months import SiteMonths
from shared_code.services.forecast.warning_limits import limit
from shared_code.services.periods import Period
from shared_code.services.pnl_reading import FreshPnl
from shared_code.services.pnl_site_cells import OpenSite
from shared_code.services.pnl_table import ViewWarning
from shared_code.services.runtime import Runtime
from shared_code.settings import Settings

HISTORY_MONTHS: Final = 12


@dataclass(frozen=True, slots=True)
class TrendOfYears:
    """The trend of the years around a period, by month and row, without the year of the period itself."""

    cells: Mapping[tuple[str, PnlRow], Cell]

    def history(self, row: PnlRow, own: Mapping[str, Cell]) -> "RevenueHistory":
        """The figures of a row by month, with its `own` of the year of the period as far as they are known."""
        return RevenueHistory(
            {month: value for (month, of_row), value in self.cells.items() if of_row is row} | dict(own)
        )

    def history_of_months(self, row: PnlRow, months: SiteMonths) -> "RevenueHistory":
        """The same with the computed months from January to the end of the period."""
        own = {month.inputs.period: cell(month.trend_lines[row].amount) for month in months.from_january}
        return self.history(row, own)


NO_TREND: Final = TrendOfYears({})


@dataclass(frozen=True, slots=True)
class RevenueHistory:
    """The trend of one row by month (`YYYY-MM`); a month without a figure has none, or None."""

    figures: Mapping[str, Cell]

    def prior_year(self, month: str) -> Cell:
        """The same month of the year before."""
        return self.figures.get(add_months(month, -12))

    def month_before(self, month: str) -> Cell:
        """The month before."""
        return self.figures.get(add_months(month, -1))

    def average_before(self, business_month: str) -> Cell:
        """The mean of the last twelve closed months, of those that have a figure other than 0; None without any."""
        months = months_between(add_months(business_month, -HISTORY_MONTHS), add_months(business_month, -1))
        known = [value for month in months if (value := self.figures.get(month))]
        return sum(known, ZERO) / len(known) if known else None


def trend_of_years(runtime: Runtime, site: OpenSite, period: Period) -> TrendOfYears:
    """What the forecast revenue of `period` is held against; nothing is needed for a period that is closed.

    Figures that cannot be computed are left out: they only give warnings.
    """
    business_month = period_of(site.business_date)
    if period.months[-1] < business_month:
        return NO_TREND
    years = {period.year - 1, site.business_date.year - 1, site.business_date.year} - {period.year}
    pnl = FreshPnl(runtime, site.scope, years)
    with runtime.database.reading() as connection:
        found = pnl.months(connection, [Scenario.TREND], f"{min(years)}-01", f"{max(years)}-12")
        return TrendOfYears({(month.period, row): month.cells[row] for month in found for row in _REVENUE})


def revenue_warnings(
    row: PnlRow,
    field: str,
    figures: Mapping[str, Cell],
    history: RevenueHistory,
    business_month: str,
    settings: Settings,
) -> tuple[ViewWarning, ...]:
    """What is remarkable about the `figures` of a row by month, which answers show in `field`.

    Closed months are not forecast any more, so nothing is said of them.
    """
    open_months = {month: value for month, value in figures.items() if value is not None and month >= business_month}
    average = history.average_before(business_month)
    checks = [
        _Check("REVENUE_ABOVE_PRIOR_YEAR", _is_above_share, history.prior_year),
        _Check("REVENUE_ABOVE_HISTORY", _is_further_above, lambda _: average),
    ]
    if row is PnlRow.INTERNAL_REVENUE:
        before = RevenueHistory({**history.figures, **figures})
        checks.append(_Check("INTERNAL_REVENUE_SWING", _is_away, before.month_before))
    warnings = (check.warning(open_months, field, settings) for check in checks)
    return tuple(warning for warning in warnings if warning is not None)


def source_warnings(months: Sequence[ComputedMonth], shown: Mapping[str, Cell]) -> tuple[ViewWarning, ...]:
    """Months whose figure is unavailable because a source has not been published, and months without a budget."""
    warnings = []
    missing = [month for month, value in shown.items() if value is None]
    if missing:
        told = (
            f"Figures are missing in {_listed(missing)}, because their source has not been published; "
            "they appear with its next load"
        )
        warnings.append(ViewWarning("SOURCE_UNAVAILABLE", told, None, {"periods": missing}))
    empty = [
        month.inputs.period
        for month in months
        if month.inputs.budget is not None and not any(month.budget[row].amount for row in CELL_ROWS)
    ]
    if empty:
        warnings.append(no_budget(empty))
    return tuple(warnings)


@dataclass(frozen=True, slots=True)
class _Check:
    """A warning's code, the comparison, and what a month is compared with."""

    code: str
    is_remarkable: Callable[[Decimal, Decimal, Decimal], bool]
    comparison: Callable[[str], Cell]

    def warning(self, figures: Mapping[str, Decimal], field: str, settings: Settings) -> ViewWarning | None:
        """One warning about all the months that are remarkable."""
        percent = limit(settings, self.code)
        found = {
            month: against
            for month, value in figures.items()
            if (against := self.comparison(month)) and self.is_remarkable(value, against, percent)
        }
        if not found:
            return None
        sentence, details = _TOLD[self.code], dict[str, Any](periods=list(found), thresholdPercent=percent)
        if self.code == "REVENUE_ABOVE_PRIOR_YEAR":
            details["reasonRequested"] = True
        message = sentence.format(months=_listed(found), percent=f"{percent:f}")
        return ViewWarning(self.code, message, field, details)


def _is_above_share(value: Decimal, against: Decimal, percent: Decimal) -> bool:
    return against > 0 and value > against * percent / 100


def _is_further_above(value: Decimal, against: Decimal, percent: Decimal) -> bool:
    return against > 0 and value > against * (100 + percent) / 100


def _is_away(value: Decimal, against: Decimal, percent: Decimal) -> bool:
    return abs(value - against) > abs(against) * percent / 100


def _listed(months: Iterable[str]) -> str:
    return ", ".join(months)


_REVENUE: Final = (PnlRow.EXTERNAL_REVENUE, PnlRow.INTERNAL_REVENUE)

_TOLD: Final = {
    "REVENUE_ABOVE_PRIOR_YEAR": "Revenue of {months} is above {percent} % of the same month last year: "
    "check the drivers, and leave a note that says why",
    "REVENUE_ABOVE_HISTORY": "Revenue of {months} is more than {percent} % above the average of the last twelve "
    "closed months: check volumes and rates",
    "INTERNAL_REVENUE_SWING": "Internal revenue of {months} differs by more than {percent} % from the month before: "
    "check the contract terms, the drivers and the adjustments",
}
