"""Copying hours into the payroll forecast: from the schedule, the budget, the week before or the year before.

Source: REST API, "Payroll".
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from functools import cached_property
from typing import Final

from shared_code.domain.labor_hours import job_code_key
from shared_code.domain.months import days_in, days_of
from shared_code.domain.rounding import ZERO, round_half_up
from shared_code.errors import ForecastError, RuleViolationError
from shared_code.services.forecast.author import Author, Precondition
from shared_code.services.forecast.cells import Cell, CellValue, ChangeCount, count_changes, differences
from shared_code.services.forecast.payroll_entries import HOURS, STORED_PLACES, code_cell, even_parts
from shared_code.services.forecast.payroll_saving import MOST_HOURS, PayrollDays
from shared_code.services.forecast.saving import Plan, Section, Unit, WriteRequest, save
from shared_code.services.periods import Period
from shared_code.services.pnl_site_cells import OpenSite
from shared_code.services.pnl_table import ViewWarning
from shared_code.services.runtime import Runtime
from shared_code.storage import payroll_reading

WEEK: Final = timedelta(days=7)

Hours = Mapping[tuple[date, str], Decimal]
"""Hours by day and job code key."""


class CopySource(StrEnum):
    """Where hours are copied from."""

    SCHEDULE = "schedule"
    BUDGET = "budget"
    PRIOR_WEEK = "prior-week"
    PRIOR_YEAR = "prior-year"


class SkipReason(StrEnum):
    """Why a day, or a job code on it, was left as it is."""

    LOCKED = "locked"
    EXISTING_FORECAST = "existing_forecast"
    NO_SOURCE = "no_source"
    SALARIED = "salaried"


@dataclass(frozen=True, slots=True)
class CopiedRow:
    """Hours of a job code and day: those saved before (None: nothing) and those copied."""

    day: date
    job_code: str
    old_hours: Decimal | None
    new_hours: Decimal


@dataclass(frozen=True, slots=True)
class SkippedKey:
    """What was left as it is; without a job code, the whole day."""

    day: date
    job_code: str | None
    reason: SkipReason


@dataclass(frozen=True, slots=True)
class PayrollCopy:
    """What a copy came to, or would come to; `total_cost` is that of the copied hours that have a rate."""

    changes: ChangeCount
    rows: tuple[CopiedRow, ...]
    skipped: tuple[SkippedKey, ...]
    total_hours: Decimal
    total_cost: Decimal
    version: int
    warnings: tuple[ViewWarning, ...]


@dataclass(slots=True)
class CopyRequest(WriteRequest):
    """Hours of some days (None: all of the period) and job groups (None: all codes); `section` is the last attempt."""

    precondition: Precondition | None
    source: CopySource
    dates: tuple[date, ...] | None = None
    job_groups: tuple[str, ...] | None = None
    overwrite: bool = False
    section: "CopySection | None" = None

    def open(self, unit: Unit) -> Section:
        """The section that copies."""
        self.section = CopySection(unit, self)
        return self.section


class CopySection(PayrollDays):
    """A write of copied hours."""

    def __init__(self, unit: Unit, request: CopyRequest) -> None:
        self.request = request
        self.rows: list[CopiedRow] = []
        self.skipped: list[SkippedKey] = []
        super().__init__(unit, request.precondition)

    def plan(self) -> Plan:
        """Editable days take over what their source has; all the others are listed."""
        try:
            keys = self._chosen_codes()
        except ForecastError as problem:
            return Plan(problem=problem)
        wanted: dict[Cell, CellValue] = {}
        for day in self._days():
            self._copy_day(day, keys, wanted)
        return Plan(differences(self.saved, wanted), frozenset(wanted))

    @property
    def total_cost(self) -> Decimal:
        """Dollars of the copied hours at the rates in force; hours without a rate add none."""
        cost = ZERO
        for row in self.rows:
            priced = self.payroll.priced_codes(self.payroll.month_of(row.day).period)
            cost += row.new_hours * (priced[job_code_key(row.job_code)].rate_on(row.day) or ZERO)
        return cost

    def _days(self) -> list[date]:
        if self.request.dates is not None:
            return sorted(self.request.dates)
        period = self.unit.period
        return [date.fromordinal(day) for day in range(period.first.toordinal(), period.last.toordinal() + 1)]

    def _chosen_codes(self) -> frozenset[str]:
        """The keys of the active codes whose hours are copied. Raises `RuleViolationError` for unknown groups."""
        codes = {key: code for key, code in self.payroll.codes.items() if code.is_active}
        if self.request.job_groups is None:
            return frozenset(codes)
        groups = {code.group_id.casefold() for code in codes.values() if code.group_id is not None}
        unknown = sorted({name for name in self.request.job_groups if name.casefold() not in groups})
        if unknown:
            raise RuleViolationError(
                f"This site has no job group {', '.join(unknown)} in use.",
                field="jobGroups",
                details={"jobGroups": unknown},
            )
        wanted = {name.casefold() for name in self.request.job_groups}
        return frozenset(key for key, code in codes.items() if (code.group_id or "").casefold() in wanted)

    def _copy_day(self, day: date, keys: Collection[str], wanted: dict[Cell, CellValue]) -> None:
        if self.payroll.lock(day) is not None:
            self.skipped.append(SkippedKey(day, None, SkipReason.LOCKED))
            return
        hours = {key: self._source[day, key] for key in sorted(keys) if (day, key) in self._source}
        if not hours:
            self.skipped.append(SkippedKey(day, None, SkipReason.NO_SOURCE))
        for key, amount in hours.items():
            self._copy_code(day, key, amount, wanted)

    def _copy_code(self, day: date, key: str, hours: Decimal, wanted: dict[Cell, CellValue]) -> None:
        code = self.payroll.codes[key]
        cell = code_cell(day, code.job_code, HOURS)
        old = self.saved.get(cell)
        assert not isinstance(old, str)
        if code.is_salaried:
            self.skipped.append(SkippedKey(day, code.job_code, SkipReason.SALARIED))
        elif old is not None and old != hours and not self.request.overwrite:
            self.skipped.append(SkippedKey(day, code.job_code, SkipReason.EXISTING_FORECAST))
        else:
            self.rows.append(CopiedRow(day, code.job_code, old, hours))
            wanted[cell] = hours

    @cached_property
    def _source(self) -> Hours:
        """What may be copied, with 2 decimals; a figure that could not be entered is none."""
        source = self.request.source
        if source is CopySource.SCHEDULE:
            found = self._scheduled()
        elif source is CopySource.BUDGET:
            found = self._budgeted()
        else:
            found = self._earlier(_week_before if source is CopySource.PRIOR_WEEK else _year_before)
        return {key: round_half_up(hours, STORED_PLACES) for key, hours in found.items() if 0 <= hours <= MOST_HOURS}

    def _scheduled(self) -> Hours:
        return {
            (shift.day, job_code_key(shift.job_code)): shift.hours
            for month in self.payroll.months
            for shift in month.labor.scheduled
        }

    def _budgeted(self) -> Hours:
        """The days of a code add up to the budget of its month."""
        found: dict[tuple[date, str], Decimal] = {}
        for month in self.payroll.months:
            for key, budget in month.labor.budget.items():
                parts = even_parts(budget.hours, days_in(month.period))
                found.update(zip([(day, key) for day in days_of(month.period)], parts, strict=True))
        return found

    def _earlier(self, day_before: Callable[[date], date | None]) -> Hours:
        """What was paid on the earlier day; on one of which nothing is posted, what is saved for it."""
        unit = self.unit
        later = {earlier: day for day in self._days() if (earlier := day_before(day)) is not None}
        if not later:
            return {}
        where = (unit.connection, unit.site.scope, unit.site.site_id, min(later), max(later))
        paid = payroll_reading.paid_days(*where)
        posted = {labor.day for labor in paid}
        found = {
            (labor.day, job_code_key(labor.job_code)): labor.regular_hours + labor.overtime_hours for labor in paid
        }
        for row in payroll_reading.saved_days(*where):
            if row.day not in posted and (row.regular_hours is not None or row.overtime_hours is not None):
                hours = (row.regular_hours or ZERO) + (row.overtime_hours or ZERO)
                found[row.day, job_code_key(row.job_code)] = hours
        return {(later[day], key): hours for (day, key), hours in found.items() if day in later}


def copy_payroll(
    runtime: Runtime, site: OpenSite, period: Period, author: Author, request: CopyRequest, *, is_dry: bool
) -> PayrollCopy:
    """Copy hours into the forecast; a dry run says what would be copied, and changes nothing.

    Raises what a save raises, but for locks: locked days are left as they are.
    """
    author = replace(author, source="copy")
    if is_dry:
        return _dry_run(runtime, site, period, author, request)
    [saved] = save(runtime, site, period, author, [request])
    assert request.section is not None
    return _outcome(request.section, saved.changes, saved.version, saved.warnings)


def _dry_run(runtime: Runtime, site: OpenSite, period: Period, author: Author, request: CopyRequest) -> PayrollCopy:
    with runtime.database.reading() as connection:
        unit = Unit(runtime, connection, site, period, author, runtime.clock.now())
        section = CopySection(unit, request)
        section.check_version()
        section.check_rules()
        return _outcome(section, count_changes(section.planned.changes), section.version, ())


def _outcome(section: CopySection, changes: ChangeCount, version: int, warnings: Sequence[ViewWarning]) -> PayrollCopy:
    return PayrollCopy(
        changes,
        tuple(section.rows),
        tuple(section.skipped),
        sum((row.new_hours for row in section.rows), ZERO),
        section.total_cost,
        version,
        tuple(warnings),
    )


def _week_before(day: date) -> date:
    return day - WEEK


def _year_before(day: date) -> date | None:
    """The same date of the year before; 29 February has none."""
    return None if (day.month, day.day) == (2, 29) else day.replace(year=day.year - 1)
