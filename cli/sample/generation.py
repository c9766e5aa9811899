"""Makes the sample warehouse: a file with every object of the warehouse, filled as of one business date.

Source: Operations, "Environments"; Source side, "Source objects".
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from pathlib import Path

from cli.sample import labor_rows, ledger_rows, parking_rows, people_rows, unit_account_rows
from cli.sample.accounts import CHART
from cli.sample.chance import one_in, stream
from cli.sample.labor import Paid, paid_lines
from cli.sample.parking import ParkingDay, ParkingTotals, parking_days, totals_of
from cli.sample.sites import MOST_SITES, SampleSite, site_of
from cli.sample.writing import SampleWriter
from cli.warehouse_rows import Progress
from shared_code.domain.months import days_of, last_day, months_between, months_of_year, period_of
from shared_code.errors import ConflictError, InvalidInputError
from shared_code.sources.warehouse import objects
from shared_code.sources.warehouse.embedded import create_objects, embedded_engine

MOST_YEARS = 10
"""Longest history that a sample has."""


def generate(
    path: Path,
    *,
    business_date: date,
    sites: int = 12,
    years: int = 2,
    seed: int = 1,
    progress: Progress | None = None,
) -> None:
    """Makes the sample warehouse in the new file `path`: the data of the morning of `business_date`.

    Daily figures and posted balances reach from 1 January of the first of `years` calendar years, of which the year
    of the business date is the last, to the day before; budgets cover those years and the next one; shifts reach
    three weeks ahead. Equal arguments make equal rows, and a larger `sites` contains the smaller sample. Memory does
    not grow with the size. `progress` is told the part being made, the parts done and all parts. The file appears
    when it is complete.

    Raises `ConflictError` when the file exists and `InvalidInputError` for a number of sites or years out of range.

    Source: Operations, "Environments".
    """
    _check(path, sites, years)
    unfinished = path.with_name(f"{path.name}.partial")
    _remove(unfinished)
    engine = embedded_engine(unfinished, read_only=False)
    try:
        create_objects(engine)
        parts = _parts(Sample(business_date, sites, years, seed))
        for done, (name, write) in enumerate(parts, start=1):
            with engine.begin() as connection:
                writer = SampleWriter(connection)
                write(writer)
                writer.flush()
            if progress is not None:
                progress(name, done, len(parts))
        unfinished.replace(path)
    finally:
        _remove(unfinished)


@dataclass(frozen=True, slots=True)
class Sample:
    """The arguments of a sample, and what follows from them."""

    business_date: date
    site_count: int
    years: int
    seed: int

    @property
    def yesterday(self) -> date:
        """The last day that has data."""
        return self.business_date - timedelta(days=1)

    @property
    def months(self) -> list[str]:
        """Months with daily figures, up to the current one."""
        first = f"{self.business_date.year - self.years + 1:04d}-01"
        return months_between(first, period_of(self.business_date))

    @property
    def budget_years(self) -> range:
        """Years with a budget: those with daily figures, the last one at least, and the next one."""
        return range(self.business_date.year - max(self.years - 1, 1), self.business_date.year + 2)

    def sites(self) -> Iterator[SampleSite]:
        """The sites, one after the other."""
        return (site_of(number, self.seed) for number in range(self.site_count))


Part = Callable[[SampleWriter], None]
"""Writes one part of a sample; each part is a transaction."""


def _parts(sample: Sample) -> list[tuple[str, Part]]:
    return [
        ("masters", partial(_write_masters, sample)),
        ("schedule", partial(_write_schedule, sample)),
        *((f"budget {year}", partial(_write_budget, sample, year)) for year in sample.budget_years),
        *((period, partial(_write_month, sample, period)) for period in sample.months),
    ]


def _write_masters(sample: Sample, writer: SampleWriter) -> None:
    writer.add(objects.chart_of_account, CHART)
    for site in sample.sites():
        neighbour = site_of(site.number - 1, sample.seed) if site.number % 6 == 5 else None
        writer.add(objects.master_non_financial, [people_rows.master_row(site, sample.seed)])
        writer.add(objects.workday_site_managers, people_rows.manager_rows(site))
        writer.add(objects.workday_rls_bisecurity, people_rows.security_rows(site))
        writer.add(objects.workday_site_salaries, people_rows.salary_rows(site, neighbour, sample.yesterday))
        writer.add(objects.workday_wage_rate, people_rows.wage_rate_rows(site))
        writer.add(objects.gl_accounts, unit_account_rows.ledger_account_rows(site))
        writer.add(objects.gl00100, unit_account_rows.mirror_rows(site))


def _write_schedule(sample: Sample, writer: SampleWriter) -> None:
    for site in sample.sites():
        shifts = list(labor_rows.planned_shifts(site, sample.business_date, sample.seed))
        writer.add(objects.shift_entity, (labor_rows.shift_row(site, shift) for shift in shifts))
        writer.add(objects.schedule_cost_entity, labor_rows.schedule_cost_rows(site, shifts))


def _write_budget(sample: Sample, year: int, writer: SampleWriter) -> None:
    writer.add(objects.budget_final, [ledger_rows.blank_budget_row(year)])
    for period in months_of_year(year):
        for site in sample.sites():
            writer.add(objects.budget_final, ledger_rows.budget_rows(site, period, sample.seed))
            writer.add(objects.budget_datatab_pr, ledger_rows.payroll_budget_rows(site, period, sample.seed))


def _write_month(sample: Sample, period: str, writer: SampleWriter) -> None:
    days = [day for day in days_of(period) if day <= sample.yesterday]
    if not days:
        return
    writer.add(objects.revenue_daily_detail, [parking_rows.blank_site_row(period)])
    writer.add(objects.payroll_summary, labor_rows.blank_location_rows(period))
    for site in sample.sites():
        parking = parking_days(site, period, days, sample.seed)
        paid = paid_lines(site, period, days, sample.seed)
        _write_parking(sample, site, period, parking, writer)
        rows = labor_rows.payroll_rows(site, paid, period, sample.business_date, sample.seed)
        writer.add(objects.payroll_summary, rows)
        _write_ledger(sample, site, period, totals_of(parking), paid, writer)


def _write_parking(
    sample: Sample, site: SampleSite, period: str, parking: Sequence[ParkingDay], writer: SampleWriter
) -> None:
    """The daily rows; of one site in four, the report of yesterday has not come yet."""
    if one_in(4, stream(sample.seed, site.number, sample.yesterday, "late")):
        parking = [day for day in parking if day.day < sample.yesterday]
    key = (site, parking, period, sample.seed)
    writer.add(objects.revenue_daily_detail, parking_rows.daily_detail_rows(*key))
    writer.add(objects.revenue_daily_detail_invoice, parking_rows.invoice_rows(*key))
    writer.add(objects.revenue_datamart_daily, parking_rows.datamart_rows(*key))


def _write_ledger(
    sample: Sample, site: SampleSite, period: str, totals: ParkingTotals, paid: Sequence[Paid], writer: SampleWriter
) -> None:
    on = min(last_day(period), sample.yesterday)
    if period < period_of(sample.business_date):
        postings = ledger_rows.closed_month_rows(site, period, totals, paid, sample.seed)
    else:
        postings = ledger_rows.current_month_rows(site, period, on.day, sample.seed)
    writer.add(objects.account_summary, postings)
    writer.add(objects.gp_stats, unit_account_rows.unit_rows(site, period, on, totals))


def _check(path: Path, sites: int, years: int) -> None:
    if path.exists():
        raise ConflictError(f"{path} exists already. Move it away, or name another file for the sample warehouse.")
    if not 1 <= sites <= MOST_SITES:
        raise InvalidInputError(f"A sample has 1 to {MOST_SITES} sites, not {sites}.", field="sites")
    if not 1 <= years <= MOST_YEARS:
        raise InvalidInputError(f"A sample has 1 to {MOST_YEARS} years of history, not {years}.", field="years")


def _remove(database: Path) -> None:
    for suffix in ("", "-wal", "-shm"):
        database.with_name(database.name + suffix).unlink(missing_ok=True)
