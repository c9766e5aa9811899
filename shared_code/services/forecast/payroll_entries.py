"""Hours and costs as they are entered for payroll, spread over days and job codes.

The budget of a month is the same on each of its days, so its shape spreads an entry for a week or month evenly.

Source: REST API, "Payroll"; Calculations, "Entry by group or by cost".
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Final

from shared_code.domain.employee_shares import Headcount, split_by_employees
from shared_code.domain.errors import CalculationError
from shared_code.domain.labor_hours import job_code_key
from shared_code.domain.months import period_of
from shared_code.domain.payroll import SiteJobCode
from shared_code.domain.payroll_entry import hours_for_cost
from shared_code.domain.rounding import round_half_up
from shared_code.errors import CalculationRefusedError, ForecastError, RuleViolationError, together
from shared_code.services.forecast.cells import Cell, CellValue
from shared_code.services.forecast.payroll_months import PayrollMode, SitePayroll
from shared_code.services.forecast.payroll_rows import Level, family_of

HOURS: Final = "hours"
OVERTIME: Final = "overtimeHours"
COST: Final = "cost"
NOTE: Final = "note"

STORED_PLACES: Final = 2
"""Decimals with which hours are kept."""

SentValues = Mapping[str, Decimal | str | None]
"""What an entry says, by field (`hours` or `cost`, `overtimeHours`, `note`); None takes away what is saved."""


@dataclass(frozen=True, slots=True)
class Target:
    """What hours are entered for: a job code, a job group (by its id) or a job family (by its id or name)."""

    level: Level
    name: str

    @property
    def field(self) -> str:
        """The field of the request that names it."""
        return _TARGET_FIELDS[self.level]


@dataclass(frozen=True, slots=True)
class PayrollEntry:
    """An entry for the days from `first` to `last`, over which its values are spread when it names no single `day`.

    `path` is its place in the request (`entries[0]`), `day_field` the field that names its days.
    """

    path: str
    day_field: str
    first: date
    last: date
    target: Target
    sent: SentValues

    @property
    def is_spread(self) -> bool:
        """Whether the entry is for more than one day."""
        return self.first != self.last

    @property
    def days(self) -> list[date]:
        """The days of the entry."""
        return [date.fromordinal(number) for number in range(self.first.toordinal(), self.last.toordinal() + 1)]


@dataclass(slots=True)
class Spread:
    """The cells that entries come to, and where in the request each comes from."""

    cells: dict[Cell, CellValue] = field(default_factory=dict)
    origins: dict[Cell, PayrollEntry] = field(default_factory=dict)

    def put(self, cell: Cell, value: CellValue, entry: PayrollEntry) -> None:
        """Note a cell. Raises `RuleViolationError` when two entries are for the same one."""
        if cell in self.cells:
            raise RuleViolationError(
                f"{entry.path} and {self.origins[cell].path} are both for {cell.name}: send it once.",
                field=entry.path,
                details={"reason": "overlap", "key": cell.name},
            )
        self.cells[cell], self.origins[cell] = value, entry


def code_cell(day: date, job_code: str, name: str) -> Cell:
    """The cell of a field of a job code and day: `2025-04-21.VLT1.hours`."""
    return Cell(period_of(day), f"{day.isoformat()}.{job_code}", name)


def check_entry_rules(payroll: SitePayroll, entries: Sequence[PayrollEntry]) -> None:
    """Refuse entries at a level that is not the site's, or for codes and groups that it has not.

    Raises `RuleViolationError` (422) for the first of them, with the others; what is unknown is named at once.
    """
    problems: dict[str, ForecastError] = {}
    unknown: dict[Level, list[PayrollEntry]] = {}
    for entry in entries:
        codes = codes_of(payroll, entry.target, period_of(entry.first))
        if (problem := _level_problem(payroll.month_of(entry.first).mode, entry)) is not None:
            problems[entry.path] = problem
        elif not codes:
            unknown.setdefault(entry.target.level, []).append(entry)
        elif all(code.is_salaried for code in codes):
            problems[entry.path] = _salaried(entry, codes)
    problems |= {of_level[0].path: _unknown(of_level) for of_level in unknown.values()}
    if (refusal := together(problems[entry.path] for entry in entries if entry.path in problems)) is not None:
        raise refusal


def codes_of(payroll: SitePayroll, target: Target, period: str) -> list[SiteJobCode]:
    """The active job codes of the site that a target stands for, in code order; none for an unknown target."""
    priced = payroll.priced_codes(period)
    if target.level is Level.CODE:
        found = priced.get(job_code_key(target.name))
        return [] if found is None else [found]
    wanted = target.name.strip().casefold()
    chosen = []
    for key in sorted(priced):
        code = payroll.codes[key]
        names = {code.group_id} if target.level is Level.GROUP else {code.family_id, family_of(code)}
        if wanted in {name.casefold() for name in names if name is not None}:
            chosen.append(priced[key])
    return chosen


def spread_entries(
    payroll: SitePayroll, entries: Sequence[PayrollEntry], days_of_entry: Mapping[str, Sequence[date]]
) -> Spread:
    """The cells that `entries` come to on their days (by path), hours with 2 decimals that add up to what was entered.

    Raises `CalculationRefusedError` for a cost without a rate, and `RuleViolationError` for two entries that meet.
    """
    spread = Spread()
    problems = []
    for entry in entries:
        codes = [code for code in codes_of(payroll, entry.target, period_of(entry.first)) if not code.is_salaried]
        days = days_of_entry[entry.path]
        try:
            if days:
                _Spreading(entry, codes, days, spread).put_all()
        except ForecastError as problem:
            problems.append(problem)
    if (refusal := together(problems)) is not None:
        raise refusal
    return spread


def even_parts(amount: Decimal, count: int) -> list[Decimal]:
    """`amount` in `count` parts with 2 decimals; the last ones take the rounding difference, and none changes sides."""
    parts = [Headcount(f"{place:04d}") for place in range(count)]
    return split_by_employees(amount, parts, STORED_PLACES)


class _Spreading:
    """One entry on its way to the cells of its days and job codes."""

    def __init__(self, entry: PayrollEntry, codes: Sequence[SiteJobCode], days: Sequence[date], spread: Spread) -> None:
        self._entry = entry
        self._codes = codes
        self._heads = [Headcount(code.job_code, code.active_employees) for code in codes]
        self._days = days
        self._spread = spread

    def put_all(self) -> None:
        """Every field that the entry sends."""
        for name, value in self._entry.sent.items():
            if isinstance(value, Decimal):
                parts = even_parts(value, len(self._days))
                for day, part in zip(self._days, parts, strict=True):
                    self._put_amount(day, name, part)
            else:
                for day in self._days:
                    for code in self._codes:
                        self._put(day, code.job_code, HOURS if name == COST else name, value)

    def _put_amount(self, day: date, name: str, amount: Decimal) -> None:
        if name == OVERTIME:
            self._put(day, self._codes[0].job_code, OVERTIME, amount)
            return
        hours = self._hours_for(amount, day) if name == COST else amount
        shares = split_by_employees(hours, self._heads, STORED_PLACES)
        for code, share in zip(self._codes, shares, strict=True):
            self._put(day, code.job_code, HOURS, share)

    def _hours_for(self, cost: Decimal, day: date) -> Decimal:
        try:
            return round_half_up(hours_for_cost(cost, self._codes, day), STORED_PLACES)
        except CalculationError as error:
            raise CalculationRefusedError(
                f"{str(error)[0].upper()}{str(error)[1:]}.",
                code=error.code,
                field=f"{self._entry.path}.{COST}",
                details=error.details,
            ) from error

    def _put(self, day: date, job_code: str, name: str, value: CellValue) -> None:
        self._spread.put(code_cell(day, job_code, name), value, self._entry)


def _level_problem(mode: PayrollMode, entry: PayrollEntry) -> RuleViolationError | None:
    """What is wrong with the level of an entry; None for nothing."""
    by_code = mode is PayrollMode.CODE
    if by_code is not (entry.target.level is Level.CODE):
        accepted = ["jobCode"] if by_code else ["jobGroupId", "jobFamily"]
        return RuleViolationError(
            f"This site enters hours by {'job code' if by_code else 'job group or family'}.",
            field=f"{entry.path}.{entry.target.field}",
            details={"mode": mode.value, "accepted": accepted},
        )
    if not by_code and OVERTIME in entry.sent:
        return RuleViolationError(
            "Overtime is entered only where the client pays by the hour of labor.",
            field=f"{entry.path}.{OVERTIME}",
            details={"mode": mode.value},
        )
    return None


def _unknown(entries: Sequence[PayrollEntry]) -> RuleViolationError:
    """Entries of one level whose targets the site has not."""
    first, level = entries[0], entries[0].target.level
    listed = sorted({entry.target.name for entry in entries})
    return RuleViolationError(
        f"This site has no {_TARGET_WORDS[level]} {', '.join(listed)} in use.",
        field=f"{first.path}.{first.target.field}",
        details={_UNKNOWN_DETAILS[level]: listed},
    )


def _salaried(entry: PayrollEntry, codes: Sequence[SiteJobCode]) -> RuleViolationError:
    """An entry for people who are paid by salary."""
    names = sorted(code.job_code for code in codes)
    return RuleViolationError(
        f"{', '.join(names)} are paid by salary: their hours cost nothing and are not entered.",
        field=f"{entry.path}.{entry.target.field}",
        details={"reason": "salaried", "jobCodes": names},
    )


_TARGET_FIELDS: Final = {Level.CODE: "jobCode", Level.GROUP: "jobGroupId", Level.FAMILY: "jobFamily"}
_TARGET_WORDS: Final = {Level.CODE: "job code", Level.GROUP: "job group", Level.FAMILY: "job family"}
_UNKNOWN_DETAILS: Final = {Level.CODE: "jobCodes", Level.GROUP: "jobGroups", Level.FAMILY: "jobFamilies"}
