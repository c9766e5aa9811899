"""JSON text in which every decimal is written as the number that it is: answers and messages.

The usual writers turn a decimal into a text or into a binary float; money is neither.

Source: REST API, "Values".
"""

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any

from shared_code.sql.types import timestamp_text

_text = json.JSONEncoder(ensure_ascii=False).encode


def json_bytes(value: Any) -> bytes:
    """`value` (mappings, sequences, texts, numbers, dates, moments, enums, None) as UTF-8.

    Dates are `YYYY-MM-DD`, moments UTC with milliseconds and `Z`. Raises `TypeError` for what JSON cannot hold, floats
    included, and `ValueError` for a decimal that is not finite.
    """
    parts: list[str] = []
    _write(value, parts.append)
    return "".join(parts).encode("utf-8")


def _write(value: Any, put: Callable[[str], None]) -> None:
    if isinstance(value, Enum):
        value = value.value
    if value is None or isinstance(value, bool):
        put("null" if value is None else "true" if value else "false")
    elif isinstance(value, str):
        put(_text(value))
    elif isinstance(value, int):
        put(int.__repr__(value))
    elif isinstance(value, Decimal):
        put(_number(value))
    elif isinstance(value, datetime):
        put(f'"{timestamp_text(value.astimezone(UTC))}"')
    elif isinstance(value, date):
        put(f'"{value.isoformat()}"')
    elif isinstance(value, Mapping):
        _write_members(value.items(), put)
    elif isinstance(value, list | tuple):
        _write_elements(value, put)
    else:
        raise TypeError(f"a {type(value).__name__} has no form in JSON")


def _write_members(members: Iterable[tuple[Any, Any]], put: Callable[[str], None]) -> None:
    separator = "{"
    for name, value in members:
        put(f"{separator}{_text(str(name))}:")
        _write(value, put)
        separator = ","
    put("{}" if separator == "{" else "}")


def _write_elements(elements: Iterable[Any], put: Callable[[str], None]) -> None:
    separator = "["
    for value in elements:
        put(separator)
        _write(value, put)
        separator = ","
    put("[]" if separator == "[" else "]")


def _number(value: Decimal) -> str:
    if not value.is_finite():
        raise ValueError("a figure that is not finite has no form in JSON")
    return format(value, "f")
