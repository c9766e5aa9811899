"""The payroll of some months of a site: everything that its pages, its writes and its calculation are made of.

The figures are those that the P&L is computed from: the same hours, rates, budget and contract, by the same rules.

Source: REST API, "Payroll"; Calculations, "Payroll".
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from enum import StrEnum
from functools import cached_property
from typing import TypeVar

from sqlalchemy import Connection

from shared_code.domain.actual_payroll import RecordedLabor, blend_payroll
from shared_code.domain.contract import Contract, ContractType
from shared_code.domain.labor_hours import LaborDay, job_code_key
from shared_code.domain.ledger import Balance
from shared_code.domain.months import MonthKind, first_day, last_day, month_kind, period_of
from shared_code.domain.payroll import PayrollInputs, SiteJobCode, forecast_payroll
from shared_code.domain.payroll_days import CodeDay, MonthLabor, billable_rates, code_days, rates_within
from shared_code.domain.pnl_components import FigureSource, ledger_lines
from shared_code.domain.pnl_rows import PnlRow
from shared_code.domain.rounding import ZERO
from shared_code.domain.schedule import ScheduledDay
from shared_code.services.forecast.header import edit_window
from shared_code.services.forecast.locks import EditWindow, LockReason
from shared_code.services.pnl_site_cells import OpenSite
from shared_code.storage import month_ledger, payroll_reading, pnl_inputs, pnl_labor
from shared_code.storage.contracts import contract_in_force, load_contracts
from shared_code.storage.payroll_reading import DescribedCode, SavedPayrollDay

DatedT = TypeVar("DatedT", SavedPayrollDay, RecordedLabor, ScheduledDay)


class PayrollMode(StrEnum):
    """How a site enters hours: by group, or by single job code where the client pays by the hour."""

    GROUP = "group"
    CODE = "code"

    @property
    def stored_level(self) -> str:
        """The name in the database."""
        return "job_code" if self is PayrollMode.CODE else "job_group"


@dataclass(frozen=True)
class PayrollMonth:
    """The payroll of one month (`YYYY-MM`).

    `budget_payroll` and `posted_payroll` are the payroll row of budget and ledger in dollars, None where their source
    has nothing of the month; `budget_pteb` the budget of PTEB.
    """

    period: str
    labor: MonthLabor
    saved: Mapping[tuple[date, str], SavedPayrollDay]
    contract: Contract | None
    budget_payroll: Decimal | None
    budget_pteb: Decimal
    posted_payroll: Decimal | None

    @cached_property
    def days(self) -> Mapping[str, Sequence[CodeDay]]:
        """The days of the month by job code key."""
        return code_days(self.labor)

    @property
    def mode(self) -> PayrollMode:
        """How hours are entered for the month."""
        is_paid_by_hour = self.contract is not None and self.contract.pays_for(ContractType.PER_LABOR_HOUR)
        return PayrollMode.CODE if is_paid_by_hour else PayrollMode.GROUP

    @property
    def inputs(self) -> PayrollInputs:
        """What the forecast of the month is made of."""
        return self.labor.payroll

    @property
    def has_budget(self) -> bool:
        """Whether anything of payroll is budgeted for the month."""
        return bool(self.budget_payroll or self.labor.budget)

    @property
    def forecast_cost(self) -> Decimal:
        """The payroll forecast of the month in unrounded dollars, as the P&L has it."""
        return forecast_payroll(self.period, self.inputs).total

    @property
    def trend_cost(self) -> Decimal | None:
        """The payroll of the month as the trend of the P&L has it; None for a closed month without any actual."""
        today = self.labor.business_date
        kind = month_kind(self.period, today)
        if kind is MonthKind.ACTUAL:
            return self.posted_payroll
        if kind is MonthKind.CURRENT:
            return blend_payroll(self.period, today, self.labor.recorded, self.inputs).value
        return self.forecast_cost


@dataclass(frozen=True)
class SitePayroll:
    """The payroll of some months of a site, in order, its job codes by key, and what decides its locks."""

    months: tuple[PayrollMonth, ...]
    codes: Mapping[str, DescribedCode]
    window: EditWindow
    posted_days: frozenset[date]

    @property
    def mode(self) -> PayrollMode:
        """How hours are entered for the first of the months."""
        return self.months[0].mode

    def lock(self, day: date) -> LockReason | None:
        """Why a day is locked; None where it may be edited."""
        return self.window.payroll_lock(day, self.posted_days)

    def month_of(self, day: date) -> PayrollMonth:
        """The month of a day that lies in one of the months."""
        period = period_of(day)
        return next(month for month in self.months if month.period == period)

    def priced_codes(self, period: str) -> Mapping[str, SiteJobCode]:
        """The active job codes of the site with the rates that are in force in a month, by job code key."""
        return self._priced[period]

    @cached_property
    def _priced(self) -> Mapping[str, Mapping[str, SiteJobCode]]:
        return {
            month.period: {
                job_code_key(code.job_code): replace(code, rates=rates_within(code.rates, month.period))
                for code in month.inputs.job_codes
            }
            for month in self.months
        }


def read_site_payroll(connection: Connection, site: OpenSite, months: Sequence[str]) -> SitePayroll:
    """The payroll of the months from the first to the last of `months` (`YYYY-MM`, in order, at most two years).

    The number of statements does not depend on how many days and job codes there are.
    """
    facts = _LaborFacts(connection, site, months)
    ledgers = _Ledgers(connection, site, months)
    contracts = load_contracts(connection, site.scope, [site.site_id]).get(site.site_id, ())
    priced = {year: _site_codes(connection, site, year) for year in sorted({int(month[:4]) for month in months})}

    def month(period: str) -> PayrollMonth:
        contract = contract_in_force(contracts, period)
        budgeted = ledgers.budget(period, PnlRow.PAYROLL)
        return PayrollMonth(
            period,
            facts.labor(period, site.business_date, priced[int(period[:4])], budgeted or ZERO, contract),
            {(row.day, job_code_key(row.job_code)): row for row in facts.saved[period]},
            contract,
            budgeted,
            ledgers.budget(period, PnlRow.PTEB) or ZERO,
            ledgers.posted(period),
        )

    return SitePayroll(tuple(map(month, months)), facts.codes, edit_window(connection, site), facts.posted_days)


class _LaborFacts:
    """What is saved, budgeted, scheduled and paid in some months, and the job codes that it is known of."""

    def __init__(self, connection: Connection, site: OpenSite, months: Sequence[str]) -> None:
        where = (connection, site.scope, site.site_id)
        days = first_day(months[0]), last_day(months[-1])
        self.saved = _by_month(payroll_reading.saved_days(*where, *days))
        self._paid = _by_month(payroll_reading.paid_days(*where, *days))
        self._scheduled = _by_month(payroll_reading.scheduled_days(*where, *days))
        self._budget = payroll_reading.budget_labor(*where, months[0], months[-1])
        named = {row.job_code for rows in self.saved.values() for row in rows}
        named |= {labor.job_code for paid in self._paid.values() for labor in paid}
        named |= {shift.job_code for shifts in self._scheduled.values() for shift in shifts}
        named |= {code for budget in self._budget.values() for code in budget}
        self.codes = payroll_reading.described_codes(*where, named)

    @property
    def posted_days(self) -> frozenset[date]:
        """The days whose actual hours have posted."""
        return frozenset(labor.day for paid in self._paid.values() for labor in paid)

    def labor(
        self,
        period: str,
        business_date: date,
        codes: Sequence[SiteJobCode],
        budget_payroll: Decimal,
        contract: Contract | None,
    ) -> MonthLabor:
        """The labor of a month."""
        budget = self._budget.get(period, {})
        saved = [
            LaborDay(row.job_code, row.day, row.regular_hours, row.overtime_hours)
            for row in self.saved[period]
            if row.regular_hours is not None or row.overtime_hours is not None
        ]
        hours = {code: labor.hours for code, labor in budget.items()}
        return MonthLabor(
            period,
            business_date,
            PayrollInputs(codes, saved, hours, budget_payroll),
            budget,
            self._paid[period],
            self._scheduled[period],
            billable_rates(contract, period),
        )


class _Ledgers:
    """The rows of budget and ledger that payroll is compared with."""

    def __init__(self, connection: Connection, site: OpenSite, months: Sequence[str]) -> None:
        asked = (connection, site.scope, site.site_id, months[0], months[-1])
        self._budget = month_ledger.budget_balances(*asked)
        self._posted = month_ledger.posted_balances(*asked)
        self._published = pnl_inputs.published_months(connection, {int(month[:4]) for month in months})
        self._business_month = period_of(site.business_date)

    def budget(self, period: str, row: PnlRow) -> Decimal | None:
        """The budget of a row; None when the month has no budget at all."""
        balances = self._budget.get(period)
        return None if balances is None else _amount(balances, row)

    def posted(self, period: str) -> Decimal | None:
        """Payroll as it is posted; None when the ledger has not been read for the month."""
        if not self._published.has_ledger(period, self._business_month):
            return None
        return _amount(self._posted.get(period, ()), PnlRow.PAYROLL)


def _amount(balances: Iterable[Balance], row: PnlRow) -> Decimal | None:
    return ledger_lines(balances, {}, FigureSource.ACTUAL)[row].amount


def _site_codes(connection: Connection, site: OpenSite, year: int) -> tuple[SiteJobCode, ...]:
    return pnl_labor.site_codes(connection, site.scope, year, year).get(site.site_id, ())


def _by_month(days: Iterable[DatedT]) -> defaultdict[str, list[DatedT]]:
    found: defaultdict[str, list[DatedT]] = defaultdict(list)
    for entry in days:
        found[period_of(entry.day)].append(entry)
    return found
