"""JSON as the contract takes it: strictly, and with exact numbers.

Source: REST API, "Routing and verbs" and "Values".
"""

import json
from collections import Counter
from decimal import Decimal, InvalidOperation
from typing import Any, NoReturn

DEEPEST_NESTING = 20
"""Levels of arrays and objects, the outermost included."""

LARGEST_BODY = 1024 * 1024
"""Bytes of a request body: 1 MB."""


class BadJsonError(ValueError):
    """A body that is not one acceptable JSON object; the text says why."""


def parse_object(body: bytes) -> dict[str, Any]:
    """The JSON object `body`: fractions as `Decimal`, whole numbers as `int`.

    Raises `BadJsonError` for what is no UTF-8, no JSON or no object, for a member named twice, for nesting deeper than
    20 levels, and for text that cannot be written down again (half of a surrogate pair).

    Source: REST API, "Routing and verbs".
    """
    if not body:
        raise BadJsonError("The body is empty: one JSON object is needed, sent with its Content-Length")
    try:
        text = body.decode("utf-8")
        value = json.loads(
            text, parse_float=_exact, parse_constant=_refuse_constant, object_pairs_hook=_object_without_repetition
        )
    except BadJsonError:
        raise
    except (ValueError, RecursionError):
        raise BadJsonError("The body is not valid JSON in UTF-8") from None
    if not isinstance(value, dict):
        raise BadJsonError("The body must be one JSON object")
    _check_nesting_and_text(value)
    return value


def _exact(literal: str) -> Decimal:
    try:
        return Decimal(literal)
    except InvalidOperation:
        raise BadJsonError("The body has a number that is too large") from None


def _refuse_constant(name: str) -> NoReturn:
    raise BadJsonError(f"{name} is not a JSON number")


def _object_without_repetition(members: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(members)
    if len(result) < len(members):
        repeated = next(name for name, count in Counter(name for name, _ in members).items() if count > 1)
        raise BadJsonError(f"The member {repeated[:100]!r} is named twice in one object")
    return result


def _check_nesting_and_text(value: dict[str, Any]) -> None:
    containers: list[Any] = [value]
    for _ in range(DEEPEST_NESTING):
        parts = [part for container in containers for part in _parts_of(container)]
        if not all(_is_encodable(part) for part in parts if isinstance(part, str)):
            raise BadJsonError("The body has text with half of a surrogate pair")
        containers = [part for part in parts if isinstance(part, dict | list)]
        if not containers:
            return
    raise BadJsonError(f"The body is nested deeper than {DEEPEST_NESTING} levels")


def _parts_of(container: dict[str, Any] | list[Any]) -> list[Any]:
    return [*container, *container.values()] if isinstance(container, dict) else container


def _is_encodable(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
