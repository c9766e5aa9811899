"""Rows of the payroll: job codes, job groups or job families with what is known of their labor in a stretch of days.

Salaried codes stand in rows of their own at every level, so that the pay of one row can be hidden without its hours.

Source: REST API, "Payroll" and "Who may call what"; Data model, "Masking".
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Final

from shared_code.domain.employee_shares import Headcount, employee_weights
from shared_code.domain.labor_hours import job_code_key
from shared_code.domain.payroll_days import NO_LABOR, CodeDay, Labor, sum_labor, sum_labor_in_full, sum_of_sources
from shared_code.domain.pnl_components import FigureSource
from shared_code.domain.rounding import ZERO, round_half_up
from shared_code.services.forecast.payroll_months import PayrollMode, SitePayroll
from shared_code.storage.payroll_reading import DescribedCode

UNASSIGNED: Final = "Unassigned"
"""The row of the codes that belong to no job group."""

UNMAPPED: Final = "Unmapped"
"""The family of the codes that belong to no job family."""


class Level(StrEnum):
    """What a row stands for."""

    FAMILY = "family"
    GROUP = "group"
    CODE = "code"

    @classmethod
    def of(cls, mode: PayrollMode) -> "Level":
        """The level at which a site enters hours."""
        return cls.CODE if mode is PayrollMode.CODE else cls.GROUP


@dataclass(frozen=True, slots=True)
class Figures:
    """The labor of a row in a stretch of days, unrounded.

    `entered` is what users saved, None where nothing; `forecast` what the forecast counts with its fallbacks. The other
    ones are None where there is nothing of their kind. `effective` is the figure of the trend.
    """

    entered: Labor | None
    forecast: Labor
    budget: Labor
    scheduled: Labor | None
    actual: Labor | None
    effective: Labor
    source: FigureSource

    @property
    def variance_hours(self) -> Decimal:
        """Effective hours less budget hours."""
        return self.effective.hours - self.budget.hours

    @property
    def variance_cost(self) -> Decimal | None:
        """Effective cost less budget cost; None where one of them is not known, or not shown."""
        if self.effective.cost is None or self.budget.cost is None:
            return None
        return self.effective.cost - self.budget.cost

    def without_pay(self) -> "Figures":
        """The same hours without what they cost."""
        return Figures(
            _unpaid(self.entered),
            replace(self.forecast, cost=None),
            replace(self.budget, cost=None),
            _unpaid(self.scheduled),
            _unpaid(self.actual),
            replace(self.effective, cost=None),
            self.source,
        )


@dataclass(frozen=True, slots=True)
class RowHead:
    """What a row stands for: `keys` are the keys of its job codes.

    The code is None above the level of codes; family and group are also None where codes of several are in the row.
    """

    job_family: str | None
    job_group_id: str | None
    job_group: str | None
    job_code: str | None
    title: str | None
    active_employees: int
    is_salaried: bool
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PayrollRow:
    """A row with its figures; `masked` says that its pay is hidden, `alert` that it lies far from its budget."""

    head: RowHead
    rate: Decimal | None
    note: str | None
    masked: bool
    figures: Figures
    alert: bool


@dataclass(frozen=True, slots=True)
class RowRules:
    """How rows are shown: whether the caller reads pay, and the percent from which a row gets a mark."""

    reads_pay: bool
    alert_percent: Decimal


def far_from_budget(hours: Decimal, budget_hours: Decimal, percent: Decimal) -> bool:
    """Whether forecast hours differ from budget hours by more than `percent` percent points.

    What remains of spreading a month over its days, far behind the decimals of hours, makes no difference.
    """
    forecast, budget = round_half_up(hours, 6), round_half_up(budget_hours, 6)
    return abs(forecast - budget) * 100 > percent * abs(budget)


def family_of(code: DescribedCode) -> str:
    """The name of the family of a code."""
    return code.family or UNMAPPED


def shown_codes(payroll: SitePayroll) -> dict[str, DescribedCode]:
    """The codes that have rows, by key: those in use at the site, and others that have hours in the months."""
    keys = {key for month in payroll.months for key in month.days}
    return {key: payroll.codes.get(key) or _unknown(key) for key in sorted(keys)}


def row_heads(codes: Mapping[str, DescribedCode], level: Level) -> list[RowHead]:
    """The rows of `codes` at `level`, in the order of their names; what belongs nowhere comes last."""
    grouped: defaultdict[tuple[bool, str, bool], list[str]] = defaultdict(list)
    for key, code in codes.items():
        grouped[(*_place(code, level), code.is_salaried)].append(key)
    return [_head([codes[key] for key in keys], level) for _, keys in sorted(grouped.items())]


def rows_of(
    payroll: SitePayroll, heads: Sequence[RowHead], days: Mapping[str, Sequence[CodeDay]], rules: RowRules
) -> list[PayrollRow]:
    """The rows of `heads` for a stretch of days; `days` holds those of each job code key, none in another order."""
    return [_row(payroll, head, {key: days.get(key, ()) for key in head.keys}, rules) for head in heads]


def figures_of(days: Iterable[CodeDay]) -> Figures:
    """The sum of some days of some codes."""
    days = list(days)

    def added(labor_of: Callable[[CodeDay], Labor | None]) -> Labor | None:
        return sum_labor(labor_of(day) for day in days)

    return Figures(
        added(lambda day: day.entered),
        added(lambda day: day.forecast) or NO_LABOR,
        added(lambda day: day.budget) or NO_LABOR,
        sum_labor_in_full(day.scheduled for day in days),
        added(lambda day: day.actual),
        added(lambda day: day.effective) or NO_LABOR,
        sum_of_sources(day.source for day in days),
    )


def day_slices(days: Mapping[str, Sequence[CodeDay]], first: date, last: date) -> dict[str, Sequence[CodeDay]]:
    """The days from `first` to `last` of each code; `days` holds whole months in order."""
    sliced = {}
    for key, of_code in days.items():
        if of_code:
            start = (first - of_code[0].day).days
            sliced[key] = of_code[max(start, 0) : (last - of_code[0].day).days + 1]
    return sliced


def _row(payroll: SitePayroll, head: RowHead, days: Mapping[str, Sequence[CodeDay]], rules: RowRules) -> PayrollRow:
    figures = figures_of(day for of_code in days.values() for day in of_code)
    masked = head.is_salaried and not rules.reads_pay
    alert = figures.entered is not None and far_from_budget(
        figures.forecast.hours, figures.budget.hours, rules.alert_percent
    )
    return PayrollRow(
        head,
        None if masked else _rate(payroll, days),
        _note(payroll, days),
        masked,
        figures.without_pay() if masked else figures,
        alert,
    )


def _rate(payroll: SitePayroll, days: Mapping[str, Sequence[CodeDay]]) -> Decimal | None:
    """The rate in force on the last of the days, of several codes weighted by employees; None where one is missing."""
    rates = {key: of_code[-1].rate for key, of_code in days.items() if of_code}
    heads = [Headcount(key, Decimal(payroll.codes[key].active_employees)) for key in rates if key in payroll.codes]
    if not heads:
        return None
    weights = employee_weights(heads)
    weighted = [(weight, rates[head.job_code]) for head, weight in zip(heads, weights, strict=True) if weight]
    known = [(weight, rate) for weight, rate in weighted if rate is not None]
    if len(known) < len(weighted):
        return None
    return sum((weight * rate for weight, rate in known), ZERO) / sum((weight for weight, _ in known), ZERO)


def _note(payroll: SitePayroll, days: Mapping[str, Sequence[CodeDay]]) -> str | None:
    """The note on a single day of a row; None where its codes differ in it."""
    cells = [(day.day, key) for key, of_code in days.items() for day in of_code]
    if len({day for day, _ in cells}) != 1:
        return None
    saved = payroll.month_of(cells[0][0]).saved
    notes = {saved[cell].note for cell in cells if cell in saved} - {None}
    return notes.pop() if len(notes) == 1 else None


def _unpaid(labor: Labor | None) -> Labor | None:
    return None if labor is None else replace(labor, cost=None)


def _place(code: DescribedCode, level: Level) -> tuple[bool, str]:
    """Where the row of a code stands."""
    if level is Level.CODE:
        return False, job_code_key(code.job_code)
    if level is Level.GROUP:
        return code.group_id is None, code.group or UNASSIGNED
    return code.family_id is None, family_of(code)


def _head(codes: Sequence[DescribedCode], level: Level) -> RowHead:
    """The head of a row; above its codes it names what they have in common."""
    families = {family_of(code) for code in codes}
    groups = {(code.group_id, code.group or UNASSIGNED) for code in codes}
    group_id, group = groups.pop() if len(groups) == 1 else (None, None)
    is_code = level is Level.CODE
    return RowHead(
        families.pop() if len(families) == 1 else None,
        None if level is Level.FAMILY else group_id,
        None if level is Level.FAMILY else group,
        codes[0].job_code if is_code else None,
        codes[0].title if is_code else None,
        sum(code.active_employees for code in codes),
        codes[0].is_salaried,
        tuple(job_code_key(code.job_code) for code in codes),
    )


def _unknown(key: str) -> DescribedCode:
    """A code that facts name and that nobody has described yet."""
    return DescribedCode(key, key, None, None, None, None, False, False, None, 0)
