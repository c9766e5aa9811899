"""The P&L of one site and year: twelve months in four scenarios, from published facts.

Source: Calculations, "Cells" and "Month kinds and trend".
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from enum import StrEnum

from shared_code.domain.errors import CalculationError
from shared_code.domain.flc import front_line_contribution
from shared_code.domain.internal_revenue import InternalRevenueSource
from shared_code.domain.ledger import Balance
from shared_code.domain.month_blend import PostedMonth, blend_month
from shared_code.domain.month_forecast import BudgetMonth, ForecastMonth, forecast_month
from shared_code.domain.months import MonthKind, last_day, month_kind
from shared_code.domain.pnl import cell
from shared_code.domain.pnl_components import (
    UNAVAILABLE,
    Component,
    FigureSource,
    Line,
    check_components,
    ledger_lines,
)
from shared_code.domain.pnl_rows import CELL_ROWS, Cell, PnlRow
from shared_code.domain.site_year_inputs import MonthBalances, SiteYearInputs

CALCULATION_VERSION = 1
"""Raised whenever a formula changes, so that what was stored by the old one is computed again."""


LARGEST_FIGURE = Decimal(10**12)
"""Cells lie between this and its negative: a ratio to a budget of next to nothing can give any figure."""


class Scenario(StrEnum):
    """The four families of cells."""

    BUDGET = "budget"
    ACTUAL = "actual"
    FORECAST = "forecast"
    TREND = "trend"


class DataStatus(StrEnum):
    """Whether all, some or none of the lines of a month could be computed.

    Source: Source side, "Run history, lineage, failure".
    """

    OK = "ok"
    PARTIAL = "partial"
    UNAVAILABLE = "unavailable"


@dataclass(frozen=True, slots=True)
class ScenarioMonth:
    """One site, month (`YYYY-MM`) and scenario: the cells of all rows with FLC, and the components of a line.

    The trend of a closed month is its actual, that of a later month its forecast: their components stand there and
    not here a second time. `internal_source` is set where internal revenue is forecast, `actual_through` is the last
    day with a recorded figure.
    """

    period: str
    scenario: Scenario
    kind: MonthKind
    cells: Mapping[PnlRow, Cell]
    components: Mapping[PnlRow, Sequence[Component]] = field(default_factory=dict)
    internal_source: InternalRevenueSource | None = None
    actual_through: date | None = None

    @property
    def status(self) -> DataStatus:
        """What could be computed."""
        missing = sum(value is None for row, value in self.cells.items() if row is not PnlRow.FLC)
        if not missing:
            return DataStatus.OK
        return DataStatus.UNAVAILABLE if missing == len(CELL_ROWS) else DataStatus.PARTIAL

    def check(self) -> None:
        """Raise CalculationError for a cell that cannot be kept, or unless components add up to their cell."""
        for row, value in self.cells.items():
            if value is not None and not -LARGEST_FIGURE < value < LARGEST_FIGURE:
                raise CalculationError(
                    f"{row} of {self.period} ({self.scenario}) is {value}; less than {LARGEST_FIGURE} can be kept",
                    field=row,
                    details={"period": self.period, "scenario": self.scenario.value},
                )
        for row, components in self.components.items():
            check_components(row, self.cells[row], components)


@dataclass(frozen=True, slots=True)
class SiteYearResult:
    """The months of a site and year in order, each in its scenarios.

    A month that has not begun has no actual. The others have all four scenarios.
    """

    site_id: str
    year: int
    months: tuple[ScenarioMonth, ...]


def compute_site_year(inputs: SiteYearInputs) -> SiteYearResult:
    """The P&L of a site and year as of the business date of `inputs`.

    Raises CalculationError for values from which no figure can be computed.

    Source: Calculations, "Order of dependencies".
    """
    months = [scenario for month in inputs.months for scenario in _scenarios(month, inputs)]
    return SiteYearResult(inputs.site_id, inputs.year, tuple(months))


def _scenarios(month: MonthBalances, inputs: SiteYearInputs) -> Iterator[ScenarioMonth]:
    """The scenarios of one month."""
    period, kind = month.period, month_kind(month.period, inputs.business_date)
    budget_lines = _ledger_lines(month.budget, inputs, FigureSource.BUDGET)
    posted_lines = _ledger_lines(month.posted, inputs, FigureSource.ACTUAL)
    budget = None if month.budget is None else BudgetMonth(period, month.budget, budget_lines)
    forecast = forecast_month(budget, inputs.terms)
    yield _scenario(period, Scenario.BUDGET, kind, budget_lines)
    predicted = _scenario(period, Scenario.FORECAST, kind, forecast.lines, forecast.internal_source)
    yield predicted
    if kind is MonthKind.FORECAST:
        yield replace(predicted, scenario=Scenario.TREND, components={})
        return
    through = last_day(period) if kind is MonthKind.ACTUAL and month.posted is not None else None
    actual = _scenario(period, Scenario.ACTUAL, kind, posted_lines, through=through)
    yield actual
    if kind is MonthKind.ACTUAL:
        yield replace(actual, scenario=Scenario.TREND, components={})
        return
    posted = None if month.posted is None else PostedMonth(month.posted, posted_lines)
    yield _running_month(inputs, budget, posted, forecast)


def _running_month(
    inputs: SiteYearInputs, budget: BudgetMonth | None, posted: PostedMonth | None, forecast: ForecastMonth
) -> ScenarioMonth:
    """The trend of the month of the business date."""
    blended = blend_month(inputs.business_date, budget, posted, forecast, inputs.recorded, inputs.terms)
    period = f"{inputs.business_date:%Y-%m}"
    return _scenario(
        period,
        Scenario.TREND,
        MonthKind.CURRENT,
        blended.lines,
        forecast.internal_source,
        through=blended.actual_through,
    )


def _ledger_lines(
    balances: Sequence[Balance] | None, inputs: SiteYearInputs, source: FigureSource
) -> Mapping[PnlRow, Line]:
    """The lines of published balances; all unavailable where the source was never published for the month."""
    return _NEVER_PUBLISHED if balances is None else ledger_lines(balances, inputs.account_names, source)


def _scenario(
    period: str,
    scenario: Scenario,
    kind: MonthKind,
    lines: Mapping[PnlRow, Line],
    internal_source: InternalRevenueSource | None = None,
    *,
    through: date | None = None,
) -> ScenarioMonth:
    """The cells of `lines`, each rounded once, and FLC from the cells.

    Source: Calculations, "Cells" and "FLC".
    """
    cells = {row: cell(lines[row].amount) for row in CELL_ROWS}
    cells[PnlRow.FLC] = front_line_contribution(cells)
    components = {row: line.components for row, line in lines.items() if line.components}
    return ScenarioMonth(period, scenario, kind, cells, components, internal_source, through)


_NEVER_PUBLISHED: Mapping[PnlRow, Line] = dict.fromkeys(CELL_ROWS, UNAVAILABLE)
