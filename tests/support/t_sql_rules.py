"""What T-SQL refuses and SQLite does not: a list of rules, and the statements that break them.

SQL Server is not at hand in tests; a statement that SQLite runs may still be refused there. Each rule is something that
the server refuses (with its message number where it has one), or that it would understand differently.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Boolean, CompoundSelect, DateTime, Insert, Numeric, Select, String
from sqlalchemy.sql import operators, visitors
from sqlalchemy.sql.dml import UpdateBase
from sqlalchemy.sql.elements import (
    BinaryExpression,
    BindParameter,
    BooleanClauseList,
    ClauseList,
    ColumnClause,
    ColumnElement,
    ExpressionClauseList,
    Label,
    Null,
    Over,
    Tuple,
    UnaryExpression,
)
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.sql.selectable import Exists, SelectBase

from shared_code.sql.types import ExactDecimal, UtcTimestamp
from shared_code.storage.database import Database
from tests.support.operational import executed_statements, sql_server

MOST_PARAMETERS = 2_100
"""Parameters that a statement may have."""

KNOWN_FUNCTIONS = frozenset(
    {
        "avg",
        "coalesce",
        "count",
        "has_perms_by_name",
        "lower",
        "max",
        "min",
        "row_number",
        "rtrim",
        "substring",
        "sum",
        "upper",
    }
)
"""Functions that both databases have under this name; those of our own are compiled for each."""

_AGGREGATES = frozenset({"avg", "count", "max", "min", "sum"})

_FOREIGN_WORDS = re.compile(
    r"\|\||\b(LIMIT|GLOB|REGEXP|ROWID|PRAGMA|RETURNING|MERGE|LATERAL|RECURSIVE|TRUE|FALSE|OR IGNORE|OR REPLACE"
    r"|ON CONFLICT|NULLS FIRST|NULLS LAST|FILTER \(|IS (?:NOT )?DISTINCT|IS (?!NULL|NOT NULL)|json_\w+|strftime"
    r"|(?:N?VARCHAR|CHAR)\))|(?:= |IN \(|\()NULL\b(?! AS)|##",
    re.IGNORECASE,
)
_BARE_CONDITION = re.compile(
    r"\b(?:WHERE|AND|OR|(?<!IS )NOT|WHEN(?! :)|ON|HAVING) (?!NULL)[\w.:\[\]]+"
    r"(?=\s+(?:AND|OR|THEN|GROUP|ORDER)\b|\)|\s*$)"
)
_RANGE = re.compile(r"\bBETWEEN \S+ AND ")
_TAKEN: set[Any] = set()
"""The sorts of statements that break no rule."""
_LITERAL_TEXT = re.compile(r"N?'(?:[^']|'')*'")


@contextmanager
def judged_statements(database: Database) -> Iterator[dict[str, list[str]]]:
    """Breaches of the statements that the block executes on `database`, by statement; there when the block has ended.

    Statements that differ in nothing but their values are judged once, in whatever test they come first.
    """
    found: dict[str, list[str]] = {}
    with executed_statements(database) as seen:
        yield found
    for statement in seen:
        if not isinstance(statement, UpdateBase | SelectBase):
            continue
        key = statement._generate_cache_key()
        sort = None if key is None else key.key
        if sort in _TAKEN:
            continue
        if against := breaches(statement):
            found[str(statement)] = against
        elif sort is not None:
            _TAKEN.add(sort)


def breaches(statement: Any) -> list[str]:
    """What SQL Server would have against a statement, in words; empty for one that it takes."""
    compiled = statement.compile(dialect=sql_server())
    found = [*_in_text(str(compiled)), *_in_parameters(compiled)]
    elements = list(visitors.iterate(statement))
    windowed = {id(element.element) for element in elements if isinstance(element, Over)}
    for element in elements:
        found += _in_element(element)
        if isinstance(element, FunctionElement):
            found += _in_function(element, is_windowed=id(element) in windowed)
    if isinstance(statement, Insert):
        found += _in_insert(statement, compiled)
    return sorted(set(found))


def _in_text(text: str) -> Iterator[str]:
    plain = _RANGE.sub("= ", _LITERAL_TEXT.sub("''", text))
    for word in _FOREIGN_WORDS.finditer(plain):
        yield f"{word[0]!r} is no T-SQL"
    for condition in _BARE_CONDITION.finditer(plain):
        yield f"{condition[0]!r} is a value where a condition is to stand (4145)"


def _in_parameters(compiled: Any) -> Iterator[str]:
    count = sum(len(one.effective_value or ()) if one.expanding else 1 for one in compiled.binds.values())
    if count > MOST_PARAMETERS:
        yield f"{count} parameters, {MOST_PARAMETERS} are the most (8003)"
    for name, parameter in compiled.binds.items():
        kind, value = parameter.type, parameter.effective_value
        is_moment = isinstance(kind, DateTime) or (isinstance(value, datetime) and not isinstance(kind, UtcTimestamp))
        is_decimal = isinstance(kind, Numeric) or (isinstance(value, Decimal) and not isinstance(kind, ExactDecimal))
        if is_moment or is_decimal:
            yield f"{name} is bound as {kind!r}, not as its column is stored"


def _in_element(element: Any) -> Iterator[str]:
    if isinstance(element, Select):
        yield from _in_select(element)
    if isinstance(element, Select | CompoundSelect):
        yield from _in_order(element)
    if isinstance(element, Tuple):
        yield f"{element} compares rows (4145)"
    if isinstance(element, Over):
        yield from _in_window(element)
    if isinstance(element, BinaryExpression) and element.operator is operators.concat_op:
        for side in (element.left, element.right):
            if not isinstance(side.type, String):
                yield f"{side} is concatenated, but no text (245)"


def _in_select(select: Select[Any]) -> Iterator[str]:
    columns = [_unlabelled(column) for column in select.selected_columns]
    for column in columns:
        if _is_condition(column):
            yield f"{column} is a condition where a value is to stand (102)"
    for group in select._group_by_clauses:
        if any(isinstance(part, BindParameter | SelectBase) for part in visitors.iterate(group)):
            yield f"{group} is grouped by, with a parameter or a subquery in it (8120, 144)"
    outside = [_unlabelled(part) for part in (*columns, *select._order_by_clauses, *select._having_criteria)]
    if select._group_by_clauses or any(_is_aggregate(part) for one in outside for part in _outer_parts(one)):
        grouped = {_unlabelled(part) for group in select._group_by_clauses for part in _members(group)}
        for one in outside:
            yield from (f"{column} is neither grouped by nor aggregated (8120)" for column in _single(one, grouped))


def _in_order(select: Any) -> Iterator[str]:
    order = [_ordered(clause) for clause in select._order_by_clauses]
    names = [str(clause) for clause in order]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"{name} is ordered by twice (169)"
    for clause in order:
        if isinstance(clause, BindParameter | Null):
            yield f"{clause} is a constant to order by (1008)"
    if isinstance(select, CompoundSelect) or select._distinct:
        selected = {str(_unlabelled(column)) for column in select.selected_columns}
        selected |= {column.key for column in select.selected_columns if column.key}
        for clause in order:
            if str(clause) not in selected and getattr(clause, "key", None) not in selected:
                yield f"{clause} is ordered by, but not among the distinct columns (145)"


def _in_function(function: FunctionElement[Any], *, is_windowed: bool) -> Iterator[str]:
    if function.name not in KNOWN_FUNCTIONS and not type(function).__module__.startswith("shared_code."):
        yield f"{function.name} is not known to be a function of SQL Server"
    if not _is_aggregate(function):
        return
    for argument in function.clauses:
        if isinstance(argument.type, Boolean) and function.name != "count":
            yield f"{function} is of a bit (8117)"
        for part in visitors.iterate(argument):
            if isinstance(part, SelectBase) or (_is_aggregate(part) and not is_windowed):
                yield f"{function} is an aggregate over a subquery or an aggregate (130)"


def _in_window(window: Over[Any]) -> Iterator[str]:
    clauses = [] if window.order_by is None else list(window.order_by)
    for clause in clauses:
        if isinstance(_ordered(clause), BindParameter | Null):
            yield f"{window} is ordered by a constant (5308)"
    if window.element.name in {"row_number", "rank", "dense_rank", "lag", "lead"} and not clauses:
        yield f"{window} has no order (4112)"


def _in_insert(statement: Insert, compiled: Any) -> Iterator[str]:
    identity = statement.table._autoincrement_column
    if identity is not None and identity.key in (compiled.params or ()):
        yield f"{identity} is given out by the server (544)"


def _single(expression: Any, grouped: set[Any]) -> Iterator[str]:
    """The columns of an expression that stand outside of aggregates and are not grouped by."""
    if expression in grouped or any(expression.compare(group) for group in grouped):
        return
    if isinstance(expression, ColumnClause):
        if expression.table is not None:
            yield str(expression)
        return
    if isinstance(expression, SelectBase) or _is_aggregate(expression):
        return
    parts = list(expression.get_children())
    if isinstance(expression, Over):
        parts = [*parts, *[inner for part in parts if _is_aggregate(part) for inner in part.clauses]]
    for part in parts:
        yield from _single(_unlabelled(part), grouped)


def _outer_parts(expression: Any) -> Iterator[Any]:
    """The parts of an expression that are not of a subquery or of a window's function."""
    yield expression
    if not isinstance(expression, SelectBase | Over):
        for part in expression.get_children():
            yield from _outer_parts(part)


def _members(clause: Any) -> Sequence[Any]:
    return clause.clauses if isinstance(clause, ClauseList) else [clause]


def _is_aggregate(element: Any) -> bool:
    return isinstance(element, FunctionElement) and element.name in _AGGREGATES


def _is_condition(column: ColumnElement[Any]) -> bool:
    if isinstance(column, Exists | BooleanClauseList):
        return True
    is_expression = isinstance(column, BinaryExpression | UnaryExpression | ExpressionClauseList)
    return is_expression and isinstance(column.type, Boolean)


def _ordered(clause: Any) -> Any:
    """What is ordered by, without its direction."""
    clause = _unlabelled(clause)
    is_directed = isinstance(clause, UnaryExpression) and clause.modifier in (operators.desc_op, operators.asc_op)
    return _unlabelled(clause.element) if is_directed else clause


def _unlabelled(element: Any) -> Any:
    while isinstance(element, Label) or type(element).__name__ == "_label_reference":
        element = element.element
    return element


__all__ = ["KNOWN_FUNCTIONS", "MOST_PARAMETERS", "breaches", "judged_statements"]
