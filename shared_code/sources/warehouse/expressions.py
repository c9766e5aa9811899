"""What the two dialects write differently: one construct each, one meaning.

Source: Source side, "Rules for every T-SQL read".
"""

import json
from collections.abc import Iterable, Sequence
from decimal import ROUND_HALF_UP, Context, Decimal, InvalidOperation
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Date,
    FromClause,
    Integer,
    String,
    bindparam,
    cast,
    column,
    func,
    literal_column,
    null,
    select,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeEngine

from shared_code.sql.types import ExactDecimal, long_text, scaled_integer

_WIDE = Context(prec=60, rounding=ROUND_HALF_UP)

# Functions of the database are written like functions, in small letters.
# ruff: noqa: N801


class key_text(FunctionElement[str]):
    """A text key without its padding.

    SQLite groups and sorts it without regard to case, as SQL Server does, and the reader writes it in upper case:
    upper-casing it in the query would cost as much as the grouping itself.
    """

    name = "key_text"
    type = String()
    inherit_cache = True


@compiles(key_text, "mssql")
def _key_on_sql_server(element: key_text, compiler: Any, **options: Any) -> str:
    return f"RTRIM({compiler.process(element.clauses, **options)})"


@compiles(key_text, "sqlite")
def _key_on_sqlite(element: key_text, compiler: Any, **options: Any) -> str:
    return f"(RTRIM({compiler.process(element.clauses, **options)}) COLLATE NOCASE)"


class compared(FunctionElement[str]):
    """A text column in a comparison without regard to case and padding.

    It stands untouched on SQL Server, where an index can then be used.
    """

    name = "compared"
    type = String()
    inherit_cache = True


@compiles(compared, "mssql")
def _compared_on_sql_server(element: compared, compiler: Any, **options: Any) -> str:
    return str(compiler.process(element.clauses, **options))


@compiles(compared, "sqlite")
def _compared_on_sqlite(element: compared, compiler: Any, **options: Any) -> str:
    return f"(RTRIM({compiler.process(element.clauses, **options)}) COLLATE NOCASE)"


class trimmed_text(FunctionElement[str]):
    """A text without the blanks around it, to be built into other expressions; in upper case on SQLite."""

    name = "trimmed_text"
    type = String()
    inherit_cache = True


@compiles(trimmed_text, "mssql")
def _trimmed_on_sql_server(element: trimmed_text, compiler: Any, **options: Any) -> str:
    return f"LTRIM(RTRIM({compiler.process(element.clauses, **options)}))"


@compiles(trimmed_text, "sqlite")
def _trimmed_on_sqlite(element: trimmed_text, compiler: Any, **options: Any) -> str:
    return f"UPPER(TRIM({compiler.process(element.clauses, **options)}))"


class normalised_site(FunctionElement[str]):
    """A site code as the product writes it (trimmed, digits padded to four), for joins between sources."""

    name = "normalised_site"
    type = String()
    inherit_cache = True


@compiles(normalised_site, "mssql")
def _site_on_sql_server(element: normalised_site, compiler: Any, **options: Any) -> str:
    trimmed = f"LTRIM(RTRIM({compiler.process(element.clauses, **options)}))"
    return (
        f"CASE WHEN LEN({trimmed}) BETWEEN 1 AND 3 AND {trimmed} NOT LIKE '%[^0-9]%' "
        f"THEN RIGHT('0000' + {trimmed}, 4) ELSE {trimmed} END"
    )


@compiles(normalised_site, "sqlite")
def _site_on_sqlite(element: normalised_site, compiler: Any, **options: Any) -> str:
    trimmed = f"UPPER(TRIM({compiler.process(element.clauses, **options)}))"
    return (
        f"CASE WHEN LENGTH({trimmed}) BETWEEN 1 AND 3 AND {trimmed} NOT GLOB '*[^0-9]*' "
        f"THEN SUBSTR('0000' || {trimmed}, -4) ELSE {trimmed} END"
    )


class exact(FunctionElement[Decimal]):
    """A decimal column at the precision and scale of `wanted`, so that its sum loses nothing.

    `money` and `float` columns are cast as well. SQLite holds scaled integers: more decimals are more zeros.
    """

    name = "exact"
    inherit_cache = False

    def __init__(self, value: ColumnElement[Any], wanted: ExactDecimal) -> None:
        super().__init__(value)
        self.type = wanted
        self.factor = 10 ** (wanted.scale - _scale_of(value.type))
        if self.factor < 1:
            raise ValueError(f"{wanted.scale} decimals are fewer than those of {value}")


def _scale_of(kind: TypeEngine[Any]) -> int:
    if not isinstance(kind, ExactDecimal):
        raise TypeError(f"{kind!r} is not an exact decimal")
    return kind.scale


@compiles(exact, "mssql")
def _exact_on_sql_server(element: exact, compiler: Any, **options: Any) -> str:
    value = compiler.process(element.clauses, **options)
    wanted: Any = element.type
    return f"CAST({value} AS decimal({wanted.precision},{wanted.scale}))"


@compiles(exact, "sqlite")
def _exact_on_sqlite(element: exact, compiler: Any, **options: Any) -> str:
    value = str(compiler.process(element.clauses, **options))
    return value if element.factor == 1 else f"({value} * {element.factor})"


class decimal_of_text(FunctionElement[Decimal]):
    """The decimal that a text column writes; null where it writes none. SQLite calls `decimal_of` for it."""

    name = "decimal_of_text"
    inherit_cache = False

    def __init__(self, value: ColumnElement[str], wanted: ExactDecimal) -> None:
        super().__init__(value)
        self.type = wanted


@compiles(decimal_of_text, "mssql")
def _decimal_on_sql_server(element: decimal_of_text, compiler: Any, **options: Any) -> str:
    wanted: Any = element.type
    value = compiler.process(element.clauses, **options)
    return f"TRY_CAST({value} AS decimal({wanted.precision},{wanted.scale}))"


@compiles(decimal_of_text, "sqlite")
def _decimal_on_sqlite(element: decimal_of_text, compiler: Any, **options: Any) -> str:
    wanted: Any = element.type
    value = compiler.process(element.clauses, **options)
    return f"{SQLITE_DECIMAL_OF}({value}, {wanted.precision}, {wanted.scale})"


SQLITE_DECIMAL_OF = "decimal_of"
"""Name under which a SQLite connection must know the function `decimal_of`."""


def decimal_of(text: object, precision: int, scale: int) -> int | None:
    """What `TRY_CAST(text AS decimal(precision, scale))` gives on SQL Server, as a scaled integer."""
    if text is None:
        return None
    written = str(text).strip()
    if not written or set(written) - set("+-.0123456789"):
        return None
    try:
        value = Decimal(written).quantize(Decimal(1).scaleb(-scale), context=_WIDE)
        return None if value.adjusted() >= precision - scale else scaled_integer(value, scale)
    except (InvalidOperation, ValueError):
        return None


class day_of(FunctionElement[Any]):
    """The day of a `date` or `datetime` column."""

    name = "day_of"
    type = Date()
    inherit_cache = True


@compiles(day_of, "mssql")
def _day_on_sql_server(element: day_of, compiler: Any, **options: Any) -> str:
    return f"CAST({compiler.process(element.clauses, **options)} AS date)"


@compiles(day_of, "sqlite")
def _day_on_sqlite(element: day_of, compiler: Any, **options: Any) -> str:
    return f"SUBSTR({compiler.process(element.clauses, **options)}, 1, 10)"


class day_in_year(FunctionElement[Any]):
    """The date of a day number (1–366); arguments are the year's first day and the number."""

    name = "day_in_year"
    type = Date()
    inherit_cache = True


@compiles(day_in_year, "mssql")
def _day_in_year_on_sql_server(element: day_in_year, compiler: Any, **options: Any) -> str:
    first, number = (compiler.process(part, **options) for part in element.clauses)
    return f"DATEADD(day, {number} - 1, CAST({first} AS date))"


@compiles(day_in_year, "sqlite")
def _day_in_year_on_sqlite(element: day_in_year, compiler: Any, **options: Any) -> str:
    first, number = (compiler.process(part, **options) for part in element.clauses)
    return f"DATE({first}, ({number} - 1) || ' days')"


class row_count(FunctionElement[int]):
    """The number of rows, however many."""

    name = "row_count"
    type = Integer()
    inherit_cache = True


@compiles(row_count, "mssql")
def _count_on_sql_server(_: row_count, compiler: Any, **__: Any) -> str:  # noqa: ARG001 - signature of the compiler
    return "COUNT_BIG(*)"


@compiles(row_count, "sqlite")
def _count_on_sqlite(_: row_count, compiler: Any, **__: Any) -> str:  # noqa: ARG001 - signature of the compiler
    return "COUNT(*)"


class opened_json(FunctionElement[Any]):
    """The rows of a JSON parameter: scalars under one column name, or objects with a member for each name."""

    name = "opened_json"
    inherit_cache = False

    def __init__(self, parameter: ColumnElement[str], columns: Sequence[tuple[str, int]], *, is_list: bool) -> None:
        super().__init__(parameter)
        self.paths = [(name, length, "$" if is_list else f"$.{name}") for name, length in columns]
        self.is_list = is_list


@compiles(opened_json, "mssql")
def _opened_on_sql_server(element: opened_json, compiler: Any, **options: Any) -> str:
    shape = ", ".join(f"{name} varchar({length}) '{path}'" for name, length, path in element.paths)
    return f"OPENJSON({compiler.process(element.clauses, **options)}) WITH ({shape})"


@compiles(opened_json, "sqlite")
def _opened_on_sqlite(element: opened_json, compiler: Any, **options: Any) -> str:
    values = ", ".join(
        f"value AS {name}" if element.is_list else f"json_extract(value, '{path}') AS {name}"
        for name, _, path in element.paths
    )
    return f"(SELECT {values} FROM json_each({compiler.process(element.clauses, **options)}))"  # noqa: S608 - our names


class own_collation(FunctionElement[str]):
    """A text from a parameter under the collation of the connected database, so that it compares with any column."""

    name = "own_collation"
    type = String()
    inherit_cache = True


@compiles(own_collation, "mssql")
def _collation_on_sql_server(element: own_collation, compiler: Any, **options: Any) -> str:
    return f"{compiler.process(element.clauses, **options)} COLLATE DATABASE_DEFAULT"


@compiles(own_collation, "sqlite")
def _collation_on_sqlite(element: own_collation, compiler: Any, **options: Any) -> str:
    return str(compiler.process(element.clauses, **options))


def no_value(kind: TypeEngine[Any]) -> ColumnElement[Any]:
    """Null with a type: SQL Server adds up no untyped null."""
    return cast(null(), kind)


def text_list(name: str, values: Iterable[str], length: int) -> Any:
    """A subquery with one row per text of `values` (at most `length` long), which are one JSON parameter `name`."""
    parameter = bindparam(name, json.dumps(list(values)), type_=long_text())
    opened = opened_json(parameter, [("code", length)], is_list=True).table_valued(column("code", String(length)))
    return select(own_collation(opened.c.code))


def text_map(name: str, pairs: Iterable[tuple[str, str]], alias: str) -> FromClause:
    """Rows (`code`, `category`) of `pairs`, which travel as one JSON parameter `name`."""
    # A code that came twice would count every row twice.
    unique = {code.strip().upper(): category for code, category in pairs}
    listed = [{"code": code, "category": category} for code, category in unique.items()]
    parameter = bindparam(name, json.dumps(listed), type_=long_text())
    opened = opened_json(parameter, [("code", 100), ("category", 20)], is_list=False)
    return opened.table_valued(column("code", String(100)), column("category", String(20)), name=alias)


def is_blank(value: ColumnElement[Any]) -> ColumnElement[bool]:
    """Null, or a text of blanks only."""
    if not isinstance(value.type, String):
        return value.is_(None)
    nothing = literal_column("''", String())
    written: ColumnElement[str] = func.coalesce(value, nothing)
    return written == nothing
