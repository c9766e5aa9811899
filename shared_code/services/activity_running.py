"""The running month of a batch of sites: what is recorded of it, and its blend with the forecast of the days left.

Source: Calculations, "Current month" and "Scheduled and actual hours".
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import TypeVar

from sqlalchemy import Connection

from shared_code.domain.actual_payroll import RecordedLabor, actual_hours, actual_payroll, last_payroll_day
from shared_code.domain.blended_vehicles import add_volumes, blend_vehicles
from shared_code.domain.effective_statistics import StatisticsMonth, effective_statistics
from shared_code.domain.labor_hours import JobHours, LaborDay, blend_hours, forecast_hours, forecast_hours_after
from shared_code.domain.months import days_in, first_day, period_of
from shared_code.domain.payroll import SiteJobCode
from shared_code.domain.pnl_rows import PnlRow
from shared_code.domain.rounding import ZERO
from shared_code.domain.site_figures import RoomNights
from shared_code.domain.site_scope import SiteScope
from shared_code.domain.statistics import (
    OCCUPIED_ROOMS_ACCOUNT,
    StatisticsDay,
    Volumes,
    budget_volumes,
)
from shared_code.storage import analysis_inputs, forecast_inputs, pnl_labor
from shared_code.storage.analysis_inputs import CodeLabor, LedgerSums, RecordedStatistics, SiteMonth
from shared_code.storage.tables.facts import budget_account_months

T = TypeVar("T")

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class RunningMonth:
    """The running month of a site (`key`).

    `vehicles`, `rooms`, `net_revenue` and `payroll` (dollars), `worked` (hours by job code key) and the minutes that
    were scheduled for the days worked are those recorded to date; None where nothing is. `worked_with_shifts` are the
    hours of the days that have such minutes. The blended figures and `hours` are those of the whole month.
    """

    key: SiteMonth
    vehicles: Volumes | None
    rooms: RoomNights | None
    net_revenue: Decimal | None
    payroll: Decimal | None
    worked: Mapping[str, JobHours]
    scheduled_minutes: int
    worked_with_shifts: Decimal
    blended_vehicles: Volumes | None
    blended_rooms: RoomNights | None
    hours: Mapping[str, JobHours]


def running_months(
    connection: Connection, dates: Mapping[str, date], rooms: Mapping[str, int]
) -> Iterator[RunningMonth]:
    """The running month of every site in `dates` (site to its business date); `rooms` are those of one day.

    Seven statements, however many sites.
    """
    scope = SiteScope.of(dates)
    first, last = min(first_day(period_of(day)) for day in dates.values()), max(dates.values())
    statistics = _by_site(analysis_inputs.statistics_by_day(connection, scope, first, last), dates)
    labor = _by_site(analysis_inputs.labor_by_day(connection, scope, first, last), dates)
    minutes = _by_site(analysis_inputs.scheduled_minutes_by_day(connection, scope, first, last), dates)
    months = (period_of(first), period_of(last))
    budgets = analysis_inputs.ledger_sums(connection, scope, budget_account_months, *months)
    saved = forecast_inputs.saved_statistics(connection, scope, dates, *months)
    saved_hours = forecast_inputs.saved_hours(connection, scope, dates, *months)
    budget_hours = pnl_labor.budget_hours(connection, scope, *months)
    salaried = analysis_inputs.salaries(connection, scope)
    for site_id, today in dates.items():
        key = (site_id, period_of(today))
        plan = _Plan(
            key[1],
            rooms.get(site_id, 0),
            budgets.get(key),
            saved.get(key, ()),
            saved_hours.get(key, ()),
            budget_hours.get(key, {}),
        )
        codes = [
            SiteJobCode(code, salaried=True, allocated_salary=pay) for code, pay in salaried.get(site_id, {}).items()
        ]
        facts = _Facts(statistics.get(site_id, {}), labor.get(site_id, {}), minutes.get(site_id, {}), codes)
        yield _running_month(key, today, facts, plan)


@dataclass(frozen=True, slots=True)
class _Plan:
    """What the rest of the month is expected to be."""

    period: str
    rooms: int
    budget: LedgerSums | None
    saved: Sequence[StatisticsDay]
    saved_hours: Sequence[LaborDay]
    budget_hours: Mapping[str, Decimal]

    @property
    def is_known(self) -> bool:
        """Whether there is a budget or anything saved."""
        return self.budget is not None or bool(self.saved)

    @property
    def statistics(self) -> StatisticsMonth:
        """Vehicles and rooms as they are saved, else budgeted."""
        sums = self.budget or LedgerSums({}, {})
        accounts = {**sums.vehicles, OCCUPIED_ROOMS_ACCOUNT: sums.lines.get(PnlRow.OCCUPIED_ROOMS, ZERO)}
        return StatisticsMonth(self.period, self.rooms, budget_volumes(accounts), self.saved)

    def volumes_after(self, last: date | None) -> Volumes:
        """What is expected of the days after `last`; of all days where `last` is None."""
        return effective_statistics(self.statistics, None if last is None else last + _DAY)


@dataclass(frozen=True, slots=True)
class _Facts:
    """What is recorded of the month by day."""

    statistics: Mapping[date, RecordedStatistics]
    labor: Mapping[date, Sequence[CodeLabor]]
    minutes: Mapping[date, int]
    salaried: Sequence[SiteJobCode]

    @property
    def paid(self) -> list[RecordedLabor]:
        """The paid labor of all days."""
        return [
            RecordedLabor(code.job_code, day, code.hours - code.overtime, code.overtime, code.dollars)
            for day, codes in self.labor.items()
            for code in codes
        ]


def _running_month(key: SiteMonth, today: date, facts: _Facts, plan: _Plan) -> RunningMonth:
    counted = {day: one.vehicles for day, one in facts.statistics.items() if one.vehicles is not None}
    slept = {day: one for day, one in facts.statistics.items() if one.room_days}
    revenues = [one.net_revenue for one in facts.statistics.values() if one.net_revenue is not None]
    paid = facts.paid
    payday = last_payroll_day(paid, today)
    worked = {} if payday is None else actual_hours(paid, payday)
    after = (
        forecast_hours(plan.saved_hours, plan.budget_hours)
        if payday is None
        else forecast_hours_after(payday, plan.saved_hours, plan.budget_hours)
    )
    vehicles = _blended_vehicles(counted, plan)
    shifts = {day: minutes for day, minutes in facts.minutes.items() if minutes and payday and day <= payday}
    return RunningMonth(
        key=key,
        vehicles=add_volumes(counted.values()) if counted else None,
        rooms=_rooms_to_date(slept.values(), plan.rooms) if slept else None,
        net_revenue=sum(revenues, ZERO) if revenues else None,
        payroll=None if payday is None else actual_payroll(paid, facts.salaried, payday),
        worked=worked,
        scheduled_minutes=sum(shifts.values()),
        worked_with_shifts=sum((code.hours for day in shifts for code in facts.labor.get(day, ())), ZERO),
        blended_vehicles=vehicles,
        blended_rooms=_blended_rooms(slept, plan, vehicles),
        hours=after if payday is None else blend_hours(worked, after),
    )


def _blended_vehicles(counted: Mapping[date, Volumes], plan: _Plan) -> Volumes | None:
    """Recorded vehicles to the last day with any, the plan after it; None where nothing is known at all."""
    if not plan.is_known and not any(volumes.total_vehicles or volumes.comps for volumes in counted.values()):
        return None
    return blend_vehicles(counted, plan.statistics)


def _blended_rooms(
    slept: Mapping[date, RecordedStatistics], plan: _Plan, vehicles: Volumes | None
) -> RoomNights | None:
    """Recorded rooms to the last day with any, the plan after it; None where nothing is known at all."""
    last = max((day for day, one in slept.items() if one.occupied_rooms), default=None)
    if last is None and not plan.is_known:
        return None
    recorded = sum((one.occupied_rooms for day, one in slept.items() if last and day <= last), ZERO)
    occupied = recorded + plan.volumes_after(last).occupied_rooms
    overnight = ZERO if vehicles is None else vehicles.overnight
    return RoomNights(occupied, plan.rooms * days_in(plan.period), overnight)


def _rooms_to_date(days: Iterable[RecordedStatistics], rooms: int) -> RoomNights:
    known = list(days)
    return RoomNights(
        sum((day.occupied_rooms for day in known), ZERO),
        rooms * sum(day.room_days for day in known),
        sum((day.overnight for day in known), ZERO),
    )


def _by_site(found: Mapping[tuple[str, date], T], dates: Mapping[str, date]) -> dict[str, dict[date, T]]:
    """The days of the running month of every site, by site; a day after its business date is not an actual one."""
    days: dict[str, dict[date, T]] = {}
    for (site_id, day), value in found.items():
        if first_day(period_of(dates[site_id])) <= day <= dates[site_id]:
            days.setdefault(site_id, {})[day] = value
    return days
