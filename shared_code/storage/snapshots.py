"""Frozen P&L figures: made in one piece from the stored results, read for ever, never changed.

Source: Data model, "Results and snapshots".
"""

import hashlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Connection, String, cast, func, insert, literal, select

from shared_code.domain.site_scope import SiteScope
from shared_code.domain.site_year import DataStatus
from shared_code.sql.types import Identifier
from shared_code.storage.database import within
from shared_code.storage.pnl_results import MEASURES, ROWS_PER_FETCH, StoredMonth
from shared_code.storage.tables.results import PNL_MEASURES, pnl_results
from shared_code.storage.tables.snapshots import pnl_snapshot_rows, pnl_snapshots

_FROZEN = ("site_id", "period", "scenario", *PNL_MEASURES, "actual_through")
"""What is kept of a result, in the order of the columns."""

_BY_AGE = (
    pnl_snapshots.c.created_at.desc(),
    # Identifiers of one process grow with time as texts; SQL Server compares them otherwise.
    cast(pnl_snapshots.c.snapshot_id, String(36)).desc(),
)
"""The newest first."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Figures as they were at `created_at`; `period` is a month or a year, `kind` says what they were frozen for."""

    snapshot_id: str
    name: str
    kind: str
    period: str
    is_all_sites: bool
    site_count: int
    content_hash: bytes
    created_at: datetime
    created_by: str


def freeze(connection: Connection, snapshot: Snapshot, scope: SiteScope, first: str, last: str) -> None:
    """Keep `snapshot` with the results of the sites of `scope` from month `first` to month `last` (`YYYY-MM`)."""
    connection.execute(insert(pnl_snapshots).values({name: getattr(snapshot, name) for name in Snapshot.__slots__}))
    results = select(literal(snapshot.snapshot_id, Identifier()), *[pnl_results.c[name] for name in _FROZEN]).where(
        _results_of(scope, first, last)
    )
    connection.execute(insert(pnl_snapshot_rows).from_select(["snapshot_id", *_FROZEN], results))


def results_to_freeze(connection: Connection, scope: SiteScope, first: str, last: str) -> tuple[int, bytes]:
    """How many sites have results, and the SHA-256 of these, as `frozen_hash` gives it once they are frozen."""
    where = _results_of(scope, first, last)
    sites = connection.execute(select(func.count(pnl_results.c.site_id.distinct())).where(where)).scalar_one()
    return sites, _hash_of(connection, pnl_results, where)


def frozen_hash(connection: Connection, snapshot_id: str) -> bytes:
    """The SHA-256 of the rows of a snapshot: their canonical texts in the order of the key, one a line."""
    return _hash_of(connection, pnl_snapshot_rows, pnl_snapshot_rows.c.snapshot_id == snapshot_id)


def is_named(connection: Connection, name: str) -> bool:
    """Whether a snapshot has this name, in whatever case."""
    found = select(pnl_snapshots.c.snapshot_id).where(func.lower(pnl_snapshots.c.name) == name.lower())
    return connection.execute(found.limit(1)).first() is not None


def has_kind(connection: Connection, kind: str, period: str) -> bool:
    """Whether there is a snapshot of this kind and period."""
    found = select(pnl_snapshots.c.snapshot_id).where(pnl_snapshots.c.kind == kind, pnl_snapshots.c.period == period)
    return connection.execute(found.limit(1)).first() is not None


def find(connection: Connection, snapshot_id: str) -> Snapshot | None:
    """The snapshot of this id."""
    row = connection.execute(_snapshots().where(pnl_snapshots.c.snapshot_id == snapshot_id)).one_or_none()
    return None if row is None else Snapshot(*row)


def page(connection: Connection, *, offset: int, limit: int) -> tuple[list[Snapshot], int]:
    """Snapshots, the newest first, from the `offset`-th on, and how many there are in all."""
    total = connection.execute(select(func.count()).select_from(pnl_snapshots)).scalar_one()
    rows = connection.execute(_snapshots().order_by(*_BY_AGE).offset(offset).limit(limit))
    return [Snapshot(*row) for row in rows], total


def latest_covering(
    connection: Connection, scope: SiteScope, kinds: Collection[str], first: str, last: str
) -> Snapshot | None:
    """The newest snapshot of one of `kinds` that holds sites of `scope` in all months from `first` to `last`.

    The months lie in one year: a snapshot of that year holds them, or one of the month where it is only one.
    """
    rows = pnl_snapshot_rows
    held = (
        select(1)
        .where(
            rows.c.snapshot_id == pnl_snapshots.c.snapshot_id,
            within(scope, rows.c.site_id),
            rows.c.period.between(first, last),
        )
        .exists()
    )
    periods = [first[:4], first] if first == last else [first[:4]]
    found = connection.execute(
        _snapshots()
        .where(pnl_snapshots.c.kind.in_(sorted(kinds)), pnl_snapshots.c.period.in_(periods), held)
        .order_by(*_BY_AGE)
        .limit(1)
    ).one_or_none()
    return None if found is None else Snapshot(*found)


def months(
    connection: Connection, scope: SiteScope, snapshot_id: str, scenarios: Collection[str], first: str, last: str
) -> Iterator[StoredMonth]:
    """The frozen cells of the months from `first` to `last` (`YYYY-MM`), by site, month and scenario in order.

    They are what stored cells are to those who compare figures; where internal revenue came from is not kept.
    """
    table = pnl_snapshot_rows
    statement = (
        select(*[table.c[name] for name in _FROZEN])
        .where(
            table.c.snapshot_id == snapshot_id,
            within(scope, table.c.site_id),
            table.c.period.between(first, last),
            table.c.scenario.in_(sorted(scenarios)),
        )
        .order_by(table.c.site_id, table.c.period, table.c.scenario)
    )
    for row in connection.execute(statement, execution_options={"yield_per": ROWS_PER_FETCH}):
        site_id, period, scenario, *figures, actual_through = row
        cells = dict(zip(MEASURES, figures, strict=True))
        yield StoredMonth(site_id, period, scenario, cells, None, actual_through, DataStatus.OK)


def _snapshots() -> Any:
    return select(*[pnl_snapshots.c[name] for name in Snapshot.__slots__])


def _results_of(scope: SiteScope, first: str, last: str) -> ColumnElement[bool]:
    return within(scope, pnl_results.c.site_id) & pnl_results.c.period.between(first, last)


def _hash_of(connection: Connection, table: Any, where: ColumnElement[bool]) -> bytes:
    columns = [table.c[name] for name in _FROZEN]
    statement = select(*columns).where(where).order_by(*columns[:3])
    content = hashlib.sha256()
    for row in connection.execute(statement, execution_options={"yield_per": ROWS_PER_FETCH}):
        content.update("\x1f".join(map(_canonical, row)).encode() + b"\n")
    return content.digest()


def _canonical(value: str | Decimal | date | None) -> str:
    """A value in the canonical text of a row.

    Source: Data model, "SQLite mapping".
    """
    if value is None:
        return "\x00"
    if isinstance(value, Decimal):
        return format(value, "f")
    return value.isoformat() if isinstance(value, date) else value.rstrip()
