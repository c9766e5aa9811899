"""The stored P&L: results with their components, written only where they changed and never over newer ones.

Source: Data model, "Results and snapshots".
"""

import hashlib
import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from itertools import chain
from operator import attrgetter
from typing import Any

from sqlalchemy import ColumnElement, Connection, String, delete, select, type_coerce

from shared_code.domain.internal_revenue import InternalRevenueSource
from shared_code.domain.pnl_components import Component
from shared_code.domain.pnl_rows import Cell, PnlRow
from shared_code.domain.site_scope import SiteScope
from shared_code.domain.site_year import DataStatus, Scenario, ScenarioMonth, SiteYearResult
from shared_code.sql.bulk import insert_rows
from shared_code.sql.lists import in_list
from shared_code.storage.database import within
from shared_code.storage.tables.results import PNL_MEASURES, pnl_components, pnl_results, pnl_site_years
from shared_code.storage.versions import SiteYear

MEASURES = tuple(PnlRow(name) for name in PNL_MEASURES)
"""The rows that are stored, in the order of their columns."""

ROWS_PER_FETCH = 10_000

_RESULT_COLUMNS = (
    "site_id",
    "period",
    "scenario",
    *PNL_MEASURES,
    "internal_source",
    "actual_through",
    "data_status",
    "inputs_hash",
    "calculated_at",
)
_COMPONENT_COLUMNS = (
    "site_id",
    "period",
    "scenario",
    "line",
    "seq",
    "component",
    "label",
    "amount",
    "rate_source",
    "detail",
)

_KEY_OF = attrgetter("key")
_compact_json = json.JSONEncoder(separators=(",", ":")).encode
_KEY_TEXT = String(40)
"""A site, a month and a scenario with bars between them."""

ResultKey = tuple[str, str, str]
"""Site, month, scenario."""


@dataclass(frozen=True, slots=True)
class SiteYearStamp:
    """What a site-year was computed from: version of its inputs, month of its business date, settings in force."""

    inputs_version: int
    business_month: str
    settings_hash: str

    def is_older_than(self, other: "SiteYearStamp") -> bool:
        """Whether `other` saw later inputs or a later month."""
        return (self.inputs_version, self.business_month) < (other.inputs_version, other.business_month)


@dataclass(frozen=True, slots=True)
class ResultRow:
    """One result as it is stored: its columns after the key, its components after theirs, and the hash of both."""

    key: ResultKey
    values: tuple[Any, ...]
    components: tuple[tuple[Any, ...], ...]
    inputs_hash: bytes


@dataclass(frozen=True, slots=True)
class ComputedSiteYear:
    """A computed site-year on its way into the store."""

    stamp: SiteYearStamp
    rows: tuple[ResultRow, ...]


@dataclass(frozen=True, slots=True)
class Stored:
    """What a batch came to.

    `changed` are the sites and months of which a row was written or removed; `superseded` the site-years that were
    left alone, because what is stored is newer.
    """

    changed: frozenset[tuple[str, str]]
    rows_written: int
    superseded: frozenset[SiteYear]


@dataclass(frozen=True, slots=True)
class StoredMonth:
    """The cells of a site and month in one scenario."""

    site_id: str
    period: str
    scenario: str
    cells: Mapping[PnlRow, Cell]
    internal_source: str | None
    actual_through: date | None
    status: DataStatus


@dataclass(frozen=True, slots=True)
class StoredComponent:
    """One component of a stored line, in dollars (rooms in the statistic row)."""

    site_id: str
    period: str
    scenario: str
    line: str
    component: str
    label: str
    amount: Decimal
    rate_source: str | None
    detail: Mapping[str, str] | None


def rows_of(result: SiteYearResult) -> tuple[ResultRow, ...]:
    """The rows of a site-year, once the components of every line have been checked.

    Raises CalculationError where components do not add up to their line.
    """
    return tuple(_row_of(result.site_id, month) for month in result.months)


def stamps(
    connection: Connection, scope: SiteScope, years: Collection[int], *, locked: bool = False
) -> dict[SiteYear, SiteYearStamp]:
    """What every stored site-year of `years` in `scope` was computed from.

    `locked` keeps others from storing these site-years until the transaction ends.
    """
    table = pnl_site_years
    statement = select(
        table.c.site_id, table.c.year, table.c.inputs_version, table.c.business_month, table.c.settings_hash
    ).where(within(scope, table.c.site_id), table.c.year.in_(sorted(years)))
    if locked:
        statement = statement.with_hint(table, "WITH (UPDLOCK, HOLDLOCK)", "mssql")
    return {(site_id, year): SiteYearStamp(*stamp) for site_id, year, *stamp in connection.execute(statement)}


def store(
    connection: Connection, scope: SiteScope, year: int, computed: Mapping[str, ComputedSiteYear], now: datetime
) -> Stored:
    """Store what was computed for `year` (by site) where nothing newer is stored, and only rows that changed.

    Belongs into one transaction; a site outside `scope` is not touched.
    """
    batch = scope.narrowed_to(computed)
    known = stamps(connection, batch, [year], locked=True)
    superseded = {
        site_id
        for site_id, site_year in computed.items()
        if (site_id, year) in known and site_year.stamp.is_older_than(known[site_id, year])
    }
    admitted = {
        site_id: site_year
        for site_id, site_year in computed.items()
        if batch.covers(site_id) and site_id not in superseded
    }
    hashes = _stored_hashes(connection, SiteScope.of(admitted), year)
    rows = [row for site_year in admitted.values() for row in site_year.rows if hashes.get(row.key) != row.inputs_hash]
    rows.sort(key=_KEY_OF)  # in the order of the key a tree only grows at its end
    current = {row.key for site_year in admitted.values() for row in site_year.rows}
    outdated = [key for key in hashes if key not in current]
    _replace_rows(connection, year, [row.key for row in rows if row.key in hashes] + outdated, rows, now)
    moved = {site: c.stamp for site, c in admitted.items() if known.get((site, year)) != c.stamp}
    _replace_stamps(connection, year, moved, now)
    changed = frozenset((site_id, period) for site_id, period, _ in chain((row.key for row in rows), outdated))
    return Stored(changed, len(rows), frozenset((site_id, year) for site_id in superseded))


def months(
    connection: Connection, scope: SiteScope, scenarios: Collection[str], first: str, last: str
) -> Iterator[StoredMonth]:
    """The stored cells of the months from `first` to `last` (`YYYY-MM`), by site, month and scenario in order."""
    table = pnl_results
    columns = [table.c[name] for name in _RESULT_COLUMNS[:-2]]
    statement = (
        select(*columns)
        .where(
            within(scope, table.c.site_id),
            table.c.period.between(first, last),
            table.c.scenario.in_(sorted(scenarios)),
        )
        .order_by(table.c.site_id, table.c.period, table.c.scenario)
    )
    count = len(MEASURES)
    for row in connection.execute(statement, execution_options={"yield_per": ROWS_PER_FETCH}):
        site_id, period, scenario, *rest = row
        cells = dict(zip(MEASURES, rest[:count], strict=True))
        yield StoredMonth(site_id, period, scenario, cells, rest[count], rest[count + 1], DataStatus(rest[count + 2]))


def components(
    connection: Connection, scope: SiteScope, scenarios: Collection[str], first: str, last: str
) -> list[StoredComponent]:
    """The components of the months from `first` to `last`, in the order in which they are shown."""
    table = pnl_components
    rows = connection.execute(
        select(*[table.c[name] for name in StoredComponent.__slots__])
        .where(
            within(scope, table.c.site_id),
            table.c.period.between(first, last),
            table.c.scenario.in_(sorted(scenarios)),
        )
        .order_by(table.c.site_id, table.c.period, table.c.scenario, table.c.line, table.c.seq)
    )
    return [StoredComponent(**{**row, "detail": json.loads(row["detail"] or "null")}) for row in rows.mappings()]


def as_stored(result: SiteYearResult) -> tuple[list[StoredMonth], list[StoredComponent]]:
    """A computed site-year as it would be read back."""
    months_read = [
        StoredMonth(
            result.site_id,
            month.period,
            str(month.scenario),
            month.cells,
            month.internal_source,
            month.actual_through,
            month.status,
        )
        for month in result.months
    ]
    components_read = [
        StoredComponent(
            result.site_id,
            month.period,
            str(month.scenario),
            str(row),
            part.code,
            part.label,
            part.amount,
            part.source,
            part.detail,
        )
        for month in result.months
        for row, line in month.components.items()
        for part in line
    ]
    return months_read, components_read


def sites_on_budget(connection: Connection, scope: SiteScope, first: str, last: str) -> list[str]:
    """The sites whose forecast internal revenue is the budget in a month from `first` to `last`, in order.

    Source: Calculations, "Internal revenue of a site and above".
    """
    table = pnl_results
    return list(
        connection.scalars(
            select(table.c.site_id)
            .where(
                within(scope, table.c.site_id),
                table.c.period.between(first, last),
                table.c.scenario == Scenario.FORECAST.value,
                table.c.internal_source == InternalRevenueSource.BUDGET.value,
            )
            .distinct()
            .order_by(table.c.site_id)
        )
    )


def _row_of(site_id: str, month: ScenarioMonth) -> ResultRow:
    month.check()
    source = None if month.internal_source is None else str(month.internal_source)
    values = (*[month.cells[measure] for measure in MEASURES], source, month.actual_through, str(month.status))
    lines = sorted(month.components.items())
    parts = tuple(chain.from_iterable(_component_values(row.value, line) for row, line in lines))
    content = repr((str(month.kind), values, parts)).encode()
    key = (site_id, month.period, str(month.scenario))
    return ResultRow(key, values, parts, hashlib.sha256(content).digest())


def _component_values(line: str, components: Sequence[Component]) -> list[tuple[Any, ...]]:
    return [
        (
            line,
            seq,
            component.code,
            component.label,
            component.amount,
            None if component.source is None else str(component.source),
            None if component.detail is None else _compact_json(component.detail),
        )
        for seq, component in enumerate(components)
    ]


def _stored_hashes(connection: Connection, scope: SiteScope, year: int) -> dict[ResultKey, bytes]:
    table = pnl_results
    rows = connection.execute(
        select(table.c.site_id, table.c.period, table.c.scenario, table.c.inputs_hash).where(
            within(scope, table.c.site_id), _in_year(year)
        )
    )
    return {(site_id, period, scenario): inputs_hash for site_id, period, scenario, inputs_hash in rows}


def _replace_rows(
    connection: Connection, year: int, outdated: Sequence[ResultKey], rows: Sequence[ResultRow], now: datetime
) -> None:
    """Remove rows with their components and insert those that take their places."""
    if outdated:
        table = pnl_results
        key = type_coerce(
            table.c.site_id.concat("|").concat(table.c.period).concat("|").concat(table.c.scenario), _KEY_TEXT
        )
        connection.execute(
            delete(table).where(
                in_list(table.c.site_id, {site_id for site_id, _, _ in outdated}),
                _in_year(year),
                in_list(key, ["|".join(parts) for parts in outdated]),
            )
        )
    insert_rows(
        connection, pnl_results, _RESULT_COLUMNS, ((*row.key, *row.values, row.inputs_hash, now) for row in rows)
    )
    insert_rows(connection, pnl_components, _COMPONENT_COLUMNS, _component_rows(rows))


def _component_rows(rows: Iterable[ResultRow]) -> Iterator[tuple[Any, ...]]:
    return ((*row.key, *component) for row in rows for component in row.components)


def _replace_stamps(connection: Connection, year: int, moved: Mapping[str, SiteYearStamp], now: datetime) -> None:
    """Note what the site-years were computed from."""
    if not moved:
        return
    table = pnl_site_years
    connection.execute(delete(table).where(in_list(table.c.site_id, moved), table.c.year == year))
    insert_rows(
        connection,
        table,
        ("site_id", "year", "inputs_version", "business_month", "settings_hash", "calculated_at"),
        (
            (site_id, year, stamp.inputs_version, stamp.business_month, stamp.settings_hash, now)
            for site_id, stamp in moved.items()
        ),
    )


def _in_year(year: int) -> ColumnElement[bool]:
    return pnl_results.c.period.between(f"{year}-01", f"{year}-12")
