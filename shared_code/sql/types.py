"""Column types that mean the same on SQL Server and on SQLite.

Source: Data model, "SQLite mapping" and "Precision".
"""

import secrets
import time
import uuid
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Context, Decimal, Inexact, localcontext
from functools import lru_cache
from threading import Lock
from typing import Any

from sqlalchemy import BigInteger, Dialect, LargeBinary, Numeric, Text, types
from sqlalchemy.dialects import mssql

_SIXTY_FOUR_BITS = 2**63
_MOST_DIGITS = 19
"""Digits of the largest number that fits in 64 bits."""
_WIDE = Context(prec=60, rounding=ROUND_HALF_UP)
EXACT = Context(prec=60, traps=[Inexact])
"""Arithmetic that raises `decimal.Inexact` where a digit would be lost."""


def scaled_integer(value: Decimal | int, scale: int) -> int:
    """`value` × 10^`scale` as an integer, exactly.

    Raises `ValueError` when the value has more decimals than `scale`, is not finite, or does not fit in 64 bits:
    a stored figure is never a rounded one.
    """
    number = Decimal(value)
    if not number.is_finite():
        raise ValueError(f"{value} is not a number that can be stored")
    # The size is looked at first: the integer of 1E+999999999 would fill the memory.
    if number and number.adjusted() + scale >= _MOST_DIGITS:
        raise ValueError(f"{value} with {scale} decimals does not fit in 64 bits")
    try:
        shifted = number.scaleb(scale, EXACT)
    except Inexact:
        raise ValueError(f"{value} has more than {scale} decimals") from None
    scaled = int(shifted)
    if scaled != shifted:
        raise ValueError(f"{value} has more than {scale} decimals")
    if not -_SIXTY_FOUR_BITS <= scaled < _SIXTY_FOUR_BITS:
        raise ValueError(f"{value} with {scale} decimals does not fit in 64 bits")
    return scaled


class ExactDecimal(types.TypeDecorator[Decimal]):
    """`decimal(precision, scale)`: DECIMAL on SQL Server, an integer of value × 10^scale on SQLite.

    Sums and comparisons are therefore exact in SQL on both; divisions belong to the application. Bound values
    must already have at most `scale` decimals (use `quantize`); results carry exactly `scale` decimals.
    """

    impl = Numeric
    cache_ok = True

    def __init__(self, precision: int, scale: int) -> None:
        self.precision = precision
        self.scale = scale
        super().__init__(precision, scale, asdecimal=True)

    def load_dialect_impl(self, dialect: Dialect) -> types.TypeEngine[Any]:
        """The column type of the dialect."""
        if dialect.name == "sqlite":
            return dialect.type_descriptor(BigInteger())
        return dialect.type_descriptor(Numeric(self.precision, self.scale, asdecimal=True))

    def coerce_compared_value(self, op: Any, value: Any) -> Any:
        """A literal in an expression with this column is of this column's type."""
        return self

    def process_bind_param(self, value: Decimal | int | None, dialect: Dialect) -> Any:
        """A value on its way into the database."""
        if value is None:
            return None
        scaled = self.scaled(value)
        # A driver that takes types from the first row stores other values when scales differ.
        return scaled if dialect.name == "sqlite" else Decimal(scaled).scaleb(-self.scale, _WIDE)

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:
        """A value on its way out, with exactly `scale` decimals."""
        if value is None:
            return None
        if dialect.name == "sqlite":
            return Decimal(value).scaleb(-self.scale, _WIDE)
        return self.quantize(Decimal(value))

    def result_processor(self, dialect: Dialect, coltype: Any) -> Any:
        """As `process_result_value`, without the steps between: hundreds of thousands of figures come this way."""
        if dialect.name != "sqlite":
            return super().result_processor(dialect, coltype)
        shift = -self.scale

        def process(value: Any) -> Decimal | None:
            return None if value is None else Decimal(value).scaleb(shift, _WIDE)

        return process

    def scaled(self, value: Decimal | int) -> int:
        """`value` × 10^`scale`; raises `ValueError` when a column of this type cannot hold it exactly."""
        scaled = scaled_integer(value, self.scale)
        if abs(scaled) >= 10**self.precision:
            raise ValueError(f"{value} does not fit in decimal({self.precision},{self.scale})")
        return scaled

    def quantize(self, value: Decimal) -> Decimal:
        """`value` at this scale, half up (ties away from zero)."""
        with localcontext(_WIDE):
            return value.quantize(Decimal(1).scaleb(-self.scale))


class UtcTimestamp(types.TypeDecorator[datetime]):
    """`datetime2(3)` in UTC; on SQLite text `yyyy-MM-ddTHH:mm:ss.fffZ`, whose order is the order in time."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> types.TypeEngine[Any]:
        """The column type of the dialect."""
        if dialect.name == "mssql":
            return dialect.type_descriptor(mssql.DATETIME2(3))  # type: ignore[no-untyped-call]
        return dialect.type_descriptor(types.String(24))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        """A moment on its way in; a moment without its zone is refused."""
        if value is None:
            return None
        moment = stored_moment(value)
        return moment if dialect.name == "mssql" else timestamp_text(moment)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """A moment on its way out, in UTC with its zone."""
        if value is None:
            return None
        moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value).removesuffix("Z"))
        return moment.replace(tzinfo=UTC)


def stored_moment(value: datetime) -> datetime:
    """`value` in UTC to the millisecond, without its zone; raises `ValueError` for a moment that has none."""
    if value.tzinfo is None:
        raise ValueError(f"a stored moment needs its zone, got {value!r}")
    moment = value.astimezone(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000, tzinfo=None)


def timestamp_text(moment: datetime) -> str:
    """`moment` (UTC) as stored on SQLite: milliseconds and `Z`."""
    return moment.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


class Identifier(types.TypeDecorator[str]):
    """`uniqueidentifier`, in Python and on SQLite the lower-case text."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> types.TypeEngine[Any]:
        """The column type of the dialect."""
        if dialect.name == "mssql":
            return dialect.type_descriptor(mssql.UNIQUEIDENTIFIER(as_uuid=False))
        return dialect.type_descriptor(types.String(36))

    def process_bind_param(self, value: str | None, dialect: Dialect) -> Any:
        """An identifier on its way in; anything else is refused."""
        return None if value is None else identifier_text(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> str | None:
        """An identifier on its way out, in lower case."""
        return None if value is None else str(value).lower()


@lru_cache(1024)
def identifier_text(value: str) -> str:
    """An identifier in the one form in which it is compared; raises `ValueError` for anything else."""
    try:
        return str(uuid.UUID(value))
    except ValueError:
        raise ValueError(f"{value!r} is not an identifier") from None


class _IdentifierClock:
    """Milliseconds and a counter within them, so that one process makes identifiers in order."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._last = 0

    def next(self) -> int:
        """A number that grows with every call: 48 bits of milliseconds, 12 bits of counter."""
        with self._lock:
            self._last = max(time.time_ns() // 1_000_000 << 12, self._last + 1)
            return self._last


_IDENTIFIER_CLOCK = _IdentifierClock()


def new_identifier() -> str:
    """An identifier (UUID version 7) whose text order is the order in which this process made them."""
    ticks = _IDENTIFIER_CLOCK.next()
    milliseconds, counter = ticks >> 12, ticks & 0xFFF
    random_part = secrets.randbits(62)
    return str(uuid.UUID(int=milliseconds << 80 | 0x7 << 76 | counter << 64 | 0b10 << 62 | random_part))


def binary(length: int) -> types.TypeEngine[bytes]:
    """`varbinary(length)`; BLOB on SQLite."""
    return LargeBinary(length).with_variant(mssql.VARBINARY(length), "mssql")  # type: ignore[no-untyped-call]


def long_binary() -> types.TypeEngine[bytes]:
    """`varbinary(max)`; BLOB on SQLite."""
    return LargeBinary().with_variant(mssql.VARBINARY("max"), "mssql")  # type: ignore[no-untyped-call]


def unicode_text(length: int) -> types.TypeEngine[str]:
    """`nvarchar(length)` for display texts; keys are plain `String`, which is `varchar`."""
    return types.Unicode(length)


def text_length(text: str) -> int:
    """The length of a text as `nvarchar` and browsers count: what lies beyond U+FFFF, as emoji do, counts twice."""
    return len(text) + sum(character > "\uffff" for character in text)


def long_text() -> types.TypeEngine[str]:
    """`nvarchar(max)`; TEXT on SQLite."""
    return types.UnicodeText().with_variant(mssql.NVARCHAR(None), "mssql")


__all__ = [
    "EXACT",
    "ExactDecimal",
    "Identifier",
    "UtcTimestamp",
    "binary",
    "identifier_text",
    "long_binary",
    "long_text",
    "new_identifier",
    "scaled_integer",
    "stored_moment",
    "timestamp_text",
    "unicode_text",
]
