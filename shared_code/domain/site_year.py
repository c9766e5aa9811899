"""The P&L of one site and year: twelve months in four scenarios, from published facts and saved values.

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
from shared_code.domain.months import MonthKind, last_day
from shared_code.domain.pnl import cell
from shared_code.domain.pnl_components import Component, Line, check_components
from shared_code.domain.pnl_rows import CELL_ROWS, Cell, PnlRow
from shared_code.domain.site_month import ComputedMonth, carry, compute_month
from shared_code.domain.site_year_inputs import SiteYearInputs
from shared_code.domain.trend_figures import TrendFigures, carried_figures

CALCULATION_VERSION = 4
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
    day with a recorded figure. It `is_incomplete` when hours of payroll have no rate.
    """

    period: str
    scenario: Scenario
    kind: MonthKind
    cells: Mapping[PnlRow, Cell]
    components: Mapping[PnlRow, Sequence[Component]] = field(default_factory=dict)
    internal_source: InternalRevenueSource | None = None
    actual_through: date | None = None
    is_incomplete: bool = False

    @property
    def status(self) -> DataStatus:
        """What could be computed."""
        missing = sum(value is None for row, value in self.cells.items() if row is not PnlRow.FLC)
        if not missing:
            return DataStatus.PARTIAL if self.is_incomplete else DataStatus.OK
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

    A month that has not begun has no actual. The others have all four scenarios. `profits` are the trend figures that
    the profit share of a management agreement accumulates, by month, in unrounded dollars.
    """

    site_id: str
    year: int
    months: tuple[ScenarioMonth, ...]
    profits: Mapping[str, Decimal] = field(default_factory=dict)


def compute_site_year(inputs: SiteYearInputs) -> SiteYearResult:
    """The P&L of a site and year as of the business date of `inputs`.

    The months are computed in order, because shares and caps accumulate over the earlier ones. Raises CalculationError
    for values from which no figure can be computed.

    Source: Calculations, "Order of dependencies".
    """
    trend = carried_figures(inputs.carried)
    months = [scenario for month in _months_in_order(inputs, trend) for scenario in _scenarios(month)]
    return SiteYearResult(inputs.site_id, inputs.year, tuple(months), trend.profits)


def computed_months(inputs: SiteYearInputs) -> Iterator[ComputedMonth]:
    """The months of a site and year in order, each with how its figures came about. Raises as `compute_site_year`."""
    return _months_in_order(inputs, carried_figures(inputs.carried))


def _months_in_order(inputs: SiteYearInputs, trend: TrendFigures) -> Iterator[ComputedMonth]:
    """The months of `inputs`, each added to the `trend` that the later ones accumulate."""
    if inputs.contract_problem is not None:
        raise CalculationError(inputs.contract_problem, field="contract")
    for month in inputs.earlier:
        carry(compute_month(month, inputs, trend), trend, is_of_earlier_year=True)
    for month in inputs.months:
        computed = compute_month(month, inputs, trend)
        carry(computed, trend)
        yield computed


def _scenarios(month: ComputedMonth) -> Iterator[ScenarioMonth]:
    """The scenarios of one month."""
    period, kind = month.inputs.period, month.kind
    incomplete = bool(month.missing_rates)
    yield _scenario(period, Scenario.BUDGET, kind, month.budget)
    predicted = _scenario(period, Scenario.FORECAST, kind, month.forecast, month.internal_source, incomplete=incomplete)
    yield predicted
    if kind is MonthKind.FORECAST:
        yield replace(predicted, scenario=Scenario.TREND, components={})
        return
    through = last_day(period) if kind is MonthKind.ACTUAL and month.inputs.posted is not None else None
    actual = _scenario(period, Scenario.ACTUAL, kind, month.posted, through=through)
    yield actual
    if kind is MonthKind.ACTUAL:
        yield replace(actual, scenario=Scenario.TREND, components={})
        return
    yield _scenario(
        period,
        Scenario.TREND,
        kind,
        month.trend,
        month.internal_source,
        through=month.actual_through,
        # Hours of days that have been paid need no rate.
        incomplete=month.blend_lacks_rates,
    )


def _scenario(
    period: str,
    scenario: Scenario,
    kind: MonthKind,
    lines: Mapping[PnlRow, Line],
    internal_source: InternalRevenueSource | None = None,
    *,
    through: date | None = None,
    incomplete: bool = False,
) -> ScenarioMonth:
    """The cells of `lines`, each rounded once, and FLC from the cells.

    Source: Calculations, "Cells" and "FLC".
    """
    cells = {row: cell(lines[row].amount) for row in CELL_ROWS}
    cells[PnlRow.FLC] = front_line_contribution(cells)
    components = {row: line.components for row, line in lines.items() if line.components}
    return ScenarioMonth(period, scenario, kind, cells, components, internal_source, through, incomplete)
