"""JSON as the sources send it, with every number as the exact decimal of its literal text.

Source: Source side, "HTTP sources".
"""

import json
from collections import Counter
from decimal import Decimal
from typing import NoReturn, TypeAlias

JsonValue: TypeAlias = "JsonObject | list[JsonValue] | str | Decimal | bool | None"

UNREPRESENTABLE = Decimal("NaN")
"""What a number becomes whose exponent no decimal can hold; JSON itself has no such value."""


class MalformedJsonError(ValueError):
    """A text that is not JSON, or nested too deeply to be a source's answer. Repeats nothing of the text."""


class JsonObject(dict[str, JsonValue]):
    """A JSON object; `repeated` names the members that its text held more than once.

    JSON leaves open which of two equal members counts. The reader of a member decides whether that matters.
    """

    __slots__ = ("repeated",)

    def __init__(self, members: list[tuple[str, JsonValue]]) -> None:
        super().__init__(members)
        self.repeated: frozenset[str] = frozenset()
        if len(self) < len(members):
            self.repeated = frozenset(name for name, count in Counter(name for name, _ in members).items() if count > 1)


def parse_exact_json(body: bytes) -> JsonValue:
    """The value of the UTF-8 text `body`; raises `MalformedJsonError`."""
    try:
        value: JsonValue = json.loads(
            body.decode("utf-8"),
            parse_float=exact_number,
            parse_int=exact_number,
            parse_constant=_refuse_constant,
            object_pairs_hook=JsonObject,
        )
    except (ValueError, RecursionError):
        raise MalformedJsonError("the text is not JSON") from None
    return value


def exact_number(literal: str) -> Decimal:
    """The decimal that the JSON number `literal` spells, however many digits it has; else `UNREPRESENTABLE`."""
    try:
        number = Decimal(literal)
    except ArithmeticError:
        return UNREPRESENTABLE
    return number if number.is_finite() else UNREPRESENTABLE


def _refuse_constant(name: str) -> NoReturn:
    raise MalformedJsonError(f"{name} is not a JSON number")
