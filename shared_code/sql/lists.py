"""Lists of any length as one parameter: JSON that the database opens itself.

A statement takes at most 2,100 parameters on SQL Server, so a list of sites is never spelled out in one.

Source: Source side, "Rules for every T-SQL read".
"""

import json
from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement, String, Unicode, bindparam, cast, column, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeEngine

from shared_code.sql.types import long_text


class opened_list(FunctionElement[Any]):  # noqa: N801 - a function of the database, written like one
    """`OPENJSON(list)` or `json_each(list)`: one row a value."""

    name = "opened_list"
    inherit_cache = True


@compiles(opened_list, "mssql")
def _open_on_sql_server(element: opened_list, compiler: Any, **options: Any) -> str:
    return f"OPENJSON({compiler.process(element.clauses, **options)})"


@compiles(opened_list)
def _open_on_sqlite(element: opened_list, compiler: Any, **options: Any) -> str:
    return f"json_each({compiler.process(element.clauses, **options)})"


def in_list(target: ColumnElement[str], values: Iterable[str]) -> ColumnElement[bool]:
    """`target` is one of `values`, however many there are; the values travel as one parameter.

    Each is cast to the type of `target`: compared with the wider text that the list opens to, SQL Server would convert
    the column instead and could not use its index.
    """
    wanted = sorted(values)
    listed = bindparam(None, json.dumps(wanted), type_=long_text(), unique=True)
    opened = opened_list(listed).table_valued(column("value", String()))
    return target.in_(select(cast(opened.c.value, _holding(target.type, wanted))))


def _holding(kind: TypeEngine[Any], values: Iterable[str]) -> TypeEngine[Any]:
    """`kind`, or a text long enough for `values`: a cast would cut them, and texts put together have a short type."""
    if not isinstance(kind, String) or kind.length is None or all(len(value) <= kind.length for value in values):
        return kind
    return Unicode(4000) if isinstance(kind, Unicode) else String(8000)


__all__ = ["in_list", "opened_list"]
