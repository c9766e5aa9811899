"""Parts of dates that both databases compute.

Source: Data model, "Conventions".
"""

from typing import Any

from sqlalchemy import ColumnElement, String
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement


class month_of(FunctionElement[str]):  # noqa: N801 - a function of the database, written like one
    """The month of a date column as `YYYY-MM`."""

    name = "month_of"
    type = String(7)
    inherit_cache = True

    def __init__(self, day: ColumnElement[Any]) -> None:
        super().__init__(day)


@compiles(month_of, "mssql")
def _month_on_sql_server(element: month_of, compiler: Any, **options: Any) -> str:
    return f"CONVERT(char(7), {compiler.process(element.clauses, **options)}, 126)"


@compiles(month_of)
def _month_on_sqlite(element: month_of, compiler: Any, **options: Any) -> str:
    return f"substr({compiler.process(element.clauses, **options)}, 1, 7)"
