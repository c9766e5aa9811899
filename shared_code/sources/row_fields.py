"""Fields of one row of an HTTP source: typed values, or the reason why the row is rejected.

Source: Source side, "HTTP sources", "Data-quality rules" and "Scope and vocabulary".
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import NoReturn, TypeVar

from shared_code.domain.rounding import ZERO
from shared_code.sources.exact_json import JsonObject, JsonValue, exact_number

Value = TypeVar("Value")

LARGEST_NUMBER = Decimal(10) ** 14
MOST_DECIMALS = 14
MASK = "***"

_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_SITE = re.compile(r"[A-Za-z0-9]{1,20}")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_LONGEST_KEPT_TEXT = 100
_MOST_KEPT_ELEMENTS = 20


class RejectReason(StrEnum):
    """Why a row is rejected, as `sync_rejects.reason_code` holds it."""

    NOT_AN_OBJECT = "NOT_AN_OBJECT"
    MISSING_FIELD = "MISSING_FIELD"
    REPEATED_FIELD = "REPEATED_FIELD"
    BAD_TYPE = "BAD_TYPE"
    BAD_VALUE = "BAD_VALUE"
    ALLOCATION_SUM = "ALLOCATION_SUM"


@dataclass(frozen=True, slots=True)
class Reject:
    """A row that cannot be loaded: why, through which field, and the row without what must not be kept.

    Only `MISSING_FIELD` lowers the completeness of the read; every reject counts in its reject ratio.

    Source: Source side, "Data-quality rules".
    """

    reason_code: RejectReason
    field: str | None
    raw_row: Mapping[str, object]
    business_key: str | None = None


class RowRefusedError(Exception):
    """A field makes its row a reject; caught by the parser of the row."""

    def __init__(self, reason: RejectReason, field: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.reason = reason
        self.field = field


@dataclass(frozen=True, slots=True)
class RowFields:
    """The members of one row by name. Absent, null and blank are the same: no value (None).

    Every method raises `RowRefusedError` for a value of another kind than it gives. `prefix` comes before the names
    of a row within a row.
    """

    row: JsonObject
    prefix: str = ""

    def require(self, *names: str) -> None:
        """Refuse the row when one of `names` has no value."""
        for name in names:
            if self.value(name) is None:
                self.refuse(RejectReason.MISSING_FIELD, name)

    def required(self, name: str, value: Value | None) -> Value:
        """`value`, which was read from `name` and must be there."""
        if value is None:
            self.refuse(RejectReason.MISSING_FIELD, name)
        return value

    def value(self, name: str) -> JsonValue:
        """The member as it was sent, texts trimmed."""
        if name in self.row.repeated:
            self.refuse(RejectReason.REPEATED_FIELD, name)
        value = self.row.get(name)
        return (value.strip() or None) if isinstance(value, str) else value

    def text(self, name: str, longest: int) -> str | None:
        """A text of at most `longest` printable characters."""
        value = self.value(name)
        if value is None:
            return None
        if not isinstance(value, str):
            self.refuse(RejectReason.BAD_TYPE, name)
        if len(value) > longest or not value.isprintable():
            self.refuse(RejectReason.BAD_VALUE, name)
        return value

    def site(self, name: str) -> str | None:
        """A site code: trimmed, upper case, all digits padded with zeros to 4; only letters A-Z and digits.

        Source: Source side, "Scope and vocabulary".
        """
        value = self.text(name, 50)
        if value is None:
            return None
        if not _SITE.fullmatch(value):
            self.refuse(RejectReason.BAD_VALUE, name)
        return value.zfill(4) if value.isdigit() else value.upper()

    def number(
        self, name: str, *, lowest: Decimal = -LARGEST_NUMBER, highest: Decimal = LARGEST_NUMBER
    ) -> Decimal | None:
        """An exact number, sent as a JSON number or as text, from `lowest` to `highest`.

        Below 10**14 and with at most 14 decimals it has at most 28 digits, so that adding and multiplying by one
        never rounds it.
        """
        value = self.value(name)
        if value is None:
            return None
        if isinstance(value, str) and _NUMBER.fullmatch(value):
            value = exact_number(value)
        if not isinstance(value, Decimal):
            self.refuse(RejectReason.BAD_TYPE, name)
        exponent = value.as_tuple().exponent
        is_short = isinstance(exponent, int) and exponent >= -MOST_DECIMALS and abs(value) < LARGEST_NUMBER
        if not is_short or not lowest <= value <= highest:
            self.refuse(RejectReason.BAD_VALUE, name)
        return value + ZERO

    def flag(self, name: str) -> bool | None:
        """True or false."""
        value = self.value(name)
        if value is not None and not isinstance(value, bool):
            self.refuse(RejectReason.BAD_TYPE, name)
        return value

    def day(self, name: str) -> date | None:
        """A date `yyyy-MM-dd`."""
        text = self.text(name, 10)
        if text is None:
            return None
        if not is_day(text):
            self.refuse(RejectReason.BAD_VALUE, name)
        return date.fromisoformat(text)

    def moment(self, name: str) -> datetime | None:
        """A moment in ISO 8601 with its zone, in UTC."""
        text = self.text(name, 40)
        if text is None:
            return None
        moment = _moment_with_zone(text)
        if moment is None:
            self.refuse(RejectReason.BAD_VALUE, name)
        return moment

    def refuse(self, reason: RejectReason, name: str) -> NoReturn:
        """Make the row a reject because of its member `name`."""
        raise RowRefusedError(reason, f"{self.prefix}{name}")


def is_day(text: str) -> bool:
    """Whether `text` is a calendar date `yyyy-MM-dd`."""
    if not _DAY.fullmatch(text):
        return False
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _moment_with_zone(text: str) -> datetime | None:
    """The moment in UTC, or None for any other text and for a moment whose zone is left open."""
    try:
        moment = datetime.fromisoformat(text)
        return None if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def raw_row(row: JsonValue, known: Mapping[str, tuple[str, ...]], masked: frozenset[str]) -> dict[str, object]:
    """The row for the reject table, fit for JSON: `known` members only, those in `masked` hidden, texts cut short.

    `known` maps a member to the members kept of the rows within it (none for a plain value). Anything else that a
    source sends may be personal and is dropped.

    Source: Source side, "Data-quality rules"; Data model, "Masking".
    """
    if not isinstance(row, JsonObject):
        return {"row": _kind(row)}
    kept: dict[str, object] = {}
    for name, inner in known.items():
        if name in row:
            is_hidden = name in masked and row[name] is not None
            kept[name] = MASK if is_hidden else _kept(row[name], inner)
    return kept


def _kept(value: JsonValue, inner: tuple[str, ...]) -> object:
    if isinstance(value, list) and inner:
        elements = value[:_MOST_KEPT_ELEMENTS]
        return [_kept(element, inner) for element in elements]
    if isinstance(value, JsonObject) and inner:
        return {name: _kept(value[name], ()) for name in inner if name in value}
    if isinstance(value, list | JsonObject):
        return f"({_kind(value)})"
    return str(value)[:_LONGEST_KEPT_TEXT] if isinstance(value, str | Decimal) else value


def _kind(value: JsonValue) -> str:
    return "object" if isinstance(value, JsonObject) else "list" if isinstance(value, list) else "plain value"
