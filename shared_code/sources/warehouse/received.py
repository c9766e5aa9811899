"""Values as the driver delivers them, made into the product's values column by column.

A feed is millions of values: each column has one converter, made once, and works on a whole batch at a time.

Source: Source side, "Rules for every T-SQL read"; Data model, "SQLite mapping".
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Context, Decimal, InvalidOperation
from itertools import repeat
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Boolean, Date, DateTime, Integer

from shared_code.errors import SourceError
from shared_code.sources.warehouse.query import OutputColumn
from shared_code.sql.types import ExactDecimal

_WIDE = Context(prec=60, rounding=ROUND_HALF_UP)
_REMEMBERED = 50_000

Values = Sequence[Any]
ColumnConverter = Callable[[Values], Iterable[Any]]


class RowConverter:
    """Makes rows of a driver into tuples in the order of `columns`.

    Decimals carry exactly the scale of their column; texts are trimmed, keys in upper case, blanks None; moments,
    which the warehouse writes in `zone`, are in UTC.
    """

    def __init__(self, columns: Sequence[OutputColumn], dialect: str, zone: ZoneInfo) -> None:
        self._columns = columns
        self._converters = [_converter(column, dialect, zone) for column in columns]

    def __call__(self, rows: Sequence[Sequence[Any]]) -> list[tuple[Any, ...]]:
        """The rows converted. Raises `SourceError` (`SOURCE_SCHEMA_MISMATCH`) for a value its column cannot hold."""
        if not rows:
            return []
        converted: list[Iterable[Any]] = []
        for column, convert, values in zip(self._columns, self._converters, zip(*rows, strict=True), strict=True):
            try:
                converted.append(convert(values))
            except (TypeError, ValueError, InvalidOperation) as error:
                raise SourceError(
                    f"The warehouse delivered a value for {column.name} that is no {column.type!r}.",
                    code="SOURCE_SCHEMA_MISMATCH",
                ) from error
        return list(zip(*converted, strict=True))


class _Remembered(dict[Any, Any]):
    """Results of a function by its argument: texts and days repeat from row to row."""

    def __init__(self, make: Callable[[Any], Any]) -> None:
        super().__init__({None: None})
        self._make = make

    def __missing__(self, value: Any) -> Any:
        if len(self) >= _REMEMBERED:
            self.clear()
            self[None] = None
        made = self[value] = self._make(value)
        return made


def _remembering(make: Callable[[Any], Any]) -> ColumnConverter:
    known = _Remembered(make)
    return lambda values: [known[value] for value in values]


def _converter(column: OutputColumn, dialect: str, zone: ZoneInfo) -> ColumnConverter:
    kind = column.type
    if column.parse is not None:
        return _remembering(_parsed_text(column.parse))
    if isinstance(kind, ExactDecimal):
        return _from_scaled(kind.scale) if dialect == "sqlite" else _from_decimal(kind.scale)
    if isinstance(kind, Integer):
        return _integers
    if isinstance(kind, Boolean):
        return _remembering(lambda value: bool(int(value)))
    if isinstance(kind, DateTime):
        return _remembering(lambda value: _moment(value, zone))
    if isinstance(kind, Date):
        return _remembering(_day)
    return _remembering(_key if column.is_key else _text)


def _text(value: Any) -> str | None:
    return str(value).strip() or None


def _key(value: Any) -> str | None:
    return str(value).strip().upper() or None


def _parsed_text(parse: Callable[[str], Any]) -> Callable[[Any], Any]:
    def parsed(value: Any) -> Any:
        text = _text(value)
        return None if text is None else parse(text)

    return parsed


def _day(value: Any) -> date:
    if isinstance(value, datetime):
        return value.date()
    return value if isinstance(value, date) else date.fromisoformat(str(value)[:10])


def _moment(value: Any, zone: ZoneInfo) -> datetime:
    moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)


def _integers(values: Values) -> Iterable[Any]:
    if set(map(type, values)) <= {int, type(None)}:
        return values
    return [None if value is None else _whole(value) for value in values]


def _whole(value: Any) -> int:
    number = Decimal(value) if not isinstance(value, float) else None
    if number is None or number != number.to_integral_value():
        raise ValueError("not a whole number")
    return int(number)


def _from_scaled(scale: int) -> ColumnConverter:
    """Scaled integers of SQLite; anything else in their place (a float, a text) is an error, not a guess."""
    unit = Decimal(1).scaleb(-scale)
    multiply = _WIDE.multiply

    def convert(values: Values) -> Iterable[Any]:
        if None in values:
            return [None if value is None else multiply(value, unit) for value in values]
        return map(multiply, values, repeat(unit))

    return lambda values: list(convert(values))


def _from_decimal(scale: int) -> ColumnConverter:
    unit = Decimal(1).scaleb(-scale)

    def convert(values: Values) -> Iterable[Any]:
        return [
            None
            if value is None
            else (value if type(value) is Decimal else _exact(value)).quantize(unit, context=_WIDE)
            for value in values
        ]

    return convert


def _exact(value: Any) -> Decimal:
    if isinstance(value, float):
        raise TypeError("a binary fraction is not an exact decimal")
    return Decimal(value)


__all__ = ["RowConverter"]
