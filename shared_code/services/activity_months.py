"""The figures of a batch of sites month by month: vehicles, rooms, labor and the P&L on one basis or several.

A closed month is what was recorded and posted, a later one its forecast, and the running one is blended for the trend:
each daily series counts as recorded to its last day with data and as forecast after it. A site and month of which
nothing is known has no entry.

Source: Calculations, "Month kinds and trend", "Current month" and "Productivity".
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy import Connection

from shared_code.domain.effective_statistics import StatisticsMonth, effective_statistics
from shared_code.domain.flc import front_line_contribution
from shared_code.domain.labor_hours import JobHours, forecast_hours, job_code_key
from shared_code.domain.metrics import Quotient
from shared_code.domain.months import add_months, days_in, months_between, period_of
from shared_code.domain.pnl_rows import CELL_ROWS, PnlRow
from shared_code.domain.productivity import FamilyHours
from shared_code.domain.rounding import ZERO, money
from shared_code.domain.site_figures import Basis, Labor, RoomNights, SiteFigures
from shared_code.domain.site_scope import SiteScope
from shared_code.domain.site_year import Scenario
from shared_code.domain.statistics import OCCUPIED_ROOMS_ACCOUNT, Statistics, Volumes, budget_volumes
from shared_code.services.activity_running import RunningMonth, running_months
from shared_code.services.cycle_search import no_cycle_search
from shared_code.services.periods import horizon
from shared_code.services.pnl_reading import FreshPnl
from shared_code.services.runtime import Runtime
from shared_code.storage import analysis_inputs, forecast_inputs, pnl_labor
from shared_code.storage.analysis_inputs import (
    CodeLabor,
    JobCatalogue,
    LedgerSums,
    RecordedStatistics,
    SiteMonth,
)
from shared_code.storage.pnl_results import StoredMonth
from shared_code.storage.tables.facts import actual_account_months, budget_account_months

BATCH_SITES = 400
"""Sites that are read together: no more rows are held than those of so many."""

MINUTES_PER_HOUR = 60

FiguresByMonth = dict[SiteMonth, SiteFigures]


@dataclass(frozen=True, slots=True)
class Span:
    """Months from `first` to `last` (`YYYY-MM`), both included."""

    first: str
    last: str

    @property
    def months(self) -> list[str]:
        """The months in order."""
        return months_between(self.first, self.last)


def month_figures(
    runtime: Runtime, dates: Mapping[str, date], spans: Mapping[Basis, Span]
) -> dict[Basis, FiguresByMonth]:
    """The figures of the sites in `dates` (site to its business date) on each basis of `spans`.

    P&L figures of forecasts that are behind are computed and stored on the way.
    """
    found: dict[Basis, FiguresByMonth] = {basis: {} for basis in spans}
    site_ids = sorted(dates)
    for start in range(0, len(site_ids), BATCH_SITES):
        batch = {site_id: dates[site_id] for site_id in site_ids[start : start + BATCH_SITES]}
        with no_cycle_search():
            for basis, figures in _of_batch(runtime, batch, spans).items():
                found[basis] |= figures
    return found


def _of_batch(runtime: Runtime, dates: Mapping[str, date], spans: Mapping[Basis, Span]) -> dict[Basis, FiguresByMonth]:
    scope = SiteScope.of(dates)
    pnl = _fresh_pnl(runtime, scope, dates, spans)
    with runtime.database.reading() as connection:
        batch = _Batch(connection, scope, dates)
        found: dict[Basis, FiguresByMonth] = {}
        for basis, span in spans.items():
            if basis is Basis.BUDGET:
                found[basis] = batch.budget(span)
            elif basis is Basis.FORECAST:
                found[basis] = batch.forecast(span, _cells(connection, pnl, Scenario.FORECAST, span))
            elif basis is Basis.ACTUAL:
                found[basis] = batch.closed(span) | batch.to_date(span)
            else:
                found[basis] = batch.closed(span) | batch.open_trend(
                    span, _cells(connection, pnl, Scenario.TREND, span)
                )
    return found


def _fresh_pnl(
    runtime: Runtime, scope: SiteScope, dates: Mapping[str, date], spans: Mapping[Basis, Span]
) -> FreshPnl | None:
    """The P&L of the years whose forecast is asked for; before the horizon what is stored stands as it is."""
    today = max(dates.values())
    earliest, latest = horizon(today)
    wanted = set(spans[Basis.FORECAST].months) if Basis.FORECAST in spans else set()
    if Basis.TREND in spans:
        running = period_of(min(dates.values()))
        wanted |= {month for month in spans[Basis.TREND].months if month >= running}
    if not wanted:
        return None
    return FreshPnl(runtime, scope, {int(month[:4]) for month in wanted} & {*range(earliest.year, latest.year + 1)})


def _cells(
    connection: Connection, pnl: FreshPnl | None, scenario: Scenario, span: Span
) -> Mapping[SiteMonth, StoredMonth]:
    if pnl is None:
        return {}
    months = pnl.months(connection, [scenario], span.first, span.last)
    return {(month.site_id, month.period): month for month in months}


class _Batch:
    """What is known of a batch of sites; each question is one query a table."""

    def __init__(self, connection: Connection, scope: SiteScope, dates: Mapping[str, date]) -> None:
        self._connection = connection
        self._scope = scope
        self._running = {site_id: period_of(today) for site_id, today in dates.items()}
        self._dates = dates
        self._rooms = analysis_inputs.rooms_of_sites(connection, scope)
        self._catalogue = analysis_inputs.job_catalogue(connection)

    def closed(self, span: Span) -> FiguresByMonth:
        """The closed months as they were recorded and posted."""
        last = min(span.last, add_months(max(self._running.values()), -1))
        if last < span.first:
            return {}
        asked = (self._connection, self._scope, span.first, last)
        statistics = analysis_inputs.statistics_by_month(*asked)
        labor = analysis_inputs.labor_by_month(*asked)
        minutes = analysis_inputs.scheduled_minutes_by_month(*asked)
        worked = analysis_inputs.paid_hours_with_shifts(*asked)
        fill = {key: fill_of(worked.get(key, ZERO), planned) for key, planned in minutes.items() if planned}
        posted = analysis_inputs.ledger_sums(self._connection, self._scope, actual_account_months, span.first, last)
        return {
            key: self._closed_month(
                key, statistics.get(key), labor.get(key, ()), fill.get(key), posted.get(key, _NOTHING_POSTED)
            )
            for key in {*statistics, *labor, *posted}
            if key[1] < self._running[key[0]]
        }

    def to_date(self, span: Span) -> FiguresByMonth:
        """The running months as far as they have been recorded."""
        return {month.key: self._recorded(month) for month in self._running_months(span)}

    def budget(self, span: Span) -> FiguresByMonth:
        """The budget of the months."""
        budgets = _budgets(self._connection, self._scope, span)
        hours = pnl_labor.budget_hours(self._connection, self._scope, span.first, span.last)
        return {
            key: self._planned(
                effective_statistics(StatisticsMonth(key[1], self._rooms.get(key[0], 0), volumes_of(sums))),
                self._hours_of({code: (total, ZERO) for code, total in hours.get(key, {}).items()}),
                cells_of(sums),
            )
            for key, sums in budgets.items()
        }

    def forecast(self, span: Span, cells: Mapping[SiteMonth, StoredMonth]) -> FiguresByMonth:
        """The forecast of the months: what is saved, else the budget."""
        asked = (self._connection, self._scope, span.first, span.last)
        statistics = planned_statistics(self._connection, self._scope, span, self._rooms)
        saved_hours = analysis_inputs.saved_hours_by_month(*asked)
        budget_hours = pnl_labor.budget_hours(*asked)
        found = {}
        for key in {*statistics, *saved_hours}:
            month = statistics.get(key) or StatisticsMonth(key[1], self._rooms.get(key[0], 0))
            hours = forecast_hours(saved_hours.get(key, ()), budget_hours.get(key, {}))
            cells_of_key = cells[key].cells if key in cells else {}
            found[key] = self._planned(effective_statistics(month), self._job_hours(hours), cells_of_key)
        return found

    def open_trend(self, span: Span, cells: Mapping[SiteMonth, StoredMonth]) -> FiguresByMonth:
        """The trend of the running month and of those after it."""
        first = max(span.first, min(self._running.values()))
        if first > span.last:
            return {}
        planned = self.forecast(Span(first, span.last), cells)
        found = {key: figures for key, figures in planned.items() if key[1] > self._running[key[0]]}
        for month in self._running_months(span):
            found[month.key] = self._blended(month, cells)
        return found

    def _running_months(self, span: Span) -> Iterable[RunningMonth]:
        dates = {
            site_id: today for site_id, today in self._dates.items() if span.first <= period_of(today) <= span.last
        }
        return running_months(self._connection, dates, self._rooms) if dates else ()

    def _closed_month(
        self,
        key: SiteMonth,
        recorded: RecordedStatistics | None,
        labor: Sequence[CodeLabor],
        fill: Quotient | None,
        posted: LedgerSums,
    ) -> SiteFigures:
        """Recorded days; where there are none of vehicles or rooms, what the ledger counted."""
        site_id, period = key
        counted = volumes_of(posted)
        vehicles = None if recorded is None else recorded.vehicles
        if vehicles is None and posted.vehicles:
            vehicles = counted
        rooms = None
        if recorded is not None and recorded.room_days:
            available = self._rooms.get(site_id, 0) * recorded.room_days
            rooms = RoomNights(recorded.occupied_rooms, available, recorded.overnight)
        elif counted.occupied_rooms:
            rooms = RoomNights(counted.occupied_rooms, self._rooms.get(site_id, 0) * days_in(period), counted.overnight)
        worked = self._labor_of(labor)
        fill = None if worked is None else fill
        return SiteFigures(vehicles, rooms, worked, fill, cells_of(posted) if posted.lines else {})

    def _recorded(self, month: RunningMonth) -> SiteFigures:
        """What is recorded of a running month; revenue and payroll are those of the recorded days."""
        labor = self._job_hours(month.worked)
        minutes = month.scheduled_minutes
        fill = None if labor is None or not minutes else fill_of(month.worked_with_shifts, minutes)
        amounts = {PnlRow.EXTERNAL_REVENUE: month.net_revenue, PnlRow.PAYROLL: month.payroll}
        return SiteFigures(month.vehicles, month.rooms, labor, fill, amounts)

    def _blended(self, month: RunningMonth, cells: Mapping[SiteMonth, StoredMonth]) -> SiteFigures:
        """Recorded to the last day of each series, forecast after it; dollars are those of the P&L."""
        recorded = self._recorded(month)
        stored = cells[month.key].cells if month.key in cells else {}
        labor = self._job_hours(month.hours)
        return SiteFigures(month.blended_vehicles, month.blended_rooms, labor, recorded.fill, stored)

    def _planned(
        self, statistics: Statistics, labor: Labor | None, amounts: Mapping[PnlRow, Decimal | None]
    ) -> SiteFigures:
        rooms = RoomNights(statistics.occupied_rooms, statistics.available_rooms, statistics.overnight)
        return SiteFigures(statistics, rooms, labor, None, amounts)

    def _labor_of(self, codes: Sequence[CodeLabor]) -> Labor | None:
        hours = {job_code_key(code.job_code): (code.hours, code.overtime) for code in codes}
        return self._hours_of(hours)

    def _job_hours(self, hours: Mapping[str, JobHours]) -> Labor | None:
        return self._hours_of({code: (entry.total, entry.overtime) for code, entry in hours.items()})

    def _hours_of(self, codes: Mapping[str, tuple[Decimal, Decimal]]) -> Labor | None:
        return labor_of(codes, self._catalogue)


def planned_statistics(
    connection: Connection, scope: SiteScope, span: Span, rooms: Mapping[str, int]
) -> dict[SiteMonth, StatisticsMonth]:
    """Rooms and vehicles of the sites and months that have a budget or a saved day; `scope` names its sites.

    `rooms` are those of one day by site.
    """
    budgets = _budgets(connection, scope, span)
    saved = forecast_inputs.saved_statistics(connection, scope, scope.site_ids or (), span.first, span.last)
    return {
        (site_id, period): StatisticsMonth(
            period,
            rooms.get(site_id, 0),
            volumes_of(budgets.get((site_id, period), _NOTHING_POSTED)),
            saved.get((site_id, period), ()),
        )
        for site_id, period in {*budgets, *saved}
    }


def _budgets(connection: Connection, scope: SiteScope, span: Span) -> Mapping[SiteMonth, LedgerSums]:
    return analysis_inputs.ledger_sums(connection, scope, budget_account_months, span.first, span.last)


def labor_of(codes: Mapping[str, tuple[Decimal, Decimal]], catalogue: JobCatalogue) -> Labor | None:
    """Hours and overtime by job code as labor by family; None without any. A code that nobody knows is productive."""
    if not codes:
        return None
    sums: dict[tuple[str | None, bool], Decimal] = {}
    overtime = ZERO
    for code, (hours, code_overtime) in codes.items():
        key = job_code_key(code)
        group = (catalogue.families.get(key), catalogue.productive.get(key, True))
        sums[group] = sums.get(group, ZERO) + hours
        overtime += code_overtime
    entries = tuple(FamilyHours("", family, hours, productive) for (family, productive), hours in sums.items())
    return Labor(entries, overtime)


def fill_of(hours: Decimal, minutes: int) -> Quotient:
    """Worked hours against scheduled minutes.

    Source: Calculations, "Productivity" and "Scheduled and actual hours".
    """
    return Quotient(hours * MINUTES_PER_HOUR, Decimal(minutes))


def volumes_of(sums: LedgerSums) -> Volumes:
    """Rooms and vehicles of a ledger month."""
    rooms = sums.lines.get(PnlRow.OCCUPIED_ROOMS, ZERO)
    return budget_volumes({**sums.vehicles, OCCUPIED_ROOMS_ACCOUNT: rooms})


def cells_of(sums: LedgerSums) -> dict[PnlRow, Decimal | None]:
    """The cells of a ledger month with FLC.

    Source: Calculations, "Ledger figures" and "FLC".
    """
    cells: dict[PnlRow, Decimal | None] = {row: money(sums.lines.get(row.value, ZERO)) for row in CELL_ROWS}
    cells[PnlRow.FLC] = front_line_contribution(cells)
    return cells


_NOTHING_POSTED = LedgerSums({}, {})
