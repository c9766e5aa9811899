"""What a decimal of a file may be: exact in its column, within its limits.

Source: Data model, "Precision"; Calculations, "Records".
"""

from dataclasses import dataclass
from decimal import Decimal

from shared_code.sql.types import ExactDecimal


@dataclass(frozen=True, slots=True)
class DecimalLimits:
    """What a decimal of the type `type_` may be: from `lowest` (or above it) to `highest`; None: as far as it goes."""

    type_: ExactDecimal
    lowest: Decimal | None = None
    highest: Decimal | None = None
    excludes_lowest: bool = False

    @property
    def text(self) -> str:
        """The limits in words."""
        parts = []
        if self.lowest is not None:
            parts.append(f"greater than {self.lowest}" if self.excludes_lowest else f"at least {self.lowest}")
        if self.highest is not None:
            parts.append(f"at most {self.highest}")
        digits = self.type_.precision - self.type_.scale
        parts.append(f"up to {digits} digits before the point and {self.type_.scale} after it")
        return "a number such as 1234.5, " + ", ".join(parts)

    def allows(self, number: Decimal) -> bool:
        """Whether `number` lies within the limits and fits the type."""
        exponent = number.normalize().as_tuple().exponent
        assert isinstance(exponent, int)
        if -exponent > self.type_.scale or abs(number) >= Decimal(10) ** (self.type_.precision - self.type_.scale):
            return False
        # SQLite keeps value × 10^scale in 64 bits.
        if abs(number).scaleb(self.type_.scale) >= Decimal(2**63):
            return False
        if self.lowest is not None and (number < self.lowest or (self.excludes_lowest and number == self.lowest)):
            return False
        return self.highest is None or number <= self.highest
