"""The modules with values by month as tables: parking rates, other revenue and other expenses.

Source: REST API, "Parking rates", "Revenue", "Other expenses" and "Audit and export".
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from shared_code.services.exports.contents import Contents
from shared_code.services.exports.request import ExportRequest
from shared_code.services.exports.table import Cell, Column, Row, Section, heading_of
from shared_code.services.forecast.monthly_warnings import together
from shared_code.services.forecast.other_expenses import ACCOUNT_FIELDS, OtherExpensesView, read_other_expenses
from shared_code.services.forecast.other_revenue import ITEM_FIELDS, OtherRevenueView, SavedItems, read_other_revenue
from shared_code.services.forecast.parking_rates import ParkingRatesView, read_parking_rates
from shared_code.services.periods import Period
from shared_code.services.pnl_site_cells import OpenSite
from shared_code.services.runtime import Runtime

RATE_COLUMNS: Final = tuple(
    Column(name)
    for name in (
        "Month", "Category", "Forecast", "Budget", "Actual", "Prior year", "Effective", "Source", "Variance",
        "Variance percent",
    )
)  # fmt: skip


def _columns(fields: Mapping[str, str]) -> tuple[Column, ...]:
    return tuple(Column(name) for name in ("Month", "Figures", *map(heading_of, fields), "Total"))


def parking_rates_contents(
    runtime: Runtime, _request: ExportRequest, site: OpenSite, periods: Sequence[Period]
) -> Contents:
    """The rates of `periods` by month and category, and the averages of each period."""
    with runtime.database.reading() as connection:
        views = read_parking_rates(connection, site, periods, runtime.settings, may_write=False)
    rows = [row for view in views for row in _rate_rows(view)]
    warnings = tuple(together(*(view.header.warnings for view in views)))
    return Contents("all", (Section("Parking rates", RATE_COLUMNS, rows),), warnings)


def other_revenue_contents(
    runtime: Runtime, _request: ExportRequest, site: OpenSite, periods: Sequence[Period]
) -> Contents:
    """The items of `periods` by month, and their sums."""
    with runtime.database.reading() as connection:
        views = read_other_revenue(connection, site, periods, may_write=False)
    rows = [row for view in views for row in _item_rows(view)]
    warnings = tuple(together(*(view.header.warnings for view in views)))
    return Contents("all", (Section("Other revenue", _columns(ITEM_FIELDS), rows),), warnings)


def other_expenses_contents(
    runtime: Runtime, _request: ExportRequest, site: OpenSite, periods: Sequence[Period]
) -> Contents:
    """The accounts of `periods` by month, and their sums."""
    with runtime.database.reading() as connection:
        views = read_other_expenses(runtime, connection, site, periods, may_write=False)
    rows = [row for view in views for row in _account_rows(view)]
    warnings = tuple(together(*(view.header.warnings for view in views)))
    return Contents("all", (Section("Other expenses", _columns(ACCOUNT_FIELDS), rows),), warnings)


def _rate_rows(view: ParkingRatesView) -> Iterator[Row]:
    for row in view.rows:
        variance = row.variance
        yield (
            row.month,
            heading_of(row.category.value),
            row.forecast,
            row.budget,
            row.actual,
            row.prior_year,
            row.effective,
            row.source.value,
            None if variance is None else variance.amount,
            None if variance is None else variance.percent,
        )
    average = f"Average {view.header.period}"
    for category, rate in view.averages.items():
        yield average, heading_of(category.value), None, None, None, None, rate, None, None, None


def _item_rows(view: OtherRevenueView) -> Iterator[Row]:
    for month in view.months:
        families: tuple[tuple[str, SavedItems | None], ...] = (
            ("Forecast", month.forecast),
            ("Prior year", month.prior_year),
            ("Effective", month.effective),
        )
        for family, saved in families:
            if saved is not None:
                yield _fields_row(month.month, family, ITEM_FIELDS, saved.items, saved.total)
    yield _fields_row(f"Total {view.header.period}", "Effective", ITEM_FIELDS, view.totals.items, view.totals.total)


def _account_rows(view: OtherExpensesView) -> Iterator[Row]:
    for month in view.months:
        families: tuple[tuple[str, Mapping[str, Cell] | None, Cell], ...] = (
            ("Forecast", month.forecast, None),
            ("Budget", month.budget, None),
            ("Actual", month.actual, None),
            ("Effective", month.effective, month.total),
            ("Source", month.source, None),
        )
        for family, amounts, total in families:
            if amounts is not None:
                yield _fields_row(month.month, family, ACCOUNT_FIELDS, amounts, total)
    by_account = view.by_account
    total = sum(by_account.values())
    yield _fields_row(f"Total {view.header.period}", "Effective", ACCOUNT_FIELDS, by_account, total)


def _fields_row(period: str, family: str, fields: Mapping[str, str], values: Mapping[str, Cell], total: Cell) -> Row:
    return period, family, *[values.get(name) for name in fields], total
