"""How a field of a CSV becomes a value of a warehouse column: exactly, or not at all.

Source: Source side, "Scope and vocabulary" (amounts are exact decimals); Data model, "SQLite mapping".
"""

import re
from collections.abc import Callable
from datetime import date, datetime
from typing import Any

from sqlalchemy import Column, Date, DateTime, Integer, String

from cli.warehouse_rows import StoredValue
from shared_code.sql.types import ExactDecimal

Parser = Callable[[str], StoredValue]
"""A field's text to the stored value; raises `ValueError` that says what the column accepts."""

SITE_COLUMNS = frozenset(
    {"SITE", "COST_CENTER", "CostCenterCode", "WORK_LOCATION", "LOCATION_EXTERNAL_ID", "LOCATION_SITE"}
)
"""Columns with a site code. They hold the product's length of it: `TP001` is a site, although `char(4)` is shorter."""

_SITE_CODE_LENGTH = 20
_NUMBER = re.compile(r"([+-]?)(\d*)(?:\.(\d*))?", re.ASCII)
_DAY = re.compile(r"(\d{4}-\d{2}-\d{2})(?:[ T]00:00(?::00(?:\.0+)?)?)?", re.ASCII)
_MOMENT = re.compile(r"(\d{4}-\d{2}-\d{2})(?:[ T](\d{2}:\d{2}(?::\d{2})?)(?:\.(\d{1,6})0*)?)?", re.ASCII)
_SIXTY_FOUR_BITS = 2**63
_THIRTY_TWO_BITS = 2**31


def parser_of(column: Column[Any]) -> Parser:
    """The parser of a column's fields. A blank field is null; so is `NULL` where a number or a date belongs.

    Source: Architecture, "The command line".
    """
    kind = column.type
    if isinstance(kind, ExactDecimal):
        return _unless_null(_decimal_parser(kind.precision, kind.scale))
    if isinstance(kind, Integer):
        return _unless_null(_stored_integer)
    if isinstance(kind, DateTime):
        return _unless_null(_stored_moment)
    if isinstance(kind, Date):
        return _unless_null(_stored_day)
    if isinstance(kind, String) and kind.length is not None:
        return _text_parser(_SITE_CODE_LENGTH if column.name in SITE_COLUMNS else kind.length)
    raise TypeError(f"the column {column.name} has a type without a parser: {kind!r}")


def _unless_null(parse: Callable[[str], StoredValue]) -> Parser:
    def parse_or_null(text: str) -> StoredValue:
        text = text.strip()
        return None if text == "" or text.upper() == "NULL" else parse(text)

    return parse_or_null


def _text_parser(length: int) -> Parser:
    def parse(text: str) -> StoredValue:
        if not text.strip():
            return None
        if len(text.rstrip()) > length:
            raise ValueError(f"has more than the {length} characters that the column holds")
        if "\0" in text:
            raise ValueError("contains a zero byte")
        return text

    return parse


def _decimal_parser(precision: int, scale: int) -> Parser:
    """Digits move, nothing is computed: the stored integer is the number as written."""

    def parse(text: str) -> StoredValue:
        match = _NUMBER.fullmatch(text)
        if match is None or not (match[2] or match[3]):
            raise ValueError("is not a number such as -1234.5")
        whole, fraction = match[2].lstrip("0"), (match[3] or "").rstrip("0")
        if len(fraction) > scale:
            raise ValueError(f"has more than {scale} decimals")
        if len(whole) > precision - scale:
            raise ValueError(f"has more than {precision - scale} digits before the point")
        stored = int(f"{match[1]}0{whole}{fraction.ljust(scale, '0')}")
        if not -_SIXTY_FOUR_BITS <= stored < _SIXTY_FOUR_BITS:
            raise ValueError(f"with {scale} decimals does not fit in 64 bits")
        return stored

    return parse


def _stored_integer(text: str) -> StoredValue:
    match = _NUMBER.fullmatch(text)
    if match is None or not match[2] or (match[3] or "").strip("0"):
        raise ValueError("is not a whole number")
    digits = match[2].lstrip("0") or "0"
    if len(digits) > 10 or not -_THIRTY_TWO_BITS <= int(match[1] + digits) < _THIRTY_TWO_BITS:
        raise ValueError("does not fit in 32 bits")
    return int(match[1] + digits)


def _stored_day(text: str) -> StoredValue:
    match = _DAY.fullmatch(text)
    if match is None:
        raise ValueError("is not a date YYYY-MM-DD")
    return _existing_day(match[1]).isoformat()


def _stored_moment(text: str) -> StoredValue:
    match = _MOMENT.fullmatch(text)
    if match is None:
        raise ValueError("is not a time YYYY-MM-DD HH:MM:SS without a zone")
    _existing_day(match[1])
    try:
        moment = datetime.fromisoformat(f"{match[1]}T{match[2] or '00:00'}")
    except ValueError:
        raise ValueError("is not a time of day that exists") from None
    return f"{moment.isoformat(sep=' ', timespec='seconds')}.{(match[3] or '').ljust(6, '0')}"


def _existing_day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError("is not a day that exists") from None
