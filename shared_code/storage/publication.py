"""Publication of staged rows: a slice of facts becomes what was staged, and only what differs is written.

A slice is the part of a fact table that one run has read anew: some days or months, of all sites or of some. Rows
that are equal stay untouched, with the run that published them; the rest is deleted and inserted by two set
statements, so a row that disappeared at the source disappears here too.

Source: Source side, "Incremental strategy".
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Date,
    Integer,
    Table,
    and_,
    delete,
    exists,
    func,
    insert,
    literal,
    or_,
    select,
    update,
)
from sqlalchemy.sql.selectable import Subquery

from shared_code.sql.dates import month_of
from shared_code.sql.types import ExactDecimal, Identifier, UtcTimestamp, binary
from shared_code.storage.upsert import upsert

SitePeriod = tuple[str, str]


@dataclass(frozen=True, slots=True)
class FactShape:
    """How staged rows become facts: `key` and `values` are columns that both tables have under one name."""

    fact: Table
    staging: Table
    key: tuple[str, ...]
    values: tuple[str, ...]
    time: str | None
    """The key column that says when: a date, or a `YYYY-MM`. None for facts of the company, which touch no site."""


@dataclass(frozen=True, slots=True)
class RunStamp:
    """The run that published a row, and when."""

    sync_run_id: str
    loaded_at: datetime


@dataclass(frozen=True, slots=True)
class SliceChanges:
    """Rows written, and the sites and months (`YYYY-MM`) that they belong to; years (`YYYY`) of what has no month."""

    inserted: int = 0
    updated: int = 0
    deleted: int = 0
    touched: frozenset[SitePeriod] = frozenset()

    @property
    def is_empty(self) -> bool:
        """Whether everything was already what was staged."""
        return not (self.inserted or self.updated or self.deleted or self.touched)

    def and_touched(self, more: frozenset[SitePeriod]) -> "SliceChanges":
        """These changes, with further sites and months that something of them has reached."""
        return replace(self, touched=self.touched | more)


def replace_slice(connection: Connection, shape: FactShape, run: RunStamp, slice_: ColumnElement[bool]) -> SliceChanges:
    """Make the facts that satisfy `slice_` (a condition on the fact table) equal to the rows staged by `run`."""
    staged = _staged(shape, run.sync_run_id)
    fact = shape.fact
    same_key = _equal(fact, staged, shape.key)
    differs = and_(slice_, ~exists(select(1).where(same_key, _same_values(fact, staged, shape))))
    touched = _site_periods(connection, shape, differs)
    updated = 0
    deleted = 0
    if touched or shape.time is None:
        updated = connection.execute(
            select(func.count()).select_from(fact).where(differs, exists(select(1).where(same_key)))
        ).scalar_one()
        deleted = connection.execute(delete(fact).where(differs)).rowcount - updated
    names = [*shape.key, *shape.values]
    new = select(
        *[staged.c[name] for name in names],
        literal(run.sync_run_id, Identifier()),
        literal(run.loaded_at, UtcTimestamp()),
    ).where(~exists(select(1).where(same_key)))
    written = connection.execute(insert(fact).from_select([*names, "sync_run_id", "loaded_at"], new)).rowcount
    if written:
        touched |= _site_periods(connection, shape, and_(slice_, fact.c.sync_run_id == run.sync_run_id))
    return SliceChanges(written - updated, updated, deleted, touched)


def replace_columns(
    connection: Connection, shape: FactShape, run: RunStamp, slice_: ColumnElement[bool], empty: Mapping[str, Any]
) -> SliceChanges:
    """Make `shape.values` of the facts that satisfy `slice_` equal to the rows staged by `run`; other columns stay.

    `empty` says for every column of the fact that a feed fills what stands there while nothing was delivered. A fact in
    which all of them are empty is not kept, so that the feeds come to the same facts in whatever order they run.
    """
    fact = shape.fact
    filled = {name: _is_filled(column, empty[name]) for name, column in fact.c.items() if name in empty}
    own = or_(*[filled[name] for name in shape.values])
    staged = _filled_rows(shape, run.sync_run_id, empty)
    gone = and_(slice_, own, ~exists(select(1).where(_equal(fact, staged, shape.key))))
    touched = _site_periods(connection, shape, gone)
    others = or_(*[filled[name] for name in empty if name not in shape.values])
    stamp = {"sync_run_id": run.sync_run_id, "loaded_at": run.loaded_at}
    deleted = connection.execute(delete(fact).where(gone, ~others)).rowcount
    emptied = connection.execute(update(fact).where(gone).values({name: empty[name] for name in shape.values} | stamp))
    absent = {name: value for name, value in empty.items() if name not in shape.values}
    written = upsert(connection, fact, staged, shape.key, shape.values, on_insert=absent | stamp, on_update=stamp)
    touched |= _site_periods(connection, shape, and_(slice_, fact.c.sync_run_id == run.sync_run_id))
    return SliceChanges(written.inserted, written.updated + emptied.rowcount, deleted, touched)


def merge_spellings(connection: Connection, shape: FactShape, sync_run_id: str) -> int:
    """Add staged rows whose keys became equal by normalisation, before anything is divided; returns keys merged.

    Source: Source side, "Scope and vocabulary".
    """
    table = shape.staging
    run = table.c.sync_run_id == sync_run_id
    several = (
        select(*[table.c[name] for name in shape.key], func.count().label("spellings"))
        .where(run)
        .group_by(*[table.c[name] for name in shape.key])
        .having(func.count() > 1)
    )
    merged = connection.execute(select(func.count()).select_from(several.subquery())).scalar_one()
    if not merged:
        return 0
    offset = literal(_MERGED_ROW_NO, BigInteger())
    sums = (
        select(
            literal(sync_run_id, Identifier()),
            func.min(table.c.row_no) + offset,
            *[table.c[name] for name in shape.key],
            *[_merged(table.c[name]) for name in shape.values],
            literal(b"", binary(32)),
        )
        .where(run)
        .group_by(*[table.c[name] for name in shape.key])
        .having(func.count() > 1)
    )
    columns = ["sync_run_id", "row_no", *shape.key, *shape.values, "row_hash"]
    connection.execute(insert(table).from_select(columns, sums))
    total = table.alias("total")
    connection.execute(
        delete(table).where(
            run,
            table.c.row_no < _MERGED_ROW_NO,
            exists(
                select(1).where(
                    total.c.sync_run_id == sync_run_id,
                    # An expression, so that the merged row is looked up by its key and not among all merged ones.
                    total.c.row_no + 0 >= _MERGED_ROW_NO,
                    *[total.c[name] == table.c[name] for name in shape.key],
                )
            ),
        )
    )
    return int(merged)


_MERGED_ROW_NO = 10**15


def _is_filled(column: ColumnElement[Any], empty: Any) -> ColumnElement[bool]:
    return column.is_not(None) if empty is None else column != empty


def _filled_rows(shape: FactShape, sync_run_id: str, empty: Mapping[str, Any]) -> Subquery:
    """The staged rows in which a column has something to say; one that was delivered without a value is empty."""
    table = shape.staging.alias("staged")
    given = [
        table.c[name] if empty[name] is None else func.coalesce(table.c[name], empty[name]) for name in shape.values
    ]
    return (
        select(
            *[table.c[name] for name in shape.key],
            *[value.label(name) for name, value in zip(shape.values, given, strict=True)],
        )
        .where(table.c.sync_run_id == sync_run_id)
        .where(or_(*[_is_filled(table.c[name], empty[name]) for name in shape.values]))
        .subquery("staged")
    )


def _staged(shape: FactShape, sync_run_id: str) -> Subquery:
    table = shape.staging.alias("staged")
    return (
        select(*[table.c[name] for name in (*shape.key, *shape.values)])
        .where(table.c.sync_run_id == sync_run_id)
        .subquery("staged")
    )


def _equal(fact: Table, staged: Subquery, names: Sequence[str]) -> ColumnElement[bool]:
    return and_(*[staged.c[name] == fact.c[name] for name in names])


def _same_values(fact: Table, staged: Subquery, shape: FactShape) -> ColumnElement[bool]:
    """Equal where a null equals a null: "not delivered" is a value of its own."""
    return and_(
        *[
            or_(staged.c[name] == fact.c[name], and_(staged.c[name].is_(None), fact.c[name].is_(None)))
            if fact.c[name].nullable
            else staged.c[name] == fact.c[name]
            for name in shape.values
        ]
    )


def _site_periods(connection: Connection, shape: FactShape, condition: ColumnElement[bool]) -> frozenset[SitePeriod]:
    """The sites and months of the facts that satisfy `condition`."""
    if shape.time is None:
        return frozenset()
    moment = shape.fact.c[shape.time]
    period = month_of(moment) if isinstance(moment.type, Date) else moment
    rows = connection.execute(select(shape.fact.c.site_id, period).where(condition).distinct())
    return frozenset((site_id, found) for site_id, found in rows)


def _merged(column: Column[Any]) -> ColumnElement[Any]:
    """What two staged values of one key become: numbers add up, of anything else the greater one stays."""
    combine = func.sum if isinstance(column.type, ExactDecimal | Integer) else func.max
    return combine(column, type_=column.type)


__all__ = ["FactShape", "RunStamp", "SitePeriod", "SliceChanges", "merge_spellings", "replace_columns", "replace_slice"]
