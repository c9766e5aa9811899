"""Published facts laid beside the sums of their source, and rows at the source that no read asks for.

What is compared is settled: months and days that ended some days ago, inside the window of a good read. A source that
does not answer leaves the comparison unknown: a warning, never a pass.

Source: Source side, "Data-quality rules" (reconciliation) and "Run history, lineage, failure".
"""

import logging
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import partial
from typing import Any, Final

from sqlalchemy import Connection

from shared_code.clock import business_date
from shared_code.domain import quality_rules as rules
from shared_code.domain.budget_normalisation import BudgetReject, BudgetRow, normalise_budget_row
from shared_code.domain.months import add_months, first_day, period_of
from shared_code.domain.quality_rules import Rule
from shared_code.domain.rounding import CENT, ZERO
from shared_code.errors import SourceError
from shared_code.services.extraction.feeds.account_balances import normalisation_tables
from shared_code.services.extraction.site_lookup import INVALID, SiteLookup
from shared_code.services.runtime import Runtime
from shared_code.sources.warehouse.catalogue import QUERIES
from shared_code.sources.warehouse.query import FeedQuery
from shared_code.sources.warehouse.reader import WarehouseReader
from shared_code.sources.warehouse.reconciliation import MONTHS_OF_NO_CALENDAR, sums_by_site
from shared_code.sources.warehouse.window import Window
from shared_code.storage import revenue_codes
from shared_code.storage.quality import fact_checks, published_sums
from shared_code.storage.quality.check import Finding, cut
from shared_code.storage.quality.fact_checks import Facts
from shared_code.storage.quality.published_sums import SiteSums

SETTLED: Final = timedelta(days=10)
"""How long after its end a day or month changes no more, as a rule: closed months are frozen on the tenth."""

MONTHS_COMPARED: Final = 2
"""Of a feed by months so many are compared."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Reconciled:
    """A feed whose facts are laid beside its source: `measures` have one name in both.

    `asks_for_days`: the window of the query is one of days, whatever the facts are of.
    """

    facts: Facts
    measures: tuple[str, ...]
    asks_for_days: bool = False

    @property
    def feed(self) -> str:
        """The feed: it is also the name of its query."""
        return self.facts.source

    def window_of(self, month: str) -> Window:
        """The window of the query that brings the facts of `month`."""
        if self.asks_for_days:
            return Window.of_days(first_day(month), first_day(add_months(month, 1)))
        return Window.of_periods(month, month)


RECONCILED: Final = (
    Reconciled(fact_checks.BUDGET, ("balance",)),
    Reconciled(fact_checks.LEDGER, ("balance",)),
    Reconciled(fact_checks.BUDGET_PROFILES, ("hours", "dollars")),
    Reconciled(fact_checks.STATISTICS, ("total_net_revenue", "total_vehicles", "occupied_rooms"), True),
    Reconciled(fact_checks.PARKING, ("revenue", "vehicles"), True),
    Reconciled(fact_checks.PAID_HOURS, ("hours_all", "dollars_all"), True),
)
"""The feeds that bring figures which add up."""


@dataclass(frozen=True, slots=True)
class SourceCheck:
    """A rule that asks the warehouse: what it finds about `feed`."""

    name: str
    feed: str
    rule: Rule
    find: Callable[[Runtime, WarehouseReader], list[Finding]]


@dataclass(frozen=True, slots=True)
class _Stretch:
    """A part of one month: its facts and the window of its source."""

    period: str
    first: str | date
    last: str | date
    window: Window


def ask_source(runtime: Runtime, feeds: Collection[str]) -> list[Finding]:
    """What the warehouse says against what is published of `feeds`."""
    checks = [check for check in SOURCE_CHECKS if check.feed in feeds]
    if not checks:
        return []
    try:
        with runtime.warehouse_reader().snapshot() as reader:
            return [finding for check in checks for finding in _found(runtime, reader, check)]
    except SourceError as error:
        _log.warning("The warehouse could not be asked about %s: %s", ", ".join(feeds), error.code)
        return [_unknown(check, error) for check in checks]


def _found(runtime: Runtime, reader: WarehouseReader, check: SourceCheck) -> list[Finding]:
    try:
        return cut(check.find(runtime, reader))
    except SourceError as error:
        _log.warning("The warehouse could not answer check %s: %s", check.name, error.code)
        return [_unknown(check, error)]


def _unknown(check: SourceCheck, error: SourceError) -> Finding:
    """Whether the rule is broken is not known."""
    return Finding(check.feed, rules.SOURCE_AWAY.severity, error.code, 1, field=check.rule.kind.value)


def _months_of_no_calendar(feed: str, runtime: Runtime, reader: WarehouseReader) -> list[Finding]:
    year = _today(runtime).year
    query = MONTHS_OF_NO_CALENDAR[feed]
    window = Window.of_periods(f"{year - 1}-01", f"{year + 1}-12")
    with runtime.database.reading() as connection:
        lookup = SiteLookup(connection)
    return [
        Finding(
            feed,
            rules.INVALID_PERIOD.severity,
            rules.INVALID_PERIOD.code,
            rows,
            lookup[site] or None,
            None if period is None else str(period).strip() or None,
            "period",
        )
        for batch in reader.batches(query, window)
        for site, period, rows in batch
    ]


def _differences(item: Reconciled, runtime: Runtime, reader: WarehouseReader) -> list[Finding]:
    return [
        finding for stretch in _stretches(item, runtime) for finding in _differences_of(item, stretch, runtime, reader)
    ]


def _differences_of(
    item: Reconciled, stretch: _Stretch, runtime: Runtime, reader: WarehouseReader
) -> Iterator[Finding]:
    rule = rules.RECONCILIATION
    with runtime.database.reading() as connection:
        source = _source_sums(item, stretch.window, runtime, reader, connection)
        known = published_sums.published_sums(connection, item.facts, item.measures, stretch.first, stretch.last)
    none = (ZERO,) * len(item.measures)
    # What the budget API has filled is of sites that the warehouse has no row for.
    is_shared = item.feed == "budget" and runtime.settings.budget_source != "edw"
    for site_id in sorted(source if is_shared else {*source, *known}):
        pairs = zip(item.measures, source.get(site_id, none), known.get(site_id, none), strict=True)
        for name, theirs, ours in pairs:
            if abs(theirs - ours) > CENT:
                yield Finding(item.feed, rule.severity, rule.code, 1, site_id, stretch.period, name)


def _source_sums(
    item: Reconciled, window: Window, runtime: Runtime, reader: WarehouseReader, connection: Connection
) -> SiteSums:
    """The sums of the source by known site; budgets are brought to the chart of accounts, as they are published."""
    is_budget = item.feed == "budget"
    query: FeedQuery = sums_by_site(QUERIES[item.feed], item.measures, ("period", "main_account") if is_budget else ())
    rows = (row for batch in reader.batches(query, window) for row in batch)
    by_site = _normalised(runtime, connection, rows) if is_budget else rows
    lookup = SiteLookup(connection)
    sums: SiteSums = {}
    for spelling, *values in by_site:
        site_id = lookup[spelling]
        if site_id is not None and site_id != INVALID:
            before = sums.get(site_id, (ZERO,) * len(values))
            sums[site_id] = tuple(one + Decimal(more or 0) for one, more in zip(before, values, strict=True))
    return sums


def _normalised(
    runtime: Runtime, connection: Connection, rows: Iterable[Sequence[Any]]
) -> Iterator[tuple[str, Decimal]]:
    """Site and balance of the budget rows that can be published."""
    tables = normalisation_tables(runtime, connection)
    for site, period, account, balance in rows:
        months = normalise_budget_row(BudgetRow(account, period, balance), tables)
        if not isinstance(months, BudgetReject):
            yield site, sum((month.amount for month in months), ZERO)


def _stretches(item: Reconciled, runtime: Runtime) -> list[_Stretch]:
    """The settled months, or the settled days of one month, that a good read has covered; none before there is one."""
    settled = _today(runtime) - SETTLED
    with runtime.database.reading() as connection:
        codes = revenue_codes.categories(connection)
        if item.facts.has_days:
            read = published_sums.last_window_until(connection, item.feed, settled.isoformat())
            return [] if read is None else [_settled_days(read, settled, codes)]
        closed = add_months(period_of(settled + timedelta(days=1)), -1)
        beginning = "-01" if item.asks_for_days else ""
        read = published_sums.last_window_until(connection, item.feed, closed + beginning)
    if read is None:
        return []
    months = [add_months(closed, -back) for back in range(MONTHS_COMPARED)]
    covered = [month for month in months if read[0] <= month + beginning and month <= read[1][:7]]
    return [_Stretch(month, month, month, item.window_of(month)) for month in covered]


def _settled_days(read: tuple[str, str], settled: date, codes: Mapping[str, str]) -> _Stretch:
    """The days that a read from the first to the second of `read` has brought, of the month of the last settled one."""
    last = min(date.fromisoformat(read[1]), settled)
    first = max(date.fromisoformat(read[0]), last.replace(day=1))
    return _Stretch(period_of(last), first, last, Window.of_days(first, last + timedelta(days=1), revenue_codes=codes))


def _today(runtime: Runtime) -> date:
    return business_date(runtime.clock, runtime.settings.source_time_zone)


def _source_checks() -> Iterator[SourceCheck]:
    for feed in MONTHS_OF_NO_CALENDAR:
        yield SourceCheck(f"{feed}.source_periods", feed, rules.INVALID_PERIOD, partial(_months_of_no_calendar, feed))
    for item in RECONCILED:
        yield SourceCheck(f"{item.feed}.source_sums", item.feed, rules.RECONCILIATION, partial(_differences, item))


SOURCE_CHECKS: Final = tuple(_source_checks())

__all__ = ["RECONCILED", "SETTLED", "SOURCE_CHECKS", "SourceCheck", "ask_source"]
