"""The lines of the P&L before they become cells, and the components that add up to them.

Source: Data model, "Precision" and "Results and snapshots".
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_DOWN, Context, Decimal
from enum import StrEnum
from operator import attrgetter

from shared_code.domain.errors import CalculationError
from shared_code.domain.ledger import Balance
from shared_code.domain.pnl_lines import line_amount
from shared_code.domain.pnl_rows import CELL_ROWS, ROW_LABELS, Cell, PnlRow
from shared_code.domain.rounding import MILLIONTH, ZERO, money, round_half_up

_CUT = Context(prec=60, rounding=ROUND_DOWN)


class FigureSource(StrEnum):
    """Where a figure of the P&L comes from.

    Source: REST API, "Shapes used in several places".
    """

    ACTUAL = "actual"
    FORECAST = "forecast"
    BUDGET = "budget"
    TREND = "trend"
    """Actual days together with others."""
    MIXED = "mixed"
    """Saved and budget values together."""
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Component:
    """One addend of a line in dollars (rooms in the statistic row).

    `code` is the number of an account, or names a part of a formula. `source` is None for what a formula gives, whose
    inputs are then in `detail`.
    """

    code: str
    label: str
    amount: Decimal
    source: FigureSource | None = None
    detail: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """A row of one month: its unrounded figure, None where a source could not be read, and what it is made of."""

    amount: Decimal | None
    components: tuple[Component, ...] = ()

    @property
    def source(self) -> FigureSource:
        """Where the figure comes from: what its components share, else `mixed`; a formula is a forecast."""
        return common_source((component.code, component.source) for component in self.components)


UNAVAILABLE = Line(None)
"""A line that a source failed for."""

NOTHING = Line(ZERO)
"""A line that is 0 by rule."""

BUDGET = "budget"
"""Component of a line that is the budget of its row as it stands, because nothing is saved."""

ACTUAL_DAYS = "actual_days"
FORECAST_DAYS = "forecast_days"
"""Components of a blended line: the recorded days, and the forecast of those after them."""

ADJUSTMENT = "adjustment"
"""Component that adjusts a calculated revenue: by percent, or by an amount that a user entered."""

OVERRIDE = "override"
"""Component of external revenue that a user replaced."""

PAYROLL_RATIO = "payroll_ratio"
"""Component of PTEB: payroll at the ratio of the budget."""

PAYROLL_PERCENT = "payroll_percent"
VEHICLE_INSURANCE = "vehicle_insurance"
"""Components of insurance: percent of payroll, and the budget of vehicle insurance."""

HOURLY_COST = "hourly_cost"
SALARIED_COST = "salaried_cost"
"""Components of payroll: saved and budget hours at their rates, and salaries."""

FORMULA_PARTS = frozenset(
    {
        BUDGET,
        ACTUAL_DAYS,
        FORECAST_DAYS,
        PAYROLL_RATIO,
        PAYROLL_PERCENT,
        VEHICLE_INSURANCE,
        HOURLY_COST,
        SALARIED_COST,
    }
)
"""Components that are parts of a formula; the component of an expense line is an account otherwise."""


def common_source(parts: Iterable[tuple[str, FigureSource | str | None]]) -> FigureSource:
    """The source of a figure that is made of `parts`, each with its code and its source.

    An override is a saved figure, whatever it replaces; a part without a source of its own (`none`) has no say.

    Source: REST API, "Shapes used in several places".
    """
    known = list(parts)
    if any(code == OVERRIDE for code, _ in known):
        return FigureSource.FORECAST
    found = {source or FigureSource.FORECAST for _, source in known} - {FigureSource.NONE}
    if not found:
        return FigureSource.FORECAST
    return FigureSource(found.pop()) if len(found) == 1 else FigureSource.MIXED


def ledger_lines(
    balances: Iterable[Balance], account_names: Mapping[str, str], source: FigureSource
) -> dict[PnlRow, Line]:
    """Every row that has cells, made of its accounts in the order of their numbers; 0 where there is no balance.

    `balances` holds one entry an account. Accounts of no row count nowhere.

    Source: Calculations, "Ledger figures".
    """
    accounts: dict[str, list[Component]] = {row: [] for row in CELL_ROWS}
    for entry in balances:
        parts = accounts.get(entry.line)
        if parts is not None:
            name = account_names.get(entry.account, entry.account)
            parts.append(Component(entry.account, name, line_amount(entry.line, entry.balance), source))
    lines = {}
    for row in CELL_ROWS:
        parts = sorted(accounts[row], key=_CODE_OF)
        lines[row] = Line(sum([part.amount for part in parts], ZERO), tuple(parts)) if parts else NOTHING
    return lines


def budget_part(row: PnlRow, amount: Decimal) -> Component:
    """The component of a line that is the budget of its row as it stands."""
    return Component(BUDGET, f"Budget: {ROW_LABELS[row]}", amount, FigureSource.BUDGET)


def line_of_parts(amount: Decimal, parts: Sequence[Component]) -> Line:
    """A line whose `parts` may have any number of decimals: they are cut to the 6 with which they are kept.

    Where the cut parts would not add up to what rounds to the cell of `amount`, the last one takes what cutting leaves.

    Source: Data model, "Precision".
    """
    amounts = [_cut(part.amount) for part in parts]
    total = sum(amounts, ZERO)
    if money(total) != money(amount):
        amounts[-1] += _cut(amount) - total
    kept = zip(parts, amounts, strict=True)
    return Line(amount, tuple([Component(part.code, part.label, cut, part.source, part.detail) for part, cut in kept]))


def figure_text(figure: Decimal) -> str:
    """A figure as the input of a formula is shown: without an exponent, cut to 6 decimals."""
    return format(_cut(figure), "f").rstrip("0").rstrip(".")


def check_components(row: PnlRow, cell: Cell, components: Sequence[Component]) -> None:
    """Raise CalculationError unless `components`, added and rounded, are the cell; a line may have none.

    Source: Data model, "Results and snapshots".
    """
    if not components:
        return
    total = sum([component.amount for component in components], ZERO)
    if total != cell and money(total) != cell:
        raise CalculationError(
            f"The components of {row} add up to {total}, but the line is {cell}",
            field=row,
            details={"components": str(total), "line": str(cell)},
        )


def _cut(amount: Decimal) -> Decimal:
    """`amount` without what follows the sixth decimal; rounding it to 2 decimals gives what `amount` gives.

    A quotient that lies a hair below a figure of 6 decimals is that figure, as it is when cells are rounded.
    """
    cut = amount.quantize(MILLIONTH, context=_CUT)
    return cut if cut == amount else round_half_up(amount, 18).quantize(MILLIONTH, context=_CUT)


_CODE_OF = attrgetter("code")
