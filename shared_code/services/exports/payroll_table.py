"""The payroll of a site as a table: a row for each day, week or month and job code, group or family.

Source: REST API, "Payroll" and "Audit and export"; Data model, "Masking".
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from shared_code.domain.payroll_days import Labor
from shared_code.services.exports.contents import Contents
from shared_code.services.exports.request import ExportRequest
from shared_code.services.exports.table import Cell, Column, Row, Section, yes_or_no
from shared_code.services.forecast.monthly_warnings import together
from shared_code.services.forecast.payroll_rows import Figures, Level, PayrollRow
from shared_code.services.forecast.payroll_view import Granularity, PayrollView, Viewer, ViewOptions, read_payroll
from shared_code.services.periods import Period
from shared_code.services.pnl_site_cells import OpenSite
from shared_code.services.runtime import Runtime

_HEAD: Final = (
    Column("Period"),
    Column("Job family"),
    Column("Job group"),
    Column("Job code"),
    Column("Title"),
    Column("Active employees"),
    Column("Salaried"),
    Column("Masked"),
    Column("Rate", 6),
)
_TAIL: Final = (Column("Alert"), Column("Note"))

_BLOCKS: Final = {
    "forecast": ("Forecast hours", "Forecast overtime hours", "Forecast cost", "Forecast revenue"),
    "budget": ("Budget hours", "Budget cost"),
    "scheduled": ("Scheduled hours", "Scheduled cost"),
    "actual": ("Actual hours", "Actual cost"),
    "effective": ("Effective hours", "Effective cost", "Source"),
    "variance": ("Variance hours", "Variance cost"),
}
"""The columns of each block of figures."""

_VIEWS: Final = {
    "forecast": ("forecast",),
    "budget": ("budget",),
    "scheduled": ("scheduled",),
    "actual": ("actual",),
    "trend": ("effective",),
    "all": tuple(_BLOCKS),
}
"""The blocks of each view."""


def payroll_contents(runtime: Runtime, request: ExportRequest, site: OpenSite, periods: Sequence[Period]) -> Contents:
    """The payroll of `periods`, with pay masked as the user of the request sees it."""
    options, blocks = request.options, _VIEWS[request.options["view"]]
    wanted = ViewOptions(
        None if options["granularity"] is None else Granularity(options["granularity"]),
        None if options["level"] is None else Level(options["level"]),
    )
    with runtime.database.reading() as connection:
        viewer = Viewer(may_write=False, reads_pay=request.reads_pay)
        views = read_payroll(connection, site, periods, runtime.settings, wanted, viewer)
    columns = (*_HEAD, *[Column(name) for block in blocks for name in _BLOCKS[block]], *_TAIL)
    rows = [row for view in views for row in _rows(view, blocks)]
    extra = [row for view in views for row in _other_rows(view)]
    rates = [row for view in views for row in _rate_rows(view)]
    return Contents(
        options["view"],
        (
            Section("Payroll", columns, rows),
            Section("Salaries and hours without a group", _OTHERS, extra),
            Section("Average rates", _RATES, rates),
        ),
        tuple(together(*(view.header.warnings for view in views))),
        shows_pay=any(view.shows_pay for view in views),
    )


_RATES: Final = (Column("Period"), Column("Job code"), Column("Rate", 6), Column("Effective date"))
_OTHERS: Final = (Column("Period"), Column("Item"), Column("Hours"), Column("Cost"), Column("Masked"), Column("Codes"))


def _rows(view: PayrollView, blocks: Iterable[str]) -> Iterator[Row]:
    for day in view.days:
        yield from (_row(day.day, row, blocks) for row in day.rows)
    for bucket in view.buckets:
        yield from (_row(bucket.label, row, blocks) for row in bucket.rows)
    total = f"Total {view.header.period}"
    for row in (*view.totals.families, *view.totals.groups):
        yield _row(total, row, blocks)
    empty: tuple[Cell, ...] = (None,) * (len(_HEAD) - 2)
    yield total, "All", *empty, *_figures(view.totals.period, blocks), *[None for _ in _TAIL]


def _row(period: Cell, row: PayrollRow, blocks: Iterable[str]) -> Row:
    head = row.head
    return (
        period,
        head.job_family,
        head.job_group,
        head.job_code,
        head.title,
        head.active_employees,
        yes_or_no(head.is_salaried),
        yes_or_no(row.masked),
        row.rate,
        *_figures(row.figures, blocks),
        yes_or_no(row.alert),
        row.note,
    )


def _figures(figures: Figures, blocks: Iterable[str]) -> Iterator[Cell]:
    entered, effective = figures.entered, figures.effective
    cells: dict[str, tuple[Cell, ...]] = {
        "forecast": (None,) * 4
        if entered is None
        else (entered.regular, entered.overtime, entered.cost, entered.revenue),
        "budget": _labor(figures.budget),
        "scheduled": _labor(figures.scheduled),
        "actual": _labor(figures.actual),
        "effective": (effective.hours, effective.cost, figures.source.value),
        "variance": (figures.variance_hours, figures.variance_cost),
    }
    for block in blocks:
        yield from cells[block]


def _labor(labor: Labor | None) -> tuple[Cell, Cell]:
    return (None, None) if labor is None else (labor.hours, labor.cost)


def _other_rows(view: PayrollView) -> Iterator[Row]:
    period, unassigned = view.header.period, view.unassigned
    yield period, "Allocated salaries", None, view.salaried.cost, yes_or_no(view.salaried.masked), None
    codes = ", ".join(unassigned.job_codes)
    yield period, "Hours without a job group", unassigned.hours, unassigned.cost, None, codes
    yield period, "Hours without a rate", None, None, None, ", ".join(view.missing_rates)


def _rate_rows(view: PayrollView) -> Iterator[Row]:
    for rate in view.average_rates:
        yield view.header.period, rate.job_code, rate.rate, rate.effective_date
