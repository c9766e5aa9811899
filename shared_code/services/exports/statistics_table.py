"""The statistics of a site as a table: a row for each day, week, month or quarter and family of figures.

Source: REST API, "Statistics" and "Audit and export".
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Final

from shared_code.domain.external_revenue import ExternalRevenue
from shared_code.domain.variance import Variance
from shared_code.services.exports.contents import Contents, compared_view
from shared_code.services.exports.request import ExportRequest
from shared_code.services.exports.table import Cell, Column, Row, Section, heading_of
from shared_code.services.forecast.monthly_warnings import together
from shared_code.services.forecast.statistics_figures import COUNT_NAMES, Figures
from shared_code.services.forecast.statistics_view import (
    RATIOS,
    Blocks,
    Choice,
    StatisticsView,
    Totals,
    statistics_views,
)
from shared_code.services.periods import Period
from shared_code.services.pnl_site_cells import OpenSite
from shared_code.services.pnl_table import line_code
from shared_code.services.runtime import Runtime

_SUMS: Final = ("valet_vehicles", "self_park_vehicles", "total_vehicles")
"""Fields that only sums have."""

_REVENUE: Final = ("gross", "adjustments", "adjustment_percent", "net")
_SIX_DECIMALS: Final = frozenset({*RATIOS, "adjustment_percent"})
_BLOCKS: Final = tuple(name for name in Blocks.__slots__ if name != "variance")


def _column(name: str, heading: str | None = None) -> Column:
    return Column(heading or heading_of(name), 6 if name in _SIX_DECIMALS else 2)


COLUMNS: Final = (
    Column("Period"),
    Column("Figures"),
    *[_column(name) for name in (*RATIOS, *COUNT_NAMES, *_SUMS)],
    *[_column(name, f"External revenue {heading_of(name).lower()}") for name in _REVENUE],
    Column("External revenue basis"),
    Column("Source"),
    Column("Note"),
)
"""The columns; vehicles of both sides are those of sums."""

CAPACITY: Final = (Column("Available rooms"), Column("Available parking"))
"""The columns of what a site has, which is the same in all periods."""

PRICED: Final = tuple(Column(name) for name in ("Month", "Category", "Vehicles", "Rate", "Rate source", "Amount"))
"""The columns of how forecast external revenue comes about."""


def statistics_contents(
    runtime: Runtime, request: ExportRequest, site: OpenSite, periods: Sequence[Period]
) -> Contents:
    """The statistics of `periods`; raises as `statistics_views`."""
    options = request.options
    choice = Choice(options["view"], options["compare"], options["granularity"], frozenset(options["include"]))
    views = statistics_views(runtime, site, periods, choice, may_write=False)
    sections = [Section("Statistics", COLUMNS, [row for view in views for row in _rows(view)])]
    priced = [row for view in views for row in _priced_rows(view.calculation or {})]
    if priced:
        sections.append(Section("Calculation of forecast external revenue", PRICED, priced))
    sections.append(Section("Capacity of a day", CAPACITY, [(views[0].available_rooms, views[0].available_parking)]))
    warnings = together(*(view.warnings for view in views))
    return Contents(compared_view(choice.view, choice.compare), tuple(sections), tuple(warnings))


def _rows(view: StatisticsView) -> Iterator[Row]:
    for day in view.days:
        yield from _block_rows(day.date, day.blocks, day.source.value, day.note)
    for one in view.buckets:
        yield from _block_rows(one.bucket.label, one.blocks, one.source.value, None)
    for month in view.months:
        yield _row(month.month, "Effective", month.figures, month.source.value, is_sum=True)
    total = f"Total {view.header.period}"
    yield _row(total, "Effective", view.figures, view.source.value, is_sum=True)
    if view.totals is not None:
        for name in Totals.__slots__:
            figures: Figures | None = getattr(view.totals, name)
            if figures is not None:
                yield _row(total, heading_of(name), figures, None, is_sum=True)


def _block_rows(period: Cell, blocks: Blocks, source: str, note: str | None) -> Iterator[Row]:
    for name in _BLOCKS:
        figures: Figures | None = getattr(blocks, name)
        if figures is not None:
            is_effective = name == "effective"
            yield _row(
                period, heading_of(name), figures, source if is_effective else None, note if is_effective else None
            )
    if blocks.variance:
        yield _variance_row(period, "Variance", {name: one.amount for name, one in blocks.variance.items()})
        yield _variance_row(period, "Variance percent", _percents(blocks.variance))


def _row(
    period: Cell, family: str, figures: Figures, source: str | None, note: str | None = None, *, is_sum: bool = False
) -> Row:
    amount = figures.external_revenue
    return (
        period,
        family,
        *[getattr(figures, name) for name in (*RATIOS, *COUNT_NAMES)],
        *[getattr(figures, name) if is_sum else None for name in _SUMS],
        *[None if amount is None else getattr(amount, name) for name in _REVENUE],
        None if amount is None else amount.basis.value,
        source,
        note,
    )


def _variance_row(period: Cell, family: str, values: Mapping[str, Decimal | None]) -> Row:
    """Differences in the columns of their fields; that of external revenue is one of its net amount."""
    return (
        period,
        family,
        *[values.get(line_code(name)) for name in (*RATIOS, *COUNT_NAMES, *_SUMS)],
        *[values.get("externalRevenue") if name == "net" else None for name in _REVENUE],
        None,
        None,
        None,
    )


def _percents(variances: Mapping[str, Variance]) -> dict[str, Decimal | None]:
    return {name: one.percent for name, one in variances.items()}


def _priced_rows(months: Mapping[str, ExternalRevenue]) -> Iterator[Row]:
    for month, revenue in months.items():
        for part in revenue.components:
            category = heading_of(part.category.value)
            yield month, category, part.count, part.rate, part.rate_source.value, part.amount
        sums: Iterable[tuple[str, Decimal | None]] = (
            ("Gross", revenue.gross),
            ("Adjustments", revenue.adjustments),
            ("Calculated net", revenue.calculated_net),
            ("Net", revenue.net),
        )
        for label, amount in sums:
            yield month, label, None, None, None, amount
