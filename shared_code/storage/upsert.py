"""Update what differs, insert what is new: two set statements, without MERGE.

Source: SQL Server through pyodbc and SQLAlchemy, "Writing".
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Subquery,
    Table,
    and_,
    exists,
    false,
    insert,
    literal,
    or_,
    select,
    update,
)


@dataclass(frozen=True, slots=True)
class Upserted:
    """Rows written."""

    inserted: int
    updated: int


def upsert(
    connection: Connection,
    target: Table,
    source: Subquery,
    key: Sequence[str],
    columns: Sequence[str],
    *,
    on_insert: Mapping[str, Any],
    on_update: Mapping[str, Any],
) -> Upserted:
    """Give `target` the values that `source` (same column names, `key` unique) has; other rows stay as they are.

    `on_insert` and `on_update` are further columns with one value for all rows: an expression, or a value.
    A row whose `columns` are equal already is not written.
    """
    matches = and_(*[source.c[name] == target.c[name] for name in key])
    differs = or_(false(), *[_differs(target.c[name], source.c[name]) for name in columns])
    updated = (
        0
        if not columns
        else connection.execute(
            update(target)
            .where(exists(select(1).where(matches, differs)))
            .values(
                {
                    **{name: select(source.c[name]).where(matches).scalar_subquery() for name in columns},
                    **on_update,
                }
            )
        ).rowcount
    )
    names = [*key, *columns, *on_insert]
    new = select(
        *[source.c[name] for name in (*key, *columns)],
        *[literal(value, target.c[name].type) for name, value in on_insert.items()],
    ).where(~exists(select(1).where(matches)))
    inserted = connection.execute(insert(target).from_select(names, new)).rowcount
    return Upserted(inserted, updated)


def _differs(ours: ColumnElement[Any], theirs: ColumnElement[Any]) -> ColumnElement[bool]:
    return or_(
        ours != theirs,
        and_(ours.is_(None), theirs.is_not(None)),
        and_(ours.is_not(None), theirs.is_(None)),
    )
