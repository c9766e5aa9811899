"""Other revenue of a site: six items that are entered month by month. No source brings a budget or an actual of them.

Source: Calculations, "Other revenue"; REST API, "GET, PUT /revenue/other/{siteId}/{period}".
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from sqlalchemy import Connection

from shared_code.domain.months import add_months
from shared_code.domain.other_revenue import OtherRevenueItems
from shared_code.domain.rounding import ZERO, money
from shared_code.services.forecast.cells import Module
from shared_code.services.forecast.header import Header, edit_window, period_lock, read_headers, role_lock
from shared_code.services.forecast.locks import LockReason
from shared_code.services.periods import Period
from shared_code.services.pnl_site_cells import OpenSite
from shared_code.services.pnl_table import line_code
from shared_code.storage import forecast_inputs

ITEM_FIELDS: Final[Mapping[str, str]] = {line_code(item): item for item in OtherRevenueItems.__dataclass_fields__}
"""The items under their names in JSON."""


@dataclass(frozen=True, slots=True)
class SavedItems:
    """The saved items in dollars by field; None is not saved and counts as 0 in `total`."""

    items: Mapping[str, Decimal | None]

    @property
    def total(self) -> Decimal:
        """The sum of the items."""
        return sum((amount for amount in self.items.values() if amount is not None), ZERO)


@dataclass(frozen=True, slots=True)
class OtherRevenueMonth:
    """The items of a month (`YYYY-MM`) and of the same month a year before; None where nothing is saved."""

    month: str
    lock: LockReason | None
    forecast: SavedItems | None
    prior_year: SavedItems | None

    @property
    def effective(self) -> SavedItems:
        """The items as they count: what is not saved is 0."""
        saved = {} if self.forecast is None else self.forecast.items
        return SavedItems({name: saved.get(name) or ZERO for name in ITEM_FIELDS})


@dataclass(frozen=True, slots=True)
class OtherRevenueView:
    """Other revenue of a period by month."""

    header: Header
    months: tuple[OtherRevenueMonth, ...]

    @property
    def totals(self) -> SavedItems:
        """The items over all months, as they count."""
        effective = [month.effective.items for month in self.months]
        return SavedItems({name: sum((items[name] or ZERO for items in effective), ZERO) for name in ITEM_FIELDS})


def read_other_revenue(
    connection: Connection, site: OpenSite, periods: Sequence[Period], *, may_write: bool
) -> list[OtherRevenueView]:
    """Other revenue of each of `periods`, in a few statements however many they are."""
    window = edit_window(connection, site)
    locks = [(period, period_lock(window, period, may_write=may_write)) for period in periods]
    headers = read_headers(connection, site, locks, Module.OTHER_REVENUE)
    months = sorted({month for period in periods for month in period.months})
    saved = read_saved_items(connection, site, add_months(months[0], -12), months[-1])
    by_month = {
        month: OtherRevenueMonth(
            month,
            role_lock(window.month_lock(month), may_write=may_write),
            saved.get(month),
            saved.get(add_months(month, -12)),
        )
        for month in months
    }
    return [
        OtherRevenueView(header, tuple(by_month[month] for month in period.months))
        for period, header in zip(periods, headers, strict=True)
    ]


def read_saved_items(connection: Connection, site: OpenSite, first: str, last: str) -> dict[str, SavedItems]:
    """The saved items of the months from `first` to `last` (`YYYY-MM`); a month without any has none."""
    found = forecast_inputs.saved_other_revenue(connection, site.scope, [site.site_id], first, last)
    return {
        month: SavedItems({name: _dollars(getattr(items, item)) for name, item in ITEM_FIELDS.items()})
        for (_, month), items in found.items()
    }


def _dollars(amount: Decimal | None) -> Decimal | None:
    return None if amount is None else money(amount)
