"""The common shape of the extraction queries.

Every query is built from its source rows: one select with a column per key and measure, and the bounds. From it
follow the rows that are read, the control query over the same bounds, and the incomplete rows for the rejects.

Source: Source side, "Extraction queries" and "Data-quality rules".
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Executable,
    FromClause,
    Integer,
    Select,
    String,
    Subquery,
    case,
    func,
    null,
    select,
)
from sqlalchemy import literal_column as sql
from sqlalchemy.types import TypeEngine

from shared_code.sources.warehouse.expressions import is_blank, no_value, row_count
from shared_code.sources.warehouse.window import Window

FLAW = "flaw"
"""Column of judged rows: the first field that makes a row incomplete, null for a complete row."""

RAW = "raw"
"""Column of source rows where a value cannot be used as it is written: that text, for the reject."""

ROWS = "control_rows"
COMPLETE_ROWS = "control_complete_rows"
"""Columns of the control query besides the measures: 1 for complete rows and 0 for the others, and how many."""

Statement = Select[*tuple[Any, ...]]
RowsOf = Callable[[Window], Any]


class Total(StrEnum):
    """How the source rows of one group become one value."""

    GRAIN = "grain"
    """It is the same in the whole group: part of the key."""
    SUM = "sum"
    """Their sum; 0 where every one is null, because the group itself has rows."""
    SUM_OR_NULL = "sum_or_null"
    """Their sum; null where every one is null."""
    LATEST = "latest"
    """The greatest."""
    FIRST = "first"
    """The least."""
    DISTINCT = "distinct"
    """How many different ones there are."""


@dataclass(frozen=True, slots=True)
class OutputColumn:
    """A column that a query returns.

    `required`: a row without it is incomplete. `measure`: its sum is checked against the control query. `is_key`: a
    text key, which leaves the reader in upper case. `parse` makes a value of a trimmed text.
    """

    name: str
    type: TypeEngine[Any]
    total: Total = Total.GRAIN
    required: bool = False
    measure: bool = False
    is_key: bool = False
    parse: Callable[[str], Any] | None = None


@dataclass(frozen=True, slots=True)
class FeedQuery:
    """One extraction query. Statements return the `columns` in order, ordered by the grain.

    `grain` names the columns that make a row unique. `statement` returns, of a grouped query, the groups of complete
    rows; of a listing, every row, incomplete ones too. `control` returns counts and sums (`ControlTotals`),
    `incomplete` the source rows that lack a required field, each with the columns `flaw` and `raw` after the others;
    both are None for a procedure, whose rows come from nowhere else. `procedure` is what SQL Server runs instead of
    `statement`; its second argument is the database and schema of the procedure. `takes_sites`: whether a window's
    sites narrow it. `fallback` is read where the warehouse lacks a column that not every installation has.
    """

    query_id: str
    objects: tuple[str, ...]
    columns: tuple[OutputColumn, ...]
    statement: Callable[[Window], Executable]
    control: Callable[[Window], Statement] | None = None
    incomplete: Callable[[Window], Statement] | None = None
    grain: tuple[str, ...] = ()
    is_grouped: bool = False
    takes_sites: bool = False
    procedure: Callable[[Window, str], Executable] | None = None
    fallback: "FeedQuery | None" = None

    @property
    def measures(self) -> tuple[OutputColumn, ...]:
        """The columns whose sums are checked."""
        return tuple(column for column in self.columns if column.measure)


@dataclass(frozen=True, slots=True)
class ControlTotals:
    """What the control query of a read found: source rows, those with every required field, sums of the measures.

    `sums` covers all rows, `incomplete_sums` those that lack a required field; both are 0 where there was no row.

    Source: Source side, "Extraction queries".
    """

    rows: int
    complete_rows: int
    sums: Mapping[str, Decimal] = field(default_factory=dict)
    incomplete_sums: Mapping[str, Decimal] = field(default_factory=dict)

    @classmethod
    def nothing(cls, measures: Iterable[str]) -> "ControlTotals":
        """The totals of no row at all."""
        zeros = dict.fromkeys(measures, Decimal(0))
        return cls(0, 0, zeros, zeros)

    def unexplained(self, read: Mapping[str, Decimal]) -> dict[str, Decimal]:
        """Per measure, what the rows that were read and the incomplete rows leave unexplained; empty when nothing.

        `read` holds the sums of the rows that were read. Anything unexplained is an `INCOMPLETE_READ`.
        """
        rest = {
            name: total - read.get(name, Decimal(0)) - self.incomplete_sums[name] for name, total in self.sums.items()
        }
        return {name: amount for name, amount in rest.items() if amount}

    def __add__(self, other: "ControlTotals") -> "ControlTotals":
        return ControlTotals(
            self.rows + other.rows,
            self.complete_rows + other.complete_rows,
            {name: amount + other.sums[name] for name, amount in self.sums.items()},
            {name: amount + other.incomplete_sums[name] for name, amount in self.incomplete_sums.items()},
        )


def grouped_query(
    query_id: str,
    objects: Sequence[str],
    columns: Sequence[OutputColumn],
    rows: RowsOf,
    *,
    one_of: Sequence[str] = (),
    fallback: FeedQuery | None = None,
) -> FeedQuery:
    """A query that groups source rows by the columns of its grain.

    `rows` selects, for a window, the source rows under the names of `columns`; of the measures `one_of` a complete
    row has at least one. Source rows may bring a column `flaw` (the name of a field that is wrong in a way of its
    own, or null) and a column `raw`.
    """
    output = tuple(columns)
    required = [column.name for column in output if column.required]

    def judged(window: Window) -> Subquery:
        return judged_rows(rows(window), required, one_of)

    return FeedQuery(
        query_id,
        tuple(objects),
        output,
        statement=lambda window: groups_of(judged(window), output),
        control=lambda window: control_of(judged(window), output),
        incomplete=lambda window: incomplete_of(judged(window), output),
        grain=tuple(column.name for column in output if column.total is Total.GRAIN),
        is_grouped=True,
        takes_sites=True,
        fallback=fallback,
    )


def listing_query(
    query_id: str,
    objects: Sequence[str],
    columns: Sequence[OutputColumn],
    rows: RowsOf,
    *,
    grain: Sequence[str],
    then_by: Sequence[str] = (),
) -> FeedQuery:
    """A query that returns its source rows as they are, incomplete ones too, ordered by `grain` and `then_by`."""
    output = tuple(columns)
    required = [column.name for column in output if column.required]

    def listing(window: Window) -> Statement:
        listed = rows(window).subquery("r")
        return select(*[listed.c[column.name] for column in output]).order_by(
            *[listed.c[name] for name in (*grain, *then_by)]
        )

    def judged(window: Window) -> Subquery:
        return judged_rows(rows(window), required, ())

    return FeedQuery(
        query_id,
        tuple(objects),
        output,
        statement=listing,
        control=lambda window: control_of(judged(window), output),
        incomplete=lambda window: incomplete_of(judged(window), output),
        grain=tuple(grain),
    )


def judged_rows(rows: Any, required: Sequence[str], one_of: Sequence[str]) -> Subquery:
    """`rows` with the column `flaw`: the first required field that is blank, null for a complete row."""
    source = rows.subquery("r")
    cases: list[tuple[ColumnElement[bool], Any]] = [
        (is_blank(source.c[name]), sql(f"'{name}'", String())) for name in required
    ]
    if one_of:
        nothing = is_blank(source.c[one_of[0]])
        for name in one_of[1:]:
            nothing = nothing & is_blank(source.c[name])
        cases.append((nothing, sql(f"'{one_of[0]}'", String())))
    own_flaw = source.c[FLAW] if FLAW in source.c else no_value(String(30))
    flaw = case(*cases, else_=own_flaw) if cases else own_flaw
    columns = [column for column in source.c if column.name != FLAW]
    return select(*columns, flaw.label(FLAW)).subquery("j")


def groups_of(judged: FromClause, columns: Sequence[OutputColumn]) -> Statement:
    """The groups of the complete rows of `judged`, ordered by their grain."""
    grain = [judged.c[column.name] for column in columns if column.total is Total.GRAIN]
    return (
        select(*[total_of(judged.c[column.name], column.total).label(column.name) for column in columns])
        .where(judged.c[FLAW].is_(None))
        .group_by(*grain)
        .order_by(*grain)
    )


def total_of(value: ColumnElement[Any], total: Total) -> ColumnElement[Any]:
    """The value of a group that `value` has in its rows."""
    if total is Total.GRAIN:
        return value
    if total is Total.SUM:
        return func.coalesce(func.sum(value, type_=value.type), sql("0"), type_=value.type)
    if total is Total.SUM_OR_NULL:
        return func.sum(value, type_=value.type)
    if total is Total.LATEST:
        return func.max(value)
    return func.min(value) if total is Total.FIRST else func.count(value.distinct())


def control_of(judged: FromClause, columns: Sequence[OutputColumn]) -> Statement:
    """One row over all rows of `judged`: their number, that of the complete ones, and the sums of the measures."""
    is_complete = case((judged.c[FLAW].is_(None), sql("1", Integer())), else_=sql("0", Integer()))
    return select(
        row_count().label(ROWS),
        func.sum(is_complete).label(COMPLETE_ROWS),
        *[func.sum(judged.c[column.name]).label(column.name) for column in columns if column.measure],
    ).select_from(judged)


def incomplete_of(judged: FromClause, columns: Sequence[OutputColumn]) -> Statement:
    """The incomplete rows of `judged`, as they are, with the flawed field and its text where it has one.

    What is counted in a group is 1 here; a column that single rows do not have is null.
    """
    values: list[ColumnElement[Any]] = []
    for column in columns:
        if column.name not in judged.c:
            values.append(null().label(column.name))
        elif column.total is Total.DISTINCT:
            value = judged.c[column.name]
            values.append(case((value.is_(None), sql("0")), else_=sql("1")).label(column.name))
        else:
            values.append(judged.c[column.name])
    raw = judged.c[RAW] if RAW in judged.c else sql("NULL", String())
    order = [judged.c[column.name] for column in columns if column.total is Total.GRAIN and column.name in judged.c]
    return select(*values, judged.c[FLAW], raw.label(RAW)).where(judged.c[FLAW].is_not(None)).order_by(*order)


__all__ = [
    "COMPLETE_ROWS",
    "FLAW",
    "RAW",
    "ROWS",
    "ControlTotals",
    "FeedQuery",
    "OutputColumn",
    "Total",
    "control_of",
    "grouped_query",
    "groups_of",
    "incomplete_of",
    "judged_rows",
    "listing_query",
    "total_of",
]
