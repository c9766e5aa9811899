"""Whether the warehouse still has the columns that a query reads, in types that it can read.

Source: Source side, "Scope and vocabulary" and "Run history, lineage, failure".
"""

from collections import defaultdict
from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import Column, Connection, Date, DateTime, Integer, String, Table, bindparam, select, text
from sqlalchemy.sql import visitors

from shared_code.errors import SourceError
from shared_code.sources.warehouse.query import FeedQuery
from shared_code.sources.warehouse.window import Window
from shared_code.sql.types import ExactDecimal

_WHOLE = frozenset({"int", "bigint", "smallint", "tinyint", "bit", "integer"})
_ACCEPTED: Mapping[type, frozenset[str]] = {
    ExactDecimal: _WHOLE | {"decimal", "numeric", "money", "smallmoney", "float", "real"},
    Integer: _WHOLE,
    Date: frozenset({"date", "datetime", "datetime2", "smalldatetime"}),
    DateTime: frozenset({"date", "datetime", "datetime2", "smalldatetime"}),
    String: frozenset({"char", "varchar", "nchar", "nvarchar", "text"}),
}
"""Base types of the catalog that can be cast to what the product reads; SQLite's decimals are whole numbers."""

_ANY_WINDOW = Window(
    date_from=date(2000, 1, 1),
    date_to_exclusive=date(2000, 1, 2),
    period_from="2000-01",
    period_to="2000-01",
    sites=("0001",),
    accounts=("0",),
)


def columns_read(query: FeedQuery) -> dict[Table, set[str]]:
    """The warehouse columns that `query` names, by object."""
    found: dict[Table, set[str]] = defaultdict(set)
    statement: Any = query.statement(_ANY_WINDOW)
    for element in visitors.iterate(statement):
        if isinstance(element, Column):
            table = _table_of(element)
            if table is not None:
                found[table].add(str(element.name))
    return dict(found)


def _table_of(column: Column[Any]) -> Table | None:
    origin: Any = column.table
    while origin is not None and not isinstance(origin, Table):
        origin = getattr(origin, "element", None)
    return origin


def usable_query(connection: Connection, query: FeedQuery) -> FeedQuery:
    """`query`, or its fallback where the warehouse lacks a column that not every installation has.

    Raises `SourceError` (`SOURCE_SCHEMA_MISMATCH`) that names every column that is missing or of a type that cannot
    be cast, and the driver's error where an object shows no column and may not be read.
    """
    if connection.dialect.name == "mssql" and query.procedure is not None:
        return query  # what a procedure returns is seen when it has run
    problems = []
    for table, names in columns_read(query).items():
        present = _catalog_of(connection, table)
        if present:
            problems += _problems(table, names, present)
        else:
            _probe(connection, table, names)
    if problems and query.fallback is not None:
        return usable_query(connection, query.fallback)
    if problems:
        raise SourceError(f"The warehouse has changed: {'; '.join(problems)}.", code="SOURCE_SCHEMA_MISMATCH")
    return query


def _probe(connection: Connection, table: Table, names: set[str]) -> None:
    """Ask for no row of an object that the catalog does not show: only the server knows whether it is there."""
    connection.execute(select(*[table.c[name] for name in sorted(names)]).limit(0)).close()


def _problems(table: Table, names: set[str], present: Mapping[str, str]) -> list[str]:
    problems = []
    for name in sorted(names):
        kind = present.get(name.casefold())
        accepted = _accepted_types(table.c[name])
        if kind is None:
            problems.append(f"{table.name}.{name} is missing")
        elif kind not in accepted:
            problems.append(f"{table.name}.{name} is {kind}, accepted are {', '.join(sorted(accepted))}")
    return problems


def _accepted_types(column: Column[Any]) -> frozenset[str]:
    return next(accepted for kind, accepted in _ACCEPTED.items() if isinstance(column.type, kind))


def _catalog_of(connection: Connection, table: Table) -> dict[str, str]:
    """Base type by column name, both in small letters; empty for an object that is not there or not visible."""
    schemas = connection.get_execution_options().get("schema_translate_map") or {}
    place = str(schemas.get(table.schema, table.schema))
    if connection.dialect.name == "sqlite":
        question = text("SELECT name, type FROM pragma_table_info(:object, :place)")
    else:
        database, _, place = place.rpartition(".")
        question = text(
            f"SELECT COLUMN_NAME, DATA_TYPE FROM {database}.INFORMATION_SCHEMA.COLUMNS "  # noqa: S608 - a checked setting
            "WHERE TABLE_SCHEMA = :place AND TABLE_NAME = :object"
        )
    parameters = [bindparam("object", table.name, String(128)), bindparam("place", place, String(128))]
    rows = connection.execute(question.bindparams(*parameters))
    return {str(name).casefold(): str(kind).partition("(")[0].strip().casefold() for name, kind in rows}


__all__ = ["columns_read", "usable_query"]
