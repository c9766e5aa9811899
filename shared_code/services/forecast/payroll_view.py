"""The payroll of a site: rows by day, week or month, totals, salaries, and what has to be known about them.

Source: REST API, "Payroll"; Calculations, "Payroll".
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Final

from sqlalchemy import Connection

from shared_code.domain.labor_hours import job_code_key
from shared_code.domain.rates_in_force import rate_in_force
from shared_code.domain.rounding import ZERO
from shared_code.domain.salaries import salary_of_days
from shared_code.domain.weeks import SATURDAY, weeks_of
from shared_code.services.forecast.cells import Module
from shared_code.services.forecast.header import Header, period_lock, read_headers, role_lock
from shared_code.services.forecast.locks import LockReason
from shared_code.services.forecast.payroll_months import PayrollMode, PayrollMonth, SitePayroll, read_site_payroll
from shared_code.services.forecast.payroll_rows import (
    Figures,
    Level,
    PayrollRow,
    RowHead,
    RowRules,
    day_slices,
    row_heads,
    rows_of,
    shown_codes,
)
from shared_code.services.forecast.payroll_totals import period_days, period_figures
from shared_code.services.forecast.payroll_warnings import alert_percent, missing_rates, payroll_warnings
from shared_code.services.periods import Period, PeriodType
from shared_code.services.pnl_site_cells import OpenSite
from shared_code.settings import Settings
from shared_code.storage.payroll_reading import DescribedCode


class Granularity(StrEnum):
    """The stretches of days that have rows."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who looks: whether they may write, and whether they read the pay of salaried codes."""

    may_write: bool
    reads_pay: bool


@dataclass(frozen=True, slots=True)
class PayrollDay:
    """The rows of a day."""

    day: date
    lock: LockReason | None
    rows: tuple[PayrollRow, ...]


@dataclass(frozen=True, slots=True)
class PayrollBucket:
    """The rows of a week or month; `label` names it, a week by its Saturday. A `partial` one is cut by the period."""

    start: date
    end: date
    label: str
    partial: bool
    lock: LockReason
    rows: tuple[PayrollRow, ...]


@dataclass(frozen=True, slots=True)
class PayrollTotals:
    """Sums of the period by family and by group, and of the site with its salaries as the P&L has it."""

    families: tuple[PayrollRow, ...]
    groups: tuple[PayrollRow, ...]
    period: Figures


@dataclass(frozen=True, slots=True)
class SalariedPay:
    """Salaries of the period in dollars; None where they are masked."""

    cost: Decimal | None
    masked: bool


@dataclass(frozen=True, slots=True)
class UnassignedLabor:
    """Hourly codes without a job group that have hours in the period."""

    hours: Decimal
    cost: Decimal | None
    job_codes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AverageRate:
    """The rate of an hourly code on the last day of the period, and the date that it belongs to."""

    job_code: str
    rate: Decimal | None
    effective_date: date | None


@dataclass(frozen=True, slots=True)
class PayrollView:
    """The payroll of a period; it has either days or buckets."""

    header: Header
    mode: PayrollMode
    days: tuple[PayrollDay, ...]
    buckets: tuple[PayrollBucket, ...]
    totals: PayrollTotals
    salaried: SalariedPay
    unassigned: UnassignedLabor
    average_rates: tuple[AverageRate, ...]
    missing_rates: tuple[str, ...]

    @property
    def is_plh_site(self) -> bool:
        """Whether the client pays by the hour of labor."""
        return self.mode is PayrollMode.CODE

    @property
    def shows_pay(self) -> bool:
        """Whether salaried codes stand there with their pay: they have a row of their own at every level."""
        return any(row.head.is_salaried and not row.masked for row in self.totals.families)


@dataclass(frozen=True, slots=True)
class ViewOptions:
    """At which level rows are shown (None: at that of the site's entries), and for which stretches of days."""

    granularity: Granularity | None = None
    level: Level | None = None


def read_payroll(
    connection: Connection,
    site: OpenSite,
    periods: Sequence[Period],
    settings: Settings,
    options: ViewOptions,
    viewer: Viewer,
) -> list[PayrollView]:
    """The payroll of each of `periods`, which follow one another, in as many statements as that of one."""
    months = sorted({month for period in periods for month in period.months})
    payroll = read_site_payroll(connection, site, months)
    locks = [(period, _lock(payroll, period, viewer)) for period in periods]
    headers = read_headers(connection, site, locks, Module.PAYROLL)
    rules = RowRules(viewer.reads_pay, alert_percent(settings))
    return [
        _PeriodView(replace(payroll, months=_months_of(payroll, period)), period, options, viewer, rules).view(header)
        for period, header in zip(periods, headers, strict=True)
    ]


def salaried_pay_is_masked(codes: Mapping[str, DescribedCode]) -> bool:
    """Whether the salaries of a site are those of a single person.

    Source: Data model, "Masking".
    """
    salaried = [code.active_employees for code in codes.values() if code.is_active and code.is_salaried]
    return bool(salaried) and sum(salaried) <= 1


class _PeriodView:
    """One period on its way to being shown."""

    def __init__(
        self, payroll: SitePayroll, period: Period, options: ViewOptions, viewer: Viewer, rules: RowRules
    ) -> None:
        self._payroll = payroll
        self._period = period
        self._viewer = viewer
        self._rules = rules
        self._granularity = options.granularity or _DEFAULT_GRANULARITY[period.type]
        self._codes = shown_codes(payroll)
        self._heads = row_heads(self._codes, options.level or Level.of(payroll.mode))
        self._days = period_days(payroll, period)

    def view(self, header: Header) -> PayrollView:
        """The period under its `header`, to which warnings are added."""
        by_day = self._granularity is Granularity.DAY
        warnings = payroll_warnings(self._payroll, self._codes, self._days, self._rules.alert_percent)
        return PayrollView(
            replace(header, warnings=(*header.warnings, *warnings)),
            self._payroll.mode,
            tuple(self._shown_days()) if by_day else (),
            () if by_day else tuple(self._buckets()),
            PayrollTotals(
                self._rows_of_period(Level.FAMILY),
                self._rows_of_period(Level.GROUP),
                period_figures(self._payroll, self._period, self._days),
            ),
            self._salaried(),
            self._unassigned(),
            tuple(self._average_rates()),
            missing_rates(self._codes, self._days),
        )

    def _shown_days(self) -> list[PayrollDay]:
        found = []
        for month in self._payroll.months:
            for day in _days_between(month, self._period.first, self._period.last):
                lock = role_lock(self._payroll.lock(day), may_write=self._viewer.may_write)
                found.append(PayrollDay(day, lock, self._rows(self._heads, month, day, day)))
        return found

    def _buckets(self) -> list[PayrollBucket]:
        found = []
        lock = role_lock(LockReason.GRANULARITY, may_write=self._viewer.may_write) or LockReason.GRANULARITY
        for month in self._payroll.months:
            for start, end, label, is_partial in _stretches(month.period, self._period, self._granularity):
                found.append(
                    PayrollBucket(start, end, label, is_partial, lock, self._rows(self._heads, month, start, end))
                )
        return found

    def _rows(self, heads: Sequence[RowHead], month: PayrollMonth, first: date, last: date) -> tuple[PayrollRow, ...]:
        return tuple(rows_of(self._payroll, heads, day_slices(month.days, first, last), self._rules))

    def _rows_of_period(self, level: Level) -> tuple[PayrollRow, ...]:
        return tuple(rows_of(self._payroll, row_heads(self._codes, level), self._days, self._rules))

    def _salaried(self) -> SalariedPay:
        if salaried_pay_is_masked(self._codes) and not self._viewer.reads_pay:
            return SalariedPay(None, masked=True)
        cost = ZERO
        for month in self._payroll.months:
            days = len(_days_between(month, self._period.first, self._period.last))
            for code in month.inputs.job_codes:
                if code.is_salaried:
                    cost += salary_of_days(code.allocated_salary, days, int(month.period[:4]))
        return SalariedPay(cost, masked=False)

    def _unassigned(self) -> UnassignedLabor:
        lost = {key: code for key, code in self._codes.items() if code.group_id is None and not code.is_salaried}
        with_hours = {key: code for key, code in lost.items() if any(day.effective.hours for day in self._days[key])}
        rows = rows_of(self._payroll, row_heads(with_hours, Level.GROUP), self._days, self._rules)
        return UnassignedLabor(
            sum((row.figures.effective.hours for row in rows), ZERO),
            rows[0].figures.effective.cost if rows else ZERO,
            tuple(code.job_code for code in with_hours.values()),
        )

    def _average_rates(self) -> list[AverageRate]:
        found = []
        for code in self._payroll.months[-1].inputs.job_codes:
            if not code.is_salaried:
                dated = rate_in_force(code.rates, code.default_rate, self._period.last)
                rate, effective = (None, None) if dated is None else (dated.rate, dated.rate_date)
                found.append(AverageRate(code.job_code, rate, effective))
        return sorted(found, key=lambda rate: job_code_key(rate.job_code))


_DEFAULT_GRANULARITY: Final = {
    PeriodType.DAY: Granularity.DAY,
    PeriodType.MONTH: Granularity.DAY,
    PeriodType.QUARTER: Granularity.MONTH,
    PeriodType.YEAR: Granularity.MONTH,
}


def _lock(payroll: SitePayroll, period: Period, viewer: Viewer) -> LockReason | None:
    """Why nothing of the period may be edited; a month may be while one of its days may be."""
    if not viewer.may_write or period.type in {PeriodType.QUARTER, PeriodType.YEAR}:
        return period_lock(payroll.window, period, may_write=viewer.may_write) or LockReason.GRANULARITY
    first, last = period.first.toordinal(), period.last.toordinal()
    locks = [payroll.lock(date.fromordinal(number)) for number in range(first, last + 1)]
    return None if None in locks else locks[-1]


def _months_of(payroll: SitePayroll, period: Period) -> tuple[PayrollMonth, ...]:
    return tuple(month for month in payroll.months if month.period in period.months)


def _days_between(month: PayrollMonth, first: date, last: date) -> list[date]:
    start, end = date.fromisoformat(f"{month.period}-01"), weeks_of(month.period)[-1].end
    start, end = max(start, first), min(end, last)
    return [date.fromordinal(number) for number in range(start.toordinal(), end.toordinal() + 1)]


def _stretches(month: str, period: Period, granularity: Granularity) -> list[tuple[date, date, str, bool]]:
    """First and last day, name, and whether it is cut, of the weeks of a month, or of the month itself."""
    weeks = weeks_of(month)
    if granularity is Granularity.MONTH:
        whole = [(weeks[0].start, weeks[-1].end, month, period.type is PeriodType.DAY)]
    else:
        whole = []
        for week in weeks:
            saturday = date.fromordinal(week.start.toordinal() + (SATURDAY - week.start.weekday()) % 7)
            whole.append((week.start, week.end, saturday.isoformat(), week.days < 7 or period.type is PeriodType.DAY))
    return [
        (max(start, period.first), min(end, period.last), label, is_partial)
        for start, end, label, is_partial in whole
        if start <= period.last and end >= period.first
    ]
