"""What a reader of a P&L has to know: missing sources, a missing budget, an FLC to be reviewed.

Source: REST API, "Warning codes" and "P&L".
"""

from collections.abc import Iterable, Sequence

from shared_code.domain.months import MonthKind
from shared_code.domain.pnl_rows import CELL_ROWS, PnlRow
from shared_code.domain.site_year import Scenario
from shared_code.domain.variance import Variance
from shared_code.services.pnl_families import BUDGET, Family
from shared_code.services.pnl_table import LineValue, PnlLine, ViewWarning, line_code
from shared_code.settings import Settings

_CELL_CODES = frozenset(line_code(row) for row in CELL_ROWS)
_FLC_CODE = line_code(PnlRow.FLC)


def pnl_warnings(
    base: Family,
    comparison: Family | None,
    kinds: Sequence[MonthKind],
    lines: Sequence[PnlLine],
    settings: Settings,
) -> tuple[ViewWarning, ...]:
    """The warnings of a site's P&L whose columns are months of `kinds`."""
    warnings = data_warnings(base, comparison, kinds, lines)
    if comparison is not BUDGET:
        return warnings
    flc = next(line for line in lines if line.code == _FLC_CODE)
    review = review_warning(flc.total.variance, settings)
    return warnings if review is None else (*warnings, review)


def data_warnings(
    base: Family, comparison: Family | None, kinds: Sequence[MonthKind], lines: Sequence[PnlLine]
) -> tuple[ViewWarning, ...]:
    """What is missing in a P&L: cells of a source that failed, and a budget that nobody has loaded."""
    warnings = [
        _unavailable(base, kinds, lines, is_comparison=False),
        _without_budget(base, lines, is_comparison=False),
    ]
    if comparison is not None:
        warnings.append(_unavailable(comparison, kinds, lines, is_comparison=True))
        warnings.append(_without_budget(comparison, lines, is_comparison=True))
    return tuple(warning for warning in warnings if warning is not None)


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
        f"Figures of {family.name} are missing in {_listed(periods)}, because their source has not been published; "
        "they appear with its next load",
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
    if not periods:
        return None
    return ViewWarning(
        "NO_BUDGET",
        f"No budget is loaded for {_listed(periods)}; 0 is shown",
        None,
        {"periods": periods},
    )


def _figure(value: LineValue, *, is_comparison: bool) -> object:
    return value.comparison if is_comparison else value.value


def _listed(periods: Iterable[str]) -> str:
    return ", ".join(periods)
