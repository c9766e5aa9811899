"""What a reader of a P&L has to know: missing sources, a missing budget, an FLC to be reviewed.

Source: REST API, "Warning codes" and "P&L".
"""

from collections.abc import Iterable, Sequence

from shared_code.domain.months import MonthKind
from shared_code.domain.pnl_rows import CELL_ROWS, EXPENSE_ROWS, PnlRow
from shared_code.domain.site_year import DataStatus, Scenario
from shared_code.domain.variance import Variance
from shared_code.services.forecast.monthly_warnings import no_budget
from shared_code.services.pnl_families import BUDGET, Family
from shared_code.services.pnl_site_cells import SiteCells
from shared_code.services.pnl_table import LineValue, PnlLine, ViewWarning, line_code
from shared_code.settings import Settings
from shared_code.storage.pnl_results import StoredMonth

_REASONS = {
    False: ", because their source has not been published; they appear with its next load",
    True: ": the snapshot does not hold them",
}
"""Why cells are missing: of stored figures, and of frozen ones."""

_CELL_CODES = frozenset(line_code(row) for row in CELL_ROWS)
_FLC_CODE = line_code(PnlRow.FLC)


def pnl_warnings(
    base: Family,
    comparison: Family | None,
    kinds: Sequence[MonthKind],
    lines: Sequence[PnlLine],
    cells: SiteCells,
    settings: Settings,
) -> tuple[ViewWarning, ...]:
    """The warnings of a site's P&L whose columns are months of `kinds`."""
    shown = [value.period for value in lines[0].values]
    warnings: list[ViewWarning | None] = [*data_warnings(base, comparison, kinds, lines)]
    warnings.append(missing_rates(base, shown, cells))
    if comparison is BUDGET:
        flc = next(line for line in lines if line.code == _FLC_CODE)
        warnings.append(review_warning(flc.total.variance, settings))
    return tuple(warning for warning in warnings if warning is not None)


def data_warnings(
    base: Family, comparison: Family | None, kinds: Sequence[MonthKind], lines: Sequence[PnlLine]
) -> tuple[ViewWarning, ...]:
    """What is missing in a P&L: cells of a source that failed, a budget that nobody has loaded, revenue to expenses."""
    warnings = [
        _unavailable(base, kinds, lines, is_comparison=False),
        _without_budget(base, lines, is_comparison=False),
    ]
    if comparison is not None:
        warnings.append(_unavailable(comparison, kinds, lines, is_comparison=True))
        warnings.append(_without_budget(comparison, lines, is_comparison=True))
    warnings.append(_without_revenue(base, kinds, lines))
    return tuple(warning for warning in warnings if warning is not None)


def missing_rates(base: Family, shown: Sequence[str], cells: SiteCells) -> ViewWarning | None:
    """The months `shown` whose payroll is incomplete, because hours of some job codes have no rate.

    Source: Calculations, "Payroll forecast".
    """
    incomplete = {
        period: month
        for period, month in zip(shown, base.months(shown), strict=True)
        if _is_incomplete(cells.months.get((base.scenario, month)))
    }
    if not incomplete:
        return None
    codes = {
        code
        for month in incomplete.values()
        for part in cells.parts(Scenario.FORECAST, month, PnlRow.PAYROLL)
        for code in (part.detail or {}).get("missingRates", "").split(", ")
        if code
    }
    named = f" of {_listed(sorted(codes))}" if codes else ""
    return ViewWarning(
        "MISSING_RATE",
        f"Hours{named} have no rate, so payroll of {_listed(incomplete)} is incomplete: calculate or enter the rates",
        line_code(PnlRow.PAYROLL),
        {"periods": list(incomplete), "jobCodes": sorted(codes)},
    )


def needs_review(variance: Variance | None, settings: Settings) -> bool:
    """Whether an FLC variance is so large that somebody has to look at it.

    Source: REST API, "P&L".
    """
    if variance is None:
        return False
    is_large_share = variance.percent is not None and abs(variance.percent) > settings.flc_review_percent
    return is_large_share or abs(variance.amount) > settings.flc_review_amount


def review_warning(variance: Variance | None, settings: Settings) -> ViewWarning | None:
    """The warning of an FLC variance to be reviewed; None for a smaller one."""
    if variance is None or not needs_review(variance, settings):
        return None
    return ViewWarning(
        "FLC_REVIEW",
        f"FLC differs from budget by {variance.amount}: find out why and leave a note",
        _FLC_CODE,
        {"amount": variance.amount, "percent": variance.percent},
    )


def _unavailable(
    family: Family, kinds: Sequence[MonthKind], lines: Sequence[PnlLine], *, is_comparison: bool
) -> ViewWarning | None:
    """The cells that a source failed for; a month that has not begun has no actual, and nothing failed."""
    missing = {
        (value.period, line.code)
        for line in lines
        if line.code in _CELL_CODES
        for value, kind in zip(line.values, kinds, strict=True)
        if _figure(value, is_comparison=is_comparison) is None
        if not (family.scenario is Scenario.ACTUAL and kind is MonthKind.FORECAST)
    }
    if not missing:
        return None
    periods = sorted({period for period, _ in missing})
    return ViewWarning(
        "SOURCE_UNAVAILABLE",
        f"Figures of {family.name} are missing in {_listed(periods)}{_REASONS[family.snapshot is not None]}",
        None,
        {
            "side": "comparison" if is_comparison else "value",
            "periods": periods,
            "lines": sorted({code for _, code in missing}),
        },
    )


def _without_budget(family: Family, lines: Sequence[PnlLine], *, is_comparison: bool) -> ViewWarning | None:
    """The months in which every line of a published budget is 0."""
    if family is not BUDGET:
        return None
    cells = [line for line in lines if line.code in _CELL_CODES]
    columns = zip(*[line.values for line in cells], strict=True)
    periods = [
        values[0].period
        for values in columns
        if all(_figure(value, is_comparison=is_comparison) == 0 for value in values)
    ]
    return no_budget(periods) if periods else None


def _without_revenue(base: Family, kinds: Sequence[MonthKind], lines: Sequence[PnlLine]) -> ViewWarning | None:
    """The months shown in which there is expense, but no revenue at all.

    What is posted of a month before it is closed says nothing: its revenue comes last.
    """
    by_code = {line.code: line.values for line in lines}
    revenue = [by_code[line_code(row)] for row in (PnlRow.EXTERNAL_REVENUE, PnlRow.INTERNAL_REVENUE)]
    expenses = [by_code[line_code(row)] for row in EXPENSE_ROWS]
    periods = [
        earned[0].period
        for kind, earned, spent in zip(kinds, zip(*revenue, strict=True), zip(*expenses, strict=True), strict=True)
        if base.scenario is not Scenario.ACTUAL or kind is MonthKind.ACTUAL
        if all(value.value == 0 for value in earned) and any(value.value for value in spent)
    ]
    if not periods:
        return None
    return ViewWarning(
        "ZERO_REVENUE_WITH_EXPENSE",
        f"{_listed(periods)} has expenses, but no revenue: check whether a source or a forecast is missing",
        None,
        {"periods": periods},
    )


def _is_incomplete(month: StoredMonth | None) -> bool:
    """Whether all cells are there, and yet not all of what belongs to them."""
    return month is not None and month.status is DataStatus.PARTIAL and None not in month.cells.values()


def _figure(value: LineValue, *, is_comparison: bool) -> object:
    return value.comparison if is_comparison else value.value


def _listed(periods: Iterable[str]) -> str:
    return ", ".join(periods)
