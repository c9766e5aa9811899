"""The components of a contract as a table: a row for each term that led to internal revenue.

Source: REST API, "Revenue" and "Audit and export".
"""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from decimal import Decimal
from typing import Any, Final

from shared_code.services.exports.table import Cell, Column, Row, heading_of, yes_or_no
from shared_code.services.forecast.internal_revenue_components import InternalComponents

TERM_COLUMNS: Final = (
    Column("Month"),
    Column("Component"),
    Column("Term"),
    Column("Figure"),
    Column("Rate", 6),
    Column("Text"),
)

_RATES: Final = frozenset({"fee_per_room", "rate", "overtime_rate"})
"""Terms in dollars for each room or hour."""

_HEADINGS: Final = {"lower": "From", "upper": "To"}
"""Headings of terms that are not named by their field."""


def term_rows(month: str, components: InternalComponents) -> Iterator[Row]:
    """The terms of the components that the contract of `month` (`YYYY-MM`) has."""
    for component in fields(components):
        part = getattr(components, component.name)
        if part is not None:
            for term, name, value in _terms(part):
                yield month, heading_of(component.name), term, *_cells(name, value)


def _terms(part: Any) -> Iterator[tuple[str, str, Any]]:
    """What `part` consists of, however deep: the way there in words, the field and its value."""
    for field in fields(part):
        heading, value = _HEADINGS.get(field.name, heading_of(field.name)), getattr(part, field.name)
        if isinstance(value, tuple):
            below = [(f"{heading} {number}", one) for number, one in enumerate(value, 1)]
        elif is_dataclass(value):
            below = [(heading, value)]
        else:
            yield heading, field.name, value
            continue
        for place, one in below:
            yield from ((f"{place}: {term}", name, leaf) for term, name, leaf in _terms(one))


def _cells(name: str, value: Decimal | str | bool | None) -> tuple[Cell, Cell, Cell]:
    """Figure, rate and text of a term: one of them."""
    if isinstance(value, bool):
        return None, None, yes_or_no(value)
    if isinstance(value, Decimal):
        return (None, value, None) if name in _RATES else (value, None, None)
    return None, None, value
