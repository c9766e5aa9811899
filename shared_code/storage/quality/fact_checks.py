"""Checks of the published facts: plausible figures, known sites, accounts and job codes, real months, known runs.

Source: Source side, "Data-quality rules"; Data model, "Published source facts".
"""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any

from sqlalchemy import ColumnElement, Date, Integer, Select, String, Table, and_, exists, func, literal, or_, select

from shared_code.domain import quality_rules as rules
from shared_code.domain.quality_rules import LARGEST_MEASURE
from shared_code.sql.dates import month_of
from shared_code.storage.quality.check import Check, Terms, first_of, offending
from shared_code.storage.tables.accounts import accounts
from shared_code.storage.tables.base import COUNT
from shared_code.storage.tables.facts import (
    CATEGORIES,
    COMPS,
    actual_account_months,
    actual_parking_months,
    actual_payroll_days,
    actual_statistic_days,
    budget_account_months,
    budget_payroll_job_months,
    budget_payroll_months,
    schedule_payroll_days,
)
from shared_code.storage.tables.job_codes import job_codes
from shared_code.storage.tables.organisation import sites
from shared_code.storage.tables.runs import sync_runs

MONTH_NUMBERS = tuple(f"{month:02d}" for month in range(1, 13))


@dataclass(frozen=True, slots=True)
class Facts:
    """A table of facts as a feed fills it: `time` is its month or day, `measures` are the feed's figures."""

    source: str
    table: Table
    time: str
    measures: tuple[str, ...]

    @property
    def period(self) -> ColumnElement[Any]:
        """The month of a row."""
        column = self.table.c[self.time]
        return month_of(column) if self.has_days else column

    @property
    def has_days(self) -> bool:
        """Whether a row is of a day."""
        return isinstance(self.table.c[self.time].type, Date)

    def recent(self, terms: Terms) -> ColumnElement[bool]:
        """The rows that are looked at."""
        return self.table.c[self.time] >= (terms.first_day if self.has_days else terms.first_period)

    def offending(self, field: str | ColumnElement[Any] | None, terms: Terms) -> Select[Any]:
        """The rows that are looked at, under the columns of a finding."""
        start = offending(self.table, self.source, site=self.table.c.site_id, period=self.period, field=field)
        return start.where(self.recent(terms))


BUDGET = Facts("budget", budget_account_months, "period", ("balance", "amount"))
LEDGER = Facts("ledger", actual_account_months, "period", ("balance", "amount"))
BUDGET_PROFILES = Facts("budget_payroll", budget_payroll_months, "period", ("hours", "dollars"))
BUDGET_JOBS = Facts("budget_payroll", budget_payroll_job_months, "period", ("hours", "dollars"))
STATISTICS = Facts(
    "daily_revenue",
    actual_statistic_days,
    "stat_date",
    (
        "occupied_rooms",
        *CATEGORIES,
        *COMPS,
        *[f"{category}_revenue" for category in CATEGORIES],
        "total_vehicles",
        "total_net_revenue",
    ),
)
PARKING = Facts("parking_rates_actual", actual_parking_months, "period", ("revenue", "vehicles"))
PAID_HOURS = Facts(
    "paid_hours",
    actual_payroll_days,
    "work_date",
    ("hours_all", "hours_ex_premium", "overtime_hours", "dollars_all", "dollars_ex_premium"),
)
SHIFTS = Facts(
    "shifts", schedule_payroll_days, "work_date", ("regular_minutes", "overtime_minutes", "double_overtime_minutes")
)
SCHEDULE_COST = Facts("schedule_cost", schedule_payroll_days, "work_date", ("source_cost",))

FACTS = (BUDGET, LEDGER, BUDGET_PROFILES, BUDGET_JOBS, STATISTICS, PARKING, PAID_HOURS, SHIFTS, SCHEDULE_COST)
"""What feeds publish by site and month or day."""

_OF_ACCOUNTS = (BUDGET, LEDGER)
_OF_JOB_CODES = (BUDGET_JOBS, PAID_HOURS, SHIFTS)
_OF_MONTHS = tuple(facts for facts in FACTS if not facts.has_days)
_ALL_TABLES = FACTS[:-1]
"""Every table once: the schedule is filled by two feeds."""


def _range(facts: Facts, terms: Terms) -> Select[Any]:
    flaws = [(_is_implausible(facts.table.c[name]), name) for name in facts.measures]
    return facts.offending(first_of(flaws), terms).where(or_(*[flaw for flaw, _ in flaws]))


def _is_implausible(measure: ColumnElement[Any]) -> ColumnElement[bool]:
    """Beyond the limits; minutes are counted against the limit of hours."""
    if isinstance(measure.type, Integer):
        largest = int(LARGEST_MEASURE) * 60
        return or_(measure > largest, measure < -largest)
    return or_(measure > LARGEST_MEASURE, measure < -LARGEST_MEASURE)


def _unknown_sites(facts: Facts, terms: Terms) -> Select[Any]:
    known = exists(select(1).where(sites.c.site_id == facts.table.c.site_id))
    return facts.offending("site_id", terms).where(~known)


def _unknown_runs(facts: Facts, terms: Terms) -> Select[Any]:
    known = exists(select(1).where(sync_runs.c.sync_run_id == facts.table.c.sync_run_id))
    return facts.offending("sync_run_id", terms).where(~known)


def _impossible_months(facts: Facts, terms: Terms) -> Select[Any]:
    number = func.substring(facts.table.c[facts.time], 6, 2, type_=String(2))
    return facts.offending("period", terms).where(number.not_in(MONTH_NUMBERS))


def _unknown_accounts(facts: Facts, terms: Terms) -> Select[Any]:
    known = exists(select(1).where(accounts.c.main_account == facts.table.c.main_account))
    return facts.offending(facts.table.c.main_account, terms).where(~known)


def _unmapped_accounts(facts: Facts, terms: Terms) -> Select[Any]:
    account = facts.table.c.main_account
    without_line = exists(select(1).where(accounts.c.main_account == account, accounts.c.pnl_line == "unmapped"))
    return facts.offending(account, terms).where(without_line, facts.table.c.balance != 0)


def _unknown_job_codes(facts: Facts, terms: Terms) -> Select[Any]:
    known = exists(select(1).where(job_codes.c.job_code_id == facts.table.c.job_code_id))
    return facts.offending("job_code_id", terms).where(~known)


def _occupancy(terms: Terms) -> Select[Any]:
    """Compared as counts: a ratio would be divided in the database."""
    table = actual_statistic_days
    rooms, available = table.c.occupied_rooms, sites.c.total_rooms * literal(Decimal(1), COUNT)
    of_site = exists(select(1).where(sites.c.site_id == table.c.site_id, sites.c.total_rooms > 0, rooms > available))
    return STATISTICS.offending("occupied_rooms", terms).where(or_(rooms < 0, of_site))


def _prices(terms: Terms) -> Select[Any]:
    """Revenue of vehicles of which each has paid nothing, or less."""
    revenue, vehicles = actual_parking_months.c.revenue, actual_parking_months.c.vehicles
    is_free = and_(vehicles != 0, revenue == 0)
    has_other_sign = or_(and_(revenue < 0, vehicles > 0), and_(revenue > 0, vehicles < 0))
    return PARKING.offending(actual_parking_months.c.category, terms).where(or_(is_free, has_other_sign))


def _unallocated_hours(terms: Terms) -> Select[Any]:
    """Hours of job profiles that are mapped, and those that its job codes have got: both are of one month."""
    profile, job = budget_payroll_months.c, budget_payroll_job_months.c
    mapped = (
        select(profile.site_id, profile.period, func.sum(profile.hours, type_=profile.hours.type).label("hours"))
        .where(profile.treatment == "mapped", BUDGET_PROFILES.recent(terms))
        .group_by(profile.site_id, profile.period)
        .subquery("mapped")
    )
    allocated = (
        select(func.sum(job.hours, type_=job.hours.type))
        .where(job.site_id == mapped.c.site_id, job.period == mapped.c.period)
        .scalar_subquery()
    )
    differs = or_(allocated.is_(None), allocated != mapped.c.hours)
    start = offending(mapped, "budget_payroll", site=mapped.c.site_id, period=mapped.c.period, field="hours")
    return start.where(mapped.c.hours != 0, differs)


def _checks() -> Iterator[Check]:
    for facts in FACTS:
        yield Check(
            f"{facts.source}.{facts.table.name}.range",
            facts.source,
            rules.OUT_OF_RANGE,
            partial(_range, facts),
        )
    for several, rule, select_ in (
        (_ALL_TABLES, rules.UNKNOWN_SITE, _unknown_sites),
        (_ALL_TABLES, rules.LINEAGE, _unknown_runs),
        (_OF_MONTHS, rules.INVALID_PERIOD, _impossible_months),
        (_OF_ACCOUNTS, rules.UNKNOWN_ACCOUNT, _unknown_accounts),
        (_OF_ACCOUNTS, rules.UNMAPPED_ACCOUNT, _unmapped_accounts),
        (_OF_JOB_CODES, rules.UNKNOWN_JOB_CODE, _unknown_job_codes),
    ):
        for facts in several:
            yield Check(
                f"{facts.source}.{facts.table.name}.{rule.code.lower()}",
                facts.source,
                rule,
                partial(select_, facts),
            )
    yield Check("daily_revenue.occupancy", "daily_revenue", rules.OCCUPANCY, _occupancy)
    yield Check("parking_rates_actual.price", "parking_rates_actual", rules.NOT_POSITIVE, _prices)
    yield Check("budget_payroll.allocation", "budget_payroll", rules.UNALLOCATED, _unallocated_hours)


FACT_CHECKS = tuple(_checks())

__all__ = ["FACTS", "FACT_CHECKS", "Facts"]
