"""Saving the payroll of a month or day: hours or costs by job code, group or family.

Source: REST API, "Payroll" and "PUT means merge".
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Any, Final

from shared_code.domain.labor_hours import LaborDay, job_code_key
from shared_code.domain.payroll import forecast_payroll
from shared_code.domain.rounding import ZERO, money, round_half_up
from shared_code.errors import ForecastError, RuleViolationError, together
from shared_code.services.forecast.author import Precondition
from shared_code.services.forecast.cells import Cell, CellChange, CellValue, Module, differences
from shared_code.services.forecast.locks import LockedKey, existing_forecast
from shared_code.services.forecast.payroll_entries import (
    HOURS,
    NOTE,
    OVERTIME,
    STORED_PLACES,
    PayrollEntry,
    Spread,
    check_entry_rules,
    code_cell,
    spread_entries,
)
from shared_code.services.forecast.payroll_months import SitePayroll, read_site_payroll
from shared_code.services.forecast.payroll_rows import family_of
from shared_code.services.forecast.payroll_view import salaried_pay_is_masked
from shared_code.services.forecast.saving import Plan, Section, Unit, WriteRequest
from shared_code.storage.payroll_reading import SavedPayrollDay
from shared_code.storage.payroll_writing import write_payroll_days

MOST_HOURS: Final = Decimal(9_999)
"""Hours of a row and day."""

HOURS_OF_A_DAY: Final = 24
"""Hours that an employee can work on a day at most."""

DayCode = tuple[date, str]
"""A day and a job code key."""


@dataclass(frozen=True, slots=True)
class PayrollRequest(WriteRequest):
    """Entries of a month or day.

    `overwrite` lets a spread take the place of what is saved, `is_replacing` clears all that is not sent.
    """

    precondition: Precondition | None
    entries: tuple[PayrollEntry, ...]
    overwrite: bool = False
    is_replacing: bool = False

    def open(self, unit: Unit) -> Section:
        """The section that saves these entries."""
        return PayrollSection(unit, self)


class PayrollDays(Section):
    """A write of payroll days: how it is stored, and who is told. Subclasses say what they write."""

    module = Module.PAYROLL

    @cached_property
    def payroll(self) -> SitePayroll:
        """The payroll of the months of the write as it is before."""
        return read_site_payroll(self.unit.connection, self.unit.site, self.unit.period.months)

    @cached_property
    def saved_rows(self) -> Mapping[DayCode, SavedPayrollDay]:
        """The saved rows of the months."""
        return {key: row for month in self.payroll.months for key, row in month.saved.items()}

    @cached_property
    def saved(self) -> Mapping[Cell, CellValue]:
        """The cells of the saved rows that hold something."""
        cells: dict[Cell, CellValue] = {}
        for row in self.saved_rows.values():
            for name, value in _values_of(row).items():
                if value is not None:
                    cells[code_cell(row.day, row.job_code, name)] = value
        return cells

    def store(self, changes: Sequence[CellChange]) -> None:
        """The rows that `changes` belong to, as they are now."""
        unit = self.unit
        write_payroll_days(
            unit.connection,
            unit.site.scope,
            unit.site.site_id,
            self.payroll.mode.stored_level,
            self._rows_after(changes),
            unit.author.user_id,
            unit.now,
        )

    def edit(self, month: str, changes: Sequence[CellChange]) -> tuple[str, Mapping[str, Any]]:
        """`PayrollCalculated` with the families whose hours changed, and the payroll forecast of the month.

        The total is left out where it would tell the salary of a single person.
        """
        codes = self.payroll.codes
        keys = {job_code_key(_job_code_of(change.cell)) for change in changes}
        families = sorted({family_of(codes[key]) for key in keys if key in codes})
        return "PayrollCalculated", {"jobFamilies": families, "totalCost": self._total_after(month, changes)}

    def _total_after(self, month: str, changes: Sequence[CellChange]) -> Decimal | None:
        if salaried_pay_is_masked(self.payroll.codes):
            return None
        before = next(entry for entry in self.payroll.months if entry.period == month)
        rows = dict(before.saved)
        rows |= {(row.day, job_code_key(row.job_code)): row for row in self._rows_after(changes)}
        saved = [
            LaborDay(row.job_code, row.day, row.regular_hours, row.overtime_hours)
            for row in rows.values()
            if row.regular_hours is not None or row.overtime_hours is not None
        ]
        return money(forecast_payroll(month, replace(before.inputs, saved=saved)).total)

    def _rows_after(self, changes: Sequence[CellChange]) -> list[SavedPayrollDay]:
        changed: defaultdict[tuple[date, str], dict[str, Any]] = defaultdict(dict)
        for change in changes:
            day = date.fromisoformat(change.cell.key[:10])
            changed[day, _job_code_of(change.cell)][_COLUMNS[change.cell.field]] = change.new
        rows = []
        for (day, job_code), values in changed.items():
            row = self.saved_rows.get((day, job_code_key(job_code)))
            rows.append(replace(row or SavedPayrollDay(job_code, day, None, None, None), **values))
        return rows


class PayrollSection(PayrollDays):
    """A write of entries."""

    def __init__(self, unit: Unit, request: PayrollRequest) -> None:
        self.request = request
        super().__init__(unit, request.precondition)

    def plan(self) -> Plan:
        """The cells that the entries come to; those that a replacement clears besides."""
        locked = self._locked()
        try:
            check_entry_rules(self.payroll, self.request.entries)
            spread = spread_entries(self.payroll, self.request.entries, self._days_of_entries)
            wanted = {**self._cleared(), **spread.cells}
            changes = differences(self.saved, wanted)
            self._check_existing(spread, changes)
            self._check_limits(spread, changes)
        except ForecastError as problem:
            return Plan(locked=locked, problem=problem)
        return Plan(changes, frozenset(wanted), locked)

    @cached_property
    def _days_of_entries(self) -> Mapping[str, Sequence[date]]:
        """The days of each entry by its path: a spread leaves out what is locked, unless it is allowed to unlock it."""
        found = {}
        for entry in self.request.entries:
            days = entry.days
            if entry.is_spread:
                editable = [day for day in days if self.payroll.lock(day) is None]
                days = editable or (days if self.unit.author.may_unlock else [])
            found[entry.path] = days
        return found

    def _locked(self) -> tuple[LockedKey, ...]:
        """Locked single days, and the days of a spread that finds none to be edited."""
        found = []
        for entry in self.request.entries:
            days = entry.days
            if entry.is_spread and any(self.payroll.lock(day) is None for day in days):
                continue
            for day in days:
                reason = self.payroll.lock(day)
                if reason is not None:
                    found.append(LockedKey(day, entry.day_field, reason))
        return tuple(found)

    def _cleared(self) -> dict[Cell, CellValue]:
        if not self.request.is_replacing:
            return {}
        return {
            cell: None
            for cell in self.saved
            if self._is_in_period(cell) and self.payroll.lock(date.fromisoformat(cell.key[:10])) is None
        }

    def _is_in_period(self, cell: Cell) -> bool:
        period = self.unit.period
        return period.first <= date.fromisoformat(cell.key[:10]) <= period.last

    def _check_existing(self, spread: Spread, changes: Sequence[CellChange]) -> None:
        """Refuse a spread over hours that are saved already; taking them away is meant by itself."""
        if self.request.overwrite or self.request.is_replacing:
            return
        dates = {
            change.cell.key[:10]
            for change in changes
            if change.old is not None and change.new is not None and change.cell.field in {HOURS, OVERTIME}
            if change.cell in spread.origins and spread.origins[change.cell].is_spread
        }
        if dates:
            raise existing_forecast(sorted(dates))

    def _check_limits(self, spread: Spread, changes: Sequence[CellChange]) -> None:
        """Refuse more hours of a job code on a day than its employees can work, where their number is known.

        Source: REST API, "Values".
        """
        after = {(row.day, job_code_key(row.job_code)): row for row in self._rows_after(changes)}
        places = {entry.path: place for place, entry in enumerate(self.request.entries)}
        problems: dict[int, ForecastError] = {}
        for change in changes:
            if change.cell.field == NOTE or change.new is None:
                continue
            day = date.fromisoformat(change.cell.key[:10])
            key = job_code_key(_job_code_of(change.cell))
            row = after[day, key]
            hours = (row.regular_hours or ZERO) + (row.overtime_hours or ZERO)
            employees = self.payroll.codes[key].active_employees
            most = min(MOST_HOURS, Decimal(HOURS_OF_A_DAY * employees)) if employees else MOST_HOURS
            if hours > most:
                path = spread.origins[change.cell].path
                problem = RuleViolationError(
                    f"{hours} hours of {row.job_code} on {day} are more than {most}: "
                    f"{employees or 'an unknown number of'} employees work there.",
                    field=f"{path}.{change.cell.field}",
                    details={"date": day, "jobCode": row.job_code, "hours": hours, "maximum": most},
                )
                problems.setdefault(places[path], problem)
        if (refusal := together(problems[place] for place in sorted(problems))) is not None:
            raise refusal


def _values_of(row: SavedPayrollDay) -> dict[str, CellValue]:
    return {HOURS: _kept(row.regular_hours), OVERTIME: _kept(row.overtime_hours), NOTE: row.note}


def _kept(hours: Decimal | None) -> Decimal | None:
    return None if hours is None else round_half_up(hours, STORED_PLACES)


def _job_code_of(cell: Cell) -> str:
    """The job code of a cell, whose key is a date and a job code."""
    return cell.key[11:]


_COLUMNS: Final = {HOURS: "regular_hours", OVERTIME: "overtime_hours", NOTE: "note"}
